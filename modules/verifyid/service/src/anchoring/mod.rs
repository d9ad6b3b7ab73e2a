//! Puts batches of acknowledged verifications on the chain, one at a time, from the service's own account.
//!
//! Two loops: one closes batches, the other sends the oldest. It must not know what a verification is worth. Invariants: how a batch is sent is
//! in the ledger before it is sent, under a name that the account carries out once; what the chain said of it is in the ledger before the
//! account forgets it. So whatever ends the process, a batch counts once.

pub(crate) mod plan;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use execution::{Module, ModuleView, Reject};
use service::account::{DeedError, ServiceAccount, Unfit};
use service::chain::{Chain, Unavailable};
use service::log::LogError;
use service::outbox::DeedEnd;
use service::{Ground, ServiceFault};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use types::{Call, Hash32, Height, List, TimeMs};
use verifyid::{Batch, DeviceId, FIRST_VERIFIED_MAX, VerifyId, VerifyIdCall, VerifyIdReject};

use crate::ledger::batcher::DueBatch;
use crate::ledger::files::AnchoredAt;
use crate::ledger::record::{Attempt, ClosedBatch, LedgerRecord};
use crate::ledger::{Ledger, Taken};
use crate::office::Office;
use plan::{NextStep, SeenChain, begin_of_next, next_step};

/// Between two looks at what is due.
const LOOK: Duration = Duration::from_secs(1);
/// A batch that the chain does not take is tried again after this.
const RETRY_MS: u64 = 60_000;
/// One whose last verification no block has reached is looked at again after this.
const AHEAD_MS: u64 = 2_000;
/// Between two looks at whether a batch that is being sent still can be.
const UNFIT_LOOK: Duration = Duration::from_secs(5);
/// Between two looks for files that are too old.
const SWEEP_MS: u64 = 3_600_000;
/// From this attempt on no device is listed: those that are pending still are in a later batch.
const ATTEMPT_WITHOUT_DEVICES: u32 = 3;

/// What follows a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Another may follow at once.
    Again,
    /// It is looked again later.
    Wait,
    /// The node stops.
    Stop,
}

/// The task.
#[derive(Clone)]
pub(crate) struct Anchoring {
    ledger: Arc<Ledger>,
    account: Arc<dyn ServiceAccount>,
    chain: Arc<dyn Chain>,
    office: Arc<Office>,
    /// A batch is open for so long at most, in milliseconds.
    open_ms: u64,
    /// The last batch of others that the log names.
    told: Arc<AtomicU64>,
}

impl Anchoring {
    /// Nothing where no account is named: then no verdicts are kept.
    pub(crate) fn new(ground: &Ground, office: &Arc<Office>, open_ms: u64) -> Option<Self> {
        let (ledger, account) = office.ledger().cloned().zip(ground.account.clone())?;
        let (chain, office) = (ground.chain.clone(), office.clone());
        Some(Self { ledger, account, chain, office, open_ms, told: Arc::default() })
    }

    /// Closes and sends until the service is to end. What was begun goes on with the next start.
    ///
    /// # Errors
    /// A thread of it panicked.
    pub(crate) async fn run(self, stopping: watch::Receiver<bool>) -> Result<(), ServiceFault> {
        tokio::try_join!(self.close(stopping.clone()), self.send(stopping)).map(|_| ())
    }

