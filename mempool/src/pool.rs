//! The pool: what gets in, what makes room, what a block removes.
//!
//! It must not know blocks beyond which transactions they included. Invariant: the indexes (by id, heads, tails, expiry, bytes per
//! peer, promises per payer) always agree with the queues; every change goes through [`Mempool::change_queue`], and whatever leaves
//! a queue through [`Mempool::forget`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::{Address, Amount, Hash32, Nonce, PeerKey, TimeMs};

use crate::bucket_map::BucketMap;
use crate::ledger::Ledger;
use crate::limits::PoolLimits;
use crate::queue::{Entry, HeadKey, Queue, TailKey};
use crate::reject::PoolReject;
use crate::transaction::PoolTransaction;

/// Where a transaction came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// This node's own API.
    Own,
    /// A peer, whose transactions are limited together.
    Peer(PeerKey),
}

/// What an insertion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// The first missing nonce, when the transaction has to wait for it.
    pub waits_for: Option<Nonce>,
    /// Those behind it that waited for it alone.
    pub released: Vec<(Arc<PoolTransaction>, Source)>,
    /// The transaction with the same nonce that had to go.
    pub replaced: Option<Arc<PoolTransaction>>,
    /// Transactions that had to make room.
    pub evicted: Vec<Arc<PoolTransaction>>,
}

/// Why a transaction was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is in the block.
    Included,
    /// Another transaction with its nonce is.
    Stale,
    /// Block time has passed its end.
    Expired,
    /// Its payer can no longer pay for it.
    Unfunded,
    /// The price has been above what it can pay for too long.
    Underpriced,
    /// Proposers could not use it again and again.
    Unusable,
}

/// A transaction that is in the pool no more, and why.
pub type Removed = (Arc<PoolTransaction>, Removal);

/// The size of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MempoolStatus {
    /// All transactions.
    pub transactions: usize,
    /// Those that a block could include now.
    pub executable: usize,
    /// Different senders.
    pub senders: usize,
    /// Bytes as [`PoolLimits`] counts them.
    pub bytes: usize,
}

/// The pool.
#[derive(Debug)]
pub struct Mempool {
    pub(crate) limits: PoolLimits,
    pub(crate) queues: BucketMap<Address, Queue>,
    /// Each sender's first transaction, if it is executable.
    pub(crate) heads: BTreeSet<HeadKey>,
    /// Each sender's last transaction, while the pool is so full that somebody may soon have to make room.
    pub(crate) tails: Option<BTreeSet<TailKey>>,
    pub(crate) by_id: BucketMap<Hash32, (Address, Nonce)>,
    expiry: BTreeSet<(TimeMs, Hash32)>,
    pub(crate) peer_bytes: BTreeMap<PeerKey, usize>,
    /// The most that each payer's transactions may cost it together.
    pub(crate) promised: BucketMap<Address, Amount>,
    pub(crate) bytes: usize,
    executable: usize,
    arrivals: u64,
    /// The price of the next block.
    pub(crate) price: u128,
    /// Block time.
    pub(crate) time: TimeMs,
    /// Senders by the highest price at which all that is executable of theirs stays so.
    pub(crate) ceilings: BTreeSet<(u128, Address)>,
    /// Senders whose next transaction cannot pay the price, by the highest price that it can pay; and since when.
    pub(crate) stopped: BTreeSet<(u128, Address)>,
    pub(crate) stopped_since: BTreeSet<(TimeMs, Address)>,
    /// What proposers could not use since the last final block.
    pub(crate) aside: Vec<Hash32>,
}

