//! When this node may vote: what its home remembers, and listening before speaking.
//!
//! A key must never contradict itself, and it does when it runs twice, or when a home forgot its votes or is an older copy.
//! So a home whose history is whole listens for a short while at each start, one whose history is unknown for a whole epoch,
//! and whoever hears a vote of its own key that it never cast stops for good (decision 19). It must not know what a vote
//! says nor how it is verified: the engine tells. What is decided here is kept in the lease before it counts.

use std::collections::BTreeSet;

use consensus::{Input, Voice};
use journal::{Doubt, Position, VoteBound};
use types::{Certificate, Epoch, Genesis, Height, Network, PeerKey, ValidatorIndex, View, VoteStatement};

use crate::effect::{Effect, Notice};
use crate::replica::Replica;
use crate::wire::Message;

/// A home that knows what it signed listens so many Δ before it votes, if others finish views meanwhile.
const LEAST_DELTAS: u64 = 20;
/// Where value is at stake it is never less than this, in milliseconds.
const LEAST_MS_MAIN: u64 = 10_000;
/// Views of others that it waits for.
const VIEWS_MIN: u32 = 3;
/// Finalizations seen live that show that a node follows the tip.
const LIVE_MIN: u32 = 2;
/// Peers that are remembered for what they said of their height.
const PEERS_MAX: usize = 256;
/// Foreign votes by the own key that are remembered until they are verified.
const RUMOURS_MAX: usize = 16;

/// How a node listens before it votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenTerms {
    /// The short listen takes at least so long, in milliseconds, when anybody is heard,
    pub least_ms: u64,
    /// and never longer than this.
    pub most_ms: u64,
    /// What a foreign vote by the own key means.
    pub on_twin: OnTwin,
}

/// What a foreign vote by the own key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTwin {
    /// This node votes no more.
    Stop,
    /// Nothing: for faulty members of simulated networks.
    GoOn,
}

impl ListenTerms {
    /// The terms of a chain. What is heard in a number of Δ tells the same on every network.
    #[must_use]
    pub fn of(genesis: &Genesis) -> Self {
        let deltas_ms = genesis.parameters.timing.delta_ms.saturating_mul(LEAST_DELTAS);
        let least_ms = match genesis.network {
            Network::Main => deltas_ms.max(LEAST_MS_MAIN),
            Network::Test => deltas_ms,
        };
        Self { least_ms, most_ms: least_ms.saturating_mul(2), on_twin: OnTwin::Stop }
    }
}

/// How far a node has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Listening for a short while.
    Short {
        /// Since when, monotonic; nothing while a home without history waits for the first peer that answers.
        since_ms: Option<u64>,
        /// Views that ended since.
        views: u32,
    },
    /// History is unknown: listening through the whole epoch after the one in which it first followed the tip.
    Long {
        /// Since when it may have followed the tip, monotonic.
        since_ms: u64,
        /// That epoch.
        followed: Option<Epoch>,
        /// Finalizations seen live in the present epoch.
        live: u32,
    },
    /// Somebody else votes with this key.
    Twin {
        /// Where that was seen.
        seen: Position,
        /// From how many peers it came.
        peers: usize,
    },
    /// It votes.
    Over,
}

/// What is known about the votes of this node's key.
#[derive(Debug)]
pub(crate) struct Listen {
    pub(crate) bound: VoteBound,
    pub(crate) stage: Stage,
    /// Up to here the chain was caught up: no vote before the store has it on disk.
    pub(crate) caught_up: Height,
    pub(crate) voice: Voice,
    terms: ListenTerms,
    /// This node's place in the epoch's set.
    own: Option<ValidatorIndex>,
    /// Peers that say to have no block, and those that say to have one.
    without_blocks: BTreeSet<PeerKey>,
    with_blocks: BTreeSet<PeerKey>,
    /// Unverified: from whom foreign votes by the own key came.
    rumours: Vec<(VoteStatement, BTreeSet<PeerKey>)>,
}

