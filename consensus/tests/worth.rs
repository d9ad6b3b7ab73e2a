//! What anybody may have written is judged before its signature is: known, far away, decided, impossible, or new.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use consensus::{Input, Output, Route, Worth};
use harness::{ROOT, Stage, certify, direct, finalize, notarize, nullify, sign};
use types::{BlsSignature, ByteString, Epoch, Hash32, Proposal, SignerBitmap, ValidatorIndex, Vote, VoteStatement};

const BLOCK: Hash32 = Hash32([5; 32]);
const OTHER: Hash32 = Hash32([6; 32]);
const THIRD: Hash32 = Hash32([7; 32]);

/// A vote that nobody signed.
fn unsigned(signer: u16, statement: VoteStatement) -> Vote {
    Vote { statement, signer: ValidatorIndex(signer), signature: BlsSignature([1; 48]) }
}

// FAULTS HB4, HA10
#[test]
fn a_vote_that_is_known_far_away_or_decided_is_not_worth_its_check() {
    let (mut stage, _) = Stage::new(3);
    let worth = |stage: &Stage, signer, statement| stage.engine.worth_of_vote(&unsigned(signer, statement));
    assert_eq!(worth(&stage, 0, notarize(1, 0, BLOCK)), Worth::New);
    assert_eq!(worth(&stage, 0, nullify(9)), Worth::New, "eight views ahead");
    assert_eq!(worth(&stage, 0, nullify(10)), Worth::Nothing);
    assert_eq!(worth(&stage, 0, nullify(1 << 40)), Worth::Nothing);
    assert_eq!(worth(&stage, 0, nullify(u64::MAX)), Worth::Nothing);
    assert_eq!(worth(&stage, 0, VoteStatement { epoch: Epoch(1), ..nullify(1) }), Worth::Nothing);
    assert_eq!(worth(&stage, 4, nullify(1)), Worth::Impossible, "there is no such member");
    assert_eq!(worth(&stage, 0, nullify(0)), Worth::Impossible);
    let _ = stage.vote(0, notarize(1, 0, BLOCK));
    assert_eq!(worth(&stage, 0, notarize(1, 0, BLOCK)), Worth::Known);
    assert_eq!(worth(&stage, 0, notarize(1, 0, OTHER)), Worth::New, "it contradicts itself");
    let _ = stage.vote(0, notarize(1, 0, OTHER));
    assert_eq!(worth(&stage, 0, notarize(1, 0, THIRD)), Worth::Nothing, "more than proves that");
    let _ = stage.certificate(&[1, 2, 3], notarize(1, 0, BLOCK));
    assert_eq!(worth(&stage, 1, notarize(1, 0, BLOCK)), Worth::Nothing, "all that it could do is done");
    assert_eq!(worth(&stage, 1, nullify(1)), Worth::New, "the view may yet be nullified too");
    let _ = stage.certificate(&[0, 1, 2], notarize(2, 1, OTHER));
    for signer in [0, 1, 2] {
        assert_eq!(worth(&stage, signer, finalize(2, OTHER)), Worth::New);
        let vote = sign(&stage.set, ValidatorIndex(signer), finalize(2, OTHER));
        let _ = stage.engine.step(types::TimeMs(0), Input::Vote { vote, route: direct(signer) });
    }
    assert_eq!(stage.engine.finalized().1, ROOT, "its check is put off");
    assert_eq!(worth(&stage, 0, finalize(2, OTHER)), Worth::Nothing, "a quorum was heard");
    let certificate = certify(&stage.set, &[1, 2, 3], finalize(2, OTHER));
    let _ = stage.give(Input::Certificate { certificate, route: Route::Own });
    assert_eq!(worth(&stage, 1, finalize(1, BLOCK)), Worth::Nothing, "below finality");
}

// FAULTS HA12
#[test]
fn a_late_vote_of_a_member_that_was_not_heard_for_a_while_is_worth_its_check_and_its_turn_is_not_skipped() {
    let (mut stage, _) = Stage::new(3);
    let mut checks = Vec::new();
    let block = |view: u64| Hash32([u8::try_from(view).expect("few"); 32]);
    let late = |view: u64| unsigned(2, notarize(view, view - 1, block(view)));
    for view in 1..=40 {
        for statement in [notarize(view, view - 1, block(view)), finalize(view, block(view))] {
            let _ = stage.certificate(&[0, 1, 3], statement);
        }
        // Everything is decided when the vote of a member behind a sentry arrives.
        if stage.engine.worth_of_vote(&late(view)) == Worth::New {
            let vote = sign(&stage.set, ValidatorIndex(2), notarize(view, view - 1, block(view)));
            let _ = stage.engine.step(types::TimeMs(0), Input::Vote { vote, route: Route::Own });
            assert_eq!(stage.engine.worth_of_vote(&late(view)), Worth::Nothing, "heard just now");
            checks.push(view);
        }
    }
    assert_eq!(checks, [5, 10, 15, 20, 25, 30, 35, 40], "one in five views");
}

