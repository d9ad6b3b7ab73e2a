//! The wake queue and the hooks of modules.

use execution::KernelEvent;
use types::{ByteString, TimeMs};

use crate::harness::Chain;
use crate::probe::{PROBE, ProbeCall, ProbeReject};

fn wake(time: TimeMs, key: &[u8]) -> types::Call {
    ProbeCall::Wake { time, key: ByteString::new(key.to_vec()).expect("short") }.to_call()
}

/// The keys that the probe was woken for, in order.
fn woken(outcome: &execution::BlockOutcome) -> Vec<String> {
    let wakes = outcome.receipts[0].events.iter().filter(|event| event.module == PROBE && event.kind == 9);
    let key = |event: &types::Event| borsh::from_slice::<Vec<u8>>(&event.body).expect("a key");
    wakes.map(|event| String::from_utf8(key(event)).expect("a name")).collect()
}

#[test]
fn wakes_come_in_order_of_time_and_key_and_only_once() {
    let mut chain = Chain::new();
    let now = chain.time();
    let at = |blocks: u64| now.saturating_add(blocks * 1_000);
    let calls =
        vec![wake(at(2), b"late"), wake(at(1), b"b"), wake(at(1), b"a"), wake(TimeMs(0), b"z"), wake(at(9), b"far")];
    assert_eq!(chain.run(0, calls), 0);
    assert_eq!(woken(&chain.block(&[])), ["z", "a", "b"]);
    assert_eq!(woken(&chain.block(&[])), ["late"]);
    assert_eq!(woken(&chain.block(&[])), Vec::<String>::new());
}

#[test]
fn wakes_beyond_the_budget_wait_for_the_next_block() {
    let mut chain = Chain::new();
    let now = chain.time();
    assert_eq!(chain.run(0, (0..5).map(|place| wake(now, format!("heavy{place}").as_bytes())).collect()), 0);
    assert_eq!(woken(&chain.block(&[])), ["heavy0", "heavy1", "heavy2"]);
    assert_eq!(woken(&chain.block(&[])), ["heavy3", "heavy4"]);
    assert_eq!(woken(&chain.block(&[])), Vec::<String>::new());
    // Light wakes are bounded as well, or a crowd of them would make one block slow.
    for batch in 0..150 {
        let calls =
            (0..16).map(|place| wake(now.saturating_add(1_000_000), format!("{batch:03}{place:02}").as_bytes()));
        assert_eq!(chain.run(0, calls.collect()), 0);
    }
    chain.step_ms = 1_000_000;
    assert_eq!(woken(&chain.block(&[])).len(), 2_000);
    assert_eq!(woken(&chain.block(&[])).len(), 400);
}

#[test]
fn a_wake_that_fails_is_discarded_reported_and_gone() {
    let mut chain = Chain::new();
    let now = chain.time();
    assert_eq!(chain.run(0, vec![wake(now, b"fail"), wake(now, b"good")]), 0);
    let outcome = chain.block(&[]);
    assert_eq!(woken(&outcome), ["good"]);
    let report = borsh::from_slice::<KernelEvent>(&outcome.receipts[0].events[0].body).expect("an event");
    assert_eq!(report, KernelEvent::Rejected { module: PROBE, code: ProbeReject::Failed.code() });
    assert_eq!(outcome.changes.get(&[&[0, 2], &b"never-seen"[..]].concat()), None);
    assert!(chain.block(&[]).receipts[0].events.is_empty());
}

#[test]
fn a_begin_block_that_fails_neither_stops_the_block_nor_leaves_a_trace_but_its_report() {
    let mut chain = Chain::new();
    let now = chain.time();
    assert_eq!(chain.run(0, vec![wake(now, b"break-begin")]), 0);
    chain.block(&[]);
    let outcome = chain.block(&[chain.transfer(1, 0, 2, 5)]);
    assert_eq!(outcome.receipts[1].code, 0);
    let reports =
        outcome.receipts[0].events.iter().filter_map(|event| borsh::from_slice::<KernelEvent>(&event.body).ok());
    assert!(
        reports
            .into_iter()
            .any(|report| report == KernelEvent::Rejected { module: PROBE, code: ProbeReject::Failed.code() })
    );
    assert_eq!(outcome.changes.get(&[&[0, 2], &b"never-seen"[..]].concat()), None);
}
