//! What stays in the tree when blocks become final.
#![allow(clippy::arithmetic_side_effects)]

use std::sync::Arc;

use crypto::ids::header_hash;
use execution::{BlockOutcome, ChangeSet, FinalizedBlock};
use types::{
    BlsSignature, Body, Certificate, Epoch, Hash32, Header, Height, ProtocolVersion, SignerBitmap, TimeMs, View,
    VoteKind, VoteStatement,
};

use super::{Chain, Tip};

fn header(height: u64, parent: Hash32) -> Header {
    Header {
        version: ProtocolVersion(1),
        view: View(height),
        height: Height(height),
        parent,
        time: TimeMs(height),
        ..Header::default()
    }
}

fn final_block(header: Header) -> Arc<FinalizedBlock> {
    let hash = header_hash(&header);
    let outcome = BlockOutcome {
        hash,
        height: header.height,
        changes: ChangeSet::default(),
        pages: std::collections::BTreeMap::default(),
        pages_replaced: Vec::new(),
        state_root: Hash32::ZERO,
        receipts: Vec::new(),
        receipts_root: Hash32::ZERO,
        accounts_touched: Vec::new(),
    };
    let statement = VoteStatement {
        kind: VoteKind::Finalize,
        epoch: Epoch(0),
        view: header.view,
        parent_view: View(0),
        block: hash,
    };
    let certificate = Certificate { statement, signers: SignerBitmap::default(), signature: BlsSignature::ZERO };
    Arc::new(FinalizedBlock { hash, header, body: Arc::new(Body::default()), certificate, outcome: Arc::new(outcome) })
}

// FAULTS HB5, HB7
#[test]
fn bodies_that_wait_are_bounded_in_bytes_and_the_highest_goes() {
    let call = types::SystemCall {
        module: types::ModuleId(3),
        body: types::ByteString::new(vec![1; types::limits::SYSTEM_CALL_BYTES_MAX]).expect("as long as it may be"),
    };
    let calls = types::List::new(vec![call; types::limits::SYSTEM_CALLS_PER_BLOCK_MAX]).expect("as many as may be");
    let genesis = header(0, Hash32::ZERO);
    let with_body = Header { body_root: crypto::ids::body_root(&calls, &[]), ..header(1, header_hash(&genesis)) };
    let body = execution::CheckedBody::from_checked(&with_body, calls, &[]).expect("the header's");
    let (body, most) = (Arc::new(body), super::BODY_BYTES_MAX);
    let each = usize::try_from(body.length()).expect("4 MiB");
    let root = header_hash(&genesis);
    let tip = Tip { hash: root, header: genesis, state_root: Hash32::ZERO, receipts_root: Hash32::ZERO };
    let mut chain = Chain::new(tip);
    let needed = header(1, root);
    chain.insert(header_hash(&needed), &needed, Some(body.clone()));
    for number in 0..100 {
        let far = header(u64::MAX - number, Hash32([7; 32]));
        chain.insert(header_hash(&far), &far, Some(body.clone()));
        assert!(chain.body_bytes() <= most);
    }
    assert_eq!(chain.body_bytes(), most / each * each, "there was room for no more");
    assert!(chain.entry(&header_hash(&needed)).is_some(), "what the tip's child may be stays");
}

#[test]
fn what_builds_on_a_replayed_block_stays_and_what_stands_beside_it_goes() {
    // FAULTS L4, C6: a node came back, found blocks in its log, and was sent the first of them again.
    let genesis = header(0, Hash32::ZERO);
    let root = header_hash(&genesis);
    let tip = Tip { hash: root, header: genesis, state_root: Hash32::ZERO, receipts_root: Hash32::ZERO };
    let mut chain = Chain::new(tip);
    let first = header(1, root);
    let second = header(2, header_hash(&first));
    let third = header(3, header_hash(&second));
    let rival = Header { view: View(9), ..header(1, root) };
    let on_rival = header(2, header_hash(&rival));
    for block in [&first, &second, &third, &rival, &on_rival] {
        chain.insert(header_hash(block), block, None);
    }
    chain.finalize_replayed(final_block(first));
    chain.prune();
    let known = |block: &Header| chain.entry(&header_hash(block)).is_some();
    assert!(known(&second) && known(&third), "they may become final next");
    assert!(!known(&rival) && !known(&on_rival), "they never can");
}

#[test]
fn what_is_known_below_a_block_ends_at_the_first_gap() {
    let genesis = header(0, Hash32::ZERO);
    let tip =
        Tip { hash: header_hash(&genesis), header: genesis, state_root: Hash32::ZERO, receipts_root: Hash32::ZERO };
    let mut chain = Chain::new(tip);
    let far = header(700, Hash32([7; 32]));
    let above = header(701, header_hash(&far));
    for block in [&far, &above] {
        chain.insert(header_hash(block), block, None);
    }
    assert_eq!(chain.lowest_known(&header_hash(&above)), Some(Height(700)));
    assert_eq!(chain.lowest_known(&Hash32([7; 32])), None, "nothing is known of it");
}

// FAULTS HA9
#[test]
fn what_waits_for_the_store_is_counted_until_it_is_written() {
    let mut parent = header(0, Hash32::ZERO);
    let tip = Tip {
        hash: header_hash(&parent),
        header: parent.clone(),
        state_root: Hash32::ZERO,
        receipts_root: Hash32::ZERO,
    };
    let mut chain = Chain::new(tip);
    for height in 1..=10 {
        parent = header(height, header_hash(&parent));
        chain.finalize_replayed(final_block(parent.clone()));
    }
    let all = chain.unwritten_bytes();
    assert!(all >= 10 * 4_096);
    chain.committed(Height(4));
    assert_eq!(chain.unwritten_bytes(), all / 10 * 6);
    chain.committed(Height(10));
    assert_eq!(chain.unwritten_bytes(), 0);
}

// FAULTS HB7
#[test]
fn what_is_executed_and_not_final_is_counted_until_it_is_gone() {
    let genesis = header(0, Hash32::ZERO);
    let root = header_hash(&genesis);
    let tip = Tip { hash: root, header: genesis, state_root: Hash32::ZERO, receipts_root: Hash32::ZERO };
    let mut chain = Chain::new(tip);
    let calls = types::List::<types::SystemCall, { types::limits::SYSTEM_CALLS_PER_BLOCK_MAX }>::default();
    let body_root = crypto::ids::body_root(&calls, &[]);
    for number in 1..=10 {
        let block = Header { body_root, view: View(number), ..header(1, root) };
        let body = execution::CheckedBody::from_checked(&block, calls.clone(), &[]).expect("the header's");
        let (hash, before) = (header_hash(&block), chain.executed_bytes());
        chain.insert(hash, &block, Some(Arc::new(body)));
        assert_eq!(chain.executed_bytes(), before, "it is not executed yet");
        let entry = chain.entry_mut(&hash).expect("it is there");
        entry.take_outcome(final_block(block).outcome.clone());
        assert!(chain.executed_bytes() >= before + 4_096);
    }
    chain.finalize_replayed(final_block(header(1, root)));
    chain.prune();
    assert_eq!(chain.executed_bytes(), 0);
}
