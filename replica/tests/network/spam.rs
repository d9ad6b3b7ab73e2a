//! Transactions that no block can take, from whoever has no money to pay for them: not taken, not passed on, no work.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use execution::CheckedTransaction;
use replica::wire::{Message, Shared};
use replica::{Event, GossipToken, GossipVerdict, Offence, Via};
use types::{Amount, Auth, List, PeerKey, TimeMs, Transaction, Witness};

use crate::world::World;

/// An account that owns nothing.
const PAUPER: u8 = 77;
/// Most that is admitted at once.
const SLICE: usize = 256;

fn world() -> World {
    let mut world = World::new(4, 0);
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| world.height(0) >= 2));
    world
}

/// Lets everything happen that takes no time.
fn at_once(world: &mut World) {
    world.run(0, |_| false);
}

/// A stranger gossips transactions to node 0, which says at once what becomes of them.
fn gossip(world: &mut World, all: &[Arc<CheckedTransaction>]) -> GossipVerdict {
    gossip_raw(world, all.iter().map(|checked| Shared(checked.transaction.clone())).collect())
}

fn gossip_raw(world: &mut World, all: Vec<Shared<Transaction>>) -> GossipVerdict {
    let message = Message::Transactions(List::new(all).expect("no more than a message holds"));
    let token = GossipToken(world.verdicts.len() as u64 + 1);
    world.happen(0, Event::Message { from: PeerKey([99; 32]), via: Via::Gossip(token), message });
    at_once(world);
    let (of, verdict) = *world.verdicts.last().expect("a verdict");
    assert_eq!(of, token);
    verdict
}

/// What no block can take now, and what it is called.
fn worthless(world: &World, number: u64) -> Vec<(Arc<CheckedTransaction>, &'static str)> {
    let now = world.now.unix_ms;
    let amount = u128::from(number) + 1;
    vec![
        (world.signed(PAUPER, 1, 0, amount, |_| {}), "insufficient_funds"),
        (world.signed(PAUPER, 1, 0, amount, |body| body.fee_max = Amount::ZERO), "fee_max_too_low"),
        (world.signed(7, 1, 0, amount, |body| body.fee_max = Amount(1)), "fee_max_too_low"),
        (world.signed(7, 1, 0, amount, |body| body.valid_until = TimeMs::MAX), "valid_too_long"),
        (world.signed(7, 1, 0, amount, |body| body.valid_until = TimeMs(now + 86_400_000 + 1_000)), "valid_too_long"),
        (world.signed(7, 1, 0, amount, |body| body.valid_until = TimeMs(now - 1)), "expired"),
        (world.signed(7, 1, 0, amount, |body| body.tip = Amount(1_000_000_000)), "insufficient_funds"),
        (world.signed(7, 1, 0, amount, |body| body.tip = Amount::MAX), "insufficient_funds"),
        (world.signed(7, 1, 900, amount, |_| {}), "nonce_gap"),
    ]
}

// FAULTS HT1, HB1
#[test]
fn what_no_block_can_take_is_refused_by_name_and_an_idle_network_stays_idle_under_it() {
    let mut world = world();
    let before = world.height(0);
    for number in 0..40 {
        for (transaction, name) in worthless(&world, number) {
            world.results.clear();
            (0..4).for_each(|place| world.submit(place, vec![transaction.clone()]));
            at_once(&mut world);
            let names: Vec<_> = world.results.iter().map(|result| result.map_err(|reject| reject.name())).collect();
            assert_eq!(names, [Err(name); 4]);
        }
        world.run(250, |_| false);
    }
    let blocks = world.height(0) - before;
    assert!(blocks <= 7, "{blocks} blocks in 10 s, where one in two seconds is due");
    // The account's nonce is free, and a transfer without a tip becomes final.
    let id = world.transfer(0, 7, 1, 0, 5);
    assert!(world.run(1_000, |world| (0..4).all(|place| world.includes(place, id))));
    world.assert_agreement();
}

// FAULTS HB2
#[test]
fn gossip_is_passed_on_only_when_the_pool_took_it_and_held_against_nobody_but_for_its_form() {
    let mut world = world();
    let good = world.signed(1, 2, 0, 5, |_| {});
    assert_eq!(gossip(&mut world, std::slice::from_ref(&good)), GossipVerdict::Accept);
    assert_eq!(gossip(&mut world, std::slice::from_ref(&good)), GossipVerdict::Ignore, "it is known");
    for (transaction, name) in worthless(&world, 0) {
        assert_eq!(gossip(&mut world, &[transaction]), GossipVerdict::Ignore, "{name}");
    }
    let gapped = world.signed(2, 1, 1, 5, |_| {});
    assert_eq!(gossip(&mut world, &[gapped]), GossipVerdict::Ignore, "it waits for another one");
    assert!(world.run(10_000, |world| (0..4).all(|place| world.includes(place, good.id))));
    assert_eq!(gossip(&mut world, &[good]), GossipVerdict::Ignore, "it is final");
    assert_eq!(world.offences, []);
}

