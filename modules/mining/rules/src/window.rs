//! The share window: who shares the next rewards, at a few keys per share and per claim, however many shares there are.
//!
//! A reward raises one number, what a unit of weight has earned since the first work. A payee's record remembers that number from
//! the last time its weight changed, so what it is owed follows from a difference and a product. It must not know works or
//! targets. Invariant, exact in units of 2^-128 µTHR: the pot holds what payees are owed and what could not yet be divided.

use execution::Context;
use types::{Address, Amount};

use crate::fine::Fine;
use crate::keys;
use crate::records::{Miner, Share, Window, read, write};

/// Most shares that leave when one enters. Where the target grew the window narrows over several entries.
const LEAVE_MAX: u32 = 4;

/// Reads the window's sums.
pub(crate) fn window(context: &mut Context<'_, '_>) -> Window {
    read(context, &keys::window()).unwrap_or_default()
}

impl Miner {
    /// What is owed when a unit of weight has earned so much.
    pub(crate) fn owed_at(&self, earned: Fine) -> Fine {
        self.owed.plus(earned.minus(self.earned).for_weight(self.weight))
    }

    fn bring_up_to_date(&mut self, earned: Fine) {
        self.owed = self.owed_at(earned);
        self.earned = earned;
    }
}

/// Takes a share in at the end, and lets go at the front of what is above `weight_max`.
pub(crate) fn enter(context: &mut Context<'_, '_>, share: Share, weight_max: u128) {
    let mut window = window(context);
    change_miner(context, &mut window, &share.payee, |miner| miner.weight = miner.weight.saturating_add(share.weight));
    write(context, &keys::share(window.next), &share);
    window.next = window.next.saturating_add(1);
    window.weight = window.weight.saturating_add(share.weight);
    for _ in 0..LEAVE_MAX {
        if !leave(context, &mut window, weight_max) {
            break;
        }
    }
    write(context, &keys::window(), &window);
}

/// Lets the oldest share go if the rest is as heavy as the window may be. Whether it did.
fn leave(context: &mut Context<'_, '_>, window: &mut Window, weight_max: u128) -> bool {
    let key = keys::share(window.first);
    let Some(oldest) = read::<Share>(context, &key) else { return false };
    let rest = window.weight.saturating_sub(oldest.weight);
    if rest < weight_max {
        return false;
    }
    change_miner(context, window, &oldest.payee, |miner| miner.weight = miner.weight.saturating_sub(oldest.weight));
    context.delete(&key);
    window.first = window.first.saturating_add(1);
    window.weight = rest;
    true
}

/// Divides a reward, which is in the pot already, and what was left of earlier ones.
pub(crate) fn divide(context: &mut Context<'_, '_>, reward: Amount) {
    let mut window = window(context);
    let (each, rest) = Fine::of(reward).plus(window.rest).per_weight(window.weight);
    window.earned = window.earned.plus(each);
    window.rest = rest;
    write(context, &keys::window(), &window);
}

/// Takes the whole µTHR that a payee is owed out of its record.
pub(crate) fn take_owed(context: &mut Context<'_, '_>, payee: &Address) -> Amount {
    let mut window = window(context);
    let mut taken = Amount::ZERO;
    change_miner(context, &mut window, payee, |miner| {
        taken = miner.owed.whole();
        miner.owed = miner.owed.minus(Fine::of(taken));
    });
    write(context, &keys::window(), &window);
    taken
}

/// Brings a payee's record up to date and changes it. Who has no weight left and is owed less than a µTHR is forgotten, and that
/// part goes back to the window.
fn change_miner(context: &mut Context<'_, '_>, window: &mut Window, payee: &Address, change: impl FnOnce(&mut Miner)) {
    let key = keys::miner(payee);
    let mut miner: Miner = read(context, &key).unwrap_or_default();
    miner.bring_up_to_date(window.earned);
    change(&mut miner);
    if miner.weight == 0 && miner.owed.whole().is_zero() {
        window.rest = window.rest.plus(miner.owed);
        context.delete(&key);
    } else {
        write(context, &key, &miner);
    }
}
