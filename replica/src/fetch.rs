//! Getting single blocks and certificates that others have: from the leader first, then from everybody in turn.
//!
//! One question per block at a time; a question that is not answered is asked of the next peer. When every peer was asked once,
//! the round is over and nobody is asked for Δ: a block that nobody has costs little. Nothing here believes an answer: a block
//! must hash to what was asked for.

use std::collections::BTreeMap;

use consensus::{CertificateRequest, Input};
use types::{Hash32, PeerKey};

use crate::effect::Effect;
use crate::event::RequestId;
use crate::replica::Replica;
use crate::wire::Request;

/// Blocks wanted at once.
const WANTED_MAX: usize = 64;
/// Peers that are asked for one certificate.
const CERTIFICATE_PEERS: usize = 2;

/// Blocks that are wanted, and the questions under way.
#[derive(Debug, Default)]
pub(crate) struct Fetch {
    wanted: BTreeMap<Hash32, Wanted>,
    asked: BTreeMap<RequestId, Asked>,
    next_id: u64,
    turn: usize,
}

#[derive(Debug, Default)]
struct Wanted {
    /// Nobody is asked before, unless the answer that is waited for is that there is nothing.
    retry_ms: u64,
    /// Who was asked in this round.
    asked: Vec<PeerKey>,
    /// Whose answer is waited for.
    waiting: Option<PeerKey>,
}

/// What a question was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Block(Hash32),
    Transactions(Hash32),
    Certificates,
    Range,
    Headers,
    Kept,
    Status { at_ms: u64 },
}

impl Fetch {
    pub(crate) fn next_id(&mut self, asked: Asked) -> RequestId {
        self.next_id = self.next_id.wrapping_add(1);
        let id = RequestId(self.next_id);
        self.asked.insert(id, asked);
        id
    }

    pub(crate) fn answered(&mut self, id: RequestId) -> Option<Asked> {
        self.asked.remove(&id)
    }

    /// The block came, or nobody needs it any more.
    pub(crate) fn done(&mut self, hash: &Hash32) {
        self.wanted.remove(hash);
    }

    /// A peer did not have it: the next one is asked at once, if this round has one.
    pub(crate) fn missed(&mut self, hash: &Hash32, by: &PeerKey) {
        if let Some(wanted) = self.wanted.get_mut(hash).filter(|wanted| wanted.waiting.as_ref() == Some(by)) {
            (wanted.retry_ms, wanted.waiting) = (0, None);
        }
    }

    /// It will not come by itself: it is asked for at once, if nobody was asked yet.
    pub(crate) fn hurry(&mut self, hash: &Hash32) {
        if let Some(wanted) = self.wanted.get_mut(hash).filter(|wanted| wanted.asked.is_empty()) {
            wanted.retry_ms = 0;
        }
    }

    pub(crate) fn is_wanted(&self, hash: &Hash32) -> bool {
        self.wanted.contains_key(hash)
    }

    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.wanted.values().map(|wanted| wanted.retry_ms).min()
    }
}

impl Replica {
    /// The engine cannot vote to finalize a block whose body is not durable here.
    pub(crate) fn await_body(&mut self, block: Hash32, first_from: Option<PeerKey>) {
        if self.awaited.len() >= WANTED_MAX {
            // Mostly blocks of forks that came to nothing; the engine asks again for those it still wants.
            self.awaited.clear();
        }
        self.awaited.insert(block);
        self.want(&block, first_from);
        self.offer_awaited();
    }

    /// Bodies that the engine waits for and that have come: they are logged, in the sync before the vote.
    pub(crate) fn offer_awaited(&mut self) {
        let here: Vec<Hash32> = self
            .awaited
            .iter()
            .filter(|hash| self.chain.entry(hash).is_some_and(|entry| entry.body.is_some()))
            .copied()
            .collect();
        for block in here {
            self.awaited.remove(&block);
            self.log_block(&block);
            self.tell_engine(Input::Available { block });
        }
    }

