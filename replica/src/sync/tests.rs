//! Which range is asked of whom, table by table. FAULTS C18, L12, L16.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use types::{
    Body, Certificate, Epoch, Hash32, Header, Height, List, PeerKey, ProtocolVersion, SignerBitmap, TimeMs,
    Transaction, TransactionBody, View, VoteKind, VoteStatement,
};

use super::{
    AHEAD_TRANSACTIONS_MAX, PATIENCE_MS, PIECE_TRANSACTIONS, Question, RANGE_BLOCKS, RANGE_BYTES, RANGES_MAX, Sync,
    Verdict,
};
use crate::event::RequestId;
use crate::sources::FAILURES_MAX;
use crate::wire::CertifiedBlock;

fn peer(place: u8) -> PeerKey {
    PeerKey([place; 32])
}

fn blocks(from: u64, count: u64) -> Vec<CertifiedBlock> {
    (from..from + count)
        .map(|height| CertifiedBlock {
            header: Header {
                version: ProtocolVersion(1),
                view: View(height),
                height: Height(height),
                time: TimeMs(height),
                ..Header::default()
            },
            body: Body::default(),
            certificate: Certificate {
                statement: VoteStatement {
                    kind: VoteKind::Finalize,
                    epoch: Epoch(0),
                    view: View(height),
                    parent_view: View(0),
                    block: Hash32::ZERO,
                },
                signers: SignerBitmap::default(),
                signature: types::BlsSignature::ZERO,
            },
        })
        .collect()
}

struct Asker {
    sync: Sync,
    tip: Height,
    next_id: u64,
}

impl Asker {
    fn with(claims: &[(u8, u64)]) -> Self {
        let mut sync = Sync::default();
        for (place, height) in claims {
            sync.peer_up(peer(*place));
            sync.sources.claim(peer(*place), Height(*height), Epoch(0));
        }
        Self { sync, tip: Height(0), next_id: 0 }
    }

    fn ask(&mut self, now_ms: u64) -> Vec<Question> {
        let next_id = &mut self.next_id;
        self.sync.questions(
            (self.tip, Height(0)),
            now_ms,
            |_| false,
            || {
                *next_id += 1;
                RequestId(*next_id)
            },
        )
    }

    fn receive(&mut self, question: Question, blocks: Option<Vec<CertifiedBlock>>, now_ms: u64) -> Option<Verdict> {
        self.sync.received(question.id, blocks, Epoch(0), now_ms)
    }

    /// Replays whatever is ready, as if it were valid.
    fn replay(&mut self) {
        while let Some((_, blocks, _)) = self.sync.next_blocks(self.tip) {
            assert_eq!(blocks[0].header.height, self.tip.next(), "in order, without a gap");
            self.tip = blocks[blocks.len() - 1].header.height;
            assert_eq!(self.sync.replayed(true, self.tip, 0), None);
        }
    }
}

#[test]
fn ranges_are_asked_ahead_of_different_peers_and_handed_on_in_order() {
    let mut asker = Asker::with(&[(1, 2_000), (2, 2_000), (3, 2_000)]);
    let asked = asker.ask(0);
    let range = u64::from(RANGE_BLOCKS);
    assert_eq!(asked.iter().map(|question| question.from.0).collect::<Vec<_>>(), [1, 1 + range, 1 + 2 * range]);
    let peers: std::collections::BTreeSet<_> = asked.iter().map(|question| question.peer).collect();
    assert_eq!(peers.len(), 3, "each of another peer");
    // The answers come in the wrong order.
    for question in [asked[2], asked[0], asked[1]] {
        let verdict = asker.receive(question, Some(blocks(question.from.0, range)), 0);
        assert_eq!(verdict, Some(Verdict::Fine));
        asker.replay();
    }
    assert_eq!(asker.tip, Height(3 * range));
}

// FAULTS L12: the place of a failed range is asked again, not passed over.
#[test]
fn a_failed_range_is_asked_again_at_the_same_place_of_another_peer() {
    let mut asker = Asker::with(&[(1, 600), (2, 600)]);
    let asked = asker.ask(0);
    assert_eq!(asker.receive(asked[0], None, 0), Some(Verdict::Fine));
    let again = asker.ask(1);
    assert_eq!(again[0].from, Height(1));
    assert_ne!(again[0].peer, asked[0].peer, "the one that failed no longer counts as having it");
}

