//! The values under this module's keys.
//!
//! They must not know how they are read or changed. Invariant: a level is computed, never stored, so nothing has to be swept when it lapses.

use borsh::{BorshDeserialize, BorshSerialize};
pub(crate) use execution::values::{decode, read, view, write};
use serde::{Deserialize, Serialize};
use types::canary::{Canary, planted};
use types::{Address, ByteString, Hash32, Height, TimeMs};

use crate::device::{DeviceId, KEY_BYTES_MAX};

/// Whether a device counts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Status {
    /// Registered, transferred, rotated or reinstated, and not verified since.
    Pending = 0,
    /// Verified.
    Verified = 1,
    /// Suspended by the authority.
    Suspended = 2,
    /// Revoked, for good.
    Revoked = 3,
}

/// A key with its algorithm.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct KeyForm {
    pub(crate) algorithm: u8,
    pub(crate) key: ByteString<KEY_BYTES_MAX>,
}

/// A device that is offered to another owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct OpenOffer {
    pub(crate) to: Address,
    pub(crate) until: TimeMs,
}

/// A new key that the old one has not signed for.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Announced {
    pub(crate) key: KeyForm,
    pub(crate) from: TimeMs,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Device {
    pub(crate) owner: Address,
    /// On whose plan it counts.
    pub(crate) customer: Address,
    pub(crate) kind: u8,
    pub(crate) status: Status,
    pub(crate) key: KeyForm,
    /// How many times its key has changed.
    pub(crate) rotation: u32,
    pub(crate) accepted: bool,
    /// The class of its newest work attestation.
    pub(crate) work_class: u8,
    pub(crate) work_until: TimeMs,
    pub(crate) tpm_until: TimeMs,
    pub(crate) vendor_until: TimeMs,
    pub(crate) registered_height: Height,
    pub(crate) registered: TimeMs,
    /// Zero before the first time.
    pub(crate) verified: TimeMs,
    /// Since when it has its owner, key and standing: what was shown before says nothing of it.
    pub(crate) since: TimeMs,
    /// The beacon of its newest work attestation, so that none counts twice.
    pub(crate) work_beacon: Option<u64>,
    /// Why it was suspended or revoked.
    pub(crate) reason: u8,
    pub(crate) hold_until: TimeMs,
    pub(crate) held: TimeMs,
    pub(crate) offer: Option<OpenOffer>,
    pub(crate) announced: Option<Announced>,
    /// How long the old key's newest word against an announced one held, so that none counts twice.
    pub(crate) cancelled_until: TimeMs,
}

impl Device {
    /// What the device is good for at this time: nothing while it is suspended, revoked or held; 0 before the owner has accepted it, 1
    /// then, 2 with a work rate, 3 with a TPM, 4 with its maker's certificate.
    pub(crate) fn level(&self, now: TimeMs) -> Option<u8> {
        let is_revoked = self.status == Status::Revoked && !planted(Canary::LevelAfterRevocation);
        let is_out = self.status == Status::Suspended || is_revoked;
        if is_out || self.hold_until > now {
            return None;
        }
        if !self.accepted {
            return Some(0);
        }
        let lasting = [(4, self.vendor_until), (3, self.tpm_until), (2, self.work_until)];
        Some(lasting.into_iter().find(|(_, until)| *until > now).map_or(1, |(level, _)| level))
    }

    /// The class of the work rate that still counts.
    pub(crate) fn work_class(&self, now: TimeMs) -> Option<u8> {
        (self.work_until > now).then_some(self.work_class)
    }

    /// After a change of owner or key nothing that was shown before counts.
    pub(crate) fn forget_levels(&mut self, now: TimeMs) {
        self.since = now;
        [self.work_until, self.tpm_until, self.vendor_until] = [TimeMs(0); 3];
        self.work_class = 0;
        if self.status != Status::Suspended {
            self.status = Status::Pending;
        }
    }
}

/// What a key is used for. A retired one never returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub(crate) enum KeyUse {
    /// It is its device's.
    Live = 0,
    /// It was announced for its device.
    Reserved = 1,
    /// It was its device's.
    Retired = 2,
}

/// A key by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct KnownKey {
    pub(crate) device: DeviceId,
    pub(crate) of_use: KeyUse,
}

/// Who pays for devices and verifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Customer {
    /// A plan of the genesis; 0 for none.
    pub(crate) plan: u8,
    /// How long.
    pub(crate) until: TimeMs,
    /// Devices that are not revoked.
    pub(crate) devices: u64,
}

/// A verifier; the number of its last batch stays when it is no longer listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Verifier {
    pub(crate) listed: bool,
    pub(crate) last: u64,
}

/// A beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Beacon {
    pub(crate) number: u64,
    /// The time of the block from which on its value could be known.
    pub(crate) time: TimeMs,
    pub(crate) value: Hash32,
}

/// A batch of verifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct BatchRecord {
    pub(crate) customer: Address,
    pub(crate) leaves: u32,
    pub(crate) ok: u32,
    pub(crate) root: Hash32,
    pub(crate) first: TimeMs,
    pub(crate) last: TimeMs,
    pub(crate) height: Height,
}