// FAULTS HB3
#[test]
fn a_proposal_whose_header_is_not_what_its_vote_says_is_impossible_however_genuine_the_vote() {
    let (mut stage, _) = Stage::new(3);
    let (header, hash) = stage.block(1, ROOT);
    let vote = sign(&stage.set, ValidatorIndex(0), notarize(1, 0, hash));
    let worth = |stage: &Stage, vote, change: fn(&mut types::Header)| {
        let mut header = header.clone();
        change(&mut header);
        let hash = harness::hash_of(&header);
        stage.engine.worth_of_proposal(&Proposal { vote, header }, hash)
    };
    assert_eq!(worth(&stage, vote, |_| {}), Worth::New);
    let changes: [fn(&mut types::Header); 5] = [
        |header| header.time = types::TimeMs(99),
        |header| header.view = types::View(2),
        |header| header.epoch = Epoch(1),
        |header| header.proposer = ValidatorIndex(1),
        |header| header.chain_id = types::ChainId(OTHER),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        assert_eq!(worth(&stage, vote, change), Worth::Impossible, "change {place}");
    }
    let by_another = sign(&stage.set, ValidatorIndex(1), notarize(1, 0, hash));
    assert_eq!(worth(&stage, by_another, |_| {}), Worth::Impossible, "not its leader's");
    let _ = stage.vote(0, notarize(1, 0, hash));
    assert_eq!(worth(&stage, vote, |_| {}), Worth::New, "the vote is known, the header is not");
    let _ = stage.give(Input::Proposal { proposal: Proposal { vote, header: header.clone() }, hash, route: direct(0) });
    assert_eq!(worth(&stage, vote, |_| {}), Worth::Known);
    let _ = stage.certificate(&[0, 1, 2], notarize(1, 0, hash));
    assert_eq!(worth(&stage, vote, |_| {}), Worth::Nothing);
}

// FAULTS HB4
#[test]
fn a_certificate_is_worth_something_once() {
    let (mut stage, _) = Stage::new(3);
    let good = certify(&stage.set, &[0, 1, 2], nullify(1 << 40));
    assert_eq!(stage.engine.worth_of_certificate(&good), Worth::New, "however far ahead: a quorum may be there");
    let mut padded = good.clone();
    padded.signers = SignerBitmap::from_bytes(ByteString::new(vec![0b111, 0]).unwrap());
    let few = certify(&stage.set, &[0, 1], nullify(1));
    for forged in [padded, few] {
        assert_eq!(stage.engine.worth_of_certificate(&forged), Worth::Impossible);
    }
    let again = certify(&stage.set, &[1, 2, 3], nullify(1 << 40));
    let _ = stage.give(Input::Certificate { certificate: good, route: Route::Own });
    // It has this node's place, and this node never signed it: worth a look, once.
    assert_eq!(stage.engine.worth_of_certificate(&again), Worth::New);
    let _ = stage.give(Input::Certificate { certificate: again.clone(), route: Route::Own });
    assert_eq!(stage.engine.worth_of_certificate(&again), Worth::Nothing);
    let of_another = certify(&stage.set, &[0, 1, 2], VoteStatement { epoch: Epoch(1), ..nullify(1) });
    assert_eq!(stage.engine.worth_of_certificate(&of_another), Worth::Nothing);
}

// FAULTS HB3
#[test]
fn what_this_machine_verified_counts_at_once_and_nobody_answers_for_it() {
    let (mut stage, _) = Stage::new(3);
    for signer in [0, 1, 2] {
        let vote = sign(&stage.set, ValidatorIndex(signer), nullify(1));
        let outputs = stage.engine.step(types::TimeMs(0), Input::Vote { vote, route: Route::Own });
        let checks = outputs.iter().filter(|output| matches!(output, Output::Verify { .. })).count();
        assert_eq!(checks, usize::from(signer == 2), "one check, of the quorum's sum");
    }
    // A header that is not the one its vote speaks of was verified by nobody, and says nothing of who signed the vote.
    let (mut stage, _) = Stage::new(3);
    let (mut header, hash) = stage.block(1, ROOT);
    let vote = sign(&stage.set, ValidatorIndex(0), notarize(1, 0, hash));
    header.time = types::TimeMs(99);
    let hash = harness::hash_of(&header);
    for route in [Route::Own, Route::Relayed, direct(1)] {
        let proposal = Proposal { vote, header: header.clone() };
        let outputs = stage.give(Input::Proposal { proposal, hash, route });
        assert!(!outputs.iter().any(|output| matches!(output, Output::Punish { .. })), "{route:?}");
    }
}

// FAULTS HB4
#[test]
fn certificates_by_others_hands_share_no_check_with_those_of_validators() {
    let (mut stage, _) = Stage::new(3);
    let set = std::sync::Arc::clone(&stage.set);
    let give = |stage: &mut Stage, view, route| {
        let certificate = certify(&set, &[0, 1, 2], nullify(view));
        stage.engine.step(types::TimeMs(0), Input::Certificate { certificate, route })
    };
    let mut jobs = give(&mut stage, 5, Route::Relayed);
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    for (view, route) in [(6, Route::Relayed), (7, direct(1)), (8, Route::Relayed), (9, direct(2))] {
        assert_eq!(give(&mut stage, view, route), [], "one check at a time");
    }
    let mut checked = Vec::new();
    while let Some(Output::Verify { ticket, job }) = jobs.pop() {
        if let consensus::verify::VerifyJob::Certificates { certificates, .. } = &job {
            checked.push(certificates.iter().map(|certificate| certificate.statement.view.0).collect::<Vec<_>>());
        }
        let answer = consensus::verify::VerifyAnswer::Certificates(vec![false; checked.last().map_or(0, Vec::len)]);
        jobs = stage.engine.step(types::TimeMs(0), Input::Verified { ticket, answer });
        jobs.retain(|output| matches!(output, Output::Verify { .. }));
    }
    assert_eq!(checked, [vec![5], vec![7, 9], vec![6, 8]]);
}
