//! `devnet --check --trial mining`: works are found and paid to the last µTHR, whatever happens to miners and nodes meanwhile.
//!
//! Every final block is read and reckoned anew; see `books`.

use std::time::Duration;

use mining::{Mining as Module, MiningParameters as Rules};
use serde::Serialize;
use testnet::devnet::check::compare;
use testnet::devnet::{Failure, LocalNetwork, Outcome, Proven, Standing};
use types::{Amount, Genesis, Hash32};

use super::claim::{Claimed, claim, claim_at_rest};
use super::miner::Speed;
use super::pace::{self, Followed};
use super::restart::{self, Restarted};
use super::share;
use super::watched::Watched;

/// The first works must come within this.
const FIRST_PATIENCE: Duration = Duration::from_secs(60);
/// So many.
const FIRST_WORKS: usize = 10;

/// What the check has found.
#[derive(Clone, Debug, Serialize)]
struct Report {
    /// Everything held.
    ok: bool,
    /// Works on the chain.
    works: usize,
    /// Shares that counted, the works among them.
    shares: u64,
    /// Issued for works, in µTHR.
    issued: Amount,
    /// A claim while works were coming.
    claimed: Claimed,
    /// A claim while nothing moved.
    claimed_at_rest: Claimed,
    /// How often somebody who could not pay for a claim was paid without one.
    paid_unasked: u32,
    /// How the difficulty followed.
    pace: Followed,
    /// The share that all nodes were given, and that counted once.
    share: Hash32,
    /// What a kill of the node cost: nothing.
    restart: Restarted,
    /// Blocks that were read.
    blocks: u64,
    /// Where the nodes stand at the end.
    nodes: Vec<Standing>,
}

/// Works every three quarters of a second for a processor that does a few million hashes a second, with 16 shares each.
pub(super) fn quick_works(genesis: &mut Genesis) {
    execution::edit_section::<Module>(genesis, works);
}

const fn works(rules: &mut Rules) {
    // A target of 2^238: 262,144 hashes.
    rules.launch_bits = 0x1e40_0000;
    rules.spacing_ms = 750;
    rules.half_life_ms = 6_000;
    rules.spacing_min_ms = 100;
    rules.share_factor = 16;
}

/// Runs the whole check on a network that is ready and serves miners.
///
/// # Errors
/// The first promise that does not hold.
pub(super) fn prove(network: &mut LocalNetwork, say: &dyn Fn(&str)) -> Outcome<Proven> {
    let mut watched = Watched::new(network, say);
    let (ada, bea, cleo) = (watched.payee("ada")?, watched.payee("bea")?, watched.payee("cleo")?);
    let mut miner = watched.miner(&ada, "first", Speed::Plain)?;
    watched.follow_until(0, "the first works", FIRST_PATIENCE, |books| {
        let found = books.works.len();
        if found >= FIRST_WORKS { Ok(()) } else { Err(format!("{found} of {FIRST_WORKS} were found")) }
    })?;
    let first = watched.books.works.first().map(|work| work.block).unwrap_or_default();
    say(&format!("{FIRST_WORKS} works are in blocks, the first in block {first}, each paid as the books say"));

    let made = share::counts_once(&mut watched, &bea)?;
    say(&format!("the share {} was handed to all nodes, and counts once", made.hash));

    let claimed = claim(&mut watched, &ada)?;
    say(&format!("the miner has claimed {} µTHR, which is its part of the window exactly", claimed.amount));

    watched.follow_until(0, "a work that pays another's one share", FIRST_PATIENCE, |books| {
        if books.claimable(&bea.address()) > 0 { Ok(()) } else { Err("its share has earned nothing".to_owned()) }
    })?;
    let pace = pace::follows(&mut watched, &bea, &miner)?;
    let paid_unasked = watched.books.paid_unasked;
    if paid_unasked == 0 {
        return Err(Failure::new("the other had nothing to pay a claim with, and its shares have brought it nothing"));
    }
    say("the other began with nothing, and its next share brought it what the first had earned, without a claim");
    miner.check_running()?;
    drop(miner);
    watched.compare_at_rest()?;
    say("nobody mines: all nodes have what the books say, and no µTHR was made or lost");

    let restart = restart::loses_nothing(&mut watched, &cleo)?;
    say(&format!(
        "node 0 came back after {} ms: {} shares were accepted, {} count",
        restart.ready_ms, restart.accepted, restart.counted
    ));
    share::refuse_again(&mut watched, &made)?;

    let claimed_at_rest = claim_at_rest(&mut watched, &bea)?;
    say(&format!(
        "another has claimed {} µTHR, and its account has as much more, less the fee",
        claimed_at_rest.amount
    ));
    watched.compare_at_rest()?;
    let (works, shares, issued) = (watched.books.works.len(), watched.books.shares, Amount(watched.books.issued));
    let blocks = watched.books.next.0.saturating_sub(1);
    compare(watched.network)?;
    let nodes = watched.network.standings()?;
    let share = made.hash;
    let report = Report {
        ok: true,
        works,
        shares,
        issued,
        claimed,
        claimed_at_rest,
        paid_unasked,
        pace,
        share,
        restart,
        blocks,
        nodes,
    };
    let document = serde_json::to_value(&report).expect("numbers and texts have a JSON form");
    Ok(Proven { document, nodes: report.nodes })
}
