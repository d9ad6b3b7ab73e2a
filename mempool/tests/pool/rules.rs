//! One rule, one test.

use std::sync::Arc;

use mempool::{
    CandidateLimits, ENTRY_OVERHEAD_BYTES, Inserted, Mempool, MempoolStatus, PoolLimits, PoolReject, PoolTransaction,
    Removal, Source,
};
use types::{Address, Amount, Hash32, Nonce, PeerKey, TimeMs, Weight};

use crate::world::{Draft, NOW, World, address, draft};

const ALL: CandidateLimits = CandidateLimits { count: usize::MAX, bytes: usize::MAX, weight: u64::MAX };

fn pool(limits: PoolLimits) -> Mempool {
    Mempool::new(limits)
}

fn insert(pool: &mut Mempool, world: &World, draft: Draft) -> Result<Inserted, PoolReject> {
    pool.insert(draft.make(), Source::Own, world)
}

/// Ids of what was replaced or evicted.
fn ids<'t>(gone: impl IntoIterator<Item = &'t Arc<PoolTransaction>>) -> Vec<Hash32> {
    gone.into_iter().map(|gone| gone.id).collect()
}

/// What a block with these transactions removes.
fn block(pool: &mut Mempool, included: &[(Address, Nonce, Hash32)], world: &World) -> Vec<(Hash32, Removal)> {
    pool.on_block(included, world).into_iter().map(|(gone, why)| (gone.id, why)).collect()
}

/// Sender and nonce of all candidates.
fn order(pool: &Mempool, limits: CandidateLimits, skip: &[Hash32]) -> Vec<(u8, u64)> {
    let found = pool.candidates(limits, &|id| skip.contains(id));
    found.iter().map(|transaction| (transaction.sender.0[0], transaction.nonce.0)).collect()
}

#[test]
fn candidates_come_by_tip_per_weight_and_each_senders_by_nonce() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    for draft in [
        draft(1, 0, 10),
        draft(1, 1, 900),
        draft(2, 0, 500),
        draft(2, 1, 5),
        draft(3, 0, 500),
        Draft { weight: 10_000, ..draft(4, 0, 4_000) },
        draft(5, 1, 9_000),
    ] {
        insert(&mut pool, &world, draft).unwrap();
    }
    // 5 waits for its first nonce; 2 came before 3 with the same tip; 4 weighs ten times as much.
    assert_eq!(order(&pool, ALL, &[]), [(2, 0), (3, 0), (4, 0), (1, 0), (1, 1), (2, 1)]);
    let skipped = [draft(1, 0, 10).id(), draft(2, 0, 500).id()];
    assert_eq!(order(&pool, ALL, &skipped), [(3, 0), (4, 0), (1, 1), (2, 1)]);
    let few = CandidateLimits { count: 2, ..ALL };
    assert_eq!(order(&pool, few, &[]), [(2, 0), (3, 0)]);
    let light = CandidateLimits { weight: 3_000, ..ALL };
    assert_eq!(order(&pool, light, &[]), [(2, 0), (3, 0), (1, 0)], "what does not fit lets others pass");
    let short = CandidateLimits { bytes: 999, ..ALL };
    assert_eq!(order(&pool, short, &[]).len(), 4);
}

// FAULTS M3
#[test]
fn a_nonce_gap_waits_within_the_bound_and_names_the_missing_nonce_beyond_it() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    insert(&mut pool, &world, draft(1, 0, 1)).unwrap();
    let waits = insert(&mut pool, &world, draft(1, 65, 1)).unwrap();
    assert_eq!(waits.waits_for, Some(Nonce(1)));
    for nonce in [66, 1_000, u64::MAX] {
        let refused = insert(&mut pool, &world, draft(1, nonce, 1)).unwrap_err();
        assert_eq!(refused, PoolReject::NonceGap { nonce: Nonce(nonce), missing: Nonce(1) });
        assert!(refused.to_string().contains("nonce 1 is missing"));
    }
    assert_eq!(pool.status().executable, 1);
    for nonce in 1..65 {
        insert(&mut pool, &world, draft(1, nonce, 1)).unwrap();
    }
    assert_eq!((pool.status().executable, pool.pending_nonce(&address(1), Nonce(0))), (66, Nonce(66)));
}

