//! The pool: what gets in, what makes room, what a block removes.
//!
//! It must not know blocks beyond which transactions they included. Invariant: the indexes (by id, by wid, heads,
//! tails, expiry, bytes per peer, promises per payer) always agree with the queues; every change goes through
//! [`Mempool::add`] and [`Mempool::remove`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::{Address, Amount, Hash32, Nonce, PeerKey, TimeMs};

use crate::accounts::Accounts;
use crate::limits::PoolLimits;
use crate::queue::{Entry, HeadKey, Queue, TailKey, Worth};
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
    /// The transaction with the same nonce that had to go.
    pub replaced: Option<Hash32>,
    /// Transactions that had to make room.
    pub evicted: Vec<Hash32>,
}

/// Why a block removed a transaction.
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
}

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
    pub(crate) queues: BTreeMap<Address, Queue>,
    /// Each sender's first transaction, if it is executable.
    pub(crate) heads: BTreeSet<HeadKey>,
    /// Each sender's last transaction.
    pub(crate) tails: BTreeSet<TailKey>,
    pub(crate) by_id: BTreeMap<Hash32, (Address, Nonce)>,
    by_wid: BTreeMap<Hash32, Hash32>,
    expiry: BTreeSet<(TimeMs, Hash32)>,
    pub(crate) peer_bytes: BTreeMap<PeerKey, usize>,
    /// The most that each payer's transactions may cost it together.
    pub(crate) promised: BTreeMap<Address, Amount>,
    pub(crate) bytes: usize,
    executable: usize,
    arrivals: u64,
}

