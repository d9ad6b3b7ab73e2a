//! A claim: what the window owes goes to the account, exactly, less the fee.

use std::time::Duration;

use serde::Serialize;
use types::{Amount, Nonce, TimeMs};
use wallet::{Chain, Envelope, NodeClient, sign_transaction};

use super::super::transfer::await_final;
use super::super::wallets::Person;
use super::super::{Failure, Outcome};
use super::asked;
use super::trial::Trial;

/// A claim must be final within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// A claim stays valid for this long.
const VALIDITY_MS: u64 = 600_000;

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
pub(super) fn claim(trial: &mut Trial<'_>, payee: &Person) -> Outcome<Claimed> {
    let client = trial.client(0)?;
    let before = trial.books.claimed;
    let transaction = sign(&client, &trial.network.chain, payee)?;
    let done = await_final(&client, &mut trial.network.chain, &transaction, PATIENCE)
        .map_err(|failure| failure.while_doing("a claim"))?;
    let height = done.block.header.height;
    trial.follow_until(0, "the claim's block", PATIENCE, |books| {
        if books.next > height { Ok(()) } else { Err(format!("block {} is the next", books.next)) }
    })?;
    let amount = Amount(trial.books.claimed - before);
    if amount.is_zero() {
        return Err(Failure::new(format!("the claim in block {height} has moved nothing")));
    }
    Ok(Claimed { amount, fee: done.receipt.fee })
}

/// Claims while nobody mines: the account grows by what was claimable, less the fee.
///
/// # Errors
/// When it grows by another amount.
pub(super) fn claim_at_rest(trial: &mut Trial<'_>, payee: &Person) -> Outcome<Claimed> {
    let address = payee.address();
    let before = trial.network.balance(0, address)?;
    let claimable = asked::earned(&trial.client(0)?, &payee.text())?.claimable;
    let claimed = claim(trial, payee)?;
    let after = trial.network.balance(0, address)?;
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

fn sign(client: &NodeClient, chain: &Chain, payee: &Person) -> Outcome<types::Transaction> {
    let nonce = client.account(&payee.text())?.pending_nonce;
    let valid_until = client.status()?.time.saturating_add(VALIDITY_MS);
    let draft = body(payee, nonce, valid_until, Amount::ZERO)?;
    let fee_max = client.fee_estimate(wallet::calls::weigh(&draft, None)?)?.fee_max;
    Ok(sign_transaction(&payee.key, chain.id(), body(payee, nonce, valid_until, fee_max)?)?)
}

fn body(payee: &Person, nonce: Nonce, valid_until: TimeMs, fee_max: Amount) -> Outcome<types::TransactionBody> {
    let envelope = Envelope::single(payee.address(), nonce, valid_until, fee_max);
    Ok(wallet::transaction::build(&envelope, vec![asked::claim()])?)
}
