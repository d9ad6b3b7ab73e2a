//! The protocol event by event, as validator 3 of four equal ones: a sentence per step, and what must follow.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use consensus::limits::CHECK_DELAY_MS;
use consensus::{BuiltBlock, Input, Output, Verdict, WorkState};
use harness::{ROOT, Stage, cast, decided, entered, fetched, finalize, finalized, notarize, nullify};
use types::{Hash32, ValidatorIndex, View, VoteStatement};

/// What must come of one step; everything else of these kinds must not.
#[derive(Default)]
struct Expected {
    casts: Vec<VoteStatement>,
    enters: Vec<u64>,
    decides: Vec<Hash32>,
    finalizes: Vec<Hash32>,
    fetches: Vec<(u64, Option<u16>)>,
}

fn nothing() -> Expected {
    Expected::default()
}

fn casts(statement: VoteStatement) -> Expected {
    Expected { casts: vec![statement], ..nothing() }
}

fn enters(view: u64) -> Expected {
    Expected { enters: vec![view], ..nothing() }
}

type Step<'a> = (&'a str, Box<dyn Fn(&mut Stage) -> Vec<Output> + 'a>, Expected);

fn step<'a>(says: &'a str, does: impl Fn(&mut Stage) -> Vec<Output> + 'a, expected: Expected) -> Step<'a> {
    (says, Box::new(does), expected)
}

fn play(stage: &mut Stage, steps: Vec<Step<'_>>) {
    for (says, does, expected) in steps {
        let outputs = does(stage);
        assert_eq!(cast(&outputs), expected.casts, "votes: {says}");
        assert_eq!(entered(&outputs), expected.enters, "views entered: {says}");
        assert_eq!(decided(&outputs), expected.decides, "blocks decided: {says}");
        assert_eq!(finalized(&outputs), expected.finalizes, "blocks finalized: {says}");
        assert_eq!(fetched(&outputs), expected.fetches, "certificates fetched: {says}");
    }
}

fn pending(own: u16) -> Stage {
    let (mut stage, _) = Stage::new(own);
    let _ = stage.give(Input::Work(WorkState::Pending));
    stage
}

fn valid(view: u64, block: Hash32) -> Input {
    Input::Verdict { view: View(view), block, verdict: Verdict::Valid }
}

#[test]
fn a_block_is_final_after_three_message_delays() {
    let mut stage = pending(3);
    let (header, block) = stage.block(1, ROOT);
    play(
        &mut stage,
        vec![
            step("A proposal alone is no reason to vote.", |s| s.propose(1, 0, header.clone()), nothing()),
            step("A verdict on another block changes nothing.", |s| s.give(valid(1, ROOT)), nothing()),
            step("A valid proposal is notarized.", |s| s.give(valid(1, block)), casts(notarize(1, 0, block))),
            step("A second verdict is not a second vote.", |s| s.give(valid(1, block)), nothing()),
            step(
                "The third of four votes makes a quorum: the next view begins.",
                |s| s.vote(1, notarize(1, 0, block)),
                enters(2),
            ),
            step("The finalize vote waits for the body.", |s| s.vote(2, notarize(1, 0, block)), nothing()),
            step("A durable body releases it.", |s| s.available(block), casts(finalize(1, block))),
            step("Two finalize votes are no quorum.", |s| s.vote(0, finalize(1, block)), nothing()),
            step(
                "Three are: the block is final here.",
                |s| s.vote(1, finalize(1, block)),
                Expected { decides: vec![block], ..nothing() },
            ),
            step("It is final once.", |s| s.vote(2, finalize(1, block)), nothing()),
            step("The check of these votes may wait for another quorum.", |s| s.at(CHECK_DELAY_MS - 1), nothing()),
            step(
                "But not for long: then there is a certificate.",
                |s| s.at(CHECK_DELAY_MS),
                Expected { finalizes: vec![block], ..nothing() },
            ),
        ],
    );
    assert_eq!(stage.engine.finalized(), (View(1), block));
}

