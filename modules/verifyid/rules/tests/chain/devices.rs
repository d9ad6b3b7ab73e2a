//! Registering, accepting, handing on, suspending, holding and revoking.

use types::{Amount, TimeMs};
use verifyid::{BuyPlan, DeviceId, Offer, Out, Register, SetLevel, SetPlan, Status, VerifyIdCall, VerifyIdReject};

use crate::harness::{ALICE, AUTHORITY, BOB, CAROL, Chain, DAY_MS, Key, VERIFIER, take};

fn id(key: Key) -> DeviceId {
    DeviceId(key.id())
}

fn register(chain: &mut Chain, sender: usize, owner: usize, key: Key) {
    let call = chain.register(sender, owner, key, 1);
    chain.done(sender, VerifyIdCall::Register(call));
}

#[test]
fn a_device_of_any_algorithm_is_registered_by_its_own_word() {
    let mut chain = Chain::new();
    for key in [Key(0), Key(1), Key(2)] {
        let before = chain.thr(ALICE);
        register(&mut chain, ALICE, ALICE, key);
        assert!(before - chain.thr(ALICE) > 100_000, "the fee of the genesis is burned beside the transaction's");
        let device = chain.device(key);
        assert_eq!((device.level, device.status, device.accepted), (Some(1), Status::Pending, true));
        assert_eq!((device.owner, device.customer), (chain.address(ALICE), chain.address(ALICE)));
        // Whoever registers it again changes nothing, as another device neither.
        let again = chain.register(BOB, BOB, key, 2);
        chain.refused(BOB, VerifyIdCall::Register(again), VerifyIdReject::DeviceExists);
        assert_eq!(chain.device(key), device);
    }
}

#[test]
fn a_devices_word_is_for_one_owner_sender_kind_chain_and_time() {
    let mut chain = Chain::new();
    let good = chain.register(ALICE, BOB, Key(0), 1);
    let other_chain = Chain::with(|numbers| numbers.registration_fee = Amount(1));
    let elsewhere = other_chain.register(ALICE, BOB, Key(0), 1);
    let possession = |register: &Register| register.possession.clone();
    let wrong = VerifyIdReject::WrongPossession;
    for (sender, call) in [
        (ALICE, Register { owner: chain.address(CAROL), ..good.clone() }),
        (CAROL, good.clone()),
        (ALICE, Register { kind: 2, ..good.clone() }),
        (ALICE, Register { valid_until: TimeMs(good.valid_until.0 - 1), ..good.clone() }),
        (ALICE, Register { possession: possession(&elsewhere), ..good.clone() }),
        (ALICE, Register { possession: possession(&chain.register(ALICE, BOB, Key(3), 1)), ..good.clone() }),
        (ALICE, Register { possession: types::ByteString::default(), ..good.clone() }),
    ] {
        chain.refused(sender, VerifyIdCall::Register(call), wrong);
    }
    let long = Register { valid_until: TimeMs(chain.time().0 + DAY_MS + 1), ..good.clone() };
    chain.refused(ALICE, VerifyIdCall::Register(long), VerifyIdReject::StatementTooLong);
    chain.pass(61_000);
    chain.refused(ALICE, VerifyIdCall::Register(good), VerifyIdReject::StatementExpired);
}

