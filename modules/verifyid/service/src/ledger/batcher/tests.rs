//! When batches close, in which order they go, and that a stop at any step neither loses nor doubles what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use types::Height;
use verifyid::{DeviceId, next_month};

use super::super::record::{LeafResult, Method};
use super::*;

const NOW_MS: u64 = 1_771_111_111_000;
const ALICE: Address = Address([1; 20]);
const BOB: Address = Address([2; 20]);

fn leaf(number: u32, customer: Address, time_ms: u64) -> Acknowledged {
    let mut challenge = [0; 16];
    challenge[..4].copy_from_slice(&number.to_le_bytes());
    Acknowledged {
        customer,
        device: DeviceId(Hash32([u8::try_from(number % 5).expect("small"); 32])),
        challenge,
        time: TimeMs(time_ms),
        result: if number % 7 == 3 { LeafResult::BadAnswer } else { LeafResult::Ok },
        method: Method::Signature,
        audience: Hash32([3; 32]),
        answer: Hash32([4; 32]),
    }
}

fn with(leaves: Vec<Acknowledged>) -> Batcher {
    let mut batcher = Batcher::default();
    batcher.take(&LedgerRecord::Opened { verifier: Address([9; 20]), next: 0, last: None });
    batcher.take(&LedgerRecord::Leaves(leaves));
    batcher
}

fn close(batcher: &mut Batcher, now_ms: u64) -> Option<ClosedBatch> {
    let closed = batcher.due(now_ms, OPEN_MS)?.close()?;
    batcher.take(&LedgerRecord::Closed(closed));
    Some(closed)
}

fn begun(number: u64, attempt: u32, sequence: u64) -> LedgerRecord {
    LedgerRecord::Begun(Attempt { number, attempt, sequence, listed: Vec::new() })
}

// FAULTS VS10
#[test]
fn a_batch_closes_after_ten_minutes_of_its_first_leaf_each_customer_by_itself() {
    let mut batcher = with(vec![leaf(0, ALICE, NOW_MS), leaf(1, BOB, NOW_MS + 5), leaf(3, ALICE, NOW_MS + 9)]);
    assert!(batcher.due(NOW_MS + OPEN_MS - 1, OPEN_MS).is_none());
    let closed = close(&mut batcher, NOW_MS + OPEN_MS).expect("Alice's is due");
    assert_eq!((closed.customer, closed.leaves, closed.ok, closed.number), (ALICE, 2, 1, 0));
    assert_eq!((closed.first, closed.last), (TimeMs(NOW_MS), TimeMs(NOW_MS + 9)));
    assert_eq!(
        closed.root,
        crypto::merkle::root(tags::TREE, &digests(&[leaf(0, ALICE, NOW_MS), leaf(3, ALICE, NOW_MS + 9)]))
    );
    assert!(batcher.due(NOW_MS + OPEN_MS + 4, OPEN_MS).is_none());
    assert_eq!(
        close(&mut batcher, NOW_MS + OPEN_MS + 5).map(|closed| (closed.customer, closed.number)),
        Some((BOB, 1))
    );
    assert_eq!((batcher.open_leaves(), batcher.waiting()), (0, 2));
}

// FAULTS VS10
#[test]
fn a_batch_closes_with_its_month_and_has_leaves_of_one_month_alone() {
    let month_end = next_month(TimeMs(NOW_MS)).0;
    let mut batcher =
        with(vec![leaf(0, ALICE, month_end - 1), leaf(1, ALICE, month_end), leaf(2, ALICE, month_end - 2)]);
    assert!(batcher.due(month_end - 1, OPEN_MS).is_some(), "the one of the next month is not of this one");
    let closed = close(&mut batcher, month_end).expect("the month is over");
    assert_eq!((closed.month, closed.leaves), (month_of(TimeMs(month_end - 1)), 2));
    assert_eq!((closed.first, closed.last), (TimeMs(month_end - 2), TimeMs(month_end - 1)));
    assert!(batcher.due(month_end, OPEN_MS).is_none());
    let closed = close(&mut batcher, month_end + OPEN_MS).expect("ten minutes are over");
    assert_eq!((closed.month, closed.leaves), (month_of(TimeMs(month_end)), 1));
}

