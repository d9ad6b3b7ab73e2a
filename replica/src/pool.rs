//! Transactions on their way into a block.
//!
//! What the pool asks of the chain is answered here, by the rules that blocks are judged by. What goes out to the other
//! validators is collected: the first leaves at once, what follows it closely leaves together, however many clients hand
//! something in.

use std::cell::Cell;
use std::sync::Arc;

use execution::{
    AccountRecord, Attendance, ChainState, CheckedTransaction, KernelReject, Layered, LeftOut, Terms, TransactionFacts,
    account_record, fee,
};
use mempool::{CandidateLimits, Ledger, PoolReject, PoolTransaction, Removal};
use types::{Address, Amount, Canonical, Hash32, List, Nonce, TimeMs, Transaction, limits};

use crate::chain::Ground;
use crate::effect::{Effect, Notice, Target};
use crate::replica::Replica;
use crate::wire::{Message, Shared, TRANSACTIONS_PER_MESSAGE_MAX};

/// Most bytes of transactions in one message; one transaction always fits.
const MESSAGE_BYTES_MAX: usize = 192 * 1024;
const _: () = assert!(MESSAGE_BYTES_MAX > <Transaction as Canonical>::BYTES_MAX);

/// Time from one push of few transactions to the next: a message costs as much as checking several signatures together.
const PUSH_FEW_MS: u64 = 4;
/// So many are worth a message sooner.
const PUSH_MANY: usize = 32;
/// Time from one push to the next of many.
const PUSH_MANY_MS: u64 = 1;

/// The chain as it is after the newest final block.
pub(crate) struct FinalLedger<'a> {
    state: Layered<'a>,
    /// Of the next block, were it made now.
    terms: Terms,
    /// The earliest time that the next block may have.
    time: TimeMs,
    /// The account that was asked for last: it is asked for again and again.
    newest: Cell<Option<(Address, AccountRecord)>>,
}

impl<'a> FinalLedger<'a> {
    pub(crate) const fn new(state: Layered<'a>, terms: Terms) -> Self {
        Self { state, terms, time: TimeMs::ZERO, newest: Cell::new(None) }
    }

    /// The same, where the newest block has this time.
    pub(crate) const fn after(self, time: TimeMs) -> Self {
        Self { time: time.next(), ..self }
    }

    fn record(&self, address: &Address) -> AccountRecord {
        if let Some((_, record)) = self.newest.get().filter(|(newest, _)| newest == address) {
            return record;
        }
        let record = account_record(&self.state, address);
        self.newest.set(Some((*address, record)));
        record
    }
}

impl Ledger for FinalLedger<'_> {
    fn nonce(&self, address: &Address) -> Nonce {
        self.record(address).nonce
    }

    fn spendable(&self, address: &Address) -> Amount {
        self.record(address).thr
    }

    fn time(&self) -> TimeMs {
        self.time
    }

    fn price(&self) -> u128 {
        self.terms.price
    }

    fn price_max(&self, transaction: &PoolTransaction) -> Result<u128, PoolReject> {
        let PoolTransaction { id, wid, weight, length, fee_max, valid_until, .. } = *transaction;
        let facts = TransactionFacts { id, wid, weight, length };
        let reject = match self.terms.charge(&transaction.transaction.body, &facts) {
            Ok(_) => return Ok(fee::price_max(fee_max, weight)),
            Err(reject) => reject,
        };
        Err(match reject {
            KernelReject::TooHeavy => PoolReject::TooHeavy { weight },
            KernelReject::TooLong => PoolReject::TooLong,
            KernelReject::Expired => PoolReject::Expired { valid_until, now: self.terms.time },
            KernelReject::ValidTooLong => PoolReject::ValidTooLong { valid_until, latest: self.terms.latest() },
            KernelReject::FeeMaxTooLow => PoolReject::FeeMaxTooLow { fee: fee::fee(self.terms.price, weight), fee_max },
            // Fee and tip together are more than there can be.
            _ => PoolReject::InsufficientFunds { needed: Amount::MAX, spendable: self.spendable(&transaction.payer()) },
        })
    }
}

/// Transactions that the other validators are to get.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    waiting: Vec<Arc<CheckedTransaction>>,
    bytes: usize,
    sent_ms: u64,
}

impl Outgoing {
    /// One more, to leave with the next message.
    pub(crate) fn push(&mut self, checked: Arc<CheckedTransaction>) {
        self.bytes = self.bytes.saturating_add(checked.length as usize);
        self.waiting.push(checked);
    }

