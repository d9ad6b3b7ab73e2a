//! The faults of `docs/FAULTS.md` that end in the engine, and the pitfalls that other nodes fell into, a test each.
//! The engine is validator 3 of four equal ones; the leaders of views 1, 2, 3, 4, 5 are 0, 1, 2, 3, 0.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::sync::Arc;

use consensus::limits::CHECK_DELAY_MS;
use consensus::{
    BuiltBlock, CertificateRequest, EpochStart, Input, KindSet, Misconduct, Output, PeerToken, Record, Resend, Route,
    Ticket, Verdict, WorkState, verify,
};
use harness::{
    ROOT, SCHEME, Stage, cast, certify, direct, entered, fetched, finalize, finalized, notarize, nullify, peer, resent,
    set_of, set_with, sign, start,
};
use types::{Certificate, Epoch, Hash32, ValidatorIndex, View, VoteKind};

const BLOCK: Hash32 = Hash32([5; 32]);
const OTHER: Hash32 = Hash32([6; 32]);

fn given_up() -> Stage {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.give(Input::Work(WorkState::Pending));
    assert_eq!(cast(&stage.at(200)), [nullify(1)]);
    stage
}

fn ask(stage: &mut Stage, epoch: u64, view: u64, kinds: KindSet) -> Vec<Certificate> {
    let request = CertificateRequest { epoch: Epoch(epoch), view: View(view), kinds };
    let outputs = stage.give(Input::Asked { peer_token: PeerToken(77), request });
    let answer = outputs.into_iter().find_map(|output| match output {
        Output::Answer { peer_token: PeerToken(77), certificates, .. } => Some(certificates),
        _ => None,
    });
    answer.expect("every question is answered")
}

// FAULTS L1
#[test]
fn a_quorum_that_crashed_after_nullify_is_complete_again_because_own_votes_count_at_home() {
    let (mut stage, outputs) = given_up().restart();
    assert_eq!(resent(&outputs), [nullify(1)], "at once after the restart");
    assert_eq!(entered(&stage.vote(0, nullify(1))), []);
    assert_eq!(entered(&stage.vote(1, nullify(1))), [2], "two of the others and this one are a quorum");
}

// FAULTS L2, L3, C8
#[test]
fn a_node_that_holds_the_nullification_still_takes_the_notarization_and_gives_both_to_others() {
    for first_nullified in [true, false] {
        let (mut stage, _) = Stage::new(3);
        let both = [nullify(1), notarize(1, 0, BLOCK)];
        let order = if first_nullified { [both[0], both[1]] } else { [both[1], both[0]] };
        for statement in order {
            let _ = stage.certificate(&[0, 1, 2], statement);
        }
        assert_eq!(stage.engine.view(), View(2));
        assert_eq!(ask(&mut stage, 0, 1, KindSet::ALL).len(), 2);
        assert_eq!(ask(&mut stage, 0, 1, KindSet::of(&[VoteKind::Nullify])).len(), 1);
        // Whichever of the two a leader builds on, the node follows.
        let (on_block, _) = stage.block(2, BLOCK);
        let outputs = stage.propose(2, 1, on_block);
        assert!(outputs.iter().any(|output| matches!(output, Output::Validate { .. })), "{outputs:?}");
    }
}

// FAULTS L2
#[test]
fn nodes_split_between_notarization_and_nullification_heal_through_the_leader() {
    for (have, missing) in [(nullify(1), notarize(1, 0, BLOCK)), (notarize(1, 0, BLOCK), nullify(1))] {
        let (mut stage, _) = Stage::new(3);
        let _ = stage.certificate(&[0, 1, 2], have);
        // Whoever moved the log's floor meanwhile needs them all the same.
        let _ = stage.give(Input::Floor { epoch: Epoch(0), view: View(1) });
        let (parent_view, parent) = if missing.kind == VoteKind::Notarize { (1, BLOCK) } else { (0, ROOT) };
        let (header, block) = stage.block(2, parent);
        let outputs = stage.propose(2, parent_view, header);
        assert_eq!(fetched(&outputs), [(1, Some(1))], "first from the leader of view 2, below the floor");
        let outputs = stage.certificate(&[0, 1, 2], missing);
        assert!(outputs.iter().any(|output| matches!(output, Output::Validate { .. })));
        let verdict = Input::Verdict { view: View(2), block, verdict: Verdict::Valid };
        assert_eq!(cast(&stage.give(verdict)), [notarize(2, parent_view, block)]);
    }
}

// FAULTS L5, L11, C7
#[test]
fn a_log_whose_old_part_was_dropped_is_no_obstacle() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let log = vec![Record::Certificate(certify(&set, &[0, 1, 2], notarize(901, 900, BLOCK)))];
    let pruned = EpochStart { root: OTHER, root_view: View(900), floor: View(890), ..start(&set) };
    let (mut back, outputs) = Stage::recovered(3, log, &pruned);
    assert_eq!(entered(&outputs), [902]);
    assert_eq!(cast(&back.available(BLOCK)), [finalize(901, BLOCK)]);
    // One that was away for long jumps by any certificate, and asks only for what a proposal rests on.
    assert_eq!(entered(&stage.certificate(&[0, 1, 2], notarize(5_000, 4_999, BLOCK))), [5_001]);
}

