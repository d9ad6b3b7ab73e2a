//! Batches of verifications: one root on the chain, counted on the customer's plan.

use execution::{Context, Reject};
use types::canary::{Canary, planted};
use types::{Address, TimeMs};

use super::standing::is_verifier;
use super::{Now, live_device, put_device};
use crate::call::{BATCH_LEAVES_MAX, Batch};
use crate::event::VerifyIdEvent;
use crate::keys;
use crate::month::month_of;
use crate::records::{BatchRecord, Customer, Status, Verifier, read, write};
use crate::reject::VerifyIdReject;

pub(super) fn batch(context: &mut Context<'_, '_>, now: &Now, call: &Batch) -> Result<(), Reject> {
    let verifier = is_verifier(context, now)?;
    let Batch { customer, sequence, leaves, ok, root, first, last, ref first_verified } = *call;
    if context.get(&keys::allowed(&customer, &now.sender)).is_none() {
        return Err(VerifyIdReject::VerifierNotAllowed.into());
    }
    let is_again = sequence == verifier.last && planted(Canary::BatchCountedAgain);
    if verifier.last.checked_add(1) != Some(sequence) && !is_again {
        return Err(VerifyIdReject::BatchOrder.into());
    }
    if leaves == 0 || leaves > BATCH_LEAVES_MAX || ok > leaves {
        return Err(VerifyIdReject::BatchCount.into());
    }
    let is_late = last.saturating_add(now.rules.batch_late_ms) < now.time;
    if first > last || last > now.time || is_late {
        return Err(VerifyIdReject::BatchTime.into());
    }
    let in_later_months = count(context, now, &customer, last, ok.into())?;
    for id in first_verified.iter() {
        let mut device = live_device(context, id)?;
        if device.customer != customer {
            return Err(VerifyIdReject::OtherCustomer.into());
        }
        if device.hold_until > now.time {
            return Err(VerifyIdReject::Held.into());
        }
        if first < device.since {
            return Err(VerifyIdReject::VerifiedBefore.into());
        }
        (device.status, device.verified) = (Status::Verified, last.max(device.verified));
        put_device(context, id, &device);
    }
    let height = context.block().height;
    write(
        context,
        &keys::batch(&now.sender, sequence),
        &BatchRecord { customer, leaves, ok, root, first, last, height },
    );
    write(context, &keys::verifier(&now.sender), &Verifier { last: sequence, ..verifier });
    let month = month_of(last);
    VerifyIdEvent::BatchAnchored { verifier: now.sender, sequence, customer, leaves, ok, root, month, in_later_months }
        .emit(context)
}

/// So many months, the first of them the batch's, take what a batch has. Beyond that a verifier has not looked at the quota.
const MONTHS_MAX: u32 = 4;

/// Counts good verifications in the month of the last: what its quota has no room for was acknowledged all the same, so it opens the
/// months after. None gets more than its quota, so whoever goes beyond it every month is soon refused. Gives what is counted later.
fn count(
    context: &mut Context<'_, '_>,
    now: &Now,
    customer: &Address,
    last: TimeMs,
    ok: u64,
) -> Result<u64, VerifyIdReject> {
    if ok == 0 {
        return Ok(0);
    }
    let plan: Customer = read(context, &keys::customer(customer)).unwrap_or_default();
    let limit = now.rules.allowance(&plan, last).verifications;
    let (first, mut rest, mut later) = (month_of(last), ok, 0_u64);
    for ahead in 0..MONTHS_MAX {
        let key = keys::month(customer, first.saturating_add(ahead));
        let used: u64 = read(context, &key).unwrap_or_default();
        let here = rest.min(limit.saturating_sub(used));
        if here > 0 {
            let more = if planted(Canary::QuotaCountedTwice) { here.saturating_mul(2) } else { here };
            write(context, &key, &used.saturating_add(more));
        }
        rest = rest.saturating_sub(here);
        if ahead > 0 {
            later = later.saturating_add(here);
        }
        // Where this month and the next are full nothing more is taken.
        let are_full = ahead == 1 && rest == ok;
        if rest == 0 || are_full {
            break;
        }
    }
    if rest == 0 { Ok(later) } else { Err(VerifyIdReject::QuotaExceeded) }
}
