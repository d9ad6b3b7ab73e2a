//! The log of payouts, and what it says.
//!
//! It is opened with the port for miners whether or not there is an account to pay from, so that damage to the book is remembered until
//! there is one. Invariant: a file that was ever used is never empty.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use service::log::{Log, LogError, OnDamage, OpenedLog};
use service::{Refusal, ServiceFault};
use tokio::sync::watch;
use types::{Hash32, Nonce};

use super::doubt::Noted;
use super::note::{LOG, Left, Note, left_by};
use super::word::Hold;
use super::{Payout, doubt};

/// The name of the file.
pub(super) const FILE: &str = "payouts";
/// The log is written anew when it is longer.
const LOG_BYTES_MAX: u64 = 1 << 20;

/// The log; clones are one.
#[derive(Clone)]
pub(crate) struct PayoutLog {
    inner: Arc<Mutex<Inner>>,
    is_new: bool,
    /// Why nothing is paid: every reason.
    reasons: watch::Sender<Vec<String>>,
}

struct Inner {
    log: Log,
    left: Left,
    hold: Hold,
}

impl PayoutLog {
    /// Reads which payout is not closed and why nothing is paid, if nothing is.
    ///
    /// # Errors
    /// `payouts_log`: the log is damaged or cannot be used.
    pub(crate) fn open(folder: &Path) -> Result<Self, Refusal> {
        let opened = Log::open(&folder.join(FILE), LOG, OnDamage::Refuse).map_err(|error| {
            let hint = match error {
                LogError::Damaged { .. } | LogError::TooLong { .. } => {
                    "a payment that was made may be missing in it: move the file away, and nothing is paid before you have compared what \
                     the account has paid with `thronosd mining owed` and said so; that command says how"
                }
                _ => "check the disk and who owns the file",
            };
            Refusal::new("payouts_log", format!("{error}; {hint}"))
        })?;
        let OpenedLog { log, records, torn_bytes, .. } = opened;
        if torn_bytes > 0 {
            tracing::warn!(bytes = torn_bytes, "an incomplete last record of the payouts was cut off");
        }
        let left = left_by(&records).ok_or_else(|| {
            let what = "the log of payouts holds a record that this version does not know";
            Refusal::new("payouts_log", format!("{what}; start the version that wrote it, or a newer one"))
        })?;
        let reasons = watch::Sender::new(left.held.clone());
        let payout_log = Self {
            inner: Arc::new(Mutex::new(Inner { log, left, hold: Hold::default() })),
            is_new: records.is_empty(),
            reasons,
        };
        if records.is_empty() {
            payout_log.write(&Note::Opened).map_err(|fault| Refusal::new("payouts_log", fault.to_string()))?;
        }
        Ok(payout_log)
    }

    /// Whether it was made with this start.
    pub(crate) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// The payout that is not closed.
    pub(crate) fn open_payout(&self) -> Option<Payout> {
        self.inner().left.open.clone()
    }

    /// Why nothing is paid before the operator says so, if nothing is: all reasons in a sentence.
    pub(crate) fn held(&self) -> Option<String> {
        let reasons = self.reasons();
        (!reasons.is_empty()).then(|| reasons.join("; besides, "))
    }

    /// Why nothing is paid before the operator says so, and by which word, if nothing is. Until everything has been compared there is none.
    pub(super) fn held_and_word(&self) -> Option<(Vec<String>, Option<String>)> {
        let inner = self.inner();
        (!inner.left.held.is_empty()).then(|| (inner.left.held.clone(), inner.hold.word(&inner.left.held)))
    }

    /// What makes words of this start others than those of any other.
    pub(super) fn begin_words(&self, secret: [u8; 32]) {
        self.inner().hold.secret = secret;
    }

    /// All that a start looks at has been compared, so every reason is there that there is.
    pub(super) fn compared(&self) {
        self.inner().hold.is_compared = true;
    }

    /// Others were seen to use the account up to this nonce.
    pub(super) fn see_others(&self, seen: Option<Nonce>) {
        self.inner().hold.others = seen;
    }

    /// Up to which nonce of the account others' use is told.
    pub(super) fn others(&self) -> Option<Nonce> {
        self.inner().hold.others
    }

    /// Every reason why nothing is paid before the operator says so.
    pub(super) fn reasons(&self) -> Vec<String> {
        self.inner().left.held.clone()
    }

    /// Why nothing is paid, whenever that changes.
    pub(crate) fn watch_held(&self) -> watch::Receiver<Vec<String>> {
        self.reasons.subscribe()
    }

