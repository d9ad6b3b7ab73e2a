//! What may be typed after `cargo x devnet`.

use std::path::PathBuf;

/// Start a local network of real processes.
///
/// It continues the network in the home directory, or makes one: validators, a genesis, and two accounts with money, alice and bob.
/// It sends a transfer, shows where every node stands and stays until Ctrl-C.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "devnet", max_term_width = 120)]
pub struct Options {
    /// How many validators.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub validators: u16,
    /// Directory of the network [default: .thronos/devnet, with --check .thronos/devnet-check, with --mine --check
    /// .thronos/devnet-mine-check].
    #[arg(long, value_name = "DIRECTORY")]
    pub home: Option<PathBuf>,
    /// Port of the first node; node i has ten times i more, and its API one more than that [default: 26700, with --check
    /// the next free one].
    #[arg(long)]
    pub base_port: Option<u16>,
    /// Continue the network in the directory; with --check, leave the network where it is afterwards.
    #[arg(long, conflicts_with = "wipe")]
    pub keep: bool,
    /// Delete the network in the directory and begin a new one.
    #[arg(long)]
    pub wipe: bool,
    /// Prove that it works: also kill a validator, restart it, join a fifth node, compare all; then stop. Always a new network.
    #[arg(long)]
    pub check: bool,
    /// Print one JSON document at the end, and everything else on standard error.
    #[arg(long)]
    pub json: bool,
    /// Mine at node 0 with one thread that gives way to everything else. Node i serves miners on port 3334 + 10·i (with
    /// --base-port, PORT + 10·i + 2), without this option only where these ports are free. With --check: prove that works and
    /// shares are paid by the rules to the last µTHR, that the difficulty follows the hash rate, and that a node killed while it
    /// serves a miner loses none of its shares (3 minutes).
    #[arg(long)]
    pub mine: bool,
    /// Do not send the first transfer.
    #[arg(long, conflicts_with = "check")]
    pub no_transfer: bool,
}

impl Options {
    /// The directory of the network.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        let default = match (self.check, self.mine) {
            (true, true) => ".thronos/devnet-mine-check",
            (true, false) => ".thronos/devnet-check",
            (false, _) => ".thronos/devnet",
        };
        self.home.clone().unwrap_or_else(|| PathBuf::from(default))
    }
}
