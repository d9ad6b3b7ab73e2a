//! Transactions on their way into a block.

use std::sync::Arc;

use execution::{Attendance, ChainState, CheckedTransaction, Layered, Reject, account_record};
use mempool::{Accounts, CandidateLimits, PoolReject, PoolTransaction, Removal, Source};
use types::{Address, Amount, Hash32, Nonce, limits};

use crate::chain::Ground;
use crate::effect::{Effect, GossipVerdict, Notice, Offence, Target};
use crate::event::{SubmissionToken, Via};
use crate::jobs::Origin;
use crate::replica::Replica;

/// Accounts as they are after the newest final block.
struct FinalAccounts<'a>(Layered<'a>);

impl Accounts for FinalAccounts<'_> {
    fn nonce(&self, address: &Address) -> Nonce {
        account_record(&self.0, address).nonce
    }

    fn spendable(&self, address: &Address) -> Amount {
        account_record(&self.0, address).thr
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
        let mut results = Vec::with_capacity(transactions.len());
        let mut accepted = Vec::new();
        for transaction in transactions {
            self.verified.insert(&transaction.facts());
            let result = self.pool_insert(&transaction, Source::Own, state);
            if result.is_ok() {
                accepted.push(transaction.transaction.clone());
            }
            results.push(result);
        }
        self.effects.push(Effect::Submission { token, results });
        self.pass_on(&accepted);
    }

    /// Transactions from a peer, checked on their own.
    pub(crate) fn heard_transactions(
        &mut self,
        origin: Origin,
        results: Vec<Result<Arc<CheckedTransaction>, Reject>>,
        state: &dyn ChainState,
    ) {
        let Origin { peer, via } = origin;
        let all_good = results.iter().all(Result::is_ok);
        self.verdict(via, if all_good { GossipVerdict::Accept } else { GossipVerdict::Reject });
        if !all_good {
            self.effects.push(Effect::Punish { peer, offence: Offence::InvalidTransaction });
        }
        let from_validator = self.set.index_of_peer(&peer).is_some();
        let mut fresh = Vec::new();
        for transaction in results.into_iter().flatten() {
            if self.pool_insert(&transaction, Source::Peer(peer), state).is_ok() {
                fresh.push(transaction.transaction.clone());
            }
        }
        // A validator tells all others itself; what came from elsewhere over a stream may have come here only.
        if via == Via::Stream && !from_validator {
            self.pass_on(&fresh);
        }
    }

    fn pass_on(&mut self, transactions: &[Arc<types::Transaction>]) {
        for message in Self::transaction_messages(transactions) {
            self.effects.push(Effect::Send { to: Target::Validators, message });
        }
    }

    fn pool_insert(
        &mut self,
        transaction: &CheckedTransaction,
        source: Source,
        state: &dyn ChainState,
    ) -> Result<Hash32, PoolReject> {
        let CheckedTransaction { transaction: envelope, id, wid, weight, length } = transaction.clone();
        let layers = self.chain.final_layers();
        let accounts = FinalAccounts(Layered::new(state, &layers));
        let now = self.chain.tip().header.time;
        let inserted =
            self.pool.insert(PoolTransaction::new(envelope, id, wid, weight, length), source, now, &accounts)?;
        self.effects.push(Effect::Notify(Notice::Pooled { id }));
        let replaced = inserted.replaced.into_iter().map(|id| (id, "replaced"));
        let evicted = inserted.evicted.into_iter().map(|id| (id, "evicted"));
        for (id, why) in replaced.chain(evicted) {
            self.effects.push(Effect::Notify(Notice::Dropped { id, why }));
        }
        Ok(id)
    }

    /// Takes what has become final out of the pool, and with it what has become useless.
    pub(crate) fn update_pool(&mut self, state: &dyn ChainState) {
        if self.unpooled.is_empty() {
            return;
        }
        let layers = self.chain.final_layers();
        let accounts = FinalAccounts(Layered::new(state, &layers));
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
        self.pool.pending_nonce(address, &FinalAccounts(Layered::new(state, &layers)))
    }

    /// All that waits in the pool, for the API.
    pub fn pool(&self) -> &mempool::Mempool {
        &self.pool
    }
}
