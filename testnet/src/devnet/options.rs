//! What may be typed after `cargo x devnet`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};

use super::{LocalProof, Weather};
use crate::trial::{Trial, Trials, named};

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
    /// Directory of the network [default: .thronos/devnet, with --check .thronos/devnet-check, with --check --trial NAME
    /// .thronos/devnet-NAME-check].
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
    /// Run the service of this feature at every node, and what its trial brings along beside them; without this option a service
    /// runs only where its ports are free. May be given several times.
    #[arg(long = "with", value_name = "NAME")]
    pub with: Vec<String>,
    /// With --check: prove what the trial of this feature promises, instead.
    #[arg(long, value_name = "NAME", requires = "check")]
    pub trial: Option<String>,
    /// Put a relay between the nodes, in which every datagram is so many milliseconds on its way, in each direction. The nodes reach
    /// each other through it alone, over QUIC: with TCP, which they use beside it otherwise, loss could not be shown. What they tell
    /// you over HTTP does not pass it. With --check, the time that is allowed follows the delay.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=DELAY_MS_MAX), conflicts_with_all = ["with", "trial"])]
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
        let default = match (&self.trial, self.check) {
            (Some(name), _) => format!(".thronos/devnet-{name}-check"),
            (None, true) => ".thronos/devnet-check".to_owned(),
            (None, false) => ".thronos/devnet".to_owned(),
        };
        self.home.clone().unwrap_or_else(|| PathBuf::from(default))
    }

    /// What was typed. Names that are in no list, and everything else that is wrong, are told by the parser, which knows the trials
    /// and their options; with `--check`, `--with NAME` means `--trial NAME`.
    ///
    /// # Errors
    /// What is wrong, or the help that was asked for.
    pub fn parse_with(trials: Trials, typed: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = command(trials);
        let matches = command.clone().try_get_matches_from(typed)?;
        let mut options = Self::from_arg_matches(&matches)?;
        let meant = aliases(trials).filter(|(_, (option, _))| matches.get_flag(option));
        options.with.extend(meant.map(|(trial, _)| trial.name.to_owned()));
        if options.check {
            options.with.extend(options.trial.take());
        }
        options.with = once_each(options.with);
        if options.check {
            options.trial = options.with.pop();
            let wrong =
                options.with.first().map(|other| format!("one network proves one thing, and not {other} too")).or_else(
                    || {
                        let name = options.trial.as_deref().filter(|name| proof(trials, name).is_none())?;
                        Some(format!("nothing is proved of {name}; --trial in --help says of what"))
                    },
                );
            if let Some(sentence) = wrong {
                return Err(command.error(ErrorKind::ArgumentConflict, sentence));
            }
        }
        Ok(options)
    }
}

/// The parser, with the names of trials where they may be given.
fn command(trials: Trials) -> Command {
    let proved = trials.iter().filter_map(|trial| Some((trial.name, trial.local.proof?)));
    let about: String = proved.clone().map(|(name, proof)| format!("; {name}: {}", proof.about)).collect();
    let proved = PossibleValuesParser::new(proved.map(|(name, _)| name));
    let all = PossibleValuesParser::new(trials.iter().map(|trial| trial.name));
    let command = Options::command().mut_arg("with", |with| with.value_parser(all)).mut_arg("trial", |trial| {
        let help = trial.get_help().map(ToString::to_string).unwrap_or_default();
        trial.value_parser(proved).help(format!("{help}{about}"))
    });
    aliases(trials).fold(command, |command, (trial, (option, help))| {
        let help = format!("The same as --with {}: {help}", trial.name);
        command.arg(Arg::new(option).long(option).action(ArgAction::SetTrue).help(help).conflicts_with("delay"))
    })
}

/// What a trial proves on a local network.
pub(super) fn proof(trials: Trials, name: &str) -> Option<LocalProof> {
    named(trials, name)?.local.proof
}

/// Each name once, where it stood first.
fn once_each(names: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

fn aliases(trials: Trials) -> impl Iterator<Item = (&'static Trial, (&'static str, &'static str))> {
    trials.iter().filter_map(|trial| Some((trial, trial.local.alias?)))
}
