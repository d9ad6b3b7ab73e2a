//! Wrong clocks, by an hour, by ten years, at twice the speed, on as many nodes as may be faulty (FAULTS C17). Blocks
//! with a bad time are refused, nobody halts, and the wrong ones follow.

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, tolerated};

const HOUR_MS: i64 = 3_600_000;
const TEN_YEARS_MS: i64 = 10 * 365 * 24 * HOUR_MS;

/// A network of four with little skew, in its pace.
fn four(casting: &Casting) -> World {
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    world.start();
    world.run_for(4_000);
    world
}

/// What honest nodes must say of their clocks after a round of questions.
fn expect_told(world: &mut World, name: &str) {
    let is_told = |world: &World, place: usize| {
        let up = world.nodes[place].up.as_ref();
        up.is_some_and(|up| up.replica.status().troubles(world.now(place)).iter().any(|told| told.name() == name))
    };
    let all = world.run_until(15_000, |world| (0..4).all(|place| is_told(world, place)));
    if !all && !world.is_violated() {
        let silent: Vec<usize> = (0..4).filter(|place| !is_told(world, *place)).collect();
        world.auditor.violated("told of clocks", format!("nodes {silent:?} do not say {name}"));
    }
}

/// So many blocks must become final everywhere within this time.
fn expect_pace(world: &mut World, blocks: u64, within_ms: u64) {
    let goal = types::Height(world.highest().0 + blocks);
    if !world.run_until(within_ms, |world| world.lowest() >= goal) && !world.is_violated() {
        let message = format!("block {} instead of {goal} after {within_ms} ms", world.lowest());
        world.auditor.violated("pace under wrong clocks", message);
    }
}

/// Two of four clocks are two seconds ahead: no quorum agrees with either pair (FAULTS HT12).
pub(super) fn half_ahead(casting: &Casting) -> Outcome {
    let mut world = four(casting);
    let other = 1 + usize::try_from(casting.seed % 3).expect("below three");
    for place in [0, other] {
        world.nodes[place].clock.ahead_ms = 2_000;
    }
    world.faults.add("half of the clocks ahead");
    expect_told(&mut world, "clock_off");
    expect_pace(&mut world, 40, 10_000);
    world.expect_progress();
    Outcome::of(world)
}

/// All clocks are set back by half a minute: every new block is as far ahead of them (FAULTS HT12).
pub(super) fn all_back(casting: &Casting) -> Outcome {
    let mut world = four(casting);
    for node in &mut world.nodes {
        node.clock.ahead_ms = -30_000;
    }
    world.faults.add("all clocks back");
    expect_told(&mut world, "clock_behind_chain");
    expect_pace(&mut world, 40, 10_000);
    world.expect_progress();
    Outcome::of(world)
}

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let wrong = tolerated(&vec![1; members], &mut lots);
    let mut world = World::new(casting.seed, &casting.equals(members), Cast::default());
    for place in &wrong {
        let clock = &mut world.nodes[*place].clock;
        clock.ahead_ms = lots.pick(&[HOUR_MS, -HOUR_MS, TEN_YEARS_MS, -TEN_YEARS_MS, 0]);
        clock.speed = lots.pick(&[500, 1_000, 2_000]);
        world.faults.add("wrong clock");
    }
    world.start();
    world.run_for(2_000);
    for place in &wrong {
        world.nodes[*place].clock.ahead_ms = lots.pick(&[HOUR_MS, -HOUR_MS, 0]);
        world.faults.add("clock jump");
    }
    world.run_for(2_000);
    world.expect_progress();
    Outcome::of(world)
}
