//! Another set votes in every epoch, and most members have another place in it: members come and go, one is slow to turn the
//! page, one may lose its power, and a member that others take for honest votes early in the names of those who have its
//! place next (FAULTS HA2).

use super::super::crimes::{Crime, Framer, Replayer};
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::Casting;

/// Epochs that the network lives through.
const EPOCHS: u64 = 6;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let criminal = lots.between(1..=4);
    let crime: Box<dyn Crime> = if lots.chance(800) { Box::new(Framer::new(30)) } else { Box::new(Replayer::new(1)) };
    let criminals = vec![(usize::try_from(criminal).expect("few"), Some(crime))];
    let mut world = World::new(casting.seed, &casting.turning(), Cast { criminals, ..Cast::default() });
    world.start();
    for _ in 0..EPOCHS {
        let slow = lots.place(world.nodes.len());
        world.links.slow_us.fill(0);
        world.links.slow_us[slow] = lots.between(5_000..=60_000);
        let epoch = world.nodes[0].store.epoch();
        world.run_until(10_000, |world| world.nodes[0].store.epoch() > epoch);
        if lots.chance(300) {
            let crashed = lots.place(world.nodes.len());
            world.cut_power(crashed);
            world.rise_in(crashed, 500);
        }
        world.faults.add("another set");
    }
    world.heal();
    world.expect_progress();
    Outcome::of(world)
}
