//! Nodes that are behind: long runs without certificates of their own, liars, bodies that nobody has, stores that stall.

use std::collections::BTreeMap;

use replica::wire::{Request, Response};
use replica::{Event, LostBlock};
use types::{Epoch, Height};

use crate::world::World;

/// A chain of one validator whose blocks up to this height are all proven by the finalization of the last of them.
fn run_without_certificates(height: u64) -> World {
    let mut world = World::ruled(1, 1, |genesis| {
        let timing = &mut genesis.parameters.timing;
        (timing.epoch_length_ms, timing.block_interval_min_ms) = (3_600_000, 0);
        timing.block_interval_empty_ms = 1;
    });
    world.start(0);
    assert!(world.run(60_000, |world| world.height(0) >= height));
    let blocks = &mut world.nodes[0].disks.blocks;
    let last = blocks[&Height(height)].certificate.clone();
    for block in blocks.range_mut(..Height(height)).map(|(_, block)| block) {
        std::sync::Arc::make_mut(block).certificate = last.clone();
    }
    world
}

// FAULTS HA6: more blocks than an answer may have, and than a node asks for at once.
#[test]
fn a_node_catches_up_over_a_run_without_own_finalizations_that_is_longer_than_any_answer() {
    let mut world = run_without_certificates(700);
    world.start(1);
    assert!(world.run(60_000, |world| world.height(1) + 2 >= world.height(0) && world.height(1) > 700));
    world.assert_agreement();
    let headers = world.asked.iter().filter(|(_, _, request)| matches!(request, Request::Headers { .. })).count();
    assert!((1..=3).contains(&headers), "asked for headers {headers} times");
}

// FAULTS HA6: with bodies so long that an answer has room for one.
#[test]
fn a_node_catches_up_over_a_run_of_which_every_answer_holds_one_block() {
    let mut world = run_without_certificates(60);
    world.blocks_per_answer = 1;
    world.start(1);
    assert!(world.run(60_000, |world| world.height(1) >= 60));
    world.assert_agreement();
}

// FAULTS HA7
#[test]
fn a_body_that_nobody_has_is_asked_of_each_peer_once_and_then_only_after_a_pause() {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(10_000, |world| (0..4).all(|place| world.height(place) >= 2)));
    // Node 3 hears of blocks, and gets none.
    world.post = Some(Box::new(|_, to, message| to != 3 || !matches!(message, replica::wire::Message::Sketch(_))));
    world.unanswered = |request| matches!(request, Request::Block { .. } | Request::Transactions { .. });
    world.asked.clear();
    let begin_ms = world.now.monotonic_ms;
    world.transfer(0, 1, 2, 0, 7);
    world.run(8_000, |_| false);
    let rounds = (world.now.monotonic_ms - begin_ms) / world.genesis.parameters.timing.delta_ms + 1;
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    for (from, to, request) in &world.asked {
        if let (3, Request::Block { hash }) = (*from, request) {
            *counts.entry((*hash, *to)).or_default() += 1;
        }
    }
    assert!(!counts.is_empty(), "it wants blocks");
    assert!(counts.values().all(|count| *count <= rounds), "{counts:?} in {rounds} rounds");
}

// FAULTS HA8: what strangers claim is no knowledge.
#[test]
fn a_peer_that_claims_any_height_and_epoch_does_not_make_a_node_believe_that_it_is_behind() {
    let mut world = World::new(4, 1);
    world.criminal = Some(3);
    world.bend = Some(Box::new(|from, response| {
        if let (3, Response::Status(status)) = (from, response) {
            (status.height, status.epoch) = (Height(u64::MAX - 1), Epoch(u64::MAX - 1));
        }
    }));
    (0..5).for_each(|place| world.start(place));
    for _ in 0..8 {
        world.run(2_000, |_| false);
        for place in [0, 1, 2, 4] {
            let status = world.status(place);
            assert!(!status.catching_up && status.known <= status.height.saturating_add(2), "{status:?}");
        }
    }
    assert!(world.height(4) > 2);
    // It is asked for what it claims, ever more seldom.
    let asked =
        world.asked.iter().filter(|(_, to, request)| *to == 3 && matches!(request, Request::Range { .. })).count();
    assert!(asked < 40, "asked {asked} times");
}

