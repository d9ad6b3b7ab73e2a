//! A node that only listens, and one that hears its own key from elsewhere. FAULTS HA3.
//! The engine is validator 3 of four equal ones; the leaders of views 1, 2, 3, 4, 5 are 0, 1, 2, 3, 0.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::sync::Arc;

use consensus::{EpochStart, Input, Output, Resend, Route, Verdict, Voice, WorkState};
use harness::{ROOT, Stage, cast, certify, direct, entered, finalize, notarize, nullify, resent, set_of, sign, start};
use types::{Epoch, Hash32, ValidatorIndex, View, VoteStatement};

const BLOCK: Hash32 = Hash32([5; 32]);

fn silent() -> Stage {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.give(Input::Work(WorkState::Pending));
    assert!(cast(&stage.give(Input::Voice(Voice::Silent))).is_empty());
    stage
}

fn twins(outputs: &[Output]) -> Vec<VoteStatement> {
    let twin = |output: &Output| if let Output::Twin(statement) = output { Some(*statement) } else { None };
    outputs.iter().filter_map(twin).collect()
}

fn builds(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Build { .. }))
}

#[test]
fn who_is_silent_follows_every_view_and_says_nothing_and_builds_nothing() {
    let mut stage = silent();
    let (header, block) = stage.block(1, ROOT);
    let mut all = stage.propose(1, 0, header);
    all.extend(stage.give(Input::Verdict { view: View(1), block, verdict: Verdict::Valid }));
    all.extend(stage.certificate(&[0, 1, 2], notarize(1, 0, block)));
    all.extend(stage.available(block));
    for view in [2, 3] {
        all.extend(stage.at(stage.now + 900));
        all.extend(stage.certificate(&[0, 1, 2], nullify(view)));
    }
    assert_eq!(entered(&all), [2, 3, 4], "it would lead view 4");
    all.extend(stage.at(stage.now + 5_000));
    assert_eq!((cast(&all), resent(&all), builds(&all)), (vec![], vec![], false));
    assert!(!all.iter().any(|output| matches!(output, Output::Persist(consensus::Record::Vote(_)))));
}

#[test]
fn who_may_speak_again_says_what_it_may_say_now_and_what_it_said() {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.give(Input::Work(WorkState::Pending));
    assert_eq!(cast(&stage.at(200)), [nullify(1)]);
    let _ = stage.give(Input::Voice(Voice::Silent));
    assert_eq!(resent(&stage.at(1_000)), []);
    assert_eq!(resent(&stage.give(Input::Voice(Voice::Free))), [nullify(1)]);

    let mut stage = silent();
    let (header, block) = stage.block(1, ROOT);
    let _ = stage.propose(1, 0, header);
    let _ = stage.give(Input::Verdict { view: View(1), block, verdict: Verdict::Valid });
    assert_eq!(cast(&stage.give(Input::Voice(Voice::Free))), [notarize(1, 0, block)]);

    let mut stage = silent();
    let _ = stage.certificate(&[0, 1, 2], notarize(1, 0, BLOCK));
    let _ = stage.available(BLOCK);
    assert_eq!(cast(&stage.give(Input::Voice(Voice::Free))), [finalize(1, BLOCK)], "notarized while it was silent");

    let mut stage = silent();
    assert!(cast(&stage.at(10_000)).is_empty());
    assert!(cast(&stage.give(Input::Voice(Voice::Free))).is_empty(), "the view's time begins anew");
    assert_eq!(cast(&stage.at(stage.now + 10_000)), [nullify(1)]);
}

