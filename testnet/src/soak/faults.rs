//! Which fault comes next, when, and to whom: everything follows from the seed.
//!
//! It must not know processes. The moments of real machines differ, so a seed repeats the plan, not the run.

use std::time::Duration;

/// What is done to one node, or to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Killed, away for a while, started again.
    Kill {
        /// Which node.
        node: usize,
        /// How long it is away.
        away: Duration,
    },
    /// Killed, started, and killed again so soon that it may still be recovering; then started.
    KillTwice {
        /// Which node.
        node: usize,
        /// From the first start to the second kill.
        recovering: Duration,
    },
    /// Held and let go.
    Hold {
        /// Which node.
        node: usize,
        /// How long.
        held: Duration,
    },
    /// Two killed at once, which is one more than four can bear, and started again.
    KillPair {
        /// The two.
        nodes: (usize, usize),
        /// How long they are away.
        away: Duration,
    },
    /// All killed at once, and started again.
    KillAll,
}

/// A small generator (SplitMix64): the same numbers from the same seed, everywhere.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Begins at a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is above zero.
    pub const fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A span from `least` ms to `most` ms.
    pub const fn span(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.next() % (most - least + 1))
    }

    /// The pause before the next fault, and the fault.
    pub const fn fault(&mut self, nodes: usize) -> (Duration, Fault) {
        let pause = self.span(200, 2_500);
        let node = self.below(nodes);
        let fault = match self.below(10) {
            0..=3 => Fault::Kill { node, away: self.span(0, 3_000) },
            4..=5 => Fault::KillTwice { node, recovering: self.span(1, 600) },
            6..=7 => Fault::Hold { node, held: self.span(100, 3_000) },
            8 => {
                Fault::KillPair { nodes: (node, (node + 1 + self.below(nodes - 1)) % nodes), away: self.span(0, 1_500) }
            }
            _ => Fault::KillAll,
        };
        (pause, fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_plan_and_every_kind_of_fault_comes() {
        let plan = |seed| {
            let mut chance = Chance::new(seed);
            (0..200).map(|_| chance.fault(4)).collect::<Vec<_>>()
        };
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        let faults = plan(3);
        let has = |is: fn(&Fault) -> bool| faults.iter().any(|(_, fault)| is(fault));
        assert!(
            has(|fault| matches!(fault, Fault::Kill { .. })) && has(|fault| matches!(fault, Fault::KillTwice { .. }))
        );
        assert!(has(|fault| matches!(fault, Fault::Hold { .. })) && has(|fault| matches!(fault, Fault::KillAll)));
        let pair_differs =
            |fault: &Fault| if let Fault::KillPair { nodes: (one, other), .. } = fault { one != other } else { true };
        assert!(faults.iter().all(|(_, fault)| pair_differs(fault)));
    }
}
