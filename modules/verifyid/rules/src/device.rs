//! Keys of devices, and what a device is called.
//!
//! It must not know state. Invariants: one key has one form (an Ed25519 point is re-encoded and compared, a compressed point of the
//! other curves too), so it has one id; one signature has one form (Ed25519 strict without cofactor, s in the lower half elsewhere).

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::hash;
use ed25519_dalek::{Signature as EdSignature, VerifyingKey as EdKey};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature as P256Signature, VerifyingKey as P256Key};
use serde::{Deserialize, Serialize};
use types::{ByteString, Hash32, Network, Secp256k1Key, Secp256k1Signature};

use crate::reject::VerifyIdReject;
use crate::tags;

/// The longest key: a compressed point.
pub const KEY_BYTES_MAX: usize = 33;
/// Every signature of a device.
pub const SIGNATURE_BYTES: usize = 64;

/// What a device is called: the id of the first key that it had. It stays when keys change.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DeviceId(pub Hash32);

/// Why a text names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceIdError {
    /// A device of the other network.
    #[error("this is a device of another network; here they begin with `{expected}1`")]
    OtherNetwork {
        /// The prefix of this network.
        expected: &'static str,
    },
    /// The checksum does not match: a typo.
    #[error("the device's id has a typo: its checksum does not match; copy it again")]
    Checksum,
    /// No id at all.
    #[error("this is no device: expected `{expected}1…` or 64 hexadecimal digits")]
    Malformed {
        /// The prefix of this network.
        expected: &'static str,
    },
}

const fn prefix(network: Network) -> &'static str {
    match network {
        Network::Main => "thrdev",
        Network::Test => "thrtdev",
    }
}

impl DeviceId {
    /// As people write it: bech32m, `thrdev1…` or `thrtdev1…`.
    #[must_use]
    pub fn to_text(&self, network: Network) -> String {
        let prefix = Hrp::parse(prefix(network)).expect("lower-case letters");
        bech32::encode::<Bech32m>(prefix, self.0.as_bytes()).expect("32 bytes are short enough")
    }

    /// Reads the text form, or 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`DeviceIdError`] that says whether the text is of another network, has a typo, or is no device.
    pub fn parse(text: &str, network: Network) -> Result<Self, DeviceIdError> {
        if let Ok(id) = text.parse::<Hash32>() {
            return Ok(Self(id));
        }
        let expected = prefix(network);
        let malformed = DeviceIdError::Malformed { expected };
        let lower = text.to_ascii_lowercase();
        let found = lower.rsplit_once('1').map(|(found, _)| found);
        let is_device = found.is_some_and(|found| [Network::Main, Network::Test].map(prefix).contains(&found));
        if !is_device {
            return Err(malformed);
        }
        let checked = CheckedHrpstring::new::<Bech32m>(text).map_err(|error| match error {
            bech32::primitives::decode::CheckedHrpstringError::Checksum(_) => DeviceIdError::Checksum,
            _ => malformed.clone(),
        })?;
        if found != Some(expected) {
            return Err(DeviceIdError::OtherNetwork { expected });
        }
        let bytes: Vec<u8> = checked.byte_iter().take(33).collect();
        bytes.try_into().map(|bytes| Self(Hash32(bytes))).map_err(|_| malformed)
    }
}

/// How a key signs; its number is on the chain and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Algorithm {
    /// Ed25519, RFC 8032, strict; signs the bytes themselves.
    Ed25519 = 1,
    /// ECDSA over secp256k1; signs their SHA-256.
    Secp256k1 = 2,
    /// ECDSA over P-256, as in secure elements and TPMs; signs their SHA-256.
    P256 = 3,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ed25519, Self::Secp256k1, Self::P256];

    /// The one with this number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| *algorithm as u8 == number)
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::Secp256k1 | Self::P256 => 33,
        }
    }
}

/// A key that is one: a point of its curve, in its one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceKey {
    algorithm: Algorithm,
    key: Parsed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parsed {
    Ed25519(EdKey),
    Secp256k1(Secp256k1Key),
    P256(P256Key),
}