// FAULTS L16, C18, HA8: a claim is hearsay, and who cannot keep it rests, longer each time.
#[test]
fn a_peer_that_claims_what_it_does_not_have_loses_its_claim_and_rests_longer_each_time() {
    let mut asker = Asker::with(&[(1, u64::MAX), (2, 0)]);
    let (mut now_ms, mut rests) = (0, Vec::new());
    for failure in 1..=2 * FAILURES_MAX {
        let asked = asker.ask(now_ms);
        assert_eq!(asked.len(), 1, "failure {failure}: only one peer claims something");
        let verdict = asker.receive(asked[0], Some(Vec::new()), now_ms);
        let useless = failure.is_multiple_of(FAILURES_MAX);
        assert_eq!(verdict, Some(if useless { Verdict::Useless(peer(1)) } else { Verdict::Fine }));
        assert_eq!(asker.sync.sources.height_claimed(), Height(0), "its claim is gone");
        // It comes back and claims again.
        asker.sync.peer_down(&peer(1));
        asker.sync.peer_up(peer(1));
        asker.sync.sources.claim(peer(1), Height(u64::MAX), Epoch(u64::MAX));
        let rested = (now_ms..).step_by(500).find(|at_ms| !asker.ask(*at_ms).is_empty()).expect("in the end");
        rests.push(rested - now_ms);
        asker.sync.peer_down(&peer(1));
        asker.sync.peer_up(peer(1));
        asker.sync.sources.claim(peer(1), Height(u64::MAX), Epoch(u64::MAX));
        now_ms = rested;
    }
    assert!(rests.windows(2).all(|pair| pair[1] >= 2 * pair[0]), "{rests:?}");
}

// FAULTS HA8
#[test]
fn nothing_that_a_stranger_claims_is_credible_before_it_delivered() {
    let mut asker = Asker::with(&[(1, 600)]);
    assert_eq!(asker.sync.height_credible(), Height(0));
    let asked = asker.ask(0);
    asker.receive(asked[0], Some(blocks(1, 10)), 0);
    asker.replay();
    assert_eq!(asker.sync.height_credible(), Height(600), "it delivered");
    let asked = asker.ask(1);
    asker.receive(asked[0], None, 1);
    assert_eq!(asker.sync.height_credible(), Height(0), "and failed since");
}

// FAULTS HA8: silence costs ten seconds at most once, and two where somebody else answers.
#[test]
fn who_never_answered_is_given_up_sooner_when_somebody_who_answers_is_idle() {
    let mut asker = Asker::with(&[(1, 1_000), (2, 1_000)]);
    let asked = asker.ask(0);
    let (silent, honest) = (asked[0], asked[1]);
    asker.receive(honest, Some(blocks(honest.from.0, u64::from(honest.count))), 5);
    asker.sync.expire(PATIENCE_MS - 1);
    assert_eq!(asker.sync.ranges.len(), 2, "it has a moment");
    asker.sync.expire(PATIENCE_MS);
    let again = asker.ask(PATIENCE_MS);
    assert_eq!((again[0].from, again[0].peer), (silent.from, honest.peer));
}

// FAULTS C18, L9
#[test]
fn blocks_of_other_heights_than_asked_for_are_a_failed_answer() {
    for wrong in [blocks(2, 5), blocks(500, 5), {
        let mut gap = blocks(1, 5);
        gap.remove(2);
        gap
    }] {
        let mut asker = Asker::with(&[(1, 100)]);
        let asked = asker.ask(0);
        asker.receive(asked[0], Some(wrong), 0);
        assert!(asker.sync.next_blocks(asker.tip).is_none());
        assert_eq!(asker.sync.sources.height_claimed(), Height(0));
    }
}

#[test]
fn a_short_answer_moves_the_next_question_to_where_it_ended() {
    let mut asker = Asker::with(&[(1, 600), (2, 600)]);
    let asked = asker.ask(0);
    asker.receive(asked[0], Some(blocks(1, 10)), 0);
    asker.replay();
    let again = asker.ask(1);
    assert_eq!((asker.tip, again[0].from), (Height(10), Height(11)));
}

#[test]
fn an_overdue_answer_is_given_up_and_a_late_one_is_no_answer() {
    let mut asker = Asker::with(&[(1, 100), (2, 100)]);
    let asked = asker.ask(0);
    let deadline = asker.sync.deadline_ms().expect("a question is open");
    assert!(asker.sync.expire(deadline - 1).is_empty());
    assert_eq!(asker.ask(deadline - 1), [], "still waiting");
    asker.sync.expire(deadline);
    assert_eq!(asker.ask(deadline)[0].from, Height(1));
    assert_eq!(asker.receive(asked[0], Some(blocks(1, 5)), 0), None, "nobody waits for it");
}

