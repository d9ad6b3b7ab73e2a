//! The values under this module's keys.
//!
//! They must not know how they are read or changed. Names in them are ASCII that was checked before it was written.

use borsh::{BorshDeserialize, BorshSerialize};
pub(crate) use execution::values::{decode, read, view, write};
use types::{ByteString, Hash32, Height, Secp256k1Key, Secp256k1Signature, TimeMs};

use crate::call::{AnchorContract, PAYLOAD_BYTES_MAX};

/// The block that a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Since {
    pub(crate) height: Height,
    pub(crate) time: TimeMs,
}

/// A digest under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct PutRecord {
    pub(crate) digest: Hash32,
    pub(crate) since: Since,
}

/// A hash; all of it is in the key but when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct HashRecord {
    pub(crate) since: Since,
}

/// A contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct ContractRecord {
    pub(crate) contract: AnchorContract,
    pub(crate) since: Since,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct ServiceRecord {
    pub(crate) key: Secp256k1Key,
    pub(crate) scopes: String,
    /// Of what registered it, so that the same again is known.
    pub(crate) txid: Hash32,
    pub(crate) since: Since,
    pub(crate) revoked: Option<Since>,
}

impl ServiceRecord {
    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.split(' ').any(|has| has == scope)
    }
}

/// What a service attested; with its key enough to check it without the transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct AttestationRecord {
    pub(crate) payload: ByteString<PAYLOAD_BYTES_MAX>,
    pub(crate) signature: Secp256k1Signature,
    pub(crate) since: Since,
}

/// The newest checkpoint of a log; older ones are events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct NewestHead {
    pub(crate) sequence: u64,
    pub(crate) head: Hash32,
    pub(crate) since: Since,
}

/// A log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct LogRecord {
    pub(crate) opened: Since,
    /// How many checkpoints it has had.
    pub(crate) checkpoints: u64,
    pub(crate) newest: Option<NewestHead>,
}
