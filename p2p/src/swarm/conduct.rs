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

    fn block(&mut self, peer: PeerKey, why: RefusalReason, until_ms: u64) {
        let Some(id) = id_of(peer) else { return };
        tracing::info!(%peer, %why, "blocked");
        self.swarm.behaviour_mut().blocked.block_peer(id);
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
