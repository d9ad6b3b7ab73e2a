//! The command line: what can be asked, and how answers and errors leave.
//!
//! One file per command under `commands/`; a command is an `Args` value with a `run` that returns a [`Report`]. Answers go to
//! standard output, in words or, with `--json`, as one JSON document; everything else goes to standard error. It must not hold
//! rules: those are in the library.

mod commands;
mod context;
mod handing_in;
mod output;
mod presence;
mod report;
mod span;
mod submit;

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use context::Context;
pub use report::Report;

use crate::checkpoint::Checkpoint;
use crate::home::WalletHome;
use crate::{Error, Result};
use commands::{account, address, asset, chain, history, mine, mining, multisig, send, transaction_file, wallet};

const EXIT_CODES: &str = "Exit codes: 0 done; 1 refused or failed, with an error that has a stable code; 2 the command line is wrong.
Errors: `error[code]: what happened`, then what to do; with --json `{\"code\", \"message\", \"hint\"}`, both on standard error.
Passwords are asked on the terminal or read from --password-file; never from arguments or the environment.";

/// Wallet and queries for a Thronos chain.
#[derive(Debug, Parser)]
#[command(name = "thronos", version, after_help = EXIT_CODES, propagate_version = true, args_override_self = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// Address of a node's API; on this machine HOST:PORT is enough
    #[arg(long, global = true, env = "THRONOS_NODE", default_value = "http://127.0.0.1:26701", value_name = "URL")]
    node: String,
    /// Answer with one JSON document
    #[arg(long, global = true)]
    json: bool,
    /// The wallet's directory [default: HOME/wallet]
    #[arg(long, global = true, env = "THRONOS_WALLET", value_name = "DIR")]
    wallet_dir: Option<PathBuf>,
    /// Directory of everything of this user [default: ~/.thronos]
    #[arg(long, global = true, env = "THRONOS_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// The chain's genesis file, to check everything against [default: the one pinned at first contact]
    #[arg(long, global = true, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// A block known to be final: refuse nodes with another history
    #[arg(long, global = true, value_name = "HEIGHT:HASH")]
    checkpoint: Option<String>,
    /// Read the password from a file with mode 0600
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make, import and keep keys
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Show what an account has
    Balance(account::Balance),
    /// Send an asset and wait until the transfer is final
    Send(send::Send),
    /// Add a signature to a transaction file
    Sign(transaction_file::Sign),
    /// Hand a signed transaction file to a node
    Broadcast(transaction_file::Broadcast),
    /// Check a transaction file and show what it would do
    Verify(transaction_file::Verify),
    /// List an account's transactions, newest first
    History(history::History),
    /// Show a transaction, with its finality checked
    Tx(chain::Tx),
    /// Show a block, with its finality checked
    Block(chain::Block),
    /// Show where the node stands
    Status(chain::Status),
    /// Show the validators of an epoch
    Validators(chain::Validators),
    /// Prove what an account has, against the genesis
    Proof(account::Proof),
    /// Show what a transaction costs now
    Fee(chain::Fee),
    /// Mine at a pool, or at a node's Stratum port, with this machine's processor
    Mine(mine::Mine),
    /// Show the work chain, and what an account has earned there
    Mining(mining::Mining),
    /// Move what mining has earned to the account
    Claim(mining::Claim),
    /// Create, mint, burn and show assets
    #[command(subcommand)]
    Asset(asset::Command),
    /// Accounts that need several signatures
    #[command(subcommand)]
    Multisig(multisig::Command),
    /// Check and convert addresses
    #[command(subcommand)]
    Address(address::Command),
    /// Show an address as a QR code
    Qr(address::Qr),
    /// Print completions for a shell
    Completions(address::Completions),
}

impl Command {
    fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Wallet(command) => command.run(context),
            Self::Balance(command) => command.run(context),
            Self::Send(command) => command.run(context),
            Self::Sign(command) => command.run(context),
            Self::Broadcast(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::History(command) => command.run(context),
            Self::Tx(command) => command.run(context),
            Self::Block(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Validators(command) => command.run(context),
            Self::Proof(command) => command.run(context),
            Self::Fee(command) => command.run(context),
            Self::Mine(command) => command.run(context),
            Self::Mining(command) => command.run(context),
            Self::Claim(command) => command.run(context),
            Self::Asset(command) => command.run(context),
            Self::Multisig(command) => command.run(context),
            Self::Address(command) => command.run(context),
            Self::Qr(command) => command.run(context),
            Self::Completions(command) => Ok(command.run()),
        }
    }
}

/// Runs the command line and prints the answer.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    forbid_core_dumps();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return misuse(&error, wants_json),
    };
    let Cli { global, command } = cli;
    let json = global.json;
    let done = global.into_context().and_then(|context| command.run(&context));
    match done.and_then(|report| output::answer(&report.render(json))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(&error, json),
    }
}

/// What was typed is not understood. Help and version come this way too, with code 0.
fn misuse(error: &clap::Error, wants_json: bool) -> ExitCode {
    if !error.use_stderr() {
        return match output::answer(&error.to_string()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output::failure(&error, wants_json),
        };
    }
    if wants_json {
        let text = error.to_string();
        let told = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let message = told.split_whitespace().collect::<Vec<_>>().join(" ");
        output::failure(&Error::new("usage", message, "see `thronos help`, or --help behind the command"), true);
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A core file would hold whatever secret was in memory.
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

impl Global {
    fn into_context(self) -> Result<Context> {
        let user = || std::env::var_os("HOME").filter(|home| !home.is_empty());
        let home = self.home.or_else(|| Some(PathBuf::from(user()?).join(".thronos")));
        // A wallet in whatever directory one happens to stand would be lost with the next `cd`.
        let directory = self.wallet_dir.or_else(|| Some(home?.join("wallet"))).ok_or_else(|| {
            Error::new(
                "no_home",
                "HOME is not set, so there is no wallet",
                "name its directory with `--wallet-dir DIR`",
            )
        })?;
        self.checkpoint.as_deref().map(str::parse::<Checkpoint>).transpose()?;
        Ok(Context {
            home: WalletHome::new(directory),
            node: self.node,
            json: self.json,
            genesis: self.genesis,
            password_file: self.password_file,
            checkpoint: self.checkpoint,
            offline: false,
            asked: OnceCell::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