#[test]
fn a_peer_whose_blocks_are_invalid_is_no_source_any_more() {
    let mut asker = Asker::with(&[(1, 100)]);
    let asked = asker.ask(0);
    asker.receive(asked[0], Some(blocks(1, 5)), 0);
    assert!(asker.sync.next_blocks(asker.tip).is_some());
    assert_eq!(asker.sync.replayed(false, Height(0), 0), Some(peer(1)));
    assert_eq!(asker.ask(1), []);
}

#[test]
fn blocks_that_became_final_by_other_ways_are_not_replayed_again() {
    let mut asker = Asker::with(&[(1, 100)]);
    let asked = asker.ask(0);
    asker.receive(asked[0], Some(blocks(1, 10)), 0);
    let (_, rest, _) = asker.sync.next_blocks(Height(4)).expect("six are left");
    assert_eq!(rest.first().map(|block| block.header.height), Some(Height(5)));
}

/// Blocks of which each has so many transactions.
fn filled(from: u64, count: u64, transactions: u64) -> Vec<CertifiedBlock> {
    let mut all = blocks(from, count);
    for block in &mut all {
        block.body.transactions = List::new((0..transactions).map(transaction).collect()).expect("few");
    }
    all
}

fn transaction(nonce: u64) -> Transaction {
    let body = TransactionBody {
        version: types::TRANSACTION_VERSION,
        sender: types::Address([1; 20]),
        auth: types::AuthKind::Single,
        nonce: types::Nonce(nonce),
        valid_until: TimeMs(0),
        fee_max: types::Amount(0),
        tip: types::Amount(0),
        payer: None,
        calls: List::default(),
    };
    Transaction { body, witness: types::Witness { auths: List::default() } }
}

#[test]
fn a_range_waits_for_the_check_of_all_its_pieces_and_for_no_late_answer_of_another() {
    let mut asker = Asker::with(&[(1, 100)]);
    let asked = asker.ask(0);
    let each = PIECE_TRANSACTIONS as u64 / 2 + 1;
    asker.receive(asked[0], Some(filled(1, 3, each)), 0);
    let pieces: Vec<_> = std::iter::from_fn(|| asker.sync.next_to_check()).collect();
    let counts: Vec<_> = pieces.iter().map(|(_, piece)| piece.len() as u64).collect();
    assert_eq!(counts, [2 * each, each], "whole blocks");
    assert!(pieces.iter().all(|(id, _)| *id == asked[0].id));
    asker.sync.checked(RequestId(99));
    asker.sync.checked(asked[0].id);
    assert!(asker.sync.next_blocks(asker.tip).is_none(), "one piece is missing");
    asker.sync.checked(asked[0].id);
    let (_, all, _) = asker.sync.next_blocks(asker.tip).expect("both pieces are checked");
    assert_eq!(all.len(), 3);
}

#[test]
fn no_more_is_checked_ahead_than_is_remembered_until_its_replay() {
    let mut asker = Asker::with(&[(1, 10_000), (2, 10_000), (3, 10_000)]);
    let mut handed_out = 0;
    let mut hand_out = |asker: &mut Asker| {
        while let Some((id, piece)) = asker.sync.next_to_check() {
            handed_out += piece.len();
            asker.sync.checked(id);
        }
        handed_out
    };
    let asked = asker.ask(0);
    assert_eq!(asked.len(), RANGES_MAX);
    let of_block = AHEAD_TRANSACTIONS_MAX as u64 / 8;
    let each = 4 * of_block;
    for question in &asked {
        let mut range = blocks(question.from.0, u64::from(question.count));
        range.splice(..4, filled(question.from.0, 4, of_block));
        asker.receive(*question, Some(range), 0);
    }
    assert_eq!(hand_out(&mut asker) as u64, 2 * each, "the third waits");
    asker.sync.next_blocks(asker.tip).expect("the first is checked");
    assert_eq!(hand_out(&mut asker) as u64, 2 * each, "until the replay of the first has ended");
    asker.tip = asker.tip.saturating_add(u64::from(asked[0].count));
    asker.sync.replayed(true, asker.tip, 0);
    assert_eq!(hand_out(&mut asker) as u64, 3 * each);
    // A range that alone is more than that is checked before its replay all the same.
    let mut asker = Asker::with(&[(1, 10_000)]);
    let asked = asker.ask(0);
    asker.receive(asked[0], Some(filled(1, 12, of_block)), 0);
    let pieces = std::iter::from_fn(|| asker.sync.next_to_check());
    assert_eq!(pieces.map(|(_, piece)| piece.len() as u64).sum::<u64>(), 12 * of_block);
}

