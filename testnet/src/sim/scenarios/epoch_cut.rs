//! The network is cut for 20 s around the end of an epoch, again and again, and a node may lose its power meanwhile: one
//! set finalizes each height, and the page is turned once, also where the next epoch has another set (FAULTS C19, L8, HA2).

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::Casting;

/// How long the network is cut.
const CUT_MS: u64 = 20_000;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let outline = if casting.seed.is_multiple_of(2) { casting.turning() } else { casting.equals(4) };
    let mut world = World::new(casting.seed, &outline, Cast::default());
    let nodes = world.nodes.len();
    world.start();
    for _ in 0..3 {
        let first = lots.place(nodes);
        let epoch = world.nodes[first].store.epoch();
        // The first node stores the epoch's last block; or a moment before that, by lot.
        world.run_until(10_000, |world| world.nodes[first].store.epoch() > epoch);
        if lots.chance(600) {
            world.run_for(lots.between(1_300..=1_500));
        }
        let group = lots.subset(nodes);
        let rest = (0..nodes).filter(|place| !group.contains(place)).collect();
        world.links.split(&[group, rest]);
        world.faults.add("cut at the end of an epoch");
        let crashed = lots.place(nodes);
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
