//! Logs and their checkpoints.

use anchors::{AnchorsCall, AnchorsReject, LogCheckpoint};
use types::Hash32;

use crate::harness::{ALICE, BOB, Chain};

const LOG: Hash32 = Hash32([0x41; 32]);

fn checkpoint(sequence: u64, head: u8) -> AnchorsCall {
    AnchorsCall::Checkpoint(LogCheckpoint { log: LOG, sequence, head: Hash32([head; 32]) })
}

#[test]
fn numbers_of_a_log_rise_and_one_that_was_put_back_shows_itself() {
    let mut chain = Chain::new();
    chain.refused(ALICE, checkpoint(0, 1), AnchorsReject::UnknownLog);
    let told = chain.done(ALICE, AnchorsCall::OpenLog(LOG));
    assert_eq!(told["log_opened"]["log"], LOG.to_string());
    chain.idle(ALICE, AnchorsCall::OpenLog(LOG));
    let log = |chain: &Chain| anchors::log(&chain.view(), &chain.address(ALICE), &LOG).expect("it is open");
    assert_eq!((log(&chain).checkpoints, log(&chain).sequence, log(&chain).head), (0, None, None));
    chain.done(ALICE, checkpoint(0, 1));
    chain.idle(ALICE, checkpoint(0, 1));
    chain.refused(ALICE, checkpoint(0, 2), AnchorsReject::CheckpointConflict);
    chain.done(ALICE, checkpoint(1, 2));
    let told = chain.done(ALICE, checkpoint(100, 3));
    assert_eq!(
        (&told["checkpointed"]["sequence"], told["checkpointed"]["head"].as_str().map(str::len)),
        (&100.into(), Some(64))
    );
    for sequence in [0, 1, 99] {
        for head in [1, 2, 3] {
            chain.refused(ALICE, checkpoint(sequence, head), AnchorsReject::CheckpointOrder);
        }
    }
    chain.idle(ALICE, checkpoint(100, 3));
    chain.refused(ALICE, checkpoint(100, 4), AnchorsReject::CheckpointConflict);
    let found = log(&chain);
    assert_eq!((found.checkpoints, found.sequence, found.head), (3, Some(100), Some(Hash32([3; 32]))));
    assert!(found.height > Some(found.opened_height) && found.time > Some(found.opened));
    chain.done(ALICE, checkpoint(u64::MAX, 5));
    chain.refused(ALICE, checkpoint(u64::MAX - 1, 5), AnchorsReject::CheckpointOrder);
}

#[test]
fn a_log_is_its_accounts_and_its_checkpoints_take_no_more_room() {
    let mut chain = Chain::new();
    chain.done(ALICE, AnchorsCall::OpenLog(LOG));
    chain.refused(BOB, checkpoint(1, 1), AnchorsReject::UnknownLog);
    chain.done(BOB, AnchorsCall::OpenLog(LOG));
    chain.done(BOB, checkpoint(7, 7));
    chain.done(ALICE, checkpoint(1, 1));
    let size = |chain: &Chain| -> usize { chain.records().iter().map(|(key, value)| key.len() + value.len()).sum() };
    let before = size(&chain);
    let costs: Vec<u128> = (2..20).map(|sequence| chain.cost(ALICE, checkpoint(sequence, 1))).collect();
    assert_eq!(size(&chain), before);
    let again = chain.cost(ALICE, checkpoint(19, 1));
    assert!(costs.iter().all(|cost| *cost == again), "a checkpoint burns nothing: it takes the place of the last");
    let bob = anchors::log(&chain.view(), &chain.address(BOB), &LOG).expect("it is open");
    assert_eq!((bob.sequence, bob.checkpoints), (Some(7), 1));
    chain.done(ALICE, AnchorsCall::OpenLog(Hash32([0x40; 32])));
    let logs = |from: u8, limit| {
        let page = anchors::logs(&chain.view(), &chain.address(ALICE), &Hash32([from; 32]), limit);
        page.into_iter().map(|found| found.log.0[0]).collect::<Vec<_>>()
    };
    assert_eq!((logs(0, 9), logs(0x41, 9), logs(0, 1)), (vec![0x40, 0x41], vec![0x41], vec![0x40]));
}
