//! The domain-separation tags of proof of work: what coinbases commit to, and what pools give receipts for.

use crypto::tags::Tag;

/// What a coinbase of the work chain commits to: chain id, work height, payee and anchor.
pub const WORK_COMMITMENT: Tag = Tag::new("thronos/work");
/// A receipt of a pool's own share accounting as a leaf.
pub const SHARE_RECEIPT: Tag = Tag::new("thronos/share");
/// Leaves, nodes and root of the tree of a pool's receipts.
pub const SHARE_RECEIPTS_TREE: Tag = Tag::new("thronos/shares");
/// All of them.
pub const ALL: &[Tag] = &[WORK_COMMITMENT, SHARE_RECEIPT, SHARE_RECEIPTS_TREE];
