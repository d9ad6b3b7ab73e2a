//! What this module answers: types for whoever asks, here or over HTTP.
//!
//! They must not know how an answer is found. Hashes and addresses in JSON are texts; what goes beyond 2^53 is a text, too.

#![cfg_attr(
    feature = "schema",
    allow(unused_qualifications, reason = "the expansion of utoipa's attributes qualifies names")
)]

use serde::{Deserialize, Serialize};
use types::{Address, Hash32, Height, TimeMs};

use crate::device::{Algorithm, DeviceId, Kind};
use crate::records::Status;

/// A device; the answer of the query `device`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeviceAnswer {
    /// Its id.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub device: DeviceId,
    /// Whose it is.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub owner: Address,
    /// On whose plan it counts.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub customer: Address,
    /// What it is.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub kind: Kind,
    /// Whether it counts.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub status: Status,
    /// 0 to 4 at the time of the newest block; absent while it is suspended, revoked or held.
    pub level: Option<u8>,
    /// The class of the work rate that it has shown and that still counts; absent if there is none.
    pub work_class: Option<u8>,
    /// How its key signs.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub algorithm: Algorithm,
    /// Its key, in hexadecimal digits.
    pub key: String,
    /// The key's id.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub key_id: Hash32,
    /// How many times its key has changed.
    pub rotation: u32,
    /// Whether the owner has accepted it.
    pub accepted: bool,
    /// Until when the work rate counts, in milliseconds since 1970.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub work_until: TimeMs,
    /// The beacon of the rate that it showed last: the next is shown by a later one. Absent if it has shown none.
    pub work_beacon: Option<u64>,
    /// Until when the TPM counts.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub tpm_until: TimeMs,
    /// Until when the maker's certificate counts.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub vendor_until: TimeMs,
    /// The block that registered it.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub registered_height: Height,
    /// When.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub registered: TimeMs,
    /// Since when it has its present key, owner and standing: what it showed before counts no more.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub since: TimeMs,
    /// When it was last verified, as batches and attestations say; 0 for never.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub verified: TimeMs,
    /// Why it was suspended or revoked.
    pub reason: u8,
    /// Until when a verifier holds it.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub hold_until: TimeMs,
    /// To whom it is offered.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub offered_to: Option<Address>,
    /// Until when.
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>))]
    pub offered_until: Option<TimeMs>,
    /// The id of the key that was announced.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub announced_key: Option<Hash32>,
    /// From when on it can begin.
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>))]
    pub announced_from: Option<TimeMs>,
}

/// A customer; the answer of the query `customer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerAnswer {
    /// The plan; 0 for none.
    pub plan: u8,
    /// Until when.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub until: TimeMs,
    /// Devices that are not revoked.
    pub devices: u64,
    /// How many there may be.
    pub devices_max: u64,
    /// The month of the newest block: `year · 12 + month - 1`.
    pub month: u32,
    /// Verifications that are counted in it.
    pub used: u64,
    /// How many there may be.
    pub verifications_max: u64,
    /// When the next month begins.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub resets_at: TimeMs,
}

/// A beacon; the answer of the query `beacon`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BeaconAnswer {
    /// Its number.
    pub number: u64,
    /// The time of the block from which on its value could be known.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub time: TimeMs,
    /// Its value.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub value: Hash32,
}

/// A batch; the answer of the query `batch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BatchAnswer {
    /// On whose plan it counts.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub customer: Address,
    /// How many leaves.
    pub leaves: u32,
    /// How many of them are good.
    pub ok: u32,
    /// The root.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub root: Hash32,
    /// When the first was.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub first: TimeMs,
    /// When the last was.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub last: TimeMs,
    /// The block.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub height: Height,
}

/// A verifier; the answer of the query `verifier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct VerifierAnswer {
    /// Whether the authority lists it.
    pub listed: bool,
    /// The number of its last batch.
    pub last: u64,
}
