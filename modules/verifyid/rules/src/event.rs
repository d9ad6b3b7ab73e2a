//! What this module reports.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Context, EventKind, Reject};
use serde::Serialize;
use types::{Address, Hash32, TimeMs};

use crate::device::DeviceId;

/// Events of this module. A variant's place is its kind, from 1.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyIdEvent {
    /// A device was registered.
    Registered {
        /// The device.
        device: DeviceId,
        /// Whose it is to be.
        owner: Address,
        /// On whose plan it counts.
        customer: Address,
        /// What it is.
        kind: u8,
    },
    /// Its owner accepted a device.
    Accepted {
        /// The device.
        device: DeviceId,
    },
    /// A device was offered.
    Offered {
        /// The device.
        device: DeviceId,
        /// To whom.
        to: Address,
        /// Until when.
        until: TimeMs,
    },
    /// A device has another owner.
    Transferred {
        /// The device.
        device: DeviceId,
        /// Whose it was.
        from: Address,
        /// Whose it is.
        to: Address,
    },
    /// An offer was withdrawn.
    Withdrawn {
        /// The device.
        device: DeviceId,
    },
    /// A device has another key.
    Rotated {
        /// The device.
        device: DeviceId,
        /// How many times it has changed.
        rotation: u32,
        /// The new key's id.
        key: Hash32,
    },
    /// A new key was announced.
    RotationAnnounced {
        /// The device.
        device: DeviceId,
        /// The new key's id.
        key: Hash32,
        /// When it may begin.
        from: TimeMs,
    },
    /// An announced key was dropped.
    RotationCancelled {
        /// The device.
        device: DeviceId,
        /// The key's id.
        key: Hash32,
    },
    /// A device was revoked.
    Revoked {
        /// The device.
        device: DeviceId,
        /// Why.
        reason: u8,
    },
    /// A device was suspended.
    Suspended {
        /// The device.
        device: DeviceId,
        /// Why.
        reason: u8,
    },
    /// A suspension ended.
    Reinstated {
        /// The device.
        device: DeviceId,
    },
    /// A verifier holds a device.
    Held {
        /// The device.
        device: DeviceId,
        /// Who.
        verifier: Address,
        /// Until when.
        until: TimeMs,
    },
    /// A rate of hashes was shown.
    WorkAttested {
        /// The device.
        device: DeviceId,
        /// The class.
        class: u8,
        /// The beacon.
        beacon: u64,
        /// Until when it counts.
        until: TimeMs,
    },
    /// A batch of verifications is on the chain.
    BatchAnchored {
        /// Whose.
        verifier: Address,
        /// Its number.
        sequence: u64,
        /// On whose plan it counts.
        customer: Address,
        /// How many leaves.
        leaves: u32,
        /// How many of them are good.
        ok: u32,
        /// The root.
        root: Hash32,
        /// The month that it was counted in first.
        month: u32,
        /// What of it counts in the months after.
        in_later_months: u64,
    },
    /// The authority set a level.
    LevelSet {
        /// The device.
        device: DeviceId,
        /// Which.
        level: u8,
        /// Until when.
        until: TimeMs,
        /// SHA-256 of what the authority has seen.
        evidence: Hash32,
    },
    /// A verifier was listed, or is listed no more.
    VerifierSet {
        /// Whom.
        verifier: Address,
        /// Whether it is one.
        listed: bool,
    },
    /// A customer has a plan.
    PlanSet {
        /// Whom.
        customer: Address,
        /// Which; 0 for none.
        plan: u8,
        /// Until when.
        until: TimeMs,
    },
    /// A customer lets a verifier count on its plan, or no more.
    VerifierAllowed {
        /// Who.
        customer: Address,
        /// Whom.
        verifier: Address,
        /// Whether it may.
        allowed: bool,
    },
}

/// All kinds in order of their numbers.
pub(crate) const KINDS: &[EventKind] = &[
    EventKind { kind: 1, name: "registered", about: "A device was registered." },
    EventKind { kind: 2, name: "accepted", about: "Its owner accepted a device." },
    EventKind { kind: 3, name: "offered", about: "A device was offered to another owner." },
    EventKind { kind: 4, name: "transferred", about: "A device has another owner." },
    EventKind { kind: 5, name: "withdrawn", about: "An offer was withdrawn." },
    EventKind { kind: 6, name: "rotated", about: "A device has another key." },
    EventKind { kind: 7, name: "rotation_announced", about: "A new key was announced." },
    EventKind { kind: 8, name: "rotation_cancelled", about: "An announced key was dropped." },
    EventKind { kind: 9, name: "revoked", about: "A device was revoked." },
    EventKind { kind: 10, name: "suspended", about: "A device was suspended." },
    EventKind { kind: 11, name: "reinstated", about: "A suspension ended." },
    EventKind { kind: 12, name: "held", about: "A verifier holds a device." },
    EventKind { kind: 13, name: "work_attested", about: "A rate of hashes was shown." },
    EventKind { kind: 14, name: "batch_anchored", about: "A batch of verifications is on the chain." },
    EventKind { kind: 15, name: "level_set", about: "The authority set a level." },
    EventKind { kind: 16, name: "verifier_set", about: "A verifier was listed, or is listed no more." },
    EventKind { kind: 17, name: "plan_set", about: "A customer has a plan." },
    EventKind { kind: 18, name: "verifier_allowed", about: "A customer lets a verifier count on its plan." },
];

impl VerifyIdEvent {
    /// The stable number of the kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Registered { .. } => 1,
            Self::Accepted { .. } => 2,
            Self::Offered { .. } => 3,
            Self::Transferred { .. } => 4,
            Self::Withdrawn { .. } => 5,
            Self::Rotated { .. } => 6,
            Self::RotationAnnounced { .. } => 7,
            Self::RotationCancelled { .. } => 8,
            Self::Revoked { .. } => 9,
            Self::Suspended { .. } => 10,
            Self::Reinstated { .. } => 11,
            Self::Held { .. } => 12,
            Self::WorkAttested { .. } => 13,
            Self::BatchAnchored { .. } => 14,
            Self::LevelSet { .. } => 15,
            Self::VerifierSet { .. } => 16,
            Self::PlanSet { .. } => 17,
            Self::VerifierAllowed { .. } => 18,
        }
    }

    pub(crate) fn emit(&self, context: &mut Context<'_, '_>) -> Result<(), Reject> {
        context.emit(self.kind(), self)
    }
}

/// An event for people.
pub(crate) fn describe(kind: u16, body: &[u8]) -> Option<serde_json::Value> {
    let event: VerifyIdEvent = borsh::from_slice(body).ok()?;
    (event.kind() == kind).then(|| serde_json::to_value(event).ok())?
}
