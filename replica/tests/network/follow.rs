//! Nodes without a vote.

use crate::world::World;

// FAULTS C7
#[test]
fn a_follower_that_joins_late_gets_the_chain_and_stays_at_the_tip() {
    let mut world = World::new(4, 1);
    (0..4).for_each(|place| world.start(place));
    world.run(50_000, |_| false);
    world.start(4);
    assert!(world.run(20_000, |world| world.height(4) + 1 >= world.height(0)), "it catches up");
    let id = world.transfer(4, 5, 6, 0, 9);
    assert!(world.run(20_000, |world| (0..5).all(|place| world.includes(place, id))), "its transfer becomes final");
    world.assert_agreement();
}