#[test]
fn a_silent_leader_is_given_up_after_two_delta_and_delta_doubles() {
    let mut stage = pending(3);
    play(
        &mut stage,
        vec![
            step("Before 2Δ nothing happens.", |s| s.at(199), nothing()),
            step("At 2Δ nullify is voted.", |s| s.at(200), casts(nullify(1))),
            step("Nullify is cast once, and sent again at intervals.", |s| s.at(300), nothing()),
            step("Two of four are no quorum.", |s| s.vote(1, nullify(1)), nothing()),
            step("Three are: the next view begins.", |s| s.vote(2, nullify(1)), enters(2)),
            step(
                "Δ has doubled: at 3Δ of the first view's length the leader is still waited for.",
                |s| s.at(699),
                nothing(),
            ),
            step("At twice the time it is given up.", |s| s.at(700), casts(nullify(2))),
        ],
    );
}

// FAULTS HA1
#[test]
fn a_view_that_is_notarized_after_it_was_given_up_is_not_finalized_and_doubles_delta_too() {
    let mut stage = pending(3);
    let (header, block) = stage.block(1, ROOT);
    let (next_header, next) = stage.block(2, block);
    let _ = stage.available(block);
    let _ = stage.available(next);
    play(
        &mut stage,
        vec![
            step("The proposal comes in time.", |s| s.propose(1, 0, header.clone()), nothing()),
            step("It is valid.", |s| s.give(valid(1, block)), casts(notarize(1, 0, block))),
            step("3Δ pass without a quorum.", |s| s.at(300), casts(nullify(1))),
            step(
                "The quorum comes late: the view ends, and is not finalized by who gave it up.",
                |s| s.certificate(&[0, 1, 2], notarize(1, 0, block)),
                enters(2),
            ),
            step("In the next view 2Δ are 400 ms.", |s| s.at(699), nothing()),
            step("The proposal comes in time again.", |s| s.propose(2, 1, next_header.clone()), nothing()),
            step("It is valid, too.", |s| s.give(valid(2, next)), casts(notarize(2, 1, next))),
            step("3Δ are 600 ms.", |s| s.at(899), nothing()),
            step(
                "This time the quorum comes in time.",
                |s| s.certificate(&[0, 1, 2], notarize(2, 1, next)),
                Expected { casts: vec![finalize(2, next)], ..enters(3) },
            ),
        ],
    );
    let outputs = stage.certificate(&[0, 1, 2], finalize(2, next));
    assert_eq!(finalized(&outputs), [next]);
    // It took 599 ms, for which Δ of 100 ms is not enough: it stays as it is.
    let _ = stage.certificate(&[0, 1, 2], nullify(3));
    assert_eq!(cast(&stage.at(899 + 399)), []);
    assert_eq!(cast(&stage.at(899 + 400)), [nullify(4)]);
}

// FAULTS HA1
#[test]
fn a_new_epoch_begins_with_the_delta_that_the_old_one_needed() {
    let mut stage = pending(3);
    assert_eq!(cast(&stage.at(200)), [nullify(1)]);
    let _ = stage.certificate(&[0, 1, 2], nullify(1));
    let next = consensus::EpochStart { epoch: types::Epoch(1), ..harness::start(&stage.set) };
    let _ = stage.give(Input::EnterEpoch(next));
    assert_eq!(cast(&stage.at(200 + 399)), []);
    assert_eq!(cast(&stage.at(200 + 400)).len(), 1);
}

#[test]
fn with_nothing_to_do_a_leader_may_take_the_idle_allowance() {
    let (mut stage, _) = Stage::new(3);
    play(
        &mut stage,
        vec![
            step("2Δ are not the end while there is nothing to do.", |s| s.at(2_000), nothing()),
            step(
                "Work arrives: 2Δ run from now, within the allowance.",
                |s| s.give(Input::Work(WorkState::Pending)),
                nothing(),
            ),
            step("They are not over.", |s| s.at(2_199), nothing()),
            step("They are over.", |s| s.at(2_200), casts(nullify(1))),
        ],
    );
}

#[test]
fn a_proposal_that_leads_to_nothing_is_given_up_after_three_delta() {
    let mut stage = pending(3);
    let (header, block) = stage.block(1, ROOT);
    play(
        &mut stage,
        vec![
            step("The proposal stops the leader timer.", |s| s.propose(1, 0, header.clone()), nothing()),
            step("Its verdict is still unknown at 2Δ.", |s| s.at(299), nothing()),
            step("At 3Δ the view is given up.", |s| s.at(300), casts(nullify(1))),
            step("A late verdict comes too late.", |s| s.give(valid(1, block)), nothing()),
        ],
    );
}

