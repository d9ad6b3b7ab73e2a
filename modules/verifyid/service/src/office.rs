//! The office in which the examiner sits while the service runs: with clocks, the way into the book, and counts.
//!
//! It must not know HTTP. Invariant: a verdict leaves after the challenge is on the disk as used.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use service::chain::Unavailable;
use service::{Ground, Life, Refusal, ServiceFault};
use tokio::sync::{mpsc, oneshot};
use types::{Hash32, TimeMs};
use verifyid::{DeviceId, month_of};

use crate::book::{self, Book, Entry, Kept};
use crate::clocks::Clocks;
use crate::examiner::keys::ExaminerKeys;
use crate::examiner::limits::{AskedBy, AsksMax};
use crate::examiner::moment::Moment;
use crate::examiner::token::{Origin, Sealed};
#[cfg(test)]
use crate::examiner::used::UsedId;
use crate::examiner::{Examiner, Given, GivenCredential, Refused, Shown, Wanted, judge, verdict};
use crate::ledger::record::{Acknowledged, LeafResult};
use crate::ledger::{Counted, Ledger, NewLeaf};
use crate::metrics::Counts;
use crate::quota::QuotaUsed;
use crate::secret;

/// The office.
pub(crate) struct Office {
    examiner: Mutex<Examiner>,
    clocks: Box<dyn Clocks>,
    entries: mpsc::Sender<Entry>,
    counts: Counts,
    /// Where verdicts are kept for batches, if they are.
    ledger: Option<Arc<Ledger>>,
}

/// The book with the end of the way into it.
pub(crate) struct Writing {
    book: Book,
    entries: mpsc::Receiver<Entry>,
}

/// A device that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) level: u8,
    pub(crate) at: TimeMs,
}

/// Why there is no good verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotVerified {
    /// For the challenge, the answer or the device.
    Refused(Refused),
    /// The service is busy or stopping; the challenge stays good.
    Unavailable(Unavailable),
    /// The disk took no note of the answer, so nothing is said of it.
    NotWritten,
    /// The customer's month has no room for it; the challenge stays good.
    Quota(QuotaUsed),
    /// This machine's clock is so far behind the chain's that a batch with it would come too late; the challenge stays good.
    ClockBehind,
}

impl Office {
    /// Opens it in the service's folder, with so many challenges in a minute for a network. A secret never outlives its book: without
    /// the book nobody knows which of its challenges were answered.
    ///
    /// # Errors
    /// `challenge_secret`, `used_log`, `leaves_log`.
    pub(crate) fn open(
        ground: &Ground,
        clocks: Box<dyn Clocks>,
        asks_max: AsksMax,
    ) -> Result<(Arc<Self>, Writing), Refusal> {
        let (folder, chain_id) = (&ground.folder, ground.chain.id());
        let kept = secret::CHALLENGES.read(folder)?;
        let (mut book, used) = Book::open(folder, clocks.now().boot)?;
        let secret = match kept {
            Some(secret) if !book.is_blank() => secret,
            _ => secret::CHALLENGES.make(folder, &ground.entropy)?,
        };
        book.begin()?;
        let counts = Counts::default();
        let (account, network) = (ground.account.as_ref(), ground.chain.genesis().network);
        let ledger =
            account.map(|account| Ledger::open(folder, (account.address(), network), counts.clone())).transpose()?;
        counts.remembered(used.len());
        let examiner = Examiner::new(chain_id, ExaminerKeys::new(&secret, &ground.entropy, chain_id), used, asks_max);
        let (sender, entries) = book::way();
        let open = Self { examiner: Mutex::new(examiner), clocks, entries: sender, counts, ledger: ledger.clone() };
        Ok((Arc::new(open), Writing { book: book.with_ledger(ledger), entries }))
    }

    /// What is counted.
    pub(crate) const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Where verdicts are kept for batches, if they are.
    pub(crate) const fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Moment {
        self.clocks.now()
    }

