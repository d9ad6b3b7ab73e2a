//! What the ledger of verifications writes down; read in order it gives the batcher again.
//!
//! It must not know files.

use borsh::{BorshDeserialize, BorshSerialize};
use types::{Address, Hash32, Height, TimeMs};
use verifyid::{DeviceId, VerificationLeaf};

/// A verdict, as a leaf says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub(crate) enum LeafResult {
    /// The device is verified.
    Ok = 1,
    /// The answer does not prove its key.
    BadAnswer = 2,
    /// The challenge was over.
    Expired = 3,
    /// The key is right, and the chain says no: suspended, revoked or held.
    NotAllowed = 6,
}

/// By what a device was verified, as a leaf says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub(crate) enum Method {
    /// Its key signed.
    Signature = 1,
    /// It knew a secret that it shares with this service: in no batch.
    Mac = 2,
    /// Its TPM quoted.
    Tpm = 3,
}

/// A verification that was acknowledged: 142 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Acknowledged {
    /// On whose plan it counts.
    pub(crate) customer: Address,
    pub(crate) device: DeviceId,
    pub(crate) challenge: [u8; 16],
    pub(crate) time: TimeMs,
    pub(crate) result: LeafResult,
    pub(crate) method: Method,
    /// SHA-256 of whom it was for.
    pub(crate) audience: Hash32,
    /// SHA-256 of the answer.
    pub(crate) answer: Hash32,
}

/// Bytes of one in a record.
pub(crate) const ACKNOWLEDGED_BYTES: usize = 142;

impl Acknowledged {
    /// As it stands in a batch.
    pub(crate) const fn leaf(&self) -> VerificationLeaf {
        let Self { device, challenge, time, result, method, audience, answer, .. } = *self;
        VerificationLeaf { device, challenge, time, result: result as u8, method: method as u8, audience, answer }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.result == LeafResult::Ok
    }
}

/// A batch whose leaves lie in a file of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct ClosedBatch {
    /// This ledger's own number of it, from 0.
    pub(crate) number: u64,
    pub(crate) customer: Address,
    /// The calendar month of all its leaves.
    pub(crate) month: u32,
    pub(crate) leaves: u32,
    pub(crate) ok: u32,
    pub(crate) root: Hash32,
    pub(crate) first: TimeMs,
    pub(crate) last: TimeMs,
    /// How often it was begun to be sent before this was written.
    pub(crate) attempts: u32,
    /// The sequence number of the last of these.
    pub(crate) tried: u64,
}

/// A batch on its way to the chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Attempt {
    /// The batch.
    pub(crate) number: u64,
    /// Which time it is, from 1.
    pub(crate) attempt: u32,
    /// The verifier's number for it.
    pub(crate) sequence: u64,
    /// The devices that it marks as verified.
    pub(crate) listed: Vec<DeviceId>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum LedgerRecord {
    /// Whose ledger this is, its next own number, and the verifier's last sequence number that it knows: the first record of a file.
    Opened { verifier: Address, next: u64, last: Option<u64> },
    /// These were acknowledged.
    Leaves(Vec<Acknowledged>),
    /// The first open leaves of a customer and month lie in a batch's file.
    Closed(ClosedBatch),
    /// A batch is to be sent like this.
    Begun(Attempt),
    /// The chain refused it, with the code of its receipt, and nothing of it counts.
    Refused { number: u64, code: u32 },
    /// It is on the chain.
    Anchored { number: u64, sequence: u64, height: Height },
    /// It can never be.
    Dropped { number: u64 },
}

impl LedgerRecord {
    /// As bytes for a log.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory cannot fail")
    }

    /// From the bytes of a log; nothing if they are no record.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        borsh::from_slice(bytes).ok()
    }
}
