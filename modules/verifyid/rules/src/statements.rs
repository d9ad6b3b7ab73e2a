//! The bytes that devices sign and that batches are made of.
//!
//! It must not know state, nor who may sign. Every statement has a fixed length and begins with a tag of its own, then the chain, so
//! that none can pass for another or be taken to another chain.

use crypto::hash;
use types::{Address, ChainId, Hash32, TimeMs};

use crate::device::DeviceId;
use crate::tags;

/// What a device signs, with its first key, to be registered: 129 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The chain.
    pub chain_id: ChainId,
    /// The device.
    pub device: DeviceId,
    /// Whose it is to be.
    pub owner: Address,
    /// Who registers it.
    pub sender: Address,
    /// What it is.
    pub kind: u8,
    /// No block later than this.
    pub valid_until: TimeMs,
}

impl Registration {
    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            tags::REGISTRATION.as_bytes().as_slice(),
            self.chain_id.0.as_bytes(),
            self.device.0.as_bytes(),
            &self.owner.0,
            &self.sender.0,
            &[self.kind],
            &self.valid_until.0.to_le_bytes(),
        ]
        .concat()
    }
}

/// What a customer signs, with its account's key, for a token of one service: 119 bytes, of which ECDSA signs the SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRequest<'a> {
    /// The chain.
    pub chain_id: ChainId,
    /// The customer.
    pub account: Address,
    /// The key that is to sign the token, as the service's key set names it: 43 letters, so that no other service gives one for it.
    pub kid: &'a str,
    /// When it was signed.
    pub issued: TimeMs,
}

impl TokenRequest<'_> {
    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            tags::TOKEN_REQUEST.as_bytes().as_slice(),
            self.chain_id.0.as_bytes(),
            &self.account.0,
            self.kid.as_bytes(),
            &self.issued.0.to_le_bytes(),
        ]
        .concat()
    }
}

/// What the keys of a device sign for a new key: 124 bytes. The old one signs the same, under another tag, against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The chain.
    pub chain_id: ChainId,
    /// The device.
    pub device: DeviceId,
    /// The rotation that it would be: one more than there were.
    pub number: u32,
    /// The new key's id.
    pub new_key: Hash32,
    /// No block later than this.
    pub valid_until: TimeMs,
}

impl Rotation {
    /// The bytes that old and new key sign.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.tagged(tags::ROTATION)
    }

    /// The bytes that the old key signs against it.
    #[must_use]
    pub fn cancellation(&self) -> Vec<u8> {
        self.tagged(tags::CANCELLATION)
    }

    fn tagged(&self, tag: crypto::tags::Tag) -> Vec<u8> {
        [
            tag.as_bytes().as_slice(),
            self.chain_id.0.as_bytes(),
            self.device.0.as_bytes(),
            &self.number.to_le_bytes(),
            self.new_key.as_bytes(),
            &self.valid_until.0.to_le_bytes(),
        ]
        .concat()
    }
}

/// The value of a beacon: nobody knows it before the block that it names as its parent.
#[must_use]
pub fn beacon_value(chain_id: ChainId, number: u64, parent: Hash32, seed_mix: Hash32) -> Hash32 {
    let parts = [chain_id.0.as_bytes().as_slice(), &number.to_le_bytes(), parent.as_bytes(), seed_mix.as_bytes()];
    Hash32(hash::tagged(tags::BEACON, &parts))
}

/// What the coinbase of a work attestation binds: over 121 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkBinding {
    /// The chain.
    pub chain_id: ChainId,
    /// The device.
    pub device: DeviceId,
    /// The class of rates.
    pub class: u8,
    /// The beacon's number.
    pub beacon: u64,
    /// The beacon's value.
    pub value: Hash32,
}

impl WorkBinding {
    /// What stands in the coinbase.
    #[must_use]
    pub fn digest(&self) -> Hash32 {
        let parts = [
            self.chain_id.0.as_bytes().as_slice(),
            self.device.0.as_bytes(),
            &[self.class],
            &self.beacon.to_le_bytes(),
            self.value.as_bytes(),
        ];
        Hash32(hash::tagged(tags::WORK_BINDING, &parts))
    }

    /// What the device signs with it: 56 bytes.
    #[must_use]
    pub fn statement(&self, valid_until: TimeMs) -> Vec<u8> {
        let digest = self.digest();
        [tags::WORK_STATEMENT.as_bytes().as_slice(), digest.as_bytes(), &valid_until.0.to_le_bytes()].concat()
    }
}

/// What a challenge asks for; a signature for one is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// That the device is there.
    Presence = 1,
    /// A token for the device.
    Login = 2,
    /// A secret for an older device.
    Enrol = 3,
    /// A quote.
    Tpm = 4,
    /// A work attestation.
    Work = 5,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Presence, Self::Login, Self::Enrol, Self::Tpm, Self::Work];

    /// The one with this number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| *purpose as u8 == number)
    }
}

/// What a device answers a challenge with: its signature over 210 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The chain.
    pub chain_id: ChainId,
    /// The challenge.
    pub id: [u8; 16],
    /// What nobody could know before.
    pub nonce: [u8; 32],
    /// The device.
    pub device: DeviceId,
    /// The key that is to answer.
    pub key_id: Hash32,
    /// SHA-256 of whom the answer is for.
    pub audience: Hash32,
    /// What for.
    pub purpose: Purpose,
    /// Asked when.
    pub issued: TimeMs,
    /// Good until before then.
    pub expires: TimeMs,
}

impl Challenge {
    /// The bytes under a tag: [`tags::CHALLENGE`], [`tags::CHALLENGE_MAC`] or [`tags::CHALLENGE_TPM`].
    #[must_use]
    pub fn to_bytes(&self, tag: crypto::tags::Tag) -> Vec<u8> {
        const VERSION: u8 = 1;
        [
            tag.as_bytes().as_slice(),
            &[VERSION],
            self.chain_id.0.as_bytes(),
            &self.id,
            &self.nonce,
            self.device.0.as_bytes(),
            self.key_id.as_bytes(),
            self.audience.as_bytes(),
            &[self.purpose as u8],
            &self.issued.0.to_le_bytes(),
            &self.expires.0.to_le_bytes(),
        ]
        .concat()
    }
}

/// A verification, as it stands in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationLeaf {
    /// The device.
    pub device: DeviceId,
    /// The challenge; being random it also keeps the root from telling who was verified when.
    pub challenge: [u8; 16],
    /// When.
    pub time: TimeMs,
    /// 1 ok, 2 bad answer, 3 expired, 4 used, 5 unused, 6 not allowed.
    pub result: u8,
    /// 1 signature, 2 MAC, 3 TPM, 4 work.
    pub method: u8,
    /// SHA-256 of whom it was for.
    pub audience: Hash32,
    /// SHA-256 of the answer.
    pub answer: Hash32,
}

impl VerificationLeaf {
    /// The leaf of the tree.
    #[must_use]
    pub fn digest(&self) -> Hash32 {
        let parts = [
            self.device.0.as_bytes().as_slice(),
            &self.challenge,
            &self.time.0.to_le_bytes(),
            &[self.result, self.method],
            self.audience.as_bytes(),
            self.answer.as_bytes(),
        ];
        Hash32(hash::tagged(tags::LEAF, &parts))
    }
}