// FAULTS M3
#[test]
fn a_flood_of_future_nonces_keeps_to_the_senders_bound() {
    let (mut pool, world) = (pool(PoolLimits { per_sender_max: 16, ..PoolLimits::default() }), World::default());
    for nonce in (0..100_000).rev() {
        let _ = insert(&mut pool, &world, draft(1, nonce, 1));
    }
    assert_eq!(pool.status().transactions, 16);
    assert_eq!(order(&pool, ALL, &[]), (0..16).map(|nonce| (1, nonce)).collect::<Vec<_>>(), "gaps can be filled");
    let refused = insert(&mut pool, &world, draft(1, 16, 1)).unwrap_err();
    assert_eq!(refused, PoolReject::SenderLimit { count: 16 });
}

// FAULTS M3
#[test]
fn the_last_nonce_of_all_overflows_nothing_and_is_refused_as_no_block_takes_it() {
    let mut world = World::default();
    world.nonces.insert(address(1), Nonce(u64::MAX));
    let mut pool = pool(PoolLimits::default());
    let refused = insert(&mut pool, &world, draft(1, u64::MAX, 1)).unwrap_err();
    assert_eq!(refused, PoolReject::NonceGap { nonce: Nonce::MAX, missing: Nonce::MAX });
    let refused = insert(&mut pool, &world, draft(1, 7, 1)).unwrap_err();
    assert_eq!(refused, PoolReject::NonceTooLow { nonce: Nonce(7), expected: Nonce(u64::MAX) });
}

// FAULTS M3
#[test]
fn of_two_transactions_with_one_nonce_exactly_one_stays_and_the_second_needs_a_tenth_more() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    insert(&mut pool, &world, draft(1, 0, 1_000)).unwrap();
    for tip in [0, 999, 1_001, 1_099] {
        let refused = insert(&mut pool, &world, draft(1, 0, tip)).unwrap_err();
        assert_eq!(refused, PoolReject::ReplacementUnderpriced { nonce: Nonce(0), tip_min: Amount(1_100) });
    }
    let salted = Draft { salt: 1, ..draft(1, 0, 1_000) };
    assert!(matches!(insert(&mut pool, &world, salted), Err(PoolReject::ReplacementUnderpriced { .. })));
    let heavier = Draft { weight: 2_000, ..draft(1, 0, 2_199) };
    let refused = insert(&mut pool, &world, heavier).unwrap_err();
    assert_eq!(refused, PoolReject::ReplacementUnderpriced { nonce: Nonce(0), tip_min: Amount(2_200) });
    let done = insert(&mut pool, &world, draft(1, 0, 1_100)).unwrap();
    assert_eq!(ids(&done.replaced), [draft(1, 0, 1_000).id()]);
    assert_eq!(pool.status().transactions, 1);
    assert!(pool.get(&draft(1, 0, 1_000).id()).is_none() && pool.get(&draft(1, 0, 1_100).id()).is_some());
}

#[test]
fn a_tip_of_nothing_is_replaced_by_the_least_tip_that_counts() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    insert(&mut pool, &world, draft(1, 0, 0)).unwrap();
    let again = Draft { salt: 1, ..draft(1, 0, 0) };
    let refused = insert(&mut pool, &world, again).unwrap_err();
    assert_eq!(refused, PoolReject::ReplacementUnderpriced { nonce: Nonce(0), tip_min: Amount(1) });
    insert(&mut pool, &world, draft(1, 0, 1)).unwrap();
}

#[test]
fn the_same_transaction_is_known_whatever_its_witness() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    insert(&mut pool, &world, draft(1, 0, 5)).unwrap();
    let mut swapped = draft(1, 0, 5).make();
    swapped.wid = Hash32([0x55; 32]);
    assert_eq!(pool.insert(swapped, Source::Own, &world), Err(PoolReject::AlreadyKnown));
    assert_eq!(pool.get(&draft(1, 0, 5).id()).unwrap().wid, draft(1, 0, 5).wid(), "what came first stays");
}