    /// When what waits is due.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        let pace_ms = if self.waiting.len() < PUSH_MANY { PUSH_FEW_MS } else { PUSH_MANY_MS };
        (!self.waiting.is_empty()).then(|| self.sent_ms.saturating_add(pace_ms))
    }

    /// What is due now, in messages that fit the wire.
    fn take(&mut self, now_ms: u64) -> Vec<Message> {
        let is_full = self.waiting.len() >= TRANSACTIONS_PER_MESSAGE_MAX || self.bytes > MESSAGE_BYTES_MAX;
        if !is_full && self.deadline_ms().is_none_or(|due_ms| now_ms < due_ms) {
            return Vec::new();
        }
        self.sent_ms = now_ms;
        self.bytes = 0;
        let mut messages = Vec::new();
        let mut batch: Vec<Shared<Transaction>> = Vec::new();
        let mut bytes: usize = 0;
        for checked in std::mem::take(&mut self.waiting) {
            let length = checked.length as usize;
            let is_full =
                batch.len() >= TRANSACTIONS_PER_MESSAGE_MAX || bytes.saturating_add(length) > MESSAGE_BYTES_MAX;
            if is_full {
                messages.extend(List::new(std::mem::take(&mut batch)).map(Message::Transactions).ok());
                bytes = 0;
            }
            bytes = bytes.saturating_add(length);
            batch.push(Shared(checked.transaction.clone()));
        }
        messages.extend(List::new(batch).map(Message::Transactions).ok());
        messages
    }
}

impl Replica {
    /// Sends what is due to the other validators.
    pub(crate) fn push_transactions(&mut self) {
        for message in self.outgoing.take(self.now.monotonic_ms) {
            self.effects.push(Effect::Send { to: Target::Validators, message });
        }
    }

    /// What the next block asks of a transaction, were it made now.
    pub(crate) fn terms(&mut self, state: &dyn ChainState) -> Terms {
        let tip = self.chain.tip().hash;
        let time = self.block_time_now();
        match self.terms {
            Some((of, terms)) if of == tip => Terms { time, ..terms },
            _ => {
                let layers = self.chain.final_layers();
                let terms = Terms::next(&Layered::new(state, &layers), time);
                self.terms = Some((tip, terms));
                terms
            }
        }
    }

    /// Takes what has become final out of the pool, and with it what has become useless.
    pub(crate) fn update_pool(&mut self, state: &dyn ChainState) {
        if self.unpooled.is_empty() {
            return;
        }
        let layers = self.chain.final_layers();
        let terms = self.terms(state);
        for block in std::mem::take(&mut self.unpooled) {
            let ledger = FinalLedger::new(Layered::new(state, &layers), terms).after(block.header.time);
            let receipts = block.outcome.receipts.iter().skip(1);
            let included: Vec<_> = receipts
                .zip(&block.body.transactions)
                .map(|(receipt, transaction)| (transaction.body.sender, transaction.body.nonce, receipt.id))
                .collect();
            for (gone, removal) in self.pool.on_block(&included, &ledger) {
                match removal {
                    Removal::Included => self.known.forget(&gone.wid),
                    Removal::Stale => self.dropped(&gone, "nonce_used"),
                    Removal::Expired => self.dropped(&gone, "expired"),
                    Removal::Unfunded => self.dropped(&gone, "insufficient_funds"),
                    Removal::Underpriced => self.dropped(&gone, "fee_max_too_low"),
                    Removal::Unusable => self.dropped(&gone, "unusable"),
                }
            }
        }
    }

    /// A transaction left the pool and is in no final block.
    pub(crate) fn dropped(&mut self, gone: &PoolTransaction, why: &'static str) {
        self.known.forget(&gone.wid);
        self.effects.push(Effect::Notify(Notice::Dropped { id: gone.id, why }));
    }

    /// A block of this node's own could not use some of what it was offered: that is offered no more for a while.
    pub(crate) fn learn_left_out(&mut self, left_out: &LeftOut) {
        let named = left_out.transactions.iter().map(|(id, _)| id);
        for (gone, _) in self.pool.set_aside(named) {
            let reject = left_out.transactions.iter().find(|(id, _)| *id == gone.id).map(|(_, reject)| *reject);
            let described = reject.and_then(|reject| self.config.registry.describe(reject));
            self.dropped(&gone, described.map_or("unusable", |described| described.name));
        }
        self.calls.set_aside(&left_out.system_calls);
    }