// FAULTS L6, C4
#[test]
fn after_nullify_no_path_leads_to_finalize() {
    let mut stage = given_up();
    let _ = stage.available(BLOCK);
    let mut outputs = stage.certificate(&[0, 1, 2], notarize(1, 0, BLOCK));
    outputs.extend(stage.available(BLOCK));
    for now in (300..5_000).step_by(100) {
        outputs.extend(stage.at(now));
    }
    let _ = stage.give(Input::Floor { epoch: Epoch(0), view: View(1) });
    outputs.extend(stage.certificate(&[0, 1, 2], notarize(1, 0, BLOCK)));
    outputs.extend(stage.available(BLOCK));
    let (mut back, first) = stage.restart();
    outputs.extend(first);
    outputs.extend(back.available(BLOCK));
    outputs.extend(back.certificate(&[0, 1, 3], notarize(1, 0, BLOCK)));
    outputs.extend(back.at(1_000));
    let said = cast(&outputs).into_iter().chain(resent(&outputs));
    assert!(said.into_iter().all(|statement| statement.kind != VoteKind::Finalize || statement.view != View(1)));
}

// FAULTS L7
#[test]
fn recovery_takes_the_highest_view_not_the_last_record_and_has_its_timers() {
    let set = set_of(&[1, 1, 1, 1]);
    let log = vec![
        Record::Vote(nullify(7)),
        Record::Certificate(certify(&set, &[0, 1, 2], nullify(6))),
        Record::Vote(nullify(2)),
        Record::Certificate(certify(&set, &[0, 1, 2], nullify(1))),
    ];
    let (mut stage, outputs) = Stage::recovered(3, log, &start(&set));
    assert_eq!(entered(&outputs), [7]);
    assert_eq!(resent(&outputs), [nullify(7)]);
    assert!(outputs.iter().any(|output| matches!(output, Output::WakeAt(_))));
    assert_eq!(resent(&stage.at(100)), [nullify(7)], "and again at every interval");
}

// FAULTS L8, C5
#[test]
fn records_of_another_epoch_say_nothing_about_this_one() {
    let old = given_up();
    let fresh = EpochStart { epoch: Epoch(1), ..start(&old.set) };
    let (mut stage, outputs) = Stage::recovered(3, old.log, &fresh);
    assert_eq!((entered(&outputs), resent(&outputs)), (vec![1], vec![]));
    let _ = stage.give(Input::Work(WorkState::Pending));
    let votes = cast(&stage.at(200));
    assert_eq!(votes.iter().map(|vote| (vote.epoch, vote.view)).collect::<Vec<_>>(), [(Epoch(1), View(1))]);
}

// FAULTS L9, C13
#[test]
fn certificates_played_again_cost_no_memory_and_no_job() {
    let (mut stage, _) = Stage::new(3);
    for view in 1..600 {
        let _ = stage.certificate(&[0, 1, 2], finalize(view, BLOCK));
    }
    // Validator 3 never signed this, which is told once.
    let _ = stage.certificate(&[1, 2, 3], nullify(1));
    let before = format!("{:?}", stage.engine).len();
    for view in (1..600).chain(1..600) {
        for statement in [finalize(view, BLOCK), notarize(view, view - 1, OTHER), nullify(view)] {
            let outputs = stage.certificate(&[1, 2, 3], statement);
            assert!(outputs.is_empty(), "{outputs:?}");
        }
    }
    assert_eq!(format!("{:?}", stage.engine).len(), before);
}

// FAULTS L13
#[test]
fn every_question_gets_its_answer() {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.certificate(&[0, 1, 2], nullify(1));
    let _ = stage.certificate(&[0, 1, 2], finalize(9, BLOCK));
    assert_eq!(ask(&mut stage, 0, 1, KindSet::ALL).len(), 2, "what is kept, and that it is final");
    assert_eq!(ask(&mut stage, 0, 5, KindSet::of(&[VoteKind::Nullify])).len(), 1, "that it is final");
    assert_eq!(ask(&mut stage, 0, 9, KindSet::of(&[VoteKind::Finalize])).len(), 1);
    assert_eq!(ask(&mut stage, 0, 10, KindSet::ALL), []);
    assert_eq!(ask(&mut stage, 3, 1, KindSet::ALL), [], "another epoch: the store knows");
    assert_eq!(ask(&mut stage, 0, u64::MAX, KindSet::ALL), []);
}

