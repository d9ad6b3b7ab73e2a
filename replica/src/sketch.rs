//! Blocks sent as sketches: a leader leaves out what the others have, and they put it in again.
//!
//! A sketch comes over its leader's own stream and is a hint until the leader's vote comes. What this node does not
//! have is asked of the leader at once, transaction by transaction. Whether the right body was made is decided by the
//! header's body root: a wrong one is nobody's crime, since short ids prove nothing, and leads to the whole block being
//! asked for by its hash. Invariants: drafts are as bounded as the hints that begin them (`hints.rs`); no body is made that
//! is longer than a block's may be.

use std::collections::BTreeMap;
use std::sync::Arc;

use execution::{CheckedBody, InvalidBlock};
use types::{Hash32, Header, List, PeerKey, SystemCall, Transaction, View, limits};

use crate::effect::{Effect, Offence};
use crate::fetch::Asked;
use crate::job::{BodyDraft, Job, Piece};
use crate::jobs::{BodySource, Purpose};
use crate::replica::Replica;
use crate::wire::{GIVEN_MAX, Given, PLACES_MAX, Request, Response, Shared, ShortId, Sketch};

/// What came to this node so lately may not have come to the others, or may still be checked there.
const FRESH_MS: u64 = 15;
/// Most bytes of transactions in full beside a sketch.
const GIVEN_BYTES_MAX: usize = 64 * 1024;

/// A body some of whose transactions are not here yet.
#[derive(Debug)]
pub(crate) struct Draft {
    header: Header,
    system_calls: List<SystemCall, { limits::SYSTEM_CALLS_PER_BLOCK_MAX }>,
    /// In order; nothing where one is missing.
    pieces: Vec<Option<Piece>>,
    missing: usize,
    from: PeerKey,
}

impl Draft {
    pub(crate) const fn view(&self) -> View {
        self.header.view
    }

    /// Bytes of what is here of the body.
    fn bytes(&self) -> usize {
        let calls = self.system_calls.iter().map(|call| call.body.len());
        let pieces = self.pieces.iter().flatten().map(|piece| match piece {
            Piece::Checked(checked) => checked.length as usize,
            Piece::Raw(transaction) => transaction.encoded_length(),
        });
        calls.chain(pieces).fold(0, usize::saturating_add)
    }
}

/// Drafts by the hashes of their blocks.
pub(crate) type Drafts = BTreeMap<Hash32, Draft>;

impl Replica {
    /// What the others need of a block of this node's own.
    pub(crate) fn sketch(&self, header: &Header, body: &CheckedBody) -> Sketch {
        let ids: Vec<ShortId> = body.facts().iter().map(|facts| ShortId::of(&facts.wid)).collect();
        let since_ms = self.now.monotonic_ms.saturating_sub(FRESH_MS);
        let mut given = Vec::new();
        let mut bytes: usize = 0;
        // The newest are at the end.
        for (place, facts) in body.facts().iter().enumerate().rev() {
            if self.known.since_ms(&facts.wid).is_some_and(|came_ms| came_ms < since_ms) {
                continue;
            }
            bytes = bytes.saturating_add(facts.length as usize);
            if given.len() >= GIVEN_MAX || bytes > GIVEN_BYTES_MAX {
                break;
            }
            let known = self.known.get(ShortId::of(&facts.wid)).filter(|known| known.wid == facts.wid);
            let in_body = || body.body().transactions.get(place).cloned().map(Shared::from);
            let transaction = known.map(|known| Shared(known.transaction.clone())).or_else(in_body);
            let place = u16::try_from(place).ok();
            given.extend(place.zip(transaction).map(|(place, transaction)| Given { place, transaction }));
        }
        given.reverse();
        Sketch {
            header: header.clone(),
            system_calls: body.body().system_calls.clone(),
            transactions: List::new(ids).expect("a body has no more transactions than its sketch"),
            given: List::new(given).expect("no more are taken"),
        }
    }

    /// A leader's sketch of its block. Before a vote vouches for it, it is only a hint.
    pub(crate) fn hear_sketch(&mut self, from: PeerKey, sketch: Sketch) {
        let Sketch { header, system_calls, transactions, given } = sketch;
        let hash = crypto::ids::header_hash(&header);
        let tip = self.chain.tip().header.height;
        let known = self.chain.entry(&hash).is_some_and(|entry| entry.body.is_some());
        let idle = header.height <= tip || header.chain_id != self.config.chain_id;
        if known || idle || self.drafts.contains_key(&hash) {
            return;
        }
        let rising = given.is_sorted_by(|left, right| left.place < right.place);
        let within = given.last().is_none_or(|last| usize::from(last.place) < transactions.len());
        if !rising || !within {
            self.effects.push(Effect::Punish { peer: from, offence: Offence::InvalidBlock });
            return;
        }
        let mut pieces: Vec<Option<Piece>> =
            transactions.iter().map(|id| self.known.get(*id).cloned().map(Piece::Checked)).collect();
        for Given { place, transaction } in given.into_vec() {
            if let Some(piece) = pieces.get_mut(usize::from(place)).filter(|piece| piece.is_none()) {
                *piece = Some(Piece::Raw(transaction.0));
            }
        }
        let missing = pieces.iter().filter(|piece| piece.is_none()).count();
        let draft = Draft { header, system_calls, pieces, missing, from };
        let bytes = draft.bytes();
        if bytes <= self.body_bytes_max() && self.take_hint(from, hash, &draft.header, bytes) {
            self.draft(hash, draft);
        }
    }

