//! Applying a block: executing it and bringing the tree up to date.
//!
//! It must not know where pages are kept. This is off the path between a proposal and a vote: a header commits to the state after
//! its parent.

use crypto::jellyfish::{self, TreeUpdate};
use types::{Hash32, Header, Height};

use crate::checked::CheckedBody;
use crate::execute::Execution;
use crate::fault::Fault;
use crate::outcome::BlockOutcome;
use crate::registry::Registry;
use crate::view::ChainState;

impl Registry {
    /// Executes a valid block on the state after its parent, whose root is `parent_root`.
    ///
    /// # Errors
    /// A [`Fault`], on which the node has to stop.
    pub fn apply(
        &self,
        state: &dyn ChainState,
        parent_root: Hash32,
        header: &Header,
        body: &CheckedBody,
    ) -> Result<BlockOutcome, Fault> {
        let execution = self.execute(&state, header, body)?;
        let update = jellyfish::update(state, parent_root.0, &execution.changes.tree_changes());
        Ok(execution.into_outcome(header.height, update))
    }
}

impl Execution {
    /// Joins what the block did with what it did to the tree, for a caller that updates the tree itself, on threads of its own.
    #[must_use]
    pub fn into_outcome(self, height: Height, update: TreeUpdate) -> BlockOutcome {
        BlockOutcome {
            hash: self.hash,
            height,
            changes: self.changes,
            pages: update.pages,
            pages_replaced: update.replaced,
            state_root: Hash32(update.root),
            receipts: self.receipts,
            receipts_root: self.receipts_root,
            accounts_touched: self.accounts_touched,
        }
    }
}
