//! What to mine: the terms of the next work as a node reads them, and a miner's task made of them.
//!
//! It must not know sockets, jobs or machines. [`Terms`] is what the query `work` answers; whoever hands out tasks reads it once
//! per block and makes a task per payee.

use pow::coinbase::CoinbaseParts;
use pow::{CoinbaseError, Commitment, CompactBits, Target, WorkHeader};
use serde::{Deserialize, Serialize};
use types::{Address, ByteString, ChainId, Hash32, Height, List, TimeMs};

use crate::call::WorkProof;

/// What the next work, and shares for it, must meet; the answer of the query `work`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkTerms {
    /// The height that the next work gets.
    pub work_height: u64,
    /// What its header builds on: the hash of the newest work, as it came out of the hash.
    pub previous: Hash32,
    /// Its nBits.
    pub bits: CompactBits,
    /// How many times easier a share is.
    pub share_factor: u32,
    /// A work in a block before this time is refused; shares are not.
    pub work_from: TimeMs,
    /// The block that a coinbase binds may be this old in block time.
    pub anchor_age_max_ms: u64,
    /// Shares counted for this height, and the most that are.
    pub shares: u32,
    /// See `shares`.
    pub shares_max: u32,
    /// What shares may still build on, if there is a work before the newest.
    pub grace: Option<GraceTerms>,
}

/// The work before the newest, on which shares may still build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraceTerms {
    /// The height that such shares are for.
    pub work_height: u64,
    /// What their headers build on.
    pub previous: Hash32,
    /// Their nBits.
    pub bits: CompactBits,
    /// Shares counted for that height.
    pub shares: u32,
}

/// A recent block that a coinbase binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorBlock {
    /// Its number.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
}

/// A payee's task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What the coinbase binds.
    pub commitment: Commitment,
    /// The bound block's number.
    pub anchor: Height,
    /// The header's previous hash, in the order in which it came out of the hash.
    pub previous: [u8; 32],
    /// The header's nBits.
    pub bits: CompactBits,
    /// The target of a work.
    pub target: Target,
    /// The target of a share.
    pub share_target: Target,
}

/// A payee's task under these terms; nothing if the nBits, which come from outside, are no target.
#[must_use]
pub fn template(terms: &WorkTerms, chain_id: ChainId, payee: Address, anchor: AnchorBlock) -> Option<Template> {
    let target = Target::from_compact(terms.bits).ok()?;
    Some(Template {
        commitment: Commitment { chain_id, work_height: terms.work_height, payee, anchor: anchor.hash },
        anchor: anchor.height,
        previous: terms.previous.0,
        bits: terms.bits,
        target,
        share_target: target.times(terms.share_factor),
    })
}

impl Template {
    /// The coinbase around the extranonces.
    ///
    /// # Errors
    /// The tag is too long.
    pub fn coinbase_parts(&self, tag: &[u8]) -> Result<CoinbaseParts, CoinbaseError> {
        self.commitment.coinbase_parts(tag)
    }

    /// The proof that a solved header is, where the coinbase is the only leaf; nothing if the coinbase is too long.
    #[must_use]
    pub fn proof(&self, header: &WorkHeader, coinbase: Vec<u8>) -> Option<WorkProof> {
        let coinbase = ByteString::new(coinbase).ok()?;
        Some(WorkProof { header: header.to_bytes(), anchor: self.anchor, coinbase, branch: List::default() })
    }
}