#[test]
fn notarize_and_then_nullify_is_allowed_but_finalize_is_not_after_it() {
    let mut stage = pending(3);
    let (header, block) = stage.block(1, ROOT);
    play(
        &mut stage,
        vec![
            step("A proposal comes.", |s| s.propose(1, 0, header.clone()), nothing()),
            step("It is notarized here.", |s| s.give(valid(1, block)), casts(notarize(1, 0, block))),
            step("No quorum in time: nullify.", |s| s.at(300), casts(nullify(1))),
            step("The body is durable.", |s| s.available(block), nothing()),
            step(
                "A late quorum opens the next view, and no finalize vote.",
                |s| s.certificate(&[0, 1, 2], notarize(1, 0, block)),
                enters(2),
            ),
        ],
    );
}

#[test]
fn an_invalid_proposal_and_the_leaders_own_nullify_end_a_view_at_once() {
    let mut stage = pending(3);
    let (header, block) = stage.block(1, ROOT);
    let invalid = Input::Verdict { view: View(1), block, verdict: Verdict::Invalid };
    play(
        &mut stage,
        vec![
            step("A proposal comes.", |s| s.propose(1, 0, header.clone()), nothing()),
            step("It is invalid: nullify.", |s| s.give(invalid.clone()), casts(nullify(1))),
            step("The others agree.", |s| s.certificate(&[0, 1, 2], nullify(1)), enters(2)),
            step("Another validator gives it up; that is its own matter.", |s| s.vote(0, nullify(2)), nothing()),
            step(
                "Its leader gives it up: so does everyone, and that is a quorum.",
                |s| s.vote(1, nullify(2)),
                Expected { casts: vec![nullify(2)], enters: vec![3], ..nothing() },
            ),
        ],
    );
}

#[test]
fn a_block_on_the_wrong_parent_is_given_up_without_asking() {
    let mut stage = pending(3);
    let (header, _) = stage.block(1, Hash32([9; 32]));
    let outputs = stage.propose(1, 0, header);
    assert_eq!(cast(&outputs), [nullify(1)]);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Validate { .. })));
}

// FAULTS C8, L2
#[test]
fn missing_certificates_are_fetched_first_from_the_leader_that_rests_on_them() {
    let mut stage = pending(3);
    let (_, parent) = stage.block(1, ROOT);
    let (header5, block5) = stage.block(5, parent);
    play(
        &mut stage,
        vec![
            step("Others are in view 5 already.", |s| s.certificate(&[0, 1, 2], nullify(4)), enters(5)),
            step(
                "Its leader builds on view 1: notarization and nullifications are missing.",
                |s| s.propose(5, 1, header5.clone()),
                Expected { fetches: vec![(1, Some(0)), (2, Some(0)), (3, Some(0))], ..nothing() },
            ),
            step(
                "The parent's notarization comes; nothing is asked for twice.",
                |s| s.certificate(&[0, 1, 2], notarize(1, 0, parent)),
                nothing(),
            ),
            step("One view between is nullified.", |s| s.certificate(&[0, 1, 2], nullify(3)), nothing()),
            step(
                "A verdict before the parent is justified counts for nothing.",
                |s| s.give(valid(5, block5)),
                nothing(),
            ),
            step(
                "At the next resend what is still missing is asked for again.",
                |s| s.at(100),
                Expected { fetches: vec![(2, Some(0))], ..nothing() },
            ),
            step(
                "The last missing nullification justifies the parent.",
                |s| s.certificate(&[1, 2, 3], nullify(2)),
                nothing(),
            ),
            step("Now the verdict counts.", |s| s.give(valid(5, block5)), casts(notarize(5, 1, block5))),
        ],
    );
}