// FAULTS L14
#[test]
fn a_node_one_view_behind_is_told_by_every_resend_and_asks_by_itself() {
    let (mut ahead, _) = Stage::new(2);
    let _ = ahead.certificate(&[0, 1, 2], nullify(1));
    let again = ahead.at(100).into_iter().find_map(|output| match output {
        Output::Resend(again) => Some(again),
        _ => None,
    });
    let certificate = again.unwrap().into_iter().find_map(|one| match one {
        Resend::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let (mut behind, _) = Stage::new(3);
    let _ = behind.give(Input::Work(WorkState::Pending));
    let asked: Vec<_> = (1..=5).flat_map(|times| fetched(&behind.at(times * 100))).collect();
    assert!(asked.contains(&(1, None)), "{asked:?}");
    let input = Input::Certificate { certificate: certificate.unwrap(), route: Route::Relayed };
    assert_eq!(entered(&behind.give(input)), [2]);
}

// FAULTS L17
#[test]
fn what_one_node_calls_evidence_every_other_verifies() {
    let mut seen = 0;
    let pairs = [
        (notarize(1, 0, BLOCK), notarize(1, 0, OTHER)),
        (finalize(1, BLOCK), finalize(1, OTHER)),
        (finalize(1, BLOCK), nullify(1)),
        (nullify(1), finalize(1, BLOCK)),
    ];
    for (first, second) in pairs {
        let (mut stage, _) = Stage::new(3);
        let _ = stage.vote(2, first);
        let outputs = stage.vote(2, second);
        for output in &outputs {
            if let Output::Evidence(evidence) = output {
                assert_eq!(
                    consensus::Evidence::of(evidence.second, evidence.first).map(|same| same.signer()),
                    Some(evidence.signer())
                );
                assert!(
                    [evidence.first, evidence.second].iter().all(|vote| verify::vote_holds(&stage.set, vote, &SCHEME))
                );
                seen += 1;
            }
        }
        assert!(outputs.contains(&Output::Punish { peer: peer(2), why: Misconduct::Equivocation }));
        // A contradiction that one of the two signatures does not prove is none.
        let (mut stage, _) = Stage::new(3);
        let _ = stage.vote(2, first);
        let mut unproven = sign(&stage.set, ValidatorIndex(2), second);
        unproven.signature.0[9] ^= 1;
        let outputs = stage.give(Input::Vote { vote: unproven, route: direct(2) });
        assert!(!outputs.iter().any(|output| matches!(output, Output::Evidence(_))));
    }
    assert_eq!(seen, pairs.len());
}

#[test]
fn notarize_and_then_nullify_is_no_evidence() {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.vote(2, notarize(1, 0, BLOCK));
    let outputs = stage.vote(2, nullify(1));
    assert!(!outputs.iter().any(|output| matches!(output, Output::Evidence(_) | Output::Punish { .. })));
}

// FAULTS C1
#[test]
fn an_equivocating_leader_gets_no_vote_and_two_notarizations_are_no_panic() {
    let (mut stage, _) = Stage::new(3);
    let (header, block) = stage.block(1, ROOT);
    let mut second = header.clone();
    second.time = types::TimeMs(99);
    let second_block = harness::hash_of(&second);
    let _ = stage.propose(1, 0, header);
    let outputs = stage.propose(1, 0, second);
    assert!(outputs.iter().any(|output| matches!(output, Output::Evidence(_))));
    let verdict = Input::Verdict { view: View(1), block, verdict: Verdict::Valid };
    assert_eq!(cast(&stage.give(verdict)), []);
    let _ = stage.available(block);
    let _ = stage.available(second_block);
    assert_eq!(cast(&stage.certificate(&[0, 1, 2], notarize(1, 0, block))), []);
    let outputs = stage.certificate(&[0, 1, 2], notarize(1, 0, second_block));
    assert_eq!((cast(&outputs), entered(&outputs)), (vec![], vec![]));
}

// FAULTS C3
#[test]
fn a_leader_that_crashed_says_the_same_again_or_nothing() {
    let (leader, first) = Stage::new(0);
    assert!(first.iter().any(|output| matches!(output, Output::Build { .. })));
    // It had said nothing: in this view it stays silent.
    let (mut silent, outputs) = leader.restart();
    assert!(!outputs.iter().any(|output| matches!(output, Output::Build { .. } | Output::Resend(_))));
    assert_eq!(entered(&silent.certificate(&[1, 2, 3], nullify(1))), [2]);
    // It had proposed: the same proposal goes out again, and no other.
    let mut leader = leader;
    let (header, hash) = leader.block(1, ROOT);
    let built = BuiltBlock { hash, header: header.clone(), repropose: false };
    let outputs = leader.give(Input::Built { view: View(1), block: built });
    let place = |wanted: fn(&Output) -> bool| outputs.iter().position(wanted).unwrap();
    assert!(
        place(|output| matches!(output, Output::Persist(Record::Proposal { .. })))
            < place(|output| matches!(output, Output::Sign { .. }))
    );
    assert!(
        place(|output| matches!(output, Output::Persist(Record::Vote(_))))
            < place(|output| matches!(output, Output::Sign { .. }))
    );
    let (_, outputs) = leader.restart();
    let again = Output::Resend(vec![Resend::Proposal { statement: notarize(1, 0, hash), header }]);
    assert!(outputs.contains(&again) && !outputs.iter().any(|output| matches!(output, Output::Build { .. })));
}

// FAULTS C11
#[test]
fn every_quorum_of_seven_finalizes_the_same() {
    let set = set_of(&[1; 7]);
    let mut quorums = 0;
    for bits in 0..1_u32 << 7 {
        let signers: Vec<u16> = (0..7).filter(|place| bits & (1 << place) != 0).collect();
        let (mut stage, _) = Stage::recovered(3, Vec::new(), &start(&set));
        let outputs = stage.certificate(&signers, finalize(4, BLOCK));
        let is_quorum = signers.len() >= 5;
        quorums += usize::from(is_quorum);
        let expected = if is_quorum { (vec![BLOCK], vec![5]) } else { (vec![], vec![]) };
        assert_eq!((finalized(&outputs), entered(&outputs)), expected, "{signers:?}");
        assert_eq!(stage.engine.finalized().1, if is_quorum { BLOCK } else { ROOT });
    }
    assert_eq!(quorums, 29);
}

// FAULTS C13
#[test]
fn floods_of_votes_leave_memory_flat() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let mut sizes = Vec::new();
    for round in 0..6_u64 {
        for number in 0..2_000_u64 {
            let seed = round * 2_000 + number;
            let block = Hash32(std::array::from_fn(|place| seed.to_le_bytes()[place % 8] | 1));
            let view = [1, 2, 9, 10, 1_000_000, 1_000_000 + seed, 0, u64::MAX][usize::try_from(seed % 8).unwrap()];
            let kinds = [notarize(view, view.saturating_sub(1), block), finalize(view, block), nullify(view)];
            let signer = ValidatorIndex(u16::try_from(seed % 3).unwrap());
            for statement in kinds {
                let mut vote = sign(&set, signer, statement);
                for route in [direct(signer.0), Route::Relayed, direct(99)] {
                    let _ = stage.engine.step(types::TimeMs(0), Input::Vote { vote, route });
                }
                vote.signer = ValidatorIndex(4 + u16::try_from(seed % 60_000).unwrap());
                let _ = stage.engine.step(types::TimeMs(0), Input::Vote { vote, route: Route::Relayed });
            }
            let mut certificate = certify(&set, &[0, 1, 2], nullify(seed + 1));
            certificate.signature.0[7] ^= 1;
            for route in [Route::Relayed, direct(signer.0)] {
                let _ =
                    stage.engine.step(types::TimeMs(0), Input::Certificate { certificate: certificate.clone(), route });
            }
        }
        sizes.push(format!("{:?}", stage.engine).len());
    }
    assert!(sizes[0] < 2_000_000, "{sizes:?}");
    assert!(sizes[5] <= sizes[0] + sizes[0] / 10, "{sizes:?}");
    assert_eq!(stage.engine.view(), View(1));
}

// FAULTS C13
#[test]
fn one_bad_signature_in_a_quorum_is_found_and_its_sender_verified_first_from_then_on() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let mut bad = sign(&set, ValidatorIndex(0), notarize(1, 0, BLOCK));
    bad.signature.0[3] ^= 1;
    let by_own_stream = |vote| Input::Vote { vote, route: direct(0) };
    let _ = stage.give(by_own_stream(bad));
    let _ = stage.vote(1, notarize(1, 0, BLOCK));
    let outputs = stage.vote(2, notarize(1, 0, BLOCK));
    assert!(outputs.contains(&Output::Punish { peer: peer(0), why: Misconduct::BadSignature }));
    assert_eq!(entered(&outputs), []);
    let outputs = stage.give(by_own_stream(bad));
    assert!(matches!(&outputs[0], Output::Verify { job: verify::VerifyJob::Votes { .. }, .. }), "{outputs:?}");
    assert_eq!(
        entered(&stage.give(by_own_stream(sign(&set, ValidatorIndex(0), notarize(1, 0, BLOCK))))),
        [2],
        "a good one still counts"
    );
}