impl Listen {
    /// Begins with what the lease says, and the height of the store.
    pub(crate) fn new(terms: ListenTerms, bound: VoteBound, height: Height, now_ms: u64) -> Self {
        let short = |since_ms| Stage::Short { since_ms, views: 0 };
        let stage = match bound {
            VoteBound::Above(_) => short(Some(now_ms)),
            VoteBound::Unknown(Doubt::NoHistory) if height == Height::ZERO => short(None),
            VoteBound::Unknown(Doubt::Twin(seen)) => Stage::Twin { seen, peers: 0 },
            VoteBound::Unknown(_) => Stage::Long { since_ms: now_ms, followed: None, live: 0 },
        };
        Self {
            bound,
            stage,
            caught_up: Height::ZERO,
            voice: Voice::Silent,
            terms,
            own: None,
            without_blocks: BTreeSet::new(),
            with_blocks: BTreeSet::new(),
            rumours: Vec::new(),
        }
    }

    /// No vote of this epoch at or below this view; the last there is when none is allowed.
    pub(crate) fn floor_in(&self, epoch: Epoch) -> View {
        match (self.bound, self.stage) {
            (VoteBound::Above(bound), _) if bound.epoch > epoch => View::MAX,
            (VoteBound::Above(bound), _) if bound.epoch == epoch => bound.view,
            (VoteBound::Above(_), _) => View::ZERO,
            // It listens, and what it hears counts.
            (VoteBound::Unknown(_), Stage::Short { .. }) => View::ZERO,
            (VoteBound::Unknown(_), Stage::Long { followed: Some(followed), .. }) if epoch > followed => View::ZERO,
            (VoteBound::Unknown(_), _) => View::MAX,
        }
    }

    /// A peer says how high it is.
    pub(crate) fn heard_height(&mut self, peer: PeerKey, height: Height, now_ms: u64) {
        let Stage::Short { since_ms, .. } = &mut self.stage else { return };
        since_ms.get_or_insert(now_ms);
        let (to, from) = if height == Height::ZERO {
            (&mut self.without_blocks, &mut self.with_blocks)
        } else {
            (&mut self.with_blocks, &mut self.without_blocks)
        };
        from.remove(&peer);
        if to.len() < PEERS_MAX {
            to.insert(peer);
        }
    }

    /// Somebody tells of a vote by this node's key, which nobody has verified.
    fn note(&mut self, from: PeerKey, statement: &VoteStatement) {
        let rumours = &mut self.rumours;
        if let Some((_, by)) = rumours.iter_mut().find(|(rumoured, _)| rumoured == statement) {
            if by.len() < PEERS_MAX {
                by.insert(from);
            }
            return;
        }
        if rumours.len() >= RUMOURS_MAX {
            rumours.remove(0);
        }
        rumours.push((*statement, BTreeSet::from([from])));
    }

    /// A view ended without this node.
    pub(crate) const fn view_ended(&mut self) {
        if let Stage::Short { views, .. } = &mut self.stage {
            *views = views.saturating_add(1);
        }
    }

    /// A block became final by votes that were heard. In the first moments they may be those of an epoch that is over.
    pub(crate) fn followed(&mut self, epoch: Epoch, now_ms: u64) {
        if let Stage::Long { since_ms, followed, live } = &mut self.stage {
            *live = live.saturating_add(1);
            if *live >= LIVE_MIN && now_ms.saturating_sub(*since_ms) >= self.terms.least_ms {
                followed.get_or_insert(epoch);
            }
        }
    }

    /// A block became final that was fetched. Listening counts at the tip only.
    pub(crate) const fn replayed(&mut self, height: Height, now_ms: u64) {
        self.caught_up = height;
        self.listen_anew(now_ms);
    }

    /// What was heard up to now says nothing.
    const fn listen_anew(&mut self, now_ms: u64) {
        match &mut self.stage {
            Stage::Short { since_ms: Some(since_ms), views } => (*since_ms, *views) = (now_ms, 0),
            Stage::Long { since_ms, followed: None, .. } => *since_ms = now_ms,
            _ => {}
        }
    }

    /// An epoch begins, with this place in it. Gives the bound that is known from now on, if it became known.
    pub(crate) fn entered(&mut self, epoch: Epoch, own: Option<ValidatorIndex>) -> Option<VoteBound> {
        self.own = own;
        self.rumours.clear();
        let Stage::Long { since_ms, followed: Some(followed), live } = self.stage else {
            if let Stage::Long { live, .. } = &mut self.stage {
                *live = 0;
            }
            return None;
        };
        let listened = Epoch(epoch.0.saturating_sub(1));
        if listened > followed && live >= LIVE_MIN {
            self.stage = Stage::Over;
            self.bound = VoteBound::Above(Position { epoch: listened, view: View::MAX });
            return Some(self.bound);
        }
        // Whoever was elsewhere for a whole epoch begins anew.
        let followed = Some(followed).filter(|followed| listened <= *followed);
        self.stage = Stage::Long { since_ms, followed, live: 0 };
        None
    }