// FAULTS VS11
#[test]
fn a_batch_that_a_plan_ends_in_has_what_came_before_and_the_rest_is_due_by_itself() {
    let end = TimeMs(NOW_MS + 2);
    let mut batcher = with((0..4).map(|number| leaf(number, ALICE, NOW_MS + u64::from(number))).collect());
    let mut due = batcher.due(NOW_MS + OPEN_MS, OPEN_MS).expect("it is due");
    due.cut(end);
    let closed = due.close().expect("it has leaves");
    assert_eq!((closed.leaves, closed.last), (2, TimeMs(NOW_MS + 1)), "all of it is measured by the plan");
    batcher.take(&LedgerRecord::Closed(closed));
    assert!(batcher.due(NOW_MS + OPEN_MS + 1, OPEN_MS).is_none());
    let mut due = batcher.due(NOW_MS + OPEN_MS + 2, OPEN_MS).expect("the rest is due");
    due.cut(end);
    assert_eq!(due.close().map(|closed| (closed.leaves, closed.first)), Some((2, end)));
}

// FAULTS VS10
#[test]
fn a_batch_of_wrong_answers_alone_is_open_for_a_day_and_a_good_one_closes_it_as_usual() {
    let wrong = |number: u32, time| Acknowledged { result: LeafResult::BadAnswer, ..leaf(number, ALICE, time) };
    let mut batcher = with(vec![wrong(0, NOW_MS), wrong(1, NOW_MS + 1)]);
    let month_end = NOW_MS + FAILURES_OPEN_MS;
    assert_eq!(month_of(TimeMs(NOW_MS)), month_of(TimeMs(month_end)), "the end of a month is another reason");
    assert!(batcher.due(NOW_MS + OPEN_MS, OPEN_MS).is_none() && batcher.due(month_end - 1, OPEN_MS).is_none());
    assert_eq!(batcher.due(month_end, OPEN_MS).map(|due| due.leaves.len()), Some(2));
    assert!(batcher.due(month_end, FAILURES_OPEN_MS + 1).is_none(), "as long as the operator says");
    batcher.take(&LedgerRecord::Leaves(vec![leaf(2, ALICE, NOW_MS + 2)]));
    assert_eq!(batcher.due(NOW_MS + OPEN_MS, OPEN_MS).map(|due| due.leaves.len()), Some(3));
}

// FAULTS VS10
#[test]
fn a_full_batch_closes_at_once_with_as_many_leaves_as_the_chain_takes() {
    let most = u32::try_from(full()).expect("65,536");
    let mut batcher = with((0..most - 1).map(|number| leaf(number, ALICE, NOW_MS)).collect());
    assert!(batcher.open_leaves() < CROWDED && batcher.due(NOW_MS, OPEN_MS).is_none());
    batcher.take(&LedgerRecord::Leaves((most - 1..most + 3).map(|number| leaf(number, ALICE, NOW_MS)).collect()));
    let due = batcher.due(NOW_MS, OPEN_MS).expect("it is full");
    assert_eq!((due.leaves.len(), due.leaves[0].challenge), (full(), leaf(0, ALICE, NOW_MS).challenge));
    let closed = ClosedBatch {
        leaves: most,
        ..with(vec![leaf(0, ALICE, NOW_MS)]).due(u64::MAX, OPEN_MS).expect("due").close().expect("one")
    };
    batcher.take(&LedgerRecord::Closed(closed));
    assert_eq!(batcher.open_leaves(), 3);
    assert!(batcher.due(NOW_MS, OPEN_MS).is_none());
}

