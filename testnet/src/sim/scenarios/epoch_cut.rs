//! The network is cut for 20 s around the end of an epoch, again and again, and a node may lose its power meanwhile: one
//! set finalizes each height, and the page is turned once (FAULTS C19, L8).

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::Casting;

/// How long the network is cut.
const CUT_MS: u64 = 20_000;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    world.start();
    for _ in 0..3 {
        let first = lots.place(4);
        let epoch = world.nodes[first].store.epoch();
        // The first node stores the epoch's last block; or a moment before that, by lot.
        world.run_until(10_000, |world| world.nodes[first].store.epoch() > epoch);
        if lots.chance(600) {
            world.run_for(lots.between(1_300..=1_500));
        }
        let group = lots.subset(4);
        let rest = (0..4).filter(|place| !group.contains(place)).collect();
        world.links.split(&[group, rest]);
        world.faults.add("cut at the end of an epoch");
        let crashed = lots.place(4);
        if lots.chance(500) {
            world.run_for(lots.between(1..=2_000));
            world.cut_power(crashed);
            world.rise_in(crashed, 3_000);
        }
        world.run_for(CUT_MS);
        world.heal();
        world.expect_progress_of(5);
    }
    Outcome::of(world)
}
