//! What this module reports. Whoever reads an event names the account with the key: names of others are no names here.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Context, EventKind, Reject};
use serde::Serialize;
use types::{Address, ByteString, Hash32, Secp256k1Key};

use crate::call::{AgreementVersion, PAYLOAD_BYTES_MAX};

/// Events of this module. A variant's place is its kind, from 1.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorsEvent {
    /// A digest stands under a name.
    Put {
        /// Whose.
        account: Address,
        /// What the key is one of.
        namespace: String,
        /// The key.
        key: String,
        /// The digest.
        digest: Hash32,
    },
    /// A hash was anchored.
    Anchored {
        /// By whom.
        account: Address,
        /// What it is of.
        kind: u8,
        /// The hash.
        hash: Hash32,
    },
    /// A contract was anchored.
    ContractAnchored {
        /// By whom.
        account: Address,
        /// SHA-256 of the manifest.
        manifest_sha256: Hash32,
        /// SHA-256 of the document.
        document_sha256: Hash32,
        /// The agreement's version.
        agreement_version: AgreementVersion,
    },
    /// A service was registered.
    ServiceRegistered {
        /// Whose it is.
        account: Address,
        /// Its name.
        service: String,
        /// Its key.
        key: Secp256k1Key,
        /// What it may do.
        scopes: String,
        /// SHA-256 of what was signed.
        txid: Hash32,
    },
    /// A service was revoked.
    ServiceRevoked {
        /// Whose it was.
        account: Address,
        /// Its name.
        service: String,
    },
    /// A service attested something.
    AiAttested {
        /// Whose it is.
        account: Address,
        /// Its name.
        service: String,
        /// SHA-256 of what was signed.
        txid: Hash32,
        /// What: canonical JSON.
        payload: ByteString<PAYLOAD_BYTES_MAX>,
    },
    /// A log was opened.
    LogOpened {
        /// Whose it is.
        account: Address,
        /// The log.
        log: Hash32,
    },
    /// The head of a log is on the chain.
    Checkpointed {
        /// Whose it is.
        account: Address,
        /// The log.
        log: Hash32,
        /// The number of the record.
        sequence: u64,
        /// The hash of that record.
        head: Hash32,
    },
}

/// All kinds in order of their numbers.
pub(crate) const KINDS: &[EventKind] = &[
    EventKind { kind: 1, name: "put", about: "A digest stands under a name of an account." },
    EventKind { kind: 2, name: "anchored", about: "A hash was anchored." },
    EventKind { kind: 3, name: "contract_anchored", about: "A contract was anchored." },
    EventKind { kind: 4, name: "service_registered", about: "An AI service was registered." },
    EventKind { kind: 5, name: "service_revoked", about: "An AI service was revoked." },
    EventKind { kind: 6, name: "ai_attested", about: "An AI service attested something." },
    EventKind { kind: 7, name: "log_opened", about: "A log was opened." },
    EventKind { kind: 8, name: "checkpointed", about: "The head of a log is on the chain." },
];

impl AnchorsEvent {
    /// The stable number of the kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Put { .. } => 1,
            Self::Anchored { .. } => 2,
            Self::ContractAnchored { .. } => 3,
            Self::ServiceRegistered { .. } => 4,
            Self::ServiceRevoked { .. } => 5,
            Self::AiAttested { .. } => 6,
            Self::LogOpened { .. } => 7,
            Self::Checkpointed { .. } => 8,
        }
    }

    pub(crate) fn emit(&self, context: &mut Context<'_, '_>) -> Result<(), Reject> {
        context.emit(self.kind(), self)
    }
}

/// An event for people.
pub(crate) fn describe(kind: u16, body: &[u8]) -> Option<serde_json::Value> {
    let event: AnchorsEvent = borsh::from_slice(body).ok()?;
    (event.kind() == kind).then(|| serde_json::to_value(event).ok())?
}
