//! What a replica is made of.

use std::sync::Arc;

use execution::Registry;
use journal::VoteBound;
use types::{BlsPublicKey, ByteString, ChainId, Epoch, Genesis, PeerKey, ValidatorSet};

use crate::chain::Tip;
use crate::listen::ListenTerms;
use crate::log::LogRecord;

/// Bytes of final blocks that may wait for the store, where nobody says otherwise.
pub const UNWRITTEN_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Settings that do not change while the node runs.
#[derive(Clone)]
pub struct Config {
    /// The chain.
    pub chain_id: ChainId,
    /// The genesis, for its parameters.
    pub genesis: Arc<Genesis>,
    /// The rules.
    pub registry: Registry,
    /// The consensus key of this node, if it may vote.
    pub own_key: Option<BlsPublicKey>,
    /// The network identity of this node.
    pub own_peer: PeerKey,
    /// How it listens before it votes.
    pub listen: ListenTerms,
    /// Limits of the pool.
    pub pool: mempool::PoolLimits,
    /// Bytes of final blocks that may wait for the store. Beyond it no further block is executed; catching up waits earlier.
    /// As many may be executed and not final before only what a quorum stands behind is executed.
    pub unwritten_bytes_max: usize,
    /// Name and version of the software, for peers.
    pub software: ByteString<64>,
}

/// Where a replica begins: what its store and its log hold.
#[derive(Clone, Debug)]
pub struct Start {
    /// The newest block in the store.
    pub tip: Tip,
    /// The epoch of the next block.
    pub epoch: Epoch,
    /// Who votes in it.
    pub set: Arc<ValidatorSet>,
    /// Which views are free of votes that the log does not know.
    pub votes_above: VoteBound,
    /// The consensus log, oldest record first.
    pub log: Vec<LogRecord>,
}