#[test]
fn a_vote_by_the_own_key_that_was_never_cast_is_told_by_whatever_way_it_comes() {
    let own = ValidatorIndex(3);
    let foreign = notarize(1, 0, BLOCK);
    for route in [Route::Relayed, direct(1), direct(3)] {
        let (mut stage, _) = Stage::new(3);
        let vote = sign(&stage.set, own, foreign);
        assert_eq!(twins(&stage.give(Input::Vote { vote, route })), [foreign], "{route:?}");
    }
    let (mut stage, _) = Stage::new(3);
    assert_eq!(twins(&stage.certificate(&[0, 1, 3], foreign)), [foreign]);
    let (mut stage, _) = Stage::new(3);
    let mut forged = sign(&stage.set, own, foreign);
    forged.signature.0[0] ^= 1;
    for route in [Route::Relayed, direct(3)] {
        assert_eq!(twins(&stage.give(Input::Vote { vote: forged, route })), [], "it is verified first");
    }
    let mut forged = certify(&stage.set, &[0, 1, 3], foreign);
    forged.signature.0[0] ^= 1;
    assert_eq!(twins(&stage.give(Input::Certificate { certificate: forged, route: Route::Relayed })), []);
}

#[test]
fn a_certificate_with_the_own_place_is_looked_at_though_another_one_of_its_view_is_known() {
    for foreign in [notarize(1, 0, BLOCK), finalize(1, BLOCK)] {
        let (mut stage, _) = Stage::new(3);
        let _ = stage.certificate(&[0, 1, 2], notarize(1, 0, BLOCK));
        let _ = stage.certificate(&[0, 1, 2], finalize(1, BLOCK));
        assert_eq!(twins(&stage.certificate(&[1, 2, 3], foreign)), [foreign]);
        assert_eq!(twins(&stage.certificate(&[1, 2, 3], nullify(2))), [], "once is enough");
    }
}

#[test]
fn own_votes_that_come_back_are_in_the_log_also_after_a_restart() {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.give(Input::Work(WorkState::Pending));
    assert_eq!(cast(&stage.at(200)), [nullify(1)]);
    let (restarted, _) = stage.restart();
    for mut stage in [stage, restarted] {
        let vote = sign(&stage.set, ValidatorIndex(3), nullify(1));
        assert_eq!(twins(&stage.give(Input::Vote { vote, route: Route::Relayed })), []);
        assert_eq!(twins(&stage.certificate(&[0, 1, 3], nullify(1))), []);
    }
}

#[test]
fn what_lies_below_the_floor_or_in_another_epoch_says_nothing_whoever_repeats_it() {
    let set = set_of(&[1, 1, 1, 1]);
    let (mut stage, _) = Stage::recovered(3, Vec::new(), &EpochStart { floor: View(3), ..start(&set) });
    for statement in [notarize(1, 0, BLOCK), nullify(2), finalize(3, BLOCK)] {
        let vote = sign(&stage.set, ValidatorIndex(3), statement);
        assert_eq!(twins(&stage.give(Input::Vote { vote, route: Route::Relayed })), []);
        assert_eq!(twins(&stage.certificate(&[0, 1, 3], statement)), []);
    }
    let above = nullify(4);
    assert_eq!(twins(&stage.certificate(&[0, 1, 3], above)), [above]);
    let _ = stage.give(Input::Floor { epoch: Epoch(0), view: View::MAX });
    assert_eq!(twins(&stage.certificate(&[0, 1, 3], nullify(5))), [], "a barred node knows nothing of its votes");
    let next = EpochStart { epoch: Epoch(1), set: Arc::clone(&set), root: BLOCK, root_view: View(0), floor: View(0) };
    let _ = stage.give(Input::EnterEpoch(next));
    assert_eq!(twins(&stage.certificate(&[0, 1, 3], nullify(7))), [], "of the epoch before");
}

#[test]
fn certificates_leave_a_silent_node_as_they_leave_every_other() {
    let mut stage = silent();
    let _ = stage.certificate(&[0, 1, 2], notarize(1, 0, BLOCK));
    let outputs = stage.at(stage.now + 1_000);
    let is_certificate = |one: &Resend| matches!(one, Resend::Certificate(_));
    assert!(outputs.iter().any(|output| matches!(output, Output::Resend(again) if again.iter().any(is_certificate))));
}
