//! System calls on their way from whoever hands them in into one block, mining proofs for example.

use replica::wire::Message;
use replica::{CallRefusal, Event, Via};
use types::{ByteString, List, ModuleId, PeerKey, SystemCall};

use crate::miner::{Want, block_with, is_final, mine, mine_many, network, places_of, proofs, shares_counted, terms};
use crate::world::World;

/// Δ of a local network.
const DELTA_MS: u64 = 100;
/// What is judged of one peer within a second.
const JUDGED_MAX: usize = 256;

/// A peer passes calls on, as many messages as it takes.
fn pass_on(world: &mut World, to: usize, from: PeerKey, calls: &[SystemCall]) {
    for some in calls.chunks(replica::wire::SYSTEM_CALLS_PER_MESSAGE_MAX) {
        let message = Message::SystemCalls(List::new(some.to_vec()).expect("as many as a message holds"));
        world.happen(to, Event::Message { from, via: Via::Stream, message });
    }
}

/// Lets everything happen that takes no time.
fn at_once(world: &mut World) {
    world.run(0, |_| false);
}

fn junk(number: usize) -> SystemCall {
    let body = ByteString::new(number.to_be_bytes().repeat(40)).expect("a short body");
    SystemCall { module: ModuleId(3), body }
}

// FAULTS W2
#[test]
fn the_same_call_handed_to_four_nodes_stands_in_one_block_and_counts_once() {
    for want in [Want::Share, Want::Work] {
        let mut world = network(4, 0, 200);
        let call = mine(&world, 0, want);
        (0..4).for_each(|place| world.submit_call(place, call.clone()));
        assert!(world.run(10_000, |world| is_final(world, 4, &call)));
        // And once more, when it is final and forgotten.
        (0..4).for_each(|place| world.submit_call(place, call.clone()));
        world.run(6_000, |_| false);
        assert_eq!(world.answers.len(), 8);
        assert!(world.answers[..4].iter().any(|(_, answer)| answer.is_ok()));
        let again = &world.answers[4..];
        assert!(again.iter().all(|(_, answer)| matches!(answer, Err(CallRefusal::NotAdmitted(_)))), "{again:?}");
        for place in 0..4 {
            assert_eq!(places_of(&world, place, &call).len(), 1);
            assert_eq!(shares_counted(&world, place), 1);
            assert_eq!(world.calls_waiting(place), 0);
        }
        world.assert_agreement();
    }
}

#[test]
fn a_call_waits_for_delta_and_then_gets_a_block_of_its_own() {
    let mut world = network(4, 0, 200);
    let call = mine(&world, 1, Want::Share);
    // Just after a block; the next empty one is due in two seconds.
    let (height, handed_in_ms) = (world.height(1), world.now.unix_ms);
    world.submit_call(1, call.clone());
    assert!(world.run(10_000, |world| is_final(world, 4, &call)));
    let (_, header) = block_with(&world, 1, &call);
    let waited_ms = header.time.0 - handed_in_ms;
    assert!((DELTA_MS..DELTA_MS + 20).contains(&waited_ms), "it waited {waited_ms} ms");
    assert_eq!(header.height.0, height + 1, "no block came before");
}

#[test]
fn a_call_rides_along_with_a_block_that_comes_earlier() {
    let mut world = network(4, 0, 200);
    let call = mine(&world, 1, Want::Share);
    let handed_in_ms = world.now.unix_ms;
    world.submit_call(1, call.clone());
    at_once(&mut world);
    let height = world.height(0);
    let id = world.transfer(2, 1, 2, 0, 1_000);
    assert!(world.run(10_000, |world| is_final(world, 4, &call) && world.includes(0, id)));
    let (_, header) = block_with(&world, 1, &call);
    let waited_ms = header.time.0 - handed_in_ms;
    assert!(waited_ms < DELTA_MS / 2, "it waited {waited_ms} ms");
    assert_eq!(header.height.0, height + 1, "the transfer's block holds it");
}

