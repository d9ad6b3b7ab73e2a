//! A node plays a random part, crashes, gets its log back in any order, repeated and cut, and plays on: it never
//! contradicts what the log holds. // FAULTS C5
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use consensus::{Input, Record, Route, Verdict, WorkState, contradicts};
use harness::{ROOT, Stage, cast, certify, finalize, notarize, nullify, sign, start};
use proptest::prelude::*;
use types::{Hash32, TimeMs, ValidatorIndex, View, VoteKind, VoteStatement};

#[derive(Clone, Debug)]
enum Act {
    /// The leader proposes one of two blocks; the verdict follows.
    Propose {
        view: u64,
        second: bool,
        valid: bool,
    },
    Certificate {
        view: u64,
        kind: VoteKind,
    },
    Vote {
        view: u64,
        kind: VoteKind,
        signer: u16,
    },
    Available {
        view: u64,
    },
    Wait {
        ms: u64,
    },
    Floor {
        view: u64,
    },
}

fn kind() -> impl Strategy<Value = VoteKind> {
    prop_oneof![4 => Just(VoteKind::Notarize), 4 => Just(VoteKind::Nullify), 1 => Just(VoteKind::Finalize)]
}

fn act() -> impl Strategy<Value = Act> {
    let view = || 1..9_u64;
    prop_oneof![
        4 => (view(), any::<bool>(), prop::bool::weighted(0.8))
            .prop_map(|(view, second, valid)| Act::Propose { view, second, valid }),
        3 => (view(), kind()).prop_map(|(view, kind)| Act::Certificate { view, kind }),
        3 => (view(), kind(), 0..3_u16).prop_map(|(view, kind, signer)| Act::Vote { view, kind, signer }),
        3 => view().prop_map(|view| Act::Available { view }),
        3 => (0..400_u64).prop_map(|ms| Act::Wait { ms }),
        1 => view().prop_map(|view| Act::Floor { view }),
    ]
}

/// The block that is certified in a view: every view's builds on the root.
fn block(stage: &Stage, view: u64) -> Hash32 {
    stage.block(view, ROOT).1
}

fn say(stage: &Stage, kind: VoteKind, view: u64) -> VoteStatement {
    match kind {
        VoteKind::Notarize => notarize(view, 0, block(stage, view)),
        VoteKind::Nullify => nullify(view),
        VoteKind::Finalize => finalize(view, block(stage, view)),
    }
}

/// Plays one act and gives the votes that it led to.
fn play(stage: &mut Stage, act: &Act) -> Vec<VoteStatement> {
    let outputs = match *act {
        Act::Propose { view, second, valid } => {
            let (mut header, _) = stage.block(view, ROOT);
            header.time = TimeMs(u64::from(second));
            let block = harness::hash_of(&header);
            let mut outputs = if stage.leader(view) == stage.own {
                let block = consensus::BuiltBlock { hash: block, header, repropose: false };
                stage.give(Input::Built { view: View(view), block })
            } else {
                stage.propose(view, 0, header)
            };
            let verdict = if valid { Verdict::Valid } else { Verdict::Invalid };
            outputs.extend(stage.give(Input::Verdict { view: View(view), block, verdict }));
            outputs
        }
        Act::Certificate { view, kind } => {
            let certificate = certify(&stage.set, &[0, 1, 2], say(stage, kind, view));
            stage.give(Input::Certificate { certificate, route: Route::Relayed })
        }
        Act::Vote { view, kind, signer } => {
            let signer = ValidatorIndex(signer);
            let vote = sign(&stage.set, signer, say(stage, kind, view));
            stage.give(Input::Vote { vote, route: harness::direct(signer.0) })
        }
        Act::Available { view } => {
            let block = block(stage, view);
            stage.available(block)
        }
        Act::Wait { ms } => stage.at(stage.now + ms),
        Act::Floor { view } => stage.give(Input::Floor { epoch: types::Epoch(0), view: View(view) }),
    };
    cast(&outputs)
}

/// The votes in a log.
fn votes_of(log: &[Record]) -> Vec<VoteStatement> {
    log.iter()
        .filter_map(|record| match record {
            Record::Vote(statement) => Some(*statement),
            _ => None,
        })
        .collect()
}

fn assert_consistent(earlier: &[VoteStatement], vote: &VoteStatement) -> Result<(), TestCaseError> {
    for other in earlier {
        prop_assert!(other != vote, "cast twice: {vote:?}");
        prop_assert!(!contradicts(other, vote), "{other:?} and then {vote:?}");
        let entered = |statement: &VoteStatement| statement.kind != VoteKind::Finalize;
        prop_assert!(
            !entered(vote) || !entered(other) || vote.view >= other.view,
            "a view entered again: {vote:?} after {other:?}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    // FAULTS C5
    #[test]
    fn a_log_in_any_order_repeated_and_cut_is_never_contradicted(
        before in prop::collection::vec(act(), 0..40),
        after in prop::collection::vec(act(), 0..40),
        cut in prop_oneof![2 => Just(0_usize), 1 => 0..12_usize],
        shuffle in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..60),
    ) {
        let (mut stage, _) = Stage::new(3);
        let _ = stage.give(Input::Work(WorkState::Pending));
        let mut said = Vec::new();
        for act in &before {
            for vote in play(&mut stage, act) {
                assert_consistent(&said, &vote)?;
                said.push(vote);
            }
        }
        let mut log = stage.log.clone();
        log.truncate(log.len().saturating_sub(cut));
        let mut known = votes_of(&log);
        if cut == 0 {
            prop_assert_eq!(&known, &said, "every vote has its record");
        }
        for (index, repeat) in shuffle {
            if !log.is_empty() {
                let place = index.index(log.len());
                let record = log[place].clone();
                if repeat { log.push(record) } else { log.swap(0, place) }
            }
        }
        let (mut back, outputs) = Stage::recovered(3, log, &start(&stage.set));
        prop_assert!(harness::resent(&outputs).iter().all(|vote| known.contains(vote)), "only what was said is said again");
        for vote in cast(&outputs) {
            assert_consistent(&known, &vote)?;
            known.push(vote);
        }
        let _ = back.give(Input::Work(WorkState::Pending));
        for act in &after {
            for vote in play(&mut back, act) {
                assert_consistent(&known, &vote)?;
                known.push(vote);
            }
        }
    }

    // FAULTS C5
    #[test]
    fn the_order_of_the_log_does_not_matter(
        before in prop::collection::vec(act(), 0..40),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let (mut stage, _) = Stage::new(3);
        for act in &before {
            let _ = play(&mut stage, act);
        }
        let mut log = stage.log.clone();
        for index in order {
            if !log.is_empty() {
                let place = index.index(log.len());
                let record = log.remove(place);
                log.push(record.clone());
                log.insert(0, record);
            }
        }
        let (_, straight) = Stage::recovered(3, stage.log.clone(), &start(&stage.set));
        let (_, mixed) = Stage::recovered(3, log, &start(&stage.set));
        prop_assert_eq!(straight, mixed);
    }
}
