//! How soon blocks must become final in a network to which nothing happens any more, from its delays alone.
//!
//! It must not ask what the nodes think of their network: the bounds follow from the longest way of a message and the
//! terms of the genesis.

use types::{Height, Timing};

use super::checks::Sighting;
use super::world::World;

/// What jobs, syncs and the minimal interval between blocks add to a message's way, at most.
const WORK_US: u64 = 30_000;
/// Of two views in a row one becomes final, of two more the news is on its way; as many once more for luck.
const VIEWS_MAX: u64 = 6;

/// Bounds on the time without a new final block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calm {
    /// Until the first.
    pub(crate) first_us: u64,
    /// Between two.
    pub(crate) pause_us: u64,
}

/// What the nodes know of the delays when the network calms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// Every view was in time.
    Quiet,
    /// Anything may have happened, and Δ is where it left it.
    Trouble,
}

impl Calm {
    /// For networks whose messages take at most so long.
    pub(crate) fn of(timing: &Timing, longest_us: u64, before: Before) -> Self {
        let (delta_us, cap_us) = (timing.delta_ms * 1_000, timing.delta_max_ms * 1_000);
        let steps = (0..u64::BITS).map(|step| delta_us.saturating_mul(1 << step).min(cap_us));
        // Who enters a view last is late by one way, and the leader's proposal and the votes on it take two more.
        let short: Vec<u64> =
            steps.take_while(|delta_us| *delta_us < longest_us + WORK_US && *delta_us < cap_us).collect();
        let enough_us = short.last().map_or(delta_us, |last| (last * 2).min(cap_us));
        let view_us =
            |delta_us: u64| timing.block_interval_empty_ms * 1_000 + 3 * delta_us + 2 * (longest_us + WORK_US);
        let given_up: u64 = short.iter().map(|delta_us| view_us(*delta_us)).sum();
        let pause_us = VIEWS_MAX * view_us(enough_us);
        let first_us = match before {
            Before::Quiet => given_up + pause_us,
            Before::Trouble => given_up + VIEWS_MAX * view_us(cap_us),
        };
        Self { first_us, pause_us }
    }
}

impl World {
    /// Nothing happens for as long as it takes until all honest nodes have heard of so many new blocks.
    pub(crate) fn stay_calm(&mut self, calm: Calm, blocks: u64) {
        let nodes: Vec<usize> = (0..self.nodes.len()).filter(|place| self.nodes[*place].is_honest_and_up()).collect();
        self.auditor.see(&Sighting::Calmed { nodes, calm, at_us: self.at_us });
        let goal = Height(self.highest().0 + blocks);
        // Whoever hears of a block in every pause has heard of all in time.
        while !self.run_until(calm.pause_us / 1_000, |world| world.lowest() >= goal) && !self.is_violated() {
            self.auditor.see(&Sighting::StillCalm { at_us: self.at_us });
        }
        self.auditor.see(&Sighting::CalmEnds);
    }
}