#[test]
fn where_many_leaves_are_open_the_longest_batch_closes_early_and_where_many_wait_none_does_by_its_age() {
    let half = u32::try_from(CROWDED / 2).expect("small");
    let mut batcher = with((0..half).map(|number| leaf(number, ALICE, NOW_MS)).collect());
    batcher.take(&LedgerRecord::Leaves((0..half - 1).map(|number| leaf(number, BOB, NOW_MS)).collect()));
    assert!(batcher.due(NOW_MS, OPEN_MS).is_none());
    batcher.take(&LedgerRecord::Leaves(vec![leaf(0, ALICE, NOW_MS)]));
    assert_eq!(batcher.due(NOW_MS, OPEN_MS).map(|due| due.customer), Some(ALICE));
    let mut batcher = with(Vec::new());
    for number in 0..u32::try_from(MANY_WAIT).expect("small") {
        batcher.take(&LedgerRecord::Leaves(vec![leaf(number * 7, ALICE, NOW_MS)]));
        assert!(close(&mut batcher, NOW_MS + OPEN_MS).is_some());
    }
    batcher.take(&LedgerRecord::Leaves(vec![leaf(0, BOB, NOW_MS)]));
    assert!(batcher.due(NOW_MS + OPEN_MS, OPEN_MS).is_none());
    assert!(batcher.due(NOW_MS + LONG_OPEN_MS - 1, OPEN_MS).is_none());
    assert!(batcher.due(NOW_MS + LONG_OPEN_MS, OPEN_MS).is_some(), "before the chain takes it no more");
    assert!(batcher.due(next_month(TimeMs(NOW_MS)).0, OPEN_MS).is_some(), "its month is another reason");
}

// FAULTS VS10
#[test]
fn a_batch_that_is_held_stays_open_until_then_or_its_month_is_over_and_others_close() {
    let mut batcher = with(vec![leaf(0, ALICE, NOW_MS), leaf(1, BOB, NOW_MS)]);
    let now_ms = NOW_MS + OPEN_MS;
    let due = batcher.due(now_ms, OPEN_MS).expect("it is due");
    assert_eq!((due.customer, due.may_wait()), (ALICE, true));
    batcher.hold(&due, now_ms + 100);
    assert_eq!(close(&mut batcher, now_ms).map(|closed| closed.customer), Some(BOB));
    assert!(batcher.due(now_ms + 99, OPEN_MS).is_none());
    assert_eq!(batcher.due(now_ms + 100, OPEN_MS).map(|due| due.customer), Some(ALICE));
    batcher.hold(&due, u64::MAX);
    assert!(batcher.due(now_ms, OPEN_MS).is_some(), "a clock that was set back holds nothing");
    batcher.hold(&due, now_ms + 100);
    let month_end = next_month(TimeMs(NOW_MS)).0;
    assert_eq!(batcher.due(month_end, OPEN_MS).map(|due| due.may_wait()), Some(false));
}

#[test]
fn an_open_leaf_is_found_by_its_challenge_until_its_batch_is_closed() {
    let mut batcher = with((0..5).map(|number| leaf(number, ALICE, NOW_MS + u64::from(number))).collect());
    let mut due = batcher.due(NOW_MS + OPEN_MS, OPEN_MS).expect("it is due");
    due.cut_at(2);
    batcher.take(&LedgerRecord::Closed(due.close().expect("it has leaves")));
    batcher.take(&LedgerRecord::Leaves(vec![leaf(7, ALICE, NOW_MS + 9), leaf(8, BOB, NOW_MS + 9)]));
    let found = |number: u32| batcher.open_leaf(&leaf(number, ALICE, 0).challenge);
    for number in [0, 1, 5] {
        assert_eq!(found(number), None, "{number}");
    }
    for number in [2, 3, 4] {
        assert_eq!(found(number), Some(leaf(number, ALICE, NOW_MS + u64::from(number))));
    }
    assert_eq!((found(7), found(8)), (Some(leaf(7, ALICE, NOW_MS + 9)), Some(leaf(8, BOB, NOW_MS + 9))));
}

