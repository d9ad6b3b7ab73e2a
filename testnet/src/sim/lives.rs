//! Starting, killing and healing nodes.

use journal::MemoryDisk;
use replica::Event;
use types::{Epoch, Height, View};

use super::checks::Sighting;
use super::echo::Echo;
use super::gossip::{Ear, Way};
use super::node::{Doom, Risen};
use super::world::{Happening, World};

/// The links' delay after healing is a few milliseconds; a Δ that has doubled to its cap, and a whole round of leaders
/// of whom a third may be faulty, fit into this many times over.
const PROGRESS_MS_MAX: u64 = 60_000;
/// From one thing that is said again to the next.
const ECHO_US: u64 = 2_000;
/// Blocks that every node must finalize after healing (I12).
const PROGRESS_BLOCKS: u64 = 10;

impl World {
    /// Starts every node and the load.
    pub fn start(&mut self) {
        (0..self.nodes.len()).for_each(|place| self.rise(place));
        self.later(1_000, Happening::Load);
    }

    /// Starts all but one node.
    pub(crate) fn start_without(&mut self, absent: usize) {
        (0..self.nodes.len()).filter(|place| *place != absent).for_each(|place| self.rise(place));
        self.later(1_000, Happening::Load);
    }

    /// Starts a node from what is on its disks. One that refuses, though nothing was damaged, is a violation.
    pub(crate) fn rise(&mut self, place: usize) {
        if self.nodes[place].up.is_some() || self.nodes[place].is_put_away || self.is_violated() {
            return;
        }
        let ground = self.ground.clone();
        self.nodes[place].clock.started_us = self.at_us;
        let now = self.now(place);
        let risen = self.nodes[place].rise(&ground, now);
        match risen {
            Ok(risen) => self.risen(place, risen),
            Err(message) => self.auditor.violated("no fault", format!("node {place} does not start: {message}")),
        }
    }

    fn risen(&mut self, place: usize, Risen { up, log, floor }: Risen) {
        let node = &mut self.nodes[place];
        node.up = Some(Box::new(up));
        node.life += 1;
        node.doom = None;
        if !node.is_faulty && node.life > 1 {
            let floor = floor.map_or((Epoch::ZERO, View::ZERO), |floor| (floor.epoch, floor.view));
            if let Some(member) = node.validator.filter(|_| node.has_forgotten) {
                node.has_forgotten = false;
                self.auditor.see(&Sighting::Forgotten { node: place, member });
            }
            let (member, store) = (node.validator, &node.store);
            self.auditor.see(&Sighting::Risen { node: place, member, store, log: &log, floor });
        }
        self.tell(|| format!("node {place} comes up"));
        self.schedule_settle(place);
        let own = self.nodes[place].peer;
        for other in 0..self.nodes.len() {
            let peer = self.nodes[other].peer;
            if peer != own && self.nodes[other].up.is_some() {
                self.give(place, Event::PeerUp { peer });
                self.give(other, Event::PeerUp { peer: own });
            }
        }
    }

    /// Takes the power from a node: what was not synced is lost from some byte, or block, on.
    pub fn cut_power(&mut self, place: usize) {
        let node = &mut self.nodes[place];
        if node.up.take().is_none() {
            return;
        }
        let lots = &mut self.lots;
        for disk in [&node.log_disk, &node.lease_disk] {
            disk.crash(|_, unsynced| lots.place(unsynced + 1));
        }
        let kept = lots.place(node.store.unsynced() + 1);
        node.store.crash(kept);
        (node.unwritten, node.store_busy_until_us, node.stalled_until_us) = (0, 0, 0);
        node.doom = None;
        node.ear = Ear::default();
        let peer = node.peer;
        self.faults.add("crash");
        self.tell(|| format!("node {place} loses power"));
        for other in (0..self.nodes.len()).filter(|other| *other != place) {
            self.give(other, Event::PeerDown { peer });
        }
    }

    /// The node's store writes nothing for so long.
    pub(crate) fn stall_store(&mut self, place: usize, for_ms: u64) {
        let until_us = self.at_us + for_ms * 1_000;
        let node = &mut self.nodes[place];
        (node.store_busy_until_us, node.stalled_until_us) = (until_us, until_us);
        self.faults.add("stalled store");
    }

    /// Starts a node in so many milliseconds.
    pub fn rise_in(&mut self, place: usize, in_ms: u64) {
        self.later(in_ms * 1_000, Happening::Rise { node: place });
    }

    /// The node's power goes at the n-th operation on its log's disk from now.
    pub(crate) fn doom_at_disk_operation(&mut self, place: usize, operations: u64) {
        let node = &mut self.nodes[place];
        if node.up.is_some() {
            node.doom = Some(Doom::DiskOperation);
            node.log_disk.fail_operation(operations);
        }
    }

    /// Everything that can be mended is: links, power, clocks of nodes that are down, disks.
    pub fn heal(&mut self) {
        self.tell(|| "everything is healed".to_owned());
        self.links.heal();
        self.kill_all_at = None;
        for place in 0..self.nodes.len() {
            self.nodes[place].doom = None;
            self.nodes[place].sync_us = 300;
            self.nodes[place].log_disk.fail_operation(u64::MAX);
            self.rise(place);
        }
    }

    /// I12: after healing every honest node that is up finalizes ten more blocks.
    pub fn expect_progress(&mut self) {
        self.expect_progress_of(PROGRESS_BLOCKS);
    }

    pub(crate) fn expect_progress_of(&mut self, blocks: u64) {
        let goal = Height(self.highest().0 + blocks);
        let done = self.run_until(PROGRESS_MS_MAX, |world| world.lowest() >= goal);
        if !done && !self.is_violated() {
            let heights: Vec<String> = (0..self.nodes.len()).map(|place| self.describe(place)).collect();
            self.auditor.violated("progress", format!("not every node reached block {goal}: {}", heights.join("; ")));
        }
    }

    fn describe(&self, place: usize) -> String {
        let node = &self.nodes[place];
        let faulty = if node.is_faulty { " (faulty)" } else { "" };
        match &node.up {
            Some(up) => {
                let status = up.replica.status();
                format!(
                    "node {place}{faulty} at block {} in view {} of epoch {}, {}",
                    status.height, status.view, status.epoch, status.voting
                )
            }
            None => format!("node {place}{faulty} down at block {}", node.store.height()),
        }
    }

    /// Begins to say again what is heard.
    pub(crate) fn start_echo(&mut self) {
        self.echo = Some(Echo::default());
        self.later(1_000, Happening::Echo);
    }

    /// Everything that was recorded may be said again, at any time, by anybody, to everybody; what a criminal said only by
    /// criminals, because honest nodes pass on nothing that others refuse.
    pub(crate) fn echo(&mut self) {
        let nodes = self.nodes.len();
        for to in 0..nodes {
            let Some((bytes, by_criminal)) = self.echo.as_ref().and_then(|echo| echo.any(&mut self.lots)) else {
                break;
            };
            let from = self.lots.place(nodes);
            let way = if self.lots.chance(500) { self.publication() } else { Way::Stream };
            let may_say = !by_criminal || self.nodes[from].is_faulty;
            if may_say && self.nodes[from].peer != self.nodes[to].peer {
                self.carry(from, to, way, &bytes);
                self.faults.add("said again");
            }
        }
        self.later(ECHO_US, Happening::Echo);
    }

    /// A disk with the same content, to put back later.
    pub(crate) fn copy_log(&self, place: usize) -> MemoryDisk {
        self.nodes[place].log_disk.copy()
    }
}
