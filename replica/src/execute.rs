//! Running blocks on their parents' states, ahead of their becoming final.
//!
//! A block is executed as soon as it is valid or certified and its parent's outcome is known; a valid one only while what was
//! executed and is not final is small, because leaders could make any number that nobody certifies. A certified block that
//! this node did not judge is checked first: its signatures and rules are everybody's business.

use std::collections::BTreeSet;

use types::Hash32;

use crate::job::{Executed, Job};
use crate::jobs::Purpose;
use crate::replica::Replica;

/// Certified blocks above the tip that are remembered, beside those that are here.
const CERTIFIED_MAX: usize = 1_024;

impl Replica {
    /// A quorum stands behind a block: it is wanted here, whoever proposed it.
    pub(crate) fn certified(&mut self, block: Hash32) {
        note(&mut self.certified, block, |hash| self.chain.entry(hash).is_some());
        self.newest_certified = Some(block);
    }

    /// The newest block that a quorum stands behind.
    pub(crate) fn newest_certified(&self) -> Hash32 {
        self.newest_certified.filter(|hash| self.chain.entry(hash).is_some()).unwrap_or(self.chain.tip().hash)
    }

    /// Starts every execution that can start, unless too much waits for the store: then nothing becomes final here until it
    /// has written, and this node goes on voting where it needs no state.
    pub(crate) fn execute_ready(&mut self) {
        if self.chain.unwritten_bytes() >= self.config.unwritten_bytes_max {
            return;
        }
        let has_room = self.chain.executed_bytes() < self.config.unwritten_bytes_max;
        let ready: Vec<Hash32> = self
            .chain
            .entries()
            .filter(|(hash, entry)| {
                let wanted = has_room && entry.valid == Some(true) || self.certified.contains(*hash);
                wanted && entry.outcome.is_none() && !entry.executing && entry.body.is_some()
            })
            .map(|(hash, _)| *hash)
            .collect();
        for hash in ready {
            let Some(entry) = self.chain.entry(&hash) else { continue };
            let Some(ground) = self.chain.ground(&entry.header.parent) else { continue };
            let Some(body) = entry.body.clone() else { continue };
            let (header, check) = (entry.header.clone(), entry.valid != Some(true));
            if let Some(entry) = self.chain.entry_mut(&hash) {
                entry.executing = true;
            }
            self.start_job(Job::Execute { ground, hash, header, body, check }, Purpose::Execute(hash));
        }
    }

    /// An execution is done; what waited for it can go on.
    pub(crate) fn executed(&mut self, hash: Hash32, executed: Executed) {
        let Some(entry) = self.chain.entry_mut(&hash) else { return };
        entry.executing = false;
        match executed {
            Executed::Done(outcome) => {
                entry.valid = Some(true);
                entry.take_outcome(outcome);
            }
            Executed::Fault(_) => {}
            Executed::Invalid(error) => {
                // A quorum certified what this node finds invalid: it must not follow, and a person must know.
                entry.valid = Some(false);
                entry.body = None;
                self.effects
                    .push(crate::effect::Effect::Notify(crate::effect::Notice::InvalidProposal { hash, error }));
            }
        }
    }
}

/// Remembers one more certified block. When there are many, those that are not here go: most are on forks that came to nothing.
fn note(certified: &mut BTreeSet<Hash32>, block: Hash32, is_here: impl Fn(&Hash32) -> bool) {
    if certified.len() >= CERTIFIED_MAX {
        certified.retain(is_here);
    }
    certified.insert(block);
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HB7
    #[test]
    fn certified_blocks_that_are_not_here_are_remembered_in_a_bounded_number() {
        let block = |number: u16| {
            let mut hash = [1; 32];
            hash[..2].copy_from_slice(&number.to_le_bytes());
            Hash32(hash)
        };
        let here: BTreeSet<Hash32> = (0..10).map(block).collect();
        let mut certified = BTreeSet::new();
        for number in 0..10_000 {
            note(&mut certified, block(number), |hash| here.contains(hash));
            assert!(certified.len() <= CERTIFIED_MAX);
        }
        assert!(certified.is_superset(&here) && certified.contains(&block(9_999)));
    }
}
