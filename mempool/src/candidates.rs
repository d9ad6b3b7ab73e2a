//! What a proposer gets: the best transactions that fit, without sorting the pool.
//!
//! It walks the ordered index of the senders' first transactions and merges in what follows them, so its cost is
//! that of what it gives, not of what waits.

use std::collections::BTreeSet;
use std::sync::Arc;

use types::{Hash32, Nonce};

use crate::pool::Mempool;
use crate::queue::HeadKey;
use crate::transaction::PoolTransaction;

/// After so many transactions that did not fit, the block counts as full.
const MISFITS_MAX: usize = 64;

/// How much a block has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandidateLimits {
    /// Most transactions.
    pub count: usize,
    /// Most canonical bytes.
    pub bytes: usize,
    /// Most weight.
    pub weight: u64,
}

impl Mempool {
    /// The best executable transactions, highest tip per weight first, each sender's in the order of its nonces.
    /// What `skip` names by id is left out and what follows it is not: it is in a block that is not final yet.
    #[must_use]
    pub fn candidates(&self, limits: CandidateLimits, skip: &dyn Fn(&Hash32) -> bool) -> Vec<Arc<PoolTransaction>> {
        let mut found = Vec::new();
        let mut left = limits;
        let mut misfits = 0_usize;
        let mut heads = self.heads.iter().copied().peekable();
        // Next transactions of senders whose first one was taken.
        let mut followers: BTreeSet<(HeadKey, Nonce)> = BTreeSet::new();
        while left.count > 0 && misfits < MISFITS_MAX {
            let is_follower = match (followers.first(), heads.peek()) {
                (Some((follower, _)), Some(head)) => follower < head,
                (follower, _) => follower.is_some(),
            };
            let next = if is_follower { followers.pop_first().map(|(key, nonce)| (key, Some(nonce))) } else { None };
            let Some((key, nonce)) = next.or_else(|| heads.next().map(|key| (key, None))) else {
                break;
            };
            let Some(queue) = self.queues.get(&key.sender) else { continue };
            let nonce = nonce.unwrap_or(queue.account_nonce);
            let Some(entry) = queue.get(nonce) else { continue };
            let transaction = &entry.transaction;
            if !skip(&transaction.id) {
                let bytes = left.bytes.checked_sub(transaction.length as usize);
                let Some((bytes, weight)) = bytes.zip(left.weight.checked_sub(transaction.weight.0)) else {
                    misfits = misfits.saturating_add(1);
                    continue;
                };
                left = CandidateLimits { count: left.count.saturating_sub(1), bytes, weight };
                found.push(Arc::clone(transaction));
            }
            let next = nonce.checked_add(1).and_then(|next| queue.get(next).zip(Some(next)));
            let follower = next.filter(|(follower, _)| follower.worth.is_executable);
            followers.extend(follower.map(|(follower, next)| (follower.head_key(), next)));
        }
        found
    }
}
