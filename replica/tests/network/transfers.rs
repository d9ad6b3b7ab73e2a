//! The main way: a transfer becomes final everywhere.

use crate::world::World;

#[test]
fn four_validators_finalize_a_transfer_and_agree() {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(10_000, |world| world.height(0) >= 2), "empty blocks become final");
    let id = world.transfer(1, 1, 2, 0, 5_000_000);
    assert!(world.run(10_000, |world| (0..4).all(|place| world.includes(place, id))), "the transfer becomes final");
    world.assert_agreement();
}

#[test]
fn an_idle_network_makes_a_block_every_two_seconds_and_rolls_its_epochs() {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    world.run(65_000, |_| false);
    let height = world.height(0);
    assert!((25..=40).contains(&height), "{height} blocks in 65 s");
    let epochs: Vec<_> = world.nodes[0].disks.blocks.values().map(|block| block.header.epoch.0).collect();
    assert!(epochs.last() >= Some(&2), "epochs of 20 s: {epochs:?}");
    world.assert_agreement();
}

#[test]
fn a_hundred_transfers_of_one_sender_become_final_in_order() {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    let ids: Vec<_> = (0..30).map(|nonce| world.transfer(nonce as usize % 4, 3, 4, nonce, 1_000)).collect();
    let last = *ids.last().expect("not empty");
    assert!(world.run(30_000, |world| (0..4).all(|place| world.includes(place, last))));
    assert!(ids.iter().all(|id| world.includes(2, *id)));
    world.assert_agreement();
}

#[test]
fn three_of_four_go_on_and_one_alone_does_not() {
    let mut world = World::new(4, 0);
    (0..3).for_each(|place| world.start(place));
    assert!(world.run(60_000, |world| world.height(0) >= 8), "a quorum is enough");
    world.stop(2);
    let before = world.height(0);
    world.run(20_000, |_| false);
    assert!(world.height(0) <= before + 1, "two of four are no quorum");
    world.start(2);
    assert!(world.run(60_000, |world| world.height(0) >= before + 5), "and with a quorum it goes on");
    world.assert_agreement();
}