#[test]
fn whoever_registers_for_another_pays_and_may_take_a_slip_back_until_it_is_accepted() {
    let mut chain = Chain::new();
    register(&mut chain, ALICE, BOB, Key(0));
    assert_eq!(chain.device(Key(0)).level, Some(0), "its owner has not said yes");
    chain.refused(ALICE, VerifyIdCall::Accept(id(Key(0))), VerifyIdReject::NotOwner);
    chain.done(BOB, VerifyIdCall::Accept(id(Key(0))));
    chain.refused(BOB, VerifyIdCall::Accept(id(Key(0))), VerifyIdReject::AlreadyAccepted);
    assert_eq!(chain.device(Key(0)).level, Some(1));
    let out = |key| VerifyIdCall::Revoke(Out { device: id(key), reason: 3 });
    chain.refused(ALICE, out(Key(0)), VerifyIdReject::NotOwner);
    // Alice counts three; the fourth has no room before she takes one back that was mistyped.
    register(&mut chain, ALICE, CAROL, Key(1));
    register(&mut chain, ALICE, CAROL, Key(2));
    let fourth = chain.register(ALICE, BOB, Key(3), 1);
    chain.refused(ALICE, VerifyIdCall::Register(fourth.clone()), VerifyIdReject::DeviceLimit);
    chain.done(ALICE, out(Key(1)));
    chain.done(ALICE, VerifyIdCall::Register(fourth));
    assert_eq!(chain.device(Key(1)).status, Status::Revoked);
    let back = chain.register(CAROL, CAROL, Key(1), 1);
    chain.refused(CAROL, VerifyIdCall::Register(back), VerifyIdReject::DeviceExists);
}

#[test]
fn a_device_changes_hands_in_two_steps_and_every_right_of_the_former_owner_ends() {
    let mut chain = Chain::new();
    register(&mut chain, ALICE, ALICE, Key(0));
    let device = id(Key(0));
    let far = TimeMs(chain.time().0 + 80 * DAY_MS);
    for level in [3, 4] {
        let set = SetLevel {
            device,
            owner: chain.device(Key(0)).owner,
            rotation: chain.device(Key(0)).rotation,
            seen: chain.time(),
            level,
            until: far,
            evidence: types::Hash32([level; 32]),
        };
        chain.done(AUTHORITY, VerifyIdCall::SetLevel(set));
        assert_eq!(chain.device(Key(0)).level, Some(level));
    }
    // The owner announces a key before it sells.
    let announced = chain.rotate(device, 1, (Key(9), None));
    chain.done(ALICE, VerifyIdCall::Rotate(announced));
    let offer = |chain: &Chain, to: usize, ms: u64| {
        VerifyIdCall::Offer(Offer { device, to: chain.address(to), until: TimeMs(chain.time().0 + ms) })
    };
    chain.refused(BOB, take(device, 0), VerifyIdReject::NoOffer);
    chain.refused(ALICE, VerifyIdCall::Withdraw(device), VerifyIdReject::NoOffer);
    let too_long = offer(&chain, BOB, 7 * DAY_MS + 1_001);
    chain.refused(ALICE, too_long, VerifyIdReject::UntilTooFar);
    let over = offer(&chain, BOB, 0);
    chain.refused(ALICE, over, VerifyIdReject::OfferExpired);
    let not_hers = offer(&chain, BOB, 10_000);
    chain.refused(BOB, not_hers, VerifyIdReject::NotOwner);
    let short = offer(&chain, BOB, 10_000);
    chain.done(ALICE, short);
    chain.refused(CAROL, take(device, 0), VerifyIdReject::NotRecipient);
    chain.pass(20_000);
    chain.refused(BOB, take(device, 0), VerifyIdReject::OfferExpired);
    let again = offer(&chain, BOB, 60_000);
    chain.done(ALICE, again);
    chain.done(ALICE, VerifyIdCall::Withdraw(device));
    chain.refused(BOB, take(device, 0), VerifyIdReject::NoOffer);
    let last = offer(&chain, BOB, 60_000);
    chain.done(ALICE, last);
    chain.done(BOB, take(device, 0));
    let sold = chain.device(Key(0));
    assert_eq!((sold.owner, sold.customer), (chain.address(BOB), chain.address(BOB)));
    assert_eq!((sold.level, sold.status, sold.announced_key), (Some(1), Status::Pending, None));
    assert_eq!([sold.tpm_until, sold.vendor_until, sold.work_until], [TimeMs(0); 3]);
    assert_eq!(verifyid::devices(&chain.view(), &chain.address(ALICE), DeviceId(types::Hash32([0; 32])), 9), []);
    assert_eq!(verifyid::devices(&chain.view(), &chain.address(BOB), DeviceId(types::Hash32([0; 32])), 9), [device]);
    // The former owner's announced key is free again, and the former owner is nobody here.
    let free = chain.register(CAROL, CAROL, Key(9), 1);
    chain.done(CAROL, VerifyIdCall::Register(free));
    chain.refused(ALICE, VerifyIdCall::Revoke(Out { device, reason: 0 }), VerifyIdReject::NotOwner);
    // And a claim from before does not bring it back.
    let old = chain.register(ALICE, ALICE, Key(0), 1);
    chain.refused(ALICE, VerifyIdCall::Register(old), VerifyIdReject::DeviceExists);
}

