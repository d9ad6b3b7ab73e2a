//! Which bodies are durable here: the newest few thousand, because a body may come long before or after its
//! notarization.

use std::collections::BTreeMap;

use types::Hash32;

use crate::limits;

/// A bounded set of block hashes that forgets the oldest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Available {
    blocks: BTreeMap<Hash32, u64>,
    order: BTreeMap<u64, Hash32>,
    last: u64,
}

impl Available {
    pub(crate) fn insert(&mut self, block: Hash32) {
        if self.blocks.contains_key(&block) {
            return;
        }
        self.last = self.last.saturating_add(1);
        self.blocks.insert(block, self.last);
        self.order.insert(self.last, block);
        if self.order.len() > limits::AVAILABLE_BLOCKS_MAX
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.blocks.remove(&oldest);
        }
    }

    pub(crate) fn contains(&self, block: &Hash32) -> bool {
        self.blocks.contains_key(block)
    }
}
