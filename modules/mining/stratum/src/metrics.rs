//! Counts for the operator's dashboards, as plain numbers.
//!
//! It must not know any exporter. Labels come from [`crate::Refusal::name`] and [`crate::CloseReason::name`], never
//! from what a miner sent.

use std::collections::BTreeMap;

use crate::refusal::Refusal;
use crate::server::CloseReason;

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Connections that were opened.
    pub connections_opened: u64,
    /// Connections that the server closed, by reason.
    pub connections_closed: BTreeMap<CloseReason, u64>,
    /// Requests of any kind.
    pub requests: u64,
    /// Refused requests, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Accepted shares.
    pub shares_accepted: u64,
    /// Their weight in billionths.
    pub billionths_accepted: u128,
    /// Refused shares.
    pub shares_refused: u64,
    /// What they would have weighed, in billionths.
    pub billionths_refused: u128,
    /// Logins that succeeded.
    pub logins: u64,
    /// Sessions that were resumed.
    pub resumed: u64,
    /// Bans that were pronounced.
    pub bans: u64,
    /// Jobs that were sent.
    pub jobs: u64,
    /// Changes of difficulty.
    pub difficulty_changes: u64,
    /// Proofs handed to the chain.
    pub proofs: u64,
    /// Proofs that the chain took as shares.
    pub proofs_shares: u64,
    /// Proofs that the node took for works; which of them the chain took, [`crate::Book::found`] has.
    pub proofs_works: u64,
    /// Proofs that the chain refused.
    pub proofs_refused: u64,
}

/// Adds one.
pub(crate) fn count(number: &mut u64) {
    *number = number.saturating_add(1);
}