#[test]
fn block_time_expires_transactions_on_entry_and_later() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    let late = Draft { valid_until: 99, ..draft(1, 0, 5) };
    let refused = insert(&mut pool, &world, late).unwrap_err();
    assert_eq!(refused, PoolReject::Expired { valid_until: TimeMs(99), now: NOW });
    insert(&mut pool, &world, Draft { valid_until: 100, ..draft(1, 0, 5) }).unwrap();
    insert(&mut pool, &world, draft(1, 1, 5)).unwrap();
    assert_eq!(block(&mut pool, &[], &world), []);
    assert_eq!(block(&mut pool, &[], &world.at(101)), [(draft(1, 0, 5).id(), Removal::Expired)]);
    assert_eq!(order(&pool, ALL, &[]), [], "what came after it waits");
    assert_eq!(block(&mut pool, &[], &world.at(5_000)).len(), 1);
    assert_eq!(pool.status(), MempoolStatus::default());
}

// FAULTS M4
#[test]
fn a_payer_pays_for_everything_it_has_waiting_or_for_nothing_more() {
    let mut world = World::default();
    world.funds.insert(address(1), Amount(2_200));
    world.funds.insert(address(9), Amount(1_000));
    let mut pool = pool(PoolLimits::default());
    insert(&mut pool, &world, draft(1, 0, 100)).unwrap();
    let refused = insert(&mut pool, &world, draft(1, 1, 101)).unwrap_err();
    assert_eq!(refused, PoolReject::InsufficientFunds { needed: Amount(2_201), spendable: Amount(2_200) });
    insert(&mut pool, &world, draft(1, 1, 100)).unwrap();
    assert!(insert(&mut pool, &world, draft(1, 0, 200)).is_err(), "a replacement frees only what it replaces");
    assert!(insert(&mut pool, &world, Draft { fee_max: 900, ..draft(1, 0, 200) }).is_ok());
    for (fee_max, tip) in [(u128::MAX, 1), (1, u128::MAX), (u128::MAX, u128::MAX), (u128::MAX, 0)] {
        let huge = Draft { fee_max, tip, ..draft(2, 0, 0) };
        assert!(matches!(insert(&mut pool, &world, huge), Err(PoolReject::InsufficientFunds { .. })));
    }
    let paid = Draft { payer: Some(9), fee_max: 900, ..draft(3, 0, 100) };
    insert(&mut pool, &world, paid).unwrap();
    let also = Draft { payer: Some(9), fee_max: 0, ..draft(4, 0, 1) };
    assert!(matches!(insert(&mut pool, &world, also), Err(PoolReject::InsufficientFunds { .. })));
}

#[test]
fn a_block_removes_what_it_includes_and_what_it_makes_useless() {
    let mut world = World::default();
    let mut pool = pool(PoolLimits::default());
    for nonce in 0..4 {
        insert(&mut pool, &world, draft(1, nonce, 50)).unwrap();
        insert(&mut pool, &world, draft(2, nonce, 50)).unwrap();
    }
    // Nonce 1 of the first sender was replaced elsewhere, and the block spent what its last one needs.
    world.nonces.insert(address(1), Nonce(2));
    world.funds.insert(address(1), Amount(1_500));
    world.funds.insert(address(2), Amount(0));
    let included = [(address(1), Nonce(0), draft(1, 0, 50).id()), (address(1), Nonce(1), Hash32([9; 32]))];
    let removed = block(&mut pool, &included, &world);
    let expected = [
        (draft(1, 0, 50).id(), Removal::Included),
        (draft(1, 1, 50).id(), Removal::Stale),
        (draft(1, 3, 50).id(), Removal::Unfunded),
    ];
    assert_eq!(removed, expected);
    assert_eq!(order(&pool, ALL, &[]).len(), 5, "accounts that the block did not touch are not looked at");
}

