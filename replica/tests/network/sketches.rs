//! Blocks that travel as sketches: what the others have is left out, what they lack is asked for, and whatever a sketch
//! says, nobody takes another body than that of the header.

use std::cell::RefCell;
use std::rc::Rc;

use replica::wire::{Given, Message, Request, Sketch};
use replica::{Kept, Offence};
use types::{ByteString, Hash32, Height, List, ModuleId, SystemCall};

use crate::world::World;

/// Blocks are so far apart that a transaction is old, and known to all, when it is proposed.
const INTERVAL_MS: u64 = 400;
/// More transactions than the others need to agree about one block.
const TRANSFERS: u64 = 12;

fn world() -> World {
    let mut world = World::paced(4, 0, Some(INTERVAL_MS));
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| world.height(0) >= 2));
    world
}

/// Hands in transfers of several senders at node 0 and waits until all nodes have them in final blocks.
fn transfer(world: &mut World) {
    let ids: Vec<Hash32> =
        (0..TRANSFERS).map(|number| world.transfer(0, 1 + (number % 3) as u8, 9, number / 3, 1_000)).collect();
    let all = |world: &World| (0..4).all(|place| ids.iter().all(|id| world.includes(place, *id)));
    assert!(world.run(30_000, all), "every transfer becomes final everywhere");
    world.assert_agreement();
}

/// Lets everything pass and keeps the sketches with transactions, as they arrive at each node.
fn watch(
    world: &mut World,
    mut bend: impl FnMut(usize, usize, &mut Message) -> bool + 'static,
) -> Rc<RefCell<Vec<Sketch>>> {
    let sketches = Rc::new(RefCell::new(Vec::new()));
    let seen = sketches.clone();
    world.post = Some(Box::new(move |from, to, message| {
        if let Message::Sketch(sketch) = message
            && !sketch.transactions.is_empty()
        {
            seen.borrow_mut().push(sketch.as_ref().clone());
        }
        bend(from, to, message)
    }));
    sketches
}

fn asks_transactions(request: &Request) -> bool {
    matches!(request, Request::Transactions { .. })
}

fn asks_block(request: &Request) -> bool {
    matches!(request, Request::Block { .. })
}

fn asked(world: &World, of_kind: fn(&Request) -> bool) -> Vec<(usize, usize)> {
    world.asked.iter().filter(|(_, _, request)| of_kind(request)).map(|(who, whom, _)| (*who, *whom)).collect()
}

#[test]
fn a_body_that_all_have_travels_as_short_ids_and_nothing_is_asked_for() {
    let mut world = world();
    let sketches = watch(&mut world, |_, _, _| true);
    transfer(&mut world);
    let sketches = sketches.borrow();
    assert!(!sketches.is_empty());
    assert!(sketches.iter().all(|sketch| sketch.given.is_empty()), "they had time to reach everybody");
    assert_eq!(asked(&world, asks_transactions), []);
    assert_eq!(asked(&world, asks_block), []);
}

#[test]
fn a_transaction_that_has_just_come_is_in_the_sketch_in_full() {
    // Without a pause between blocks the leader proposes what came in the same millisecond.
    let mut world = World::paced(4, 0, Some(0));
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| world.height(0) >= 2));
    let sketches = watch(&mut world, |_, _, _| true);
    transfer(&mut world);
    let sketches = sketches.borrow();
    assert!(sketches.iter().all(|sketch| sketch.given.len() == sketch.transactions.len()), "{sketches:?}");
    assert!(!sketches.is_empty());
}

// FAULTS C15: pushes that are lost.
#[test]
fn who_missed_a_push_asks_the_leader_for_just_those_transactions() {
    let mut world = world();
    let sketches = watch(&mut world, |_, to, message| to != 2 || !matches!(message, Message::Transactions(_)));
    transfer(&mut world);
    assert!(sketches.borrow().iter().all(|sketch| sketch.given.is_empty()));
    let asked_for = asked(&world, asks_transactions);
    assert!(!asked_for.is_empty() && asked_for.iter().all(|(who, _)| *who == 2), "{asked_for:?}");
    assert_eq!(asked(&world, asks_block), [], "nobody needed a whole block");
}

#[test]
fn where_transactions_are_not_answered_the_whole_block_is_asked_for() {
    let mut world = world();
    let _ = watch(&mut world, |_, to, message| to != 2 || !matches!(message, Message::Transactions(_)));
    world.unanswered = asks_transactions;
    transfer(&mut world);
    assert!(!asked(&world, asks_transactions).is_empty());
    let blocks = asked(&world, asks_block);
    assert!(!blocks.is_empty() && blocks.iter().all(|(who, _)| *who == 2), "{blocks:?}");
}

#[test]
fn a_sketch_that_is_lost_costs_a_question_for_the_block() {
    let mut world = world();
    let _ = watch(&mut world, |_, to, message| to != 3 || !matches!(message, Message::Sketch(_)));
    transfer(&mut world);
    let blocks = asked(&world, asks_block);
    assert!(!blocks.is_empty() && blocks.iter().all(|(who, _)| *who == 3), "{blocks:?}");
}

// A short id proves nothing: what it leads to is compared with the header, and a wrong body is nobody's crime.
#[test]
fn a_sketch_that_leads_to_another_body_leads_to_the_whole_block_and_to_no_punishment() {
    let mut world = world();
    let _ = watch(&mut world, |_, _, message| {
        if let Message::Sketch(sketch) = message {
            let mut ids = sketch.transactions.to_vec();
            ids.reverse();
            ids.dedup();
            sketch.transactions = List::new(ids).expect("no more than before");
        }
        true
    });
    transfer(&mut world);
    assert!(!asked(&world, asks_block).is_empty());
    assert_eq!(world.offences, []);
}

