//! Links that are slower than Δ, from a fifth of it to eight times as slow: all alike, one validator alone behind a slow
//! one, each pair at its own distance, each direction at its own, every message anew by lot; with work and without; in a
//! network that was quiet before, and in one that comes out of trouble (FAULTS HA1). Blocks become final all the same.

use std::ops::RangeInclusive;

use super::super::calm::{Before, Calm};
use super::super::lots::Lots;
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, SignatureKind};
use types::Height;

/// From a fifth of Δ to eight of them, in hundredths, so that every part of the sweep is met under every seed.
const SWEEP: [RangeInclusive<u64>; 8] =
    [20..=75, 75..=150, 150..=200, 200..=300, 300..=400, 400..=600, 600..=700, 700..=800];
/// Δ may grow to so many times its first value, as in the genesis of the main network.
const DELTAS_MAX: u64 = 16;
/// Blocks of which every node must hear.
const BLOCKS: u64 = 10;
/// A link within a city.
const NEAR_US: u64 = 1_000;

/// Within them Δ is doubled, and once more, without ever becoming long enough for a view, if only nullified views count.
const TRAPS_MS: [u64; 8] = [151, 160, 170, 199, 300, 390, 700, 750];

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut outcome = Outcome::default();
    let step = if casting.signatures == SignatureKind::Bls { 4 } else { 1 };
    for hundredths in SWEEP.into_iter().step_by(step) {
        let hundredths = lots.between(hundredths);
        outcome = outcome.and(at(casting, &mut lots, hundredths));
        if outcome.is_violated() {
            break;
        }
    }
    outcome
}

/// All links take the same time, just too long for a view, with work and without.
pub(super) fn traps(casting: &Casting) -> Outcome {
    let with_and_without = TRAPS_MS.into_iter().flat_map(|delay_ms| [(delay_ms, 0), (delay_ms, 40_000)]);
    let tried = with_and_without.map(|(delay_ms, pace_us)| {
        let outline = casting.equals(4);
        let mut world = World::new(delay_ms, &outline, Cast::default());
        world.client.pace_us = pace_us;
        world.links.lay(|_, _| delay_ms * 1_000..=delay_ms * 1_000);
        world.faults.add("constant delay");
        world.start();
        world.stay_calm(Calm::of(&outline.timing, delay_ms * 1_000, Before::Quiet), BLOCKS);
        let Height(highest) = world.highest();
        if highest < BLOCKS {
            let message = format!("{highest} blocks with {delay_ms} ms, a transaction every {pace_us} us");
            world.auditor.violated("progress", message);
        }
        Outcome::of(world)
    });
    tried.reduce(Outcome::and).unwrap_or_default()
}

/// A network whose longest links take so many hundredths of Δ.
fn at(casting: &Casting, lots: &mut Lots, hundredths: u64) -> Outcome {
    let members = casting.members(lots);
    let mut outline = casting.equals(members);
    outline.timing.delta_max_ms = outline.timing.delta_ms * DELTAS_MAX;
    // Long epochs, or some that end in the middle of it.
    outline.timing.epoch_length_ms = lots.pick(&[1_500, 60_000]);
    let cast = Cast { observers: usize::from(lots.chance(250)), ..Cast::default() };
    let mut world = World::new(lots.next(), &outline, cast);
    if lots.chance(500) {
        world.client.pace_us = 0;
        world.faults.add("slow links without work");
    }
    if lots.chance(200) {
        let absent = lots.place(members);
        world.start_without(absent);
    } else {
        world.start();
    }
    world.run_for(500);
    let before = if lots.chance(300) { trouble(&mut world, lots) } else { Before::Quiet };
    let longest_us = outline.timing.delta_ms * 10 * hundredths;
    lay(&mut world, lots, longest_us);
    world.tell(|| format!("{members} validators, {longest_us} us, {before:?}"));
    world.stay_calm(Calm::of(&outline.timing, longest_us, before), BLOCKS);
    Outcome::of(world)
}

/// Some time in which hardly anything passes.
fn trouble(world: &mut World, lots: &mut Lots) -> Before {
    world.links.lost = lots.between(300..=900);
    world.links.delay_us = 500..=lots.between(10_000..=900_000);
    world.run_for(lots.between(1_000..=6_000));
    world.links.heal();
    world.faults.add("lossy links");
    Before::Trouble
}

/// Lays links of which none takes longer than this.
fn lay(world: &mut World, lots: &mut Lots, longest_us: u64) {
    let nodes = world.nodes.len();
    let mut distances = lots.fork();
    let shortest_us = lots.pick(&[NEAR_US, longest_us / 2]).min(longest_us);
    let mut apart = || distances.between(shortest_us..=longest_us);
    let kind = match lots.below(5) {
        0 => {
            world.links.lay(|_, _| longest_us..=longest_us);
            "all links slow"
        }
        1 => {
            let alone = lots.place(nodes);
            world
                .links
                .lay(|from, to| if from == alone || to == alone { longest_us..=longest_us } else { NEAR_US..=NEAR_US });
            "one node behind slow links"
        }
        2 => {
            let pairs: Vec<Vec<u64>> = (0..nodes).map(|from| (0..=from).map(|_| apart()).collect()).collect();
            let of_pair = |from: usize, to: usize| pairs[from.max(to)][from.min(to)];
            world.links.lay(|from, to| of_pair(from, to)..=of_pair(from, to));
            "links of different lengths"
        }
        3 => {
            world.links.lay(|_, _| {
                let us = apart();
                us..=us
            });
            "links slower one way"
        }
        _ => {
            world.links.lay(|_, _| apart()..=longest_us);
            "jittering links"
        }
    };
    world.faults.add(kind);
}