impl Mempool {
    /// An empty pool.
    #[must_use]
    pub const fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            queues: BTreeMap::new(),
            heads: BTreeSet::new(),
            tails: BTreeSet::new(),
            by_id: BTreeMap::new(),
            by_wid: BTreeMap::new(),
            expiry: BTreeSet::new(),
            peer_bytes: BTreeMap::new(),
            promised: BTreeMap::new(),
            bytes: 0,
            executable: 0,
            arrivals: 0,
        }
    }

    /// Takes a transaction whose bytes and signatures are checked. `now` is block time.
    ///
    /// # Errors
    /// [`PoolReject`]; the waiting transactions are then as before, but for those whose nonces are used by now.
    pub fn insert(
        &mut self,
        transaction: PoolTransaction,
        source: Source,
        now: TimeMs,
        accounts: &dyn Accounts,
    ) -> Result<Inserted, PoolReject> {
        if self.by_id.contains_key(&transaction.id) {
            return Err(PoolReject::AlreadyKnown);
        }
        if transaction.valid_until < now {
            return Err(PoolReject::Expired { valid_until: transaction.valid_until, now });
        }
        let (sender, nonce) = (transaction.sender, transaction.nonce);
        self.follow_account(sender, accounts.nonce(&sender));
        let unknown = Queue { account_nonce: accounts.nonce(&sender), entries: BTreeMap::new() };
        let queue = self.queues.get(&sender).unwrap_or(&unknown);
        let replaced = self.check_nonce(queue, &transaction)?;
        self.check_funds(&transaction, replaced.as_deref(), accounts)?;
        self.check_peer(&transaction, replaced.as_deref(), source)?;
        let own_tail = self.check_sender(queue, nonce, replaced.is_some())?;
        let worth = queue.worth_of(&transaction);
        let own = [replaced.clone(), own_tail];
        let victims = self.plan_room(&transaction, worth, own.iter().flatten())?;

        let missing = queue.first_missing();
        let waits_for = (missing < nonce).then_some(missing);
        let evicted = own.iter().skip(1).flatten().map(|tail| tail.id).chain(victims).collect::<Vec<_>>();
        for id in replaced.iter().map(|old| &old.id).chain(&evicted) {
            self.remove(id);
        }
        self.add(transaction, source, unknown.account_nonce);
        Ok(Inserted { waits_for, replaced: replaced.map(|old| old.id), evicted })
    }

    /// Removes what a block included or made useless, and what has expired at block time `now`. Only the accounts
    /// that sent or paid something in the block are looked at again.
    pub fn on_block(
        &mut self,
        included: &[(Address, Nonce, Hash32)],
        now: TimeMs,
        accounts: &dyn Accounts,
    ) -> Vec<(Hash32, Removal)> {
        let mut removed = Vec::new();
        let mut touched = BTreeSet::new();
        for (sender, _, id) in included {
            touched.insert(*sender);
            if self.remove(id).is_some() {
                removed.push((*id, Removal::Included));
            }
        }
        for sender in &touched {
            let stale = self.follow_account(*sender, accounts.nonce(sender));
            removed.extend(stale.into_iter().map(|id| (id, Removal::Stale)));
        }
        while let Some((valid_until, id)) = self.expiry.first().copied()
            && valid_until < now
        {
            self.remove(&id);
            removed.push((id, Removal::Expired));
        }
        for sender in &touched {
            let unfunded = self.drop_unfunded(sender, accounts);
            removed.extend(unfunded.into_iter().map(|id| (id, Removal::Unfunded)));
        }
        removed
    }

    /// A waiting transaction by its id.
    #[must_use]
    pub fn get(&self, id: &Hash32) -> Option<Arc<PoolTransaction>> {
        let (sender, nonce) = self.by_id.get(id)?;
        self.queues.get(sender)?.entries.get(nonce).map(|entry| Arc::clone(&entry.transaction))
    }

    /// A waiting transaction by the hash of its exact bytes: its signatures need no second check.
    #[must_use]
    pub fn get_by_wid(&self, wid: &Hash32) -> Option<Arc<PoolTransaction>> {
        self.get(self.by_wid.get(wid)?)
    }

    /// Whether exactly these bytes are waiting, and so were checked.
    #[must_use]
    pub fn contains_wid(&self, wid: &Hash32) -> bool {
        self.by_wid.contains_key(wid)
    }

    /// The nonce that a wallet should use next: the first that is neither used nor waiting.
    #[must_use]
    pub fn pending_nonce(&self, address: &Address, accounts: &dyn Accounts) -> Nonce {
        let account_nonce = accounts.nonce(address);
        self.queues.get(address).map_or(account_nonce, |queue| queue.first_missing().max(account_nonce))
    }

    /// A sender's waiting transactions in the order of their nonces.
    pub fn of_sender(&self, address: &Address) -> impl Iterator<Item = &Arc<PoolTransaction>> {
        self.queues.get(address).into_iter().flat_map(|queue| queue.entries.values()).map(|entry| &entry.transaction)
    }

    /// All waiting transactions, by sender and nonce.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<PoolTransaction>> {
        self.queues.values().flat_map(|queue| queue.entries.values()).map(|entry| &entry.transaction)
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

    /// Takes over an account's nonce; removes what it has made useless.
    fn follow_account(&mut self, sender: Address, nonce: Nonce) -> Vec<Hash32> {
        let Some(queue) = self.queues.get(&sender) else {
            return Vec::new();
        };
        if queue.account_nonce == nonce {
            return Vec::new();
        }
        let stale: Vec<Hash32> = queue.entries.range(..nonce).map(|(_, entry)| entry.transaction.id).collect();
        for id in &stale {
            self.remove(id);
        }
        if self.queues.contains_key(&sender) {
            self.change_queue(sender, |queue| queue.account_nonce = nonce);
        }
        stale
    }

    /// Removes from the end of a sender's queue until those who pay for it can.
    fn drop_unfunded(&mut self, sender: &Address, accounts: &dyn Accounts) -> Vec<Hash32> {
        let mut dropped = Vec::new();
        while let Some(queue) = self.queues.get(sender) {
            let payers: BTreeSet<Address> = queue.entries.values().map(|entry| entry.transaction.payer()).collect();
            let broke = payers
                .into_iter()
                .find(|payer| self.promised.get(payer).copied().unwrap_or_default() > accounts.spendable(payer));
            let last = queue.tail().map(|entry| entry.transaction.id);
            let Some(id) = broke.and(last) else { break };
            self.remove(&id);
            dropped.push(id);
        }
        dropped
    }

    pub(crate) fn entry(&self, id: &Hash32) -> Option<&Entry> {
        let (sender, nonce) = self.by_id.get(id)?;
        self.queues.get(sender)?.entries.get(nonce)
    }

    fn add(&mut self, transaction: PoolTransaction, source: Source, account_nonce: Nonce) {
        let (id, sender, nonce) = (transaction.id, transaction.sender, transaction.nonce);
        self.arrivals = self.arrivals.saturating_add(1);
        self.bytes = self.bytes.saturating_add(transaction.footprint());
        if let Source::Peer(peer) = source {
            let bytes = self.peer_bytes.entry(peer).or_default();
            *bytes = bytes.saturating_add(transaction.footprint());
        }
        let promised = self.promised.entry(transaction.payer()).or_default();
        let cost = transaction.cost_max().expect("a cost that does not fit was refused as unpayable");
        *promised = promised.checked_add(cost).expect("the promises were compared to what the payer has");
        self.by_id.insert(id, (sender, nonce));
        self.by_wid.insert(transaction.wid, id);
        self.expiry.insert((transaction.valid_until, id));
        let worth = Worth { is_executable: false, score: transaction.priority() };
        let entry = Entry { transaction: Arc::new(transaction), arrival: self.arrivals, source, worth };
        self.change_queue(sender, |queue| {
            queue.account_nonce = account_nonce;
            queue.entries.insert(nonce, entry);
        });
    }

    fn remove(&mut self, id: &Hash32) -> Option<Arc<PoolTransaction>> {
        let (sender, nonce) = self.by_id.remove(id)?;
        let mut removed = None;
        self.change_queue(sender, |queue| removed = queue.entries.remove(&nonce));
        let Entry { transaction, source, .. } = removed?;
        self.by_wid.remove(&transaction.wid);
        self.expiry.remove(&(transaction.valid_until, *id));
        self.bytes = self.bytes.saturating_sub(transaction.footprint());
        if let Source::Peer(peer) = source {
            subtract(&mut self.peer_bytes, peer, |bytes| bytes.saturating_sub(transaction.footprint()));
        }
        let cost = transaction.cost_max().unwrap_or_default();
        subtract(&mut self.promised, transaction.payer(), |sum| sum.checked_sub(cost).unwrap_or_default());
        Some(transaction)
    }

    /// Changes one queue and brings the indexes of heads and tails up to date.
    fn change_queue(&mut self, sender: Address, change: impl FnOnce(&mut Queue)) {
        let queue = self.queues.entry(sender).or_default();
        if let Some(head) = queue.head() {
            self.heads.remove(&head.head_key());
        }
        if let Some(tail) = queue.tail() {
            self.tails.remove(&tail.tail_key());
        }
        self.executable = self.executable.saturating_sub(queue.executable_count());
        change(queue);
        queue.refresh();
        self.executable = self.executable.saturating_add(queue.executable_count());
        self.heads.extend(queue.head().map(Entry::head_key));
        self.tails.extend(queue.tail().map(Entry::tail_key));
        if queue.entries.is_empty() {
            self.queues.remove(&sender);
        }
    }
}

/// Lowers a sum and forgets it when nothing is left.
fn subtract<K: Ord, V: Default + PartialEq + Copy>(sums: &mut BTreeMap<K, V>, key: K, lower: impl FnOnce(V) -> V) {
    if let Some(sum) = sums.get_mut(&key) {
        *sum = lower(*sum);
        if *sum == V::default() {
            sums.remove(&key);
        }
    }
}
