//! Wrong clocks, by an hour, by ten years, at twice the speed, on as many nodes as may be faulty (FAULTS C17). Blocks
//! with a bad time are refused, nobody halts, and the wrong ones follow.

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, tolerated};

const HOUR_MS: i64 = 3_600_000;
const TEN_YEARS_MS: i64 = 10 * 365 * 24 * HOUR_MS;

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