#[test]
fn a_relayed_vote_is_verified_before_it_can_take_anybodys_place() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    for block in 1..100 {
        let mut forged = sign(&set, ValidatorIndex(0), notarize(1, 0, Hash32([block; 32])));
        forged.signature.0[3] ^= 1;
        let outputs = stage.give(Input::Vote { vote: forged, route: Route::Relayed });
        assert!(!outputs.iter().any(|output| matches!(output, Output::Punish { .. } | Output::Evidence(_))));
    }
    for signer in [0, 1] {
        let _ = stage.vote(signer, notarize(1, 0, BLOCK));
    }
    assert_eq!(entered(&stage.vote(2, notarize(1, 0, BLOCK))), [2]);
}

// FAULTS C14
#[test]
fn a_block_whose_body_is_withheld_is_fetched_and_not_finalized_by_this_node() {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.give(Input::Work(WorkState::Pending));
    let (header, block) = stage.block(1, ROOT);
    let _ = stage.propose(1, 0, header);
    let leader = Some(peer(0));
    assert!(stage.at(100).contains(&Output::FetchBlock { block, first_from: leader }), "of the proposal");
    assert_eq!(cast(&stage.at(300)), [nullify(1)], "and the view is given up in time");
    let outputs = stage.certificate(&[0, 1, 2], notarize(1, 0, block));
    assert!(outputs.contains(&Output::FetchBlock { block, first_from: leader }), "because others hold it");
    let outputs = stage.certificate(&[0, 1, 2], notarize(2, 1, BLOCK));
    assert_eq!(cast(&outputs), []);
    assert_eq!(cast(&stage.available(BLOCK)), [finalize(2, BLOCK)]);
}

