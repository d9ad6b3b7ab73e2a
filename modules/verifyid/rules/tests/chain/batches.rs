//! Batches: order, times, and what they count on a plan over months.

use types::{Hash32, List, TimeMs};
use verifyid::{Batch, DeviceId, Out, SetPlan, Status, VerifyIdCall, VerifyIdReject, month_of, next_month};

use crate::harness::{ALICE, AUTHORITY, BOB, Chain, DAY_MS, Key, VERIFIER};

fn started() -> Chain {
    let mut chain = Chain::new();
    let call = chain.register(ALICE, ALICE, Key(0), 1);
    chain.done(ALICE, VerifyIdCall::Register(call));
    let verifier = chain.address(VERIFIER);
    let nobody = VerifyIdCall::AllowVerifier { verifier: chain.address(BOB), allowed: true };
    chain.refused(ALICE, nobody, VerifyIdReject::NotVerifier);
    chain.done(ALICE, VerifyIdCall::AllowVerifier { verifier, allowed: true });
    chain
}

fn batch(chain: &Chain, sequence: u64, ok: u32) -> Batch {
    let last = TimeMs(chain.time().0 - 1_000);
    Batch {
        customer: chain.address(ALICE),
        sequence,
        leaves: ok.max(1),
        ok,
        root: Hash32([9; 32]),
        first: last,
        last,
        first_verified: List::default(),
    }
}

fn used(chain: &Chain, month: u32) -> u64 {
    verifyid::used(&chain.view(), &chain.address(ALICE), month)
}

#[test]
fn a_batch_is_the_next_of_a_verifier_that_the_customer_allows_and_in_time() {
    let mut chain = started();
    let good = batch(&chain, 1, 5);
    let put = |chain: &mut Chain, batch: Batch, reject| chain.refused(VERIFIER, VerifyIdCall::Batch(batch), reject);
    chain.refused(BOB, VerifyIdCall::Batch(good.clone()), VerifyIdReject::NotVerifier);
    let other = Batch { customer: chain.address(BOB), ..good.clone() };
    put(&mut chain, other, VerifyIdReject::VerifierNotAllowed);
    for sequence in [0, 2, u64::MAX] {
        put(&mut chain, Batch { sequence, ..good.clone() }, VerifyIdReject::BatchOrder);
    }
    let ahead = TimeMs(chain.time().0 + 1);
    put(&mut chain, Batch { last: ahead, ..good.clone() }, VerifyIdReject::BatchTime);
    let late = TimeMs(chain.time().0 - 7 * DAY_MS - 1);
    put(&mut chain, Batch { first: late, last: late, ..good.clone() }, VerifyIdReject::BatchTime);
    chain.done(VERIFIER, VerifyIdCall::Batch(good.clone()));
    put(&mut chain, good, VerifyIdReject::BatchOrder);
    // What a week without a chain has kept back is taken.
    let kept_back = TimeMs(chain.time().0 - 7 * DAY_MS);
    let second = Batch { first: kept_back, last: kept_back, ..batch(&chain, 2, 1) };
    chain.done(VERIFIER, VerifyIdCall::Batch(second));
    let stored = verifyid::batch(&chain.view(), &chain.address(VERIFIER), 1).expect("it is there");
    assert_eq!((stored.leaves, stored.ok, stored.root), (5, 5, Hash32([9; 32])));
    // A verifier that is listed again goes on with its numbers, and one that the customer no longer allows does not.
    for listed in [false, true] {
        let verifier = chain.address(VERIFIER);
        chain.done(AUTHORITY, VerifyIdCall::SetVerifier { verifier, listed });
    }
    let third = batch(&chain, 3, 1);
    chain.done(VERIFIER, VerifyIdCall::Batch(third));
    let verifier = chain.address(VERIFIER);
    chain.done(ALICE, VerifyIdCall::AllowVerifier { verifier, allowed: false });
    let fourth = batch(&chain, 4, 1);
    put(&mut chain, fourth, VerifyIdReject::VerifierNotAllowed);
}

