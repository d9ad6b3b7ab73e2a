//! Paying what the pool's book owes, from an account of the service's own.
//!
//! A payout is one transaction to many addresses. It is written down before it is sent, under a reference that is the deed's name too;
//! when it is final each of its payments is marked as paid in the book under that reference, and then it is closed. So whatever ends
//! the process, each payment is made once and marked once. After damage to the book, in which what was paid may be owed again, nothing
//! is paid until the operator says so. It must not know transactions nor the book's files.

mod note;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use service::account::{DeedError, ServiceAccount};
use service::log::{Log, LogError, OnDamage, OpenedLog};
use service::outbox::DeedEnd;
use service::{Refusal, ServiceFault};
use stratum::service::Handle;
use stratum::{Book, BookError, Settlement};
use tokio::sync::{Notify, watch};
use types::{Address, Amount, Hash32};

use note::{LOG, Note};

/// Most addresses that one transaction pays.
pub(crate) const PAYEES_MAX: usize = 1_000;
/// Between two looks at what is owed.
const LOOK: Duration = Duration::from_secs(60);
/// The log is written anew when it is longer.
const LOG_BYTES_MAX: u64 = 1 << 20;

/// A payout that is not closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payout {
    /// Its name: that of its deed, and of each of its payments in the book.
    pub(crate) reference: Hash32,
    /// Whom it pays how much.
    pub(crate) payments: Vec<(Address, Amount)>,
}

impl Payout {
    /// What it pays in all.
    pub(crate) fn total(&self) -> Amount {
        total(&self.payments)
    }
}

/// The sum of payments.
pub(crate) fn total(payments: &[(Address, Amount)]) -> Amount {
    Amount(payments.iter().fold(0, |sum, (_, amount)| sum.saturating_add(amount.0)))
}

/// Those who would be paid now: who is owed the least amount or more, by rising address, and no more than one transaction pays.
pub(crate) fn due(book: &Book, least: Amount) -> Vec<(Address, Amount)> {
    let owed = book.owed().iter().map(|(address, owed)| (*address, Amount(*owed)));
    owed.filter(|(_, owed)| *owed >= least && !owed.is_zero()).take(PAYEES_MAX).collect()
}

/// What the operator and the port may ask and tell of payouts.
#[derive(Clone)]
pub(crate) struct Payouts {
    /// The account that pays.
    pub(crate) account: Arc<dyn ServiceAccount>,
    /// Who is owed less waits.
    pub(crate) least: Amount,
    /// Whether an income is paid out by itself.
    pub(crate) is_automatic: bool,
    /// The payout that is not closed.
    pub(crate) open: watch::Receiver<Option<Payout>>,
    /// Whether the book was damaged and the operator has not spoken since.
    is_held: Arc<AtomicBool>,
    wanted: Arc<Notify>,
}

impl Payouts {
    /// The operator's word: pays what is due, as soon as nothing else is under way.
    pub(crate) fn pay(&self) {
        self.is_held.store(false, Ordering::Relaxed);
        self.wanted.notify_one();
    }

    /// Pays after an income, if that is to be.
    pub(crate) fn pay_after_income(&self) {
        if self.may_pay() {
            self.wanted.notify_one();
        }
    }

    /// Why nothing is paid now, if nothing is.
    pub(crate) fn trouble(&self) -> Option<String> {
        let held = "the book of shares was damaged, so it may owe what was paid: compare `thronosd mining owed` with what the account \
                    has paid, then pay with `thronosd mining pay`";
        let held = self.is_held.load(Ordering::Relaxed).then_some(held);
        held.map(str::to_owned).or_else(|| self.account.trouble())
    }

    fn may_pay(&self) -> bool {
        self.is_automatic && !self.is_held.load(Ordering::Relaxed)
    }
}

/// The task that pays.
pub(crate) struct Payer {
    payouts: Payouts,
    log: Log,
    open: watch::Sender<Option<Payout>>,
    /// As the log says.
    was_held: bool,
    secret: [u8; 32],
    count: u64,
}

impl Payer {
    /// Reads which payout is not closed.
    ///
    /// # Errors
    /// `payouts_log`: the log is damaged or cannot be used.
    pub(crate) fn open(
        folder: &Path,
        account: Arc<dyn ServiceAccount>,
        (least, is_automatic): (Amount, bool),
        secret: [u8; 32],
    ) -> Result<Self, Refusal> {
        let opened = Log::open(&folder.join("payouts"), LOG, OnDamage::Refuse).map_err(|error| {
            let hint = match error {
                LogError::Damaged { .. } | LogError::TooLong { .. } => {
                    "a payment that was made may be missing in it, and would be made again: compare what the account has paid with \
                     `thronosd mining owed`, mark it with `thronosd mining paid`, then move the file away"
                }
                _ => "check the disk and who owns the file",
            };
            Refusal::new("payouts_log", format!("{error}; {hint}"))
        })?;
        let OpenedLog { log, records, torn_bytes, .. } = opened;
        if torn_bytes > 0 {
            tracing::warn!(bytes = torn_bytes, "an incomplete last record of the payouts was cut off");
        }
        let left = note::left_by(&records).ok_or_else(|| {
            let what = "the log of payouts holds a record that this version does not know";
            Refusal::new("payouts_log", format!("{what}; start the version that wrote it, or a newer one"))
        })?;
        let (open, shown) = watch::channel(left.open);
        let (is_held, wanted) = (Arc::new(AtomicBool::new(left.is_held)), Arc::default());
        let payouts = Payouts { account, least, is_automatic, open: shown, is_held, wanted };
        Ok(Self { payouts, log, open, was_held: left.is_held, secret, count: 0 })
    }

