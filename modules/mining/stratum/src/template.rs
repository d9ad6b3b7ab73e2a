//! The work that the chain wants next, as an input.
//!
//! It must not know how the chain arrives at it. The shell gives a new template whenever the chain accepted a work
//! (another previous hash), and now and then for the same work with a younger anchor.

use pow::{CompactBits, Target};
use types::{ChainId, Hash32, Height};

/// What a header on the next work has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The chain that the coinbase commits to.
    pub chain_id: ChainId,
    /// How many works were accepted before this one.
    pub work_height: u64,
    /// The hash of the last accepted work, in the byte order of the header.
    pub previous: [u8; 32],
    /// The header's version, without rolled bits.
    pub version: u32,
    /// The difficulty of a work.
    pub bits: CompactBits,
    /// What a share of the chain has to meet.
    pub share_target: Target,
    /// The ancestor block that the coinbase commits to.
    pub anchor: Hash32,
    /// That block's height, which a proof names.
    pub anchor_height: Height,
    /// When proofs with this anchor are of no use any more, in milliseconds of the server's clock.
    pub expires_ms: u64,
    /// The header time to begin with, in seconds.
    pub time: u32,
    /// Earliest header time that counts.
    pub time_min: u32,
    /// Latest header time that counts, at the moment when the template is handed over.
    pub time_max: u32,
    /// How long shares on this work still count after the next one was accepted, in milliseconds.
    pub grace_ms: u64,
    /// The Merkle branch beside the coinbase; empty unless the chain has more than a coinbase.
    pub branch: Vec<Hash32>,
}
