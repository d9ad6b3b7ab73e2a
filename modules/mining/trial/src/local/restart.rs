//! A node that is killed while it serves a miner: every share that it has accepted counts, and none counts twice.

use std::time::{Duration, Instant};

use serde::Serialize;
use testnet::devnet::{Failure, Outcome, Person, READY_PATIENCE};

use super::miner::Speed;
use super::watched::Watched;

/// So many shares are accepted before the node is killed, and as many after its return.
const SHARES: u64 = 60;
/// They must come within this.
const PATIENCE: Duration = Duration::from_secs(90);

/// What became of the shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Restarted {
    /// Shares of which the miner was told that they are accepted.
    pub(super) accepted: u64,
    /// Shares that count on the chain. More than accepted are those whose answers the kill cut off.
    pub(super) counted: u64,
    /// From the node's start until it is ready again, in milliseconds.
    pub(super) ready_ms: u128,
}

/// Mines for `payee` at node 0, kills the node and starts it again. Nobody else mines for that payee, now or later.
///
/// # Errors
/// When an accepted share is missing; the books fail when one counts twice.
pub(super) fn loses_nothing(watched: &mut Watched<'_>, payee: &Person) -> Outcome<Restarted> {
    let mut miner = watched.miner(payee, "restart", Speed::Plain)?;
    let accepted = |told: u64, goal: u64| {
        if told >= goal { Ok(()) } else { Err(format!("{told} of {goal} were accepted")) }
    };
    watched.follow_until(0, "accepted shares", PATIENCE, |_| accepted(miner.told().accepted, SHARES))?;
    watched.network.node(0)?.kill()?;
    let before = miner.told().accepted;
    (watched.say)(&format!("killed node 0 (SIGKILL), which had accepted {before} shares"));
    let begun = Instant::now();
    let stop = watched.network.stop.clone();
    watched.network.node(0)?.start()?;
    watched.network.node(0)?.wait_ready(READY_PATIENCE, &stop)?;
    let ready_ms = begun.elapsed().as_millis();
    watched.follow_until(0, "shares accepted after the return", PATIENCE, |_| {
        accepted(miner.told().accepted, before + SHARES)
    })?;
    miner.check_running()?;
    let accepted = miner.told().accepted;
    drop(miner);
    watched.compare_at_rest()?;
    let counted = watched.books.shares_of(&payee.address());
    if counted < accepted {
        let log = watched.network.plan.layout.log(0);
        let sentence = format!("{accepted} shares were accepted, and only {counted} count on the chain");
        return Err(Failure::new(sentence).with_log(log));
    }
    Ok(Restarted { accepted, counted, ready_ms })
}