#[test]
fn what_a_month_has_no_room_for_opens_the_next_and_two_full_months_refuse() {
    let mut chain = started();
    let month = month_of(chain.time());
    let first = batch(&chain, 1, 90);
    chain.done(VERIFIER, VerifyIdCall::Batch(first));
    assert_eq!((used(&chain, month), used(&chain, month + 1)), (90, 0));
    let second = batch(&chain, 2, 60);
    chain.done(VERIFIER, VerifyIdCall::Batch(second));
    assert_eq!((used(&chain, month), used(&chain, month + 1)), (100, 50), "it was acknowledged, so it counts");
    // No month gets more than it has, and four months are the most that one batch may open.
    let beyond = batch(&chain, 3, 251);
    chain.refused(VERIFIER, VerifyIdCall::Batch(beyond), VerifyIdReject::QuotaExceeded);
    let third = batch(&chain, 3, 200);
    chain.done(VERIFIER, VerifyIdCall::Batch(third));
    let all = |chain: &Chain| [0, 1, 2, 3].map(|ahead| used(chain, month + ahead));
    assert_eq!(all(&chain), [100, 100, 100, 50]);
    let fourth = batch(&chain, 4, 1);
    chain.refused(VERIFIER, VerifyIdCall::Batch(fourth), VerifyIdReject::QuotaExceeded);
    // Failures are recorded and never billed.
    let failures = Batch { leaves: 700, ..batch(&chain, 4, 0) };
    chain.done(VERIFIER, VerifyIdCall::Batch(failures));
    // A plan that holds at the batch's last instant gives room at once.
    let until = TimeMs(chain.time().0 + 90 * DAY_MS);
    let plan = SetPlan { customer: chain.address(ALICE), plan: 4, until };
    chain.done(AUTHORITY, VerifyIdCall::SetPlan(plan));
    let fifth = batch(&chain, 5, 4_900);
    chain.done(VERIFIER, VerifyIdCall::Batch(fifth));
    assert_eq!((used(&chain, month), used(&chain, month + 1)), (5_000, 100));
    // The month turns at its first instant in UTC; what was before counts before, though it comes later.
    let turn = next_month(chain.time());
    chain.pass(turn.0 - chain.time().0 + chain.step_ms + 5_000);
    let before = Batch { first: TimeMs(turn.0 - 1), last: TimeMs(turn.0 - 1), ..batch(&chain, 6, 10) };
    chain.done(VERIFIER, VerifyIdCall::Batch(before));
    assert_eq!(
        (used(&chain, month), used(&chain, month + 1)),
        (5_000, 110),
        "December is full, so January opens with it"
    );
    let after = Batch { first: TimeMs(turn.0 - 1), last: turn, ..batch(&chain, 7, 10) };
    chain.done(VERIFIER, VerifyIdCall::Batch(after));
    assert_eq!(used(&chain, month + 1), 120);
}

#[test]
fn a_batch_marks_devices_that_count_on_the_customers_plan_and_are_live() {
    let mut chain = started();
    let theirs = chain.register(BOB, BOB, Key(1), 1);
    chain.done(BOB, VerifyIdCall::Register(theirs));
    let own = DeviceId(Key(0).id());
    let list = |devices: &[DeviceId]| List::new(devices.to_vec()).expect("few");
    let with = |chain: &Chain, devices: &[DeviceId]| {
        VerifyIdCall::Batch(Batch { first_verified: list(devices), ..batch(chain, 1, 2) })
    };
    let other = with(&chain, &[own, DeviceId(Key(1).id())]);
    chain.refused(VERIFIER, other, VerifyIdReject::OtherCustomer);
    let unknown = with(&chain, &[DeviceId(Key(5).id())]);
    chain.refused(VERIFIER, unknown, VerifyIdReject::UnknownDevice);
    assert_eq!(chain.device(Key(0)).status, Status::Pending, "what is refused leaves nothing");
    chain.done(VERIFIER, VerifyIdCall::Hold(own));
    let held = with(&chain, &[own]);
    chain.refused(VERIFIER, held, VerifyIdReject::Held);
    chain.pass(DAY_MS);
    let from_before = TimeMs(chain.device(Key(0)).registered.0 - 1);
    let early = Batch { first: from_before, last: from_before, first_verified: list(&[own]), ..batch(&chain, 1, 1) };
    chain.refused(VERIFIER, VerifyIdCall::Batch(early), VerifyIdReject::VerifiedBefore);
    // Nor where it may have been the device's former key that answered first.
    let over = Batch { first: from_before, first_verified: list(&[own]), ..batch(&chain, 1, 2) };
    chain.refused(VERIFIER, VerifyIdCall::Batch(over), VerifyIdReject::VerifiedBefore);
    let good = with(&chain, &[own]);
    chain.done(VERIFIER, good);
    let device = chain.device(Key(0));
    assert_eq!(device.status, Status::Verified);
    assert!(device.verified > TimeMs(0));
    chain.done(AUTHORITY, VerifyIdCall::Suspend(Out { device: own, reason: 1 }));
    let suspended = VerifyIdCall::Batch(Batch { first_verified: list(&[own]), ..batch(&chain, 2, 1) });
    chain.refused(VERIFIER, suspended, VerifyIdReject::Suspended);
    chain.done(ALICE, VerifyIdCall::Revoke(Out { device: own, reason: 1 }));
    let revoked = VerifyIdCall::Batch(Batch { first_verified: list(&[own]), ..batch(&chain, 2, 1) });
    chain.refused(VERIFIER, revoked, VerifyIdReject::Revoked);
}

#[test]
fn who_goes_beyond_a_quota_every_month_gets_no_more_than_the_months_hold() {
    let mut chain = started();
    let (first, mut taken, mut sequence) = (month_of(chain.time()), 0_u64, 1);
    for _ in 0..12 {
        for ok in [65_536, 300, 150, 40, 1] {
            let tried = batch(&chain, sequence, ok);
            if chain.run(VERIFIER, VerifyIdCall::Batch(tried)).is_ok() {
                (taken, sequence) = (taken + u64::from(ok), sequence + 1);
            }
        }
        let months = u64::from(month_of(chain.time()) - first) + 4;
        assert!(taken <= 100 * months, "{taken} in {months} months");
        chain.pass(next_month(chain.time()).0 - chain.time().0 + chain.step_ms);
    }
    assert!(taken >= 1_000, "{taken}");
}