    /// What a block on this parent could include, best first.
    pub(crate) fn candidates_on(&self, parent: &Hash32) -> Vec<CheckedTransaction> {
        let included = self.included_above_tip(parent);
        let of_chain = &self.config.genesis.parameters.limits;
        let room = CandidateLimits {
            count: limits::TRANSACTIONS_PER_BLOCK_MAX,
            bytes: of_chain.body_bytes_max as usize,
            weight: of_chain.block_weight_max,
        };
        let candidates = self.pool.candidates(room, &|id| included.contains(id));
        let checked = candidates.iter().map(|pooled| CheckedTransaction {
            transaction: pooled.transaction.clone(),
            id: pooled.id,
            wid: pooled.wid,
            weight: pooled.weight,
            length: pooled.length,
        });
        checked.collect()
    }

    /// A finalization that a block on this parent could carry.
    pub(crate) fn attendance(&self, ground: &Ground) -> Option<Attendance> {
        let certificate = self.tip_certificate.clone()?;
        let tip = &self.chain.tip().header;
        let earlier_epoch = tip.epoch != ground.tip.header.epoch;
        (!earlier_epoch && tip.height.0 > 0).then_some(Attendance { height: tip.height, certificate })
    }

    /// A transaction that waits in the pool.
    #[must_use]
    pub fn pooled(&self, id: &Hash32) -> Option<Arc<PoolTransaction>> {
        self.pool.get(id)
    }

    /// The nonce that a wallet should use next: the first that is neither used nor waiting.
    #[must_use]
    pub fn pending_nonce(&self, address: &Address, state: &dyn ChainState) -> Nonce {
        let layers = self.chain.final_layers();
        let account = account_record(&Layered::new(state, &layers), address);
        self.pool.pending_nonce(address, account.nonce)
    }

    /// All that waits in the pool, for the API.
    pub fn pool(&self) -> &mempool::Mempool {
        &self.pool
    }
}

#[cfg(test)]
mod tests {
    use types::{AuthKind, ByteString, Call, ModuleId, TRANSACTION_VERSION, TransactionBody, Weight, Witness};

    use super::*;

    fn checked(bytes: usize) -> Arc<CheckedTransaction> {
        let call = Call { module: ModuleId(1), body: ByteString::new(vec![0; bytes]).expect("short") };
        let body = TransactionBody {
            version: TRANSACTION_VERSION,
            sender: Address([1; 20]),
            auth: AuthKind::Single,
            nonce: Nonce(0),
            valid_until: TimeMs(0),
            fee_max: Amount::ZERO,
            tip: Amount::ZERO,
            payer: None,
            calls: List::new(vec![call]).expect("one"),
        };
        let transaction = Arc::new(Transaction { body, witness: Witness { auths: List::default() } });
        let length = u32::try_from(transaction.encoded_length()).expect("short");
        let (id, wid) = (Hash32([0; 32]), Hash32([1; 32]));
        Arc::new(CheckedTransaction { transaction, id, wid, weight: Weight(1), length })
    }

    // FAULTS HB7
    #[test]
    fn what_fills_a_message_leaves_at_once_and_nothing_is_kept() {
        for bytes in [1, 1_000, 60_000] {
            let mut outgoing = Outgoing::default();
            assert_eq!(outgoing.take(100).len(), 0);
            let (one, mut count) = (checked(bytes), 0);
            while outgoing.bytes <= MESSAGE_BYTES_MAX && outgoing.waiting.len() < TRANSACTIONS_PER_MESSAGE_MAX {
                outgoing.push(one.clone());
                count += 1;
            }
            outgoing.sent_ms = 100;
            let messages = outgoing.take(100);
            let lengths = messages.iter().map(|message| match message {
                Message::Transactions(some) => (some.len(), some.len() * one.length as usize),
                other => panic!("{other:?}"),
            });
            let lengths: Vec<(usize, usize)> = lengths.collect();
            assert_eq!(lengths.iter().map(|(some, _)| some).sum::<usize>(), count, "{bytes}");
            assert!(lengths.iter().all(|(_, length)| *length <= MESSAGE_BYTES_MAX), "{lengths:?}");
            assert_eq!((outgoing.bytes, outgoing.waiting.len(), outgoing.deadline_ms()), (0, 0, None));
        }
    }
}