    async fn close(&self, mut stopping: watch::Receiver<bool>) -> Result<(), ServiceFault> {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut swept_ms, mut is_failing) = (0, false);
        loop {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return Ok(()),
                _ = looks.tick() => {}
            }
            let now_ms = self.office.now_ms();
            let is_due = now_ms.abs_diff(swept_ms) >= SWEEP_MS;
            let done = self.blocking(move |this| {
                // A wall clock that is ahead removes nothing: the chain's time says too that a file is old.
                let is_old_at = |time: TimeMs| this.ledger.files().remove_old(now_ms.min(time.0));
                if is_due
                    && let Some(time) = this.block_time()
                    && let Err(error) = is_old_at(time)
                {
                    tracing::warn!(%error, "files of old batches cannot be removed");
                }
                this.ledger.files().forget_unused();
                this.ledger.close_due(now_ms, this.open_ms, |due| this.cut(due))
            });
            let done = done.await?;
            if is_due {
                swept_ms = now_ms;
            }
            if let Err(error) = &done
                && !is_failing
            {
                tracing::error!(%error, "batches of verifications cannot be closed; it is tried again");
            }
            is_failing = done.is_err();
        }
    }

    async fn send(&self, mut stopping: watch::Receiver<bool>) -> Result<(), ServiceFault> {
        // The chain counts batches itself, so what others did with the key is looked at when the account holds back.
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return Ok(()),
            _ = self.account.is_used_elsewhere() => {}
        }
        self.account.begin().await;
        let mut heads = self.chain.heads();
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let under_way = self.blocking(|this| this.ledger.under_way()).await?;
            let then = match under_way {
                Some((closed, attempt)) => self.carry_out(closed, attempt, &mut stopping).await?,
                None => self.begin().await?,
            };
            match then {
                Then::Again => {}
                Then::Stop => return Ok(()),
                Then::Wait => tokio::select! {
                    _ = stopping.wait_for(|stop| *stop) => return Ok(()),
                    Ok(()) = heads.changed() => {}
                    _ = looks.tick() => {}
                },
            }
            if *stopping.borrow() {
                return Ok(());
            }
        }
    }

    /// Looks at the oldest batch that waits, and writes down how it is sent, if it is.
    async fn begin(&self) -> Result<Then, ServiceFault> {
        let now_ms = self.office.now_ms();
        let looking = self.blocking(move |this| {
            let (next, known) = this.ledger.ask(|batcher| (batcher.next(now_ms), batcher.last()));
            let Some(closed) = next else { return Ok(None) };
            Ok::<_, Unavailable>(Some((closed, next_step(&closed, known, &this.see(&closed)?))))
        });
        let Ok(Some((closed, step))) = looking.await? else { return Ok(Then::Wait) };
        let number = closed.number;
        match step {
            NextStep::IsAnchored { sequence, height } => self.anchored(closed, sequence, height).await,
            NextStep::Begin { sequence } => self.begin_with(closed, sequence).await,
            NextStep::IsLate => {
                let ClosedBatch { leaves, ok, .. } = closed;
                let customer = self.text(&closed);
                tracing::warn!(
                    customer,
                    leaves,
                    ok,
                    "a batch of verifications is given up: the chain has not taken it within the time that it gives"
                );
                self.ledger.counts().batch("dropped");
                self.note(LedgerRecord::Dropped { number }).await
            }
            NextStep::IsForeign { last } => {
                self.tell_of_others(last);
                self.postpone(number, RETRY_MS, Then::Wait).await
            }
            NextStep::NotAllowed => {
                let customer = self.text(&closed);
                tracing::debug!(customer, "a batch waits until the account is a verifier that its customer allows");
                self.postpone(number, RETRY_MS, Then::Again).await
            }
            NextStep::IsAhead => self.postpone(number, AHEAD_MS, Then::Again).await,
        }
    }

    async fn begin_with(&self, closed: ClosedBatch, sequence: u64) -> Result<Then, ServiceFault> {
        let number = closed.number;
        let attempt = closed.attempts.saturating_add(1);
        let listing = self.blocking(move |this| match attempt < ATTEMPT_WITHOUT_DEVICES {
            true => this.listed(&closed),
            false => Ok(Vec::new()),
        });
        let Ok(listed) = listing.await? else { return Ok(Then::Wait) };
        let attempt = Attempt { number, attempt, sequence, listed };
        let Some(call) = call_of(&closed, &attempt) else { return self.postpone(number, RETRY_MS, Then::Wait).await };
        match self.account.fits(vec![call]).await {
            Ok(()) => self.note(LedgerRecord::Begun(attempt)).await,
            Err(Unfit::Held) => self.look_at_others().await,
            Err(Unfit::Now(why)) => {
                tracing::debug!(number, why, "a batch of verifications is not sent now");
                self.postpone(number, RETRY_MS, Then::Wait).await
            }
        }
    }

    /// Has a batch sent under its name, and writes down what became of it.
    async fn carry_out(
        &self,
        closed: ClosedBatch,
        attempt: Attempt,
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<Then, ServiceFault> {
        let (number, sequence) = (closed.number, attempt.sequence);
        let key = deed_of(&self.ledger, &closed, &attempt);
        let Some(call) = call_of(&closed, &attempt) else {
            return self.note(LedgerRecord::Refused { number, code: 0 }).await;
        };
        let mut looks = tokio::time::interval_at(Instant::now() + UNFIT_LOOK, UNFIT_LOOK);
        let mut sending = self.account.send(key, vec![call.clone()]);
        let sent = loop {
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return Ok(Then::Stop),
                sent = &mut sending => break sent,
                _ = looks.tick() => {}
            }
            // What would be refused is not signed. Where nothing of it can be included any more, it is begun anew as the chain is now.
            if let Err(Unfit::Now(why)) = self.account.fits(vec![call.clone()]).await
                && self.account.abandon(key).await == Some(true)
            {
                tracing::info!(number, why, "a batch of verifications came to be refused before it was sent");
                self.note(LedgerRecord::Refused { number, code: 0 }).await?;
                return self.postpone(number, RETRY_MS, Then::Wait).await;
            }
        };
        match sent {
            Ok(end) if end.is_ok() => {
                let then = self.anchored(closed, sequence, end.height).await?;
                self.forget_if(then, key).await;
                Ok(then)
            }
            Ok(DeedEnd { code, .. }) => {
                tracing::info!(
                    number,
                    sequence,
                    code,
                    "the chain refused a batch of verifications; it is sent again if it can be"
                );
                self.ledger.counts().batch("refused");
                let then = self.note(LedgerRecord::Refused { number, code }).await?;
                self.forget_if(then, key).await;
                if is_to_look_again(code) { Ok(then) } else { self.postpone(number, RETRY_MS, Then::Wait).await }
            }
            Err(DeedError::Stopping) => Ok(Then::Stop),
            Err(DeedError::Held) => self.look_at_others().await,
            Err(error @ (DeedError::NotSent(_) | DeedError::Impossible(_))) => {
                tracing::warn!(number, %error, "a batch of verifications was not sent");
                self.note(LedgerRecord::Refused { number, code: 0 }).await?;
                self.postpone(number, RETRY_MS, Then::Wait).await
            }
        }
    }

    /// The account is held because others used its key. Where they put no batches on the chain nothing can count twice, and it goes on.
    async fn look_at_others(&self) -> Result<Then, ServiceFault> {
        let looking = self.blocking(|this| {
            let tried = this.ledger.under_way().map(|(_, attempt)| attempt.sequence);
            let known = this.ledger.ask(|batcher| batcher.last()).max(tried);
            Ok::<_, Unavailable>((this.last_on_chain()?, known))
        });
        match looking.await? {
            Ok((last, known)) if known.is_none_or(|known| last <= known) => {
                if let Some(seen) = self.account.seen().await {
                    let is_trusted = self.account.trust(seen).await;
                    tracing::warn!(
                        is_trusted,
                        "others used the account's key, and put no batch on the chain: it goes on"
                    );
                }
            }
            Ok((last, _)) => self.tell_of_others(last),
            Err(_) => {}
        }
        Ok(Then::Wait)
    }

    async fn anchored(&self, closed: ClosedBatch, sequence: u64, height: Height) -> Result<Then, ServiceFault> {
        let ClosedBatch { number, leaves, ok, .. } = closed;
        let anchored = AnchoredAt { verifier: self.ledger.verifier(), sequence, height };
        let marking = self.blocking(move |this| this.ledger.files().mark(&closed, anchored));
        match marking.await? {
            Ok(()) => {}
            Err(error @ (LogError::Damaged { .. } | LogError::TooLong { .. })) => {
                tracing::error!(%error, number, "the proofs of a batch are lost, as its file is damaged; the batch is on the chain");
            }
            Err(error) => {
                tracing::error!(%error, number, "it cannot be written down where the chain has a batch; it is tried again");
                return Ok(Then::Wait);
            }
        }
        let then = self.note(LedgerRecord::Anchored { number, sequence, height }).await?;
        if then == Then::Again {
            let customer = self.text(&closed);
            tracing::info!(sequence, %height, customer, leaves, ok, "a batch of verifications is on the chain");
            self.ledger.counts().batch("anchored");
        }
        Ok(then)
    }

    /// Writes a step down; one that cannot be has not happened.
    async fn note(&self, record: LedgerRecord) -> Result<Then, ServiceFault> {
        let written: Result<(), LogError> = self.blocking(move |this| this.ledger.note(&record)).await?;
        Ok(match written {
            Ok(()) => Then::Again,
            Err(error) => {
                tracing::error!(%error, "a step of a batch cannot be written down; it is tried again");
                Then::Wait
            }
        })
    }

    async fn forget_if(&self, then: Then, key: Hash32) {
        if then == Then::Again {
            self.account.forget(key).await;
        }
    }

    fn text(&self, closed: &ClosedBatch) -> String {
        closed.customer.to_text(self.chain.genesis().network)
    }

    /// A batch is not tried for so long; others go first.
    async fn postpone(&self, number: u64, ms: u64, then: Then) -> Result<Then, ServiceFault> {
        let until_ms = self.office.now_ms().saturating_add(ms);
        self.blocking(move |this| this.ledger.postpone(number, until_ms)).await.map(|()| then)
    }

    /// Says once for each such batch that others put batches on the chain from this account.
    fn tell_of_others(&self, last: u64) {
        if self.told.swap(last, Ordering::Relaxed) != last {
            let hint = "give each node an account of its own; where this home is an older copy, stop it and move `leaves` away";
            tracing::error!(last, "another node puts batches on the chain from this account, so none is sent: {hint}");
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, ServiceFault> {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&this)).await;
        done.map_err(|error| ServiceFault(format!("batches of verifications: {error}")))
    }
}