    /// The book was damaged: nothing is paid until the operator says so, also after the next start.
    ///
    /// # Errors
    /// `payouts_log`: it cannot be written down.
    pub(crate) fn hold(&mut self) -> Result<(), Refusal> {
        self.write(&Note::Held).map_err(|fault| Refusal::new("payouts_log", fault.to_string()))?;
        self.was_held = true;
        self.payouts.is_held.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The way to ask and tell it.
    pub(crate) fn payouts(&self) -> Payouts {
        self.payouts.clone()
    }

    /// Pays until the service ends; it may be dropped at any moment.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub(crate) async fn run(mut self, handle: Handle) -> Result<(), ServiceFault> {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let open = self.open.borrow().clone();
            if let Some(payout) = open {
                if self.carry_out(&handle, &payout).await?.is_none() {
                    // The node stops: the next start goes on.
                    return std::future::pending().await;
                }
                continue;
            }
            let is_asked = tokio::select! {
                () = self.payouts.wanted.notified() => true,
                _ = looks.tick() => self.payouts.may_pay(),
            };
            if is_asked {
                self.begin(&handle).await?;
            }
        }
    }

    /// Writes down the next payout, if something is due.
    async fn begin(&mut self, handle: &Handle) -> Result<(), ServiceFault> {
        if self.was_held && !self.payouts.is_held.load(Ordering::Relaxed) {
            self.write(&Note::Released)?;
            self.was_held = false;
        }
        let least = self.payouts.least;
        let Some(payments) = handle.ask(move |server| due(server.book(), least)).await else { return Ok(()) };
        if payments.is_empty() {
            return Ok(());
        }
        self.count = self.count.saturating_add(1);
        let reference = note::reference(&self.secret, self.count, &payments);
        let payout = Payout { reference, payments };
        let (addresses, amount) = (payout.payments.len(), payout.total());
        tracing::info!(%reference, addresses, amount = %amount, "a payout of what the pool owes begins");
        self.write(&Note::Begun { reference, payments: payout.payments.clone() })?;
        self.open.send_replace(Some(payout));
        Ok(())
    }

    /// Sends a payout, waits until it is final, marks it and closes it. Nothing when the node stops before that.
    async fn carry_out(&mut self, handle: &Handle, payout: &Payout) -> Result<Option<()>, ServiceFault> {
        let reference = payout.reference;
        let calls = self.payouts.account.payments(&payout.payments);
        match self.payouts.account.send(reference, calls).await {
            Ok(end) if end.is_ok() => {
                if self.mark(handle, payout).await.is_none() {
                    return Ok(None);
                }
                let DeedEnd { id, height, .. } = end;
                tracing::info!(%reference, %id, %height, "a payout is final and marked as paid");
            }
            Ok(end) => {
                tracing::warn!(%reference, id = %end.id, code = end.code, "a payout was rejected: it paid nobody");
            }
            Err(DeedError::Stopping) => return Ok(None),
            Err(error) => tracing::error!(%reference, %error, "a payout cannot be sent: it paid nobody"),
        }
        self.write(&Note::Closed { reference })?;
        self.open.send_replace(None);
        self.payouts.account.forget(reference).await;
        if self.log.bytes() > LOG_BYTES_MAX && !self.was_held {
            self.log.rewrite([]).map_err(|error| ServiceFault(error.to_string()))?;
        }
        Ok(Some(()))
    }

    /// Marks each payment in the book; those that are marked already stay so.
    async fn mark(&self, handle: &Handle, payout: &Payout) -> Option<()> {
        for (address, amount) in &payout.payments {
            let payment = Settlement { reference: payout.reference, address: *address, amount: amount.0 };
            match handle.paid(payment).await? {
                Ok(_) => {}
                Err(BookError::KnownPayment(known)) if known == payment => {}
                Err(error) => tracing::error!(
                    reference = %payout.reference, %amount, %error,
                    "a payment was made that the book does not take: was it marked by hand too?"
                ),
            }
        }
        Some(())
    }

    fn write(&mut self, note: &Note) -> Result<(), ServiceFault> {
        let written = self.log.append([note.to_bytes().as_slice()]);
        written.map_err(|error| ServiceFault(error.to_string()))
    }
}
