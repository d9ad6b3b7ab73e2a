//! How much the pool holds.

/// What one transaction is counted with on top of its bytes: its entries in the indexes.
pub const ENTRY_OVERHEAD_BYTES: usize = 768;

/// Bounds of the pool. Bytes count a transaction's canonical length and [`ENTRY_OVERHEAD_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Most transactions.
    pub count_max: usize,
    /// Most bytes.
    pub bytes_max: usize,
    /// Most transactions of one sender.
    pub per_sender_max: usize,
    /// Most bytes that came from one peer.
    pub per_peer_bytes_max: usize,
    /// How far a nonce may be ahead of the first one that is missing.
    pub nonce_gap_max: u64,
    /// How long a transaction that cannot pay the price waits for it to fall, in ms of block time.
    pub aside_ms_max: u64,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            count_max: 50_000,
            bytes_max: 48 * 1024 * 1024,
            per_sender_max: 256,
            per_peer_bytes_max: 16 * 1024 * 1024,
            nonce_gap_max: 64,
            aside_ms_max: 600_000,
        }
    }
}
