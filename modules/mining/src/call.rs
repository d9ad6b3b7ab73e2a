//! What a transaction may ask of this module, and the proof of work that is its system call.
//!
//! It must not know what is allowed. A variant's number is part of the byte form and never changes.

use borsh::{BorshDeserialize, BorshSerialize};
use pow::{WorkHeader, coinbase, merkle};
use serde::{Deserialize, Serialize};
use types::{ByteString, Call, Canonical, Hash32, Height, List, SystemCall, limits};

/// A call of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum MiningCall {
    /// Moves all that the sender has earned from the window to its account.
    Claim = 0,
}

impl Canonical for MiningCall {
    const BYTES_MAX: usize = 1;
}

impl MiningCall {
    /// The call as it stands in a transaction.
    #[must_use]
    pub fn to_call(&self) -> Call {
        let body = ByteString::new(self.to_canonical()).expect("one byte is far below the limit");
        Call { module: <crate::Mining as execution::Module>::ID, body }
    }
}

/// A proof of work: a work or a share, whichever its hash is good for. The payee stands in the coinbase.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WorkProof {
    /// The header that was hashed.
    pub header: [u8; WorkHeader::LENGTH],
    /// The block whose hash the coinbase binds.
    pub anchor: Height,
    /// The coinbase.
    pub coinbase: ByteString<{ coinbase::BYTES_MAX }>,
    /// From the coinbase to the header's Merkle root.
    pub branch: List<Hash32, { merkle::BRANCH_LENGTH_MAX }>,
}

impl Canonical for WorkProof {
    const BYTES_MAX: usize =
        WorkHeader::LENGTH + 8 + 4 + coinbase::BYTES_MAX + 4 + merkle::BRANCH_LENGTH_MAX * Hash32::LENGTH;
}

impl WorkProof {
    /// The proof as it stands in a block.
    #[must_use]
    pub fn to_system_call(&self) -> SystemCall {
        let body = ByteString::new(self.to_canonical()).expect("a proof is shorter than a system call may be");
        SystemCall { module: <crate::Mining as execution::Module>::ID, body }
    }
}

const _: () = assert!(WorkProof::BYTES_MAX <= limits::SYSTEM_CALL_BYTES_MAX);
