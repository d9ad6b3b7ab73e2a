//! `thronosd peers`: who is connected to a running node, and who shall be. Asks over the socket in the home.

use clap::{Args, Subcommand};

use super::{HomeArgument, Refusal, hint};
use crate::control::{Answer, AskError, PeerList, Question, ask};

#[derive(Debug, Subcommand)]
pub(crate) enum Peers {
    /// Show who is connected, banned and blocked.
    List(List),
    /// Send a peer away, or everybody at an IP address, and keep them away.
    Ban(Ban),
    /// Lift a ban, and of a peer what it was blocked for.
    Unban(Unban),
    /// Connect to a peer once. `network.persistent` keeps it.
    Dial(Dial),
    /// End the connections to a peer, or to everybody at an IP address. They may come back.
    Disconnect(Disconnect),
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(super) home: HomeArgument,
    /// Print the node's JSON document.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Ban {
    /// A peer id, or an IP address (of IPv6, its /64).
    #[arg(value_name = "PEER|IP")]
    whom: String,
    /// For how long: 90s, 30m, 24h, 7d. Until it is lifted when absent.
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    time: Option<u64>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Unban {
    /// A peer id, or an IP address.
    #[arg(value_name = "PEER|IP")]
    whom: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Dial {
    /// Such as /ip4/203.0.113.7/udp/26700/quic-v1/p2p/12D3KooW…
    #[arg(value_name = "MULTIADDRESS")]
    address: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Disconnect {
    /// A peer id, or an IP address (of IPv6, its /64).
    #[arg(value_name = "PEER|IP")]
    whom: String,
    #[command(flatten)]
    common: Common,
}

impl Peers {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        let (common, question) = match self {
            Self::List(List { common }) => (common, Question::Peers),
            Self::Ban(Ban { whom, time, common }) => (common, Question::Ban { whom, seconds: time }),
            Self::Unban(Unban { whom, common }) => (common, Question::Unban { whom }),
            Self::Dial(Dial { address, common }) => (common, Question::Dial { address }),
            Self::Disconnect(Disconnect { whom, common }) => (common, Question::Disconnect { whom }),
        };
        let home = common.home.home()?;
        home.check_is_there()?;
        match ask(home.root(), &question)? {
            Answer::Refused { code, message } => Err(Refusal::told(&code, message)),
            answer if common.json => {
                let document = match &answer {
                    Answer::Peers(list) => serde_json::to_string(list),
                    other => serde_json::to_string(other),
                };
                say!("{}", document.map_err(|error| Refusal::new("bad_answer", error.to_string()))?);
                Ok(())
            }
            Answer::Done { sentence } => {
                say!("{}", hint::as_typed(&sentence));
                Ok(())
            }
            Answer::Peers(list) => {
                show(&list);
                Ok(())
            }
            Answer::Service { .. } => Err(Refusal::new("bad_answer", "the node answers something else than was asked")),
        }
    }
}

fn show(list: &PeerList) {
    if list.peers.is_empty() {
        say!("no peer is connected");
    } else {
        say!("{:<52}  {:<13}  {:<3}  {:>8}  {:<16}  address", "peer", "role", "by", "ms", "software");
    }
    for peer in &list.peers {
        let role = match peer.validator {
            Some(index) => format!("validator {index}"),
            None if peer.persistent => "persistent".to_owned(),
            None => "peer".to_owned(),
        };
        let trip =
            peer.round_trip_us.map_or_else(|| "-".to_owned(), |us| format!("{}.{:02}", us / 1_000, us % 1_000 / 10));
        let by = if peer.outbound { "us" } else { "it" };
        // What a peer calls itself is its own word.
        let agent: String = peer.agent.chars().filter(|letter| letter.is_ascii_graphic()).take(32).collect();
        let hidden = if peer.private { " (private)" } else { "" };
        say!("{:<52}  {role:<13}  {by:<3}  {trip:>8}  {agent:<16}  {}{hidden}", peer.peer_id, peer.address);
    }
    for ban in &list.bans {
        match ban.until_ms.and_then(time_of) {
            Some(until) => say!("banned   {} until {until}", ban.whom),
            None => say!("banned   {}", ban.whom),
        }
    }
    for peer in &list.blocked {
        let lift = format!("`thronosd peers unban {peer}` lifts it");
        say!("blocked  {peer}, for what it did or for being of another chain; {}", hint::as_typed(&lift));
    }
    say!(
        "{} connected, {} banned, {} blocked, {} in the address book",
        list.peers.len(),
        list.bans.len(),
        list.blocked.len(),
        list.known
    );
}

/// A time of day in UTC.
fn time_of(ms: u64) -> Option<String> {
    let time = time::OffsetDateTime::from_unix_timestamp(i64::try_from(ms / 1_000).ok()?).ok()?;
    let (date, hour, minute) = (time.date(), time.hour(), time.minute());
    Some(format!("{date} {hour:02}:{minute:02} UTC"))
}

/// A number with its unit.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time that a ban can last: write it like 90s, 30m, 24h or 7d");
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let count = digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()));
    count.and_then(|count| count.checked_mul(factor)).filter(|seconds| *seconds > 0).ok_or_else(wrong)
}

impl From<AskError> for Refusal {
    fn from(error: AskError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        for (text, expected) in [("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(seconds(text), Ok(expected));
        }
        for wrong in
            ["", "s", "7", "0s", "-1s", "+1s", "1.5h", "1w", "99999999999999999999d", "18446744073709551615d", "7é"]
        {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_of_day_is_written_for_people() {
        assert_eq!(time_of(1_767_225_600_000).as_deref(), Some("2026-01-01 00:00 UTC"));
    }
}
