//! Partitions: halves, a minority alone, one-way links, a node that comes and goes (FAULTS C15). Without a quorum
//! nothing becomes final; afterwards everything goes on.

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::Casting;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let mut world = World::new(casting.seed, &casting.equals(members), Cast::default());
    world.start();
    world.run_for(500);
    for round in 0..4 {
        match (casting.seed + round) % 4 {
            0 => halves(&mut world, members),
            1 => {
                let alone = lots.place(members);
                let rest = (0..members).filter(|place| *place != alone).collect();
                world.links.split(&[rest, vec![alone]]);
                world.faults.add("partition");
                world.run_for(1_500);
            }
            2 => {
                for from in 0..members {
                    let deaf = lots.place(members);
                    world.links.cut_one_way(from, deaf);
                }
                world.faults.add("one-way cut");
                world.run_for(1_500);
            }
            _ => {
                let alone = lots.place(members);
                let rest: Vec<usize> = (0..members).filter(|place| *place != alone).collect();
                for _ in 0..5 {
                    world.links.split(&[rest.clone(), vec![alone]]);
                    world.run_for(lots.between(50..=250));
                    world.links.heal();
                    world.run_for(lots.between(50..=250));
                }
                world.faults.add("flapping node");
            }
        }
        world.links.heal();
        world.run_for(300);
    }
    world.heal();
    world.expect_progress();
    Outcome::of(world)
}

/// No half of an even number is a quorum, and neither is the larger half of a small odd one.
fn halves(world: &mut World, members: usize) {
    let (left, right): (Vec<usize>, Vec<usize>) = (0..members).partition(|place| place % 2 == 0);
    let larger = left.len();
    world.links.split(&[left, right]);
    world.faults.add("partition");
    // What was under way inside a half may still end.
    world.run_for(200);
    let before = world.highest();
    world.run_for(3_000);
    if larger * 3 <= members * 2 && world.highest() > before {
        let height = world.highest();
        world.auditor.violated("quorum", format!("block {height} became final while the network was in halves"));
    }
}