    /// Whether it is still open if there are votes that this home does not know.
    fn is_undecided(&self) -> bool {
        matches!((self.bound, self.stage), (VoteBound::Unknown(_), Stage::Short { .. }))
    }

    /// Whether the short listen is over at the tip.
    fn is_long_enough(&self, now_ms: u64) -> bool {
        let Stage::Short { since_ms: Some(since_ms), views } = self.stage else { return false };
        let listened_ms = now_ms.saturating_sub(since_ms);
        let heard = listened_ms >= self.terms.least_ms && views >= VIEWS_MIN && !self.is_undecided();
        heard || listened_ms >= self.terms.most_ms
    }

    /// How much longer the short listen may take.
    pub(crate) fn left_ms(&self, now_ms: u64) -> u64 {
        let Stage::Short { since_ms, .. } = self.stage else { return 0 };
        let since_ms = since_ms.unwrap_or(now_ms);
        since_ms.saturating_add(self.terms.most_ms).saturating_sub(now_ms)
    }

    /// When it is worth another look.
    pub(crate) fn deadline_ms(&self, now_ms: u64) -> Option<u64> {
        let Stage::Short { since_ms: Some(since_ms), .. } = self.stage else { return None };
        let ends = [self.terms.least_ms, self.terms.most_ms].map(|span| since_ms.saturating_add(span));
        ends.into_iter().find(|end| *end > now_ms)
    }
}

impl Replica {
    /// Tells the engine whether it may speak.
    pub(crate) fn update_voice(&mut self) {
        if self.config.own_key.is_none() {
            return;
        }
        self.try_end_listening();
        let is_free = self.listen.stage == Stage::Over && self.synced >= self.listen.caught_up;
        let voice = if is_free { Voice::Free } else { Voice::Silent };
        if self.listen.voice != voice {
            self.listen.voice = voice;
            self.tell_engine(Input::Voice(voice));
        }
    }

    /// Ends the short listen when its time has come, or when there is nothing yet that could have been signed.
    fn try_end_listening(&mut self) {
        if !matches!(self.listen.stage, Stage::Short { .. }) {
            return;
        }
        if self.is_below_bound() {
            // Foreign votes say nothing down here.
            self.listen.listen_anew(self.now.monotonic_ms);
        }
        if self.is_key_in_use() {
            // Whoever keeps the place for another machine lets this one hear nothing.
            return self.listen.listen_anew(self.now.monotonic_ms);
        }
        let has_begun = self.chain.tip().header.height > Height::ZERO;
        if has_begun && self.listen.is_undecided() {
            return self.doubt_history();
        }
        let is_new = !has_begun && self.listen.with_blocks.is_empty() && self.is_quorum_without_blocks();
        if !is_new && !self.listen.is_long_enough(self.now.monotonic_ms) {
            return;
        }
        if self.listen.is_undecided() {
            self.listen.bound = VoteBound::Above(Position::default());
            self.effects.push(Effect::Bound(self.listen.bound));
        }
        self.listen.stage = Stage::Over;
    }

    /// Whether this node may have signed in the present view before it lost its log.
    pub(crate) fn is_below_bound(&self) -> bool {
        let here = Position { epoch: self.epoch, view: self.view };
        matches!(self.listen.bound, VoteBound::Above(bound) if here <= bound)
    }

    /// Whether a quorum, this node in it, says to have no block.
    fn is_quorum_without_blocks(&self) -> bool {
        let members = self.set.validators().iter().zip(0..).filter(|(member, _)| {
            self.listen.without_blocks.contains(&member.peer) || Some(member.key) == self.config.own_key
        });
        self.set.is_quorum(self.set.power_of(members.map(|(_, place)| ValidatorIndex(place))))
    }

    /// The chain has begun, and this home remembers nothing of it.
    fn doubt_history(&mut self) {
        self.listen.stage = Stage::Long { since_ms: self.now.monotonic_ms, followed: None, live: 0 };
        self.bar_epoch();
    }

