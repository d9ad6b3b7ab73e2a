//! Which verifications are in which batch, and what is to be done about it: a state machine without clock, disk or account.
//!
//! Whoever drives it does what it asks for, writes the record down, and only then has it [`Batcher::take`] it; a start takes the same records
//! again and so goes on where it was stopped. It must not know files, nor why the chain refuses. Invariants: what was acknowledged is in one
//! place, open or in one batch; one batch is on its way at a time, and nothing of it changes until the chain's word on it is written down.
//! Memory is bounded by [`OPEN_MAX`] and [`WAITING_MAX`].

use std::collections::{BTreeMap, HashMap, VecDeque};

use types::{Address, Hash32, TimeMs};
use verifyid::{BATCH_LEAVES_MAX, month_of, tags};

use super::record::{Acknowledged, Attempt, ClosedBatch, LedgerRecord};

/// How long a batch is open.
#[cfg(test)]
pub(crate) const OPEN_MS: u64 = 600_000;
/// Most leaves that are in no batch yet, over all customers; before they are so many the longest batch is closed early.
pub(crate) const OPEN_MAX: usize = 131_072;
/// From this many on batches are closed early.
const CROWDED: usize = OPEN_MAX / 2;
/// Most batches that wait for the chain.
pub(crate) const WAITING_MAX: usize = 16_384;
/// A batch without a good verification is open for so long at least: anybody may answer wrongly for a device, and each batch costs a fee.
const FAILURES_OPEN_MS: u64 = 86_400_000;
/// Longest that one is postponed.
const POSTPONED_MS_MAX: u64 = 600_000;
/// From this many on a batch stays open until it is full, its month is over, or its first leaf is [`LONG_OPEN_MS`] old.
const MANY_WAIT: usize = WAITING_MAX / 2;
/// So much longer than this may pass before the chain takes a batch no more.
const LONG_OPEN_MS: u64 = 86_400_000;

/// The leaves of one customer and month that are in no batch.
#[derive(Clone, Debug, Default)]
struct OpenBatch {
    leaves: VecDeque<Acknowledged>,
    /// How many of them are not good.
    failures: usize,
    /// How many have left it: the place of the first among all that there ever were.
    gone: u64,
    /// Not closed for its age before, by the wall's clock: the chain would not take it. It is not written down.
    held_until: u64,
}

/// A batch that is due to be closed.
#[derive(Clone, Debug)]
pub(crate) struct DueBatch {
    number: u64,
    customer: Address,
    month: u32,
    /// Whether it is due for its age alone: it may stay open.
    may_wait: bool,
    pub(crate) leaves: Vec<Acknowledged>,
}

impl DueBatch {
    /// Whether nothing but its age asks for it.
    pub(crate) const fn may_wait(&self) -> bool {
        self.may_wait
    }

    /// Whose it is.
    pub(crate) const fn customer(&self) -> &Address {
        &self.customer
    }

    /// Leaves out what comes at an instant or later, unless all of it does: that is due next.
    pub(crate) fn cut(&mut self, end: TimeMs) {
        self.cut_at(self.leaves.iter().take_while(|leaf| leaf.time < end).count());
    }

    /// Leaves out what comes from a place on, unless that is all of it: that is due next.
    pub(crate) fn cut_at(&mut self, place: usize) {
        if place > 0 {
            self.leaves.truncate(place);
        }
    }

    /// What is written down of it once its leaves lie in a file; nothing for one without leaves. Hashes every leaf.
    pub(crate) fn close(&self) -> Option<ClosedBatch> {
        let times = || self.leaves.iter().map(|leaf| leaf.time);
        let count = |count: usize| u32::try_from(count).ok();
        Some(ClosedBatch {
            number: self.number,
            customer: self.customer,
            month: self.month,
            leaves: count(self.leaves.len())?,
            ok: count(self.leaves.iter().filter(|leaf| leaf.is_ok()).count())?,
            root: crypto::merkle::root(tags::TREE, &digests(&self.leaves)),
            first: times().min()?,
            last: times().max()?,
            attempts: 0,
            tried: 0,
        })
    }
}

/// A batch that waits, or is on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitingBatch {
    pub(crate) closed: ClosedBatch,
    /// Not tried again before, by the wall's clock. It is not written down: a start tries at once.
    not_before: u64,
}

/// Good verifications of a batch that no longer wait for the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) customer: Address,
    pub(crate) month: u32,
    pub(crate) ok: u32,
}

/// The batcher.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batcher {
    verifier: Option<Address>,
    open: BTreeMap<(Address, u32), OpenBatch>,
    open_leaves: usize,
    /// By challenge: in which open batch a leaf is, and at what place among all that there ever were.
    places: HashMap<[u8; 16], ((Address, u32), u64)>,
    waiting: BTreeMap<u64, WaitingBatch>,
    under_way: Option<Attempt>,
    next: u64,
    last: Option<u64>,
}

