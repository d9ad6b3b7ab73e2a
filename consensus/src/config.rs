//! The engine's own settings: its key and its timers.

use types::BlsPublicKey;

use crate::input::Voice;

/// Settings of one node. All spans are in milliseconds of monotonic time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The key with which this node votes; without one, or outside the set, it only follows.
    pub own_key: Option<BlsPublicKey>,
    /// Whether it votes from the start.
    pub voice: Voice,
    /// Δ: the assumed bound on a message's way.
    pub delta_ms: u64,
    /// Δ doubles over views given up, up to this.
    pub delta_max_ms: u64,
    /// The idle allowance: added to timers while there is nothing to propose.
    pub idle_ms: u64,
    /// Own votes of an unfinished view are sent again this often.
    pub resend_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { own_key: None, voice: Voice::Free, delta_ms: 500, delta_max_ms: 8_000, idle_ms: 2_000, resend_ms: 500 }
    }
}