// FAULTS VS10
#[test]
fn one_batch_is_on_its_way_at_a_time_the_oldest_first_and_one_that_is_postponed_holds_up_nobody() {
    let mut batcher = with(vec![leaf(0, ALICE, NOW_MS), leaf(1, BOB, NOW_MS)]);
    let now_ms = NOW_MS + OPEN_MS;
    let [first, second] = [(); 2].map(|()| close(&mut batcher, now_ms).expect("due").number);
    batcher.postpone(first, now_ms + 10);
    assert_eq!(batcher.next(now_ms).map(|batch| batch.number), Some(second));
    assert_eq!(batcher.next(now_ms + 10).map(|batch| batch.number), Some(first));
    batcher.take(&begun(second, 1, 5));
    assert!(batcher.next(now_ms).is_none());
    assert!(!batcher.goes_with(&begun(first, 1, 6)), "one at a time");
    assert!(!batcher.goes_with(&LedgerRecord::Refused { number: first, code: 1 }));
    assert_eq!(batcher.take(&LedgerRecord::Refused { number: second, code: 1 }), None);
    assert_eq!(batcher.next(now_ms).map(|batch| (batch.attempts, batch.tried)), Some((1, 5)));
    let anchored = LedgerRecord::Anchored { number: second, sequence: 5, height: Height(8) };
    assert_eq!(batcher.take(&anchored), Some(Settled { customer: BOB, month: month_of(TimeMs(NOW_MS)), ok: 1 }));
    assert!(!batcher.goes_with(&anchored));
    assert_eq!((batcher.last(), batcher.waiting()), (Some(5), 1));
}

/// What outlives a kill: the ledger's records, the files, the account, and the chain.
#[derive(Default)]
struct Lasting {
    records: Vec<LedgerRecord>,
    files: BTreeMap<(u64, Hash32), Vec<Acknowledged>>,
    /// What the chain said of each deed.
    deeds: BTreeMap<(u64, Hash32, u32), bool>,
    chain: Vec<(u64, Hash32, Vec<[u8; 16]>)>,
    told: Vec<[u8; 16]>,
    steps: usize,
    /// The step before which it is killed.
    kill_at: usize,
}

/// The process was killed.
#[derive(Debug)]
struct Killed;

impl Lasting {
    fn step(&mut self) -> Result<(), Killed> {
        self.steps += 1;
        if self.steps == self.kill_at { Err(Killed) } else { Ok(()) }
    }

    fn note(&mut self, batcher: &mut Batcher, record: LedgerRecord) -> Result<(), Killed> {
        self.step()?;
        assert!(batcher.goes_with(&record), "{record:?}");
        batcher.take(&record);
        self.records.push(record);
        Ok(())
    }

    /// The chain refuses every third batch the first time, as for a device that it lists.
    fn send(&mut self, closed: &ClosedBatch, attempt: &Attempt) -> bool {
        let (last, is_first) = (self.chain.len() as u64, attempt.attempt == 1);
        let files = &self.files;
        let chain = &mut self.chain;
        *self.deeds.entry((closed.number, closed.root, attempt.attempt)).or_insert_with(|| {
            let is_taken = attempt.sequence == last + 1 && !(is_first && closed.number.is_multiple_of(3));
            if is_taken {
                let leaves = &files[&(closed.number, closed.root)];
                assert_eq!(crypto::merkle::root(tags::TREE, &digests(leaves)), closed.root);
                chain.push((closed.number, closed.root, leaves.iter().map(|leaf| leaf.challenge).collect()));
            }
            is_taken
        })
    }

    fn drive(&mut self, batcher: &mut Batcher, now_ms: u64) -> Result<(), Killed> {
        while let Some(due) = batcher.due(now_ms, OPEN_MS) {
            let closed = due.close().expect("it has leaves");
            self.step()?;
            self.files.insert((closed.number, closed.root), due.leaves);
            self.note(batcher, LedgerRecord::Closed(closed))?;
        }
        loop {
            let Some((closed, attempt)) = batcher.under_way() else {
                let Some(closed) = batcher.next(now_ms) else { return Ok(()) };
                let (number, sequence) = (closed.number, self.chain.len() as u64 + 1);
                self.note(batcher, begun(number, closed.attempts + 1, sequence))?;
                continue;
            };
            self.step()?;
            let (number, sequence) = (closed.number, attempt.sequence);
            let record = match self.send(&closed, &attempt) {
                true => LedgerRecord::Anchored { number, sequence, height: Height(sequence) },
                false => LedgerRecord::Refused { number, code: 11 },
            };
            self.note(batcher, record)?;
        }
    }

