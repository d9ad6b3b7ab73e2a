//! What this module answers: types for whoever asks, here or over HTTP.
//!
//! They must not know how an answer is found. Every answer names the account, as a name without it says nothing.

#![cfg_attr(
    feature = "schema",
    allow(unused_qualifications, reason = "the expansion of utoipa's attributes qualifies names")
)]

use serde::{Deserialize, Serialize};
use types::{Address, Hash32, Height, Secp256k1Key, Secp256k1Signature, TimeMs};

use crate::names::{HashKind, SigningMethod};

/// A digest under a name; the answer of the query `put`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PutAnswer {
    /// Whose.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub account: Address,
    /// What the key is one of.
    pub namespace: String,
    /// The key.
    pub key: String,
    /// The digest.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub digest: Hash32,
    /// The block since which it stands there.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub height: Height,
    /// That block's time, in milliseconds since 1970.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub time: TimeMs,
}

/// A hash; the answer of the query `hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HashAnswer {
    /// By whom.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub account: Address,
    /// What it is of.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub kind: HashKind,
    /// The hash.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub hash: Hash32,
    /// The block since which it is anchored.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub height: Height,
    /// That block's time.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub time: TimeMs,
}

/// A contract, with the fields of CONTRACT_ANCHOR_V1; the answer of the query `contract`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ContractAnswer {
    /// By whom.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub account: Address,
    /// Always 1.
    pub proof_version: u8,
    /// SHA-256 of the document.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub document_sha256: Hash32,
    /// SHA-256 of the manifest.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub manifest_sha256: Hash32,
    /// A hash that stands for the contract's reference.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub contract_ref_hash: Hash32,
    /// A hash that stands for the tenant.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub tenant_ref_hash: Hash32,
    /// The agreement's version: three numbers with points between them.
    pub agreement_version: String,
    /// How it was signed.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub signing_method_class: SigningMethod,
    /// Always that of the manifest.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub idempotency_key: Hash32,
    /// The block since which it is anchored.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub height: Height,
    /// That block's time.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub time: TimeMs,
}

/// A service; the answer of the query `service`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ServiceAnswer {
    /// Whose it is.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub account: Address,
    /// Its name.
    pub service: String,
    /// Its key.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub key: Secp256k1Key,
    /// What it may do, with spaces between.
    pub scopes: String,
    /// SHA-256 of what registered it.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub txid: Hash32,
    /// The block since which it is registered.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub height: Height,
    /// That block's time.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub time: TimeMs,
    /// The time since which it is revoked; absent while it is not.
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>))]
    pub revoked: Option<TimeMs>,
}

/// What a service attested; the answer of the query `attestation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AttestationAnswer {
    /// Whose service it is.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub account: Address,
    /// Its name.
    pub service: String,
    /// SHA-256 of what was signed.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub txid: Hash32,
    /// What was attested: canonical JSON, as a text.
    pub payload: String,
    /// The service's signature over the txid.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub signature: Secp256k1Signature,
    /// The block since which it is there.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub height: Height,
    /// That block's time.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub time: TimeMs,
}

/// A log; the answer of the query `log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LogAnswer {
    /// Whose it is.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub account: Address,
    /// The log.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub log: Hash32,
    /// The block that opened it.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub opened_height: Height,
    /// That block's time.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub opened: TimeMs,
    /// How many checkpoints it has had.
    pub checkpoints: u64,
    /// The number of the newest checkpoint's record; absent before the first.
    pub sequence: Option<u64>,
    /// That record's hash.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub head: Option<Hash32>,
    /// The block of the newest checkpoint.
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>))]
    pub height: Option<Height>,
    /// That block's time.
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>))]
    pub time: Option<TimeMs>,
}