// FAULTS C19
#[test]
fn an_epochs_votes_count_only_against_its_own_set() {
    let (mut stage, _) = Stage::new(3);
    let next = set_with(&[1, 1, 1, 1, 1, 1, 1], 4);
    let of_next = |signer: u16, kind| {
        let mut statement = if kind == VoteKind::Nullify { nullify(1) } else { notarize(1, 0, BLOCK) };
        statement.epoch = Epoch(1);
        sign(&next, ValidatorIndex(signer), statement)
    };
    // Early votes of the next epoch wait, and tell that this node is behind.
    for signer in 0..4 {
        let vote = of_next(signer, VoteKind::Nullify);
        let outputs = stage.give(Input::Vote { vote, route: direct(signer) });
        assert_eq!(fetched(&outputs).len(), usize::from(signer == 0));
    }
    let enter = EpochStart { epoch: Epoch(1), set: Arc::clone(&next), root: OTHER, root_view: View(0), floor: View(0) };
    let outputs = stage.give(Input::EnterEpoch(enter.clone()));
    assert!(matches!(outputs[0], Output::Persist(Record::Epoch { epoch: Epoch(1), root: OTHER })));
    assert_eq!(stage.engine.own_index(), None, "its key is not in the new set");
    stage.set = Arc::clone(&next);
    let vote = of_next(4, VoteKind::Nullify);
    let input = Input::Vote { vote, route: direct(4) };
    assert_eq!(entered(&stage.give(input)), [2], "four that waited and a fifth are a quorum of seven");
    // The old set has no say any more, and no epoch is entered twice.
    let old = set_of(&[1, 1, 1, 1]);
    for epoch in [0, 1] {
        let mut statement = finalize(5, BLOCK);
        statement.epoch = Epoch(epoch);
        let certificate = certify(&old, &[0, 1, 2], statement);
        assert_eq!(finalized(&stage.give(Input::Certificate { certificate, route: Route::Relayed })), []);
    }
    assert_eq!(entered(&stage.give(Input::EnterEpoch(enter))), []);
}

#[test]
fn an_answer_nobody_waits_for_and_a_vote_never_cast_are_nothing() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let answer = verify::VerifyAnswer::Certificates(vec![true; 9]);
    assert_eq!(stage.give(Input::Verified { ticket: Ticket(1), answer }), []);
    let _ = stage.vote(0, notarize(1, 0, BLOCK));
    let _ = stage.vote(1, notarize(1, 0, BLOCK));
    let vote = sign(&set, ValidatorIndex(3), notarize(1, 0, BLOCK));
    assert_eq!(entered(&stage.give(Input::Signed { vote })), []);
    assert_eq!(entered(&stage.vote(2, notarize(1, 0, BLOCK))), [2], "the third vote is somebody else's");
}

// FAULTS L7, C5
#[test]
fn an_own_vote_alone_tells_how_far_this_node_had_come() {
    let set = set_of(&[1, 1, 1, 1]);
    for (vote, view) in [(nullify(7), 7), (notarize(7, 3, BLOCK), 7), (finalize(7, BLOCK), 8)] {
        let (_, outputs) = Stage::recovered(3, vec![Record::Vote(vote)], &start(&set));
        assert_eq!(entered(&outputs), [view], "{vote:?}");
    }
}