#[test]
fn a_leader_builds_on_the_newest_parent_it_can_justify() {
    let mut stage = pending(3);
    let (_, parent) = stage.block(1, ROOT);
    let _ = stage.certificate(&[0, 1, 2], notarize(1, 0, parent));
    let _ = stage.certificate(&[0, 1, 2], nullify(2));
    let outputs = stage.certificate(&[0, 1, 2], nullify(3));
    assert!(outputs.contains(&Output::Build { view: View(4), parent_view: View(1), parent }), "{outputs:?}");
    let (header, block) = stage.block(4, parent);
    let stranger = BuiltBlock { hash: block, header: stage.block(4, ROOT).0, repropose: false };
    assert_eq!(cast(&stage.give(Input::Built { view: View(4), block: stranger })), []);
    let built = BuiltBlock { hash: block, header: header.clone(), repropose: false };
    let outputs = stage.give(Input::Built { view: View(4), block: built.clone() });
    assert!(outputs.contains(&Output::Sign { statement: notarize(4, 1, block), header: Some(header) }));
    assert_eq!(cast(&stage.give(Input::Built { view: View(4), block: built })), [], "proposed once");
}

#[test]
fn a_leader_that_misses_certificates_asks_for_them_before_it_builds() {
    let mut stage = pending(3);
    let outputs = stage.certificate(&[0, 1, 2], nullify(3));
    assert_eq!(entered(&outputs), [4]);
    assert_eq!(fetched(&outputs), [(2, None)]);
    assert_eq!(fetched(&stage.certificate(&[0, 1, 2], nullify(2))), [(1, None)]);
    let outputs = stage.certificate(&[0, 1, 2], nullify(1));
    assert!(outputs.contains(&Output::Build { view: View(4), parent_view: View(0), parent: ROOT }));
}

#[test]
fn the_last_block_of_an_epoch_is_proposed_again_under_its_own_hash() {
    let mut stage = pending(3);
    let (last, block) = stage.block(1, ROOT);
    let _ = stage.certificate(&[0, 1, 2], notarize(1, 0, block));
    let outputs = stage.propose(2, 1, last.clone());
    let validate = Output::Validate { view: View(2), block, header: last.clone(), parent_view: View(1), parent: block };
    assert!(outputs.contains(&validate), "{outputs:?}");
    assert_eq!(cast(&stage.give(valid(2, block))), [notarize(2, 1, block)]);
    let outputs = stage.certificate(&[0, 1, 2], notarize(2, 1, block));
    assert_eq!(entered(&outputs), [3]);
    // The same block may be finalized in both views: it says the same.
    assert_eq!(cast(&stage.available(block)), [finalize(1, block), finalize(2, block)]);
}

#[test]
fn a_reproposal_of_anything_but_the_justified_parent_is_given_up() {
    let mut stage = pending(3);
    let (other, _) = stage.block(1, Hash32([9; 32]));
    let (_, block) = stage.block(1, ROOT);
    let _ = stage.certificate(&[0, 1, 2], notarize(1, 0, block));
    assert_eq!(cast(&stage.propose(2, 1, other)), [nullify(2)]);
}

#[test]
fn a_reproposal_over_views_that_are_not_nullified_is_not_voted_for() {
    let mut stage = pending(3);
    let (last, block) = stage.block(1, ROOT);
    let _ = stage.certificate(&[0, 1, 2], notarize(1, 0, block));
    let (header2, block2) = stage.block(2, block);
    let _ = stage.propose(2, 1, header2);
    let _ = stage.certificate(&[0, 1, 2], notarize(2, 1, block2));
    let outputs = stage.propose(3, 1, last);
    assert_eq!(fetched(&outputs), [(2, Some(2))]);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Validate { .. })));
}

#[test]
fn nothing_is_proposed_or_voted_at_or_below_the_floor() {
    let mut stage = pending(0);
    let mut low = pending(3);
    let floor = Input::Floor { epoch: types::Epoch(0), view: View(2) };
    let _ = low.give(floor.clone());
    let (header, block) = low.block(1, ROOT);
    let _ = low.propose(1, 0, header);
    assert_eq!(cast(&low.give(valid(1, block))), []);
    assert_eq!(cast(&low.at(1_000)), []);
    let _ = low.available(block);
    assert_eq!(cast(&low.certificate(&[0, 1, 2], notarize(1, 0, block))), []);
    let _ = low.certificate(&[0, 1, 2], nullify(2));
    let built = BuiltBlock { hash: block, header: stage.block(1, ROOT).0, repropose: false };
    let _ = stage.give(floor);
    assert_eq!(cast(&stage.give(Input::Built { view: View(1), block: built })), []);
    // Above it, votes go on.
    let third = low.at(9_000);
    assert_eq!(cast(&third), [nullify(3)]);
}

