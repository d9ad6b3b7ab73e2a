//! Module name, for people: the verb `module-name`, and the calls behind it.
//!
//! It must not know how a transaction is signed, handed in or found final, nor how a proof is checked: that is the wallet's.

mod read;
mod write;

use clap::Subcommand;
use wallet::Result;
use wallet::cli::{Context, Report, Verbs};

pub use write::note_call;

/// Notes that everybody can read.
#[derive(Debug, Subcommand)]
pub enum ModuleNameVerbs {
    /// Leave a note that everybody can read, and read those of others
    #[command(subcommand)]
    ModuleName(ModuleNameVerb),
}

/// What can be done with notes.
#[derive(Debug, Subcommand)]
pub enum ModuleNameVerb {
    /// Leave a note in the place of your last one, and wait until it is final
    Write(write::Write),
    /// Read an account's note, proven against the genesis
    Read(read::Read),
}

impl Verbs for ModuleNameVerbs {
    fn run(self, context: &Context) -> Result<Report> {
        match self {
            Self::ModuleName(ModuleNameVerb::Write(command)) => command.run(context),
            Self::ModuleName(ModuleNameVerb::Read(command)) => command.run(context),
        }
    }
}
