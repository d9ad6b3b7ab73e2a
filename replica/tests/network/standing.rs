//! What a node says of itself when its network does not go on, or does not reach it.

use journal::LEASE_FILE;
use replica::{Trouble, Voting};

use crate::world::World;

/// Longer than a chain may go without a final block before it is said to stand.
const LONG_MS: u64 = 13_000;

fn started(validators: u8, followers: u8) -> World {
    let mut world = World::new(validators, followers);
    (0..usize::from(validators + followers)).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| (0..world.nodes.len()).all(|place| world.height(place) >= 2)), "it begins");
    world
}

fn names(world: &World, place: usize) -> Vec<&'static str> {
    world.troubles(place).iter().map(Trouble::name).collect()
}

fn cut_between(world: &mut World, some: &[usize], others: &[usize]) {
    let pairs = some.iter().flat_map(|one| others.iter().map(move |other| (*one, *other)));
    world.cut.extend(pairs.flat_map(|(one, other)| [(one, other), (other, one)]));
}

/// The places in the set of nodes that vote, as they are named: ascending.
fn indices(world: &World, places: &[usize]) -> String {
    let index = |place: &usize| match world.voting(*place) {
        Voting::Active { index, .. } => index,
        other => panic!("node {place}: {other}"),
    };
    let mut indices: Vec<_> = places.iter().map(index).collect();
    indices.sort_unstable();
    indices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

// FAULTS HT3
#[test]
fn a_chain_that_stands_says_for_how_long_and_how_many_wait_and_a_mended_one_says_nothing() {
    let mut world = started(4, 1);
    let away = indices(&world, &[2, 3]);
    cut_between(&mut world, &[0, 1, 4], &[2, 3]);
    world.run(LONG_MS, |_| false);
    for place in 0..5 {
        assert!(names(&world, place).contains(&"no_final"), "node {place}, idle: {:?}", world.troubles(place));
    }
    world.transfer(0, 1, 2, 0, 5);
    world.run(LONG_MS, |_| false);
    let sentences: Vec<String> = world.troubles(0).iter().map(Trouble::to_string).collect();
    assert!(
        sentences[0].starts_with("no final block for ")
            && sentences[0]
                .ends_with(&format!(" s while 1 transaction could be included; validators that do not answer: {away}")),
        "{sentences:?}"
    );
    assert!(sentences[1].contains("validators with 2 of 4 power answer"), "{sentences:?}");
    world.cut.clear();
    assert!(world.run(120_000, |world| (0..5).all(|place| world.troubles(place).is_empty())), "all is well again");
    world.assert_agreement();
}

// FAULTS HT3
#[test]
fn a_chain_that_stands_names_who_answers_and_does_not_vote() {
    let mut world = started(4, 0);
    let (away, mute) = (indices(&world, &[2]), indices(&world, &[3]));
    world.stop(2);
    world.stop(3);
    world.nodes[3].disks.journal.lose(LEASE_FILE);
    world.start(3);
    assert!(matches!(world.voting(3), Voting::Doubtful { .. }), "{}", world.voting(3));
    world.run(2 * LONG_MS, |_| false);
    let told = world.troubles(0)[0].to_string();
    let expected = format!(
        "; validators that do not answer: {away}; validators that answer and do not vote, as their own status explains: {mute} \
         (where they wait for what cannot come: docs/OPERATING.md, `When something of a home is lost or damaged`)"
    );
    assert!(told.ends_with(&expected), "{told}");
    world.start(2);
    assert!(world.run(120_000, |world| world.troubles(0).is_empty()), "three are enough: {:?}", world.troubles(0));
}

// FAULTS HT3
#[test]
fn an_idle_chain_in_good_order_says_nothing_at_any_moment() {
    let mut world = started(4, 1);
    let has_trouble = |world: &World| (0..5).any(|place| !world.troubles(place).is_empty());
    assert!(!world.run(40_000, has_trouble), "{:?}", (0..5).map(|place| world.troubles(place)).collect::<Vec<_>>());
}

// FAULTS HT3
#[test]
fn a_validator_that_nobody_hears_is_not_ready_though_it_hears_every_block() {
    let mut world = started(4, 0);
    world.cut.extend((1..4).map(|other| (0, other)));
    let height = world.height(0);
    world.run(LONG_MS, |_| false);
    assert!(world.height(0) > height, "it follows");
    let found = world.troubles(0);
    let cut = found.iter().find(|trouble| trouble.name() == "cut").expect("it is cut off").to_string();
    assert!(cut.contains("1 of 4 power answer") && cut.contains("power 4 is heard"), "{cut}");
    assert!(found.iter().any(Trouble::forbids_ready));
    assert!((1..4).all(|place| world.troubles(place).is_empty()), "three are a quorum");
}

// Behind a sentry: votes arrive by way of others, and nobody answers.
// FAULTS HT3
#[test]
fn a_validator_that_nobody_answers_and_whose_votes_others_count_is_ready() {
    for validators in [2, 4] {
        // Each leads every two seconds.
        let mut world = World::ruled(validators, 0, |genesis| {
            let timing = &mut genesis.parameters.timing;
            timing.block_interval_empty_ms = timing.block_interval_min_ms.max(2_000 / u64::from(validators));
        });
        (0..usize::from(validators)).for_each(|place| world.start(place));
        assert!(world.run(20_000, |world| world.height(0) >= 2), "it begins");
        world.unanswered = |request| matches!(request, replica::wire::Request::Status);
        world.run(LONG_MS, |_| false);
        let is_well = |world: &World| (0..usize::from(validators)).all(|place| world.troubles(place).is_empty());
        assert_eq!(world.status(0).reach.power_answering, 1, "itself");
        assert!(is_well(&world), "{validators}: {:?}", world.troubles(0));
        let longer = world.run(2 * LONG_MS, |world| !is_well(world));
        assert!(!longer, "{validators}: {:?}", world.troubles(0));
        // It is not for ever: when what it says is lost, nothing shows any more that it is heard.
        world.cut.extend((1..usize::from(validators)).map(|other| (0, other)));
        world.run(2 * LONG_MS, |_| false);
        assert!(names(&world, 0).contains(&"cut"), "{validators}: {:?}", world.troubles(0));
    }
}

// FAULTS HT3
#[test]
fn a_small_validator_behind_sentries_is_ready_from_one_of_its_turns_to_the_next() {
    // It leads one view of a hundred, one view a second.
    let mut world = World::ruled(4, 1, |genesis| {
        let mut validators = genesis.validators.clone().into_vec();
        for validator in &mut validators {
            validator.power = types::Power(if validator.peer == types::PeerKey([1; 32]) { 1 } else { 33 });
        }
        genesis.validators = types::List::new(validators).expect("as many as before");
        genesis.parameters.timing.block_interval_empty_ms = 1_000;
        genesis.parameters.timing.epoch_length_ms = 100_000_000;
    });
    (0..5).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| (0..5).all(|place| world.height(place) >= 2)), "it begins");
    world.unanswered = |request| matches!(request, replica::wire::Request::Status);
    // Only its sentry is connected.
    for other in 1..4 {
        let peer = world.nodes[other].peer;
        world.happen(0, replica::Event::PeerDown { peer });
    }
    world.run(LONG_MS, |_| false);
    assert!(world.run(200_000, |world| names(world, 0).is_empty()), "its turn comes: {:?}", world.troubles(0));
    assert!(!world.run(120_000, |world| !names(world, 0).is_empty()), "{:?}", world.troubles(0));
}

