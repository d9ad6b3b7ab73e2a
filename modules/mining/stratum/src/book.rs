//! The book of shares: everything that must survive a restart, as a value that changes by entries.
//!
//! It must not know files: [`crate::ledger`] turns entries into bytes and back. Invariants: the book is a function of
//! its entries in their order; a header hash is in it once per work height; what is owed is exactly what came in, less
//! fees, remainders and payments; every table is bounded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use types::{Address, Amount, Hash32, THR_DECIMALS};

use crate::limits::{INCOMES_MAX, PAYMENTS_MAX, ROUNDS_MAX, SEEN_HEIGHTS_MAX, SEEN_PER_HEIGHT_MAX, WORKERS_MAX};
use crate::owed::Owed;
use crate::rates::Rates;
use crate::receipts::Receipts;
use crate::remembered::{Named, Remembered};
use crate::window::{Payouts, Window};
use crate::worker::Worker;

/// An accepted share.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Share {
    /// When, in milliseconds of the server's clock.
    pub time_ms: u64,
    /// For which work.
    pub work_height: u64,
    /// By whom.
    pub worker: Worker,
    /// The header's hash.
    pub hash: [u8; 32],
    /// Its weight: the difficulty of its job in billionths.
    pub billionths: u128,
    /// Whether the operator shares out for it; a solo miner is paid by the chain alone.
    pub is_pooled: bool,
}

/// One change of the book.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// A share was accepted.
    Share(Share),
    /// The chain goes on to this work; the window is so many billionths wide from now on. Closes the window of the
    /// work before and fixes its receipts.
    Work {
        /// The new work height.
        work_height: u64,
        /// Width of the window.
        window_billionths: u128,
    },
    /// A work of ours was accepted by the chain: the best shares are counted anew.
    Found {
        /// Its height.
        work_height: u64,
    },
    /// The operator received base units from the chain, which are shared out over the window.
    Income {
        /// What makes this income different from any other, for instance the hash of its claim.
        reference: Hash32,
        /// Base units.
        amount: u128,
        /// What the operator keeps of it.
        fee: u128,
    },
    /// The operator paid base units to an address, as books before references have it. It is read and never written.
    PaidUnnamed {
        /// To whom.
        address: Address,
        /// Base units.
        amount: u128,
    },
    /// Extranonces below this number may have been given away.
    Extranonces {
        /// The bound.
        below: u32,
    },
    /// The operator paid base units to an address.
    Paid(Settlement),
}

/// What the operator paid to one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Settlement {
    /// What makes it different from any other to this address, for instance the id of the transaction that pays.
    pub reference: Hash32,
    /// To whom.
    pub address: Address,
    /// Base units.
    pub amount: u128,
}

impl Named for Settlement {
    type Name = (Hash32, Address);

    fn name(&self) -> Self::Name {
        (self.reference, self.address)
    }
}

/// Why an entry does not fit the book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// A share that is in the book.
    #[error("the share {} of work {work_height} is in the book", hex::encode(hash))]
    Duplicate {
        /// The header's hash.
        hash: [u8; 32],
        /// The work height.
        work_height: u64,
    },
    /// A share of a work whose header hashes are not kept any more, or for which there is no room.
    #[error("no shares of work {0} are taken any more")]
    Closed(u64),
    /// An income that is in the book.
    #[error("the income {} is in the book", hex::encode(.0.0))]
    KnownIncome(Hash32),
    /// A payment that is in the book.
    #[error("the payment {} to this address is in the book", hex::encode(.0.reference.0))]
    KnownPayment(Settlement),
    /// An income that nobody would get any of.
    #[error("no share is in the window")]
    EmptyWindow,
    /// A payment of more than is owed.
    #[error("{} are to be paid, and {} are owed", thr(amount), thr(owed))]
    Overpaid {
        /// Base units to be paid.
        amount: u128,
        /// Base units owed.
        owed: u128,
    },
    /// More than all that can be counted.
    #[error("an income of {} is more than can be counted with what is owed and kept", thr(.0))]
    TooMuch(u128),
    /// A fee above the income.
    #[error("a fee of {} of an income of {}", thr(fee), thr(amount))]
    Fee {
        /// Base units.
        fee: u128,
        /// Base units.
        amount: u128,
    },
}

/// An amount for people.
fn thr(base_units: &u128) -> String {
    format!("{} THR", Amount(*base_units).to_decimal(THR_DECIMALS))
}

/// What is known of one worker, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tally {
    /// Accepted shares.
    pub shares: u64,
    /// The sum of their weights.
    pub billionths: u128,
    /// The lowest hash since the last found work, in the order of [`lowest_first`].
    pub best: Option<[u8; 32]>,
    /// The lowest hash ever.
    pub best_ever: Option<[u8; 32]>,
    /// When the first share came, in milliseconds.
    pub first_ms: u64,
    /// When the last share came, in milliseconds.
    pub last_ms: u64,
    /// Hash rates.
    pub rates: Rates,
}