#[test]
fn a_work_that_comes_too_soon_is_proposed_when_its_time_comes_without_a_stream_of_empty_blocks() {
    const SPACING_MS: u64 = 7_000;
    let mut world = network(4, 0, SPACING_MS);
    let first = mine(&world, 0, Want::Work);
    world.submit_call(0, first.clone());
    assert!(world.run(10_000, |world| is_final(world, 4, &first)));
    let second = mine(&world, 2, Want::Work);
    let (work_from, height) = (terms(&world, 2).work_from, world.height(0));
    world.submit_call(2, second.clone());
    assert!(world.run(20_000, |world| is_final(world, 4, &second)));
    assert_eq!(world.answers, [(0, Ok(())), (2, Ok(()))]);
    let (_, header) = block_with(&world, 0, &second);
    let late_ms = header.time.0 - work_from.0;
    assert!(late_ms <= 10, "{late_ms} ms after it could have been");
    let blocks = header.height.0 - height;
    assert!(blocks <= 2 + SPACING_MS / 2_000, "{blocks} blocks while it waited");
}

#[test]
fn calls_that_are_more_urgent_take_the_place_of_others_in_a_full_pool() {
    let mut world = network(4, 0, 200);
    // Two blocks' worth of bytes of the one module; shares of a test are equally long.
    let length = mine(&world, 0, Want::Share).body.len();
    let most = 2 * runtime::registry().system_share(ModuleId(3)).1 / length;
    let shares = mine_many(&world, 0, Want::Share, most + 40);
    let work = mine(&world, 0, Want::Work);
    shares.iter().for_each(|share| world.submit_call(0, share.clone()));
    at_once(&mut world);
    assert_eq!(world.calls_waiting(0), most);
    let full = |answer: &(usize, Result<(), CallRefusal>)| answer.1 == Err(CallRefusal::Full);
    assert!(world.answers[..most].iter().all(|answer| answer.1.is_ok()));
    assert!(world.answers[most..].iter().all(full), "there is no room for as urgent ones");
    world.submit_call(0, work.clone());
    at_once(&mut world);
    assert_eq!(world.answers.last(), Some(&(0, Ok(()))));
    assert_eq!(world.calls_waiting(0), most);
    // Everything that was taken becomes final, but for the one share that gave way unless somebody else has it.
    assert!(world.run(60_000, |world| (0..4).all(|place| proofs(world, place) >= most)));
    assert!(is_final(&world, 4, &work));
    world.run(5_000, |_| false);
    assert!((most..=most + 1).contains(&proofs(&world, 0)));
    assert!(shares.iter().all(|share| places_of(&world, 0, share).len() <= 1));
    assert!(shares[most..].iter().all(|share| places_of(&world, 0, share).is_empty()));
    world.assert_agreement();
}

#[test]
fn of_a_peer_that_floods_256_calls_are_judged_in_a_second_and_others_are_heard_as_before() {
    let mut world = network(4, 0, 200);
    let shares = mine_many(&world, 0, Want::Share, 2 * JUDGED_MAX);
    let (flooder, other) = (PeerKey([2; 32]), PeerKey([3; 32]));
    // Nothing is passed on, so that node 0 has what was given to it here.
    world.post = Some(Box::new(|_, _, message| !matches!(message, Message::SystemCalls(_))));
    let flood: Vec<SystemCall> = (0..JUDGED_MAX - 10).map(junk).collect();
    pass_on(&mut world, 0, flooder, &flood);
    pass_on(&mut world, 0, flooder, &shares[..JUDGED_MAX]);
    at_once(&mut world);
    assert_eq!(world.calls_waiting(0), 10, "junk counts as well");
    world.happen(0, Event::PeerDown { peer: flooder });
    world.happen(0, Event::PeerUp { peer: flooder });
    pass_on(&mut world, 0, flooder, &shares[..JUDGED_MAX]);
    at_once(&mut world);
    assert_eq!(world.calls_waiting(0), 10, "connecting anew gives nothing");
    pass_on(&mut world, 0, other, &shares[JUDGED_MAX..JUDGED_MAX + 20]);
    at_once(&mut world);
    assert_eq!(world.calls_waiting(0), 30);
    assert!(world.run(10_000, |world| is_final(world, 4, &shares[JUDGED_MAX + 19])));
    world.run(1_000, |_| false);
    pass_on(&mut world, 0, flooder, &shares[30..60]);
    at_once(&mut world);
    assert_eq!(world.calls_waiting(0), 30, "in the next second it is heard again");
}