    fn bar_epoch(&mut self) {
        self.tell_engine(Input::Floor { epoch: self.epoch, view: View::MAX });
    }

    /// Somebody votes with this node's key: the one thing after which it never votes again by itself.
    pub(crate) fn hear_twin(&mut self, statement: &VoteStatement) {
        if self.listen.is_undecided() {
            return self.doubt_history();
        }
        // What the engine was told a moment ago it may not have heard yet.
        let says_nothing = statement.view <= self.listen.floor_in(statement.epoch);
        if says_nothing || self.listen.terms.on_twin == OnTwin::GoOn || matches!(self.listen.stage, Stage::Twin { .. })
        {
            return;
        }
        let seen = Position { epoch: statement.epoch, view: statement.view };
        let peers =
            self.listen.rumours.iter().find(|(rumoured, _)| rumoured == statement).map_or(0, |(_, by)| by.len());
        self.listen.stage = Stage::Twin { seen, peers };
        self.listen.bound = VoteBound::Unknown(Doubt::Twin(seen));
        self.effects.push(Effect::Bound(self.listen.bound));
        self.effects.push(Effect::Notify(Notice::Twin { epoch: seen.epoch, view: seen.view, peers }));
        self.bar_epoch();
    }

    /// A certificate that came with a fetched block, verified with it.
    pub(crate) fn look_for_twin(&mut self, certificate: &Certificate) {
        let is_signed = self.listen.own.is_some_and(|own| certificate.signers.contains(own));
        if is_signed && self.engine.is_foreign(&certificate.statement) {
            self.hear_twin(&certificate.statement);
        }
    }

    /// Keeps from whom a foreign vote by this node's key came, so that an operator knows whom to ask.
    pub(crate) fn note_rumour(&mut self, from: PeerKey, message: &Message) {
        let Some(own) = self.listen.own else { return };
        let (statement, is_own) = match message {
            Message::Vote(vote) => (&vote.statement, vote.signer == own),
            Message::Proposal(proposal) => (&proposal.vote.statement, proposal.vote.signer == own),
            Message::Certificate(certificate) => (&certificate.statement, certificate.signers.contains(own)),
            _ => return,
        };
        if !is_own || !self.engine.is_foreign(statement) {
            return;
        }
        self.listen.note(from, statement);
    }
}

#[cfg(test)]
mod tests {
    use types::{Hash32, VoteKind};

    use super::*;

    fn peer(number: usize) -> PeerKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&(number as u64).to_le_bytes());
        PeerKey(key)
    }

    fn nullify(view: u64) -> VoteStatement {
        let (kind, parent_view, block) = (VoteKind::Nullify, View::ZERO, Hash32::ZERO);
        VoteStatement { kind, epoch: Epoch::ZERO, view: View(view), parent_view, block }
    }

    fn listening() -> Listen {
        let terms = ListenTerms { least_ms: 1_000, most_ms: 2_000, on_twin: OnTwin::Stop };
        Listen::new(terms, VoteBound::Above(Position::default()), Height::ZERO, 0)
    }

    // FAULTS HB7
    #[test]
    fn so_many_peers_are_remembered_for_their_heights_and_each_once() {
        let mut listen = listening();
        for number in 0..2 * PEERS_MAX {
            listen.heard_height(peer(number), Height::ZERO, 0);
        }
        assert_eq!((listen.without_blocks.len(), listen.with_blocks.len()), (PEERS_MAX, 0));
        for number in 0..2 * PEERS_MAX {
            listen.heard_height(peer(number), Height(1), 0);
        }
        assert_eq!((listen.without_blocks.len(), listen.with_blocks.len()), (0, PEERS_MAX));
    }

    // FAULTS HB7
    #[test]
    fn of_votes_by_the_own_key_that_are_not_verified_the_newest_few_are_remembered_and_from_so_many_peers() {
        let mut listen = listening();
        let views = 2 * RUMOURS_MAX as u64;
        for view in 0..views {
            (0..2 * PEERS_MAX).for_each(|number| listen.note(peer(number), &nullify(view)));
        }
        assert_eq!(listen.rumours.len(), RUMOURS_MAX);
        assert!(listen.rumours.iter().all(|(_, by)| by.len() == PEERS_MAX));
        assert_eq!(listen.rumours.last().map(|(statement, _)| statement.view), Some(View(views.saturating_sub(1))));
    }
}