// FAULTS HT3
#[test]
fn a_validator_that_hears_nobody_is_not_ready_though_its_votes_arrive() {
    let mut world = started(4, 0);
    world.cut.extend((1..4).map(|other| (other, 0)));
    world.run(LONG_MS, |_| false);
    assert_eq!(names(&world, 0), ["no_final", "cut"]);
    assert!((1..4).all(|place| world.troubles(place).is_empty()));
}

// FAULTS HT3
#[test]
fn a_follower_whose_bootstrap_is_dead_says_since_when_it_has_no_peer() {
    let mut world = started(4, 1);
    (0..4).for_each(|place| world.stop(place));
    world.run(LONG_MS, |_| false);
    let found: Vec<String> = world.troubles(4).iter().map(Trouble::to_string).collect();
    assert!(found.iter().any(|sentence| sentence.starts_with("no peer for 1")), "{found:?}");
    assert!(found.iter().any(|sentence| sentence.starts_with("no final block for 1")), "{found:?}");
}

// FAULTS HT3
#[test]
fn a_follower_that_begins_is_not_ready_before_it_has_what_its_peers_have() {
    let mut world = World::new(4, 1);
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(120_000, |world| world.height(0) >= 20), "it goes on");
    world.start(4);
    let is_early = |world: &World| names(world, 4).is_empty() && world.height(4) + 4 < world.height(0);
    assert!(!world.run(20_000, is_early), "at block {}: {:?}", world.height(4), world.troubles(4));
    assert!(names(&world, 4).is_empty(), "{:?}", world.troubles(4));
    // Nobody who says too much keeps it waiting for ever.
    world.stop(4);
    world.bend = Some(Box::new(|_, response| {
        if let replica::wire::Response::Status(status) = response {
            status.height = types::Height(1_000_000_000);
        }
    }));
    world.start(4);
    assert!(names(&world, 4).contains(&"no_peer") || names(&world, 4).contains(&"beginning"), "{:?}", names(&world, 4));
    assert!(world.run(60_000, |world| names(world, 4).is_empty()), "{:?}", world.troubles(4));
}

// FAULTS HT3
#[test]
fn a_node_that_begins_without_anybody_is_not_ready_and_one_that_is_alone_by_genesis_is() {
    let mut world = World::new(4, 0);
    world.start(0);
    world.run(10, |_| false);
    assert_eq!(names(&world, 0), ["no_peer", "cut"]);
    let mut alone = World::new(1, 0);
    alone.start(0);
    assert!(!alone.run(20_000, |world| !world.troubles(0).is_empty()));
}
