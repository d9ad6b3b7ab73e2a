//! Every buffer of `limits.rs` that somebody else can fill, filled. Nothing is verified here: no job is ever answered.

use std::sync::Arc;

use types::{
    Address, BlsPublicKey, BlsSignature, Certificate, Epoch, Hash32, Header, Height, PeerKey, Power, Proposal,
    ProtocolVersion, SignerBitmap, TimeMs, Validator, ValidatorIndex, ValidatorSet, View, Vote, VoteKind,
    VoteStatement,
};

use crate::input::{EpochStart, Input, Route, Voice};
use crate::{Config, Engine, Output, limits};

const KINDS: [VoteKind; 3] = [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize];

fn peer(number: u8) -> PeerKey {
    PeerKey([number; 32])
}

/// The first member of a set of equal ones, at the beginning of epoch 0.
fn engine_among(count: u8) -> Engine {
    let member = |place: u8| Validator {
        key: BlsPublicKey([place; 96]),
        power: Power(1),
        account: Address([place; 20]),
        peer: peer(place),
    };
    let set = Arc::new(ValidatorSet::new((0..count).map(member).collect()).expect("a set"));
    let own_key = set.get(ValidatorIndex(0)).map(|own| own.key);
    let (delta_ms, delta_max_ms, idle_ms, resend_ms) = (100, 800, 2_000, 100);
    let config = Config { own_key, voice: Voice::Free, delta_ms, delta_max_ms, idle_ms, resend_ms };
    let start = EpochStart { epoch: Epoch(0), set, root: Hash32([0xee; 32]), root_view: View(0), floor: View(0) };
    Engine::new(config, &start, TimeMs(0)).0
}

fn give(engine: &mut Engine, input: Input) {
    let _ = engine.step(TimeMs(0), input);
}

fn block(number: u64) -> Hash32 {
    let mut bytes = [1; 32];
    for (byte, of_number) in bytes.iter_mut().zip(number.to_le_bytes()) {
        *byte = of_number;
    }
    Hash32(bytes)
}

fn statement(kind: VoteKind, view: u64, number: u64) -> VoteStatement {
    let block = if kind == VoteKind::Nullify { Hash32::ZERO } else { block(number) };
    VoteStatement { kind, epoch: Epoch(0), view: View(view), parent_view: View(0), block }
}

fn vote(signer: u8, statement: VoteStatement) -> Vote {
    Vote { statement, signer: ValidatorIndex(signer.into()), signature: BlsSignature::ZERO }
}

/// Signed by everybody, if it is believed.
fn certificate(engine: &Engine, kind: VoteKind, view: u64) -> Certificate {
    let count = u16::try_from(engine.set().len()).expect("few");
    let signers = SignerBitmap::new(engine.set().len(), (0..count).map(ValidatorIndex));
    Certificate { statement: statement(kind, view, view), signers, signature: BlsSignature::ZERO }
}

#[test]
fn votes_are_bounded_by_view_member_and_kind_though_every_member_contradicts_itself() {
    let mut engine = engine_among(100);
    for view in 0..12 {
        for number in 0..4 {
            for signer in 1..100 {
                for kind in KINDS {
                    let vote = vote(signer, statement(kind, view, number));
                    give(&mut engine, Input::Vote { vote, route: Route::Direct(peer(signer)) });
                }
            }
        }
    }
    // Two of each of two kinds, and one to let the view go, of each of 99.
    let counts: Vec<(u64, usize)> = engine.rounds.iter().map(|(view, round)| (view.0, round.tally.count())).collect();
    let expected: Vec<(u64, usize)> = (1..=limits::VIEWS_AHEAD_MAX.saturating_add(1)).map(|view| (view, 495)).collect();
    assert_eq!(counts, expected);
    // No job is answered: one on each of the quorums, and so many on suspects.
    assert!(engine.jobs.counts().0 <= limits::SUSPECTS_MAX.saturating_add(45), "{:?}", engine.jobs.counts());
    assert!(engine.epoch.accused.len() <= limits::SUSPECTS_MAX);
}

#[test]
fn votes_by_other_hands_wait_in_a_bounded_number() {
    let mut engine = engine_among(100);
    for number in 0..20 {
        for signer in 1..100 {
            let vote = vote(signer, statement(VoteKind::Notarize, 1, number));
            give(&mut engine, Input::Vote { vote, route: Route::Relayed });
        }
    }
    let (jobs, votes, _) = engine.jobs.counts();
    assert_eq!((jobs, votes), (1, limits::DOUBTED_VOTES_MAX));
}

#[test]
fn certificates_wait_in_a_bounded_number_of_each_source_and_of_all() {
    let sources = (1..10).map(|number| Route::Direct(peer(number))).chain([Route::Relayed]);
    let mut engine = engine_among(100);
    for (source, number) in sources.zip(1_u64..) {
        let before = engine.jobs.counts().2;
        for view in 0..100 {
            // Each of another view, and none of a view that this node has reached.
            let view = number.saturating_mul(1_000).saturating_add(view);
            let certificate = certificate(&engine, VoteKind::Nullify, view);
            give(&mut engine, Input::Certificate { certificate, route: source });
        }
        let (jobs, _, waiting) = engine.jobs.counts();
        assert_eq!(jobs, 1);
        assert!(waiting.saturating_sub(before) <= limits::CERTIFICATES_WAITING_PER_SOURCE_MAX);
    }
    assert_eq!(engine.jobs.counts().2, limits::CERTIFICATES_WAITING_MAX);
}

