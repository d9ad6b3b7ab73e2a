//! What may be typed after `cargo x devnet`.

use std::path::PathBuf;
use std::time::Duration;

use super::Weather;

/// Longest delay and longest jitter, in milliseconds: together they stay well below the 10 s within which a connection must be made.
const DELAY_MS_MAX: u64 = 2_000;
/// With more, hardly a connection is made.
const LOSS_PERCENT_MAX: f64 = 30.0;

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
    /// Print one JSON document, when the network is ready or with --check at the end, and everything else on standard error.
    #[arg(long)]
    pub json: bool,
    /// Mine at node 0 with one thread that gives way to everything else. Node i serves miners on port 3334 + 10·i (with
    /// --base-port, PORT + 10·i + 2), without this option only where these ports are free. With --check: prove that works and
    /// shares are paid by the rules to the last µTHR, that the difficulty follows the hash rate, and that a node killed while it
    /// serves a miner loses none of its shares (3 minutes).
    #[arg(long)]
    pub mine: bool,
    /// Put a relay between the nodes, in which every datagram is so many milliseconds on its way, in each direction. The nodes reach
    /// each other through it alone, over QUIC: with TCP, which they use beside it otherwise, loss could not be shown. What they tell
    /// you over HTTP does not pass it. With --check, the time that is allowed follows the delay.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=DELAY_MS_MAX), conflicts_with = "mine")]
    pub delay: Option<u64>,
    /// Add up to so many milliseconds to the delay, drawn anew for each datagram; none overtakes another.
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=DELAY_MS_MAX), requires = "delay")]
    pub jitter: u64,
    /// Lose this share of all datagrams, in either direction, such as 0.5.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent, requires = "delay")]
    pub loss: f64,
    /// Which datagrams are lost, and which jitter each has, follows from this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "delay")]
    pub relay_seed: u64,
    /// Do not send the first transfer.
    #[arg(long, conflicts_with = "check")]
    pub no_transfer: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=LOSS_PERCENT_MAX).contains(share));
    share.ok_or_else(|| format!("it must be a number from 0 to {LOSS_PERCENT_MAX}"))
}

impl Options {
    /// How the lines of the relay are, if there is to be one.
    #[must_use]
    pub fn weather(&self) -> Option<Weather> {
        let delay = Duration::from_millis(self.delay?);
        let jitter = Duration::from_millis(self.jitter);
        let lost_ppm = (self.loss * 10_000.0).round() as u64;
        Some(Weather { delay, jitter, lost_ppm, seed: self.relay_seed })
    }

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