#[test]
fn what_cannot_be_a_proposal_is_refused() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let (good, hash) = stage.block(1, ROOT);
    let mut wrong = vec![
        ("a vote for another block", good.clone(), notarize(1, 0, BLOCK), 0, hash),
        ("a proposal by somebody else", good.clone(), notarize(1, 0, hash), 2, hash),
        ("a nullify vote", good.clone(), nullify(1), 0, hash),
    ];
    let changed = |change: fn(&mut types::Header)| {
        let mut header = good.clone();
        change(&mut header);
        header
    };
    for (name, header) in [
        ("a header of another epoch", changed(|header| header.epoch = Epoch(1))),
        ("a header of a later view", changed(|header| header.view = View(2))),
        ("a header of view 0", changed(|header| header.view = View(0))),
        ("a header of another proposer", changed(|header| header.proposer = ValidatorIndex(1))),
    ] {
        let hash = harness::hash_of(&header);
        wrong.push((name, header, notarize(1, 0, hash), 0, hash));
    }
    for (name, header, statement, signer, hash) in wrong {
        let signer = ValidatorIndex(signer);
        let proposal = types::Proposal { vote: sign(&set, signer, statement), header };
        let outputs = stage.give(Input::Proposal { proposal, hash, route: direct(signer.0) });
        assert_eq!(outputs, [Output::Punish { peer: peer(signer.0), why: Misconduct::BadProposal }], "{name}");
    }
    let outputs = stage.propose(1, 0, good);
    assert!(outputs.iter().any(|output| matches!(output, Output::Validate { .. })), "the right one is still taken");
}

#[test]
fn a_proposal_below_finality_is_given_up_at_once() {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.certificate(&[0, 1, 2], finalize(5, BLOCK));
    let (header, _) = stage.block(6, ROOT);
    assert_eq!(cast(&stage.propose(6, 0, header)), [nullify(6)]);
}

// FAULTS C9
#[test]
fn whoever_forged_a_certificate_is_not_listened_to_for_another() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let mut forged = certify(&set, &[0, 1, 2], nullify(1));
    forged.signature.0[4] ^= 1;
    let short = certify(&set, &[0, 1], nullify(1));
    for (signer, forgery) in [(ValidatorIndex(1), forged), (ValidatorIndex(2), short)] {
        let by_own_stream = |certificate| Input::Certificate { certificate, route: direct(signer.0) };
        let outputs = stage.give(by_own_stream(forgery.clone()));
        assert!(
            outputs.contains(&Output::Punish { peer: peer(signer.0), why: Misconduct::BadCertificate }),
            "{outputs:?}"
        );
        assert_eq!(stage.give(by_own_stream(forgery)), [], "no second job");
    }
    assert_eq!(entered(&stage.certificate(&[0, 1, 2], nullify(1))), [2], "others are");
}

// FAULTS C13
#[test]
fn a_vote_by_another_validators_stream_is_verified_first() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let mut forged = sign(&set, ValidatorIndex(0), notarize(1, 0, BLOCK));
    forged.signature.0[3] ^= 1;
    let outputs = stage.give(Input::Vote { vote: forged, route: direct(1) });
    assert!(matches!(&outputs[0], Output::Verify { job: verify::VerifyJob::Votes { .. }, .. }), "{outputs:?}");
    let outputs = stage.vote(0, notarize(1, 0, OTHER));
    assert!(!outputs.iter().any(|output| matches!(output, Output::Evidence(_) | Output::Verify { .. })));
}

#[test]
fn a_quorum_is_checked_once_while_more_votes_come() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let mut jobs = 0;
    for signer in [0, 1, 2, 3].map(ValidatorIndex) {
        let vote = sign(&set, signer, notarize(1, 0, BLOCK));
        let outputs = stage.engine.step(types::TimeMs(0), Input::Vote { vote, route: direct(signer.0) });
        let is_sum = |output: &&Output| matches!(output, Output::Verify { job: verify::VerifyJob::Quorums { .. }, .. });
        jobs += outputs.iter().filter(is_sum).count();
    }
    assert_eq!(jobs, 1);
}

// FAULTS C19
#[test]
fn a_job_of_the_epoch_before_says_nothing_about_the_next() {
    let (mut stage, _) = Stage::new(3);
    let set = Arc::clone(&stage.set);
    let mut jobs = Vec::new();
    for block in [BLOCK, OTHER] {
        let vote = sign(&set, ValidatorIndex(0), notarize(1, 0, block));
        let input = Input::Vote { vote, route: direct(0) };
        jobs.extend(stage.engine.step(types::TimeMs(0), input));
    }
    let certificate = certify(&set, &[0, 1, 2], nullify(1));
    jobs.extend(stage.engine.step(types::TimeMs(0), Input::Certificate { certificate, route: Route::Relayed }));
    let enter = EpochStart { epoch: Epoch(1), ..start(&set) };
    let _ = stage.give(Input::EnterEpoch(enter));
    let old = Input::Vote { vote: sign(&set, ValidatorIndex(2), nullify(1)), route: direct(2) };
    let before = format!("{:?}", stage.engine);
    assert_eq!(stage.give(old), []);
    let mut answered = 0;
    for output in jobs {
        if let Output::Verify { ticket, job } = output {
            assert_eq!(stage.give(Input::Verified { ticket, answer: verify::run(&job, &SCHEME) }), []);
            answered += 1;
        }
    }
    assert_eq!((answered, format!("{:?}", stage.engine)), (2, before), "evidence and certificate");
}

