//! Sets that change: whoever said something is known by key, and a place in one set means nothing in the next.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::sync::Arc;

use consensus::{EpochStart, Input, Misconduct, Output, Route, Verdict, WorkState, verify};
use harness::{
    SCHEME, Stage, cast, certify, decided, direct, entered, fetched, peer, set_of_nodes, sign, start, statement,
};
use types::{Certificate, Epoch, Hash32, ValidatorIndex, ValidatorSet, View, Vote, VoteKind, VoteStatement};

const BLOCK: Hash32 = Hash32([5; 32]);
const LAST: Hash32 = Hash32([6; 32]);

/// Nodes 0 to 3 of equal power, of whom 0 goes and 4 comes: whoever stays moves down by one place.
fn before() -> Arc<ValidatorSet> {
    set_of_nodes(&[(0, 1), (1, 1), (2, 1), (3, 1)])
}

fn after() -> Arc<ValidatorSet> {
    set_of_nodes(&[(1, 1), (2, 1), (3, 1), (4, 1)])
}

fn in_next_epoch(kind: VoteKind, view: u64, block: Hash32) -> VoteStatement {
    let block = if kind == VoteKind::Nullify { Hash32::ZERO } else { block };
    VoteStatement { epoch: Epoch(1), ..statement(kind, view, 0, block) }
}

/// What a node says in the next epoch, well signed.
fn said_by(node: u16, statement: VoteStatement) -> Vote {
    let set = after();
    let signer = set.index_of_peer(&peer(node)).unwrap();
    sign(&set, signer, statement)
}

/// Node 3, still in the first epoch.
fn lagging() -> Stage {
    let (mut stage, _) = Stage::recovered(3, Vec::new(), &start(&before()));
    let _ = stage.give(Input::Work(WorkState::Pending));
    stage
}

fn turn(stage: &mut Stage) -> Vec<Output> {
    (stage.set, stage.own) = (after(), 2);
    let set = Arc::clone(&stage.set);
    stage.give(Input::EnterEpoch(EpochStart { epoch: Epoch(1), set, root: LAST, root_view: View(0), floor: View(0) }))
}

fn punished(outputs: &[Output]) -> Vec<(u16, Misconduct)> {
    let punished = outputs.iter().filter_map(|output| match output {
        Output::Punish { peer, why } => Some((harness::place(*peer), *why)),
        _ => None,
    });
    punished.collect()
}

// FAULTS HA2
#[test]
fn a_place_in_the_old_set_gives_nobody_a_voice_in_the_new_one() {
    let mut stage = lagging();
    // The members at places 0, 1 and 2 speak, each by its own stream, for whoever has its place next.
    for place in 0..3 {
        let statement = in_next_epoch(VoteKind::Finalize, 1, BLOCK);
        let mut forged = sign(&after(), ValidatorIndex(place), statement);
        forged.signature.0[3] ^= 1;
        let outputs = stage.give(Input::Vote { vote: forged, route: direct(place) });
        assert_eq!(decided(&outputs), []);
    }
    let outputs = turn(&mut stage);
    assert_eq!((decided(&outputs), punished(&outputs)), (vec![], vec![]), "three forged votes are no quorum");
    // Nor do they stand in the way of the true ones, one of which is this node's.
    let mut outputs = Vec::new();
    for node in [1, 2, 4] {
        let vote = said_by(node, in_next_epoch(VoteKind::Finalize, 1, BLOCK));
        outputs.extend(stage.give(Input::Vote { vote, route: direct(node) }));
    }
    assert_eq!((decided(&outputs), punished(&outputs)), (vec![BLOCK], vec![]));
}

// FAULTS HA2
#[test]
fn what_members_said_early_counts_for_them_at_their_new_places() {
    let mut stage = lagging();
    for node in [1, 2] {
        let vote = said_by(node, in_next_epoch(VoteKind::Notarize, 1, BLOCK));
        let outputs = stage.give(Input::Vote { vote, route: direct(node) });
        let asked: &[_] = if node == 1 { &[(1, Some(1))] } else { &[] };
        assert_eq!(fetched(&outputs), asked, "the first to be ahead is asked");
    }
    let outputs = turn(&mut stage);
    let is_single = |output: &Output| matches!(output, Output::Verify { job: verify::VerifyJob::Votes { .. }, .. });
    assert!(!outputs.iter().any(is_single), "both are believed as if they had come now");
    let vote = said_by(4, in_next_epoch(VoteKind::Notarize, 1, BLOCK));
    assert_eq!(entered(&stage.give(Input::Vote { vote, route: direct(4) })), [2]);
}

