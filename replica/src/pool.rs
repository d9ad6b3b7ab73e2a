//! Transactions on their way into a block.
//!
//! What comes in together is inserted together and told together; what goes out to the other validators is collected: the
//! first leaves at once, what follows it closely leaves together, however many clients hand something in.

use std::cell::Cell;
use std::sync::Arc;

use execution::{AccountRecord, Attendance, ChainState, CheckedTransaction, Layered, Reject, account_record};
use mempool::{Accounts, CandidateLimits, PoolReject, PoolTransaction, Removal, Source};
use types::{Address, Amount, Canonical, Hash32, List, Nonce, Transaction, limits};

use crate::chain::Ground;
use crate::effect::{Effect, GossipVerdict, Notice, Offence, Target};
use crate::event::{SubmissionToken, Via};
use crate::jobs::Origin;
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

/// Accounts as they are after the newest final block.
struct FinalAccounts<'a> {
    state: Layered<'a>,
    /// The one that was asked for last: it is asked for again and again.
    newest: Cell<Option<(Address, AccountRecord)>>,
}

impl<'a> FinalAccounts<'a> {
    const fn new(state: Layered<'a>) -> Self {
        Self { state, newest: Cell::new(None) }
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

impl Accounts for FinalAccounts<'_> {
    fn nonce(&self, address: &Address) -> Nonce {
        self.record(address).nonce
    }

    fn spendable(&self, address: &Address) -> Amount {
        self.record(address).thr
    }
}

/// Transactions that the other validators are to get.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    waiting: Vec<Arc<CheckedTransaction>>,
    sent_ms: u64,
}

impl Outgoing {
    /// When what waits is due.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        let pace_ms = if self.waiting.len() < PUSH_MANY { PUSH_FEW_MS } else { PUSH_MANY_MS };
        (!self.waiting.is_empty()).then(|| self.sent_ms.saturating_add(pace_ms))
    }

    /// What is due now, in messages that fit the wire.
    fn take(&mut self, now_ms: u64) -> Vec<Message> {
        let is_full = self.waiting.len() >= TRANSACTIONS_PER_MESSAGE_MAX;
        if !is_full && self.deadline_ms().is_none_or(|due_ms| now_ms < due_ms) {
            return Vec::new();
        }
        self.sent_ms = now_ms;
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
    /// Transactions from this node's own API, their signatures checked: each gets an answer, the good ones are
    /// passed on.
    pub(crate) fn submit(
        &mut self,
        token: SubmissionToken,
        transactions: Vec<Arc<CheckedTransaction>>,
        state: &dyn ChainState,
    ) {
        let facts: Vec<_> = transactions.iter().map(|transaction| transaction.facts()).collect();
        self.verified.insert(&facts);
        let results = self.pool_insert(&transactions, Source::Own, state);
        let taken = transactions.into_iter().zip(&results).filter(|(_, result)| result.is_ok());
        self.outgoing.waiting.extend(taken.map(|(transaction, _)| transaction));
        self.effects.push(Effect::Submission { token, results });
    }

    /// Transactions from a peer, checked on their own.
    pub(crate) fn heard_transactions(
        &mut self,
        origin: Origin,
        results: Vec<Result<Arc<CheckedTransaction>, Reject>>,
        state: &dyn ChainState,
    ) {
        let Origin { peer, via, count: _ } = origin;
        let all_good = results.iter().all(Result::is_ok);
        self.verdict(via, if all_good { GossipVerdict::Accept } else { GossipVerdict::Reject });
        if !all_good {
            self.effects.push(Effect::Punish { peer, offence: Offence::InvalidTransaction });
        }
        let good: Vec<_> = results.into_iter().flatten().collect();
        let pooled = self.pool_insert(&good, Source::Peer(peer), state);
        // A validator tells all others itself; what came from elsewhere over a stream may have come here only.
        if via == Via::Stream && self.set.index_of_peer(&peer).is_none() {
            let fresh = good.into_iter().zip(pooled).filter(|(_, pooled)| pooled.is_ok());
            self.outgoing.waiting.extend(fresh.map(|(transaction, _)| transaction));
        }
    }

    /// Sends what is due to the other validators.
    pub(crate) fn push_transactions(&mut self) {
        for message in self.outgoing.take(self.now.monotonic_ms) {
            self.effects.push(Effect::Send { to: Target::Validators, message });
        }
    }

    /// Offers transactions to the pool, one after the other.
    fn pool_insert(
        &mut self,
        transactions: &[Arc<CheckedTransaction>],
        source: Source,
        state: &dyn ChainState,
    ) -> Vec<Result<Hash32, PoolReject>> {
        let layers = self.chain.final_layers();
        let accounts = FinalAccounts::new(Layered::new(state, &layers));
        let now = self.chain.tip().header.time;
        let mut pooled = Vec::with_capacity(transactions.len());
        let mut results = Vec::with_capacity(transactions.len());
        for checked in transactions {
            let CheckedTransaction { transaction, id, wid, weight, length } = checked.as_ref();
            let offered = PoolTransaction::new(transaction.clone(), *id, *wid, *weight, *length);
            let inserted = match self.pool.insert(offered, source, now, &accounts) {
                Ok(inserted) => inserted,
                Err(reject) => {
                    results.push(Err(reject));
                    continue;
                }
            };
            self.known.insert(checked.clone(), self.now.monotonic_ms);
            pooled.push(*id);
            results.push(Ok(*id));
            let replaced = inserted.replaced.into_iter().map(|id| (id, "replaced"));
            let evicted = inserted.evicted.into_iter().map(|id| (id, "evicted"));
            let gone = replaced.chain(evicted).map(|(id, why)| Effect::Notify(Notice::Dropped { id, why }));
            self.effects.extend(gone);
        }
        if !pooled.is_empty() {
            self.effects.push(Effect::Notify(Notice::Pooled { ids: pooled }));
        }
        results
    }

    /// Takes what has become final out of the pool, and with it what has become useless.
    pub(crate) fn update_pool(&mut self, state: &dyn ChainState) {
        if self.unpooled.is_empty() {
            return;
        }
        let layers = self.chain.final_layers();
        let accounts = FinalAccounts::new(Layered::new(state, &layers));
        for block in std::mem::take(&mut self.unpooled) {
            let receipts = block.outcome.receipts.iter().skip(1);
            let included: Vec<_> = receipts
                .zip(&block.body.transactions)
                .map(|(receipt, transaction)| (transaction.body.sender, transaction.body.nonce, receipt.id))
                .collect();
            for (id, removal) in self.pool.on_block(&included, block.header.time, &accounts) {
                let why = match removal {
                    Removal::Included => continue,
                    Removal::Stale => "nonce_used",
                    Removal::Expired => "expired",
                    Removal::Unfunded => "insufficient_funds",
                };
                self.effects.push(Effect::Notify(Notice::Dropped { id, why }));
            }
        }
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
        self.pool.pending_nonce(address, &FinalAccounts::new(Layered::new(state, &layers)))
    }

    /// All that waits in the pool, for the API.
    pub fn pool(&self) -> &mempool::Mempool {
        &self.pool
    }
}
