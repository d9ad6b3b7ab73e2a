//! When a validator votes after a start: what its home remembers, and listening first. FAULTS HA3, HA5, HT11.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use execution::MemoryState;
use journal::{Doubt, LEASE_FILE, MemoryDisk};
use replica::wire::Message;
use replica::{Event, Tip, Trouble, Voting};

use crate::world::World;

/// Counts what a node says of its own from now on: votes, proposals, blocks on their way.
fn said_by(world: &mut World, place: usize) -> Arc<AtomicU64> {
    let said = Arc::new(AtomicU64::new(0));
    let count = said.clone();
    world.post = Some(Box::new(move |from, _, message| {
        if from == place && matches!(message, Message::Vote(_) | Message::Proposal(_) | Message::Sketch(_)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        true
    }));
    said
}

fn started() -> (World, (MemoryState, Tip)) {
    let mut world = World::new(4, 0);
    let beginning = (world.nodes[3].disks.state.clone(), world.nodes[3].disks.tip.clone());
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(30_000, |world| world.height(3) > 3));
    (world, beginning)
}

// FAULTS HA3, HT11
#[test]
fn a_validator_whose_lease_or_home_is_gone_votes_again_when_it_has_listened_for_a_whole_epoch() {
    for (is_all_lost, doubt) in [(false, Doubt::LeaseLost), (true, Doubt::NoHistory)] {
        let (mut world, beginning) = started();
        world.stop(3);
        if is_all_lost {
            let disks = &mut world.nodes[3].disks;
            (disks.state, disks.tip) = beginning;
            disks.blocks.clear();
            disks.journal = MemoryDisk::new();
        } else {
            world.nodes[3].disks.journal.lose(LEASE_FILE);
        }
        let said = said_by(&mut world, 3);
        world.start(3);
        let expected = |world: &World| matches!(world.voting(3), Voting::Doubtful { from: Some(_), .. });
        assert!(world.run(30_000, expected), "{}", world.voting(3));
        let Voting::Doubtful { doubt: found, from: Some(from) } = world.voting(3) else { panic!("checked above") };
        assert_eq!(found, doubt);
        assert!(world.voting(3).to_string().starts_with(&format!("not voting before epoch {from}: ")));
        let before = |world: &World| matches!(world.voting(3), Voting::Active { .. });
        assert!(world.run(90_000, before), "{}", world.voting(3));
        assert_eq!(said.load(Ordering::Relaxed), 0, "not a word before");
        assert_eq!(
            world.nodes[3].disks.tip.header.next_validators_hash.map(|_| from),
            Some(from),
            "an epoch just ended"
        );
        // With another one away, nothing becomes final without its votes.
        world.stop(2);
        let height = world.height(0);
        assert!(world.run(60_000, |world| world.height(0) >= height + 4), "its votes count again");
        world.assert_agreement();
    }
}

// FAULTS HA3
#[test]
fn homes_without_a_lease_vote_at_once_when_the_whole_network_is_at_height_0() {
    let mut world = World::new(4, 0);
    for node in &mut world.nodes {
        node.disks.journal = MemoryDisk::new();
    }
    (0..2).for_each(|place| world.start(place));
    assert!(!world.run(30_000, |world| world.height(0) > 0));
    assert!(matches!(world.voting(0), Voting::Active { .. }), "who hears only of height 0 waits a moment");
    world.start(2);
    assert!(world.run(100, |world| matches!(world.voting(2), Voting::Active { .. })), "{}", world.voting(2));
    assert!(world.run(10_000, |world| world.height(0) > 0));
}

// FAULTS HA3
#[test]
fn after_a_restart_a_validator_listens_for_some_delta_and_not_for_ever() {
    let (mut world, _) = started();
    world.stop(3);
    let said = said_by(&mut world, 3);
    world.start(3);
    world.run(1_900, |_| false);
    assert!(matches!(world.voting(3), Voting::Listening { .. }), "{}", world.voting(3));
    assert_eq!(said.load(Ordering::Relaxed), 0);
    // What was caught up in the first moment is no part of it.
    assert!(world.run(2_500, |world| matches!(world.voting(3), Voting::Active { .. })), "{}", world.voting(3));
    // All at once: nobody hears anybody, and they go on all the same.
    (0..4).for_each(|place| world.stop(place));
    (0..4).for_each(|place| world.start(place));
    let before = world.height(0);
    assert!(!world.run(3_900, |world| world.height(0) > before + 1), "they listen");
    assert!(world.run(10_000, |world| world.height(0) > before + 2));
    world.assert_agreement();
}

// FAULTS HC8
#[test]
fn whoever_hears_that_its_network_key_is_in_use_listens_on_and_one_liar_changes_nothing() {
    let (mut world, _) = started();
    for (sayers, is_kept) in [(1..2, false), (1..3, true)] {
        world.stop(3);
        let said = said_by(&mut world, 3);
        world.start(3);
        // Who keeps its place for another does not answer it either.
        world.unanswered = if is_kept { |_| true } else { |_| false };
        for _ in 0..3 {
            for place in sayers.clone() {
                let peer = world.nodes[place].peer;
                world.happen(3, Event::KeyInUse { peer });
            }
            world.run(20_000, |_| false);
            assert_eq!(said.load(Ordering::Relaxed) == 0, is_kept);
            let names: Vec<_> = world.troubles(3).iter().map(Trouble::name).collect();
            assert_eq!(names.contains(&"key_in_use"), is_kept, "{names:?}");
        }
        // Whoever answers has let it in; it listens for a minute all the same.
        world.unanswered = |_| false;
        world.run(10_000, |_| false);
        let names: Vec<_> = world.troubles(3).iter().map(Trouble::name).collect();
        assert!(!names.contains(&"key_in_use") && (said.load(Ordering::Relaxed) == 0) == is_kept, "{names:?}");
        assert!(world.run(70_000, |world| matches!(world.voting(3), Voting::Active { .. })), "{}", world.voting(3));
        assert!(world.troubles(3).is_empty(), "{:?}", world.troubles(3));
    }
    world.assert_agreement();
}

// FAULTS HA5
#[test]
fn no_vote_leaves_before_what_was_caught_up_is_on_the_stores_disk() {
    let (mut world, _) = started();
    world.stop(3);
    let at = world.height(0);
    assert!(world.run(120_000, |world| world.height(0) > at + 20));
    let said = said_by(&mut world, 3);
    world.unsynced = Some(3);
    world.start(3);
    world.run(30_000, |_| false);
    assert!(world.height(3) + 2 >= world.height(0), "it has caught up");
    assert_eq!(said.load(Ordering::Relaxed), 0, "{}", world.voting(3));
    assert!(matches!(world.voting(3), Voting::Storing { .. }), "{}", world.voting(3));
    world.sync_store(3);
    assert!(world.run(5_000, |world| matches!(world.voting(3), Voting::Active { .. })), "{}", world.voting(3));
    world.run(10_000, |_| false);
    assert!(said.load(Ordering::Relaxed) > 0);
}
