//! Every vote and certificate that was ever said is said again to everybody, at every moment, while nodes crash, come
//! back and lose their logs: nobody takes its own past for somebody else, and nobody stops (FAULTS HA3).

use journal::MemoryDisk;

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::Casting;

/// The member that loses its log.
const FORGETFUL: usize = 1;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    world.start();
    world.start_echo();
    for _ in 0..lots.between(4..=8) {
        world.run_for(lots.between(200..=1_500));
        let place = lots.place(4);
        world.cut_power(place);
        // Two that may not vote up to the end of an epoch are one too many.
        if place == FORGETFUL && lots.chance(700) {
            let node = &mut world.nodes[place];
            node.log_disk = MemoryDisk::new();
            node.has_forgotten = true;
            world.faults.add("log lost");
        }
        world.run_for(lots.between(10..=1_000));
        world.rise(place);
    }
    world.heal();
    world.expect_progress();
    if world.faults.counts.contains_key("twin noticed") && !world.is_violated() {
        world.auditor.violated("nobody stops", "a node took what was said again for somebody else".to_owned());
    }
    Outcome::of(world)
}