// FAULTS W3
#[test]
fn calls_that_no_block_can_hold_any_more_go_after_a_final_block() {
    let mut world = network(4, 1, 200);
    // What the follower says of calls is lost, so that only it knows the share.
    world.post = Some(Box::new(|from, _, message| from != 4 || !matches!(message, Message::SystemCalls(_))));
    let share = mine(&world, 4, Want::Share);
    world.submit_call(4, share.clone());
    at_once(&mut world);
    for _ in 0..2 {
        assert_eq!((world.calls_waiting(4), places_of(&world, 4, &share).len()), (1, 0));
        let work = mine(&world, 0, Want::Work);
        world.submit_call(0, work.clone());
        assert!(world.run(10_000, |world| is_final(world, 5, &work)));
    }
    assert_eq!(world.calls_waiting(4), 0, "two works later it is stale");
    world.submit_call(4, share);
    at_once(&mut world);
    assert!(matches!(world.answers.last(), Some((4, Err(CallRefusal::NotAdmitted(_))))), "{:?}", world.answers);
}

#[test]
fn a_call_handed_to_a_follower_reaches_the_validators() {
    let mut world = network(4, 1, 200);
    let call = mine(&world, 4, Want::Share);
    world.submit_call(4, call.clone());
    at_once(&mut world);
    assert!((0..5).all(|place| world.calls_waiting(place) == 1), "at once, and nobody sends it round");
    assert!(world.run(10_000, |world| is_final(world, 5, &call)));
    assert_eq!(world.calls_waiting(4), 0);
}

#[test]
fn a_call_that_a_follower_passes_to_one_validator_is_told_to_all() {
    let mut world = network(4, 1, 200);
    let call = mine(&world, 4, Want::Share);
    world.post =
        Some(Box::new(|from, to, message| from != 4 || to == 2 || !matches!(message, Message::SystemCalls(_))));
    world.submit_call(4, call.clone());
    at_once(&mut world);
    assert!((0..5).all(|place| world.calls_waiting(place) == 1));
}

#[test]
fn a_call_of_which_the_message_was_lost_is_told_again_and_becomes_final() {
    let mut world = network(4, 1, 200);
    let mut lost = 0;
    world.post = Some(Box::new(move |from, _, message| {
        let is_call = from == 4 && matches!(message, Message::SystemCalls(_));
        lost += usize::from(is_call);
        // To each of the four, the first time.
        !is_call || lost > 4
    }));
    let call = mine(&world, 4, Want::Share);
    world.submit_call(4, call.clone());
    world.run(500, |_| false);
    assert!((0..4).all(|place| world.calls_waiting(place) == 0));
    assert!(world.run(10_000, |world| is_final(world, 5, &call)));
}

#[test]
fn a_call_outlives_the_node_that_it_was_handed_to() {
    let mut world = network(4, 0, 200);
    let call = mine(&world, 0, Want::Share);
    world.submit_call(0, call.clone());
    at_once(&mut world);
    world.stop(0);
    assert!(world.run(20_000, |world| (1..4).all(|place| places_of(world, place, &call).len() == 1)));
    world.start(0);
    assert!(world.run(20_000, |world| is_final(world, 4, &call)));
    world.assert_agreement();
}

#[test]
fn of_two_works_for_one_height_one_is_the_work_and_the_other_counts_as_a_share() {
    let mut world = network(4, 0, 200);
    let works = mine_many(&world, 0, Want::Work, 2);
    for (place, work) in works.iter().enumerate() {
        world.submit_call(place, work.clone());
    }
    assert!(world.run(10_000, |world| works.iter().all(|work| is_final(world, 4, work))));
    assert_ne!(places_of(&world, 0, &works[0]), places_of(&world, 0, &works[1]));
    assert_eq!((terms(&world, 0).work_height, shares_counted(&world, 0)), (2, 2));
}

#[test]
fn a_call_that_waits_already_is_known_and_waits_once() {
    let mut world = network(4, 0, 200);
    let call = mine(&world, 0, Want::Share);
    world.submit_call(0, call.clone());
    world.submit_call(0, call.clone());
    at_once(&mut world);
    assert_eq!(world.answers, [(0, Ok(())), (0, Err(CallRefusal::Known))]);
    pass_on(&mut world, 1, PeerKey([3; 32]), &[call.clone(), call.clone(), call]);
    at_once(&mut world);
    assert_eq!(world.calls_waiting(1), 1);
}

#[test]
fn calls_of_the_kernel_and_of_nobody_are_refused() {
    let mut world = network(4, 0, 200);
    for module in [0, 1, 9_999] {
        world.submit_call(0, SystemCall { module: ModuleId(module), ..junk(1) });
    }
    at_once(&mut world);
    assert!(world.answers.iter().all(|(_, answer)| matches!(answer, Err(CallRefusal::NotAdmitted(_)))));
    assert_eq!((world.answers.len(), world.calls_waiting(0)), (3, 0));
}