    /// Nothing is paid before the operator says so, also after the next start. A reason that comes while others hold payouts is told
    /// with them.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(crate) fn hold(&self, why: &str) -> Result<(), ServiceFault> {
        {
            let mut inner = self.inner();
            inner.hold.events = inner.hold.events.saturating_add(1);
            if !inner.left.takes(why) {
                return Ok(());
            }
        }
        tracing::error!(why, "nothing is paid until the operator lets it; `thronosd mining owed` says how");
        self.write(&Note::Held { why: why.to_owned() })
    }

    /// As [`Self::hold`], for what is so until it is no more: found again it is the same reason.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(super) fn hold_while(&self, why: &str) -> Result<(), ServiceFault> {
        if self.inner().left.takes(why) { self.hold(why) } else { Ok(()) }
    }

    /// Holds payouts when the book of shares once had more entries than it was found with at the start. It has to be compared before an
    /// entry is added: each that comes hides one that is missing.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(crate) fn compare_book(&self, sequence: u64) -> Result<(), ServiceFault> {
        let noted = self.inner().left.sequence;
        if let Some(why) = doubt::of_book(noted, sequence) {
            self.hold(why)?;
        }
        if sequence == noted { Ok(()) } else { self.write(&Note::Book { sequence }) }
    }

    /// Takes note of how many entries the book of shares has: one with fewer is an older copy. To be called after each entry that says
    /// what is owed.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(crate) fn see_book(&self, sequence: u64) -> Result<(), ServiceFault> {
        let mut inner = self.inner();
        // Another may have noted a later one meanwhile.
        if sequence <= inner.left.sequence { Ok(()) } else { inner.write(&Note::Book { sequence }) }
    }

    /// Which nonces the account's log knew of when that was last noted; nothing while there was no account.
    pub(super) fn noted(&self) -> Noted {
        self.inner().left.noted
    }

    /// Takes note of which nonces the account's log knows of.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(super) fn see_account(&self, known: Nonce) -> Result<(), ServiceFault> {
        if self.noted().known == Some(known) { Ok(()) } else { self.write(&Note::Account { known }) }
    }

    /// The operator says so by this word. False when it is not the word for what holds payouts now: then they stay held.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(crate) fn release(&self, word: &str) -> Result<bool, ServiceFault> {
        let mut inner = self.inner();
        if inner.left.held.is_empty() || inner.hold.word(&inner.left.held).as_deref() != Some(word) {
            return Ok(false);
        }
        self.write_to(&mut inner, &Note::Released)?;
        Ok(true)
    }

    /// A payout was made and marked, or can never be made.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(crate) fn close(&self, reference: Hash32) -> Result<(), ServiceFault> {
        self.write(&Note::Closed { reference })
    }

    /// Writes a note down.
    ///
    /// # Errors
    /// It cannot be.
    pub(super) fn write(&self, note: &Note) -> Result<(), ServiceFault> {
        self.write_to(&mut self.inner(), note)
    }

    fn write_to(&self, inner: &mut Inner, note: &Note) -> Result<(), ServiceFault> {
        inner.write(note)?;
        let reasons = &inner.left.held;
        self.reasons.send_if_modified(|before| {
            let is_new = before != reasons;
            before.clone_from(reasons);
            is_new
        });
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, note: &Note) -> Result<(), ServiceFault> {
        if self.log.bytes() > LOG_BYTES_MAX {
            self.shorten();
        }
        self.log.append([note.to_bytes().as_slice()]).map_err(|error| ServiceFault(error.to_string()))?;
        self.left.take(note.clone());
        Ok(())
    }

    /// Writes the log anew with what still holds, before anything else is written. One that cannot be is only long.
    fn shorten(&mut self) {
        let records: Vec<Vec<u8>> = self.left.notes().iter().map(Note::to_bytes).collect();
        if let Err(error) = self.log.rewrite(records.iter().map(Vec::as_slice)) {
            // One that is broken says so to what is written next.
            tracing::warn!(%error, "the log of payouts could not be made shorter");
        }
    }
}

#[cfg(test)]
impl PayoutLog {
    /// Writes records down without what a note brings about.
    pub(super) fn append_all(&self, records: &[Vec<u8>]) {
        self.inner().log.append(records.iter().map(Vec::as_slice)).expect("room");
    }

    /// Leaves no room for another note, unless the file is written anew.
    pub(crate) fn fill(&self) {
        use types::{Address, Amount};
        let begun = |payees| {
            let payments = vec![(Address([1; 20]), Amount(1)); payees];
            vec![Note::Begun { reference: Hash32([1; 32]), payments }, Note::Closed { reference: Hash32([1; 32]) }]
        };
        let mut inner = self.inner();
        for notes in [begun(super::PAYEES_MAX), begun(1), vec![Note::Opened]] {
            let notes: Vec<Vec<u8>> = notes.iter().map(Note::to_bytes).collect();
            let mut all: Vec<&[u8]> = Vec::new();
            let room = LOG.file_bytes_max.saturating_sub(inner.log.bytes());
            let one: usize = notes.iter().map(|note| note.len() + service::log::RECORD_HEAD_BYTES).sum();
            (0..usize::try_from(room).expect("some MiB") / one)
                .for_each(|_| all.extend(notes.iter().map(Vec::as_slice)));
            inner.log.append(all).expect("room");
        }
    }
}