#[test]
fn whoever_takes_a_device_needs_room_for_it() {
    let mut chain = Chain::new();
    for key in 0..3 {
        register(&mut chain, BOB, BOB, Key(key));
    }
    register(&mut chain, ALICE, ALICE, Key(3));
    let until = TimeMs(chain.time().0 + DAY_MS);
    let offer = Offer { device: id(Key(3)), to: chain.address(BOB), until };
    chain.done(ALICE, VerifyIdCall::Offer(offer));
    chain.refused(BOB, take(id(Key(3)), 0), VerifyIdReject::DeviceLimit);
    let plan = SetPlan { customer: chain.address(BOB), plan: 4, until };
    chain.refused(BOB, VerifyIdCall::SetPlan(plan), VerifyIdReject::NotAuthority);
    chain.refused(AUTHORITY, VerifyIdCall::SetPlan(SetPlan { plan: 8, ..plan }), VerifyIdReject::UnknownPlan);
    chain.done(AUTHORITY, VerifyIdCall::SetPlan(plan));
    chain.done(BOB, take(id(Key(3)), 0));
    // A plan that ends removes nothing; it only leaves no room.
    chain.pass(2 * DAY_MS);
    let more = chain.register(BOB, BOB, Key(4), 1);
    chain.refused(BOB, VerifyIdCall::Register(more), VerifyIdReject::DeviceLimit);
    assert_eq!(chain.device(Key(3)).level, Some(1));
}

