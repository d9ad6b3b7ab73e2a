//! What a transaction may ask of this module.
//!
//! It must not know what is allowed. A variant's number is part of the byte form and never changes. Algorithms and kinds are numbers
//! here, so that an unknown one is a reject with a name of its own.

use borsh::{BorshDeserialize, BorshSerialize};
use pow::{coinbase, merkle};
use serde::{Deserialize, Serialize};
use types::{Address, Amount, ByteString, Call, Canonical, Hash32, List, TimeMs, limits};

use crate::device::{DeviceId, KEY_BYTES_MAX, SIGNATURE_BYTES, key_id};

/// A key as it stands in a call.
pub type KeyBytes = ByteString<KEY_BYTES_MAX>;
/// A signature as it stands in a call: 64 bytes, or it is a wrong one.
pub type SignatureBytes = ByteString<SIGNATURE_BYTES>;

/// Most devices that one batch marks as verified.
pub const FIRST_VERIFIED_MAX: usize = 256;
/// Most leaves of one batch.
pub const BATCH_LEAVES_MAX: u32 = 65_536;
/// Most groups of one work attestation: one for each share of the largest class.
pub const GROUPS_MAX: usize = 64;
/// Most shares of one group.
pub const SHARES_MAX: usize = 64;

/// Registers a device that proves that it has its key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Whose it is to be. If that is the sender, it is accepted at once.
    pub owner: Address,
    /// What it is.
    pub kind: u8,
    /// How its key signs.
    pub algorithm: u8,
    /// Its key.
    pub key: KeyBytes,
    /// Until when the device's word holds.
    pub valid_until: TimeMs,
    /// The device's signature over [`crate::Registration`].
    pub possession: SignatureBytes,
}

/// Offers a device to another owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The device.
    pub device: DeviceId,
    /// To whom.
    pub to: Address,
    /// Until when.
    pub until: TimeMs,
}

/// Takes a device that is offered to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// The device.
    pub device: DeviceId,
    /// How many times its key had changed when the sender looked: another key is not what was offered.
    pub rotation: u32,
}

/// Gives a device another key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// The device.
    pub device: DeviceId,
    /// How the new key signs.
    pub algorithm: u8,
    /// The new key.
    pub key: KeyBytes,
    /// Until when the keys' word holds.
    pub valid_until: TimeMs,
    /// The new key's signature over [`crate::Rotation`].
    pub new_signature: SignatureBytes,
    /// The old key's. Without it the rotation is announced, and completed by the same call after some days.
    pub old_signature: Option<SignatureBytes>,
}

/// Drops an announced rotation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelRotation {
    /// The device.
    pub device: DeviceId,
    /// Until when the old key's word holds; of no meaning without a signature.
    pub valid_until: TimeMs,
    /// The old key's signature over [`crate::Rotation::cancellation`]; the owner needs none.
    pub signature: Option<SignatureBytes>,
}

/// Suspends or revokes a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Out {
    /// The device.
    pub device: DeviceId,
    /// Why, as a number of whoever says so.
    pub reason: u8,
}

/// A share of a work attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkShare {
    /// What stands between the two parts of the coinbase.
    pub extranonce: [u8; 12],
    /// The header's version.
    pub version: u32,
    /// The header's time.
    pub time: u32,
    /// The header's nonce.
    pub nonce: u32,
}

/// Shares of one job.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkGroup {
    /// The coinbase before the extranonces.
    pub coinbase1: ByteString<{ coinbase::BYTES_MAX }>,
    /// The coinbase behind them.
    pub coinbase2: ByteString<{ coinbase::BYTES_MAX }>,
    /// From the coinbase to the header's Merkle root.
    pub branch: List<Hash32, { merkle::BRANCH_LENGTH_MAX }>,
    /// The hash of the work before.
    pub previous: Hash32,
    /// The header's nBits.
    pub bits: u32,
    /// The shares.
    pub shares: List<WorkShare, SHARES_MAX>,
}

/// Shows that the device's holder had a rate of hashes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestWork {
    /// The device.
    pub device: DeviceId,
    /// The class of rates.
    pub class: u8,
    /// The number of the beacon that the shares bind.
    pub beacon: u64,
    /// Until when the device's word holds.
    pub valid_until: TimeMs,
    /// The device's signature over [`crate::WorkBinding::statement`].
    pub signature: SignatureBytes,
    /// The shares, their hashes rising over all groups.
    pub groups: List<WorkGroup, GROUPS_MAX>,
}

