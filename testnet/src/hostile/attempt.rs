//! One attack, tried once: measured before and while it goes on, and everything that was seen.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use super::attack::{Assault, Attack, Begun, Deeds, Wrongs};
use super::figures::Finality;
use super::logs::{Marks, Said};
use super::metrics::{Counters, counters, gained};
use super::siege::{Siege, VALIDATORS};
use super::witness::{Memory, Witness};
use crate::devnet::{Failure, Outcome};

/// The part of an attack's time in which transfers are measured without it.
const BEFORE_SHARE: f64 = 0.25;
/// Attackers come from 127.N.0.1, honest nodes live at 127.0.0.1.
const FIRST_PROVIDER: u8 = 16;
const SPAN_MIN: Duration = Duration::from_secs(1);
/// What is under way when an attack ends.
const SETTLE: Duration = Duration::from_millis(500);
/// An attacker that has not done its deed yet when its time is over, on a machine that others keep busy, gets so much more.
const LATE_PATIENCE: Duration = Duration::from_secs(20);
const LATE_PAUSE: Duration = Duration::from_millis(100);

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) before: Finality,
    pub(super) during: Finality,
    pub(super) memory: Vec<Memory>,
    pub(super) refused: Counters,
    pub(super) said: Said,
    pub(super) deeds: Deeds,
    /// Nodes that ended by themselves.
    pub(super) dead: Vec<String>,
    /// What the nodes do not agree on, or are not all there for.
    pub(super) disagreements: Wrongs,
    /// What the attack's own looks have found.
    pub(super) wrongs: Wrongs,
}

/// An attack that was tried, or the reason why not.
pub(super) enum Attempt {
    Run(Box<Seen>),
    NotRun(String),
}

/// Tries an attack for this long in all.
///
/// # Errors
/// When somebody wishes to stop, or the network cannot be brought to the attack's scene.
pub(super) fn attempt(siege: &mut Siege, attack: &Attack, number: u8, time: Duration) -> Outcome<Attempt> {
    siege.set_scene(attack.scene)?;
    // Each attack comes from an address, and a provider, of its own: none suffers for an earlier one, nor an honest node with it.
    siege.source = Ipv4Addr::new(127, FIRST_PROVIDER.saturating_add(number), 0, 1);
    let begun = Instant::now();
    let calm = time.mul_f64(BEFORE_SHARE).max(SPAN_MIN);
    siege.network.stop.pause(calm)?;
    let mut seen = Seen { before: siege.pulse.figures(begun, Instant::now()), ..Seen::default() };

    let marks = Marks::set(siege.network.nodes.iter().map(|node| node.log()));
    let running = siege.running();
    let earlier = all_counters(siege);
    let processes = siege.network.nodes.iter().filter_map(|node| Some((node.index, node.pid()?)));
    let witness = Witness::begin(processes)?;
    let harm = time.saturating_sub(calm).max(SPAN_MIN);
    let assault = match (attack.begin)(siege, harm) {
        Ok(Begun::Assault(assault)) => assault,
        Ok(Begun::NotRun(reason)) => return Ok(not_run(witness, reason)),
        Err(Failure::Stopped) => return Err(Failure::Stopped),
        Err(failure) => return Ok(not_run(witness, failure.to_string())),
    };
    let ended = endure(siege, attack, assault, harm, &mut seen);
    seen.memory = witness.end();
    match ended {
        Ok(()) => {}
        Err(Failure::Stopped) => return Err(Failure::Stopped),
        Err(failure) => return Ok(Attempt::NotRun(failure.to_string())),
    }
    if seen.deeds.get(attack.deed).is_none_or(|deeds| *deeds == 0) {
        seen.wrongs.push(format!("the attack has missed: not one of its `{}`", attack.deed));
    }
    siege.network.stop.pause(SETTLE)?;
    look(&mut seen.wrongs, (attack.after)(siege, &seen.deeds))?;
    seen.disagreements = siege.disagreements()?;
    seen.dead = dead(siege, &running)?;
    seen.refused = gained(&earlier, &all_counters(siege));
    seen.said = marks.read(&honest(siege, attack)?);
    Ok(Attempt::Run(Box::new(seen)))
}

/// Lets an attack do its harm while transfers are measured, looks closer, ends it.
fn endure(
    siege: &mut Siege,
    attack: &Attack,
    mut assault: Box<dyn Assault>,
    harm: Duration,
    seen: &mut Seen,
) -> Outcome<()> {
    let begun = Instant::now();
    let mut waited = siege.network.stop.pause(harm);
    while waited.is_ok() && !assault.has_done(attack.deed) && begun.elapsed() < harm + LATE_PATIENCE {
        waited = siege.network.stop.pause(LATE_PAUSE);
    }
    seen.during = siege.pulse.figures(begun, Instant::now());
    waited?;
    look(&mut seen.wrongs, (attack.during)(siege))?;
    seen.deeds = assault.end()?;
    Ok(())
}

fn not_run(witness: Witness, reason: String) -> Attempt {
    witness.end();
    Attempt::NotRun(reason)
}

/// What a look has found; a look that fails has found that as well.
fn look(wrongs: &mut Wrongs, found: Outcome<Wrongs>) -> Outcome<()> {
    match found {
        Ok(found) => wrongs.extend(found),
        Err(Failure::Stopped) => return Err(Failure::Stopped),
        Err(failure) => wrongs.push(failure.to_string()),
    }
    Ok(())
}

fn all_counters(siege: &Siege) -> Vec<Counters> {
    siege.network.nodes.iter().map(|node| counters(node.api())).collect()
}

/// Nodes that ran before and do not now, though nobody ended them.
fn dead(siege: &mut Siege, running: &[usize]) -> Outcome<Vec<String>> {
    let mut dead = Vec::new();
    for index in running {
        let node = siege.network.node(*index)?;
        let ended =
            if node.pid().is_some() { node.ended()?.map(|status| status.to_string()) } else { Some("gone".to_owned()) };
        dead.extend(ended.map(|how| format!("node {index} has ended ({how})")));
    }
    Ok(dead)
}

/// What honest nodes are called in logs, in both ways of writing an identity.
fn honest(siege: &Siege, attack: &Attack) -> Outcome<Vec<String>> {
    let peers = siege.honest_peers()?;
    let honest = peers.iter().enumerate().filter(|(node, _)| !(attack.traitor && *node == VALIDATORS - 1));
    Ok(honest.flat_map(|(_, peer)| [node::peer_id::text(peer), peer.to_string()]).collect())
}

/// The logs that tell more.
pub(super) fn logs(siege: &Siege) -> Vec<&Path> {
    siege.network.nodes.iter().map(|node| node.log()).collect()
}
