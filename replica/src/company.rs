//! Which validators this node reaches, there and back, and what their clocks show.
//!
//! That a connection is up proves nothing: it may carry nothing, or carry it one way only. So every connected validator is
//! asked how far it is, in turn, again and again; who has answered lately is reached. It must not know what an answer says
//! of the chain.
//!
//! Invariants: one question at a time leaves, however many members there are; what is kept is bounded by the set and by
//! the connections that the shell allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::{Epoch, Header, PeerKey, Timing, ValidatorIndex, ValidatorSet, View};

use crate::clocks::{ClockReport, Clocks};
use crate::effect::Effect;
use crate::event::{Event, Via};
use crate::fetch::Asked;
use crate::replica::Replica;
use crate::wire::{Message, Request};

/// A validator asks every other one about once in this time,
const ROUND_MS: u64 = 2_500;
/// a node that only follows more seldom, as it asks for their clocks alone,
const ROUND_FOLLOWER_MS: u64 = 10_000;
/// and nobody asks more often than this.
const PAUSE_MS_MIN: u64 = 50;
/// Who was heard, or has answered, within this time is taken to be there.
const LATELY_MS: u64 = 10_000;
/// Who has said within this time that another machine has this node's network key still holds by it; a node asks again after
/// 20 seconds.
const IN_USE_MS: u64 = 60_000;
/// What is told of the members is reckoned anew so often.
const REPORT_MS: u64 = 250;
/// So many silent members are named.
const NAMED_MAX: usize = 8;
const _: () = assert!(LATELY_MS >= 3 * ROUND_MS);
/// A node that has met its first peer waits so long at most to hear how far others are.
const BEGINNING_MS_MAX: u64 = 20_000;
/// A node that has no connection to any other member says something of weight when it leads: that others have counted it holds for so
/// many of its turns. More than one, as views that time out make a turn late.
const TURNS_COUNTED: u64 = 2;

/// How far this node reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Power of the members that have answered lately, this node's own included.
    pub power_answering: u64,
    /// Power of those that were heard lately in any way.
    pub power_heard: u64,
    /// Power of all.
    pub power_total: u64,
    /// Members that have not answered lately: the first few.
    pub silent: Vec<ValidatorIndex>,
    /// Members that answer, and have not voted lately: the first few.
    pub mute: Vec<ValidatorIndex>,
    /// Members whose clocks differ from this node's by more than the bound: the first few.
    pub far: Vec<ValidatorIndex>,
    /// Whether others have counted what this node says, lately: behind sentries they do, and answer nothing.
    pub is_counted: bool,
    /// Power of those that keep this node's place for another machine with its network key.
    pub power_in_use: u64,
    /// How the own clock stands to theirs.
    pub clock: ClockReport,
}

/// Another member of the set.
#[derive(Clone, Copy, Debug)]
struct Member {
    heard_ms: Option<u64>,
    answered_ms: Option<u64>,
    voted_ms: Option<u64>,
    /// When it said that this node's network key is in use elsewhere.
    in_use_ms: Option<u64>,
}

/// Whom this node is connected with, and who of the validators answers.
#[derive(Debug)]
pub(crate) struct Company {
    members: BTreeMap<PeerKey, Member>,
    connected: BTreeSet<PeerKey>,
    /// Since when nobody is connected.
    alone_since_ms: Option<u64>,
    ask_next_ms: u64,
    asked_last: PeerKey,
    /// When others last showed that they have counted what this node said.
    counted_ms: Option<u64>,
    /// Where the log ended when this node began. What it holds shows nothing of who hears this node now.
    log_end: (Epoch, View),
    /// When the first peer came.
    met_ms: Option<u64>,
    /// Whether it is known how far others are.
    has_begun: bool,
    pub(crate) clocks: Clocks,
    reach: Arc<Reach>,
    /// When the reach was reckoned last; nothing when it has to be anew.
    reckoned_ms: Option<u64>,
}

impl Company {
    pub(crate) fn new(set: &ValidatorSet, own: &PeerKey, log_end: (Epoch, View), now_ms: u64) -> Self {
        let mut company = Self {
            members: BTreeMap::new(),
            connected: BTreeSet::new(),
            alone_since_ms: Some(now_ms),
            ask_next_ms: now_ms,
            asked_last: *own,
            counted_ms: None,
            log_end,
            met_ms: None,
            has_begun: false,
            clocks: Clocks::default(),
            reach: Arc::default(),
            reckoned_ms: None,
        };
        company.enter(set, own);
        company
    }

