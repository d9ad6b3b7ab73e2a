//! What a transaction may ask of this module.
//!
//! It must not know what is allowed. A variant's number is part of the byte form and never changes. Kinds, methods and versions are
//! numbers here, and payloads longer than they may be, so that a wrong one is a reject with a name of its own.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use types::{Address, ByteString, Call, Canonical, Hash32, Secp256k1Key, Secp256k1Signature};

use crate::names::{KEY_BYTES_MAX, NAME_BYTES_MAX, NAMESPACE_BYTES_MAX};

/// Longest payload of a service or an attestation, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 2_048;
/// Longest payload that is read at all.
const PAYLOAD_BYTES_READ: usize = 4_096;
/// The only version of contracts so far: CONTRACT_ANCHOR_V1.
pub const PROOF_VERSION: u8 = 1;

/// A payload as it stands in a call.
pub type PayloadBytes = ByteString<PAYLOAD_BYTES_READ>;
/// The name of a service as it stands in a call.
pub type ServiceName = ByteString<NAME_BYTES_MAX>;

/// Puts a digest under a name of the sender's.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutDigest {
    /// What the key is one of; a name.
    pub namespace: ByteString<NAMESPACE_BYTES_MAX>,
    /// Visible characters of ASCII.
    pub key: ByteString<KEY_BYTES_MAX>,
    /// The digest.
    pub digest: Hash32,
}

/// Anchors a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorHash {
    /// What it is of: 1 to 7, see [`crate::HashKind`].
    pub kind: u8,
    /// The hash; of people a salted commitment.
    pub hash: Hash32,
}

/// The version of an agreement, `major.minor.patch`; what is left out is 0.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct AgreementVersion(pub [u16; 3]);

impl std::fmt::Display for AgreementVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.0;
        write!(formatter, "{major}.{minor}.{patch}")
    }
}

/// Why a text is no version of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAgreementVersion;

impl std::fmt::Display for NoAgreementVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("expected one to three numbers up to 65535 with points between them, such as 1.4")
    }
}

impl std::error::Error for NoAgreementVersion {}

impl std::str::FromStr for AgreementVersion {
    type Err = NoAgreementVersion;

    fn from_str(text: &str) -> Result<Self, NoAgreementVersion> {
        let mut numbers = [0; 3];
        let mut places = numbers.iter_mut();
        for part in text.split('.') {
            let is_plain = part == "0" || !part.starts_with(['0', '+']);
            let number: u16 = part.parse().ok().filter(|_| is_plain).ok_or(NoAgreementVersion)?;
            *places.next().ok_or(NoAgreementVersion)? = number;
        }
        Ok(Self(numbers))
    }
}

/// Anchors a contract: the fields of CONTRACT_ANCHOR_V1. Its idempotency key is the hash of the manifest, so it is not said twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorContract {
    /// Always [`PROOF_VERSION`].
    pub proof_version: u8,
    /// SHA-256 of the document.
    pub document_sha256: Hash32,
    /// SHA-256 of the manifest.
    pub manifest_sha256: Hash32,
    /// A hash that stands for the contract's reference.
    pub contract_ref_hash: Hash32,
    /// A hash that stands for the tenant.
    pub tenant_ref_hash: Hash32,
    /// The agreement's version.
    pub agreement_version: AgreementVersion,
    /// How it was signed: 1 to 3, see [`crate::SigningMethod`].
    pub signing_method_class: u8,
}

/// Registers an AI service of the sender's.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterService {
    /// Canonical JSON, see [`crate::ServicePayload`].
    pub payload: PayloadBytes,
    /// SHA-256 of what is signed.
    pub txid: Hash32,
    /// The service's key's, over `txid`.
    pub signature: Secp256k1Signature,
}

/// Puts what an AI service attests on the chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestAi {
    /// Whose service it is; only this account may send it.
    pub account: Address,
    /// Canonical JSON, see [`crate::AttestationPayload`].
    pub payload: PayloadBytes,
    /// SHA-256 of what is signed.
    pub txid: Hash32,
    /// The key that signs: the one that the service was registered with.
    pub public_key: Secp256k1Key,
    /// Its signature over `txid`.
    pub signature: Secp256k1Signature,
}

/// Puts the head of a log on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogCheckpoint {
    /// The log; one of the sender's that is open.
    pub log: Hash32,
    /// The number of the record; above that of the last checkpoint.
    pub sequence: u64,
    /// The hash of that record.
    pub head: Hash32,
}

/// A call of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum AnchorsCall {
    /// See [`PutDigest`].
    Put(PutDigest) = 0,
    /// See [`AnchorHash`].
    Anchor(AnchorHash) = 1,
    /// See [`AnchorContract`].
    Contract(AnchorContract) = 2,
    /// See [`RegisterService`].
    RegisterService(RegisterService) = 3,
    /// Ends a service of the sender's, for good.
    RevokeService(ServiceName) = 4,
    /// See [`AttestAi`].
    AttestAi(AttestAi) = 5,
    /// Opens a log of the sender's.
    OpenLog(Hash32) = 6,
    /// See [`LogCheckpoint`].
    Checkpoint(LogCheckpoint) = 7,
}

impl Canonical for AnchorsCall {
    /// An attestation: variant, account, payload with its length, txid, key and signature.
    const BYTES_MAX: usize = 1 + 20 + 4 + PAYLOAD_BYTES_READ + 32 + 33 + 64;
}

impl AnchorsCall {
    /// The call as it stands in a transaction.
    #[must_use]
    pub fn to_call(&self) -> Call {
        let body = ByteString::new(self.to_canonical()).expect("the longest call is far below the bound on calls");
        Call { module: <crate::Anchors as execution::Module>::ID, body }
    }
}

const _: () = assert!(AnchorsCall::BYTES_MAX <= types::limits::CALL_BYTES_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_an_agreement_has_one_to_three_numbers() {
        for (text, numbers) in [("1", [1, 0, 0]), ("1.4", [1, 4, 0]), ("0.0.65535", [0, 0, 65_535])] {
            let read: AgreementVersion = text.parse().expect(text);
            assert_eq!(read, AgreementVersion(numbers));
            assert_eq!(read.to_string().parse(), Ok(read));
        }
        for other in ["", ".", "1.", ".1", "1.2.3.4", "01", "+1", "-1", "65536", "1.x", " 1", "v1"] {
            assert!(other.parse::<AgreementVersion>().is_err(), "{other}");
        }
    }
}
