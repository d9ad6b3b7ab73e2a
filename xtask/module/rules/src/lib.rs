//! Module name, module MODULE_NUMBER: whoever pays the fee leaves one note that everybody can read; a new one takes its place.
//!
//! It must not know other modules, nor keep balances: those are the kernel's ledger.
//!
//! Invariant: `count` is how many notes were ever written, and as many as the authors' own counts add up to.
//!
//! Files, in the order of every module: `call` what can be asked, `keys` where state lies, `reject` why not, `event` what is
//! reported, `check` without state, `execute` with it, `genesis`, `query` with its `answers`; and of its own `record` what lies there.
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
mod record;
mod reject;

use execution::{
    Context, EventKind, GenesisError, Module, ModuleQuery, ModuleView, QueryArguments, QueryError, Reject,
    RejectDescription, Words,
};
use types::{Address, ModuleId, Weight};

pub use answers::{ModuleNameCount, ModuleNameNewest, ModuleNameNote};
pub use call::{ModuleNameCall, ModuleNameWrite, NOTE_BYTES_MAX};
pub use check::WRITE_WEIGHT;
pub use event::ModuleNameEvent;
pub use genesis::{FEE_MAX, ModuleNameParameters};
pub use query::{count, note, note_key, read_note};
pub use reject::ModuleNameReject;

/// The module.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModuleName;

impl Module for ModuleName {
    const ID: ModuleId = ModuleId(MODULE_NUMBER);
    const NAME: &'static str = "module_name";
    const REJECTS: &'static [RejectDescription] = ModuleNameReject::ALL;
    const QUERIES: &'static [ModuleQuery] = query::QUERIES;
    const EVENTS: &'static [EventKind] = event::KINDS;
    type Genesis = ModuleNameParameters;
    type Call = ModuleNameCall;

    fn genesis(&self, section: ModuleNameParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        genesis::write(&section, context);
        Ok(())
    }

    fn check(&self, call: &ModuleNameCall) -> Result<Weight, Reject> {
        check::check(call)
    }

    fn say(&self, call: &ModuleNameCall, _: &dyn Words) -> String {
        call.say()
    }

    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: ModuleNameCall) -> Result<(), Reject> {
        execute::execute(context, sender, call)
    }

    fn invariant(&self, view: &ModuleView<'_>) -> Result<(), String> {
        query::check_count(view)
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