impl Tally {
    pub(crate) fn add(&mut self, share: &Share) {
        if self.shares == 0 {
            self.first_ms = share.time_ms;
        }
        self.shares = self.shares.saturating_add(1);
        self.billionths = self.billionths.saturating_add(share.billionths);
        self.last_ms = self.last_ms.max(share.time_ms);
        self.rates.add(share.time_ms, share.billionths);
        let found = lowest_first(&share.hash);
        for best in [&mut self.best, &mut self.best_ever] {
            *best = Some(best.map_or(found, |best| best.min(found)));
        }
    }
}

/// A digest with its most significant byte first, so that comparing bytes compares numbers.
#[must_use]
pub fn lowest_first(hash: &[u8; 32]) -> [u8; 32] {
    let mut reversed = *hash;
    reversed.reverse();
    reversed
}

/// Half of a header's hash is enough to tell shares apart: whoever finds two that agree in it loses one of them.
type SeenKey = [u8; 16];

/// The root of the receipts of one closed work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptsRoot {
    /// The work whose acceptance closed the window.
    pub work_height: u64,
    /// The root.
    pub root: Hash32,
}

/// A work whose window is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The work height, as in its [`ReceiptsRoot`].
    pub work_height: u64,
    /// Its receipts.
    pub receipts: Arc<Receipts>,
}

/// The state after all entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Book {
    sequence: u64,
    work_height: u64,
    seen: BTreeMap<u64, BTreeSet<SeenKey>>,
    window: Window,
    owed: Owed,
    kept: u128,
    incomes: Remembered<Hash32, INCOMES_MAX>,
    roots: VecDeque<ReceiptsRoot>,
    workers: BTreeMap<Worker, Tally>,
    all: Tally,
    extranonces_below: u32,
    found: u64,
    /// The last field: books of the version before end without it.
    payments: Remembered<Settlement, PAYMENTS_MAX>,
}

