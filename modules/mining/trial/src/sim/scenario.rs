//! A miner hands works and shares to nodes that come and go, over links that lose some of what they say, while thieves among
//! the members want to be paid for them (FAULTS W2, W3, W9).

use testnet::sim::{Cast, Casting, Outcome, World, tolerated};

use super::NAME;
use super::loot::Plan;
use super::thief::Thief;

/// How long it goes on.
const ROUNDS: u64 = 6;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let plan = lots.pick(&[Plan::Redirect, Plan::Repeat]);
    let thieves = tolerated(&vec![1; members], &mut lots);
    let criminals = thieves.into_iter().map(|member| (member, Some(Box::new(Thief::new(plan)) as _))).collect();
    let cast = Cast { criminals, observers: usize::from(lots.chance(500)), ..Cast::default() };
    let mut terms = casting.equals(members);
    // The thief changes only blocks whose transactions it knows; between these there are some without any.
    terms.timing.block_interval_min_ms = 30;
    let mut world = World::new(casting.seed, &terms, cast);
    world.pace_clients(100_000);
    world.start();
    world.begin(NAME, lots.between(15_000..=40_000));
    for _ in 0..ROUNDS {
        world.lose(if lots.chance(300) { lots.between(10..=150) } else { 0 });
        let place = lots.place(world.size());
        if lots.chance(300) {
            world.cut_power(place);
            world.rise_in(place, lots.between(10..=600));
        }
        world.run_for(lots.between(300..=700));
    }
    world.heal();
    world.expect_progress();
    world.expect_settled();
    Outcome::of(world)
}
