//! I1, I5: one final hash per height over all honest nodes, ever, with the same state and receipts after it, whether
//! it was written to a store or only told to clients.

use std::collections::BTreeMap;

use types::{Hash32, Height};

use super::{Checker, Sighting};

/// What every node must find at a height: hash, state root, receipts root.
#[derive(Default)]
pub(super) struct Agreement {
    blocks: BTreeMap<Height, (Hash32, Hash32, Hash32)>,
}

impl Checker for Agreement {
    fn property(&self) -> &'static str {
        "agreement"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        let (node, height, outcome) = match sighting {
            Sighting::Commit { node, block } => (node, block.header.height, &block.outcome),
            Sighting::Told { node, height, outcome, .. } => (node, *height, *outcome),
            _ => return Ok(()),
        };
        let found = (outcome.hash, outcome.state_root, outcome.receipts_root);
        let first = *self.blocks.entry(height).or_insert(found);
        if first == found {
            return Ok(());
        }
        Err(format!("at height {height} node {node} has (block, state, receipts) {found:?}, another has {first:?}"))
    }
}
