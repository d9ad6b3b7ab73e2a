//! What a block did, as values that replica and store pass on.
//!
//! It must not know how a block is executed or stored.

use std::sync::Arc;

use crypto::jellyfish::{PageChanges, ReplacedPages};
use types::{Address, Body, Certificate, Hash32, Header, Height, Receipt};

use crate::change_set::ChangeSet;

/// An account's part in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountTouch {
    /// The account: it sent the transaction, or the ledger moved something of it.
    pub address: Address,
    /// The receipt: 0 is the block's own, transaction `i` has `i + 1`.
    pub receipt: u32,
}

/// An executed block: everything that its children and the store need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOutcome {
    /// The block's hash.
    pub hash: Hash32,
    /// The block's number.
    pub height: Height,
    /// What it changed in the state.
    pub changes: ChangeSet,
    /// What it changed in the tree.
    pub pages: PageChanges,
    /// What the tree had in their places before.
    pub pages_replaced: ReplacedPages,
    /// The state after it; stands in its children's headers.
    pub state_root: Hash32,
    /// The block's own receipt, then one per transaction.
    pub receipts: Vec<Receipt>,
    /// Commits to the receipts; stands in its children's headers.
    pub receipts_root: Hash32,
    /// Which account has to do with which receipt, without repeats, in order of receipts.
    pub accounts_touched: Vec<AccountTouch>,
}

/// A final block with everything about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalizedBlock {
    /// The header's hash.
    pub hash: Hash32,
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Arc<Body>,
    /// Proves that it is final, or that a descendant is whose chain leads to it.
    pub certificate: Certificate,
    /// What it did.
    pub outcome: Arc<BlockOutcome>,
}