// FAULTS C14
#[test]
fn short_ids_that_nobody_can_resolve_cost_one_question_per_sketch() {
    let mut world = world();
    let sketches = watch(&mut world, |_, _, message| {
        if let Message::Sketch(sketch) = message {
            let ids = sketch.transactions.iter().map(|id| replica::wire::ShortId(id.0.map(|byte| !byte))).collect();
            sketch.transactions = List::new(ids).expect("as many as before");
        }
        true
    });
    transfer(&mut world);
    // The leader answers with the right transactions, so the right body comes of it.
    let (asked_for, sketches) = (asked(&world, asks_transactions), sketches.borrow().len());
    assert!(!asked_for.is_empty() && asked_for.len() <= sketches, "{asked_for:?}");
    assert_eq!(asked(&world, asks_block), []);
}

#[test]
fn a_place_beyond_the_body_or_out_of_order_is_held_against_the_leader() {
    for places in [vec![u16::MAX], vec![0, 0]] {
        let mut world = World::paced(4, 0, Some(0));
        (0..4).for_each(|place| world.start(place));
        assert!(world.run(20_000, |world| world.height(0) >= 2));
        // The sketches of node 1 are bent on the way to node 2.
        world.criminal = Some(1);
        world.post = Some(Box::new(move |from, to, message| {
            if let Message::Sketch(sketch) = message
                && (from, to) == (1, 2)
                && let Some(given) = sketch.given.iter().next().cloned()
            {
                let bent = places.iter().map(|place| Given { place: *place, ..given.clone() });
                sketch.given = List::new(bent.collect()).expect("two at most");
            }
            true
        }));
        let mut number = 0;
        while world.offences.is_empty() {
            assert!(number < 40, "node 1 never led");
            let id = world.transfer(1, 4, 9, number, 1);
            // A transfer that has just come is in the sketch in full.
            assert!(world.run(30_000, |world| (0..4).all(|place| world.includes(place, id))));
            number += 1;
            world.run(INTERVAL_MS, |_| false);
        }
        assert!(world.offences.iter().all(|offence| *offence == Offence::InvalidBlock));
        world.assert_agreement();
    }
}

#[test]
fn many_submissions_within_a_millisecond_leave_as_one_message() {
    let mut world = world();
    let pushes = Rc::new(RefCell::new(Vec::new()));
    let seen = pushes.clone();
    world.post = Some(Box::new(move |_, to, message| {
        if let Message::Transactions(transactions) = message
            && to == 3
        {
            seen.borrow_mut().push(transactions.len());
        }
        true
    }));
    transfer(&mut world);
    let pushes = pushes.borrow();
    assert_eq!(pushes.iter().sum::<usize>() as u64, TRANSFERS, "each once: {pushes:?}");
    assert!(pushes.len() <= 2, "the first at once, the others together: {pushes:?}");
}

// FAULTS HB5
#[test]
fn sketches_of_what_nobody_votes_for_go_with_their_views() {
    let mut world = World::paced(4, 0, Some(0));
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| world.height(0) >= 2));
    let most = Rc::new(RefCell::new(0));
    let sent = most.clone();
    // To each sketch another body is made, for a height that never comes or the next one.
    world.post = Some(Box::new(move |_, to, message| {
        if let Message::Sketch(sketch) = message
            && to == 2
        {
            let call = |number: u8| SystemCall {
                module: ModuleId(3),
                body: ByteString::new(vec![number; 16_000]).expect("short"),
            };
            let calls: Vec<_> = (0..100).map(call).collect();
            sketch.header.body_root = crypto::ids::body_root(&calls, &[]);
            sketch.header.height = [Height(u64::MAX), sketch.header.height][*sent.borrow() % 2];
            (sketch.system_calls, sketch.transactions) = (List::new(calls).expect("few"), List::default());
            sketch.given = List::default();
            *sent.borrow_mut() += 1;
        }
        true
    }));
    for nonce in 0..30 {
        let id = world.transfer(1, 4, 9, nonce, 1);
        assert!(world.run(30_000, |world| (0..4).all(|place| world.includes(place, id))));
        let kept = world.kept(2);
        assert!(kept.hint_bytes <= Kept::HINT_BYTES_MAX && kept.body_bytes < 5_000_000, "{kept:?}");
    }
    assert!(*most.borrow() >= 30, "sketches were sent");
    world.run(4_000, |_| false);
    assert!(world.kept(2).body_bytes < 3_300_000, "what is kept is of the present view: {:?}", world.kept(2));
    world.assert_agreement();
}

// FAULTS HB5
#[test]
fn a_sketch_that_names_a_known_transaction_again_and_again_makes_no_endless_body() {
    let mut world = world();
    let id = world.transfer(0, 4, 9, 1, 1);
    world.run(50, |_| false);
    let short = replica::wire::ShortId::of(&world.pooled(2, id).expect("it waits for nonce 0").wid);
    let bend = move |_: usize, to: usize, message: &mut Message| {
        if let Message::Sketch(sketch) = message
            && to == 2
        {
            sketch.transactions =
                List::new(vec![short; types::limits::TRANSACTIONS_PER_BLOCK_MAX]).expect("as many as may be");
            sketch.given = List::default();
        }
        true
    };
    world.post = Some(Box::new(bend));
    world.run(8_000, |_| false);
    assert!(world.kept(2).hint_bytes <= Kept::HINT_BYTES_MAX);
    assert!(world.kept(2).body_bytes < 1_000, "{:?}", world.kept(2));
    assert_eq!(world.offences, []);
    world.assert_agreement();
}
