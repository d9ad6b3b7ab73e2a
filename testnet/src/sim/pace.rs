//! How fast a network is to which nothing bad happens, and how much its validators say for that.
//!
//! It must not know the host's clock: what a simulated block costs is known to who times [`HealthyNetwork::blocks`] from
//! outside. Invariants: every link takes the same time, and one seed gives the same numbers on every machine.

use super::ground::Outline;
use super::keys::VALIDATORS_MAX;
use super::links::Traffic;
use super::world::{Cast, World};
use crate::trial::Trials;
use types::{Height, Timing};

/// How long every message takes.
pub(crate) const LINK_US: u64 = 1_000;
/// Until all nodes know each other and the first leaders have had their turn.
const WARM_UP_MS: u64 = 1_000;
/// From one transfer to the next, so that each has a block of its own.
const PAUSE_MS: u64 = 50;
/// A transfer that takes longer is a fault.
const PATIENCE_MS: u64 = 10_000;

/// When leaders propose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaders {
    /// At once after the parent, also empty blocks: the pace of consensus itself.
    NeverWait,
    /// As soon as there is a transaction.
    WaitForWork,
}

/// What a network did in a span of virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The span, in milliseconds of virtual time.
    pub span_ms: u64,
    /// Blocks that became final.
    pub blocks: u64,
    /// Messages between nodes, counted once for each receiver: what is told to all is told to each.
    pub messages: u64,
    /// Their bytes, without what a transport adds.
    pub bytes: u64,
}

/// Why a network cannot be measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulated network cannot be measured: {0}")]
pub struct Unhealthy(String);

/// Validators of equal power, with keyed hashes for signatures and links that all take one millisecond.
pub struct HealthyNetwork {
    world: World,
}

impl HealthyNetwork {
    /// A network that runs already, with the trials of a list.
    ///
    /// # Errors
    /// A number of validators that is not from 1 to [`VALIDATORS_MAX`]; a property that does not hold.
    pub fn start(validators: usize, leaders: Leaders, seed: u64, trials: Trials) -> Result<Self, Unhealthy> {
        if !(1..=VALIDATORS_MAX).contains(&validators) {
            return Err(Unhealthy(format!("it has {validators} validators, not 1 to {VALIDATORS_MAX}")));
        }
        let mut outline = Outline::of(vec![1; validators], trials);
        outline.timing = Timing { block_interval_min_ms: 0, ..Timing::default() };
        if leaders == Leaders::NeverWait {
            // The least that a genesis allows.
            outline.timing.block_interval_empty_ms = 1;
        }
        let mut world = World::new(seed, &outline, Cast::default());
        world.links.delay_us = LINK_US..=LINK_US;
        world.client.pace_us = 0;
        world.start();
        world.run_for(WARM_UP_MS);
        let network = Self { world };
        network.check()?;
        Ok(network)
    }

    /// Goes on without the checkers, whose work is not the network's.
    #[must_use]
    pub fn unwatched(mut self) -> Self {
        self.world.auditor.dismiss();
        self
    }

    /// Lets virtual time pass, in milliseconds, and counts.
    ///
    /// # Errors
    /// A property that does not hold; no block at all.
    pub fn blocks(&mut self, span_ms: u64) -> Result<Pace, Unhealthy> {
        let (Height(height), before) = (self.world.highest(), self.world.links.traffic);
        self.world.run_for(span_ms);
        self.check()?;
        let Traffic { messages, bytes } = self.world.links.traffic;
        let blocks = self.world.highest().0 - height;
        if blocks == 0 {
            return Err(Unhealthy(format!("no block became final in {span_ms} ms")));
        }
        Ok(Pace { span_ms, blocks, messages: messages - before.messages, bytes: bytes - before.bytes })
    }

    /// Hands in transfers one after the other, to each node in turn; gives for each the virtual time until every node has
    /// told that it is final, in microseconds.
    ///
    /// # Errors
    /// A property that does not hold; a transfer that does not become final.
    pub fn transfers_us(&mut self, count: usize) -> Result<Vec<u64>, Unhealthy> {
        (0..count).map(|turn| self.transfer_us(turn % self.world.nodes.len())).collect()
    }

    fn transfer_us(&mut self, place: usize) -> Result<u64, Unhealthy> {
        self.world.run_for(PAUSE_MS);
        let begun_us = self.world.at_us;
        let [id] = self.world.hand_in(place)[..] else {
            return Err(Unhealthy("an earlier transfer is not final".to_owned()));
        };
        let all = self.world.nodes.len();
        let is_final = |world: &World| world.client.finals.get(&id).is_some_and(|nodes| nodes.len() == all);
        let done = self.world.run_until(PATIENCE_MS, is_final);
        self.check()?;
        if !done {
            return Err(Unhealthy(format!("a transfer did not become final in {PATIENCE_MS} ms")));
        }
        Ok(self.world.at_us - begun_us)
    }

    fn check(&self) -> Result<(), Unhealthy> {
        let first = self.world.auditor.violations.first();
        first.map_or(Ok(()), |violation| Err(Unhealthy(format!("{}: {}", violation.property, violation.message))))
    }
}