#[test]
fn only_the_authority_suspends_and_only_reinstating_or_revoking_ends_it() {
    let mut chain = Chain::new();
    register(&mut chain, ALICE, ALICE, Key(0));
    let device = id(Key(0));
    let far = TimeMs(chain.time().0 + 60 * DAY_MS);
    let set = SetLevel {
        device,
        owner: chain.device(Key(0)).owner,
        rotation: chain.device(Key(0)).rotation,
        seen: chain.time(),
        level: 3,
        until: far,
        evidence: types::Hash32([3; 32]),
    };
    chain.refused(ALICE, VerifyIdCall::SetLevel(set), VerifyIdReject::NotAuthority);
    let too_far = SetLevel { until: TimeMs(far.0 + 60 * DAY_MS), ..set };
    chain.refused(AUTHORITY, VerifyIdCall::SetLevel(too_far), VerifyIdReject::UntilTooFar);
    for other in [SetLevel { rotation: 1, ..set }, SetLevel { owner: chain.address(BOB), ..set }] {
        chain.refused(AUTHORITY, VerifyIdCall::SetLevel(other), VerifyIdReject::DeviceChanged);
    }
    // Nor what was seen before the device came, or at a time that has not come.
    let before = TimeMs(chain.device(Key(0)).registered.0 - 1);
    for seen in [before, TimeMs(chain.time().0 + 10_000)] {
        let set = SetLevel { seen, ..set };
        chain.refused(AUTHORITY, VerifyIdCall::SetLevel(set), VerifyIdReject::DeviceChanged);
    }
    chain.done(AUTHORITY, VerifyIdCall::SetLevel(set));
    let out = Out { device, reason: 7 };
    chain.refused(ALICE, VerifyIdCall::Suspend(out), VerifyIdReject::NotAuthority);
    chain.refused(AUTHORITY, VerifyIdCall::Reinstate(device), VerifyIdReject::NotSuspended);
    chain.done(AUTHORITY, VerifyIdCall::Suspend(out));
    assert_eq!((chain.device(Key(0)).level, chain.device(Key(0)).reason), (None, 7));
    let until = TimeMs(chain.time().0 + DAY_MS);
    let offer = VerifyIdCall::Offer(Offer { device, to: chain.address(BOB), until });
    for (user, call) in [
        (ALICE, offer),
        (AUTHORITY, VerifyIdCall::Suspend(out)),
        (AUTHORITY, VerifyIdCall::SetLevel(set)),
        (VERIFIER, VerifyIdCall::Hold(device)),
    ] {
        chain.refused(user, call, VerifyIdReject::Suspended);
    }
    // The device may still get another key, and stays suspended.
    let rotate = chain.rotate(device, 1, (Key(6), Some(Key(0))));
    chain.done(ALICE, VerifyIdCall::Rotate(rotate));
    assert_eq!((chain.device(Key(0)).status, chain.device(Key(0)).rotation), (Status::Suspended, 1));
    chain.refused(ALICE, VerifyIdCall::Reinstate(device), VerifyIdReject::NotAuthority);
    chain.done(AUTHORITY, VerifyIdCall::Reinstate(device));
    assert_eq!((chain.device(Key(0)).level, chain.device(Key(0)).status), (Some(1), Status::Pending));
    chain.done(AUTHORITY, VerifyIdCall::Revoke(out));
    let rotate = chain.rotate(device, 2, (Key(9), Some(Key(6))));
    for (user, call) in [
        (ALICE, VerifyIdCall::Rotate(rotate)),
        (ALICE, VerifyIdCall::Accept(device)),
        (ALICE, VerifyIdCall::Withdraw(device)),
        (ALICE, take(device, 0)),
        (ALICE, VerifyIdCall::Revoke(out)),
        (AUTHORITY, VerifyIdCall::Reinstate(device)),
        (AUTHORITY, VerifyIdCall::Suspend(out)),
        (AUTHORITY, VerifyIdCall::SetLevel(set)),
        (VERIFIER, VerifyIdCall::Hold(device)),
    ] {
        chain.refused(user, call, VerifyIdReject::Revoked);
    }
    assert_eq!(chain.device(Key(0)).level, None);
}

#[test]
fn a_level_lapses_by_itself_and_goes_on_after_a_suspension() {
    let mut chain = Chain::new();
    register(&mut chain, ALICE, ALICE, Key(0));
    let device = id(Key(0));
    let now = chain.time().0;
    for (level, days) in [(3, 20), (4, 10)] {
        let until = TimeMs(now + days * DAY_MS);
        let set = SetLevel {
            device,
            owner: chain.device(Key(0)).owner,
            rotation: chain.device(Key(0)).rotation,
            seen: chain.time(),
            level,
            until,
            evidence: types::Hash32([level; 32]),
        };
        chain.done(AUTHORITY, VerifyIdCall::SetLevel(set));
    }
    assert_eq!(chain.device(Key(0)).level, Some(4));
    chain.done(AUTHORITY, VerifyIdCall::Suspend(Out { device, reason: 1 }));
    chain.pass(10 * DAY_MS);
    chain.done(AUTHORITY, VerifyIdCall::Reinstate(device));
    assert_eq!(chain.device(Key(0)).level, Some(3), "the maker's certificate has lapsed meanwhile");
    let of_before = SetLevel {
        device,
        owner: chain.device(Key(0)).owner,
        rotation: 0,
        seen: TimeMs(now),
        level: 4,
        until: TimeMs(chain.time().0 + DAY_MS),
        evidence: types::Hash32([4; 32]),
    };
    chain.refused(AUTHORITY, VerifyIdCall::SetLevel(of_before), VerifyIdReject::DeviceChanged);
    chain.pass(10 * DAY_MS);
    assert_eq!(chain.device(Key(0)).level, Some(1));
}

