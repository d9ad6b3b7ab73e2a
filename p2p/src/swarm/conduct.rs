//! What follows from what peers do: points, blocks, and what is only counted.
//!
//! It must not know what a message means: whoever reads it says how bad it was.

use std::fmt::Debug;

use types::PeerKey;

use super::counts::Count;
use super::event::{NetworkEvent, RefusalReason};
use super::handle::publish_directory;
use super::identity::id_of;
use super::task::Task;
use crate::standing::{Judgement, Severity};

/// A peer of another chain has so long to hear that.
const PARTING_MS: u64 = 2_000;

impl Task {
    /// Lowers a peer's standing, and blocks it when that is low enough. What an honest peer may do when it is slow, or
    /// comes back often, never costs a validator its place.
    pub(super) fn punish(&mut self, peer: PeerKey, why: &'static str, detail: &dyn Debug, severity: Severity) {
        self.counts.offence(why);
        if severity == Severity::Slight && self.links.is_pinned(peer) {
            tracing::debug!(%peer, why, ?detail, "a validator is slow");
            return;
        }
        match self.standing.punish(peer, severity, self.meter.now_ms()) {
            Judgement::Stays => tracing::debug!(%peer, why, ?detail, ?severity, "a peer misbehaves"),
            Judgement::BlockedUntil(until_ms) => self.block(peer, RefusalReason::Punished(why), until_ms),
        }
    }

    /// Throws a peer out at once.
    pub(super) fn expel(&mut self, peer: PeerKey, why: RefusalReason) {
        self.counts.offence(why.kind());
        if let Judgement::BlockedUntil(until_ms) = self.standing.punish(peer, Severity::Fatal, self.meter.now_ms()) {
            self.block(peer, why, until_ms);
        }
    }

    /// A newer version of a peer says what this one does not know: that is nobody's fault.
    pub(super) fn on_unknown(&mut self, peer: PeerKey, what: &'static str) {
        self.counts.add(Count::UnknownKind);
        if let Some(times) = self.reminder.about("unknown kind", self.meter.now_ms()) {
            tracing::info!(%peer, what, withheld = times, "a peer says something that this version does not know");
        }
    }

    /// Throws out a peer of another chain. Nothing of it is heard from here on, but a stranger's connection ends a little later: it
    /// answers our greeting first, so that the operators of both know why.
    pub(super) fn turn_away(&mut self, peer: PeerKey) {
        let why = RefusalReason::OtherChain;
        let known = id_of(peer).and_then(|id| self.peers.get_mut(&id));
        let Some(stranger) = known.filter(|peer| peer.admitted.is_none()) else { return self.expel(peer, why) };
        if stranger.refused.as_ref() == Some(&why) {
            return;
        }
        let now_ms = self.meter.now_ms();
        stranger.parts_ms = Some(now_ms.saturating_add(PARTING_MS));
        self.counts.offence(why.kind());
        if let Judgement::BlockedUntil(until_ms) = self.standing.punish(peer, Severity::Fatal, now_ms) {
            self.note_blocked(peer, why, until_ms);
        }
    }

    /// Ends the connections of peers of another chain that had their time.
    pub(super) fn part(&mut self, now_ms: u64) {
        for (id, peer) in &mut self.peers {
            if peer.parts_ms.is_some_and(|parts_ms| parts_ms <= now_ms) {
                peer.parts_ms = None;
                // A block that is over already would never be lifted.
                if self.standing.is_blocked(peer.key, now_ms) {
                    self.swarm.behaviour_mut().blocked.block_peer(*id);
                }
                for connection in &peer.connections {
                    self.swarm.close_connection(connection.id);
                }
            }
        }
    }

    /// When the next peer of another chain goes.
    pub(super) fn parting_at_ms(&self) -> Option<u64> {
        self.peers.values().filter_map(|peer| peer.parts_ms).min()
    }

    fn block(&mut self, peer: PeerKey, why: RefusalReason, until_ms: u64) {
        if let Some(id) = id_of(peer) {
            self.swarm.behaviour_mut().blocked.block_peer(id);
            self.note_blocked(peer, why, until_ms);
        }
    }

    fn note_blocked(&mut self, peer: PeerKey, why: RefusalReason, until_ms: u64) {
        let Some(id) = id_of(peer) else { return };
        tracing::info!(%peer, %why, "blocked");
        publish_directory(&self.directory, |directory| {
            directory.blocked.insert(peer, until_ms);
        });
        self.dialler.avoid(id, until_ms);
        if let Some(connected) = self.peers.get_mut(&id) {
            connected.refused = Some(why.clone());
        }
        self.outward.tell(NetworkEvent::Refused { peer, why });
    }
}
