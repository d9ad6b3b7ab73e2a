//! VerifyID, module 4: devices that prove what they are.
//!
//! A device is a key. It is registered by a statement that it signs, belongs to an account, and has a level: 1 accepted by its owner, 2
//! showed a rate of hashes, 3 has a TPM, 4 has its maker's certificate. The chain itself decides about level 2, the authority of the genesis
//! about 3 and 4; verifiers put the roots of what they verified on it, counted on plans. It must not know other modules, nor people: there
//! is no name, no serial number and no free text here.
//!
//! Invariants: a live key points to its device and back; a retired key never returns; a customer counts its devices that are not
//! revoked; the months of a customer sum up to its batches; a device has one owner; no status leaves suspended but by reinstating or revoking.
//!
//! Files, in the order of every module: `call` what can be asked, `keys` where state lies, `records` what lies there, `reject` why
//! not, `event` what is reported, `check` without state, `execute` with it, `genesis`, `query` with its `answers`, `say` what a call
//! does; and of its own `device` keys and ids, `statements` what devices sign, `tags` for what is hashed, `month` of the calendar,
//! `invariant`.
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
mod device;
mod event;
mod execute;
mod genesis;
mod invariant;
mod keys;
mod month;
mod query;
mod records;
mod reject;
mod say;
mod statements;
pub mod tags;

use crypto::tags::Tag;
use execution::{
    Budget, Context, EventKind, GenesisError, Module, ModuleQuery, ModuleView, QueryArguments, QueryError, Reject,
    RejectDescription, Words,
};
use types::{Address, ModuleId, Weight};

pub use answers::{BatchAnswer, BeaconAnswer, CustomerAnswer, DeviceAnswer, VerifierAnswer};
pub use call::{
    AttestWork, BATCH_LEAVES_MAX, Batch, BuyPlan, CancelRotation, FIRST_VERIFIED_MAX, GROUPS_MAX, KeyBytes, Offer, Out,
    Register, Rotate, SHARES_MAX, SetLevel, SetPlan, SignatureBytes, Take, VerifyIdCall, WorkGroup, WorkShare,
};
pub use check::{
    ATTEST_WEIGHT, BATCH_WEIGHT, CALL_WEIGHT, GROUP_WEIGHT, LISTED_WEIGHT, P256_WEIGHT, SHARE_WEIGHT, SIGNATURE_WEIGHT,
    STEP_WEIGHT,
};
pub use device::{Algorithm, DeviceId, DeviceIdError, DeviceKey, KEY_BYTES_MAX, Kind, SIGNATURE_BYTES, key_id};
pub use event::VerifyIdEvent;
pub use execute::judge_shares;
pub use genesis::{Allowance, CLASSES_MAX, PLANS_MAX, PlanTerms, VERIFIERS_MAX, VerifyIdParameters, WorkClass};
pub use month::{month_of, next_month};
pub use query::{
    DeviceStanding, allowed, batch, batch_key, beacon, customer, device, device_key, devices, is_listable, read_batch,
    read_device, rules, signed, standing, used, verifier, waiting,
};
pub use records::Status;
pub use reject::VerifyIdReject;
pub use statements::{
    Challenge, Purpose, Registration, Rotation, TokenRequest, VerificationLeaf, WorkBinding, beacon_value,
};

/// The module.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyId;

impl Module for VerifyId {
    const ID: ModuleId = ModuleId(4);
    const NAME: &'static str = "verifyid";
    const REJECTS: &'static [RejectDescription] = VerifyIdReject::ALL;
    const TAGS: &'static [Tag] = tags::ALL;
    const QUERIES: &'static [ModuleQuery] = query::QUERIES;
    const EVENTS: &'static [EventKind] = event::KINDS;
    const ACCOUNTS: &'static [&'static str] =
        &["authority", "customer", "ecosystem", "from", "offered_to", "owner", "to", "verifier", "verifiers"];
    type Genesis = VerifyIdParameters;
    type Call = VerifyIdCall;

    fn genesis(&self, section: VerifyIdParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        genesis::begin(&section, context)
    }

    fn check(&self, call: &VerifyIdCall) -> Result<Weight, Reject> {
        check::check(call)
    }

    fn say(&self, call: &VerifyIdCall, words: &dyn Words) -> String {
        say::say(call, words)
    }

    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: VerifyIdCall) -> Result<(), Reject> {
        execute::execute(context, sender, call)
    }

    fn begin_block(&self, context: &mut Context<'_, '_>, _: &mut Budget) -> Result<(), Reject> {
        execute::begin_block(context)
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