    /// Has a draft checked if it is complete, and otherwise asks for what it lacks.
    fn draft(&mut self, hash: Hash32, draft: Draft) {
        if draft.missing == 0 {
            let Draft { header, system_calls, pieces, from, .. } = draft;
            let body = BodyDraft { system_calls, transactions: pieces.into_iter().flatten().collect() };
            let purpose = Purpose::Body { hash, from, source: BodySource::Sketch };
            return self.start_job(Job::CheckBody { header, body }, purpose);
        }
        let lacking = draft.pieces.iter().zip(0_u16..).filter(|(piece, _)| piece.is_none());
        let Ok(places) = List::<u16, PLACES_MAX>::new(lacking.map(|(_, place)| place).collect()) else {
            return self.want_whole(&hash, draft.from);
        };
        let id = self.fetch.next_id(Asked::Transactions(hash));
        let request = Request::Transactions { block: hash, places };
        self.effects.push(Effect::Request { id, to: draft.from, request });
        self.drafts.insert(hash, draft);
    }

    /// What a leader answers to being asked for transactions of its block.
    pub(crate) fn hear_missing(
        &mut self,
        hash: Hash32,
        from: PeerKey,
        found: Option<List<Shared<Transaction>, PLACES_MAX>>,
    ) {
        let Some(mut draft) = self.drafts.remove(&hash) else { return };
        if self.chain.entry(&hash).is_some_and(|entry| entry.body.is_some()) {
            return;
        }
        let Some(found) = found.filter(|found| found.len() == draft.missing) else {
            return self.want_whole(&hash, from);
        };
        let before = draft.bytes();
        let lacking = draft.pieces.iter_mut().filter(|piece| piece.is_none());
        for (piece, Shared(transaction)) in lacking.zip(found.into_vec()) {
            *piece = Some(Piece::Raw(transaction));
        }
        draft.missing = 0;
        let bytes = draft.bytes();
        if bytes > self.body_bytes_max() || !self.hints.grow(draft.view(), &hash, bytes.saturating_sub(before)) {
            return self.want_whole(&hash, from);
        }
        self.draft(hash, draft);
    }

    /// Most bytes of a body.
    fn body_bytes_max(&self) -> usize {
        self.config.genesis.parameters.limits.body_bytes_max as usize
    }

    /// A draft was no body of its header.
    pub(crate) fn draft_failed(&mut self, hash: Hash32, from: PeerKey, error: InvalidBlock) {
        if error != InvalidBlock::OtherBody {
            // What breaks a form that is checked by itself was sent in full.
            self.effects.push(Effect::Punish { peer: from, offence: Offence::InvalidBlock });
        }
        self.want_whole(&hash, from);
    }

    /// Asks a leader for a whole block, now.
    fn want_whole(&mut self, hash: &Hash32, from: PeerKey) {
        self.fetch.hurry(hash);
        self.want(hash, Some(from));
    }

    /// What this node answers to being asked for transactions of a block, if it has that in memory.
    pub(crate) fn transactions_at(&self, block: &Hash32, places: &[u16]) -> Option<Response> {
        let body = self.chain.entry(block).and_then(|entry| entry.body.as_ref()).map(|body| body.body());
        let final_body = || self.chain.uncommitted().find(|found| found.hash == *block).map(|found| &found.body);
        body.or_else(final_body).map(|body| Response::transactions_at(body, places))
    }

    /// The body of a block, from a sketch or whole.
    pub(crate) fn body_checked(
        &mut self,
        (hash, from, source): (Hash32, PeerKey, BodySource),
        header: &Header,
        result: Result<Arc<CheckedBody>, InvalidBlock>,
    ) {
        match (result, source) {
            // Its view is over, and nobody but the sketch spoke for it.
            (Ok(_), BodySource::Sketch) if header.view < self.view && !self.is_vouched(&hash) => {
                self.drafts.remove(&hash);
            }
            (Ok(body), _) => {
                self.chain.insert(hash, header, Some(body));
                self.drafts.remove(&hash);
                self.fetch.done(&hash);
                self.offer_awaited();
            }
            (Err(error), BodySource::Sketch) => self.draft_failed(hash, from, error),
            (Err(_), BodySource::Whole) => {
                self.effects.push(Effect::Punish { peer: from, offence: Offence::InvalidBlock });
                self.fetch.missed(&hash, &from);
            }
        }
    }
}
