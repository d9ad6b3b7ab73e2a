//! How fast a network is to which nothing bad happens, and how much its validators say for that.
//!
//! It must not know the host's clock: what a simulated block costs is known to who times [`HealthyNetwork::blocks`] from
//! outside. Invariants: every link takes the same time, and one seed gives the same numbers on every machine.

use super::ground::Terms;
use super::keys::VALIDATORS_MAX;
use super::links::Traffic;
use super::world::{Cast, World};
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
    /// A network that runs already.
    ///
    /// # Errors
    /// A number of validators that is not from 1 to [`VALIDATORS_MAX`]; a property that does not hold.
    pub fn start(validators: usize, leaders: Leaders, seed: u64) -> Result<Self, Unhealthy> {
        if !(1..=VALIDATORS_MAX).contains(&validators) {
            return Err(Unhealthy(format!("it has {validators} validators, not 1 to {VALIDATORS_MAX}")));
        }
        let mut terms = Terms::of(vec![1; validators]);
        terms.timing = Timing { block_interval_min_ms: 0, ..Timing::default() };
        if leaders == Leaders::NeverWait {
            // The least that a genesis allows.
            terms.timing.block_interval_empty_ms = 1;
        }
        let mut world = World::new(seed, &terms, Cast::default());
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

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 3] = [4, 7, 10];

    fn start(validators: usize, leaders: Leaders) -> HealthyNetwork {
        HealthyNetwork::start(validators, leaders, 1).expect("nothing happens to it")
    }

    #[test]
    fn more_validators_say_more_for_a_block() {
        let paces = SIZES.map(|size| start(size, Leaders::NeverWait).blocks(1_000).expect("it finalizes"));
        for [fewer, more] in [[paces[0], paces[1]], [paces[1], paces[2]]] {
            // Per block: a/b <= c/d where a·d <= c·b.
            assert!(fewer.messages * more.blocks <= more.messages * fewer.blocks, "{fewer:?}, {more:?}");
            assert!(fewer.bytes * more.blocks <= more.bytes * fewer.blocks, "{fewer:?}, {more:?}");
        }
        // A view takes at least the ways of its proposal and of one vote.
        assert!(paces.iter().all(|pace| pace.blocks * 2 * LINK_US <= 1_000_000), "{paces:?}");
    }

    #[test]
    fn a_transfer_is_final_everywhere_after_a_proposal_and_two_votes() {
        for size in SIZES {
            let times = start(size, Leaders::WaitForWork).transfers_us(20).expect("each becomes final");
            assert_eq!(times.len(), 20);
            // Three ways over a link, and no more than a few milliseconds of jobs, syncs and waking up with each.
            assert!(times.iter().all(|us| (3 * LINK_US..15 * LINK_US).contains(us)), "{size} validators: {times:?}");
        }
    }

    #[test]
    fn one_seed_gives_one_pace_whether_or_not_somebody_looks() {
        let watched = start(4, Leaders::NeverWait).blocks(500);
        assert_eq!(watched, start(4, Leaders::NeverWait).unwatched().blocks(500));
    }

    #[test]
    fn a_network_without_validators_or_with_too_many_is_refused() {
        for size in [0, VALIDATORS_MAX + 1] {
            assert!(HealthyNetwork::start(size, Leaders::NeverWait, 1).is_err());
        }
    }
}
