//! What may be wrong with a replica: each trouble with its name, its sentence and what it forbids.
//!
//! When each holds is reckoned in `status.rs`. Whoever knows another one adds it here.

use std::sync::Arc;

use execution::VersionStart;
use types::{Height, ValidatorIndex};

use crate::company::Reach;
use crate::status::Voting;

/// Something that is wrong with a node, its network or its machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is behind and gets the blocks it missed.
    CatchingUp {
        /// Its own height.
        height: Height,
        /// The highest height that a peer claims.
        known: Height,
    },
    /// It has just begun, and does not know yet how far others are.
    Beginning,
    /// It could vote and does not.
    NotVoting(Voting),
    /// Nobody is connected.
    NoPeer {
        /// For so long.
        for_ms: u64,
    },
    /// Too few validators answer a validator for its votes to count.
    Cut(Arc<Reach>),
    /// Validators keep this node's place for another machine with its network key.
    KeyInUse(Arc<Reach>),
    /// The chain stands: an idle one makes an empty block now and then.
    NoFinal {
        /// For so long.
        for_ms: u64,
        /// Transactions that could be included.
        transactions: usize,
        /// System calls that could be, such as proofs of work.
        calls: usize,
        /// Who is silent, and who answers and does not vote.
        reach: Arc<Reach>,
    },
    /// The machine's clock and those of the validators differ.
    ClockOff(Arc<Reach>),
    /// The newest final block is younger than now.
    ClockBehindChain {
        /// By so much.
        by_ms: u64,
    },
    /// A protocol version is coming that this program does not know.
    ReleaseTooOld(Box<VersionStart>),
}

impl Trouble {
    /// Every name there is.
    pub const NAMES: [&str; 10] = [
        "key_in_use",
        "no_final",
        "no_peer",
        "cut",
        "beginning",
        "catching_up",
        "not_voting",
        "clock_off",
        "clock_behind_chain",
        "release_too_old",
    ];

    /// A stable name, for metrics and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CatchingUp { .. } => "catching_up",
            Self::Beginning => "beginning",
            Self::NotVoting(_) => "not_voting",
            Self::NoPeer { .. } => "no_peer",
            Self::Cut(_) => "cut",
            Self::KeyInUse(_) => "key_in_use",
            Self::NoFinal { .. } => "no_final",
            Self::ClockOff(_) => "clock_off",
            Self::ClockBehindChain { .. } => "clock_behind_chain",
            Self::ReleaseTooOld(_) => "release_too_old",
        }
    }

    /// Whether the node is not ready because of it; otherwise it is a warning.
    #[must_use]
    pub const fn forbids_ready(&self) -> bool {
        !matches!(self, Self::ClockOff(_) | Self::ClockBehindChain { .. } | Self::ReleaseTooOld(_))
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CatchingUp { height, known } => {
                write!(formatter, "catching up: at block {height} of at least {known}")
            }
            Self::Beginning => formatter.write_str("it has just begun and asks its peers how far they are"),
            Self::NotVoting(voting) => voting.fmt(formatter),
            Self::NoPeer { for_ms } => write!(
                formatter,
                "no peer for {}: check `network.bootstrap`, and that the port of `network.listen` (26700, UDP and TCP, if it is not set) can be \
                 reached",
                Seconds(*for_ms)
            ),
            Self::Cut(reach) => write_cut(formatter, reach),
            Self::KeyInUse(reach) => write!(
                formatter,
                "another machine runs with this node's network key, say validators with {} of {} power, and keeps its place: stop \
                 one of the two, or give this one a home of its own with `thronosd init --home DIRECTORY`",
                reach.power_in_use, reach.power_total
            ),
            Self::NoFinal { for_ms, transactions, calls, reach } => {
                write!(formatter, "no final block for {}", Seconds(*for_ms))?;
                formatter.write_str(&waiting(*transactions, *calls))?;
                write_named(formatter, "validators that do not answer", &reach.silent)?;
                write_named(
                    formatter,
                    "validators that answer and do not vote, as their own status explains",
                    &reach.mute,
                )?;
                if !reach.mute.is_empty() {
                    formatter.write_str(
                        " (where they wait for what cannot come: docs/OPERATING.md, `When something of a home is lost or damaged`)",
                    )?;
                }
                write_named(formatter, "validators whose clocks differ from this one's", &reach.far)
            }
            Self::ClockOff(reach) => write_clock(formatter, reach),
            Self::ClockBehindChain { by_ms } => write!(
                formatter,
                "the newest block is {} ahead of this machine's clock, which was set back, or was those of others: \
                 let NTP set it",
                Seconds(*by_ms)
            ),
            Self::ReleaseTooOld(start) => write_too_old(formatter, start),
        }
    }
}