#[test]
fn a_verifier_holds_a_device_for_a_day_once_a_week_whoever_it_is() {
    let mut chain = Chain::new();
    register(&mut chain, ALICE, ALICE, Key(0));
    let device = id(Key(0));
    chain.refused(BOB, VerifyIdCall::Hold(device), VerifyIdReject::NotVerifier);
    let second = VerifyIdCall::SetVerifier { verifier: chain.address(BOB), listed: true };
    chain.refused(BOB, second.clone(), VerifyIdReject::NotAuthority);
    chain.done(AUTHORITY, second);
    chain.done(VERIFIER, VerifyIdCall::Hold(device));
    assert_eq!(chain.device(Key(0)).level, None);
    chain.refused(BOB, VerifyIdCall::Hold(device), VerifyIdReject::HoldUsed);
    chain.pass(DAY_MS);
    assert_eq!(chain.device(Key(0)).level, Some(1), "it lapses by itself");
    chain.pass(5 * DAY_MS);
    chain.refused(BOB, VerifyIdCall::Hold(device), VerifyIdReject::HoldUsed);
    // Neither another owner nor another key makes it new.
    let offer = Offer { device, to: chain.address(CAROL), until: TimeMs(chain.time().0 + 60_000) };
    chain.done(ALICE, VerifyIdCall::Offer(offer));
    chain.done(CAROL, take(device, 0));
    let rotate = chain.rotate(device, 1, (Key(6), Some(Key(0))));
    chain.done(CAROL, VerifyIdCall::Rotate(rotate));
    chain.refused(BOB, VerifyIdCall::Hold(device), VerifyIdReject::HoldUsed);
    chain.pass(DAY_MS);
    chain.done(BOB, VerifyIdCall::Hold(device));
    let gone = VerifyIdCall::SetVerifier { verifier: chain.address(VERIFIER), listed: false };
    chain.done(AUTHORITY, gone);
    chain.pass(8 * DAY_MS);
    chain.refused(VERIFIER, VerifyIdCall::Hold(device), VerifyIdReject::NotVerifier);
}

#[test]
fn a_plan_is_bought_where_it_has_a_price_and_goes_on_where_it_ends() {
    let mut chain = Chain::with(|numbers| {
        let mut plans = numbers.plans.to_vec();
        plans[0].price = Amount(5_000_000);
        numbers.plans = types::List::new(plans).expect("as many");
    });
    let buy =
        |plan, months| VerifyIdCall::BuyPlan(BuyPlan { plan, months, price_max: Amount(10_000_000), replaces: 0 });
    chain.refused(ALICE, buy(2, 1), VerifyIdReject::PlanNotForSale);
    chain.refused(ALICE, buy(9, 1), VerifyIdReject::UnknownPlan);
    chain.refused(ALICE, buy(1, 37), VerifyIdReject::UntilTooFar);
    let (before, now) = (chain.thr(ALICE), chain.time());
    chain.done(ALICE, buy(1, 2));
    assert!(before - chain.thr(ALICE) >= 10_000_000);
    let customer = |chain: &Chain| verifyid::customer(&chain.view(), &chain.address(ALICE)).expect("it runs");
    let until = |chain: &Chain| customer(chain).until;
    assert_eq!(until(&chain), TimeMs(now.0 + 60 * DAY_MS));
    chain.done(ALICE, buy(1, 1));
    assert_eq!(until(&chain), TimeMs(now.0 + 90 * DAY_MS));
    assert_eq!(customer(&chain).devices_max, 100);
    // Nobody pays more than he has read.
    let dear = |price_max| VerifyIdCall::BuyPlan(BuyPlan { plan: 1, months: 3, price_max, replaces: 0 });
    chain.refused(ALICE, dear(Amount(14_999_999)), VerifyIdReject::PriceAbove);
    chain.done(ALICE, dear(Amount(15_000_000)));
}

