//! Power cuts: nothing that was told to be final is lost, and nobody contradicts itself. FAULTS C3, C6, C16.

use crate::world::World;

#[test]
fn all_go_down_at_once_and_come_back_with_everything_that_was_told() {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    let id = world.transfer(0, 1, 2, 0, 7);
    assert!(world.run(10_000, |world| world.includes(0, id)));
    let told: Vec<_> = world.nodes.iter().map(|node| node.told.clone()).collect();
    (0..4).for_each(|place| world.stop(place));
    (0..4).for_each(|place| world.start(place));
    let before = world.height(0);
    assert!(world.run(30_000, |world| (0..4).all(|place| world.height(place) > before + 3)));
    for (node, told) in world.nodes.iter().zip(told) {
        for (height, hash) in told {
            assert_eq!(node.disks.blocks.get(&height).map(|block| block.hash), Some(hash));
        }
    }
    world.assert_agreement();
}

#[test]
fn a_validator_that_was_away_catches_up_and_votes_again() {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    world.run(5_000, |_| false);
    world.stop(3);
    world.run(120_000, |_| false);
    let behind = world.height(0) - world.height(3);
    assert!(behind > 20, "{behind} blocks missed");
    world.start(3);
    assert!(world.run(30_000, |world| world.height(3) + 2 >= world.height(0)), "it catches up");
    // With another one away, nothing becomes final without its votes.
    world.stop(2);
    let before = world.height(0);
    assert!(world.run(60_000, |world| world.height(0) >= before + 4), "its votes count again");
    world.assert_agreement();
}