/// What could be in the next block. The pool may hold more: what waits for another transaction before it is not counted here.
fn waiting(transactions: usize, calls: usize) -> String {
    let counted = |count: usize, of: &str| types::counted(u64::try_from(count).unwrap_or(u64::MAX), of);
    let what = match (transactions, calls) {
        (0, 0) => return ", though empty ones are due".to_owned(),
        (transactions, 0) => counted(transactions, "transaction"),
        (0, calls) => counted(calls, "system call"),
        (transactions, calls) => {
            format!("{} and {}", counted(transactions, "transaction"), counted(calls, "system call"))
        }
    };
    format!(" while {what} could be included")
}

fn write_too_old(formatter: &mut std::fmt::Formatter<'_>, start: &VersionStart) -> std::fmt::Result {
    let VersionStart { version, epoch, releases } = start;
    write!(
        formatter,
        "protocol version {version} begins with epoch {epoch}, and this release does not know it: install one that does before, or \
         this node stops there"
    )?;
    match releases.first() {
        Some(release) => write!(formatter, "; announced is the release with SHA-256 {release}"),
        None => Ok(()),
    }
}

fn write_named(formatter: &mut std::fmt::Formatter<'_>, what: &str, named: &[ValidatorIndex]) -> std::fmt::Result {
    if named.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = named.iter().map(ValidatorIndex::to_string).collect();
    write!(formatter, "; {what}: {}", named.join(", "))
}

fn write_cut(formatter: &mut std::fmt::Formatter<'_>, reach: &Reach) -> std::fmt::Result {
    let Reach { power_answering, power_heard, power_total, silent, .. } = reach;
    let silent: Vec<String> = silent.iter().map(ValidatorIndex::to_string).collect();
    write!(
        formatter,
        "validators with {power_answering} of {power_total} power answer, which is no quorum; silent: {}",
        silent.join(", ")
    )?;
    if power_heard > power_answering {
        write!(
            formatter,
            " (power {power_heard} is heard: what this node says does not reach them, or their answers not it)"
        )?;
    }
    Ok(())
}

fn write_clock(formatter: &mut std::fmt::Formatter<'_>, reach: &Reach) -> std::fmt::Result {
    let clock = &reach.clock;
    match clock.ahead_ms.filter(|ahead_ms| ahead_ms.unsigned_abs() > clock.bound_ms) {
        Some(ahead_ms) => {
            let way = if ahead_ms > 0 { "ahead of" } else { "behind" };
            let by = Seconds(ahead_ms.unsigned_abs());
            write!(formatter, "this machine's clock is {by} {way} that of the validators: let NTP set it")
        }
        None => write!(
            formatter,
            "the clocks of validators with {} of {} power differ from this machine's by more than {} ms: let NTP set all",
            clock.power_far, clock.power_total, clock.bound_ms
        ),
    }
}

/// A span for people: whole seconds from ten on, tenths below.
pub(crate) struct Seconds(pub(crate) u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(ms) = *self;
        if ms >= 10_000 {
            return write!(formatter, "{} s", ms / 1_000);
        }
        write!(formatter, "{}.{} s", ms / 1_000, ms % 1_000 / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RT17: transactions and proofs of work were told in one number, which the pool contradicted.
    #[test]
    fn a_chain_that_stands_says_what_of_each_kind_could_be_included() {
        for (transactions, calls, expected) in [
            (0, 0, ", though empty ones are due"),
            (1, 0, " while 1 transaction could be included"),
            (0, 227, " while 227 system calls could be included"),
            (1, 227, " while 1 transaction and 227 system calls could be included"),
            (2, 1, " while 2 transactions and 1 system call could be included"),
        ] {
            assert_eq!(waiting(transactions, calls), expected);
        }
    }
}