// FAULTS M6
#[test]
fn a_full_pool_takes_only_what_is_worth_more_and_drops_from_the_end_of_the_worst_queue() {
    let full = PoolLimits { count_max: 4, ..PoolLimits::default() };
    let (mut pool, world) = (pool(full), World::default());
    for draft in [draft(1, 0, 10), draft(1, 1, 9_000), draft(2, 0, 20), draft(3, 0, 30)] {
        insert(&mut pool, &world, draft).unwrap();
    }
    assert_eq!(insert(&mut pool, &world, draft(4, 0, 10)), Err(PoolReject::PoolFull), "an equal one is not better");
    assert_eq!(insert(&mut pool, &world, draft(1, 2, 9_000)), Err(PoolReject::PoolFull), "its own queue is no victim");
    assert_eq!(insert(&mut pool, &world, draft(4, 1, 9_000)), Err(PoolReject::PoolFull), "what waits is worth less");
    // A good tip behind a bad one protects neither: the queue of 1 goes from its end.
    let done = insert(&mut pool, &world, draft(4, 0, 15)).unwrap();
    assert_eq!(ids(&done.evicted), [draft(1, 1, 9_000).id()]);
    let done = insert(&mut pool, &world, draft(4, 1, 15)).unwrap();
    assert_eq!(ids(&done.evicted), [draft(1, 0, 10).id()]);
    assert_eq!(insert(&mut pool, &world, draft(5, 0, 15)), Err(PoolReject::PoolFull));
    let done = insert(&mut pool, &world, draft(5, 0, 16)).unwrap();
    assert_eq!(ids(&done.evicted), [draft(4, 1, 15).id()], "of equals the newest goes");
    assert_eq!(order(&pool, ALL, &[]), [(3, 0), (2, 0), (5, 0), (4, 0)]);
}

// FAULTS M6
#[test]
fn a_large_transaction_evicts_several_or_none() {
    let entry = ENTRY_OVERHEAD_BYTES + 200;
    let (mut pool, world) = (pool(PoolLimits { bytes_max: 10 * entry, ..PoolLimits::default() }), World::default());
    for sender in 0..10 {
        insert(&mut pool, &world, draft(sender, 0, u128::from(sender) * 10)).unwrap();
    }
    let length = u32::try_from(3 * entry - ENTRY_OVERHEAD_BYTES).unwrap();
    let large = |tip| Draft { length, ..draft(100, 0, tip) };
    assert_eq!(insert(&mut pool, &world, large(20)), Err(PoolReject::PoolFull));
    assert_eq!(pool.status().transactions, 10, "a refusal evicts nothing");
    let done = insert(&mut pool, &world, large(21)).unwrap();
    assert_eq!(ids(&done.evicted), [0, 1, 2].map(|sender| draft(sender, 0, u128::from(sender) * 10).id()));
    assert_eq!(pool.status().bytes, 10 * entry);
}

// FAULTS M6
#[test]
fn one_peer_fills_only_its_share() {
    let entry = ENTRY_OVERHEAD_BYTES + 200;
    let (mut pool, world) =
        (pool(PoolLimits { per_peer_bytes_max: 3 * entry, ..PoolLimits::default() }), World::default());
    let from = |number| Source::Peer(PeerKey([number; 32]));
    for sender in 0..3 {
        pool.insert(draft(sender, 0, 5).make(), from(1), &world).unwrap();
    }
    let refused = pool.insert(draft(3, 0, 9_000).make(), from(1), &world).unwrap_err();
    assert_eq!(refused, PoolReject::PeerLimit { bytes: 3 * entry });
    pool.insert(draft(0, 0, 10).make(), from(1), &world).unwrap();
    pool.insert(draft(3, 0, 5).make(), from(2), &world).unwrap();
    pool.insert(draft(4, 0, 5).make(), Source::Own, &world).unwrap();
    world_after(&mut pool, &[(1, 0, 5)]);
    pool.insert(draft(5, 0, 5).make(), from(1), &world).unwrap();
}

