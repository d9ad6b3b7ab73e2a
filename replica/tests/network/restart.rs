//! Power cuts: nothing that was told to be final is lost, and nobody contradicts itself. FAULTS C3, C6, C7, C16.

use execution::MemoryState;
use replica::Tip;

use crate::world::World;

/// The state and the tip before the first block.
type Beginning = (MemoryState, Tip);

/// Replaces the store of a node that is switched off with what node 0 had at `height`. Its log stays.
fn put_store(world: &mut World, place: usize, beginning: &Beginning, height: u64) {
    let blocks = world.nodes[0].disks.blocks.clone();
    let disks = &mut world.nodes[place].disks;
    (disks.state, disks.tip) = beginning.clone();
    disks.blocks = blocks.into_iter().filter(|(at, _)| at.0 <= height).collect();
    for (at, block) in &disks.blocks {
        assert_eq!(*at, disks.tip.header.height.next(), "node 0 has every block");
        disks.state.apply(&block.outcome.changes);
        disks.state.apply_pages(&block.outcome.pages);
        disks.tip = Tip {
            hash: block.hash,
            header: block.header.clone(),
            state_root: block.outcome.state_root,
            receipts_root: block.outcome.receipts_root,
        };
    }
    assert_eq!(disks.tip.header.height.0, height);
}

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

// FAULTS C7
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

// FAULTS C6, L4: a store up to five blocks older or newer than the log beside it.
#[test]
fn a_store_behind_or_ahead_of_the_log_is_rolled_forward_and_the_validator_votes_again() {
    let mut world = World::new(4, 0);
    let beginning = (world.nodes[3].disks.state.clone(), world.nodes[3].disks.tip.clone());
    (0..4).for_each(|place| world.start(place));
    for shift in -5_i64..=5 {
        let before = world.height(0);
        assert!(world.run(60_000, |world| (0..4).all(|place| world.height(place) >= before + 6)));
        let at = world.height(3);
        world.stop(3);
        assert!(world.run(60_000, |world| world.height(0) >= at + 6));
        put_store(&mut world, 3, &beginning, at.checked_add_signed(shift).expect("six blocks are there"));
        world.start(3);
        let now = world.height(0);
        assert!(world.run(30_000, |world| world.height(3) >= now + 2), "{shift} blocks from the log at {at}");
        // With another one away, nothing becomes final without its votes.
        world.stop(2);
        assert!(world.run(60_000, |world| world.height(0) >= now + 6), "{shift} blocks from the log at {at}");
        world.start(2);
        world.assert_agreement();
    }
}

// FAULTS HT3
#[test]
fn a_validator_that_comes_back_does_not_take_what_its_own_log_says_for_news() {
    let mut world = World::new(4, 0);
    let beginning = (world.nodes[3].disks.state.clone(), world.nodes[3].disks.tip.clone());
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(60_000, |world| (0..4).all(|place| world.height(place) >= 10)), "it begins");
    let at = world.height(3);
    world.stop(3);
    assert!(world.run(60_000, |world| world.height(0) >= at + 6), "the others go on");
    // A power cut takes what the store had not synced, and nothing comes through when the node is back.
    put_store(&mut world, 3, &beginning, at - 6);
    world.cut.extend((0..3).flat_map(|other| [(3, other), (other, 3)]));
    world.start(3);
    world.run(5_000, |_| false);
    assert!(world.height(3) + 2 >= at, "the log is replayed to block {}, not {at}", world.height(3));
    let names: Vec<_> = world.troubles(3).iter().map(replica::Trouble::name).collect();
    assert_eq!(names, ["cut", "beginning"]);
}
