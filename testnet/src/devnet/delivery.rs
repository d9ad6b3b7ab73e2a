//! A call on its way: built, signed, handed in, followed to finality and checked, through the wallet's own code.

use std::time::Duration;

use types::{Amount, Call, Transaction};
use wallet::finality::FinalTransaction;
use wallet::transaction::build;
use wallet::{AccountKey, Chain, Envelope, NodeClient, sign_transaction};

use super::{Failure, Outcome};

/// A transaction stays valid for this long.
const VALIDITY_MS: u64 = 3_600_000;

/// Builds and signs a transaction of one call with nonce, time and fee as the node tells.
///
/// # Errors
/// What node or wallet refuses.
pub fn prepare(client: &NodeClient, chain: &Chain, from: &AccountKey, call: Call) -> Outcome<Transaction> {
    let nonce = client.account(&from.address().to_text(chain.network()))?.pending_nonce;
    let valid_until = client.status()?.time.saturating_add(VALIDITY_MS);
    let of_fee = |fee_max| build(&Envelope::single(from.address(), nonce, valid_until, fee_max), vec![call.clone()]);
    let weight = wallet::calls::weigh(&of_fee(Amount::ZERO)?, None)?;
    let body = of_fee(client.fee_estimate(weight)?.fee_max)?;
    Ok(sign_transaction(from, chain.id(), body)?)
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
        let sentence = format!(
            "the transaction {} was rejected on chain: {} ({})",
            done.id, done.receipt.message, done.receipt.name
        );
        return Err(Failure::new(sentence));
    }
    Ok(done)
}

/// A whole delivery: prepared, handed in, followed and checked.
///
/// # Errors
/// As [`prepare`] and [`await_final`].
pub fn send(
    client: &NodeClient,
    chain: &mut Chain,
    from: &AccountKey,
    call: Call,
    patience: Duration,
) -> Outcome<FinalTransaction> {
    let transaction = prepare(client, chain, from, call)?;
    await_final(client, chain, &transaction, patience)
}