impl Batcher {
    /// Whether a record goes together with what was before: what does not is never written.
    pub(crate) fn goes_with(&self, record: &LedgerRecord) -> bool {
        match record {
            LedgerRecord::Opened { verifier, .. } => self.verifier.is_none_or(|known| known == *verifier),
            LedgerRecord::Leaves(_) => true,
            // One of a file that was begun anew has no leaves before it.
            LedgerRecord::Closed(closed) if closed.number < self.next => !self.waiting.contains_key(&closed.number),
            LedgerRecord::Closed(closed) => {
                let open = self.open.get(&(closed.customer, closed.month));
                let has =
                    |open: &OpenBatch| usize::try_from(closed.leaves).is_ok_and(|count| open.leaves.len() >= count);
                closed.number == self.next && open.is_some_and(has)
            }
            LedgerRecord::Begun(attempt) => self.under_way.is_none() && self.waiting.contains_key(&attempt.number),
            LedgerRecord::Refused { number, .. } => {
                self.under_way.as_ref().is_some_and(|attempt| attempt.number == *number)
            }
            LedgerRecord::Anchored { number, .. } | LedgerRecord::Dropped { number } => {
                self.waiting.contains_key(number)
            }
        }
    }

    /// Takes what was written down; says what no longer waits for the chain by it. What does not go together with what was before is let be.
    pub(crate) fn take(&mut self, record: &LedgerRecord) -> Option<Settled> {
        if !self.goes_with(record) {
            return None;
        }
        match record {
            LedgerRecord::Opened { verifier, next, last } => {
                self.verifier = Some(*verifier);
                self.next = self.next.max(*next);
                self.last = self.last.max(*last);
            }
            LedgerRecord::Leaves(leaves) => {
                for leaf in leaves {
                    let key = (leaf.customer, month_of(leaf.time));
                    let open = self.open.entry(key).or_default();
                    let place = open.gone.saturating_add(open.leaves.len() as u64);
                    self.places.insert(leaf.challenge, (key, place));
                    open.leaves.push_back(*leaf);
                    open.failures = open.failures.saturating_add(usize::from(!leaf.is_ok()));
                }
                self.open_leaves = self.open_leaves.saturating_add(leaves.len());
            }
            LedgerRecord::Closed(closed) => self.take_closed(closed),
            LedgerRecord::Begun(attempt) => {
                if let Some(batch) = self.waiting.get_mut(&attempt.number) {
                    (batch.closed.attempts, batch.closed.tried) = (attempt.attempt, attempt.sequence);
                }
                self.under_way = Some(attempt.clone());
            }
            LedgerRecord::Refused { .. } => self.under_way = None,
            LedgerRecord::Anchored { number, sequence, .. } => {
                self.last = self.last.max(Some(*sequence));
                return self.settle(*number);
            }
            LedgerRecord::Dropped { number } => return self.settle(*number),
        }
        None
    }

    fn take_closed(&mut self, closed: &ClosedBatch) {
        let key = (closed.customer, closed.month);
        if closed.number == self.next
            && let Some(open) = self.open.get_mut(&key)
        {
            let count = usize::try_from(closed.leaves).unwrap_or(usize::MAX).min(open.leaves.len());
            for leaf in open.leaves.drain(..count) {
                self.places.remove(&leaf.challenge);
                open.failures = open.failures.saturating_sub(usize::from(!leaf.is_ok()));
            }
            open.gone = open.gone.saturating_add(count as u64);
            if open.leaves.is_empty() {
                self.open.remove(&key);
            }
            self.open_leaves = self.open_leaves.saturating_sub(count);
            self.next = closed.number.saturating_add(1);
        }
        self.waiting.insert(closed.number, WaitingBatch { closed: *closed, not_before: 0 });
    }

    fn settle(&mut self, number: u64) -> Option<Settled> {
        let ClosedBatch { customer, month, ok, .. } = self.waiting.remove(&number)?.closed;
        self.under_way.take_if(|attempt| attempt.number == number);
        Some(Settled { customer, month, ok })
    }

    /// What has to be written down of all this, to begin a file anew.
    pub(crate) fn records(&self, leaves_max: usize) -> Vec<LedgerRecord> {
        let opened = self.verifier.map(|verifier| LedgerRecord::Opened { verifier, next: self.next, last: self.last });
        let mut records: Vec<LedgerRecord> = opened.into_iter().collect();
        records.extend(self.waiting.values().map(|batch| LedgerRecord::Closed(batch.closed)));
        records.extend(self.under_way.clone().map(LedgerRecord::Begun));
        for open in self.open.values() {
            let leaves: Vec<Acknowledged> = open.leaves.iter().copied().collect();
            records.extend(leaves.chunks(leaves_max.max(1)).map(|leaves| LedgerRecord::Leaves(leaves.to_vec())));
        }
        records
    }