    /// Everything from a place of the script on; tells the place where it was killed.
    fn run(&mut self, from: u32, to: u32) -> Result<(), u32> {
        let mut batcher = Batcher::default();
        if self.records.is_empty() {
            self.records.push(LedgerRecord::Opened { verifier: Address([9; 20]), next: 0, last: None });
        }
        for record in &self.records {
            assert!(batcher.goes_with(record), "{record:?}");
            batcher.take(record);
        }
        for number in from..to {
            let now_ms = NOW_MS + u64::from(number) * 100_000;
            let one = leaf(number, if number % 3 == 1 { BOB } else { ALICE }, now_ms);
            let told = self.note(&mut batcher, LedgerRecord::Leaves(vec![one])).and_then(|()| self.step());
            if told.is_err() {
                return Err(number + 1);
            }
            self.told.push(one.challenge);
            if self.drive(&mut batcher, now_ms).is_err() {
                return Err(number + 1);
            }
            if number % 40 == 39 {
                if self.step().is_err() {
                    return Err(number + 1);
                }
                self.records = batcher.records(3);
            }
        }
        self.drive(&mut batcher, u64::MAX / 2).map_err(|Killed| to)
    }
}

// FAULTS VS10
#[test]
fn killed_at_any_step_nothing_that_was_told_is_lost_from_its_batch_and_nothing_is_there_twice() {
    const LEAVES: u32 = 180;
    let mut whole = Lasting::default();
    whole.run(0, LEAVES).expect("nobody kills it");
    let steps = whole.steps;
    assert!(steps >= 500, "{steps}");
    for kill_at in 1..=steps {
        let mut world = Lasting { kill_at, ..Lasting::default() };
        let place = world.run(0, LEAVES).expect_err("it is killed");
        world.run(place, LEAVES).expect("once");
        let anchored: Vec<[u8; 16]> = world.chain.iter().flat_map(|(_, _, leaves)| leaves).copied().collect();
        let once: BTreeSet<[u8; 16]> = anchored.iter().copied().collect();
        assert_eq!(once.len(), anchored.len(), "nothing twice: killed before step {kill_at}");
        assert!(world.told.iter().all(|told| once.contains(told)), "nothing lost: killed before step {kill_at}");
        assert!(world.told.len() + 1 >= usize::try_from(LEAVES).expect("small"));
        let numbers: Vec<u64> = world.chain.iter().map(|(number, ..)| *number).collect();
        assert!(numbers.is_sorted(), "in order: killed before step {kill_at}");
    }
}

#[test]
fn a_file_that_is_begun_anew_leaves_the_same_batcher() {
    let mut world = Lasting::default();
    world.run(0, 75).expect("nobody kills it");
    let mut batcher = with((0..40).map(|number| leaf(number, ALICE, NOW_MS)).collect());
    close(&mut batcher, NOW_MS + OPEN_MS).expect("due");
    batcher.take(&LedgerRecord::Leaves((40..60).map(|number| leaf(number, BOB, NOW_MS + OPEN_MS)).collect()));
    close(&mut batcher, NOW_MS + 2 * OPEN_MS).expect("due");
    batcher.take(&begun(0, 1, 7));
    batcher.take(&LedgerRecord::Refused { number: 0, code: 11 });
    batcher.take(&begun(0, 2, 7));
    batcher.take(&LedgerRecord::Leaves((60..70).map(|number| leaf(number, BOB, NOW_MS + 3 * OPEN_MS)).collect()));
    let mut again = Batcher::default();
    for record in batcher.records(4) {
        let bytes = record.to_bytes();
        let record = LedgerRecord::from_bytes(&bytes).expect("a record");
        assert!(again.goes_with(&record), "{record:?}");
        again.take(&record);
    }
    assert_eq!(again.records(4), batcher.records(4));
    assert_eq!(again.under_way(), batcher.under_way());
    assert!(again.unsettled().eq(batcher.unsettled()));
    assert_eq!(again.open_leaves(), 10);
}