#[test]
fn after_long_blocks_fewer_are_asked_for_so_that_no_answer_is_cut_short() {
    let mut asker = Asker::with(&[(1, 10_000), (2, 10_000)]);
    let asked = asker.ask(0);
    let long = filled(1, 1, 10_000);
    let bytes = borsh::object_length(&long[0]).expect("it has a length");
    asker.receive(asked[0], Some(long), 0);
    while let Some((id, _)) = asker.sync.next_to_check() {
        asker.sync.checked(id);
    }
    asker.replay();
    let next = asker.ask(1);
    assert_eq!(next[0].from, Height(2));
    assert!(usize::from(next[0].count) * bytes <= RANGE_BYTES && usize::from(next[0].count + 1) * bytes > RANGE_BYTES);
    assert_eq!(next[1].from, Height(2 + u64::from(next[0].count)), "the next one follows it without a gap");
    // They become short again.
    asker.receive(next[0], Some(blocks(2, u64::from(next[0].count))), 0);
    asker.replay();
    assert!(asker.ask(2).iter().all(|question| question.count == RANGE_BLOCKS));
}

#[test]
fn what_a_lost_peer_was_asked_is_asked_of_others() {
    let mut asker = Asker::with(&[(1, 100), (2, 100)]);
    let asked = asker.ask(0);
    asker.sync.peer_down(&asked[0].peer);
    let again = asker.ask(1);
    assert_eq!(again[0].from, Height(1));
    assert_ne!(again[0].peer, asked[0].peer);
}

// FAULTS HA6: nobody is blamed, and nothing that has no proof is asked for while the headers are missing.
#[test]
fn after_an_answer_whose_proof_lies_beyond_it_headers_are_asked_for_and_nobody_is_blamed() {
    let mut asker = Asker::with(&[(1, 100), (2, 100)]);
    let asked = asker.ask(0);
    asker.receive(asked[0], Some(blocks(1, 3)), 0);
    assert!(asker.sync.next_blocks(asker.tip).is_some());
    let all = chain(9);
    asker.sync.unproven(all[8].certificate.clone());
    assert_eq!(asker.ask(1), [], "first the headers");
    let (id, _, wanted) = asker.sync.walk_on(asker.tip, 1, |_| false, || RequestId(50)).expect("they are asked for");
    assert_eq!(wanted, crypto::ids::header_hash(&all[8].header));
    let headers: Vec<Header> = all.iter().rev().map(|block| block.header.clone()).collect();
    let tip = (all[0].header.parent, Height(0));
    // A part of them, and then the rest.
    assert_eq!(asker.sync.walked(id, Some(&headers[..4]), tip, 2), Some(Verdict::Fine));
    assert_eq!(asker.ask(2), []);
    let (id, ..) = asker.sync.walk_on(asker.tip, 2, |_| false, || RequestId(51)).expect("there are more");
    assert_eq!(asker.sync.walked(id, Some(&headers[4..]), tip, 3), Some(Verdict::Fine));
    let asked = asker.ask(3);
    assert_eq!(asked[0].from, Height(1), "no height is skipped");
    asker.receive(asked[0], Some(all[..3].to_vec()), 3);
    let (_, _, path) = asker.sync.next_blocks(asker.tip).expect("they came");
    let hashes: Vec<Hash32> = all.iter().map(|block| crypto::ids::header_hash(&block.header)).collect();
    assert_eq!(path.expect("the way is known").hashes, hashes);
}

// FAULTS HA6, C18: headers that nobody can err into are a lie.
#[test]
fn headers_that_do_not_have_the_hash_that_was_asked_for_are_held_against_who_gave_them() {
    let mut asker = Asker::with(&[(1, 100)]);
    let all = chain(5);
    asker.sync.unproven(all[4].certificate.clone());
    let (id, liar, _) = asker.sync.walk_on(asker.tip, 1, |_| false, || RequestId(50)).expect("they are asked for");
    let wrong = [all[3].header.clone()];
    let verdict = asker.sync.walked(id, Some(&wrong), (all[0].header.parent, Height(0)), 2);
    assert_eq!(verdict, Some(Verdict::Invalid(liar)));
}

/// Blocks that follow each other, of which the last one's finalization proves all.
fn chain(count: u64) -> Vec<CertifiedBlock> {
    let mut all = blocks(1, count);
    let mut parent = Hash32([1; 32]);
    for block in &mut all {
        block.header.parent = parent;
        parent = crypto::ids::header_hash(&block.header);
    }
    all.iter_mut().for_each(|block| block.certificate.statement.block = parent);
    all
}
