//! Mining, module 3: a chain of SHA-256d works inside the chain, its difficulty, its rewards, and fair pay by rule.
//!
//! A proof of work is a system call: header, coinbase and Merkle branch. The first proof that meets the target is the next work;
//! lighter ones, 64 times easier, are shares and decide how rewards are divided. It must not know other modules, the node, or
//! Stratum; what a header or coinbase is, `pow` knows.
//!
//! Invariants: a header counts once; a proof pays only the payee, on the chain, at the height and by the recent block that its
//! coinbase binds; all that is issued is in accounts or in the window's pot, and the pot holds what is owed, exactly.
//!
//! Files, in the order of every module: `call` what can be asked, `keys` where state lies, `records` what lies there, `reject` why
//! not, `event` what is reported, `check` without state, `admit` for proofs, `execute` with state, `genesis`, `query` with
//! its `answers`; and of its own `emission` what a work pays, `retarget` the next target, `seen` what was counted, `window` who shares a reward, `fine` fractions of a µTHR,
//! `template` a miner's task.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod admit;
mod answers;
mod call;
mod check;
mod emission;
mod event;
mod execute;
mod fine;
mod genesis;
mod keys;
mod query;
mod records;
mod reject;
mod retarget;
mod seen;
mod template;
mod window;

use crypto::tags::Tag;
use execution::{
    BlockInfo, Budget, Context, EventKind, GenesisError, Judge, Module, ModuleQuery, ModuleView, QueryArguments,
    QueryError, Reject, RejectDescription, Words,
};
use types::{Address, Canonical, ModuleId, Weight};

use admit::ProofJudge;

pub use answers::{
    AnchorResponse, AttestedGroupResponse, AttestedShareResponse, Earned, OwedResponse, PayoutResponse,
    PayoutsResponse, ProofAccepted, ProofRequest, ReceiptsResponse, ReceiptsRootResponse, ShareReceiptResponse,
    WindowShare, WorkAttestationRequest, WorkAttestationResponse, WorkInfo, WorkResponse,
};
pub use call::{MiningCall, WorkProof};
pub use check::{CLAIM_WEIGHT, PROOF_WEIGHT, PROOFS_PER_BLOCK_MAX};
pub use emission::{Split, scheduled, scheduled_total};
pub use event::MiningEvent;
pub use execute::PAID_UNASKED_BELOW;
pub use genesis::MiningParameters;
pub use query::{account, info, shares, work_terms};
pub use reject::MiningReject;
pub use retarget::{Anchor, launch_target, retarget, share_target, weight};
pub use template::{AnchorBlock, GraceTerms, Template, WorkTerms, template};

/// The module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mining;

impl Module for Mining {
    const ID: ModuleId = ModuleId(3);
    const NAME: &'static str = "mining";
    const REJECTS: &'static [RejectDescription] = MiningReject::ALL;
    const TAGS: &'static [Tag] = pow::tags::ALL;
    const QUERIES: &'static [ModuleQuery] = query::QUERIES;
    const EVENTS: &'static [EventKind] = event::KINDS;
    const ACCOUNTS: &'static [&'static str] = &["ai_pool", "ecosystem", "finder", "payee", "validators"];
    const SYSTEM_CALLS_PER_BLOCK_MAX: usize = PROOFS_PER_BLOCK_MAX;
    const SYSTEM_BYTES_PER_BLOCK_MAX: usize = PROOFS_PER_BLOCK_MAX * WorkProof::BYTES_MAX;
    type Genesis = MiningParameters;
    type Call = MiningCall;

    fn genesis(&self, section: MiningParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        genesis::begin(&section, context)
    }

    fn check(&self, call: &MiningCall) -> Result<Weight, Reject> {
        Ok(check::check(call))
    }

    fn say(&self, MiningCall::Claim: &MiningCall, _: &dyn Words) -> String {
        "claim what mining has earned".to_owned()
    }

    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: MiningCall) -> Result<(), Reject> {
        execute::execute(context, sender, call)
    }

    fn end_block(&self, context: &mut Context<'_, '_>, _: &mut Budget) -> Result<(), Reject> {
        execute::end_block(context)
    }

    fn judge<'a>(&'a self, view: ModuleView<'a>, block: &'a BlockInfo) -> Box<dyn Judge + 'a> {
        Box::new(ProofJudge::new(view, block))
    }

    fn execute_system(&self, context: &mut Context<'_, '_>, call: &[u8]) -> Result<(), Reject> {
        execute::execute_proof(context, call)
    }

    fn invariant(&self, view: &ModuleView<'_>) -> Result<(), String> {
        query::check_sums(view)
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

    fn say_event(&self, kind: u16, body: &[u8], words: &dyn Words) -> Option<String> {
        event::say(kind, body, words)
    }
}