impl DeviceKey {
    /// Reads a key.
    ///
    /// # Errors
    /// `unknown_algorithm`, `malformed_key`.
    pub fn read(algorithm: u8, key: &[u8]) -> Result<Self, VerifyIdReject> {
        let algorithm = Algorithm::of(algorithm).ok_or(VerifyIdReject::UnknownAlgorithm)?;
        let malformed = VerifyIdReject::MalformedKey;
        if key.len() != algorithm.key_bytes() {
            return Err(malformed);
        }
        let key = match algorithm {
            Algorithm::Ed25519 => {
                let bytes: [u8; 32] = key.try_into().map_err(|_| malformed)?;
                let point = EdKey::from_bytes(&bytes).map_err(|_| malformed)?;
                // The library takes several forms of a point; each would have an id of its own.
                let is_short = point.to_edwards().compress().to_bytes() == bytes;
                if !is_short || point.is_weak() {
                    return Err(malformed);
                }
                Parsed::Ed25519(point)
            }
            Algorithm::Secp256k1 => {
                let point = Secp256k1Key(key.try_into().map_err(|_| malformed)?);
                crypto::ecdsa::validate_key(&point).map_err(|_| malformed)?;
                Parsed::Secp256k1(point)
            }
            Algorithm::P256 => {
                let point = P256Key::from_sec1_bytes(key).map_err(|_| malformed)?;
                if point.to_sec1_point(true).as_bytes() != key {
                    return Err(malformed);
                }
                Parsed::P256(point)
            }
        };
        Ok(Self { algorithm, key })
    }

    /// How it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes of its one form.
    #[must_use]
    pub fn to_bytes(&self) -> ByteString<KEY_BYTES_MAX> {
        let bytes = match &self.key {
            Parsed::Ed25519(key) => key.to_bytes().to_vec(),
            Parsed::Secp256k1(key) => key.0.to_vec(),
            Parsed::P256(key) => key.to_sec1_point(true).as_bytes().to_vec(),
        };
        ByteString::new(bytes).expect("at most 33 bytes")
    }

    /// Its id, which is the device's if it is the first.
    #[must_use]
    pub fn id(&self) -> Hash32 {
        key_id(self.algorithm as u8, &self.to_bytes())
    }

    /// Whether it signed these bytes.
    #[must_use]
    pub fn signed(&self, bytes: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        match &self.key {
            Parsed::Ed25519(key) => key.verify_strict(bytes, &EdSignature::from_bytes(signature)).is_ok(),
            Parsed::Secp256k1(_) | Parsed::P256(_) => self.signed_digest(&hash::sha256(bytes), signature),
        }
    }

    /// Whether it signed this digest: Ed25519 signs its 32 bytes, ECDSA takes it as it is.
    #[must_use]
    pub fn signed_digest(&self, digest: &[u8; 32], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        match &self.key {
            Parsed::Ed25519(key) => key.verify_strict(digest, &EdSignature::from_bytes(signature)).is_ok(),
            Parsed::Secp256k1(key) => crypto::ecdsa::verify(digest, key, &Secp256k1Signature(*signature)).is_ok(),
            Parsed::P256(key) => P256Signature::from_slice(signature).is_ok_and(|signature| {
                signature.normalize_s() == signature && key.verify_prehash(digest, &signature).is_ok()
            }),
        }
    }
}

/// The id of a key, whether or not it is one.
#[must_use]
pub fn key_id(algorithm: u8, key: &[u8]) -> Hash32 {
    Hash32(hash::tagged(tags::DEVICE, &[&[algorithm], key]))
}

/// What a device is; its number is on the chain and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Kind {
    /// A machine built for SHA-256.
    Asic = 1,
    /// A miner on graphics cards.
    GpuMiner = 2,
    /// A miner on processors.
    CpuMiner = 3,
    /// A receiver of positions.
    GpsNode = 4,
    /// A vehicle.
    VehicleNode = 5,
    /// A machine that trains models.
    AiTrainer = 6,
    /// A player or recorder of music.
    MusicNode = 7,
    /// A keeper of data.
    StorageNode = 8,
    /// A sensor of a parking place.
    ParkingSensor = 9,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Asic,
        Self::GpuMiner,
        Self::CpuMiner,
        Self::GpsNode,
        Self::VehicleNode,
        Self::AiTrainer,
        Self::MusicNode,
        Self::StorageNode,
        Self::ParkingSensor,
    ];

    /// The one with this number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Whether it hashes, so that its rate can be shown.
    #[must_use]
    pub const fn mines(self) -> bool {
        matches!(self, Self::Asic | Self::GpuMiner | Self::CpuMiner)
    }
}
