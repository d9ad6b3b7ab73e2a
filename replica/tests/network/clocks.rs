//! Wall clocks that are wrong: the chain goes on as far as it can, and everybody who must be told is.

use replica::{Trouble, Voting};

use crate::world::World;

fn started(ahead_ms: [i64; 4]) -> World {
    let mut world = World::new(4, 0);
    world.clock_ahead_ms = ahead_ms.to_vec();
    (0..4).for_each(|place| world.start(place));
    world
}

fn heights_after(world: &mut World, ms: u64) -> u64 {
    let before = world.height(0);
    world.run(ms, |_| false);
    world.height(0) - before
}

/// The most transfers, one after the other, that become final in so many milliseconds.
fn transfers_in(world: &mut World, ms: u64) -> u64 {
    let end_ms = world.now.monotonic_ms + ms;
    let mut nonce = 0;
    while world.now.monotonic_ms < end_ms {
        let id = world.transfer(usize::try_from(nonce % 4).expect("small"), 1, 2, nonce, 1);
        let left_ms = end_ms - world.now.monotonic_ms;
        if !world.run(left_ms, |world| (0..4).all(|place| world.includes(place, id))) {
            break;
        }
        nonce += 1;
    }
    nonce
}

fn is_told(world: &World, place: usize, name: &str) -> bool {
    world.troubles(place).iter().any(|trouble| trouble.name() == name)
}

// FAULTS HT12
#[test]
fn two_of_four_clocks_two_seconds_ahead_cost_no_view_and_all_four_are_told() {
    let right = transfers_in(&mut started([0; 4]), 6_000);
    let mut world = started([0, 2_000, 0, 2_000]);
    // The clocks are known after a round of questions.
    world.run(5_000, |_| false);
    let found = transfers_in(&mut world, 6_000);
    assert!(found * 10 >= right * 9, "{found} transfers instead of {right}");
    assert!((0..4).all(|place| is_told(&world, place, "clock_off")));
    assert!((0..4).all(|place| world.troubles(place).iter().all(|trouble| !trouble.forbids_ready())));
    world.assert_agreement();
}

// FAULTS HT12
#[test]
fn all_clocks_set_back_by_half_a_minute_stop_no_block_and_everybody_is_told_at_once() {
    let mut world = started([0; 4]);
    world.run(10_000, |_| false);
    let right = heights_after(&mut world, 20_000);
    world.clock_ahead_ms = vec![-30_000; 4];
    world.run(1_500, |_| false);
    assert!((0..4).all(|place| is_told(&world, place, "clock_behind_chain")), "{:?}", world.troubles(0));
    let found = heights_after(&mut world, 20_000);
    assert!(found * 10 >= right * 8, "{found} blocks instead of {right}");
    assert!((0..4).all(|place| !is_told(&world, place, "no_final")));
    // Half a minute later the clocks have come to where they were.
    world.run(30_000, |_| false);
    assert!((0..4).all(|place| world.troubles(place).is_empty()), "{:?}", world.troubles(0));
    world.assert_agreement();
}

// FAULTS HT12
#[test]
fn a_leader_whose_clock_is_an_hour_off_makes_blocks_that_the_others_take_and_alone_is_told() {
    for ahead_ms in [3_600_000, -3_600_000] {
        let mut world = started([ahead_ms, 0, 0, 0]);
        world.run(10_000, |_| false);
        let blocks = heights_after(&mut world, 60_000);
        let made = world.made_by(0, blocks);
        assert!(blocks >= 20 && made * 5 >= blocks, "{made} of {blocks}, though its turn is every fourth");
        let trouble = world.troubles(0).into_iter().find(|trouble| trouble.name() == "clock_off").expect("it is told");
        let way = if ahead_ms > 0 { "3600 s ahead of" } else { "3600 s behind" };
        assert!(trouble.to_string().contains(way), "{trouble}");
        assert!((1..4).all(|place| world.troubles(place).is_empty()), "{:?}", world.troubles(1));
        // Its votes are missing for the blocks of the others, and it does not say that it votes.
        assert!(matches!(world.voting(0), Voting::ClockOff { .. }), "{}", world.voting(0));
        assert!(world.troubles(0).iter().any(Trouble::forbids_ready));
        let Voting::Active { index, .. } = world.voting(1) else { panic!("{}", world.voting(1)) };
        world.stop(1);
        world.run(60_000, |_| false);
        for place in [2, 3] {
            let told = world.troubles(place).iter().map(ToString::to_string).find(|told| told.contains("no final"));
            let told = told.expect("two votes of four are missing");
            assert!(told.contains(&format!("do not answer: {index}")) && told.contains("clocks differ"), "{told}");
        }
        world.clock_ahead_ms = vec![0; 4];
        world.start(1);
        assert!(world.run(120_000, |world| matches!(world.voting(0), Voting::Active { .. })), "{}", world.voting(0));
        world.assert_agreement();
    }
}

// FAULTS HT12
#[test]
fn a_clock_within_the_bound_is_nobodys_trouble() {
    let mut world = started([0, 200, -20, 100]);
    assert!(!world.run(30_000, |world| {
        world.now.monotonic_ms > 5_000 && (0..4).any(|place| !world.troubles(place).is_empty())
    }));
}
