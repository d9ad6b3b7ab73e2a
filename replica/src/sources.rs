//! Whom to ask for final blocks: what peers claim, what they delivered, and how long those rest that failed.
//!
//! What a peer says of its height and epoch is hearsay: it decides only who may be asked, and is forgotten with the peer.
//! What somebody *delivered* and a certificate proved decides who is asked first. Who fails rests, longer each time, and no
//! shorter for coming back under the same key (FAULTS C18, L16). This file must not know what a block means.

use std::collections::BTreeMap;

use types::{Epoch, Height, PeerKey};

/// Failures in a row after which a peer is held to be useless.
pub(crate) const FAILURES_MAX: u32 = 3;
/// How long a peer rests after its first failure, in milliseconds; twice as long after each further one.
const REST_MS: u64 = 2_000;
/// The longest rest.
const REST_MS_MAX: u64 = 600_000;
/// Where all who could be asked rest, one is asked all the same after so long: a network that was cut must not wait for itself.
const ALONE_MS_MAX: u64 = 8_000;
/// Failures that count for one block that was invalid: nobody errs like that.
const INVALID_FAILURES: u32 = 10;
/// Peers whose failures are remembered.
const RESTS_MAX: usize = 256;
/// Time between two questions about a peer's height, in milliseconds.
const STATUS_MS_MIN: u64 = 1_000;

/// What is known of a connected peer's chain.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    claim: Height,
    epoch: Epoch,
    /// It answered, and has not failed since.
    answers: bool,
    /// A certificate proved what it answered, and it has not failed since.
    delivered: bool,
    /// Something is asked of it.
    busy: bool,
    status_asked_ms: Option<u64>,
    /// It has said how far it is.
    has_spoken: bool,
}

/// Failures of a peer.
#[derive(Clone, Copy, Debug)]
struct Rest {
    failures: u32,
    /// When the last one was.
    since_ms: u64,
}

impl Rest {
    fn lasts_ms(&self) -> u64 {
        let doublings = self.failures.saturating_sub(1).min(16);
        REST_MS.saturating_mul(1_u64.wrapping_shl(doublings)).min(REST_MS_MAX)
    }

    fn ends_ms(&self) -> u64 {
        self.since_ms.saturating_add(self.lasts_ms())
    }
}

/// Connected peers, and the failures of those who are, or were.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    peers: BTreeMap<PeerKey, Source>,
    rests: BTreeMap<PeerKey, Rest>,
    /// Turns the choice among equal peers.
    turn: usize,
}

/// What a question needs of a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// The height that is asked for.
    pub(crate) height: Height,
    /// A certificate proves that there is something to be had, so that everybody may have it, whatever it claims.
    pub(crate) is_proven: bool,
    /// Something else is on its way already: nobody who rests is asked beside it.
    pub(crate) is_extra: bool,
}

impl Sources {
    pub(crate) fn up(&mut self, peer: PeerKey) {
        self.peers.entry(peer).or_default();
    }

    pub(crate) fn down(&mut self, peer: &PeerKey) {
        self.peers.remove(peer);
    }

    /// The newest word of a peer about itself.
    pub(crate) fn claim(&mut self, peer: PeerKey, height: Height, epoch: Epoch) {
        if let Some(source) = self.peers.get_mut(&peer) {
            (source.claim, source.epoch, source.has_spoken) = (height, epoch, true);
        }
    }

    /// A peer gave something that it has from a chain of this height.
    pub(crate) fn shows(&mut self, peer: PeerKey, height: Height) {
        if let Some(source) = self.peers.get_mut(&peer) {
            source.claim = source.claim.max(height);
        }
    }

    /// Whether somebody is connected, and everybody has said how far it is.
    pub(crate) fn have_all_spoken(&self) -> bool {
        !self.peers.is_empty() && self.peers.values().all(|source| source.has_spoken)
    }

    /// The highest height that some peer claims: a reason to ask, and no more.
    pub(crate) fn height_claimed(&self) -> Height {
        self.peers.values().map(|source| source.claim).max().unwrap_or_default()
    }

    /// The highest height claimed by those who delivered before.
    pub(crate) fn height_credible(&self) -> Height {
        let delivered = self.peers.values().filter(|source| source.delivered);
        delivered.map(|source| source.claim).max().unwrap_or_default()
    }

