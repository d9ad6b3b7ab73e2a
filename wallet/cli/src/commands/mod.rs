//! One file per command, or per few commands on one thing; here the families of those that belong to no feature.

mod account;
mod address;
mod ask;
mod chain;
mod completions;
mod history;
mod multisig;
mod prove;
mod reject;
mod transaction_file;
mod wallet;

use ::wallet::Result;
use ::wallet::cli::{Context, Report, Verbs};
use clap::Subcommand;

/// Keys, and what their accounts have.
#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// Make, import and keep keys
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Show what an account has
    Balance(account::Balance),
    /// List an account's transactions, newest first
    History(history::History),
    /// Prove what an account has, against the genesis
    Proof(account::Proof),
    /// Prove a transaction's result, a receipt, or a value of the state, against the genesis
    #[command(subcommand)]
    Prove(prove::Command),
    /// Accounts that need several signatures
    #[command(subcommand)]
    Multisig(multisig::Command),
    /// Check and convert addresses
    #[command(subcommand)]
    Address(address::Command),
    /// Show an address as a QR code
    Qr(address::Qr),
}

impl Verbs for Accounts {
    fn run(self, context: &Context) -> Result<Report> {
        match self {
            Self::Wallet(command) => command.run(context),
            Self::Balance(command) => command.run(context),
            Self::History(command) => command.run(context),
            Self::Proof(command) => command.run(context),
            Self::Prove(command) => command.run(context),
            Self::Multisig(command) => command.run(context),
            Self::Address(command) => command.run(context),
            Self::Qr(command) => command.run(context),
        }
    }
}

/// Transactions in files and on the chain.
#[derive(Debug, Subcommand)]
pub enum Transactions {
    /// Add a signature to a transaction file
    Sign(transaction_file::Sign),
    /// Hand a signed transaction file to a node
    Broadcast(transaction_file::Broadcast),
    /// Check a transaction file and show what it would do
    Verify(transaction_file::Verify),
    /// Show a transaction, with its finality checked
    Tx(chain::Tx),
    /// Show what a transaction costs now
    Fee(chain::Fee),
}

impl Verbs for Transactions {
    fn run(self, context: &Context) -> Result<Report> {
        match self {
            Self::Sign(command) => command.run(context),
            Self::Broadcast(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Tx(command) => command.run(context),
            Self::Fee(command) => command.run(context),
        }
    }
}

/// The chain, and who keeps it.
#[derive(Debug, Subcommand)]
pub enum ChainVerbs {
    /// Show where the node stands
    Status(chain::Status),
    /// Show a block, with its finality checked
    Block(chain::Block),
    /// Show the validators of an epoch
    Validators(chain::Validators),
    /// Ask a module of the chain, by questions that it describes
    Ask(ask::Ask),
    /// Explain the code of a reject, or list them all
    Reject(reject::Rejected),
}

impl Verbs for ChainVerbs {
    fn run(self, context: &Context) -> Result<Report> {
        match self {
            Self::Status(command) => command.run(context),
            Self::Block(command) => command.run(context),
            Self::Validators(command) => command.run(context),
            Self::Ask(command) => command.run(context),
            Self::Reject(command) => command.run(),
        }
    }
}

/// The program itself.
#[derive(Debug, Subcommand)]
pub enum ProgramVerbs {
    /// Print completions for a shell
    Completions(completions::Completions),
}

impl Verbs for ProgramVerbs {
    fn run(self, _: &Context) -> Result<Report> {
        match self {
            Self::Completions(command) => Ok(command.run()),
        }
    }
}