#[test]
fn a_leader_unheard_for_long_is_skipped_at_once_if_a_quorum_was_heard() {
    let mut stage = pending(3);
    // Validator 0 leads views 1, 5, 9, 13 and says nothing.
    for view in 1..12 {
        let outputs = stage.certificate(&[1, 2, 3], nullify(view));
        assert_eq!(cast(&outputs), [], "view {}", view + 1);
    }
    let outputs = stage.certificate(&[1, 2, 3], nullify(12));
    assert_eq!(cast(&outputs), [nullify(13)]);
    assert_eq!(stage.engine.leader(View(13)), ValidatorIndex(0));
}

#[test]
fn after_missing_many_views_nobody_is_taken_for_silent() {
    let mut stage = pending(3);
    let outputs = stage.certificate(&[1, 2, 3], nullify(400));
    assert_eq!((stage.leader(401), entered(&outputs), cast(&outputs)), (0, vec![401], vec![]));
}

#[test]
fn a_node_outside_the_set_follows_and_says_nothing() {
    let set = harness::set_of(&[1, 1, 1, 1]);
    let (mut engine, _) = consensus::Engine::new(harness::CONFIG, &harness::start(&set), types::TimeMs(0));
    assert_eq!(engine.own_index(), None);
    let certificate = harness::certify(&set, &[0, 1, 2], finalize(5, ROOT));
    let outputs = engine.step(types::TimeMs(1), Input::Certificate { certificate, route: consensus::Route::Own });
    assert_eq!((finalized(&outputs), entered(&outputs)), (vec![ROOT], vec![6]));
    let outputs = engine.step(types::TimeMs(60_000), Input::Tick);
    assert_eq!(cast(&outputs), []);
}

#[test]
fn votes_of_a_later_epoch_than_the_stores_are_not_contradicted_when_that_epoch_comes() {
    // FAULTS L8, C3: the store may lag epochs behind the log.
    let vote = VoteStatement { epoch: types::Epoch(1), ..notarize(1, 0, Hash32([7; 32])) };
    let set = harness::set_of(&[1; 4]);
    let (mut stage, outputs) = Stage::recovered(3, vec![consensus::Record::Vote(vote)], &harness::start(&set));
    assert!(harness::resent(&outputs).is_empty(), "not a vote of this epoch");
    let next = consensus::EpochStart { epoch: types::Epoch(1), ..harness::start(&set) };
    let outputs = stage.give(Input::EnterEpoch(next));
    assert_eq!(harness::resent(&outputs), [vote], "said again, and thereby remembered");
}

/// Who is sent which certificate.
fn told(outputs: &[Output]) -> Vec<(VoteStatement, Vec<u16>)> {
    let sent = outputs.iter().filter_map(|output| match output {
        Output::Send { certificate, to } => {
            Some((certificate.statement, to.iter().map(|peer| harness::place(*peer)).collect()))
        }
        _ => None,
    });
    sent.collect()
}

#[test]
fn how_a_view_ended_is_told_to_those_who_have_not_shown_that_they_know() {
    let mut stage = pending(3);
    let (_, block) = stage.block(1, ROOT);
    for signer in [0, 1] {
        assert_eq!(told(&stage.vote(signer, notarize(1, 0, block))), []);
    }
    assert_eq!(told(&stage.vote(2, notarize(1, 0, block))), [], "not at once");
    // One votes finalize, one votes in the next view: both know.
    assert_eq!(told(&stage.vote(0, finalize(1, block))), []);
    assert_eq!(told(&stage.vote(1, nullify(2))), []);
    assert_eq!(told(&stage.at(3)), []);
    assert_eq!(told(&stage.at(4)), [(notarize(1, 0, block), vec![2])]);
    assert_eq!(told(&stage.at(60)), [], "once");
}

#[test]
fn a_finalization_is_told_by_the_leader_of_its_view() {
    for (own, leads) in [(3, false), (0, true)] {
        let mut stage = pending(own);
        let (_, block) = stage.block(1, ROOT);
        let outputs = stage.certificate(&[0, 1, 2], finalize(1, block));
        assert_eq!(finalized(&outputs), [block]);
        let others: Vec<u16> = (1..4).collect();
        let expected = if leads { vec![(finalize(1, block), others)] } else { vec![] };
        assert_eq!(told(&outputs), expected);
    }
}
