//! Paying what the pool's book owes, from an account of the service's own.
//!
//! A payout is one transaction to many addresses. It is written down before it is sent, under a reference that is the deed's name too;
//! when it is final each of its payments is marked as paid in the book under that reference, and then it is closed. So whatever ends
//! the process, each payment is made once and marked once. Where what was paid may be owed again (the book was damaged or is an older
//! copy, a log is new, older or of another account, the account was used by others, a mark did not fit) nothing is signed until the
//! operator says so, and what the operator marks by hand is never part of a payout that is under way. A payout that the book has is paid. It must not know transactions nor the book's files.

mod doubt;
mod fitting;
mod log;
mod note;
mod stopped;
mod word;

use std::sync::Arc;
use std::time::Duration;

use service::account::{DeedError, ServiceAccount, Unfit};
use service::outbox::DeedEnd;
use service::{Life, ServiceFault};
use stratum::service::Handle;
use stratum::{Book, BookError, Settlement};
use tokio::sync::{Mutex, MutexGuard, Notify, watch};
use types::{Address, Amount, Hash32, Nonce};

use doubt::USED_ELSEWHERE;
pub(crate) use log::PayoutLog;
use note::Note;
pub(crate) use stopped::look;
pub(crate) use word::Wish;

/// Most addresses that one transaction pays.
pub(crate) const PAYEES_MAX: usize = 1_000;
/// Between two looks at what is owed.
const LOOK: Duration = Duration::from_secs(60);

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

    /// Whether it pays this address.
    pub(crate) fn pays(&self, address: &Address) -> bool {
        self.payments.iter().any(|(to, _)| to == address)
    }

    /// Whether the book has each of its payments as paid.
    fn is_marked_in(&self, book: &Book) -> bool {
        self.settlements().all(|one| book.is_noted(&one))
    }

    /// What the book notes of it.
    fn settlements(&self) -> impl Iterator<Item = Settlement> {
        let reference = self.reference;
        self.payments.iter().map(move |(address, amount)| Settlement { reference, address: *address, amount: amount.0 })
    }
}

/// The sum of payments.
pub(crate) fn total(payments: &[(Address, Amount)]) -> Amount {
    Amount(payments.iter().fold(0, |sum, (_, amount)| sum.saturating_add(amount.0)))
}

/// Those who are due: who is owed the least amount or more, by rising address from the first on and then from the lowest, and no more
/// than one transaction pays.
pub(crate) fn due(book: &Book, least: Amount, first: Address) -> Vec<(Address, Amount)> {
    let before = book.owed_from(Address([0; 20])).take_while(move |(address, _)| *address < first);
    let owed = book.owed_from(first).chain(before).map(|(address, owed)| (address, Amount(owed)));
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
    /// Where the next one begins, so that those who cannot be paid hold up nobody.
    pub(crate) first: watch::Receiver<Address>,
    /// Taken while a payout is written down, and while the operator marks a payment: never both at once.
    turn: Arc<Mutex<()>>,
    log: PayoutLog,
    /// Why nothing that is due could be paid at the last attempt.
    hindrance: watch::Receiver<Option<String>>,
    wanted: Arc<Notify>,
}

