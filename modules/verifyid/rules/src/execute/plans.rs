//! Verifiers and plans: who may count, and how much.

use execution::{Context, Reject};
use types::{Address, Amount, THR, TimeMs};

use super::Now;
use crate::call::{BuyPlan, SetPlan};
use crate::event::VerifyIdEvent;
use crate::genesis::{Allowance, VERIFIERS_MAX, VerifyIdParameters};
use crate::keys;
use crate::records::{Customer, Verifier, read, write};
use crate::reject::VerifyIdReject;

/// What is bought is bought by the month of so many milliseconds.
const BOUGHT_MONTH_MS: u64 = 30 * 86_400_000;
/// Most months ahead that a plan may be bought for.
const BOUGHT_MONTHS_MAX: u64 = 36;

impl VerifyIdParameters {
    /// What a customer may have at a time: its plan's, or what everybody has.
    pub(crate) fn allowance(&self, customer: &Customer, at: TimeMs) -> Allowance {
        let plan = self.plan(customer.plan).filter(|_| customer.until > at);
        plan.map_or(self.free, |plan| Allowance { devices: plan.devices, verifications: plan.verifications })
    }
}

pub(super) fn set_verifier(
    context: &mut Context<'_, '_>,
    now: &Now,
    verifier: Address,
    listed: bool,
) -> Result<(), Reject> {
    now.is_authority()?;
    let key = keys::verifier(&verifier);
    let before: Verifier = read(context, &key).unwrap_or_default();
    let count: u32 = read(context, &keys::verifiers_listed()).unwrap_or_default();
    let count = match (before.listed, listed) {
        (false, true) if count as usize >= VERIFIERS_MAX => return Err(VerifyIdReject::VerifiersFull.into()),
        (false, true) => count.saturating_add(1),
        (true, false) => count.saturating_sub(1),
        _ => count,
    };
    write(context, &keys::verifiers_listed(), &count);
    write(context, &key, &Verifier { listed, ..before });
    VerifyIdEvent::VerifierSet { verifier, listed }.emit(context)
}

pub(super) fn set_plan(context: &mut Context<'_, '_>, now: &Now, call: SetPlan) -> Result<(), Reject> {
    now.is_authority()?;
    let SetPlan { customer, plan, until } = call;
    if plan != 0 && now.rules.plan(plan).is_none() {
        return Err(VerifyIdReject::UnknownPlan.into());
    }
    give(context, customer, plan, until)
}

fn give(context: &mut Context<'_, '_>, customer: Address, plan: u8, until: TimeMs) -> Result<(), Reject> {
    let key = keys::customer(&customer);
    let before: Customer = read(context, &key).unwrap_or_default();
    write(context, &key, &Customer { plan, until, ..before });
    VerifyIdEvent::PlanSet { customer, plan, until }.emit(context)
}

/// The same plan goes on where it ends; another begins now, and ends the one that runs only if the buyer names that.
pub(super) fn buy_plan(context: &mut Context<'_, '_>, now: &Now, call: BuyPlan) -> Result<(), Reject> {
    let BuyPlan { plan, months, price_max, replaces } = call;
    let bought = now.rules.plan(plan).copied().ok_or(VerifyIdReject::UnknownPlan)?;
    if bought.price.is_zero() {
        return Err(VerifyIdReject::PlanNotForSale.into());
    }
    let customer: Customer = read(context, &keys::customer(&now.sender)).unwrap_or_default();
    let runs = if customer.until > now.time { customer.plan } else { 0 };
    let goes_on = runs == plan;
    if (!goes_on && runs != replaces) || (goes_on && replaces != 0) {
        return Err(VerifyIdReject::PlanRuns.into());
    }
    let from = if goes_on { customer.until } else { now.time };
    let until = from.saturating_add(BOUGHT_MONTH_MS.saturating_mul(months.into()));
    let latest = now.time.saturating_add(BOUGHT_MONTH_MS.saturating_mul(BOUGHT_MONTHS_MAX));
    if months == 0 || until > latest {
        return Err(VerifyIdReject::UntilTooFar.into());
    }
    let price = Amount(bought.price.0.saturating_mul(months.into()));
    if price > price_max {
        return Err(VerifyIdReject::PriceAbove.into());
    }
    context.transfer(THR, &now.sender, &now.rules.ecosystem, price)?;
    give(context, now.sender, plan, until)
}

pub(super) fn allow_verifier(
    context: &mut Context<'_, '_>,
    now: &Now,
    verifier: Address,
    allowed: bool,
) -> Result<(), Reject> {
    let key = keys::allowed(&now.sender, &verifier);
    if allowed {
        let listed: Option<Verifier> = read(context, &keys::verifier(&verifier));
        if !listed.is_some_and(|verifier| verifier.listed) {
            return Err(VerifyIdReject::NotVerifier.into());
        }
        context.put(&key, Vec::new());
    } else {
        context.delete(&key);
    }
    VerifyIdEvent::VerifierAllowed { customer: now.sender, verifier, allowed }.emit(context)
}
