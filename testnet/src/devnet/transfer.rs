//! A transfer through the wallet's own code: built, signed, handed in, followed to finality and checked.

use std::time::Duration;

use tokens::{TokensCall, Transfer};
use types::{Address, Amount, ByteString, Call, Nonce, THR, TimeMs, Transaction};
use wallet::finality::FinalTransaction;
use wallet::transaction::build;
use wallet::{AccountKey, Chain, Envelope, NodeClient, sign_transaction};

use super::{Failure, Outcome};

/// A transfer stays valid for this long.
const VALIDITY_MS: u64 = 3_600_000;

/// Who gives how much to whom.
#[derive(Clone, Copy, Debug)]
pub struct Payment<'a> {
    /// Signs and pays the fee.
    pub from: &'a AccountKey,
    /// Gets it.
    pub to: Address,
    /// µTHR.
    pub amount: Amount,
}

/// The call that gives THR to an account.
#[must_use]
pub fn transfer_call(to: Address, amount: Amount) -> Call {
    TokensCall::Transfer(Transfer { asset: THR, to, amount, memo: ByteString::default() }).to_call()
}

/// Builds and signs a transfer for a place in the sender's order.
///
/// # Errors
/// What the wallet refuses.
pub fn sign_payment(
    chain: &Chain,
    payment: Payment<'_>,
    nonce: Nonce,
    valid_until: TimeMs,
    fee_max: Amount,
) -> Outcome<Transaction> {
    let envelope = Envelope::single(payment.from.address(), nonce, valid_until, fee_max);
    let body = build(&envelope, vec![transfer_call(payment.to, payment.amount)])?;
    Ok(sign_transaction(payment.from, chain.id(), body)?)
}

/// Builds and signs a transfer with nonce, time and fee as the node tells.
///
/// # Errors
/// What node or wallet refuses.
pub fn prepare(client: &NodeClient, chain: &Chain, payment: Payment<'_>) -> Outcome<Transaction> {
    let account = client.account(&payment.from.address().to_text(chain.network()))?;
    let valid_until = client.status()?.time.saturating_add(VALIDITY_MS);
    let draft = sign_payment(chain, payment, account.pending_nonce, valid_until, Amount::ZERO)?;
    let weight = wallet::calls::weigh(&draft.body, None)?;
    let fee_max = client.fee_estimate(weight)?.fee_max;
    sign_payment(chain, payment, account.pending_nonce, valid_until, fee_max)
}

/// Hands a transaction in and waits until this wallet has found it final, with a receipt that says that all went well.
///
/// # Errors
/// What the node refuses, what does not hold in its proof, or the end of patience.
pub fn await_final(
    client: &NodeClient,
    chain: &mut Chain,
    transaction: &Transaction,
    patience: Duration,
) -> Outcome<FinalTransaction> {
    let done = wallet::delivery::submit_and_wait(client, chain, transaction, patience, &mut ())?;
    if done.receipt.code != 0 {
        let sentence =
            format!("the transfer {} was rejected on chain: {} ({})", done.id, done.receipt.message, done.receipt.name);
        return Err(Failure::new(sentence));
    }
    Ok(done)
}

/// A whole transfer: prepared, handed in, followed and checked.
///
/// # Errors
/// As [`prepare`] and [`await_final`].
pub fn send(
    client: &NodeClient,
    chain: &mut Chain,
    payment: Payment<'_>,
    patience: Duration,
) -> Outcome<FinalTransaction> {
    let transaction = prepare(client, chain, payment)?;
    await_final(client, chain, &transaction, patience)
}