fn world_after(pool: &mut Mempool, included: &[(u8, u64, u128)]) {
    let mut world = World::default();
    let mut list = Vec::new();
    for (sender, nonce, tip) in included {
        world.nonces.insert(address(*sender), Nonce(nonce + 1));
        list.push((address(*sender), Nonce(*nonce), draft(*sender, *nonce, *tip).id()));
    }
    pool.on_block(&list, &world);
}

#[test]
fn every_reject_has_a_stable_name_and_a_sentence() {
    let nonce = Nonce(4);
    for (reject, name) in [
        (PoolReject::AlreadyKnown, "already_known"),
        (PoolReject::NonceTooLow { nonce, expected: nonce }, "nonce_too_low"),
        (PoolReject::NonceGap { nonce, missing: nonce }, "nonce_gap"),
        (PoolReject::ReplacementUnderpriced { nonce, tip_min: Amount(1) }, "replacement_underpriced"),
        (PoolReject::PoolFull, "pool_full"),
        (PoolReject::SenderLimit { count: 1 }, "sender_limit"),
        (PoolReject::PeerLimit { bytes: 1 }, "peer_limit"),
        (PoolReject::Expired { valid_until: NOW, now: NOW }, "expired"),
        (PoolReject::FeeMaxTooLow { fee: Amount(2), fee_max: Amount(1) }, "fee_max_too_low"),
        (PoolReject::ValidTooLong { valid_until: TimeMs(9), latest: NOW }, "valid_too_long"),
        (PoolReject::TooLong, "too_long"),
        (PoolReject::TooHeavy { weight: Weight(1) }, "too_heavy"),
        (PoolReject::Busy, "busy"),
        (PoolReject::InsufficientFunds { needed: Amount(2), spendable: Amount(1) }, "insufficient_funds"),
    ] {
        assert_eq!(reject.name(), name);
        assert!(reject.to_string().len() > 20);
    }
}

// FAULTS HB1
#[test]
fn what_cannot_pay_the_price_is_refused_and_what_no_longer_can_steps_aside_until_it_can_again() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default().priced(1));
    let refused = insert(&mut pool, &world, Draft { fee_max: 999, ..draft(1, 0, 5) }).unwrap_err();
    assert_eq!(refused, PoolReject::FeeMaxTooLow { fee: Amount(1_000), fee_max: Amount(999) });
    insert(&mut pool, &world, Draft { fee_max: 2_000, ..draft(1, 0, 9_000) }).unwrap();
    insert(&mut pool, &world, Draft { fee_max: 9_000, ..draft(1, 1, 9_000) }).unwrap();
    insert(&mut pool, &world, Draft { fee_max: 3_000, ..draft(2, 0, 0) }).unwrap();
    assert_eq!(block(&mut pool, &[], &world.priced(3)), []);
    assert_eq!(
        order(&pool, ALL, &[]),
        [(2, 0)],
        "a tip that cannot be paid outranks nothing, nor does what follows it"
    );
    assert_eq!((pool.status().executable, pool.status().transactions), (1, 3));
    assert_eq!(block(&mut pool, &[], &world.priced(4)), []);
    assert_eq!(pool.status().executable, 0, "nothing that could be included is no work");
    assert_eq!(block(&mut pool, &[], &world.priced(2)), []);
    assert_eq!(order(&pool, ALL, &[]), [(1, 0), (1, 1), (2, 0)]);
}

// FAULTS HB1
#[test]
fn what_cannot_pay_for_ten_minutes_is_dropped_and_what_could_in_between_starts_anew() {
    let minute = 60_000;
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    let later = |sender, fee_max| Draft { valid_until: u64::MAX, fee_max, ..draft(sender, 0, 5) };
    insert(&mut pool, &world, later(1, 1_000)).unwrap();
    insert(&mut pool, &world, later(2, 2_000)).unwrap();
    assert_eq!(block(&mut pool, &[], &world.priced(3)), []);
    assert_eq!(block(&mut pool, &[], &world.at(5 * minute).priced(2)), []);
    assert_eq!(block(&mut pool, &[], &world.at(6 * minute).priced(3)), []);
    let gone = block(&mut pool, &[], &world.at(10 * minute + NOW.0 + 1).priced(3));
    assert_eq!(gone, [(later(1, 1_000).id(), Removal::Underpriced)]);
    assert_eq!(block(&mut pool, &[], &world.at(16 * minute).priced(3)), []);
    let gone = block(&mut pool, &[], &world.at(16 * minute + 1).priced(3));
    assert_eq!(gone, [(later(2, 2_000).id(), Removal::Underpriced)]);
    assert_eq!(pool.status(), MempoolStatus::default());
}