/// A proposal of a view's leader on the root, and the hash that its header is said to have.
fn proposal(engine: &Engine, view: u64, number: u64) -> (Proposal, Hash32) {
    let proposer = engine.leader(View(view));
    let header = Header {
        version: ProtocolVersion(1),
        view: View(view),
        height: Height(1),
        parent: Hash32([0xee; 32]),
        time: TimeMs(number),
        proposer,
        ..Header::default()
    };
    let statement = statement(VoteKind::Notarize, view, number);
    let vote = Vote { statement, signer: proposer, signature: BlsSignature::ZERO };
    (Proposal { vote, header }, statement.block)
}

#[test]
fn proposals_by_other_hands_wait_in_a_bounded_number() {
    let mut engine = engine_among(4);
    for number in 0..100 {
        let (proposal, hash) = proposal(&engine, 1, number);
        give(&mut engine, Input::Proposal { proposal, hash, route: Route::Relayed });
    }
    assert_eq!(engine.jobs.counts(), (limits::PROPOSALS_WAITING_MAX, 0, 0));
}

#[test]
fn one_proposal_of_a_view_is_kept_and_judged_however_many_its_leader_signs() {
    let mut engine = engine_among(4);
    let leader = Route::Direct(peer(u8::try_from(engine.leader(View(2)).0).expect("few")));
    let judged = |outputs: &[Output]| outputs.iter().filter(|output| matches!(output, Output::Validate { .. })).count();
    let mut count = 0_usize;
    for number in 0..100 {
        if number == 50 {
            let certificate = certificate(&engine, VoteKind::Nullify, 1);
            let entered = engine.step(TimeMs(0), Input::Certificate { certificate, route: Route::Own });
            count = count.saturating_add(judged(&entered));
        }
        let (proposal, hash) = proposal(&engine, 2, number);
        let outputs = engine.step(TimeMs(0), Input::Proposal { proposal, hash, route: leader });
        count = count.saturating_add(judged(&outputs));
    }
    assert_eq!((engine.view(), count), (View(2), 1));
    assert_eq!(engine.rounds.values().filter(|round| round.proposal.is_some()).count(), 1);
}

#[test]
fn messages_of_the_next_epoch_are_bounded_by_sender_and_in_all() {
    let mut engine = engine_among(100);
    // Members, and whoever else may be one then.
    for (senders, kept) in [(1..100, 792), (100..200, limits::EARLY_MESSAGES_MAX)] {
        for sender in senders {
            for view in 1..20 {
                let statement = VoteStatement { epoch: Epoch(1), ..statement(VoteKind::Nullify, view, 0) };
                give(&mut engine, Input::Vote { vote: vote(1, statement), route: Route::Direct(peer(sender)) });
            }
        }
        assert_eq!(engine.early.len(), kept);
    }
    let first = Some(Route::Direct(peer(1)));
    let of_first = engine.early.iter().filter(|early| early.route() == first).count();
    assert_eq!(of_first, limits::EARLY_MESSAGES_PER_SENDER_MAX);
    assert!(engine.fetching.len() <= limits::FETCHES_MAX);
}

#[test]
fn certificates_of_final_views_are_kept_for_so_many_views() {
    let mut engine = engine_among(4);
    for view in 1..=1_000 {
        let certificate = certificate(&engine, VoteKind::Finalize, view);
        give(&mut engine, Input::Certificate { certificate, route: Route::Own });
    }
    assert_eq!(engine.finalized().0, View(1_000));
    let kept = usize::try_from(limits::VIEWS_KEPT_MAX).expect("few");
    assert!((kept..=kept.saturating_add(2)).contains(&engine.rounds.len()), "{}", engine.rounds.len());
}

#[test]
fn what_waits_for_bodies_and_for_being_told_is_bounded_though_nothing_becomes_final() {
    for kind in [VoteKind::Notarize, VoteKind::Nullify] {
        let mut engine = engine_among(4);
        for view in 1..=200 {
            let certificate = certificate(&engine, kind, view);
            give(&mut engine, Input::Certificate { certificate, route: Route::Own });
        }
        let candidates = if kind == VoteKind::Notarize { limits::CANDIDATES_MAX } else { 0 };
        assert_eq!((engine.candidates.len(), engine.untold.count()), (candidates, limits::UNTOLD_MAX));
    }
}

#[test]
fn the_newest_durable_bodies_are_remembered() {
    let mut engine = engine_among(4);
    for number in 0..=5_000 {
        give(&mut engine, Input::Available { block: block(number) });
    }
    let most = u64::try_from(limits::AVAILABLE_BLOCKS_MAX).expect("few");
    let kept = (0..=5_000).filter(|number| engine.available.contains(&block(*number))).count();
    assert_eq!(kept, limits::AVAILABLE_BLOCKS_MAX);
    assert!(engine.available.contains(&block(5_000_u64.saturating_sub(most.saturating_sub(1)))));
}
