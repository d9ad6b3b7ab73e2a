//! Getting single blocks and certificates that others have: from the leader first, then from everybody in turn.
//!
//! One question per block at a time, and few blocks at a time, because an answer is long; a question that is not answered is
//! asked of the next peer, and who was asked least about comes first. When every peer was asked once,
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
/// Blocks that are asked for at once: with the answers that come and are being checked 64 MiB.
const ASKED_MAX: usize = 8;
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
    /// It would have been asked for, but for others.
    is_put_off: bool,
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
        for wanted in self.wanted.values_mut().filter(|wanted| wanted.is_put_off) {
            wanted.retry_ms = 0;
        }
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

    /// Whether as many other blocks are asked for as may be.
    fn is_busy(&self, but: &Hash32) -> bool {
        let others = self.wanted.iter().filter(|(hash, wanted)| *hash != but && wanted.waiting.is_some());
        others.count() >= ASKED_MAX
    }

    /// The blocks that are to be asked for again, those first for which fewest were asked. Late answers are not waited for.
    fn overdue(&mut self, now_ms: u64) -> Vec<Hash32> {
        let overdue = self.wanted.iter_mut().filter(|(_, wanted)| wanted.retry_ms <= now_ms);
        let mut overdue: Vec<(usize, u64, Hash32)> = overdue
            .map(|(hash, wanted)| {
                wanted.waiting = None;
                (wanted.asked.len(), wanted.retry_ms, *hash)
            })
            .collect();
        overdue.sort_unstable();
        overdue.into_iter().map(|(_, _, hash)| hash).collect()
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
        if self.fetch.is_busy(hash) {
            self.give_a_moment(hash);
            if let Some(wanted) = self.fetch.wanted.get_mut(hash) {
                wanted.is_put_off = true;
            }
            return;
        }
        let leader = first_from.filter(|leader| *leader != self.config.own_peer);
        let peers: Vec<PeerKey> = self.sync.peers().collect();
        self.fetch.turn = self.fetch.turn.wrapping_add(1);
        let turn = self.fetch.turn.checked_rem(peers.len()).unwrap_or_default();
        let in_turn = peers.iter().cycle().skip(turn).take(peers.len());
        let wanted = self.fetch.wanted.entry(*hash).or_default();
        let to = leader.iter().chain(in_turn).find(|peer| !wanted.asked.contains(peer)).copied();
        wanted.retry_ms = now_ms.saturating_add(self.config.genesis.parameters.timing.delta_ms);
        (wanted.waiting, wanted.is_put_off) = (to, false);
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
        for hash in self.fetch.overdue(now_ms) {
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
        let grace_ms = self.config.genesis.parameters.timing.delta_ms / 4;
        let retry_ms = self.now.monotonic_ms.saturating_add(grace_ms.max(1));
        if let Some(wanted) = self.fetch.wanted.get_mut(hash) {
            wanted.retry_ms = retry_ms;
        } else if self.fetch.wanted.len() < WANTED_MAX {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn block(number: u8) -> Hash32 {
        Hash32([number; 32])
    }

    fn wanted(retry_ms: u64, asked: u8, is_waiting: bool) -> Wanted {
        let peer = |number| PeerKey([number; 32]);
        let waiting = is_waiting.then(|| peer(9));
        Wanted { retry_ms, asked: (0..asked).map(peer).collect(), waiting, is_put_off: false }
    }

    #[test]
    fn so_many_blocks_are_asked_for_at_once_and_who_was_asked_for_least_comes_first() {
        let mut fetch = Fetch::default();
        for number in 0..8 {
            assert!(!fetch.is_busy(&block(100)), "block {number}");
            fetch.wanted.insert(block(number), wanted(1_000, 1, true));
        }
        fetch.wanted.insert(block(100), wanted(250, 0, false));
        fetch.wanted.insert(block(101), wanted(999, 2, false));
        fetch.wanted.insert(block(102), wanted(1_001, 0, false));
        assert!(fetch.is_busy(&block(100)) && fetch.is_busy(&block(101)));
        assert!(!fetch.is_busy(&block(0)), "a block does not stand in its own way");
        assert_eq!(fetch.overdue(998), [block(100)]);
        let overdue = fetch.overdue(1_000);
        assert_eq!((overdue.len(), overdue[0], overdue[1], overdue[9]), (10, block(100), block(0), block(101)));
        assert!(!fetch.is_busy(&block(100)), "whose answers are overdue make room");
    }

    #[test]
    fn a_block_that_comes_makes_room_for_those_that_were_put_off() {
        let mut fetch = Fetch::default();
        fetch.wanted.insert(block(1), wanted(1_000, 1, true));
        fetch.wanted.insert(block(2), wanted(250, 0, false));
        fetch.wanted.insert(block(3), Wanted { is_put_off: true, ..wanted(250, 0, false) });
        fetch.done(&block(1));
        assert_eq!(fetch.overdue(0), [block(3)]);
    }
}
