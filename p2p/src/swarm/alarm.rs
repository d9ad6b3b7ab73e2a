//! What the task does because of the time: dials that are due, silent connections, blocks that end, memory.
//!
//! Nothing ticks: the task sleeps until the next of these is due, and a network in which all is well has none.

use std::collections::BTreeSet;

use libp2p::swarm::DialError;
use libp2p::swarm::dial_opts::DialOpts;
use types::PeerKey;

use super::dialler::Due;
use super::memory::Pressure;
use super::task::Task;

/// How often what fades is looked at, while there is anything of that kind.
const FADING_MS: u64 = 1_000;
/// How often memory is looked at.
const RELIEF_MS: u64 = 1_000;
/// Fewer strangers than these are nothing to speak of.
const DOMINANT_MIN: usize = 8;
/// The longest sleep of the task.
const SLEEP_MS_MAX: u64 = 3_600_000;

impl Task {
    /// When there is something to do though nothing happens.
    pub(super) fn next_due_ms(&self) -> u64 {
        let dial = self.dialler.next_ms(|id| self.peers.contains_key(id));
        let fades = !self.standing.is_empty() || self.buffers.len() > self.peers.len();
        let fading = fades.then(|| self.faded_ms.saturating_add(FADING_MS));
        let unheard = self.unheard.due_ms();
        let due = [dial, self.silent_at_ms(), self.parting_at_ms(), fading, self.draw_at_ms(), unheard];
        let due = due.into_iter().flatten().min();
        due.unwrap_or_else(|| self.meter.now_ms().next_multiple_of(SLEEP_MS_MAX))
    }

    pub(super) fn on_alarm(&mut self) {
        let now_ms = self.meter.now_ms();
        for due in self.dialler.due(now_ms, |id| self.peers.contains_key(id)) {
            self.dial(due);
        }
        self.close_silent(now_ms);
        self.part(now_ms);
        self.draw(now_ms);
        self.publish_unheard(now_ms);
        if self.faded_ms.saturating_add(FADING_MS) <= now_ms {
            self.faded_ms = now_ms;
            self.fade(now_ms);
        }
    }

    /// Lets back in whose block has ended, and forgets who is gone and has nothing waiting.
    fn fade(&mut self, now_ms: u64) {
        for key in self.standing.forgive(now_ms) {
            self.unblock(key);
        }
        let connected: BTreeSet<PeerKey> = self.peers.values().map(|peer| peer.key).collect();
        let meter = &self.meter;
        self.buffers.retain(|key, buffers| {
            let is_needed = connected.contains(key) || !buffers.is_idle();
            if !is_needed {
                meter.forget(*key);
            }
            is_needed
        });
    }

    /// Looks at the memory, at most so often; peers that are pinged make it happen.
    pub(super) fn relieve(&mut self, now_ms: u64) {
        if now_ms < self.relieved_ms.saturating_add(RELIEF_MS) {
            return;
        }
        self.relieved_ms = now_ms;
        let gate = &mut self.swarm.behaviour_mut().gate;
        let (pressure, memory) = (gate.relieve(), gate.memory());
        self.counts.taken(|taken| taken.memory_bytes = memory);
        let (held_mib, max_mib) = (memory.0 >> 20, memory.1 >> 20);
        let what = match pressure {
            Pressure::Low => return,
            Pressure::Near => "memory near its bound",
            Pressure::Over => "memory above its bound",
        };
        if self.reminder.about(what, now_ms).is_some() {
            tracing::warn!(held_mib, max_mib, "{what}: above it strangers are refused and sent away, validators never");
        }
    }

    /// Shows how the places are taken, and says so when strangers have them all, or one provider most.
    pub(super) fn show_places(&mut self) {
        let gate = &self.swarm.behaviour().gate;
        let (taken, limits) = (gate.taken(), gate.limits());
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let dominant = taken.dominant.map_or(0, |(_, count)| count);
        self.outgoing = taken.outgoing;
        self.counts.taken(|shown| {
            shown.incoming = (number(taken.incoming), number(limits.incoming()));
            shown.outgoing = (number(taken.outgoing), number(limits.outgoing()));
            shown.dominant = number(dominant);
        });
        let now_ms = self.meter.now_ms();
        if taken.incoming >= limits.incoming()
            && let Some(times) = self.reminder.about("places full", now_ms)
        {
            tracing::warn!(
                places = limits.incoming(),
                withheld = times,
                "strangers have all places: some give way to others"
            );
        }
        let Some((group, count)) = taken.dominant else { return };
        if count >= DOMINANT_MIN
            && count > limits.incoming() / 2
            && let Some(times) = self.reminder.about("group dominant", now_ms)
        {
            tracing::warn!(%group, count, withheld = times, "most strangers come from one provider");
        }
    }

    fn dial(&mut self, mut due: Due) {
        let nowhere = DialOpts::peer_id(*self.swarm.local_peer_id()).build();
        let options = std::mem::replace(&mut due.options, nowhere);
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => self.dialler.begun(connection, &due),
            Err(DialError::NoAddresses) => {
                // Nobody is dialled, so nothing will fail and be looked for then.
                if let Some(peer) = due.peer.filter(|peer| self.dialler.is_lost(*peer)) {
                    self.look_for(peer);
                }
            }
            Err(DialError::DialPeerConditionFalse(_)) => self.dialler.spared(&due),
            Err(error) => tracing::debug!(%error, "not dialled"),
        }
    }
}
