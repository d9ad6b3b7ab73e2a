//! A node was away for longer than anybody keeps certificates, comes back, catches up over many epochs by the final
//! chain alone, and then votes again (FAULTS C7, L11, L14).

use types::Height;

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, SignatureKind};

/// Most time that the way back takes, in virtual milliseconds.
const BACK_MS_MAX: u64 = 60_000;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut outline = casting.equals(4);
    outline.timing.block_interval_min_ms = 0;
    let missed = if casting.signatures == SignatureKind::Bls { 60 } else { 2_000 };
    let mut world = World::new(casting.seed, &outline, Cast::default());
    world.client.pace_us = 3_000;
    world.start();
    world.run_for(500);
    world.cut_power(3);
    let goal = Height(world.highest().0 + missed);
    if !world.run_until(200_000, |world| world.highest() >= goal) && !world.is_violated() {
        world.auditor.violated("progress", format!("three of four did not reach block {goal}"));
    }
    let away_until_us = world.at_us;
    world.rise(3);
    world.faults.add("long absence");
    let back = world.run_until(BACK_MS_MAX, |world| world.nodes[3].voted_us > away_until_us && world.lowest() >= goal);
    if !back && !world.is_violated() {
        world.auditor.violated("progress", format!("a node that missed {missed} blocks does not vote again"));
    }
    world.expect_progress();
    Outcome::of(world)
}