impl Mempool {
    /// An empty pool.
    #[must_use]
    pub const fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            queues: BucketMap::new(),
            heads: BTreeSet::new(),
            tails: None,
            by_id: BucketMap::new(),
            expiry: BTreeSet::new(),
            peer_bytes: BTreeMap::new(),
            promised: BucketMap::new(),
            bytes: 0,
            executable: 0,
            arrivals: 0,
            price: 0,
            time: TimeMs::ZERO,
            ceilings: BTreeSet::new(),
            stopped: BTreeSet::new(),
            stopped_since: BTreeSet::new(),
            aside: Vec::new(),
        }
    }

    /// Takes a transaction whose bytes and signatures are checked.
    ///
    /// # Errors
    /// [`PoolReject`]; the waiting transactions are then as before, but for those whose nonces are used by now.
    pub fn insert(
        &mut self,
        transaction: PoolTransaction,
        source: Source,
        ledger: &dyn Ledger,
    ) -> Result<Inserted, PoolReject> {
        if self.by_id.contains_key(&transaction.id) {
            return Err(PoolReject::AlreadyKnown);
        }
        let price_max = ledger.price_max(&transaction)?;
        self.follow_price(ledger);
        let (sender, nonce) = (transaction.sender, transaction.nonce);
        let unknown = Queue::empty(ledger.nonce(&sender));
        self.follow_account(sender, unknown.account_nonce);
        let queue = self.queues.get(&sender).unwrap_or(&unknown);
        let replaced = self.check_nonce(queue, &transaction)?;
        self.check_funds(&transaction, replaced.as_deref(), ledger)?;
        self.check_peer(&transaction, replaced.as_deref(), source)?;
        let own_tail = self.check_sender(queue, nonce, replaced.is_some())?;
        let worth = queue.worth_of(&transaction);
        let own = [replaced.clone(), own_tail];
        let missing = queue.first_missing();
        self.watch_tails(transaction.footprint());
        let victims = self.plan_room(&transaction, worth, own.iter().flatten())?;

        let waits_for = (missing < nonce).then_some(missing);
        let evicted = own.iter().skip(1).flatten().map(|tail| tail.id).chain(victims).collect::<Vec<_>>();
        if let Some(old) = &replaced {
            self.remove(&old.id);
        }
        let evicted = evicted.iter().filter_map(|id| self.remove(id)).collect();
        self.add(transaction, price_max, source, unknown.account_nonce);
        let released = if waits_for.is_none() && replaced.is_none() { self.behind(&sender, nonce) } else { Vec::new() };
        Ok(Inserted { waits_for, released, replaced, evicted })
    }

    /// Removes what a final block included or made useless, what has expired, and what could not pay the price for too
    /// long. Only the accounts that sent or paid something in the block are looked at again.
    pub fn on_block(&mut self, included: &[(Address, Nonce, Hash32)], ledger: &dyn Ledger) -> Vec<Removed> {
        self.time = ledger.time();
        let mut by_sender = included.to_vec();
        by_sender.sort_unstable();
        let (mut removed, mut stale) = (Vec::new(), Vec::new());
        let mut touched: Vec<(Address, Amount)> = Vec::new();
        for of_sender in by_sender.chunk_by(|(left, ..), (right, ..)| left == right) {
            let Some((sender, ..)) = of_sender.first() else { continue };
            touched.push((*sender, ledger.spendable(sender)));
            let is_included = |id: &Hash32| of_sender.iter().any(|(_, _, included)| included == id);
            for gone in self.follow_account(*sender, ledger.nonce(sender)) {
                let was_included = is_included(&gone.id);
                if was_included { removed.push((gone, Removal::Included)) } else { stale.push((gone, Removal::Stale)) }
            }
            for (_, _, id) in of_sender {
                removed.extend(self.remove(id).map(|gone| (gone, Removal::Included)));
            }
        }
        removed.append(&mut stale);
        while let Some((valid_until, id)) = self.expiry.first().copied()
            && valid_until < ledger.time()
        {
            removed.extend(self.remove(&id).map(|gone| (gone, Removal::Expired)));
        }
        for (sender, spendable) in &touched {
            let unfunded = self.drop_unfunded(sender, *spendable, ledger);
            removed.extend(unfunded.into_iter().map(|gone| (gone, Removal::Unfunded)));
        }
        self.take_back();
        self.follow_price(ledger);
        removed.extend(self.drop_underpriced().into_iter().map(|gone| (gone, Removal::Underpriced)));
        removed
    }

    /// A waiting transaction by its id.
    #[must_use]
    pub fn get(&self, id: &Hash32) -> Option<Arc<PoolTransaction>> {
        self.entry(id).map(|entry| Arc::clone(&entry.transaction))
    }

    /// The nonce that a wallet should use next: the first that is neither used nor waiting, the account's being this.
    #[must_use]
    pub fn pending_nonce(&self, address: &Address, account_nonce: Nonce) -> Nonce {
        self.queues.get(address).map_or(account_nonce, |queue| queue.first_missing().max(account_nonce))
    }

    /// A sender's waiting transactions in the order of their nonces.
    pub fn of_sender(&self, address: &Address) -> impl Iterator<Item = &Arc<PoolTransaction>> {
        self.queues.get(address).into_iter().flat_map(Queue::iter).map(|entry| &entry.transaction)
    }

    /// All waiting transactions, by sender and nonce. Sorts the senders.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<PoolTransaction>> {
        let mut queues: Vec<(&Address, &Queue)> = self.queues.iter().collect();
        queues.sort_unstable_by_key(|(sender, _)| **sender);
        queues.into_iter().flat_map(|(_, queue)| queue.iter()).map(|entry| &entry.transaction)
    }

    /// The size of the pool.
    #[must_use]
    pub fn status(&self) -> MempoolStatus {
        MempoolStatus {
            transactions: self.by_id.len(),
            executable: self.executable,
            senders: self.queues.len(),
            bytes: self.bytes,
        }
    }

    /// The bounds of the pool.
    #[must_use]
    pub const fn limits(&self) -> &PoolLimits {
        &self.limits
    }

    /// Begins to keep the tails when the pool with so many more bytes is half full, and leaves off when a quarter is left.
    fn watch_tails(&mut self, bytes: usize) {
        let (bytes, count) = (self.bytes.saturating_add(bytes), self.by_id.len().saturating_add(1));
        let is_above = |part: usize| {
            bytes.saturating_mul(part) > self.limits.bytes_max || count.saturating_mul(part) > self.limits.count_max
        };
        if self.tails.is_none() && is_above(2) {
            self.tails = Some(self.queues.iter().filter_map(|(_, queue)| queue.tail().map(Entry::tail_key)).collect());
        } else if self.tails.is_some() && !is_above(4) {
            self.tails = None;
        }
    }

    /// Takes over an account's nonce; removes what it has made useless.
    fn follow_account(&mut self, sender: Address, nonce: Nonce) -> Vec<Arc<PoolTransaction>> {
        if self.queues.get(&sender).is_none_or(|queue| queue.account_nonce == nonce) {
            return Vec::new();
        }
        let mut stale = Vec::new();
        self.change_queue(sender, |queue| {
            stale = queue.take_below(nonce);
            queue.account_nonce = nonce;
        });
        let forget = |entry: Entry| {
            self.forget(&entry);
            entry.transaction
        };
        stale.into_iter().map(forget).collect()
    }

    /// Removes from the end of a sender's queue until those who pay for it can. The sender has `spendable`.
    fn drop_unfunded(&mut self, sender: &Address, spendable: Amount, ledger: &dyn Ledger) -> Vec<Arc<PoolTransaction>> {
        let mut dropped = Vec::new();
        while let Some(queue) = self.queues.get(sender) {
            let is_broke = |payer: &Address| {
                let has = if payer == sender { spendable } else { ledger.spendable(payer) };
                self.promised.get(payer).is_some_and(|promised| *promised > has)
            };
            let mut payers: Vec<Address> = queue.iter().map(|entry| entry.transaction.payer()).collect();
            payers.dedup();
            let last = queue.tail().map(|entry| entry.transaction.id);
            let Some(id) = last.filter(|_| payers.iter().any(is_broke)) else { break };
            dropped.extend(self.remove(&id));
        }
        dropped
    }

    pub(crate) fn entry(&self, id: &Hash32) -> Option<&Entry> {
        let (sender, nonce) = self.by_id.get(id)?;
        self.queues.get(sender)?.get(*nonce)
    }

    fn add(&mut self, transaction: PoolTransaction, price_max: u128, source: Source, account_nonce: Nonce) {
        let (id, sender, nonce) = (transaction.id, transaction.sender, transaction.nonce);
        self.arrivals = self.arrivals.saturating_add(1);
        self.bytes = self.bytes.saturating_add(transaction.footprint());
        if let Source::Peer(peer) = source {
            let bytes = self.peer_bytes.entry(peer).or_default();
            *bytes = bytes.saturating_add(transaction.footprint());
        }
        let payer = transaction.payer();
        let promised = self.promised.get(&payer).copied().unwrap_or_default();
        let cost = transaction.cost_max().expect("a cost that does not fit was refused as unpayable");
        let promised = promised.checked_add(cost).expect("the promises were compared to what the payer has");
        self.promised.insert(payer, promised);
        self.by_id.insert(id, (sender, nonce));
        self.expiry.insert((transaction.valid_until, id));
        let entry = Entry::new(transaction, price_max, self.arrivals, source);
        self.change_queue(sender, |queue| {
            queue.account_nonce = account_nonce;
            queue.insert(entry);
        });
    }

    pub(crate) fn remove(&mut self, id: &Hash32) -> Option<Arc<PoolTransaction>> {
        let (sender, nonce) = self.by_id.get(id).copied()?;
        let mut removed = None;
        self.change_queue(sender, |queue| removed = queue.remove(nonce));
        let entry = removed?;
        self.forget(&entry);
        Some(entry.transaction)
    }

    /// Brings the indexes up to date after an entry has left its queue.
    fn forget(&mut self, entry: &Entry) {
        let transaction = &entry.transaction;
        self.by_id.remove(&transaction.id);
        self.expiry.remove(&(transaction.valid_until, transaction.id));
        self.bytes = self.bytes.saturating_sub(transaction.footprint());
        if let Source::Peer(peer) = entry.source
            && let Some(bytes) = self.peer_bytes.get_mut(&peer)
        {
            *bytes = bytes.saturating_sub(transaction.footprint());
            if *bytes == 0 {
                self.peer_bytes.remove(&peer);
            }
        }
        let payer = transaction.payer();
        let cost = transaction.cost_max().unwrap_or_default();
        let rest = self.promised.get(&payer).and_then(|sum| sum.checked_sub(cost)).unwrap_or_default();
        if rest.is_zero() {
            self.promised.remove(&payer);
        } else {
            self.promised.insert(payer, rest);
        }
    }

    /// Changes one queue and brings the indexes of heads and tails up to date.
    pub(crate) fn change_queue(&mut self, sender: Address, change: impl FnOnce(&mut Queue)) {
        if !self.queues.contains_key(&sender) {
            self.queues.insert(sender, Queue::default());
        }
        let queue = self.queues.get_mut(&sender).expect("it was just put there, if it was not before");
        let (head, tail) = (queue.head().map(Entry::head_key), queue.tail().map(Entry::tail_key));
        let (executable, prices, since) = (queue.executable_count(), queue.prices(), queue.stopped_since);
        change(queue);
        queue.refresh(self.price);
        self.executable = self.executable.saturating_sub(executable).saturating_add(queue.executable_count());
        let (head_now, tail_now) = (queue.head().map(Entry::head_key), queue.tail().map(Entry::tail_key));
        let prices_now = queue.prices();
        if prices.stopped.map(|(_, nonce)| nonce) != prices_now.stopped.map(|(_, nonce)| nonce) {
            queue.stopped_since = self.time;
        }
        let since_now = queue.stopped_since;
        if queue.is_empty() {
            self.queues.remove(&sender);
        }
        if prices != prices_now {
            self.note_prices(sender, (prices, since), (prices_now, since_now));
        }
        if head != head_now {
            head.map(|key| self.heads.remove(&key));
            self.heads.extend(head_now);
        }
        if let Some(tails) = self.tails.as_mut().filter(|_| tail != tail_now) {
            tail.map(|key| tails.remove(&key));
            tails.extend(tail_now);
        }
    }
}