// FAULTS HT1
#[test]
fn a_nonce_held_by_what_cannot_pay_is_freed_by_anything_that_can() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    let (old, new) = (draft(1, 0, 9_000), Draft { fee_max: 5_000, ..draft(1, 0, 0) });
    insert(&mut pool, &world, old).unwrap();
    assert!(matches!(insert(&mut pool, &world, new), Err(PoolReject::ReplacementUnderpriced { .. })));
    let done = insert(&mut pool, &world.priced(2), new).unwrap();
    assert_eq!(ids(&done.replaced), [old.id()]);
    assert_eq!(order(&pool, ALL, &[]), [(1, 0)]);
}

// FAULTS HB1
#[test]
fn what_a_proposer_could_not_use_waits_for_the_next_final_block_and_goes_the_third_time() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    let (named, next, other) = (draft(1, 0, 50), draft(1, 1, 50), draft(2, 0, 5));
    for draft in [named, next, other] {
        insert(&mut pool, &world, draft).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(order(&pool, ALL, &[]), [(1, 0), (1, 1), (2, 0)]);
        assert_eq!(pool.set_aside(&[named.id(), Hash32([9; 32])]), []);
        assert_eq!(pool.set_aside(&[named.id()]), [], "once until there is a new final block");
        assert_eq!((order(&pool, ALL, &[]), pool.status().executable), (vec![(2, 0)], 1));
        block(&mut pool, &[], &world);
    }
    let gone: Vec<_> = pool.set_aside(&[named.id()]).into_iter().map(|(gone, why)| (gone.id, why)).collect();
    assert_eq!(gone, [(named.id(), Removal::Unusable)]);
    assert_eq!((order(&pool, ALL, &[]), pool.status().transactions), (vec![(2, 0)], 2));
}

#[test]
fn what_waited_for_a_missing_nonce_is_named_when_that_comes() {
    let (mut pool, world) = (pool(PoolLimits::default()), World::default());
    for nonce in [1, 2, 4] {
        assert_eq!(insert(&mut pool, &world, draft(1, nonce, 5)).unwrap().released, []);
    }
    let done = insert(&mut pool, &world, draft(1, 0, 5)).unwrap();
    assert_eq!(ids(done.released.iter().map(|(released, _)| released)), [draft(1, 1, 5).id(), draft(1, 2, 5).id()]);
    let replaced = insert(&mut pool, &world, draft(1, 0, 9)).unwrap();
    assert_eq!(replaced.released, [], "they were told before");
}

// FAULTS HB7
#[test]
fn a_pool_that_strangers_fill_holds_no_more_bytes_than_its_bound() {
    let limits = PoolLimits { bytes_max: 40_000, ..PoolLimits::default() };
    let (mut pool, world) = (pool(limits), World::default());
    for number in 0..200_u8 {
        for nonce in 0..3 {
            let length = 100 * u32::from(number % 7) + 100;
            let source = Source::Peer(PeerKey([number % 5; 32]));
            let _ = pool.insert(Draft { length, ..draft(number, nonce, u128::from(number)) }.make(), source, &world);
            let held: usize = pool.iter().map(|held| held.length as usize + ENTRY_OVERHEAD_BYTES).sum();
            assert!(held == pool.status().bytes && held <= limits.bytes_max);
        }
    }
    assert!(pool.status().bytes > limits.bytes_max * 9 / 10, "it was full");
}