impl Book {
    /// Checks an entry against the book and takes it. The entry then has the number [`Book::sequence`].
    ///
    /// # Errors
    /// [`BookError`]; the book is as it was.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), BookError> {
        self.apply_and_close(entry).map(drop)
    }

    /// As [`Book::apply`], with the receipts of the work that the entry closed, if it did. The book keeps their root
    /// alone.
    ///
    /// # Errors
    /// [`BookError`]; the book is as it was.
    pub fn apply_and_close(&mut self, entry: &Entry) -> Result<Option<Closed>, BookError> {
        let mut closed = None;
        let next = self.sequence.saturating_add(1);
        match entry {
            Entry::Share(share) => self.add_share(share, next)?,
            Entry::Work { work_height, window_billionths } => {
                closed = self.begin_work(*work_height, *window_billionths);
            }
            Entry::Found { .. } => {
                self.found = self.found.saturating_add(1);
                self.forget_best();
            }
            Entry::Income { reference, amount, fee } => self.add_income(*reference, *amount, *fee)?,
            Entry::PaidUnnamed { address, amount } => self.take_off(address, *amount)?,
            Entry::Paid(payment) => self.pay(*payment)?,
            Entry::Extranonces { below } => self.extranonces_below = *below,
        }
        self.sequence = next;
        Ok(closed)
    }

    /// Whether a share could be taken: it is new, its work is open, and there is room.
    ///
    /// # Errors
    /// As [`Book::apply`] would.
    pub fn check_share(&self, share: &Share) -> Result<(), BookError> {
        let closed = BookError::Closed(share.work_height);
        let oldest = self.work_height.saturating_sub(1);
        if share.work_height > self.work_height || share.work_height < oldest {
            return Err(closed);
        }
        if let Some(seen) = self.seen.get(&share.work_height) {
            if seen.contains(&seen_key(&share.hash)) {
                return Err(BookError::Duplicate { hash: share.hash, work_height: share.work_height });
            }
            if seen.len() >= SEEN_PER_HEIGHT_MAX {
                return Err(closed);
            }
        }
        if share.is_pooled && !self.window.has_room(&share.worker.address) {
            return Err(closed);
        }
        Ok(())
    }

    /// The number of the last entry; entries are numbered from 1.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How many works of the chain were found here.
    #[must_use]
    pub const fn found(&self) -> u64 {
        self.found
    }

    /// Whether a share with this hash was counted for a work that is not closed yet.
    #[must_use]
    pub fn has_counted(&self, hash: &[u8; 32]) -> bool {
        self.seen.values().any(|seen| seen.contains(&seen_key(hash)))
    }

    /// The work that is looked for.
    #[must_use]
    pub const fn work_height(&self) -> u64 {
        self.work_height
    }

    /// The window of pooled shares.
    #[must_use]
    pub const fn window(&self) -> &Window {
        &self.window
    }

    /// What the operator owes, by address, in base units.
    #[must_use]
    pub const fn owed(&self) -> &BTreeMap<Address, u128> {
        self.owed.amounts()
    }

    /// What the operator owes all addresses together, in base units.
    #[must_use]
    pub const fn owed_total(&self) -> u128 {
        self.owed.total()
    }

    /// What is owed, in rising order of address, from this address on.
    pub fn owed_from(&self, first: Address) -> impl Iterator<Item = (Address, u128)> {
        self.owed.amounts().range(first..).map(|(address, owed)| (*address, *owed))
    }

    /// How many incomes are remembered, so that none of them is shared out again.
    #[must_use]
    pub fn incomes(&self) -> usize {
        self.incomes.len()
    }

    /// Whether a payment is noted under its reference.
    #[must_use]
    pub fn is_noted(&self, payment: &Settlement) -> bool {
        self.payments.find(payment).is_some_and(|known| known == payment)
    }

    /// The root of the receipts of a closed work.
    #[must_use]
    pub fn root_of(&self, work_height: u64) -> Option<ReceiptsRoot> {
        let place = self.roots.binary_search_by_key(&work_height, |root| root.work_height).ok()?;
        self.roots.get(place).copied()
    }

    /// Fees and remainders, in base units.
    #[must_use]
    pub const fn kept(&self) -> u128 {
        self.kept
    }

    /// The roots of the receipts of closed works, the latest last.
    #[must_use]
    pub const fn roots(&self) -> &VecDeque<ReceiptsRoot> {
        &self.roots
    }

    /// Every worker with what is known of it.
    #[must_use]
    pub const fn workers(&self) -> &BTreeMap<Worker, Tally> {
        &self.workers
    }

    /// All workers together.
    #[must_use]
    pub const fn all(&self) -> &Tally {
        &self.all
    }

    /// Extranonces below this number may have been given away.
    #[must_use]
    pub const fn extranonces_below(&self) -> u32 {
        self.extranonces_below
    }

    /// How many header hashes are kept.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen.values().map(BTreeSet::len).sum()
    }

    fn add_share(&mut self, share: &Share, sequence: u64) -> Result<(), BookError> {
        self.check_share(share)?;
        self.seen.entry(share.work_height).or_default().insert(seen_key(&share.hash));
        if share.is_pooled {
            self.window.add(self.work_height, share.worker.address, share.billionths, sequence);
        }
        self.all.add(share);
        if let Some(tally) = self.workers.get_mut(&share.worker) {
            tally.add(share);
            return Ok(());
        }
        if self.workers.len() >= WORKERS_MAX {
            let silent = self.workers.iter().min_by_key(|(_, tally)| tally.last_ms).map(|(worker, _)| worker.clone());
            silent.and_then(|worker| self.workers.remove(&worker));
        }
        self.workers.entry(share.worker.clone()).or_default().add(share);
        Ok(())
    }

    fn begin_work(&mut self, work_height: u64, window_billionths: u128) -> Option<Closed> {
        let mut closed = None;
        if work_height > self.work_height {
            let receipts = Receipts::of(&self.window, self.work_height);
            self.roots.push_back(ReceiptsRoot { work_height: self.work_height, root: receipts.root() });
            closed = Some(Closed { work_height: self.work_height, receipts: Arc::new(receipts) });
            while self.roots.len() > ROUNDS_MAX {
                self.roots.pop_front();
            }
            self.work_height = work_height;
        }
        self.window.set_width(window_billionths);
        let heights = u64::try_from(SEEN_HEIGHTS_MAX).unwrap_or(u64::MAX);
        let first = self.work_height.saturating_add(1).saturating_sub(heights);
        self.seen.retain(|height, _| *height >= first);
        closed
    }

    fn forget_best(&mut self) {
        self.all.best = None;
        self.workers.values_mut().for_each(|tally| tally.best = None);
    }

    fn add_income(&mut self, reference: Hash32, amount: u128, fee: u128) -> Result<(), BookError> {
        if self.incomes.find(&reference).is_some() {
            return Err(BookError::KnownIncome(reference));
        }
        let shared_out = amount.checked_sub(fee).ok_or(BookError::Fee { fee, amount })?;
        let counted = self.owed.total().checked_add(self.kept).and_then(|sum| sum.checked_add(amount));
        counted.ok_or(BookError::TooMuch(amount))?;
        let Payouts { amounts, remainder } = self.window.split(shared_out);
        for (address, share) in amounts {
            self.owed.add(address, share);
        }
        self.kept = self.kept.saturating_add(fee).saturating_add(remainder);
        self.incomes.add(reference);
        Ok(())
    }

    fn take_off(&mut self, address: &Address, amount: u128) -> Result<(), BookError> {
        self.owed.take_off(address, amount).map_err(|owed| BookError::Overpaid { amount, owed })
    }

    fn pay(&mut self, payment: Settlement) -> Result<(), BookError> {
        if let Some(known) = self.payments.find(&payment) {
            return Err(BookError::KnownPayment(*known));
        }
        self.take_off(&payment.address, payment.amount)?;
        self.payments.add(payment);
        Ok(())
    }
}

fn seen_key(hash: &[u8; 32]) -> SeenKey {
    // The low half: the high one is all zeros in every good share.
    hash.first_chunk().copied().unwrap_or_default()
}