/// What it reads of the chain.
impl Anchoring {
    fn see(&self, closed: &ClosedBatch) -> Result<SeenChain, Unavailable> {
        let (state, verifier) = (self.chain.state()?, self.ledger.verifier());
        let view = ModuleView::new(&*state.view, VerifyId::ID);
        let found = verifyid::verifier(&view, &verifier);
        let tried = (closed.attempts > 0).then(|| verifyid::batch(&view, &verifier, closed.tried)).flatten();
        Ok(SeenChain {
            time: view.time(),
            late_ms: verifyid::rules(&view).map_or(0, |rules| rules.batch_late_ms),
            is_listed: found.is_some_and(|verifier| verifier.listed),
            is_allowed: verifyid::allowed(&view, &closed.customer, &verifier),
            last: found.map_or(0, |verifier| verifier.last),
            tried,
        })
    }

    /// Leaves out of a batch what is better in the next one: what comes after the end of the customer's plan, as the whole would be measured by
    /// what is free; and from the first verification on of a device that has its key, owner or standing only since after the batch's first,
    /// as the chain would mark it as verified in no batch that begins before; and from that on of a device beyond those that one batch can list. Says
    /// whether the chain would take it from this account.
    fn cut(&self, due: &mut DueBatch) -> Taken {
        let Ok(state) = self.chain.state() else { return Taken::Now };
        let view = ModuleView::new(&*state.view, VerifyId::ID);
        let customer = *due.customer();
        if due.may_wait() && !verifyid::allowed(&view, &customer, &self.ledger.verifier()) {
            return Taken::NotNow;
        }
        if let Some(plan) = verifyid::customer(&view, &customer).filter(|answer| answer.plan > 0) {
            due.cut(plan.until);
        }
        let is_listable = |device: &DeviceId, begin| verifyid::is_listable(&view, device, &customer, begin);
        if let Some(place) = begin_of_next(&due.leaves, is_listable) {
            due.cut_at(place);
        }
        Taken::Now
    }

