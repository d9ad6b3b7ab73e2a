//! A claim: what the window owes goes to the account, exactly, less the fee.

use std::time::Duration;

use serde::Serialize;
use testnet::devnet::{Failure, Outcome, Person, send};
use types::Amount;

use super::asked;
use super::watched::Watched;

/// A claim must be final within this.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a claim has moved, in µTHR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Claimed {
    /// From the window to the account.
    pub(super) amount: Amount,
    /// From the account.
    pub(super) fee: Amount,
}

/// Claims, and takes the block into the books, which know how much it must be.
///
/// # Errors
/// When the claim is refused, or moves another amount.
pub(super) fn claim(watched: &mut Watched<'_>, payee: &Person) -> Outcome<Claimed> {
    let client = watched.client(0)?;
    let before = watched.books.claimed;
    let done = send(&client, &mut watched.network.chain, &payee.key, asked::claim(), PATIENCE)
        .map_err(|failure| failure.while_doing("a claim"))?;
    let height = done.block.header.height;
    watched.follow_until(0, "the claim's block", PATIENCE, |books| {
        if books.next > height { Ok(()) } else { Err(format!("block {} is the next", books.next)) }
    })?;
    let amount = Amount(watched.books.claimed - before);
    if amount.is_zero() {
        return Err(Failure::new(format!("the claim in block {height} has moved nothing")));
    }
    Ok(Claimed { amount, fee: done.receipt.fee })
}

/// Claims while nobody mines: the account grows by what was claimable, less the fee.
///
/// # Errors
/// When it grows by another amount.
pub(super) fn claim_at_rest(watched: &mut Watched<'_>, payee: &Person) -> Outcome<Claimed> {
    let address = payee.address();
    let before = watched.network.balance(0, address)?;
    let claimable = asked::earned(&watched.client(0)?, &payee.text())?.claimable;
    let claimed = claim(watched, payee)?;
    let after = watched.network.balance(0, address)?;
    if claimed.amount != claimable || after.0 + claimed.fee.0 != before.0 + claimable.0 {
        return Err(Failure::new(format!(
            "{} had {before} µTHR and could claim {claimable} µTHR; {} µTHR were claimed for a fee of {} µTHR, and now it has \
             {after} µTHR",
            payee.text(),
            claimed.amount,
            claimed.fee
        )));
    }
    Ok(claimed)
}