// FAULTS HA2
#[test]
fn a_forged_certificate_is_held_against_its_sender_and_not_against_who_has_the_senders_place() {
    for (sender, expected) in [(0, vec![]), (1, vec![(1, Misconduct::BadCertificate)])] {
        let mut stage = lagging();
        let mut forged = certify(&after(), &[0, 1, 2], in_next_epoch(VoteKind::Nullify, 1, BLOCK));
        forged.signature.0[3] ^= 1;
        let _ = stage.give(Input::Certificate { certificate: forged, route: direct(sender) });
        let outputs = turn(&mut stage);
        assert_eq!(punished(&outputs), expected, "node {sender}");
        assert_eq!(entered(&outputs), [1]);
        // The members that now have the places 0 and 1 are listened to.
        for node in [1, 2].into_iter().filter(|node| *node != sender) {
            let good = certify(&after(), &[0, 1, 3], in_next_epoch(VoteKind::Nullify, u64::from(node), BLOCK));
            let jobs = stage
                .engine
                .clone()
                .step(types::TimeMs(0), Input::Certificate { certificate: good, route: direct(node) });
            assert!(jobs.iter().any(|output| matches!(output, Output::Verify { .. })), "node {node} after {sender}");
        }
    }
}

// FAULTS HA2
#[test]
fn an_early_proposal_is_its_leaders_by_key_whatever_the_leaders_place_was() {
    for sender in [1, 0] {
        let mut stage = lagging();
        // Node 1 leads the first view of the new epoch, at place 0, which was node 0's.
        let header = harness::header(1, 1, 9, LAST, ValidatorIndex(0), 0);
        let hash = harness::hash_of(&header);
        let mut vote = said_by(1, in_next_epoch(VoteKind::Notarize, 1, hash));
        if sender == 0 {
            vote.signature.0[3] ^= 1;
        }
        let proposal = types::Proposal { vote, header };
        let _ = stage.give(Input::Proposal { proposal, hash, route: direct(sender) });
        let outputs = turn(&mut stage);
        let asked = outputs.iter().any(|output| matches!(output, Output::Validate { block, .. } if *block == hash));
        assert_eq!((asked, punished(&outputs)), (sender == 1, vec![]));
        let verdict = Input::Verdict { view: View(1), block: hash, verdict: Verdict::Valid };
        assert_eq!(cast(&stage.give(verdict)).len(), usize::from(sender == 1));
    }
}

// FAULTS HA2
#[test]
fn certificates_are_told_and_bodies_asked_for_by_key() {
    let mut stage = lagging();
    let _ = turn(&mut stage);
    let notarize = in_next_epoch(VoteKind::Notarize, 1, BLOCK);
    let certificate = certify(&after(), &[0, 1, 3], notarize);
    let outputs = stage.give(Input::Certificate { certificate, route: Route::Relayed });
    assert!(outputs.contains(&Output::FetchBlock { block: BLOCK, first_from: Some(peer(1)) }), "its leader has it");
    let vote = said_by(2, in_next_epoch(VoteKind::Finalize, 1, BLOCK));
    let _ = stage.give(Input::Vote { vote, route: direct(2) });
    let told: Vec<Vec<u16>> = stage
        .at(10)
        .into_iter()
        .filter_map(|output| match output {
            Output::Send { to, .. } => Some(to.into_iter().map(harness::place).collect()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [[1, 4]], "not node 2, which has shown that it knows, nor this one");
}

/// A certificate of somebody else's epoch is verified against nobody's keys.
#[test]
fn a_certificate_of_the_old_set_is_none_of_the_new_one() {
    let mut stage = lagging();
    let _ = turn(&mut stage);
    let of_old: Certificate = certify(&before(), &[0, 1, 2], in_next_epoch(VoteKind::Nullify, 1, BLOCK));
    assert_eq!(verify::certificates_hold(&after(), std::slice::from_ref(&of_old), &SCHEME), [false]);
    assert_eq!(entered(&stage.give(Input::Certificate { certificate: of_old, route: Route::Relayed })), []);
}