    /// The members are these now.
    pub(crate) fn enter(&mut self, set: &ValidatorSet, own: &PeerKey) {
        let known = std::mem::take(&mut self.members);
        let others = set.validators().iter().map(|validator| validator.peer).filter(|peer| peer != own);
        let unknown = Member { heard_ms: None, answered_ms: None, voted_ms: None, in_use_ms: None };
        self.members = others.map(|peer| (peer, known.get(&peer).copied().unwrap_or(unknown))).collect();
        let members = &self.members;
        self.clocks.keep_only(|peer| members.contains_key(peer));
        self.reckoned_ms = None;
    }

    pub(crate) fn peer_up(&mut self, peer: PeerKey, now_ms: u64) {
        self.connected.insert(peer);
        self.met_ms.get_or_insert(now_ms);
        self.alone_since_ms = None;
    }

    pub(crate) fn peer_down(&mut self, peer: &PeerKey, now_ms: u64) {
        self.connected.remove(peer);
        if self.connected.is_empty() && self.alone_since_ms.is_none() {
            self.alone_since_ms = Some(now_ms);
        }
        if let Some(member) = self.members.get_mut(peer) {
            (member.heard_ms, member.answered_ms) = (None, None);
            self.reckoned_ms = None;
        }
    }

    /// How far this node reaches, as reckoned last.
    pub(crate) fn reach_now(&self) -> &Reach {
        &self.reach
    }

    /// Whether it is known how far others are.
    pub(crate) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Since when no peer is connected.
    pub(crate) const fn alone_since_ms(&self) -> Option<u64> {
        self.alone_since_ms
    }

    fn heard(&mut self, peer: &PeerKey, now_ms: u64) {
        if let Some(member) = self.members.get_mut(peer) {
            member.heard_ms = Some(now_ms);
        }
    }

    fn voted(&mut self, peer: &PeerKey, now_ms: u64) {
        if let Some(member) = self.members.get_mut(peer) {
            member.voted_ms = Some(now_ms);
        }
    }

    /// Others have counted what this node said.
    const fn counted(&mut self, now_ms: u64) {
        self.counted_ms = Some(now_ms);
    }

    /// Whether they have done so lately. `turn_ms` is how long it takes until this node leads again.
    fn is_counted(&self, turn_ms: u64, now_ms: u64) -> bool {
        // A member that is connected and does not answer speaks against it.
        let is_apart = !self.members.keys().any(|peer| self.connected.contains(peer));
        let turns_ms = if is_apart { turn_ms.saturating_mul(TURNS_COUNTED) } else { 0 };
        let within_ms = LATELY_MS.max(turns_ms);
        self.counted_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < within_ms)
    }

    /// A peer keeps this node's place for another machine.
    pub(crate) fn key_in_use(&mut self, peer: &PeerKey, now_ms: u64) {
        if let Some(member) = self.members.get_mut(peer) {
            member.in_use_ms = Some(now_ms);
            self.reckoned_ms = None;
        }
    }

    /// A peer has answered a question of that time, and may say what its clock shows.
    pub(crate) fn answered(&mut self, peer: PeerKey, asked_ms: u64, now_ms: u64, clock_ms: Option<u64>) {
        let Some(member) = self.members.get_mut(&peer) else { return };
        member.answered_ms = Some(now_ms);
        if let Some(shown_ms) = clock_ms {
            self.clocks.read(peer, asked_ms, now_ms, shown_ms);
        }
        self.reckoned_ms = None;
    }

    /// The member to be asked now, if it is time.
    fn ask_next(&mut self, round_ms: u64, now_ms: u64) -> Option<PeerKey> {
        if now_ms < self.ask_next_ms {
            return None;
        }
        let asked = self.members.keys().filter(|peer| self.connected.contains(*peer));
        let count = u64::try_from(asked.clone().count()).unwrap_or(u64::MAX);
        let next = asked.clone().find(|peer| **peer > self.asked_last).or_else(|| asked.clone().next()).copied();
        let pause_ms = round_ms.checked_div(count).unwrap_or(round_ms).max(PAUSE_MS_MIN);
        self.ask_next_ms = now_ms.saturating_add(pause_ms);
        self.asked_last = next.unwrap_or(self.asked_last);
        next
    }

    /// When somebody is to be asked next.
    pub(crate) const fn deadline_ms(&self) -> u64 {
        self.ask_next_ms
    }
}

impl Member {
    fn says_in_use(&self, now_ms: u64) -> bool {
        self.in_use_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < IN_USE_MS)
    }
}