#[test]
fn of_many_certificates_for_one_view_one_is_verified() {
    let (mut stage, _) = Stage::new(0);
    let set = Arc::clone(&stage.set);
    let quorums: [&[u16]; 4] = [&[0, 1, 2], &[1, 2, 3], &[0, 2, 3], &[0, 1, 2, 3]];
    let mut jobs = Vec::new();
    for signers in quorums {
        let certificate = certify(&set, signers, nullify(1));
        let outputs = stage.engine.step(types::TimeMs(0), Input::Certificate { certificate, route: Route::Relayed });
        jobs.extend(outputs.into_iter().filter_map(|output| match output {
            Output::Verify { ticket, job } => Some((ticket, job)),
            _ => None,
        }));
    }
    let (ticket, job) = jobs.pop().unwrap();
    assert!(jobs.is_empty(), "the others wait for the first");
    let outputs = stage.give(Input::Verified { ticket, answer: verify::run(&job, &SCHEME) });
    assert_eq!(entered(&outputs), [2]);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Verify { .. })), "and are not needed then");
}

/// The checks that an input starts, unanswered.
fn checks(stage: &mut Stage, input: Input) -> Vec<(Ticket, verify::VerifyJob)> {
    let outputs = stage.engine.step(types::TimeMs(0), input).into_iter();
    let check = |output| match output {
        Output::Verify { ticket, job } => Some((ticket, job)),
        _ => None,
    };
    outputs.filter_map(check).collect()
}

fn direct_vote(stage: &Stage, signer: u16, statement: types::VoteStatement) -> Input {
    let signer = ValidatorIndex(signer);
    Input::Vote { vote: sign(&stage.set, signer, statement), route: direct(signer.0) }
}

#[test]
fn a_certificate_waits_for_the_check_of_own_votes_of_its_view() {
    let (mut stage, _) = Stage::new(3);
    let certificate = certify(&stage.set, &[0, 1, 2], nullify(1));
    let mut jobs = Vec::new();
    for signer in [0, 1, 2] {
        let vote = direct_vote(&stage, signer, nullify(1));
        jobs.extend(checks(&mut stage, vote));
    }
    jobs.extend(checks(&mut stage, Input::Certificate { certificate, route: direct(0) }));
    let (ticket, job) = jobs.pop().unwrap();
    assert!(jobs.is_empty() && matches!(job, verify::VerifyJob::Quorums { .. }), "{job:?}");
    let outputs = stage.give(Input::Verified { ticket, answer: verify::run(&job, &SCHEME) });
    assert_eq!(entered(&outputs), [2]);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Verify { .. })), "it is not needed any more");
}

#[test]
fn a_certificate_is_checked_when_own_votes_were_no_quorum() {
    let (mut stage, _) = Stage::new(3);
    let certificate = certify(&stage.set, &[0, 1, 2], nullify(1));
    let mut jobs = Vec::new();
    for signer in [0, 1, 2] {
        let Input::Vote { mut vote, route } = direct_vote(&stage, signer, nullify(1)) else { unreachable!() };
        vote.signature.0[7] ^= u8::from(signer == 1);
        jobs.extend(checks(&mut stage, Input::Vote { vote, route }));
    }
    assert_eq!(checks(&mut stage, Input::Certificate { certificate, route: Route::Relayed }), []);
    let (ticket, job) = jobs.pop().unwrap();
    let outputs = stage.give(Input::Verified { ticket, answer: verify::run(&job, &SCHEME) });
    assert_eq!(entered(&outputs), [2], "by the certificate");
}

#[test]
fn own_votes_wait_for_a_certificate_of_their_view_and_are_checked_when_it_is_forged() {
    for is_forged in [false, true] {
        let (mut stage, _) = Stage::new(3);
        let mut certificate = certify(&stage.set, &[0, 1, 2], nullify(1));
        certificate.signature.0[4] ^= u8::from(is_forged);
        let mut jobs = checks(&mut stage, Input::Certificate { certificate, route: Route::Relayed });
        for signer in [0, 1, 2] {
            let vote = direct_vote(&stage, signer, nullify(1));
            jobs.extend(checks(&mut stage, vote));
        }
        let (ticket, job) = jobs.pop().unwrap();
        assert!(jobs.is_empty() && matches!(job, verify::VerifyJob::Certificates { .. }), "{job:?}");
        let answer = Input::Verified { ticket, answer: verify::run(&job, &SCHEME) };
        let follow_up = stage.engine.step(types::TimeMs(0), answer);
        let checked_now = follow_up.iter().filter(|output| matches!(output, Output::Verify { .. })).count();
        assert_eq!((entered(&follow_up).len(), checked_now), if is_forged { (0, 1) } else { (1, 0) });
    }
}

/// Whether an input decides a block, before any check is answered.
fn decides(stage: &mut Stage, input: Input) -> Vec<Hash32> {
    let outputs = stage.engine.step(types::TimeMs(0), input).into_iter();
    let decided = |output| match output {
        Output::Decided { block, .. } => Some(block),
        _ => None,
    };
    outputs.filter_map(decided).collect()
}

