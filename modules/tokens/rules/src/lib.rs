//! Tokens, module 1: THR, VIBE, WBTC and assets that anybody creates; transfer, create, mint, burn.
//!
//! It must not know other modules, nor keep balances: those are the kernel's ledger, which also holds every asset to its cap. This
//! module keeps what an asset is called and who may mint it.
//!
//! Files, in the order of every module: `call` what can be asked, `keys` where state lies, `reject` why not, `event` what is
//! reported, `check` without state, `execute` with it, `genesis`, `query` with its `answers`, `say` what a call does.
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
mod genesis;
mod keys;
mod query;
mod reject;
mod say;

use execution::{
    Context, EventKind, GenesisError, Module, ModuleQuery, ModuleView, QueryArguments, QueryError, Reject,
    RejectDescription, Words,
};
use types::{Address, AssetId, ModuleId, Weight};

pub use answers::{Holding, KnownAsset};
pub use call::{
    BATCH_RECIPIENTS_MAX, BatchTransfer, Burn, Create, MEMO_BYTES_MAX, Mint, Payment, TokensCall, Transfer,
};
pub use check::TRANSFER_WEIGHT;
pub use event::TokensEvent;
pub use genesis::{ASSETS_MAX, GenesisAsset, TokensParameters};
pub use query::{assets, balance, known};
pub use reject::TokensReject;

/// The key of the state under which an asset stands, as [`types::Asset`] in its canonical bytes: the module's id, big-endian, and the
/// module's key.
#[must_use]
pub fn asset_key(id: AssetId) -> Vec<u8> {
    [Tokens::ID.0.to_be_bytes().as_slice(), &keys::asset(id)].concat()
}

/// The module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokens;

impl Module for Tokens {
    const ID: ModuleId = ModuleId(1);
    const NAME: &'static str = "tokens";
    const REJECTS: &'static [RejectDescription] = TokensReject::ALL;
    const QUERIES: &'static [ModuleQuery] = query::QUERIES;
    const EVENTS: &'static [EventKind] = event::KINDS;
    const ACCOUNTS: &'static [&'static str] = &["creator", "from", "minter", "to"];
    type Genesis = TokensParameters;
    type Call = TokensCall;

    fn genesis(&self, section: TokensParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        genesis::write(&section, context)
    }

    fn check(&self, call: &TokensCall) -> Result<Weight, Reject> {
        check::check(call)
    }

    fn say(&self, call: &TokensCall, words: &dyn Words) -> String {
        say::say(call, words)
    }

    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: TokensCall) -> Result<(), Reject> {
        execute::execute(context, sender, call)
    }

    fn invariant(&self, view: &ModuleView<'_>) -> Result<(), String> {
        query::check_assets(view)
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