impl Reach {
    /// Whether so many keep this node's place for another machine that one of them is honest.
    #[must_use]
    pub fn is_key_in_use(&self) -> bool {
        let power = u128::from(self.power_in_use);
        power > 0 && power.saturating_mul(3) >= u128::from(self.power_total)
    }
}

impl Replica {
    /// Whether another machine runs with this node's network key, as far as it is known now.
    pub(crate) fn is_key_in_use(&self) -> bool {
        let members = self.set.validators().iter().zip(0..).filter(|(validator, _)| {
            let member = self.company.members.get(&validator.peer);
            member.is_some_and(|member| member.says_in_use(self.now.monotonic_ms))
        });
        let power_in_use = self.set.power_of(members.map(|(_, place)| ValidatorIndex(place)));
        Reach { power_in_use, power_total: self.set.power_total(), ..Reach::default() }.is_key_in_use()
    }

    /// Notes who is heard, whatever it says, and who votes.
    pub(crate) fn note_company(&mut self, event: &Event) {
        if let Event::Message { from, via: Via::Stream, message } = event {
            let signer = match message {
                Message::Vote(vote) => Some(vote.signer),
                Message::Proposal(proposal) => Some(proposal.vote.signer),
                _ => None,
            };
            let signer = signer.and_then(|signer| self.set.get(signer));
            if signer.is_some_and(|signer| signer.peer == *from) {
                self.company.voted(from, self.now.monotonic_ms);
            }
        }
        match event {
            Event::Message { from, via: Via::Stream, .. }
            | Event::Request { from, .. }
            | Event::Response { from, response: Some(_), .. } => self.company.heard(from, self.now.monotonic_ms),
            _ => {}
        }
    }

    /// A block has become final by votes, which may show that others have counted what this node said: its own proposal, or a vote
    /// without which there is no quorum.
    pub(crate) fn note_counted(&mut self, header: &Header) {
        if (header.epoch, header.view) <= self.company.log_end {
            // The log is replayed: that was before this node began.
            return;
        }
        self.company.has_begun = true;
        let Some(own) = self.own_index().filter(|_| header.epoch == self.epoch) else { return };
        let (total, mine) = (u128::from(self.set.power_total()), u128::from(self.set.power_of([own])));
        let without_mine = total.saturating_sub(mine).saturating_mul(3);
        // The others voted to finalize, so they had seen a quorum of votes before.
        if header.proposer == own || without_mine <= total.saturating_mul(2) {
            self.company.counted(self.now.monotonic_ms);
        }
    }

    /// Looks whether it is known by now how far others are: all of them have said so, and this node is there. Whoever lies keeps
    /// it waiting for a while and no longer.
    fn look_whether_begun(&mut self) {
        if self.company.has_begun {
            return;
        }
        let waited_ms = self.company.met_ms.map_or(0, |met_ms| self.now.monotonic_ms.saturating_sub(met_ms));
        let is_there = self.sync.sources.have_all_spoken() && !self.is_behind_claims();
        self.company.has_begun = is_there || waited_ms >= BEGINNING_MS_MAX;
    }

    /// Asks the next validator how far it is, if it is time.
    pub(crate) fn ask_company(&mut self) {
        self.look_whether_begun();
        let round_ms = if self.own_index().is_some() { ROUND_MS } else { ROUND_FOLLOWER_MS };
        let now_ms = self.now.monotonic_ms;
        if let Some(to) = self.company.ask_next(round_ms, now_ms) {
            let id = self.fetch.next_id(Asked::Status { at_ms: now_ms });
            self.effects.push(Effect::Request { id, to, request: Request::Status });
        }
        self.reckon_reach();
    }

    /// How long it may still be until this node's key counts as free.
    pub(crate) fn in_use_for_ms(&self) -> u64 {
        let until_ms = |member: &Member| member.in_use_ms.map_or(0, |at_ms| at_ms.saturating_add(IN_USE_MS));
        let until_ms = self.company.members.values().map(until_ms).max().unwrap_or_default();
        until_ms.saturating_sub(self.now.monotonic_ms)
    }

    /// How far this node reaches, as reckoned last.
    pub(crate) fn reach(&self) -> Arc<Reach> {
        self.company.reach.clone()
    }