/// Puts the root of many verifications on the chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// On whose plan they count.
    pub customer: Address,
    /// One more than the verifier's last.
    pub sequence: u64,
    /// How many there are.
    pub leaves: u32,
    /// How many of them are good.
    pub ok: u32,
    /// The root of their tree.
    pub root: Hash32,
    /// When the first was.
    pub first: TimeMs,
    /// When the last was; it decides about month and plan.
    pub last: TimeMs,
    /// Devices that were verified for the first time since they are pending.
    pub first_verified: List<DeviceId, FIRST_VERIFIED_MAX>,
}

/// Sets the level of a TPM or of a maker's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLevel {
    /// The device.
    pub device: DeviceId,
    /// 3 for a TPM, 4 for a maker's certificate.
    pub level: u8,
    /// Whose it was when the authority looked.
    pub owner: Address,
    /// How many times its key had changed then.
    pub rotation: u32,
    /// When the authority looked.
    pub seen: TimeMs,
    /// Until when.
    pub until: TimeMs,
    /// SHA-256 of what the authority has seen.
    pub evidence: Hash32,
}

/// Gives a customer a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPlan {
    /// Whom.
    pub customer: Address,
    /// Which; 0 takes it away.
    pub plan: u8,
    /// Until when.
    pub until: TimeMs,
}

/// Buys a plan for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyPlan {
    /// Which.
    pub plan: u8,
    /// For how many months of 30 days.
    pub months: u8,
    /// What it may cost in all, in µTHR.
    pub price_max: Amount,
    /// The other plan that runs and ends with this; 0 if none does.
    pub replaces: u8,
}

/// A call of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum VerifyIdCall {
    /// See [`Register`].
    Register(Register) = 0,
    /// The owner accepts a device that somebody else registered.
    Accept(DeviceId) = 1,
    /// See [`Offer`].
    Offer(Offer) = 2,
    /// See [`Take`].
    Take(Take) = 3,
    /// The owner withdraws the offer.
    Withdraw(DeviceId) = 4,
    /// See [`Rotate`].
    Rotate(Rotate) = 5,
    /// See [`CancelRotation`].
    CancelRotation(CancelRotation) = 6,
    /// Revokes a device, for good.
    Revoke(Out) = 7,
    /// Suspends a device.
    Suspend(Out) = 8,
    /// Ends a suspension.
    Reinstate(DeviceId) = 9,
    /// A verifier holds a device for a day.
    Hold(DeviceId) = 10,
    /// See [`AttestWork`].
    AttestWork(AttestWork) = 11,
    /// See [`Batch`].
    Batch(Batch) = 12,
    /// See [`SetLevel`].
    SetLevel(SetLevel) = 13,
    /// The authority lists a verifier, or lists it no more.
    SetVerifier {
        /// Whom.
        verifier: Address,
        /// Whether it is one.
        listed: bool,
    } = 14,
    /// See [`SetPlan`].
    SetPlan(SetPlan) = 15,
    /// See [`BuyPlan`].
    BuyPlan(BuyPlan) = 16,
    /// The sender lets a verifier count on its plan, or no more.
    AllowVerifier {
        /// Whom.
        verifier: Address,
        /// Whether it may.
        allowed: bool,
    } = 17,
}

impl Canonical for VerifyIdCall {
    const BYTES_MAX: usize = limits::CALL_BYTES_MAX;
}

impl VerifyIdCall {
    /// The call as it stands in a transaction; nothing if it is longer than a call may be, which only a work attestation of many groups can.
    #[must_use]
    pub fn to_call(&self) -> Option<Call> {
        let body = ByteString::new(self.to_canonical()).ok()?;
        Some(Call { module: <crate::VerifyId as execution::Module>::ID, body })
    }

    /// The device that it is about, if it is about one.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Register(register) => Some(DeviceId(key_id(register.algorithm, &register.key))),
            Self::Accept(device) | Self::Withdraw(device) | Self::Reinstate(device) | Self::Hold(device) => {
                Some(*device)
            }
            Self::Offer(offer) => Some(offer.device),
            Self::Take(take) => Some(take.device),
            Self::Rotate(rotate) => Some(rotate.device),
            Self::CancelRotation(cancel) => Some(cancel.device),
            Self::Revoke(out) | Self::Suspend(out) => Some(out.device),
            Self::AttestWork(attest) => Some(attest.device),
            Self::SetLevel(set) => Some(set.device),
            Self::Batch(_)
            | Self::SetVerifier { .. }
            | Self::SetPlan(_)
            | Self::BuyPlan(_)
            | Self::AllowVerifier { .. } => None,
        }
    }
}