    /// The highest epoch that some peer claims.
    pub(crate) fn epoch_claimed(&self) -> Epoch {
        self.peers.values().map(|source| source.epoch).max().unwrap_or_default()
    }

    /// Everybody who is connected.
    pub(crate) fn all(&self) -> impl Iterator<Item = PeerKey> {
        self.peers.keys().copied()
    }

    /// Marks exactly these as being asked something.
    pub(crate) fn set_busy(&mut self, is_asked: impl Fn(&PeerKey) -> bool) {
        for (peer, source) in &mut self.peers {
            source.busy = is_asked(peer);
        }
    }

    /// An idle peer that may have what is needed, and marks it as busy: who delivered before others, members before
    /// strangers, another one of equals each time. Who rests is asked only where all rest, and one at a time.
    pub(crate) fn choose(&mut self, need: Need, now_ms: u64, is_member: impl Fn(&PeerKey) -> bool) -> Option<PeerKey> {
        let rests = &self.rests;
        let rank = |(peer, source): &(&PeerKey, &Source)| {
            let has = source.claim >= need.height;
            (!source.delivered, !source.answers, !has, !is_member(peer))
        };
        let able = || {
            let able = self.peers.iter().filter(|(_, source)| !source.busy);
            able.filter(|(_, source)| need.is_proven || source.claim >= need.height)
        };
        let awake = |peer: &PeerKey| rests.get(peer).is_none_or(|rest| rest.ends_ms() <= now_ms);
        let best = able().filter(|(peer, _)| awake(peer)).map(|source| rank(&source)).min();
        let equals: Vec<PeerKey> =
            able().filter(|source| awake(source.0) && Some(rank(source)) == best).map(|(peer, _)| *peer).collect();
        let chosen = if equals.is_empty() && !need.is_extra && !self.peers.keys().any(awake) {
            let alone = |rest: &Rest| rest.since_ms.saturating_add(rest.lasts_ms().min(ALONE_MS_MAX));
            let resting = able().filter_map(|(peer, _)| Some((alone(rests.get(peer)?), *peer)));
            resting.filter(|(from_ms, _)| *from_ms <= now_ms).min().map(|(_, peer)| peer)
        } else {
            self.turn = self.turn.wrapping_add(1);
            equals.get(self.turn.checked_rem(equals.len())?).copied()
        };
        let chosen = chosen?;
        self.peers.get_mut(&chosen)?.busy = true;
        Some(chosen)
    }

    /// Marks this peer as busy, if it is idle and does not rest.
    pub(crate) fn take(&mut self, peer: &PeerKey, now_ms: u64) -> bool {
        let awake = self.rests.get(peer).is_none_or(|rest| rest.ends_ms() <= now_ms);
        let Some(source) = self.peers.get_mut(peer).filter(|source| awake && !source.busy) else { return false };
        source.busy = true;
        true
    }

    /// Whether a peer has answered before, and not failed since.
    pub(crate) fn answers(&self, peer: &PeerKey) -> bool {
        self.peers.get(peer).is_some_and(|source| source.answers)
    }

    /// Whether somebody is idle who answers, does not rest, and claims to have this height.
    pub(crate) fn has_idle(&self, height: Height, now_ms: u64) -> bool {
        self.peers.iter().any(|(peer, source)| {
            let awake = self.rests.get(peer).is_none_or(|rest| rest.ends_ms() <= now_ms);
            source.answers && !source.busy && awake && source.claim >= height
        })
    }

    /// A peer answered in good form.
    pub(crate) fn answered(&mut self, peer: &PeerKey) {
        if let Some(source) = self.peers.get_mut(peer) {
            source.answers = true;
        }
    }

    /// A peer gave blocks that a certificate proves.
    pub(crate) fn delivered(&mut self, peer: &PeerKey) {
        if let Some(source) = self.peers.get_mut(peer) {
            source.delivered = true;
        }
        // A good answer pays for half of the failures: who fails every second time rests all the same.
        if let Some(rest) = self.rests.get_mut(peer) {
            rest.failures = rest.failures.wrapping_shr(1);
            if rest.failures == 0 {
                self.rests.remove(peer);
            }
        }
    }

