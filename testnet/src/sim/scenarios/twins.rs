//! Members that run twice with the same key, in partitions that change all the time, so that each instance finds
//! listeners of its own (FAULTS C2; "Twins: BFT systems made robust").

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, tolerated};

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let twins = tolerated(&vec![1; members], &mut lots);
    let cast = Cast { twins, ..Cast::default() };
    let mut world = World::new(casting.seed, &casting.equals(members), cast);
    world.start();
    let sustained = lots.chance(500);
    for _ in 0..lots.between(3..=7) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for place in 0..world.nodes.len() {
            // A twin never stands beside its other half.
            let is_second = place >= members;
            let first = if is_second {
                left.contains(&world.nodes[place].validator.unwrap_or_default())
            } else {
                lots.chance(500)
            };
            if is_second != first { left.push(place) } else { right.push(place) }
        }
        world.links.split(&[left, right]);
        world.faults.add("twins in a partition");
        world.run_for(if sustained { 3_000 } else { lots.between(30..=600) });
    }
    world.heal();
    world.expect_progress();
    Outcome::of(world)
}