    fn reckon_reach(&mut self) {
        let now_ms = self.now.monotonic_ms;
        if self.company.reckoned_ms.is_some_and(|last_ms| now_ms.saturating_sub(last_ms) < REPORT_MS) {
            return;
        }
        let (timing, own) = (&self.config.genesis.parameters.timing, &self.config.own_peer);
        let clock = self.company.clocks.report(self.now, &self.set, own, timing);
        let is_counted = self.company.is_counted(turn_ms(&self.set, self.own_index(), timing), now_ms);
        let mut reach = Reach { power_total: self.set.power_total(), is_counted, clock, ..Reach::default() };
        let lately = |at_ms: Option<u64>| at_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < LATELY_MS);
        let far = self.company.clocks.far(self.now, &self.set, own, timing);
        // Votes go to validators only.
        let is_validator = self.own_index().is_some();
        for (validator, index) in
            self.set.validators().iter().zip(0..).map(|(known, index)| (known, ValidatorIndex(index)))
        {
            let member = self.company.members.get(&validator.peer);
            let is_own = validator.peer == *own;
            let power = validator.power.0;
            if is_own || member.is_some_and(|member| lately(member.heard_ms)) {
                reach.power_heard = reach.power_heard.saturating_add(power);
            }
            if far.contains(&validator.peer) && reach.far.len() < NAMED_MAX {
                reach.far.push(index);
            }
            if member.is_some_and(|member| member.says_in_use(now_ms) && member.answered_ms < member.in_use_ms) {
                reach.power_in_use = reach.power_in_use.saturating_add(power);
            }
            if is_own || member.is_some_and(|member| lately(member.answered_ms)) {
                reach.power_answering = reach.power_answering.saturating_add(power);
                let is_mute = is_validator && member.is_some_and(|member| !lately(member.voted_ms));
                if is_mute && reach.mute.len() < NAMED_MAX {
                    reach.mute.push(index);
                }
            } else if reach.silent.len() < NAMED_MAX {
                reach.silent.push(index);
            }
        }
        self.company.reckoned_ms = Some(now_ms);
        self.company.reach = Arc::new(reach);
    }
}

/// How long it takes at an idle chain's pace until a member leads again: they lead by power. A view that times out takes longer.
fn turn_ms(set: &ValidatorSet, own: Option<ValidatorIndex>, timing: &Timing) -> u64 {
    let power = set.power_of(own).max(1);
    let view_ms = timing.block_interval_empty_ms.saturating_add(timing.delta_ms);
    set.power_total().div_ceil(power).saturating_mul(view_ms)
}

#[cfg(test)]
mod tests {
    use types::{Address, BlsPublicKey, Power, Validator};

    use super::*;

    fn set(peers: std::ops::Range<u8>) -> ValidatorSet {
        let validators = peers.map(|place| Validator {
            key: BlsPublicKey([place; 96]),
            power: Power(1),
            account: Address([place; 20]),
            peer: PeerKey([place; 32]),
        });
        ValidatorSet::new(validators.collect()).expect("distinct keys and power above zero")
    }

    const OWN: PeerKey = PeerKey([0; 32]);
    const START: (Epoch, View) = (Epoch::ZERO, View::ZERO);

    #[test]
    fn members_are_asked_in_turn_each_once_a_round_and_who_is_not_connected_is_not() {
        let mut company = Company::new(&set(0..4), &OWN, START, 0);
        for place in [1, 3, 9] {
            company.peer_up(PeerKey([place; 32]), 0);
        }
        let asked: Vec<(u64, u8)> = (0..=2 * ROUND_MS)
            .filter_map(|now_ms| Some((now_ms, company.ask_next(ROUND_MS, now_ms)?.0.first().copied()?)))
            .collect();
        assert_eq!(asked, [(0, 1), (1_250, 3), (2_500, 1), (3_750, 3), (5_000, 1)]);
    }

    #[test]
    fn a_hundred_members_are_asked_no_more_often_than_the_pause_allows() {
        let mut company = Company::new(&set(0..100), &OWN, START, 0);
        (1..100).for_each(|place| company.peer_up(PeerKey([place; 32]), 0));
        let asked = (0..10_000).filter(|now_ms| company.ask_next(ROUND_MS, *now_ms).is_some()).count();
        assert_eq!(asked, 200);
    }

    #[test]
    fn who_is_no_member_leaves_nothing_but_a_place_while_it_is_connected() {
        let mut company = Company::new(&set(0..4), &OWN, START, 0);
        for place in 10..200 {
            let peer = PeerKey([place; 32]);
            company.peer_up(peer, 0);
            company.heard(&peer, 1);
            company.answered(peer, 0, 1, Some(7));
            company.peer_down(&peer, 2);
        }
        assert_eq!((company.members.len(), company.connected.len()), (3, 0));
        assert_eq!(company.alone_since_ms(), Some(2));
        company.enter(&set(200..204), &OWN);
        assert_eq!(company.members.len(), 4);
    }
}