    /// A peer shows that it has nothing from this height on.
    pub(crate) fn lacks(&mut self, peer: &PeerKey, from: Height, own_epoch: Epoch) {
        if let Some(source) = self.peers.get_mut(peer) {
            source.claim = source.claim.min(from.saturating_sub(1));
            source.epoch = source.epoch.min(own_epoch);
        }
    }

    /// A peer did not answer, or not with what it was asked for: it rests. Says whether it has become useless.
    pub(crate) fn failed(&mut self, peer: &PeerKey, now_ms: u64) -> bool {
        self.count(peer, now_ms, 1).is_multiple_of(FAILURES_MAX)
    }

    /// A peer gave something invalid: it rests for long.
    pub(crate) fn misled(&mut self, peer: &PeerKey, now_ms: u64) {
        self.count(peer, now_ms, INVALID_FAILURES);
    }

    /// Whether the peer may be asked how far it is, now.
    pub(crate) fn may_ask_status(&mut self, peer: &PeerKey, now_ms: u64) -> bool {
        let Some(source) = self.peers.get_mut(peer) else { return false };
        let may = source.status_asked_ms.is_none_or(|asked_ms| asked_ms.saturating_add(STATUS_MS_MIN) <= now_ms);
        if may {
            source.status_asked_ms = Some(now_ms);
        }
        may
    }

    fn count(&mut self, peer: &PeerKey, now_ms: u64, failures: u32) -> u32 {
        if let Some(source) = self.peers.get_mut(peer) {
            (source.answers, source.delivered) = (false, false);
        }
        if !self.rests.contains_key(peer) && self.rests.len() >= RESTS_MAX {
            let first = self.rests.iter().min_by_key(|(_, rest)| rest.ends_ms()).map(|(peer, _)| *peer);
            first.map(|first| self.rests.remove(&first));
        }
        let rest = self.rests.entry(*peer).or_insert(Rest { failures: 0, since_ms: now_ms });
        rest.failures = rest.failures.saturating_add(failures);
        rest.since_ms = now_ms;
        rest.failures
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    fn peer(place: u16) -> PeerKey {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&place.to_be_bytes());
        PeerKey(key)
    }

    // FAULTS HA8, HB7
    #[test]
    fn failures_of_more_peers_than_are_remembered_push_out_who_rests_shortest() {
        let mut sources = Sources::default();
        let liar = peer(9_999);
        (0..6).for_each(|_| sources.misled(&liar, 0));
        for place in 0..2_000 {
            sources.failed(&peer(place), u64::from(place));
            assert!(sources.rests.len() <= RESTS_MAX);
        }
        assert!(sources.rests.contains_key(&liar), "it rests longest");
    }

    // FAULTS HA8: members of the set before strangers, who delivered before all.
    #[test]
    fn who_delivered_is_asked_before_members_and_members_before_strangers() {
        let mut sources = Sources::default();
        for place in 0..9 {
            sources.up(peer(place));
            sources.claim(peer(place), Height(100), Epoch(0));
        }
        let need = Need { height: Height(50), is_proven: false, is_extra: true };
        sources.delivered(&peer(7));
        let is_member = |asked: &PeerKey| *asked == peer(3);
        assert_eq!(sources.choose(need, 0, is_member), Some(peer(7)));
        assert_eq!(sources.choose(need, 0, is_member), Some(peer(3)));
        assert!(sources.choose(need, 0, is_member).is_some_and(|third| third != peer(7) && third != peer(3)));
    }

    // FAULTS HA8: a network that was cut does not wait for itself.
    #[test]
    fn where_everybody_rests_one_is_asked_after_a_moment_and_where_somebody_does_not_nobody_else_is() {
        let mut sources = Sources::default();
        sources.up(peer(1));
        sources.claim(peer(1), Height(100), Epoch(0));
        (0..9).for_each(|_| sources.misled(&peer(1), 0));
        let need = Need { height: Height(50), is_proven: false, is_extra: false };
        assert_eq!(sources.choose(need, ALONE_MS_MAX - 1, |_| false), None);
        assert_eq!(sources.choose(need, ALONE_MS_MAX, |_| false), Some(peer(1)));
        sources.set_busy(|_| false);
        sources.up(peer(2));
        assert_eq!(sources.choose(need, ALONE_MS_MAX, |_| false), None, "peer 2 claims nothing, and is no liar");
    }
}
