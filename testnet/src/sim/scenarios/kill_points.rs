//! All nodes lose power at once, at every point of one view, while the allowed number is absent for ever: whoever comes
//! back must not be one vote short for ever (FAULTS L1, C16).
//!
//! A point is an effect of any node; the same seed gives the same view every time, so every point is met.

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, SignatureKind};

/// The block after which the view begins.
const BEFORE: u64 = 3;

pub(super) fn run(casting: &Casting) -> Outcome {
    let absent = usize::try_from(casting.seed % 4).expect("below four");
    let (first, last) = points(casting, absent);
    // Real signatures are slow, and no point depends on them.
    let step = if casting.signatures == SignatureKind::Bls { 12 } else { 1 };
    let mut outcome = Outcome::default();
    for point in (first..last).step_by(step) {
        outcome = outcome.and(kill_at(casting, absent, point));
        if outcome.is_violated() {
            break;
        }
    }
    outcome
}

fn begin(casting: &Casting, absent: usize) -> World {
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    world.start_without(absent);
    world
}

/// The effects of one view: from a block's finality to the next's.
fn points(casting: &Casting, absent: usize) -> (u64, u64) {
    let mut world = begin(casting, absent);
    let is_up = |world: &World, blocks: u64| world.highest().0 >= blocks;
    world.run_until(10_000, |world| is_up(world, BEFORE));
    let first = world.effects;
    world.run_until(10_000, |world| is_up(world, BEFORE + 1));
    (first + 1, world.effects + 1)
}

fn kill_at(casting: &Casting, absent: usize, point: u64) -> Outcome {
    let mut world = begin(casting, absent);
    world.kill_all_at = Some(point);
    world.run_until(10_000, |world| world.kill_all_at.is_none());
    for place in (0..4).filter(|place| *place != absent) {
        world.rise(place);
    }
    world.expect_progress_of(2);
    Outcome::of(world)
}