    /// The newest block's time; nothing while the store cannot be read.
    fn block_time(&self) -> Option<TimeMs> {
        let state = self.chain.state().ok()?;
        Some(ModuleView::new(&*state.view, VerifyId::ID).time())
    }

    fn last_on_chain(&self) -> Result<u64, Unavailable> {
        let state = self.chain.state()?;
        let view = ModuleView::new(&*state.view, VerifyId::ID);
        Ok(verifyid::verifier(&view, &self.ledger.verifier()).map_or(0, |verifier| verifier.last))
    }

    /// The devices of a batch that the chain would mark as verified now.
    fn listed(&self, closed: &ClosedBatch) -> Result<Vec<DeviceId>, Unavailable> {
        let leaves = self.ledger.files().read(closed).map(|batch| batch.leaves).unwrap_or_default();
        let mut devices: Vec<DeviceId> = leaves.iter().filter(|leaf| leaf.is_ok()).map(|leaf| leaf.device).collect();
        devices.sort_unstable();
        devices.dedup();
        let state = self.chain.state()?;
        let view = ModuleView::new(&*state.view, VerifyId::ID);
        let may = |id: &DeviceId| verifyid::is_listable(&view, id, &closed.customer, closed.first);
        Ok(devices.into_iter().filter(may).take(FIRST_VERIFIED_MAX).collect())
    }
}

fn call_of(closed: &ClosedBatch, attempt: &Attempt) -> Option<Call> {
    let ClosedBatch { customer, leaves, ok, root, first, last, .. } = *closed;
    let first_verified = List::new(attempt.listed.clone()).ok()?;
    let sequence = attempt.sequence;
    VerifyIdCall::Batch(Batch { customer, sequence, leaves, ok, root, first, last, first_verified }).to_call()
}

/// The account's name for sending a batch like this.
fn deed_of(ledger: &Ledger, closed: &ClosedBatch, attempt: &Attempt) -> Hash32 {
    let parts = [
        b"thronos/verifyid-batch".as_slice(),
        &ledger.verifier().0,
        &closed.number.to_le_bytes(),
        closed.root.as_bytes(),
        &attempt.attempt.to_le_bytes(),
    ];
    Hash32(crypto::hash::sha256(&parts.concat()))
}

/// Whether the chain refused a batch for a device that it lists, or for its number: a look tells what to do.
fn is_to_look_again(code: u32) -> bool {
    let reasons = [
        VerifyIdReject::UnknownDevice,
        VerifyIdReject::Suspended,
        VerifyIdReject::Revoked,
        VerifyIdReject::Held,
        VerifyIdReject::OtherCustomer,
        VerifyIdReject::VerifiedBefore,
        VerifyIdReject::BatchOrder,
    ];
    reasons.into_iter().any(|reject| Reject::from(reject).code() == code)
}
