//! Power cuts at exact points: between the effects of a step and inside the writes of the log (FAULTS C3, S1). What
//! left a node must be in what it finds when it comes back; the durability checker looks.

use super::super::node::Doom;
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::Casting;

/// How many cuts.
const CUTS: u64 = 24;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    world.start();
    world.run_for(300);
    for _ in 0..CUTS {
        let place = lots.place(4);
        if lots.chance(500) {
            world.nodes[place].doom = Some(Doom::Effects(lots.below(40)));
        } else {
            world.doom_at_disk_operation(place, lots.between(1..=6));
        }
        world.run_for(lots.between(50..=400));
        for place in 0..4 {
            if world.nodes[place].up.is_none() {
                world.rise(place);
            }
        }
    }
    world.heal();
    world.expect_progress();
    Outcome::of(world)
}