// FAULTS HA9
#[test]
fn a_store_that_stalls_makes_no_vote_wait() {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(10_000, |world| (0..4).all(|place| world.height(place) >= 2)));
    // Without node 2, nothing becomes final without the votes of node 3.
    world.stop(2);
    world.stalled = Some(3);
    let (before, stored) = (world.height(0), world.height(3));
    assert!(world.run(120_000, |world| world.height(0) >= before + 15));
    assert_eq!(world.height(3), stored);
    world.resume();
    assert!(world.run(10_000, |world| world.height(3) + 2 >= world.height(0)));
    world.assert_agreement();
}

// FAULTS HA9
#[test]
fn what_waits_for_a_store_that_stalls_is_bounded_in_bytes_and_the_node_catches_up_afterwards() {
    let mut world = World::new(4, 0);
    world.unwritten_bytes_max = 64 * 1024;
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(10_000, |world| (0..4).all(|place| world.height(place) >= 2)));
    world.stalled = Some(3);
    let before = world.height(0);
    assert!(world.run(300_000, |world| world.height(0) >= before + 60), "the others go on");
    let blocks = world.waiting.len();
    assert!((6..=20).contains(&blocks), "{blocks} blocks wait");
    world.resume();
    assert!(world.run(60_000, |world| world.height(3) + 2 >= world.height(0)));
    world.assert_agreement();
}

// FAULTS HB7
#[test]
fn a_network_that_executes_little_before_a_quorum_stands_behind_it_goes_on() {
    let mut world = World::new(4, 0);
    // Less than any block takes.
    world.unwritten_bytes_max = 8;
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(60_000, |world| (0..4).all(|place| world.height(place) >= 10)));
    world.assert_agreement();
}

// FAULTS HT3: a block that the store cannot read is taken from peers, if it is that block.
#[test]
fn a_block_that_was_lost_is_asked_of_peers_until_one_gives_the_same() {
    let mut world = World::new(4, 1);
    (0..5).for_each(|place| world.start(place));
    assert!(world.run(60_000, |world| (0..5).all(|place| world.height(place) >= 6)));
    let blocks = &world.nodes[0].disks.blocks;
    let (block, child) = (blocks[&Height(4)].clone(), blocks[&Height(5)].clone());
    // The peer that is asked first gives another block.
    world.criminal = Some(0);
    world.bend = Some(Box::new(|from, response| {
        if let (0, Response::Kept(Some(kept))) = (from, response) {
            kept.block.header.time = kept.block.header.time.next();
        }
    }));
    world.unanswered = |request| matches!(request, Request::Kept { height } if height.0 == 3);
    let receipts_root = child.header.receipts_root;
    let lost = LostBlock { height: Height(4), hash: block.hash, receipts_root, certificate: None };
    for _ in 0..5 {
        world.happen(4, Event::Unreadable { lost: lost.clone() });
        assert!(world.run(30_000, |world| !world.mended.is_empty()));
        let (found, kept) = world.mended.pop().expect("one came");
        assert_eq!((&found, crypto::ids::header_hash(&kept.block.header)), (&lost, block.hash));
        assert_eq!(
            (kept.block.body, kept.receipts.into_vec()),
            (block.body.as_ref().clone(), block.outcome.receipts.clone())
        );
        assert_eq!(kept.block.certificate, block.certificate);
    }
    assert!(world.offences.len() >= 5);
    assert!(world.offences.iter().all(|offence| *offence == replica::Offence::InvalidBlock));
    // What nobody gives is asked for in rounds, with pauses.
    let hash = blocks_hash(&world, 3);
    let receipts_root = world.nodes[0].disks.blocks[&Height(4)].header.receipts_root;
    world.asked.clear();
    world
        .happen(4, Event::Unreadable { lost: LostBlock { height: Height(3), hash, receipts_root, certificate: None } });
    world.run(2_000, |_| false);
    let asked = world.asked.iter().filter(|(_, _, request)| matches!(request, Request::Kept { .. })).count();
    assert!((4..=4 * 22).contains(&asked), "asked {asked} times");
}

fn blocks_hash(world: &World, height: u64) -> types::Hash32 {
    world.nodes[0].disks.blocks[&Height(height)].hash
}
