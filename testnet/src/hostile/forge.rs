//! What attackers make: transactions, lists of them, votes. All of it decodes and most of it is signed well; its content is the
//! crime.

use node::keys::ValidatorKey;
use replica::wire::{Message, Shared, TRANSACTIONS_PER_MESSAGE_MAX};
use types::{
    Amount, Call, Canonical, Epoch, Hash32, List, Nonce, TimeMs, Transaction, ValidatorIndex, View, Vote, VoteKind,
    VoteStatement,
};
use wallet::transaction::build;
use wallet::{AccountKey, Chain, Envelope, sign_transaction};

use crate::devnet::{Failure, Outcome};
use crate::trial::Transfers;

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

/// Makes transactions that are well signed.
#[derive(Clone, Debug)]
pub(super) struct Forge {
    pub(super) chain: Chain,
    pub(super) transfers: Transfers,
}

impl Forge {
    /// A transfer of one µTHR.
    ///
    /// # Errors
    /// What the wallet refuses.
    pub(super) fn transfer(&self, from: &AccountKey, terms: Terms) -> Outcome<Transaction> {
        self.sign(from, terms, vec![(self.transfers.call)(pauper(u64::MAX).address(), Amount(1))])
    }

    /// A transaction of more than 50 KiB.
    ///
    /// # Errors
    /// What the wallet refuses.
    pub(super) fn giant(&self, from: &AccountKey, terms: Terms) -> Outcome<Transaction> {
        self.sign(from, terms, vec![(self.transfers.largest)(); GIANT_CALLS])
    }

    fn sign(&self, from: &AccountKey, terms: Terms, calls: Vec<Call>) -> Outcome<Transaction> {
        let Terms { nonce, valid_until, fee_max, tip } = terms;
        let envelope = Envelope { tip, ..Envelope::single(from.address(), Nonce(nonce), valid_until, fee_max) };
        Ok(sign_transaction(from, self.chain.id(), build(&envelope, calls)?)?)
    }
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
