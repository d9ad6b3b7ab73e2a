//! What an outbox has written down; read in order it gives the outbox again.

use borsh::{BorshDeserialize, BorshSerialize};
use types::{Address, Call, Hash32, Height, Nonce, TimeMs, limits};

use crate::log::LogBounds;

/// What stands in a record beside calls or a transaction.
const BESIDE_BYTES_MAX: usize = 1_024;

/// The bounds of a log of records: the longest is a planned deed, or a transaction.
pub const OUTBOX_LOG: LogBounds =
    LogBounds { record_bytes_max: limits::TRANSACTION_BYTES_MAX + BESIDE_BYTES_MAX, file_bytes_max: 128 << 20 };

/// How a deed ended: in which final block its transaction stands, and what became of it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DeedEnd {
    /// The transaction.
    pub id: Hash32,
    /// The block.
    pub height: Height,
    /// As in its receipt: 0 when all calls were executed, otherwise the reject. Then none of them was.
    pub code: u32,
}

impl DeedEnd {
    /// Whether all calls were executed.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.code == types::Receipt::OK
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum DeedRecord {
    /// Whose deeds these are: the first record of a log.
    Account {
        /// The account.
        address: Address,
    },
    /// Somebody asked for a deed.
    Planned {
        /// Its name.
        key: Hash32,
        /// What it does.
        calls: Vec<Call>,
    },
    /// A transaction for it was signed; it may be anywhere from now on.
    Signed {
        /// The deed.
        key: Hash32,
        /// The nonce it uses.
        nonce: Nonce,
        /// Its id.
        id: Hash32,
        /// The last block time at which it may be included.
        valid_until: TimeMs,
        /// Its canonical bytes.
        transaction: Vec<u8>,
    },
    /// A final block has it.
    Ended {
        /// The deed.
        key: Hash32,
        /// The nonce it used.
        nonce: Nonce,
        /// How.
        end: DeedEnd,
    },
    /// Its caller has written down how it ended.
    Forgotten {
        /// The deed.
        key: Hash32,
    },
    /// The chain has passed all nonces below this one.
    Passed {
        /// The nonce.
        nonce: Nonce,
    },
    /// The chain has passed this nonce with a deed, and one below it with something else.
    Used {
        /// The nonce.
        nonce: Nonce,
    },
}

impl DeedRecord {
    /// As bytes for a log.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory cannot fail")
    }

    /// From the bytes of a log; nothing if they are no record.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        borsh::from_slice(bytes).ok()
    }
}
