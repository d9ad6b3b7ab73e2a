//! Which range is asked of whom, table by table. FAULTS C18, L12, L16.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use types::{
    Body, Certificate, ChainId, Epoch, Hash32, Header, Height, List, PeerKey, ProtocolVersion, SignerBitmap, TimeMs,
    Transaction, TransactionBody, ValidatorIndex, View, VoteKind, VoteStatement,
};

use super::{PIECE_TRANSACTIONS, Question, RANGE_BLOCKS, RANGE_BYTES, STRIKES_MAX, Sync, Verdict};
use crate::event::RequestId;
use crate::wire::CertifiedBlock;

fn peer(place: u8) -> PeerKey {
    PeerKey([place; 32])
}

fn blocks(from: u64, count: u64) -> Vec<CertifiedBlock> {
    (from..from + count)
        .map(|height| CertifiedBlock {
            header: Header {
                version: ProtocolVersion(1),
                chain_id: ChainId::default(),
                epoch: Epoch(0),
                view: View(height),
                height: Height(height),
                parent: Hash32::ZERO,
                time: TimeMs(height),
                proposer: ValidatorIndex(0),
                body_root: Hash32::ZERO,
                state_root: Hash32::ZERO,
                receipts_root: Hash32::ZERO,
                price: 0,
                validators_hash: Hash32::ZERO,
                next_validators_hash: None,
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
            sync.claim(peer(*place), Height(*height));
        }
        Self { sync, tip: Height(0), next_id: 0 }
    }

    fn ask(&mut self, now_ms: u64) -> Vec<Question> {
        let next_id = &mut self.next_id;
        self.sync.questions(self.tip, now_ms, || {
            *next_id += 1;
            RequestId(*next_id)
        })
    }

    /// Replays whatever is ready, as if it were valid.
    fn replay(&mut self) {
        while let Some((_, blocks)) = self.sync.next_blocks(self.tip) {
            assert_eq!(blocks[0].header.height, self.tip.next(), "in order, without a gap");
            self.tip = blocks[blocks.len() - 1].header.height;
            assert_eq!(self.sync.replayed(true), None);
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
        let verdict = asker.sync.received(question.id, Some(blocks(question.from.0, range)));
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
    assert_eq!(asker.sync.received(asked[0].id, None), Some(Verdict::Fine));
    let again = asker.ask(1);
    assert_eq!(again[0].from, Height(1));
    assert_ne!(again[0].peer, asked[0].peer, "the one that failed no longer counts as having it");
}

// FAULTS L16, C18: a claim is hearsay.
#[test]
fn a_peer_that_claims_what_it_does_not_have_loses_its_claim_and_then_its_standing() {
    let mut asker = Asker::with(&[(1, u64::MAX)]);
    for strike in 1..=STRIKES_MAX {
        let asked = asker.ask(0);
        assert!(!asked.is_empty(), "strike {strike}");
        let verdict = asker.sync.received(asked[0].id, Some(Vec::new()));
        let useless = strike == STRIKES_MAX;
        assert_eq!(verdict, Some(if useless { Verdict::Useless(peer(1)) } else { Verdict::Fine }));
        assert_eq!(asker.sync.height_claimed(), Height(0), "its claim is gone");
        asker.sync.claim(peer(1), Height(u64::MAX));
    }
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
        asker.sync.received(asked[0].id, Some(wrong));
        assert!(asker.sync.next_blocks(asker.tip).is_none());
        assert_eq!(asker.sync.height_claimed(), Height(0));
    }
}

#[test]
fn a_short_answer_moves_the_next_question_to_where_it_ended() {
    let mut asker = Asker::with(&[(1, 600), (2, 600)]);
    let asked = asker.ask(0);
    asker.sync.received(asked[0].id, Some(blocks(1, 10)));
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
    assert_eq!(asker.sync.received(asked[0].id, Some(blocks(1, 5))), None, "nobody waits for it");
}

#[test]
fn a_peer_whose_blocks_are_invalid_is_no_source_any_more() {
    let mut asker = Asker::with(&[(1, 100)]);
    let asked = asker.ask(0);
    asker.sync.received(asked[0].id, Some(blocks(1, 5)));
    assert!(asker.sync.next_blocks(asker.tip).is_some());
    assert_eq!(asker.sync.replayed(false), Some(peer(1)));
    assert_eq!(asker.ask(1), []);
}

#[test]
fn blocks_that_became_final_by_other_ways_are_not_replayed_again() {
    let mut asker = Asker::with(&[(1, 100)]);
    let asked = asker.ask(0);
    asker.sync.received(asked[0].id, Some(blocks(1, 10)));
    let (_, rest) = asker.sync.next_blocks(Height(4)).expect("six are left");
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
    asker.sync.received(asked[0].id, Some(filled(1, 3, each)));
    let pieces: Vec<_> = std::iter::from_fn(|| asker.sync.next_to_check()).collect();
    let counts: Vec<_> = pieces.iter().map(|(_, piece)| piece.len() as u64).collect();
    assert_eq!(counts, [2 * each, each], "whole blocks");
    assert!(pieces.iter().all(|(id, _)| *id == asked[0].id));
    asker.sync.checked(RequestId(99));
    asker.sync.checked(asked[0].id);
    assert!(asker.sync.next_blocks(asker.tip).is_none(), "one piece is missing");
    asker.sync.checked(asked[0].id);
    let (_, all) = asker.sync.next_blocks(asker.tip).expect("both pieces are checked");
    assert_eq!(all.len(), 3);
}

#[test]
fn after_long_blocks_fewer_are_asked_for_so_that_no_answer_is_cut_short() {
    let mut asker = Asker::with(&[(1, 10_000), (2, 10_000)]);
    let asked = asker.ask(0);
    let long = filled(1, 1, 10_000);
    let bytes = borsh::object_length(&long[0]).expect("it has a length");
    asker.sync.received(asked[0].id, Some(long));
    while let Some((id, _)) = asker.sync.next_to_check() {
        asker.sync.checked(id);
    }
    asker.replay();
    let next = asker.ask(1);
    assert_eq!(next[0].from, Height(2));
    assert!(usize::from(next[0].count) * bytes <= RANGE_BYTES && usize::from(next[0].count + 1) * bytes > RANGE_BYTES);
    assert_eq!(next[1].from, Height(2 + u64::from(next[0].count)), "the next one follows it without a gap");
    // They become short again.
    asker.sync.received(next[0].id, Some(blocks(2, u64::from(next[0].count))));
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

#[test]
fn an_answer_whose_proof_lies_beyond_it_is_asked_for_again_and_blamed_only_when_it_repeats() {
    let mut asker = Asker::with(&[(1, 100)]);
    for strike in 1..=STRIKES_MAX {
        let asked = asker.ask(u64::from(strike));
        assert_eq!(asked[0].from, Height(1), "no height is skipped");
        asker.sync.received(asked[0].id, Some(blocks(1, 3)));
        assert!(asker.sync.next_blocks(asker.tip).is_some());
        let expected = if strike == STRIKES_MAX { Verdict::Useless(peer(1)) } else { Verdict::Fine };
        assert_eq!(asker.sync.unproven(), Some(expected));
    }
}