impl Payouts {
    /// Holds payouts where others use the account's key, also while they are held for another reason: so all reasons are told before
    /// the operator's word. Tells whether the account itself is held now.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub(crate) async fn look_at_account(&self) -> Result<bool, ServiceFault> {
        match self.account.fits(Vec::new()).await {
            Err(Unfit::Held) => {
                self.log.see_others(self.account.seen().await);
                self.log.hold_while(USED_ELSEWHERE)?;
                Ok(true)
            }
            Ok(()) | Err(Unfit::Now(_)) => Ok(false),
        }
    }

    /// What of this the next transaction would pay.
    ///
    /// # Errors
    /// Why it would pay nothing.
    pub(crate) async fn would_pay(&self, due: &[(Address, Amount)]) -> Result<Vec<(Address, Amount)>, String> {
        if let Some(held) = self.held() {
            return Err(held);
        }
        if due.is_empty() {
            return Ok(Vec::new());
        }
        match fitting::fitting(&*self.account, due).await.payments {
            Err(Unfit::Held) => {
                self.look_at_account().await.map_err(|fault| fault.to_string())?;
                Err(self.held().unwrap_or_default())
            }
            found => found.map_err(|why| why.to_string()),
        }
    }

    /// The turn to mark a payment by hand; nothing when it is part of the payout that is under way.
    pub(crate) async fn turn_to_mark(&self, address: &Address) -> Option<MutexGuard<'_, ()>> {
        let turn = self.turn.lock().await;
        let is_free = !self.open.borrow().as_ref().is_some_and(|payout| payout.pays(address));
        is_free.then_some(turn)
    }

    /// Pays after an income, if that is to be.
    pub(crate) fn pay_after_income(&self) {
        if self.may_pay() {
            self.wanted.notify_one();
        }
    }

    /// Why nothing is paid now, if nothing is.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.held().or_else(|| self.account.trouble()).or_else(|| self.hindrance.borrow().clone())
    }

    /// Shows that a port which is to pay by itself does not, while payouts are held; for ever.
    pub(crate) async fn show(self, life: &Life) {
        let mut held = self.log.watch_held();
        loop {
            held.borrow_and_update();
            // Without the word: that changes with more than the reasons, and is told to whoever asks.
            match self.log.held().filter(|_| self.is_automatic) {
                Some(why) => life.waiting(format!("no miner is paid: {why}: `thronosd mining owed` says what to do")),
                None => life.ready(),
            }
            if held.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    fn may_pay(&self) -> bool {
        self.is_automatic && self.log.held().is_none()
    }
}

/// The task that pays.
pub(crate) struct Payer {
    payouts: Payouts,
    open: watch::Sender<Option<Payout>>,
    first: watch::Sender<Address>,
    hindrance: watch::Sender<Option<String>>,
    secret: [u8; 32],
    count: u64,
}

impl Payer {
    /// Goes on with what the log says.
    ///
    /// # Errors
    /// When it cannot be written down that nothing may be paid.
    pub(crate) fn new(
        log: PayoutLog,
        account: Arc<dyn ServiceAccount>,
        (least, is_automatic): (Amount, bool),
        secret: [u8; 32],
    ) -> Result<Self, ServiceFault> {
        let open = log.open_payout();
        log.begin_words(secret);
        let past = account.past();
        if let Some(why) = doubt::of_opening(log.is_new(), open.is_some(), past) {
            log.hold(why)?;
            open.map_or(Ok(()), |payout| log.close(payout.reference))?;
        }
        let (open, shown) = watch::channel(log.open_payout());
        let (hindrance, hindered) = watch::channel(None);
        let (first, begins) = watch::channel(Address([0; 20]));
        let (turn, wanted) = Default::default();
        let payouts = Payouts {
            account,
            least,
            is_automatic,
            open: shown,
            first: begins,
            turn,
            log,
            hindrance: hindered,
            wanted,
        };
        Ok(Self { payouts, open, first, hindrance, secret, count: 0 })
    }

    /// The way to ask and tell it.
    pub(crate) fn payouts(&self) -> Payouts {
        self.payouts.clone()
    }

    /// Pays until the service ends; it may be dropped at any moment. The book had so many incomes at the start.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub(crate) async fn run(mut self, handle: Handle, incomes: usize) -> Result<(), ServiceFault> {
        // The node stops, or the next start goes on.
        let Some(is_marked) = self.is_marked(&handle).await else { return std::future::pending().await };
        if self.look_at_what_was_left(incomes, is_marked).await?.is_none() {
            return std::future::pending().await;
        }
        // The operator's word holds until something was begun or nothing is due.
        let mut is_wanted = false;
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
                () = self.payouts.wanted.notified() => { is_wanted = true; true },
                _ = looks.tick() => {
                    if self.payouts.log.held().is_some() {
                        self.payouts.look_at_account().await?;
                    }
                    self.payouts.may_pay() || is_wanted
                }
            };
            // The operator may have asked before something was found that holds payouts back.
            if is_asked && self.payouts.log.held().is_none() {
                is_wanted &= !self.begin(&handle).await?;
            }
        }
    }

    /// Whether the book has the whole of the payout that is open: then it is closed and not sent, whatever the account knows of it.
    /// Nothing when the node stops.
    async fn is_marked(&self, handle: &Handle) -> Option<bool> {
        let Some(open) = self.open.borrow().clone() else { return Some(false) };
        handle.ask(move |server| open.is_marked_in(server.book())).await
    }

    /// Holds payouts where something that was paid may be owed again, before anything is signed. Nothing when the node stops.
    async fn look_at_what_was_left(&mut self, incomes: usize, is_marked: bool) -> Result<Option<()>, ServiceFault> {
        let Some(is_used_elsewhere) = self.payouts.account.is_used_elsewhere().await else { return Ok(None) };
        let open = self.open.borrow().as_ref().map(|payout| payout.reference);
        let has_open = match open {
            Some(reference) => is_marked || self.payouts.account.state_of(reference).await.is_some(),
            None => false,
        };
        // Asked last: while the node stops it says nothing, and then what was said before is not believed.
        let Some(known) = self.payouts.account.known().await else { return Ok(None) };
        self.compare(is_used_elsewhere, known, has_open, incomes)?;
        // What was never signed is owed still, and the operator decides about that.
        let open = self.open.borrow().clone().filter(|_| self.payouts.log.held().is_some());
        if let Some(payout) = open
            && self.give_up(&payout).await?.is_none()
        {
            return Ok(None);
        }
        self.payouts.account.begin().await;
        Ok(Some(()))
    }

    /// Holds payouts where the account, the logs and the book of shares do not go together. The book was compared before it grew.
    fn compare(
        &self,
        is_used_elsewhere: bool,
        known: Nonce,
        has_open: bool,
        incomes: usize,
    ) -> Result<(), ServiceFault> {
        let Payouts { log, account, .. } = &self.payouts;
        if is_used_elsewhere {
            log.hold_while(USED_ELSEWHERE)?;
        }
        let beside = doubt::Account { past: account.past(), known, has_open };
        if let Some(why) = doubt::of_account(log.noted(), &beside, incomes) {
            log.hold(why)?;
        }
        log.see_account(known)?;
        log.compared();
        Ok(())
    }

    /// Closes a payout of which nothing can be included any more. False when it may have paid; nothing when the node stops.
    async fn give_up(&mut self, payout: &Payout) -> Result<Option<bool>, ServiceFault> {
        let is_gone = self.payouts.account.abandon(payout.reference).await;
        if is_gone == Some(true) {
            tracing::warn!(
                reference = %payout.reference,
                "a payout is given up: this node can pay it no more; whether another copy of this home has paid it is not known here"
            );
            return Ok(self.close(payout.reference).await?.map(|()| true));
        }
        Ok(is_gone)
    }

    /// Nothing when the node stops before it is closed.
    async fn close(&self, reference: Hash32) -> Result<Option<()>, ServiceFault> {
        // Before it is closed: after that a log that knows less is an older copy.
        let Some(known) = self.payouts.account.known().await else { return Ok(None) };
        self.payouts.log.see_account(known)?;
        self.payouts.log.close(reference)?;
        self.open.send_replace(None);
        self.payouts.account.forget(reference).await;
        Ok(Some(()))
    }

    /// Closes a payout that the book has as paid already. One that it has in part, and that the account does not know, is held: its
    /// log has lost it. False when it is to be sent; nothing when the node stops.
    async fn is_paid(&mut self, handle: &Handle, payout: &Payout) -> Result<Option<bool>, ServiceFault> {
        let asked = payout.clone();
        let noted = handle.ask(move |server| asked.settlements().filter(|one| server.book().is_noted(one)).count());
        let Some(noted) = noted.await else { return Ok(None) };
        if noted == 0 {
            return Ok(Some(false));
        }
        let Some(is_gone) = self.payouts.account.abandon(payout.reference).await else { return Ok(None) };
        if noted < payout.payments.len() {
            if !is_gone {
                return Ok(Some(false));
            }
            self.payouts.log.hold("a payout is marked in part, and the account does not know it")?;
        }
        Ok(self.close(payout.reference).await?.map(|()| true))
    }

    /// Writes down the next payout, if something is due and can be paid. False when something is due that cannot be paid now.
    async fn begin(&mut self, handle: &Handle) -> Result<bool, ServiceFault> {
        let (least, first) = (self.payouts.least, *self.first.borrow());
        let turn = self.payouts.turn.clone().lock_owned().await;
        let asked = handle.ask(move |server| (due(server.book(), least, first), server.book().sequence())).await;
        let (Some((due, sequence)), Some(known)) = (asked, self.payouts.account.known().await) else {
            return Ok(false);
        };
        if due.is_empty() {
            self.hindrance.send_replace(None);
            return Ok(true);
        }
        let found = fitting::fitting(&*self.payouts.account, &due).await;
        self.first.send_replace(found.next);
        let payments = match found.payments {
            Ok(payments) => payments,
            Err(Unfit::Held) => {
                self.payouts.look_at_account().await?;
                return Ok(false);
            }
            Err(Unfit::Now(why)) => {
                if self.hindrance.borrow().as_ref() != Some(&why) {
                    tracing::warn!(why, "what the pool owes cannot be paid now");
                }
                self.hindrance.send_replace(Some(why));
                return Ok(false);
            }
        };
        self.hindrance.send_replace(None);
        self.count = self.count.saturating_add(1);
        let reference = note::reference(&self.secret, self.count, &payments);
        let payout = Payout { reference, payments };
        let (addresses, amount) = (payout.payments.len(), payout.total());
        tracing::info!(%reference, addresses, amount = %amount, "a payout of what the pool owes begins");
        self.payouts.log.see_book(sequence)?;
        self.payouts.log.see_account(known)?;
        self.payouts.log.write(&Note::Begun { reference, payments: payout.payments.clone() })?;
        self.open.send_replace(Some(payout));
        drop(turn);
        Ok(true)
    }

    /// Sends a payout, waits until it is final, marks it and closes it. Nothing when the node stops before that.
    async fn carry_out(&mut self, handle: &Handle, payout: &Payout) -> Result<Option<()>, ServiceFault> {
        let reference = payout.reference;
        match self.is_paid(handle, payout).await? {
            Some(false) => {}
            is_paid => return Ok(is_paid.map(drop)),
        }
        let calls = self.payouts.account.payments(&payout.payments);
        match self.payouts.account.send(reference, calls).await {
            Ok(end) if end.is_ok() => {
                if self.mark(handle, payout).await?.is_none() {
                    return Ok(None);
                }
                let DeedEnd { id, height, .. } = end;
                tracing::info!(%reference, %id, %height, "a payout is final and marked as paid");
            }
            Ok(end) => {
                tracing::warn!(%reference, id = %end.id, code = end.code, "a payout was rejected: it paid nobody");
            }
            Err(DeedError::Stopping) => return Ok(None),
            Err(DeedError::Held) => {
                self.payouts.look_at_account().await?;
                // What may be included still is waited for.
                return Ok(self.give_up(payout).await?.map(drop));
            }
            // It was not begun.
            Err(error @ (DeedError::NotSent(_) | DeedError::Impossible(_))) => {
                tracing::error!(%reference, %error, "a payout cannot be sent: it paid nobody");
            }
        }
        let Some(sequence) = handle.ask(|server| server.book().sequence()).await else { return Ok(None) };
        self.payouts.log.see_book(sequence)?;
        self.close(reference).await
    }

    /// Marks each payment in the book; those that are marked already stay so.
    async fn mark(&self, handle: &Handle, payout: &Payout) -> Result<Option<()>, ServiceFault> {
        for payment in payout.settlements() {
            let Some(marked) = handle.paid(payment).await else { return Ok(None) };
            match marked {
                Ok(_) => {}
                Err(BookError::KnownPayment(known)) if known == payment => {}
                Err(error) => {
                    // What the book owes still was paid with it.
                    if let BookError::Overpaid { owed, .. } = error
                        && owed > 0
                        && handle.paid(Settlement { amount: owed, ..payment }).await.is_none()
                    {
                        return Ok(None);
                    }
                    let Settlement { reference, amount, .. } = payment;
                    tracing::error!(%reference, amount, %error, "a payment was made that the book does not take");
                    self.payouts.log.hold("a payment was made that the book of shares does not take")?;
                }
            }
        }
        Ok(Some(()))
    }
}

#[cfg(test)]
mod tests;