    /// Wants a block, header and body, whether or not it can become final.
    pub(crate) fn want(&mut self, hash: &Hash32, first_from: Option<PeerKey>) {
        if self.is_final(hash) || self.chain.entry(hash).is_some_and(|entry| entry.body.is_some()) {
            return;
        }
        let now_ms = self.now.monotonic_ms;
        if self.fetch.wanted.get(hash).is_some_and(|wanted| wanted.retry_ms > now_ms) {
            return;
        }
        if !self.fetch.wanted.contains_key(hash) && (self.is_coming(hash) || self.fetch.wanted.len() >= WANTED_MAX) {
            return self.give_a_moment(hash);
        }
        let leader = first_from.filter(|leader| *leader != self.config.own_peer);
        let peers: Vec<PeerKey> = self.sync.peers().collect();
        self.fetch.turn = self.fetch.turn.wrapping_add(1);
        let turn = self.fetch.turn.checked_rem(peers.len()).unwrap_or_default();
        let in_turn = peers.iter().cycle().skip(turn).take(peers.len());
        let wanted = self.fetch.wanted.entry(*hash).or_default();
        let to = leader.iter().chain(in_turn).find(|peer| !wanted.asked.contains(peer)).copied();
        wanted.retry_ms = now_ms.saturating_add(self.config.genesis.parameters.timing.delta_ms);
        wanted.waiting = to;
        let Some(to) = to else {
            // Everybody was asked once: the next round begins after a pause.
            wanted.asked.clear();
            return;
        };
        wanted.asked.push(to);
        let id = self.fetch.next_id(Asked::Block(*hash));
        self.effects.push(Effect::Request { id, to, request: Request::Block { hash: *hash } });
    }

    /// Asks again, of somebody else, for blocks that have not come.
    pub(crate) fn want_again(&mut self) {
        let now_ms = self.now.monotonic_ms;
        let overdue: Vec<Hash32> =
            self.fetch.wanted.iter().filter(|(_, wanted)| wanted.retry_ms <= now_ms).map(|(hash, _)| *hash).collect();
        for hash in overdue {
            let needed = self.certified.contains(&hash)
                || self.awaited.contains(&hash)
                || self.judgements.values().any(|judged| judged.block == hash || judged.parent == hash)
                || self
                    .finalizations
                    .iter()
                    .map(|waiting| &waiting.statement.block)
                    .any(|block| self.chain.path(block) == Err(hash) && !self.is_left_to_ranges(block))
                || self.turn.as_ref().is_some_and(|turn| turn.parent == hash);
            if needed {
                self.want(&hash, None);
            } else {
                self.fetch.done(&hash);
            }
        }
    }

    /// The body of a proposal that has not come with it. Its leader sends it anyhow, so it gets a moment.
    pub(crate) fn fetch_body_of_leader(&mut self, hash: &Hash32) {
        let now_ms = self.now.monotonic_ms;
        match self.fetch.wanted.get(hash) {
            None => self.give_a_moment(hash),
            Some(wanted) if wanted.retry_ms <= now_ms => self.want(hash, self.leader_peer()),
            Some(_) => {}
        }
    }

    /// A block that will be asked for unless it comes soon by itself.
    fn give_a_moment(&mut self, hash: &Hash32) {
        if self.fetch.wanted.len() < WANTED_MAX {
            let grace_ms = self.config.genesis.parameters.timing.delta_ms / 4;
            let retry_ms = self.now.monotonic_ms.saturating_add(grace_ms);
            self.fetch.wanted.insert(*hash, Wanted { retry_ms, ..Wanted::default() });
        }
    }

    /// Whether a block's body is being checked, or made of a sketch that lacks something.
    fn is_coming(&self, hash: &Hash32) -> bool {
        self.drafts.contains_key(hash) || self.jobs.is_checking_body(hash)
    }

    pub(crate) fn fetch_certificates(&mut self, request: CertificateRequest, first_from: Option<PeerKey>) {
        let first = first_from.filter(|peer| *peer != self.config.own_peer);
        let second = self.any_peer().filter(|peer| Some(*peer) != first);
        for to in first.into_iter().chain(second).take(CERTIFICATE_PEERS) {
            let id = self.fetch.next_id(Asked::Certificates);
            self.effects.push(Effect::Request { id, to, request: Request::Certificates(request) });
        }
    }

    /// The network identity of the present view's leader. View and leader are the engine's, and so is the set.
    fn leader_peer(&self) -> Option<PeerKey> {
        self.engine.set().get(self.leader).map(|leader| leader.peer)
    }

    /// One of the connected peers, another one each time; validators of the set count as connected.
    fn any_peer(&mut self) -> Option<PeerKey> {
        self.fetch.turn = self.fetch.turn.wrapping_add(1);
        let peers: Vec<PeerKey> = self.sync.peers().collect();
        let place = self.fetch.turn.checked_rem(peers.len())?;
        peers.get(place).copied()
    }
}