#[test]
fn a_plan_that_runs_ends_only_for_who_names_it() {
    let mut chain = Chain::with(|numbers| {
        let mut plans = numbers.plans.to_vec();
        plans.iter_mut().for_each(|plan| plan.price = Amount(1));
        numbers.plans = types::List::new(plans).expect("as many");
    });
    let buy = |plan, replaces| VerifyIdCall::BuyPlan(BuyPlan { plan, months: 1, price_max: Amount(1), replaces });
    chain.refused(ALICE, buy(1, 2), VerifyIdReject::PlanRuns);
    chain.done(ALICE, buy(1, 0));
    chain.refused(ALICE, buy(2, 0), VerifyIdReject::PlanRuns);
    chain.refused(ALICE, buy(2, 3), VerifyIdReject::PlanRuns);
    chain.refused(ALICE, buy(1, 1), VerifyIdReject::PlanRuns);
    let now = chain.time();
    chain.done(ALICE, buy(2, 1));
    let customer = verifyid::customer(&chain.view(), &chain.address(ALICE)).expect("it runs");
    assert_eq!((customer.plan, customer.until), (2, TimeMs(now.0 + 30 * DAY_MS)));
    chain.pass(30 * DAY_MS);
    chain.done(ALICE, buy(1, 0));
}

#[test]
fn what_is_registered_for_somebody_waits_apart_until_it_is_accepted_and_what_is_revoked_is_on_no_list() {
    let mut chain = Chain::new();
    let own = chain.register(ALICE, ALICE, Key(0), 1);
    chain.done(ALICE, VerifyIdCall::Register(own));
    for key in [Key(1), Key(2)] {
        let gift = chain.register(BOB, ALICE, key, 1);
        chain.done(BOB, VerifyIdCall::Register(gift));
    }
    let id = |key: Key| DeviceId(key.id());
    let lists = |chain: &Chain| {
        let (view, owner, first) = (chain.view(), chain.address(ALICE), DeviceId(types::Hash32::default()));
        let sorted = |mut list: Vec<DeviceId>| {
            list.sort_unstable();
            list
        };
        (sorted(verifyid::devices(&view, &owner, first, 10)), sorted(verifyid::waiting(&view, &owner, first, 10)))
    };
    let sorted = |keys: &[Key]| {
        let mut ids: Vec<_> = keys.iter().map(|key| id(*key)).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(lists(&chain), (sorted(&[Key(0)]), sorted(&[Key(1), Key(2)])));
    chain.done(ALICE, VerifyIdCall::Accept(id(Key(1))));
    assert_eq!(lists(&chain), (sorted(&[Key(0), Key(1)]), sorted(&[Key(2)])));
    // Who was mistaken about the owner takes it back, and an owner may hand on what waits for it.
    chain.done(BOB, VerifyIdCall::Revoke(Out { device: id(Key(2)), reason: 0 }));
    chain.done(ALICE, VerifyIdCall::Revoke(Out { device: id(Key(0)), reason: 0 }));
    assert_eq!(lists(&chain), (sorted(&[Key(1)]), vec![]));
}

#[test]
fn there_are_sixteen_verifiers_at_most() {
    let mut chain = Chain::new();
    let set = |number: u8, listed| VerifyIdCall::SetVerifier { verifier: types::Address([number; 20]), listed };
    for number in 1..16 {
        chain.done(AUTHORITY, set(number, true));
    }
    chain.refused(AUTHORITY, set(16, true), VerifyIdReject::VerifiersFull);
    chain.done(AUTHORITY, set(3, true));
    chain.done(AUTHORITY, set(3, false));
    chain.done(AUTHORITY, set(16, true));
    // However many come and go.
    for number in 17..=255 {
        chain.done(AUTHORITY, set(16, false));
        chain.done(AUTHORITY, set(number, true));
        chain.done(AUTHORITY, set(number, false));
        chain.done(AUTHORITY, set(16, true));
    }
    chain.refused(AUTHORITY, set(3, true), VerifyIdReject::VerifiersFull);
}
