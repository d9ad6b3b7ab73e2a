//! Whether a transaction gets in, and who has to go for it. Nothing here changes the pool.
//!
//! It must not know how transactions are checked. Invariant: a victim is worth strictly less than the newcomer and
//! stands at the end of its sender's queue when its turn comes.

use std::collections::BTreeSet;
use std::sync::Arc;

use types::{Amount, Hash32, Nonce};

use crate::ledger::Ledger;
use crate::pool::{Mempool, Source};
use crate::queue::{Queue, TailKey, Worth};
use crate::reject::PoolReject;
use crate::transaction::PoolTransaction;

impl Mempool {
    /// The transaction that this one would replace.
    pub(crate) fn check_nonce(
        &self,
        queue: &Queue,
        transaction: &PoolTransaction,
    ) -> Result<Option<Arc<PoolTransaction>>, PoolReject> {
        let nonce = transaction.nonce;
        if nonce < queue.account_nonce {
            return Err(PoolReject::NonceTooLow { nonce, expected: queue.account_nonce });
        }
        if nonce == Nonce::MAX {
            // None can follow it, so no block takes it.
            return Err(PoolReject::NonceGap { nonce, missing: queue.first_missing() });
        }
        let Some(old) = queue.get(nonce) else {
            let missing = queue.first_missing();
            let is_far = nonce.0.saturating_sub(missing.0) > self.limits.nonce_gap_max;
            return if is_far { Err(PoolReject::NonceGap { nonce, missing }) } else { Ok(None) };
        };
        let tip_min = old.transaction.tip_to_replace(transaction.weight);
        // What cannot pay the price holds its nonce for nothing: whoever can takes it, whatever was promised.
        if transaction.tip < tip_min && old.price_max >= self.price {
            return Err(PoolReject::ReplacementUnderpriced { nonce, tip_min });
        }
        Ok(Some(Arc::clone(&old.transaction)))
    }

    pub(crate) fn check_funds(
        &self,
        transaction: &PoolTransaction,
        replaced: Option<&PoolTransaction>,
        ledger: &dyn Ledger,
    ) -> Result<(), PoolReject> {
        let payer = transaction.payer();
        let freed = replaced.filter(|old| old.payer() == payer).and_then(PoolTransaction::cost_max);
        let promised = self.promised.get(&payer).copied().unwrap_or_default();
        let others = promised.checked_sub(freed.unwrap_or_default()).unwrap_or_default();
        let needed = transaction.cost_max().and_then(|cost| others.checked_add(cost));
        let spendable = ledger.spendable(&payer);
        match needed {
            Some(needed) if needed <= spendable => Ok(()),
            needed => Err(PoolReject::InsufficientFunds { needed: needed.unwrap_or(Amount::MAX), spendable }),
        }
    }

    pub(crate) fn check_peer(
        &self,
        transaction: &PoolTransaction,
        replaced: Option<&PoolTransaction>,
        source: Source,
    ) -> Result<(), PoolReject> {
        let Source::Peer(peer) = source else {
            return Ok(());
        };
        let bytes = self.peer_bytes.get(&peer).copied().unwrap_or_default();
        let freed = replaced.and_then(|old| self.entry(&old.id)).filter(|old| old.source == source);
        let others = bytes.saturating_sub(freed.map_or(0, |old| old.transaction.footprint()));
        let is_full = others.saturating_add(transaction.footprint()) > self.limits.per_peer_bytes_max;
        if is_full { Err(PoolReject::PeerLimit { bytes }) } else { Ok(()) }
    }

    /// A sender at its limit may still fill a gap: its own last transaction makes room.
    pub(crate) fn check_sender(
        &self,
        queue: &Queue,
        nonce: Nonce,
        is_replacement: bool,
    ) -> Result<Option<Arc<PoolTransaction>>, PoolReject> {
        let count = queue.len();
        if is_replacement || count < self.limits.per_sender_max {
            return Ok(None);
        }
        match queue.tail() {
            Some(tail) if nonce < tail.transaction.nonce => Ok(Some(Arc::clone(&tail.transaction))),
            _ => Err(PoolReject::SenderLimit { count }),
        }
    }

    /// The transactions of others that have to go so that this one fits, worst first, all worth strictly less.
    pub(crate) fn plan_room<'t>(
        &self,
        transaction: &PoolTransaction,
        worth: Worth,
        leaving: impl Iterator<Item = &'t Arc<PoolTransaction>>,
    ) -> Result<Vec<Hash32>, PoolReject> {
        let mut bytes = self.bytes.saturating_add(transaction.footprint());
        let mut count = self.by_id.len().saturating_add(1);
        for leaving in leaving {
            bytes = bytes.saturating_sub(leaving.footprint());
            count = count.saturating_sub(1);
        }
        let mut victims = Vec::new();
        let mut tails = self.tails.iter().flatten().copied().peekable();
        // Transactions that became the last of their sender because a victim stood behind them.
        let mut exposed: BTreeSet<(TailKey, Nonce)> = BTreeSet::new();
        while bytes > self.limits.bytes_max || count > self.limits.count_max {
            let is_exposed = match (exposed.first(), tails.peek()) {
                (Some((inner, _)), Some(tail)) => inner < tail,
                (inner, _) => inner.is_some(),
            };
            let inner = if is_exposed { exposed.pop_first().map(|(key, nonce)| (key, Some(nonce))) } else { None };
            let (key, nonce) = inner.or_else(|| tails.next().map(|key| (key, None))).ok_or(PoolReject::PoolFull)?;
            if key.worth >= worth {
                return Err(PoolReject::PoolFull);
            }
            let Some(queue) = self.queues.get(&key.sender).filter(|_| key.sender != transaction.sender) else {
                continue;
            };
            let end = nonce.map_or(Nonce::MAX, |nonce| nonce);
            let mut from_end = queue.up_to(end);
            if let Some(victim) = from_end.next() {
                bytes = bytes.saturating_sub(victim.transaction.footprint());
                count = count.saturating_sub(1);
                victims.push(victim.transaction.id);
            }
            exposed.extend(from_end.next().map(|entry| (entry.tail_key(), entry.transaction.nonce)));
        }
        Ok(victims)
    }
}