#[test]
fn a_quorum_of_finalize_votes_over_own_streams_decides_once_before_it_is_checked() {
    let (mut stage, _) = Stage::new(3);
    let mut decided = Vec::new();
    for signer in [0, 1, 2, 3] {
        let vote = direct_vote(&stage, signer, finalize(1, BLOCK));
        decided.push(decides(&mut stage, vote));
    }
    assert_eq!(decided, [vec![], vec![], vec![BLOCK], vec![]], "with the third, and once");
}

/// What the jobs of these outputs are about.
fn statements(jobs: &[(Ticket, verify::VerifyJob)]) -> Vec<types::VoteStatement> {
    let quorums = jobs.iter().filter_map(|(_, job)| match job {
        verify::VerifyJob::Quorums { quorums, .. } => Some(quorums),
        _ => None,
    });
    quorums.flatten().map(|quorum| quorum.statement).collect()
}

#[test]
fn the_check_of_a_decided_view_is_shared_with_the_next_quorum() {
    let (mut stage, _) = Stage::new(3);
    for signer in [0, 1, 2] {
        let vote = direct_vote(&stage, signer, finalize(1, BLOCK));
        assert_eq!(checks(&mut stage, vote), [], "nothing waits for it");
    }
    // A certificate by others is not checked either: it would be a check of its own.
    let certificate = certify(&stage.set, &[0, 1, 2], finalize(1, BLOCK));
    assert_eq!(checks(&mut stage, Input::Certificate { certificate, route: direct(0) }), []);
    let mut jobs = Vec::new();
    for signer in [0, 1, 2] {
        let vote = direct_vote(&stage, signer, notarize(2, 1, OTHER));
        jobs.extend(checks(&mut stage, vote));
    }
    assert_eq!(jobs.len(), 1);
    assert_eq!(statements(&jobs), [notarize(2, 1, OTHER), finalize(1, BLOCK)]);
    let (ticket, job) = jobs.pop().unwrap();
    let outputs = stage.give(Input::Verified { ticket, answer: verify::run(&job, &SCHEME) });
    assert_eq!(stage.engine.finalized(), (View(1), BLOCK));
    assert_eq!(entered(&outputs), [3]);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Verify { .. })), "the certificate is known now");
}

#[test]
fn a_bad_vote_in_a_shared_check_costs_the_other_quorum_nothing() {
    let (mut stage, _) = Stage::new(3);
    for signer in [0, 1, 2] {
        let Input::Vote { mut vote, route } = direct_vote(&stage, signer, finalize(1, BLOCK)) else { unreachable!() };
        vote.signature.0[7] ^= u8::from(signer == 1);
        assert_eq!(checks(&mut stage, Input::Vote { vote, route }), []);
    }
    let mut jobs = Vec::new();
    for signer in [0, 1, 2] {
        let vote = direct_vote(&stage, signer, notarize(2, 1, OTHER));
        jobs.extend(checks(&mut stage, vote));
    }
    let (ticket, job) = jobs.pop().unwrap();
    let outputs = stage.give(Input::Verified { ticket, answer: verify::run(&job, &SCHEME) });
    assert_eq!(entered(&outputs), [3], "the notarization holds");
    assert_eq!(stage.engine.finalized().0, View(0), "two votes are left, and they are no quorum");
    // The fourth completes the quorum again: it is checked when its time comes.
    let vote = direct_vote(&stage, 3, finalize(1, BLOCK));
    let (ticket, job) = checks(&mut stage, vote).pop().unwrap();
    let _ = stage.give(Input::Verified { ticket, answer: verify::run(&job, &SCHEME) });
    let _ = stage.at(CHECK_DELAY_MS);
    assert_eq!(stage.engine.finalized(), (View(1), BLOCK));
}

#[test]
fn a_vote_by_other_hands_decides_nothing_until_it_is_verified() {
    let (mut stage, _) = Stage::new(3);
    for signer in [0, 1] {
        let vote = direct_vote(&stage, signer, finalize(1, BLOCK));
        assert_eq!(decides(&mut stage, vote), []);
    }
    let vote = sign(&stage.set, ValidatorIndex(2), finalize(1, BLOCK));
    let mut jobs = checks(&mut stage, Input::Vote { vote, route: Route::Relayed });
    let (ticket, job) = jobs.pop().unwrap();
    let answer = Input::Verified { ticket, answer: verify::run(&job, &SCHEME) };
    assert_eq!(decides(&mut stage, answer), [BLOCK]);
}

#[test]
fn what_a_certificate_has_finalized_is_not_decided_again() {
    let (mut stage, _) = Stage::new(3);
    let _ = stage.certificate(&[0, 1, 2], finalize(1, BLOCK));
    for signer in [0, 1, 2, 3] {
        let vote = direct_vote(&stage, signer, finalize(1, BLOCK));
        assert_eq!(decides(&mut stage, vote), []);
    }
}