// FAULTS HB2
#[test]
fn a_wrong_signature_among_good_ones_is_rejected_and_held_against_who_passes_it_on() {
    let mut world = World::new(4, 1);
    (0..5).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| world.height(0) >= 2));
    world.criminal = Some(4);
    world.verdicts.clear();
    let (good, other) = (world.signed(1, 2, 0, 5, |_| {}), world.signed(2, 2, 0, 5, |_| {}));
    let mut bent = Transaction::clone(&other.transaction);
    let [Auth::Single { key, mut signature }] = bent.witness.auths[..] else { panic!("one signature") };
    signature.0[40] ^= 1;
    bent.witness = Witness { auths: List::new(vec![Auth::Single { key, signature }]).expect("one") };
    let all = [Shared(good.transaction.clone()), Shared(Arc::new(bent))];
    let message = Message::Transactions(List::new(all.to_vec()).expect("two"));
    world.happen(0, Event::Message { from: PeerKey([5; 32]), via: Via::Gossip(GossipToken(1)), message });
    at_once(&mut world);
    assert_eq!(world.verdicts, [(GossipToken(1), GossipVerdict::Reject)]);
    assert_eq!(world.offences, [Offence::InvalidTransaction]);
}

/// What node 0 pushes to node 3, by number of transactions.
fn watch(world: &mut World) -> Rc<RefCell<Vec<Vec<Transaction>>>> {
    let pushes = Rc::new(RefCell::new(Vec::new()));
    let seen = pushes.clone();
    world.post = Some(Box::new(move |from, to, message| {
        if let Message::Transactions(transactions) = message
            && (from, to) == (0, 3)
        {
            seen.borrow_mut().push(transactions.iter().map(|shared| Transaction::clone(shared)).collect());
        }
        true
    }));
    pushes
}

// FAULTS HB2
#[test]
fn of_one_good_and_99_worthless_ones_only_the_good_one_goes_on() {
    let mut world = world();
    let pushes = watch(&mut world);
    let good = world.signed(1, 2, 0, 5, |_| {});
    let mut all: Vec<_> = (0..11).flat_map(|number| worthless(&world, number)).map(|(all, _)| all).collect();
    all.insert(60, good.clone());
    assert_eq!(all.len(), 100);
    assert_eq!(gossip(&mut world, &all), GossipVerdict::Ignore);
    world.run(20, |_| false);
    assert_eq!(*pushes.borrow(), [vec![Transaction::clone(&good.transaction)]]);
    assert!(world.run(10_000, |world| (0..4).all(|place| world.includes(place, good.id))));
}

// FAULTS HB2
#[test]
fn what_waited_for_a_missing_nonce_goes_on_when_that_comes() {
    let mut world = world();
    let pushes = watch(&mut world);
    let [first, second] = [0, 1].map(|nonce| world.signed(1, 2, nonce, 5, |_| {}));
    assert_eq!(gossip(&mut world, std::slice::from_ref(&second)), GossipVerdict::Ignore);
    world.run(20, |_| false);
    assert_eq!(*pushes.borrow(), Vec::<Vec<Transaction>>::new());
    assert_eq!(gossip(&mut world, &[first]), GossipVerdict::Accept);
    world.run(20, |_| false);
    assert_eq!(*pushes.borrow(), [vec![Transaction::clone(&second.transaction)]]);
}

// FAULTS HA11
#[test]
fn a_thousand_submitted_at_once_are_admitted_slice_by_slice_and_answered_together() {
    let mut world = World::paced(4, 0, Some(1_900));
    (0..4).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| world.height(0) >= 2), "and no block follows for a while");
    let cheap = |body: &mut types::TransactionBody| body.fee_max = Amount(1_000_000);
    let all = (0..1_000_u64).map(|number| world.signed(1 + (number % 5) as u8, 9, number / 5, 1, cheap));
    let all: Vec<_> = all.collect();
    world.results.clear();
    world.submit(0, all);
    at_once(&mut world);
    assert_eq!((world.kept(0).transactions, world.results.len()), (SLICE, 0), "no more before the clock turns");
    world.run(1, |_| false);
    assert_eq!((world.kept(0).transactions, world.results.len()), (2 * SLICE, 0));
    world.run(3, |_| false);
    assert!(world.results.len() == 1_000 && world.results.iter().all(Result::is_ok));
}

// FAULTS HA11, HB7
#[test]
fn what_clients_may_have_waiting_is_bounded_and_who_is_too_much_is_told_at_once() {
    let mut world = world();
    let some: Vec<_> = (0..1_000).map(|_| world.signed(PAUPER, 9, 0, 1, |_| {})).collect();
    world.results.clear();
    (0..40).for_each(|_| world.submit(0, some.clone()));
    at_once(&mut world);
    let busy = world.results.iter().filter(|result| matches!(result, Err(mempool::PoolReject::Busy))).count();
    assert_eq!((busy, world.results.len()), (7_000, 7_000), "32,768 wait beside the first slice; the rest comes again");
    world.run(1_000, |world| world.results.len() == 40_000);
    assert_eq!(world.results.len(), 40_000);
}

// FAULTS HB6
#[test]
fn what_leaves_the_pool_leaves_all_that_was_known_of_it() {
    let mut world = world();
    // Nobody hears of them, so that they expire at node 0.
    world.post = Some(Box::new(|_, _, message| !matches!(message, Message::Transactions(_) | Message::Sketch(_))));
    let until = TimeMs(world.now.unix_ms + 3_000);
    let all: Vec<_> = (1..200).map(|nonce| world.signed(1, 9, nonce, 1, |body| body.valid_until = until)).collect();
    for checked in &all {
        world.submit(0, vec![checked.clone()]);
    }
    world.run(20, |_| false);
    let kept = world.kept(0);
    assert!(kept.transactions > 60 && kept.short_ids == kept.transactions, "{kept:?}");
    world.run(20_000, |_| false);
    assert_eq!((world.kept(0).transactions, world.kept(0).short_ids), (0, 0));
}
