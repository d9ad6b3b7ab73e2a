//! The thread that owns the replica: waits, steps, settles, performs.
//!
//! Everything that is waiting is stepped before anything is settled, so that one sync of the log serves all of it. It must not
//! decide anything: what a step says is done in the order in which it was said.

use std::collections::VecDeque;
use std::mem::Discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use replica::{Desk, Effect, Event, GossipToken, Replica, RequestToken, Via, Voting};
use store::Store;
use tokio::sync::watch;

use super::aside::Aside;
use super::clock::Clock;
use super::condition::whether_it_votes;
use super::fault::Faults;
use super::hands::Hands;
use super::inbox::{Entry, Inbox};
use super::room::Room;
use super::snapshot::Snapshot;
use crate::disk::FileDisk;
use crate::stages::Stage;

/// How often a node without room looks for some, in milliseconds.
const LOOK_MS: u64 = 250;

/// What the thread works with.
pub(crate) struct Core {
    pub(crate) replica: Replica,
    pub(crate) desk: Desk<FileDisk>,
    pub(crate) hands: Hands,
    pub(crate) inbox: Inbox,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) snapshot: watch::Sender<Snapshot>,
    /// Monotonic ms of the last round: shows that the thread is alive.
    pub(crate) heartbeat: Arc<AtomicU64>,
    pub(crate) faults: Faults,
    /// Whether the settings keep it from voting.
    pub(crate) read_only: bool,
    pub(crate) room: Room,
    /// What came while there was no room.
    pub(crate) aside: Aside,
    /// Whether it votes, and why not, as the log was last told.
    pub(crate) logged: Option<Discriminant<Voting>>,
}

impl Core {
    /// Runs until it is told to stop, or this machine fails. `first` are the effects of the start.
    pub(crate) fn run(mut self, first: Vec<Effect>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return self.faults.report(format!("the consensus thread has no timer: {error}")),
        };
        let mut effects = first;
        loop {
            if let Err(error) = self.settle(effects) {
                self.faults.report(error);
                if !self.room.has_failed() {
                    return;
                }
            }
            self.show();
            let Some(next) = runtime.block_on(self.round()) else { break };
            effects = next;
        }
        self.hands.finish();
    }

    /// Waits for what happens next and steps it; nothing when it is time to stop.
    async fn round(&mut self) -> Option<Vec<Effect>> {
        let own: VecDeque<Event> = std::mem::take(&mut self.hands.own);
        let look_ms = self.clock.now().monotonic_ms.saturating_add(LOOK_MS);
        let until_ms = if self.room.is_closed() { look_ms } else { self.hands.wake_ms };
        let entries =
            if own.is_empty() { self.inbox.take(self.clock.instant(until_ms)).await } else { self.inbox.take_now() };
        if self.room.is_closed() {
            return self.set_aside(own, entries);
        }
        let mut effects = Vec::new();
        for event in self.aside.take().into_iter().chain(own) {
            self.step(event, &mut effects);
        }
        for entry in entries {
            match entry {
                Entry::Event(event) => self.step(event, &mut effects),
                Entry::FromPeer(event, _held) => self.step(event, &mut effects),
                Entry::Gossip(token, from, message, _held) => {
                    let via = Via::Gossip(GossipToken(self.hands.gossip.keep(token)));
                    self.step(Event::Message { from, via, message }, &mut effects);
                }
                Entry::Request(token, from, request, _held) => {
                    let token = RequestToken(self.hands.requests.keep(token));
                    self.step(Event::Request { from, token, request }, &mut effects);
                }
                Entry::Response(id, from, response, _held) => {
                    if let Some(id) = self.hands.asked.remove(&id) {
                        self.step(Event::Response { id, from, response }, &mut effects);
                    }
                }
                Entry::Submission(submission) => {
                    let event = self.hands.submitted(submission);
                    self.step(event, &mut effects);
                }
                Entry::Call(submission) => {
                    let event = self.hands.call_submitted(submission);
                    self.step(event, &mut effects);
                }
                Entry::Query(query) => query(&self.replica),
                Entry::Stop => return None,
            }
        }
        if self.clock.now().monotonic_ms >= self.hands.wake_ms {
            self.step(Event::Clock, &mut effects);
        }
        Some(effects)
    }

    /// A round without room on the disk: the replica is asked, and told nothing, as every step may have to be written down.
    /// What answers it waits; what anybody else says is let go, as it is by a node that is down. When there is room again it
    /// hears what waited, like a process that was stopped for a while.
    fn set_aside(&mut self, own: VecDeque<Event>, entries: Vec<Entry>) -> Option<Vec<Effect>> {
        own.into_iter().for_each(|event| self.aside.keep(event));
        for entry in entries {
            match entry {
                Entry::Event(event) => self.aside.keep(event),
                Entry::Response(id, from, response, _held) => {
                    if let Some(id) = self.hands.asked.remove(&id) {
                        self.aside.keep(Event::Response { id, from, response });
                    }
                }
                Entry::Query(query) => query(&self.replica),
                Entry::Stop => return None,
                Entry::FromPeer(..)
                | Entry::Gossip(..)
                | Entry::Request(..)
                | Entry::Submission(_)
                | Entry::Call(_) => {}
            }
        }
        Some(Vec::new())
    }

    fn step(&mut self, event: Event, effects: &mut Vec<Effect>) {
        let view = self.store.view().expect("a store that was opened has its genesis");
        let (now, replica) = (self.clock.now(), &mut self.replica);
        effects.extend(self.hands.metrics.stages.time(Stage::Step, || replica.step(now, event, &view)));
    }

    fn settle(&mut self, effects: Vec<Effect>) -> Result<(), String> {
        let (desk, hands) = (&mut self.desk, &mut self.hands);
        let stages = hands.metrics.stages.clone();
        let settled = stages.time(Stage::Settle, || desk.settle(effects, |effect| hands.perform(effect)));
        settled.map_err(|error| error.to_string())?;
        self.hands.fault.take().map_or(Ok(()), Err)
    }

    fn show(&mut self) {
        self.heartbeat.store(self.clock.now().monotonic_ms, Ordering::Relaxed);
        if self.room.has_failed() {
            // The replica may be ahead of what is on disk.
            return;
        }
        let status = self.replica.status();
        let voting = std::mem::discriminant(&status.voting);
        if self.logged.replace(voting) != Some(voting) && !matches!(status.voting, Voting::CatchingUp { .. }) {
            tracing::info!("{}", whether_it_votes(&status.voting, self.read_only));
        }
        let snapshot = Snapshot { status, pool: self.replica.pool().status(), set: self.hands.newest_set() };
        self.snapshot.send_replace(snapshot);
    }
}