    /// The batch that is due to be closed, where one is open for so long at most; the driver writes its leaves to a file, then the record.
    pub(crate) fn due(&self, now_ms: u64, open_ms: u64) -> Option<DueBatch> {
        if self.waiting.len() >= WAITING_MAX {
            return None;
        }
        let is_whole = |(key, open): &(&(Address, u32), &OpenBatch)| {
            open.leaves.len() >= full() || key.1 != month_of(TimeMs(now_ms))
        };
        let is_old = |(_, open): &(&(Address, u32), &OpenBatch)| {
            let has_good = open.failures < open.leaves.len();
            let open_ms = if has_good { open_ms } else { open_ms.max(FAILURES_OPEN_MS) };
            let open_ms = if self.waiting.len() < MANY_WAIT { open_ms } else { open_ms.max(LONG_OPEN_MS) };
            let is_over = open.leaves.front().is_some_and(|first| first.time.0.saturating_add(open_ms) <= now_ms);
            is_over && !is_put_off(open.held_until, now_ms)
        };
        let longest = || {
            let is_crowded = self.open_leaves >= CROWDED;
            self.open.iter().max_by_key(|(_, open)| open.leaves.len()).filter(|_| is_crowded)
        };
        let whole = self.open.iter().find(is_whole);
        let old = || self.open.iter().find(is_old);
        // Where it is crowded nothing waits.
        let crowded = whole.or_else(longest);
        let may_wait = crowded.is_none();
        let ((customer, month), open) = crowded.or_else(old)?;
        let leaves = open.leaves.iter().take(full()).copied().collect();
        Some(DueBatch { number: self.next, customer: *customer, month: *month, may_wait, leaves })
    }

    /// An open batch is not closed for its age before: it would wait for the chain among those that need not.
    pub(crate) fn hold(&mut self, due: &DueBatch, until_ms: u64) {
        if let Some(open) = self.open.get_mut(&(due.customer, due.month)) {
            open.held_until = until_ms;
        }
    }

    /// The batch that is on its way, and how: its deed is asked for until the chain's word on it is known.
    pub(crate) fn under_way(&self) -> Option<(ClosedBatch, Attempt)> {
        let attempt = self.under_way.clone()?;
        Some((self.waiting.get(&attempt.number)?.closed, attempt))
    }

    /// The oldest batch that may be begun now; nothing while one is on its way.
    pub(crate) fn next(&self, now_ms: u64) -> Option<ClosedBatch> {
        let is_free = self.under_way.is_none();
        let may_go = |batch: &&WaitingBatch| !is_put_off(batch.not_before, now_ms);
        let mut waiting = self.waiting.values().filter(may_go);
        waiting.next().filter(|_| is_free).map(|batch| batch.closed)
    }

    /// A batch is not tried again before; others go first.
    pub(crate) fn postpone(&mut self, number: u64, until_ms: u64) {
        if let Some(batch) = self.waiting.get_mut(&number) {
            batch.not_before = until_ms;
        }
    }

    /// Whose ledger it is.
    pub(crate) const fn verifier(&self) -> Option<Address> {
        self.verifier
    }

    /// The verifier's last sequence number that this ledger knows.
    pub(crate) const fn last(&self) -> Option<u64> {
        self.last
    }

    pub(crate) const fn open_leaves(&self) -> usize {
        self.open_leaves
    }

    /// How many batches wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The open leaf of a challenge.
    pub(crate) fn open_leaf(&self, challenge: &[u8; 16]) -> Option<Acknowledged> {
        let (key, place) = self.places.get(challenge)?;
        let open = self.open.get(key)?;
        let place = usize::try_from(place.checked_sub(open.gone)?).ok()?;
        open.leaves.get(place).filter(|leaf| leaf.challenge == *challenge).copied()
    }

    /// How many open leaves of a customer and month are not good.
    pub(crate) fn failures(&self, customer: &Address, month: u32) -> usize {
        self.open.get(&(*customer, month)).map_or(0, |open| open.failures)
    }

    /// Good verifications that wait for the chain.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = Settled> {
        let open = self.open.iter().map(|((customer, month), open)| {
            let ok = open.leaves.len().saturating_sub(open.failures);
            Settled { customer: *customer, month: *month, ok: u32::try_from(ok).unwrap_or(u32::MAX) }
        });
        let waiting = self.waiting.values().map(|WaitingBatch { closed, .. }| {
            let ClosedBatch { customer, month, ok, .. } = *closed;
            Settled { customer, month, ok }
        });
        open.chain(waiting)
    }
}

/// Whether something is not to be done before an instant. A clock that was set back puts nothing off.
fn is_put_off(until_ms: u64, now_ms: u64) -> bool {
    (1..=POSTPONED_MS_MAX).contains(&until_ms.saturating_sub(now_ms))
}

/// Most leaves of a batch.
fn full() -> usize {
    usize::try_from(BATCH_LEAVES_MAX).unwrap_or(usize::MAX)
}

/// The leaves as their tree has them.
pub(crate) fn digests(leaves: &[Acknowledged]) -> Vec<Hash32> {
    leaves.iter().map(|one| one.leaf().digest()).collect()
}

#[cfg(test)]
mod tests;
