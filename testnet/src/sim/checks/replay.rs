//! I5, I6: the final chain, executed again by somebody who was not there: every block valid down to its signatures and
//! nonces, the same state root as the nodes found, and every asset conserved after every block.

use std::collections::BTreeMap;
use std::sync::Arc;

use execution::{FinalizedBlock, MemoryState};
use types::{Address, Hash32, Height, Nonce};

use super::super::ground::Ground;
use super::{Checker, Sighting};

pub(super) struct Replay {
    ground: Arc<Ground>,
    state: MemoryState,
    root: Hash32,
    height: Height,
    nonces: BTreeMap<Address, Nonce>,
}

impl Replay {
    pub(super) fn new(ground: Arc<Ground>) -> Self {
        let mut state = MemoryState::default();
        state.apply(&ground.block0.outcome.changes);
        state.apply_pages(&ground.block0.outcome.pages);
        let root = ground.block0.outcome.state_root;
        Self { ground, state, root, height: Height::ZERO, nonces: BTreeMap::new() }
    }

    fn replay(&mut self, block: &FinalizedBlock) -> Result<(), String> {
        let height = block.header.height;
        self.height = height;
        let registry = &self.ground.registry;
        let body = registry.check_body(&block.header, block.body.clone());
        let body = body.map_err(|error| format!("final block {height} is malformed: {error}"))?;
        registry
            .validate(&self.state, self.root, &block.header, &body)
            .map_err(|error| format!("final block {height} is invalid: {error}"))?;
        for (transaction, facts) in body.transactions() {
            execution::check_signatures(&facts.id, transaction)
                .map_err(|reject| format!("final block {height} has a wrong signature: {reject:?}"))?;
            let sender = transaction.body.sender;
            let nonce = self.nonces.entry(sender).or_default();
            if *nonce != transaction.body.nonce {
                let found = transaction.body.nonce;
                return Err(format!("final block {height} has nonce {found} of {sender:?}, which was at {nonce}"));
            }
            *nonce = nonce.next();
        }
        let outcome = registry.apply(&self.state, self.root, &block.header, &body);
        let outcome = outcome.map_err(|fault| format!("final block {height} does not execute: {fault}"))?;
        if outcome.state_root != block.outcome.state_root || outcome.receipts_root != block.outcome.receipts_root {
            return Err(format!("final block {height} leads to another state when it is executed again"));
        }
        self.state.apply(&outcome.changes);
        self.state.apply_pages(&outcome.pages);
        self.root = outcome.state_root;
        registry.check_invariants(&self.state).map_err(|error| format!("after block {height}: {error}"))
    }
}

impl Checker for Replay {
    fn property(&self) -> &'static str {
        "state and supply"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        match sighting {
            Sighting::Commit { block, .. } if block.header.height == self.height.next() => self.replay(block),
            _ => Ok(()),
        }
    }
}
