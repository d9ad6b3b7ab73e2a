//! Plans, verifiers, and batches that are counted by months.

use types::Address;
use verifyid::{Batch, BuyPlan, SetPlan, Status, VerifyIdReject};

use super::super::{LATE_MS, PLANS};
use super::{Model, Place, Verdict};

const DAY_MS: u64 = 86_400_000;
/// A month of a plan that is bought.
const BOUGHT_MS: u64 = 30 * DAY_MS;

impl Model {
    pub(super) fn set_verifier(&mut self, place: &Place<'_>, verifier: Address, listed: bool) -> Verdict {
        self.is_authority(place)?;
        self.verifiers.entry(verifier).or_default().0 = listed;
        Ok(())
    }

    pub(super) fn set_plan(&mut self, place: &Place<'_>, call: SetPlan) -> Verdict {
        self.is_authority(place)?;
        if call.plan != 0 && PLANS.iter().all(|plan| plan.plan != call.plan) {
            return Err(VerifyIdReject::UnknownPlan);
        }
        self.plans.insert(call.customer, (call.plan, call.until.0));
        Ok(())
    }

    pub(super) fn buy_plan(&mut self, place: &Place<'_>, call: BuyPlan) -> Verdict {
        let plan = PLANS.iter().find(|plan| plan.plan == call.plan).ok_or(VerifyIdReject::UnknownPlan)?;
        if plan.price.0 == 0 {
            return Err(VerifyIdReject::PlanNotForSale);
        }
        let running = self.plans.get(&place.sender).filter(|(_, until)| *until > place.now);
        let (runs, ends) = running.copied().unwrap_or((0, place.now));
        let from = match (runs == call.plan, call.replaces) {
            (true, 0) => ends,
            (false, replaced) if replaced == runs => place.now,
            _ => return Err(VerifyIdReject::PlanRuns),
        };
        let until = from + BOUGHT_MS * u64::from(call.months);
        if until > place.now + 36 * BOUGHT_MS {
            return Err(VerifyIdReject::UntilTooFar);
        }
        let price = plan.price.0 * u128::from(call.months);
        if price > call.price_max.0 {
            return Err(VerifyIdReject::PriceAbove);
        }
        self.paid += price;
        self.plans.insert(place.sender, (call.plan, until));
        Ok(())
    }

    pub(super) fn allow(&mut self, place: &Place<'_>, verifier: Address, allowed: bool) -> Verdict {
        if allowed {
            self.is_verifier(&verifier)?;
            self.allowed.insert((place.sender, verifier));
        } else {
            self.allowed.remove(&(place.sender, verifier));
        }
        Ok(())
    }

    pub(super) fn batch(&mut self, place: &Place<'_>, call: &Batch) -> Verdict {
        let before = self.is_verifier(&place.sender)?;
        if !self.allowed.contains(&(call.customer, place.sender)) {
            return Err(VerifyIdReject::VerifierNotAllowed);
        }
        if call.sequence != before + 1 {
            return Err(VerifyIdReject::BatchOrder);
        }
        if call.last.0 > place.now || call.last.0 + LATE_MS < place.now {
            return Err(VerifyIdReject::BatchTime);
        }
        let counted = self.counted(call)?;
        for id in call.first_verified.iter() {
            let device = self.live(id)?;
            if device.customer != call.customer {
                return Err(VerifyIdReject::OtherCustomer);
            }
            if device.hold > place.now {
                return Err(VerifyIdReject::Held);
            }
            if call.first.0 < device.since {
                return Err(VerifyIdReject::VerifiedBefore);
            }
        }
        for (month, more) in counted {
            *self.months.entry((call.customer, month)).or_default() += more;
        }
        for id in call.first_verified.iter() {
            self.devices.get_mut(id).expect("it was looked at").status = Status::Verified;
        }
        self.verifiers.get_mut(&place.sender).expect("it is one").1 = call.sequence;
        Ok(())
    }

    /// How much of a batch counts in which month: none takes more than its quota, and where two are full nothing does.
    fn counted(&self, call: &Batch) -> Result<Vec<(u32, u64)>, VerifyIdReject> {
        let (limit, first) = (self.allowance(&call.customer, call.last.0).1, month_of(call.last.0));
        let used = |month| self.months.get(&(call.customer, month)).copied().unwrap_or_default();
        let rooms: Vec<(u32, u64)> =
            (first..first + 4).map(|month| (month, limit.saturating_sub(used(month)))).collect();
        let mut rest = u64::from(call.ok);
        if rest > 0 && rooms[0].1 + rooms[1].1 == 0 {
            return Err(VerifyIdReject::QuotaExceeded);
        }
        let counted = rooms.into_iter().map(|(month, room)| {
            let here = rest.min(room);
            rest -= here;
            (month, here)
        });
        let counted: Vec<(u32, u64)> = counted.filter(|(_, here)| *here > 0).collect();
        if rest == 0 { Ok(counted) } else { Err(VerifyIdReject::QuotaExceeded) }
    }
}

/// The calendar month of a time in UTC, counted from the year 0: year by year from 1970, as on the wall.
pub(super) fn month_of(time_ms: u64) -> u32 {
    let (mut days, mut month) = (time_ms / DAY_MS, 1970 * 12);
    for year in 1970_u64.. {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for length in [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if days < length {
                return month;
            }
            (days, month) = (days - length, month + 1);
        }
    }
    month
}
