//! Anchors, module 8: digests that were there before a time.
//!
//! An account puts a digest under a name, anchors a hash, a contract, what an AI service attests, or the head of a log. What is first
//! under a key stays; the account is part of every key, so nobody takes another's. An anchor proves that something existed before a
//! block, not who made it: anybody may copy a hash from the pool. It must not know other modules, nor what a digest is of: there is no
//! free text here, and no person.
//!
//! Invariants: what is written is never another value, but a service that is revoked and a log that goes on; a log's number only rises; an
//! attestation belongs to a service of the same account; each new record burns a fee, so state grows only by what is paid.
//!
//! Files, in the order of every module: `call` what can be asked, `keys` where state lies, `records` what lies there, `reject` why
//! not, `event` what is reported, `check` without state, `execute` with it, `genesis`, `query` with its `answers`, `say` what a call
//! does; and of its own `names` for words, kinds and methods, `flat_json` for the one form of a flat object, `payload` for what AI
//! services sign, `invariant`.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod answers;
mod call;
mod check;
mod event;
mod execute;
mod flat_json;
mod genesis;
mod invariant;
pub mod keys;
mod names;
mod payload;
mod query;
mod records;
mod reject;
mod say;

use execution::{
    Context, EventKind, GenesisError, Module, ModuleQuery, ModuleView, QueryArguments, QueryError, Reject,
    RejectDescription, Words,
};
use types::{Address, ModuleId, Weight};

pub use answers::{AttestationAnswer, ContractAnswer, HashAnswer, LogAnswer, PutAnswer, ServiceAnswer};
pub use call::{
    AgreementVersion, AnchorContract, AnchorHash, AnchorsCall, AttestAi, LogCheckpoint, PAYLOAD_BYTES_MAX,
    PROOF_VERSION, PayloadBytes, PutDigest, RegisterService, ServiceName,
};
pub use check::{CALL_WEIGHT, SIGNATURE_WEIGHT};
pub use event::AnchorsEvent;
pub use flat_json::{FlatJson, FlatValue, INTEGER_MAX};
pub use genesis::{AnchorsParameters, DRIFT_MS_MAX, FEE_MAX};
pub use names::{
    ATTEST_SCOPE, HashKind, KEY_BYTES_MAX, NAME_BYTES_MAX, NAMESPACE_BYTES_MAX, SCOPES_BYTES_MAX, SigningMethod,
    is_name, is_put_key, is_scopes,
};
pub use payload::{AttestationPayload, HASH_FIELDS, ServicePayload};
pub use query::{
    PAGE_MAX, attestation, attestations, contract, contracts, hash, hashes, log, logs, put, puts, read_put, rules,
    service, services,
};
pub use reject::AnchorsReject;

/// The module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anchors;

impl Module for Anchors {
    const ID: ModuleId = ModuleId(8);
    const NAME: &'static str = "anchors";
    const REJECTS: &'static [RejectDescription] = AnchorsReject::ALL;
    const QUERIES: &'static [ModuleQuery] = query::QUERIES;
    const EVENTS: &'static [EventKind] = event::KINDS;
    const ACCOUNTS: &'static [&'static str] = &["account"];
    type Genesis = AnchorsParameters;
    type Call = AnchorsCall;

    fn genesis(&self, section: AnchorsParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        genesis::begin(&section, context)
    }

    fn check(&self, call: &AnchorsCall) -> Result<Weight, Reject> {
        check::check(call)
    }

    fn say(&self, call: &AnchorsCall, words: &dyn Words) -> String {
        say::say(call, words)
    }

    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: AnchorsCall) -> Result<(), Reject> {
        execute::execute(context, sender, call)
    }

    fn invariant(&self, view: &ModuleView<'_>) -> Result<(), String> {
        invariant::check(view)
    }

    fn query(
        &self,
        view: &ModuleView<'_>,
        name: &str,
        arguments: &QueryArguments,
    ) -> Result<serde_json::Value, QueryError> {
        query::answer(view, name, arguments)
    }

    fn describe_event(&self, kind: u16, body: &[u8]) -> Option<serde_json::Value> {
        event::describe(kind, body)
    }
}
