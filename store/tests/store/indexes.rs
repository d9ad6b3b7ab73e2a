//! Finding transactions, histories and events, page by page.

use store::{AccountPlace, EventPlace, TransactionPlace};
use types::{Hash32, Height, ModuleId};

use crate::chain::{Chain, address, id, open};

#[test]
fn transactions_are_found_by_id() {
    let home = tempfile::tempdir().unwrap();
    let (mut chain, store) = (Chain::new(), open(home.path()));
    chain.initialize(&store);
    (0..8).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    chain.commit_rest(&store);
    // Block 4 came of seed 3 and has three transactions.
    for index in 0..3 {
        let place = TransactionPlace { height: Height(4), index: u32::from(index) };
        assert_eq!(store.transaction(&id(4, index + 1)).unwrap(), Some(place));
        let receipts = store.receipts(Height(4)).unwrap().unwrap();
        assert_eq!(receipts[usize::from(index) + 1].id, id(4, index + 1));
    }
    assert_eq!(store.transaction(&id(4, 4)).unwrap(), None);
    assert_eq!(store.transaction(&Hash32::ZERO).unwrap(), None, "the block's own receipt is no transaction");
}

#[test]
fn an_accounts_history_is_paged_newest_first() {
    let home = tempfile::tempdir().unwrap();
    let (mut chain, store) = (Chain::new(), open(home.path()));
    chain.initialize(&store);
    (0..30).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    chain.commit_rest(&store);
    for number in 0..3 {
        let mut expected = Vec::new();
        for block in chain.blocks.iter().rev() {
            for touch in block.outcome.accounts_touched.iter().rev().filter(|touch| touch.address == address(number)) {
                expected.push(AccountPlace { height: block.header.height, receipt: touch.receipt });
            }
        }
        assert!(expected.len() > 7);
        assert_eq!(store.account_history(&address(number), None, usize::MAX).unwrap(), expected);
        for size in [1, 3, 7] {
            let mut paged: Vec<AccountPlace> = Vec::new();
            loop {
                let page = store.account_history(&address(number), paged.last().copied(), size).unwrap();
                assert!(page.len() <= size);
                if page.is_empty() {
                    break;
                }
                paged.extend(page);
            }
            assert_eq!(paged, expected);
        }
    }
    assert_eq!(store.account_history(&address(9), None, 10).unwrap(), []);
    assert_eq!(store.account_history(&address(0), None, 0).unwrap(), []);
}

#[test]
fn events_are_paged_oldest_first_by_module_and_kind() {
    let home = tempfile::tempdir().unwrap();
    let (mut chain, store) = (Chain::new(), open(home.path()));
    chain.initialize(&store);
    (0..20).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    chain.commit_rest(&store);
    for kind in [1, 2] {
        let mut expected = Vec::new();
        for block in &chain.blocks {
            for (receipt, found) in (0..).zip(&block.outcome.receipts) {
                for (event, _) in (0..).zip(&found.events).filter(|(_, found)| found.kind == kind) {
                    expected.push(EventPlace { height: block.header.height, receipt, event });
                }
            }
        }
        let first = EventPlace { height: Height(0), receipt: 0, event: 0 };
        assert!(expected.len() > 20);
        assert_eq!(store.event_places(ModuleId(1), kind, first, usize::MAX).unwrap(), expected);
        assert_eq!(store.event_places(ModuleId(1), kind, expected[9], 5).unwrap(), expected[9..14]);
    }
    let last = EventPlace { height: Height::MAX, receipt: 0, event: 0 };
    assert_eq!(store.event_places(ModuleId(1), 1, last, 5).unwrap(), []);
    assert_eq!(store.event_places(ModuleId(2), 1, EventPlace { height: Height(0), ..last }, 5).unwrap(), []);
}