    /// The wall's clock, in ms since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now().wall_ms
    }

    /// Whether a challenge for a device may be asked for. Nothing is counted before it is given: what the store cannot tell costs nobody anything.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn may_ask(&self, device: DeviceId, by: AskedBy) -> Result<(), Refused> {
        let may = self.with_time(|examiner, now| examiner.may_ask(device, by, now));
        may.inspect_err(|refused| self.counts.asked(Err(*refused)))
    }

    /// Lets a client ask for a token of a customer.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn ask_for_token(&self, client: IpAddr) -> Result<(), Refused> {
        let may = self.with_time(|examiner, now| examiner.ask_for_token(client, now));
        may.inspect_err(|refused| self.counts.asked(Err(*refused)))
    }

    /// Gives out a challenge.
    pub(crate) fn give(&self, wanted: &Wanted) -> Given {
        self.counts.asked(Ok(()));
        self.with_time(|examiner, now| {
            self.counts.remembered(examiner.used(now).len());
            examiner.give(wanted, now)
        })
    }

    /// Gives the token and the secret of a credential, to who has answered a challenge.
    pub(crate) fn give_credential(&self, answered: &Sealed, keys: Hash32) -> GivenCredential {
        self.with_time(|examiner, now| examiner.give_credential(answered, keys, now))
    }

    /// Whether this is the secret of a credential.
    pub(crate) fn is_secret_of(&self, sealed: &Sealed, secret: &[u8]) -> bool {
        self.with_time(|examiner, _| examiner.is_secret_of(sealed, secret))
    }

    /// Reads a token, and says early what needs no work: the challenge, and what the device was to sign.
    ///
    /// # Errors
    /// [`Refused`]; nothing is used up.
    pub(crate) fn begin(&self, token: &[u8]) -> Result<(Sealed, Vec<u8>), Refused> {
        let begun = self.with_time(|examiner, now| {
            let sealed = examiner.open(token)?;
            examiner.look(&sealed, now)?;
            Ok((sealed, examiner.preimage(&sealed)))
        });
        begun.inspect_err(|refused| self.counts.answered(Err(*refused)))
    }

    /// Uses a challenge up by an answer, has that written down, and says what it is worth.
    ///
    /// # Errors
    /// [`NotVerified`].
    pub(crate) async fn finish(&self, sealed: &Sealed, shown: &Shown, client: IpAddr) -> Result<Verified, NotVerified> {
        let place = self.entries.clone().try_reserve_owned().map_err(|error| {
            NotVerified::Unavailable(match error {
                mpsc::error::TrySendError::Full(_) => Unavailable::Busy,
                mpsc::error::TrySendError::Closed(_) => Unavailable::Stopping,
            })
        })?;
        if self.ledger.as_ref().is_some_and(|ledger| shown.billed.is_some() && !ledger.has_room()) {
            return Err(NotVerified::Unavailable(Unavailable::Busy));
        }
        let refused = |refused| {
            self.counts.answered(Err(refused));
            NotVerified::Refused(refused)
        };
        let (say, written) = oneshot::channel();
        let (at, judged) = self.with_time(|examiner, now| {
            let at = TimeMs(now.wall_ms);
            if shown.billed.is_some_and(|billed| billed.is_clock_behind(at)) {
                return Err(NotVerified::ClockBehind);
            }
            // Given back wherever this does not end in a good verdict that is written down.
            let counted = self.count(shown, at).map_err(NotVerified::Quota)?;
            let taken = examiner.take(sealed, now).map_err(refused)?;
            let judged = verdict(&taken, shown);
            let counted = counted.filter(|_| judged.is_ok());
            place.send(Entry { used: taken.used, leaf: leaf_of(sealed, shown, at, judged), counted, written: say });
            // Now, for whoever asks may go before it hears.
            let is_wrong = judged == Err(Refused::BadAnswer) && !shown.is_of_another_key;
            if is_wrong && examiner.failed(sealed.device, client, now) {
                self.alarm(sealed.device);
            }
            self.counts.remembered(examiner.used(now).len());
            Ok((at, judged))
        })?;
        // A writer that has gone wrote nothing.
        if written.await != Ok(Ok(())) {
            return Err(NotVerified::NotWritten);
        }
        let level = judged.map_err(refused)?;
        self.counts.answered(Ok(()));
        Ok(Verified { level, at })
    }

    /// Counts an answer that will be good on its customer's month.
    fn count(&self, shown: &Shown, at: TimeMs) -> Result<Option<Counted>, QuotaUsed> {
        let counted = self.ledger.as_ref().zip(shown.billed).filter(|_| judge(shown).is_ok());
        let Some((ledger, billed)) = counted else { return Ok(None) };
        billed.count(ledger.tab(), month_of(at))?;
        Ok(Some(Counted::new(ledger.clone(), billed.customer, month_of(at))))
    }

    fn alarm(&self, device: DeviceId) {
        self.counts.alarmed();
        tracing::warn!(device = %device.0, "50 wrong answers for a device within an hour");
    }

    /// The instant is read while nobody else has the examiner.
    fn with_time<T>(&self, work: impl FnOnce(&mut Examiner, &Moment) -> T) -> T {
        let mut examiner: MutexGuard<'_, Examiner> = self.examiner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clocks.now();
        work(&mut examiner, &now)
    }
}

impl Writing {
    /// Writes down what is answered in this office, until the service is to end.
    ///
    /// # Errors
    /// Writing panicked.
    pub(crate) async fn run(self, office: &Arc<Office>, life: Life) -> Result<(), ServiceFault> {
        self.book.keep(self.entries, kept_by(office.clone()), life).await
    }
}

/// What a batch has of a verdict. One of a challenge that was answered before has none: its challenge has a leaf already.
fn leaf_of(sealed: &Sealed, shown: &Shown, time: TimeMs, judged: Result<u8, Refused>) -> Option<NewLeaf> {
    let result = match judged {
        Ok(_) => LeafResult::Ok,
        Err(Refused::BadAnswer) => LeafResult::BadAnswer,
        Err(Refused::Expired) => LeafResult::Expired,
        Err(Refused::Suspended | Refused::Revoked | Refused::Held | Refused::NotAccepted) => LeafResult::NotAllowed,
        Err(_) => return None,
    };
    let leaf = Acknowledged {
        customer: shown.billed?.customer,
        device: sealed.device,
        challenge: sealed.id,
        time,
        result,
        method: shown.method,
        audience: sealed.audience,
        answer: shown.answer,
    };
    Some(NewLeaf { leaf, is_anybodys: sealed.origin == Origin::Anybody })
}

/// What the examiner still knows as used.
fn kept_by(office: Arc<Office>) -> Kept {
    Arc::new(move |tell| office.with_time(|examiner, now| examiner.used(now).all().for_each(tell)))
}

#[cfg(test)]
impl Writing {
    /// Leaves no room in the book.
    pub(crate) fn fill(&mut self) {
        self.book.fill();
    }
}

#[cfg(test)]
impl Office {
    /// Has these answered.
    pub(crate) fn remember(&self, ids: impl Iterator<Item = UsedId>) {
        self.with_time(|examiner, _| ids.for_each(|id| examiner.remember(id)));
    }
}
