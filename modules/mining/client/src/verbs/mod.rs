//! The verbs of mining.

mod mine;
mod mining;
mod receipt;

use clap::Subcommand;
use wallet::Result;
use wallet::cli::{Context, Report, Verbs};

/// Mining, and what it has earned.
#[derive(Debug, Subcommand)]
pub enum MiningVerbs {
    /// Mine at a pool, or at a node's Stratum port, with this machine's processor
    Mine(mine::Mine),
    /// Show the work chain, and what an account has earned there
    Mining(mining::Mining),
    /// Move what mining has earned to the account
    Claim(mining::Claim),
}

impl Verbs for MiningVerbs {
    fn run(self, context: &Context) -> Result<Report> {
        match self {
            Self::Mine(command) => command.run(context),
            Self::Mining(command) => command.run(context),
            Self::Claim(command) => command.run(context),
        }
    }
}
