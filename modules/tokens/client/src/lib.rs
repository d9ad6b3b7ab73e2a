//! Tokens, for people: the verbs `send` and `asset`, and the calls behind them.
//!
//! It must not know how a transaction is signed, handed in or found final: that is the wallet's. What a call does and weighs the
//! rules say.

mod asset;
mod send;
mod transfer;

use clap::Subcommand;
use wallet::Result;
use wallet::cli::{Context, Report, Verbs};

pub use send::Send;
pub use transfer::{TransferRequest, build_transfer, transfer_weight};

/// Assets, and moving them.
#[derive(Debug, Subcommand)]
pub enum TokensVerbs {
    /// Send an asset and wait until the transfer is final
    Send(Send),
    /// Create, mint, burn and show assets
    #[command(subcommand)]
    Asset(asset::Command),
}

impl Verbs for TokensVerbs {
    fn run(self, context: &Context) -> Result<Report> {
        match self {
            Self::Send(command) => command.run(context),
            Self::Asset(command) => command.run(context),
        }
    }
}
