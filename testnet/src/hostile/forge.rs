//! What attackers make: transactions, lists of them, votes. All of it decodes and most of it is signed well; its content is the
//! crime.

use node::keys::ValidatorKey;
use replica::wire::{Message, Shared, TRANSACTIONS_PER_MESSAGE_MAX};
use tokens::{BATCH_RECIPIENTS_MAX, BatchTransfer, Payment as Recipient, TokensCall};
use types::{
    Address, Amount, Canonical, Epoch, Hash32, List, Nonce, THR, TimeMs, Transaction, ValidatorIndex, View, Vote,
    VoteKind, VoteStatement,
};
use wallet::calls::checked_call;
use wallet::transaction::build;
use wallet::{AccountKey, Chain, Envelope, sign_transaction};

use crate::devnet::{Failure, Outcome, transfer_call};

/// Calls of a giant transaction: as many as stay below what one may have.
const GIANT_CALLS: usize = 6;
/// A time that never comes.
pub(super) const NEVER: TimeMs = TimeMs(u64::MAX);

/// Somebody who owns nothing, by number.
pub(super) fn pauper(number: u64) -> AccountKey {
    let mut secret = [0x11; 32];
    secret[24..].copy_from_slice(&number.to_be_bytes());
    AccountKey::from_secret(&secret).expect("a number below the curve's order is a key")
}

/// What a forged transfer says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) nonce: u64,
    pub(super) valid_until: TimeMs,
    pub(super) fee_max: Amount,
    pub(super) tip: Amount,
}

fn envelope(from: &AccountKey, terms: Terms) -> Envelope {
    let Terms { nonce, valid_until, fee_max, tip } = terms;
    Envelope { tip, ..Envelope::single(from.address(), Nonce(nonce), valid_until, fee_max) }
}

/// A transfer of one µTHR, well signed.
///
/// # Errors
/// What the wallet refuses.
pub(super) fn transfer(chain: &Chain, from: &AccountKey, terms: Terms) -> Outcome<Transaction> {
    let call = transfer_call(pauper(u64::MAX).address(), Amount(1));
    Ok(sign_transaction(from, chain.id(), build(&envelope(from, terms), vec![call])?)?)
}

/// A transaction of more than 50 KiB, well signed.
///
/// # Errors
/// What the wallet refuses.
pub(super) fn giant(chain: &Chain, from: &AccountKey, terms: Terms) -> Outcome<Transaction> {
    let recipient = Recipient { to: Address([7; 20]), amount: Amount(1) };
    let payments = List::new(vec![recipient; BATCH_RECIPIENTS_MAX]).map_err(|_| Failure::new("too many payments"))?;
    let call = checked_call(TokensCall::BatchTransfer(BatchTransfer { asset: THR, payments }).to_call())?;
    Ok(sign_transaction(from, chain.id(), build(&envelope(from, terms), vec![call; GIANT_CALLS])?)?)
}

/// A message with transactions.
///
/// # Errors
/// When there are too many.
pub(super) fn list(transactions: Vec<Transaction>) -> Outcome<Vec<u8>> {
    let shared: Vec<Shared<Transaction>> = transactions.into_iter().map(Shared::from).collect();
    let list = List::<_, TRANSACTIONS_PER_MESSAGE_MAX>::new(shared);
    Ok(Message::Transactions(list.map_err(|_| Failure::new("too many transactions in a message"))?).to_canonical())
}

/// A vote to nullify a view, signed with a validator's own key.
pub(super) fn nullify(chain: &Chain, key: &ValidatorKey, signer: ValidatorIndex, view: View) -> Vec<u8> {
    let statement =
        VoteStatement { kind: VoteKind::Nullify, epoch: Epoch(0), view, parent_view: View::ZERO, block: Hash32::ZERO };
    let signature = key.sign_vote(chain.id(), &statement);
    Message::Vote(Vote { statement, signer, signature }).to_canonical()
}
