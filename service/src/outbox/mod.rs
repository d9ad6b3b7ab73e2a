//! What a service sends with the nonces of its own account, each deed once: a state machine without clock, key or disk.
//!
//! A deed is planned, then signed for a nonce, and then in the pool until a final block has it. It is signed again for the *same*
//! nonce when it has expired or its price was too low, so whichever of its transactions is included, no other can be, and none leaves
//! a gap. It gets another nonce only when the chain has passed its own with a transaction that is none of these: somebody else uses
//! the key.
//!
//! It must not know how a transaction is made or what a call says. Invariants: a key, the caller's name for a deed, is carried out
//! once, however often the process ends; whatever leaves has been written down (`Keep` comes first among the outputs of a step, and
//! whoever performs them does so in order); of two transactions of one nonce both stay known until neither can be included any more.
//! Memory is bounded by [`DEEDS_MAX`], [`ENDED_MAX`] and the length of a transaction.

mod flight;
mod record;

use std::collections::{BTreeMap, VecDeque};

use types::{Address, Call, Hash32, Nonce, TimeMs};

use flight::{Flight, RETRY_MS, Signed, again, ask};
pub use record::{DeedEnd, DeedRecord, OUTBOX_LOG};

/// Most deeds that have not ended.
pub const DEEDS_MAX: usize = 256;
/// Most deeds whose end is remembered; the oldest give way. Whoever may ask for one again later keeps its end for itself.
pub const ENDED_MAX: usize = 4_096;
/// Most deeds that have a nonce at once: what the pool takes of one sender is bounded too.
pub const IN_FLIGHT_MAX: usize = 16;
/// After this a transaction that the pool took is submitted again, because pools lose what they hold.
const AGAIN_MS: u64 = 30_000;

/// What an outbox hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeedInput {
    /// The state after one final block, and the node's clock.
    Seen {
        /// The account's nonce in it.
        nonce: Nonce,
        /// The block's time.
        time: TimeMs,
        /// The clock.
        now: TimeMs,
    },
    /// A transaction was signed, as [`DeedOutput::Sign`] asked.
    Signed {
        /// The deed.
        key: Hash32,
        /// The nonce.
        nonce: Nonce,
        /// Its id.
        id: Hash32,
        /// The last block time at which it may be included.
        valid_until: TimeMs,
        /// Its canonical bytes.
        transaction: Vec<u8>,
    },
    /// What the pool said to [`DeedOutput::Submit`].
    Answered {
        /// The deed.
        key: Hash32,
        /// What was submitted.
        id: Hash32,
        /// The answer.
        answer: PoolWord,
    },
    /// What the chain says to [`DeedOutput::Ask`].
    Told {
        /// The deed.
        key: Hash32,
        /// The nonce that was asked about.
        nonce: Nonce,
        /// The one of its transactions that is in a final block; nothing if none is.
        end: Option<DeedEnd>,
    },
    /// The caller has written down how a deed ended, and will not ask for it again.
    Forget {
        /// The deed.
        key: Hash32,
    },
}

/// What the pool says of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolWord {
    /// It has it.
    Taken,
    /// It pays less than the price is now.
    TooCheap,
    /// It does not take it now.
    Refused,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeedOutput {
    /// Write it down and sync it, before anything that follows.
    Keep(DeedRecord),
    /// Sign these calls for this nonce; what cannot be signed now is asked for again.
    Sign {
        /// The deed.
        key: Hash32,
        /// The nonce.
        nonce: Nonce,
        /// What it does.
        calls: Vec<Call>,
    },
    /// Submit it to the pool.
    Submit {
        /// The deed.
        key: Hash32,
        /// Its id.
        id: Hash32,
        /// Its canonical bytes.
        transaction: Vec<u8>,
    },
    /// Ask the chain, in a state no older than the one that was seen, which of these is in a final block.
    Ask {
        /// The deed.
        key: Hash32,
        /// Their nonce.
        nonce: Nonce,
        /// The ids.
        ids: Vec<Hash32>,
    },
    /// The deed has ended.
    Ended {
        /// The deed.
        key: Hash32,
        /// How.
        end: DeedEnd,
    },
    /// Another program uses the key: the deed gets another nonce.
    Overtaken {
        /// The deed.
        key: Hash32,
        /// The nonce that it had.
        nonce: Nonce,
    },
}

/// Why a deed is not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// Too many are under way.
    #[error("{DEEDS_MAX} transactions of this account wait for a final block: send more when some are in one")]
    Full,
}

/// How a deed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeedState {
    /// No transaction of it has left.
    Planned,
    /// A transaction of it was signed.
    Signed,
    /// The pool has it.
    Pooled,
    /// It has ended.
    Ended(DeedEnd),
}

/// A planted bug, for the simulation that must find it. A daemon has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// A transaction is submitted before it is written down.
    SubmitsFirst,
    /// The nonce is the number of deeds that were signed.
    CountsNonces,
    /// What has expired is not signed again.
    NeverAgain,
    /// What has expired is signed for another nonce.
    NewNonce,
    /// Of the transactions of one nonce the newest alone is asked for.
    ForgetsEarlier,
    /// What an older state does not show is taken for gone.
    AsksTooEarly,
}

#[derive(Clone, Debug)]
struct Deed {
    calls: Vec<Call>,
    flight: Option<Flight>,
}

/// The outbox of one account.
#[derive(Clone, Debug, Default)]
pub struct DeedOutbox {
    /// Whose nonces these are, as the log says.
    account: Option<Address>,
    deeds: BTreeMap<Hash32, Deed>,
    /// Keys of `deeds` in the order in which they were asked for.
    order: VecDeque<Hash32>,
    ended: BTreeMap<Hash32, (Nonce, DeedEnd)>,
    /// Keys of `ended`, the oldest first.
    ended_order: VecDeque<Hash32>,
    /// The chain has passed all nonces below, as the log knows.
    passed: Nonce,
    /// The account's nonce in the newest state that was seen.
    seen: Option<Nonce>,
    now: TimeMs,
    signed_ever: u64,
    flaw: Option<Flaw>,
}

impl DeedOutbox {
    /// From what was written down, in order. Nothing is done before the first [`DeedInput::Seen`].
    #[must_use]
    pub fn open(records: impl IntoIterator<Item = DeedRecord>) -> Self {
        let mut outbox = Self::default();
        records.into_iter().for_each(|record| outbox.take(record));
        outbox
    }

    /// The same with a planted bug.
    #[must_use]
    pub fn with_flaw(self, flaw: Option<Flaw>) -> Self {
        Self { flaw, ..self }
    }

    /// Asks for a deed. One that is known is not begun again, whatever these calls are: they may have been encoded otherwise before.
    /// If it has ended, that is told again.
    ///
    /// # Errors
    /// [`NotSent`]; nothing has changed.
    pub fn send(&mut self, key: Hash32, calls: Vec<Call>) -> Result<Vec<DeedOutput>, NotSent> {
        if let Some((_, end)) = self.ended.get(&key) {
            return Ok(vec![DeedOutput::Ended { key, end: *end }]);
        }
        if self.deeds.contains_key(&key) {
            return Ok(Vec::new());
        }
        if self.deeds.len() >= DEEDS_MAX {
            return Err(NotSent::Full);
        }
        let mut outputs = vec![self.keep(DeedRecord::Planned { key, calls })];
        outputs.extend(self.fly());
        Ok(outputs)
    }

    /// Takes an input.
    pub fn step(&mut self, input: DeedInput) -> Vec<DeedOutput> {
        match input {
            DeedInput::Seen { nonce, time, now } => self.see(nonce, time, now),
            DeedInput::Signed { key, nonce, id, valid_until, transaction } => {
                let asked = self.flight(&key).is_some_and(|flight| flight.nonce == nonce);
                if !asked && self.flaw != Some(Flaw::NewNonce) {
                    return Vec::new();
                }
                let submit = DeedOutput::Submit { key, id, transaction: transaction.clone() };
                let keep = self.keep(DeedRecord::Signed { key, nonce, id, valid_until, transaction });
                if self.flaw == Some(Flaw::SubmitsFirst) { vec![submit, keep] } else { vec![keep, submit] }
            }
            DeedInput::Answered { key, id, answer } => {
                self.hear(&key, &id, answer);
                Vec::new()
            }
            DeedInput::Told { key, nonce, end } => self.settle(key, nonce, end),
            DeedInput::Forget { key } if self.ended.contains_key(&key) => {
                vec![self.keep(DeedRecord::Forgotten { key })]
            }
            DeedInput::Forget { .. } => Vec::new(),
        }
    }

    /// Gives a deed up of which nothing can be included: nothing of it was signed, or what was can be in no block any more. Nothing
    /// when it has ended, or may still be included.
    pub fn abandon(&mut self, key: &Hash32) -> Option<Vec<DeedOutput>> {
        if self.ended.contains_key(key) {
            return None;
        }
        let Some(deed) = self.deeds.get(key) else { return Some(Vec::new()) };
        let is_gone = deed.flight.as_ref().is_none_or(|flight| flight.signed.is_empty());
        is_gone.then(|| vec![self.keep(DeedRecord::Forgotten { key: *key })])
    }

    /// What others sent with this account's nonces, up to the state that was seen, is known from now on.
    pub fn pass(&mut self) -> Vec<DeedOutput> {
        let seen = self.seen.filter(|seen| *seen > self.known());
        seen.map(|nonce| self.keep(DeedRecord::Passed { nonce })).into_iter().collect()
    }

    /// How a deed stands; nothing for one that nobody asked for, or that is forgotten.
    #[must_use]
    pub fn state_of(&self, key: &Hash32) -> Option<DeedState> {
        if let Some((_, end)) = self.ended.get(key) {
            return Some(DeedState::Ended(*end));
        }
        let deed = self.deeds.get(key)?;
        Some(match &deed.flight {
            Some(flight) if flight.is_pooled => DeedState::Pooled,
            Some(flight) if !flight.signed.is_empty() => DeedState::Signed,
            _ => DeedState::Planned,
        })
    }

    /// Whose deeds these are, as the log says; nothing for a log without a record.
    #[must_use]
    pub const fn account(&self) -> Option<Address> {
        self.account
    }

    /// The nonce after the last that this log knows of. A chain that is past it has seen others use the key, or this log is an older copy.
    #[must_use]
    pub fn known(&self) -> Nonce {
        let flights = self.deeds.values().filter_map(|deed| deed.flight.as_ref()).filter(|flight| flight.was_signed);
        flights.fold(self.passed, |known, flight| known.max(Nonce(flight.nonce.0.saturating_add(1))))
    }

    /// How many deeds have not ended.
    #[must_use]
    pub fn open_deeds(&self) -> usize {
        self.deeds.len()
    }

    /// What has to be written down of all this, to begin a file anew.
    #[must_use]
    pub fn records(&self) -> Vec<DeedRecord> {
        let mut records: Vec<_> = self.account.map(|address| DeedRecord::Account { address }).into_iter().collect();
        records.push(DeedRecord::Passed { nonce: self.passed });
        for (key, deed) in self.order.iter().filter_map(|key| Some((*key, self.deeds.get(key)?))) {
            records.push(DeedRecord::Planned { key, calls: deed.calls.clone() });
            let Some(Flight { nonce, signed, .. }) = &deed.flight else { continue };
            records.extend(signed.iter().map(|one| DeedRecord::Signed {
                key,
                nonce: *nonce,
                id: one.id,
                valid_until: one.valid_until,
                transaction: one.transaction.clone(),
            }));
        }
        let ended = self.ended_order.iter().filter_map(|key| Some((*key, self.ended.get(key)?)));
        records.extend(ended.flat_map(|(key, (nonce, end))| {
            [DeedRecord::Planned { key, calls: Vec::new() }, DeedRecord::Ended { key, nonce: *nonce, end: *end }]
        }));
        records
    }

    fn flight(&self, key: &Hash32) -> Option<&Flight> {
        self.deeds.get(key)?.flight.as_ref()
    }

    fn flight_mut(&mut self, key: &Hash32) -> Option<&mut Flight> {
        self.deeds.get_mut(key)?.flight.as_mut()
    }

    /// Takes a record in, and asks for it to be written down.
    fn keep(&mut self, record: DeedRecord) -> DeedOutput {
        self.take(record.clone());
        DeedOutput::Keep(record)
    }

    fn see(&mut self, nonce: Nonce, time: TimeMs, now: TimeMs) -> Vec<DeedOutput> {
        self.seen = Some(nonce);
        self.now = now;
        let asked_below = if self.flaw == Some(Flaw::AsksTooEarly) { nonce.max(self.passed) } else { nonce };
        let mut outputs = Vec::new();
        for key in self.order.clone() {
            let Some(deed) = self.deeds.get_mut(&key) else { continue };
            let Some(flight) = &mut deed.flight else { continue };
            if flight.nonce < asked_below {
                match flight.signed.is_empty() {
                    // Nothing of it has left.
                    true => deed.flight = None,
                    false => outputs.push(ask(key, flight, self.flaw)),
                }
                continue;
            }
            // No later block may have them, and none up to this one has.
            flight.signed.retain(|one| one.valid_until >= time);
            outputs.extend(again(key, &deed.calls, flight, now, self.flaw));
        }
        outputs.extend(self.fly());
        outputs
    }

    /// Gives nonces to those that have none: each the lowest that neither the chain has passed nor another has.
    fn fly(&mut self) -> Vec<DeedOutput> {
        let Some(seen) = self.seen else { return Vec::new() };
        let mut taken: Vec<Nonce> = self.deeds.values().filter_map(|deed| Some(deed.flight.as_ref()?.nonce)).collect();
        let mut outputs = Vec::new();
        let mut next = seen.max(self.passed);
        for key in &self.order {
            let Some(deed) = self.deeds.get_mut(key).filter(|deed| deed.flight.is_none()) else { continue };
            if taken.len() >= IN_FLIGHT_MAX {
                break;
            }
            while taken.contains(&next) {
                next = Nonce(next.0.saturating_add(1));
            }
            if self.flaw == Some(Flaw::CountsNonces) {
                next = Nonce(self.signed_ever.saturating_add(outputs.len() as u64));
            }
            taken.push(next);
            deed.flight = Some(Flight::new(next));
            outputs.push(DeedOutput::Sign { key: *key, nonce: next, calls: deed.calls.clone() });
        }
        outputs
    }

    fn hear(&mut self, key: &Hash32, id: &Hash32, answer: PoolWord) {
        let now = self.now;
        let Some(flight) = self.flight_mut(key) else { return };
        if flight.signed.back().is_none_or(|newest| newest.id != *id) {
            return;
        }
        flight.is_pooled = answer == PoolWord::Taken;
        flight.is_too_cheap = answer == PoolWord::TooCheap;
        let pause = if flight.is_pooled { AGAIN_MS } else { RETRY_MS };
        flight.submit_at = TimeMs(now.0.saturating_add(pause));
    }

    fn settle(&mut self, key: Hash32, nonce: Nonce, end: Option<DeedEnd>) -> Vec<DeedOutput> {
        let Some(deed) = self.deeds.get_mut(&key) else { return Vec::new() };
        if deed.flight.as_ref().is_none_or(|flight| flight.nonce != nonce) {
            return Vec::new();
        }
        let mut outputs = match end {
            Some(end) => vec![self.keep(DeedRecord::Ended { key, nonce, end }), DeedOutput::Ended { key, end }],
            None => {
                deed.flight = None;
                vec![DeedOutput::Overtaken { key, nonce }]
            }
        };
        outputs.extend(self.fly());
        outputs
    }

    fn take(&mut self, record: DeedRecord) {
        match record {
            DeedRecord::Account { address } => self.account = Some(address),
            DeedRecord::Planned { key, calls } => {
                if self.deeds.insert(key, Deed { calls, flight: None }).is_none() {
                    self.order.push_back(key);
                }
            }
            DeedRecord::Signed { key, nonce, id, valid_until, transaction } => {
                self.signed_ever = self.signed_ever.saturating_add(1);
                let Some(deed) = self.deeds.get_mut(&key) else { return };
                // Of another nonce than before: the chain has passed that one without it.
                let flight = deed.flight.take().filter(|flight| flight.nonce == nonce);
                let mut flight = flight.unwrap_or(Flight::new(nonce));
                flight.signed.push_back(Signed { id, valid_until, transaction });
                let submit_at = TimeMs(self.now.0.saturating_add(RETRY_MS));
                let signed = flight.signed;
                deed.flight = Some(Flight { signed, was_signed: true, submit_at, ..Flight::new(nonce) });
            }
            DeedRecord::Ended { key, nonce, end } => {
                self.passed = self.passed.max(Nonce(nonce.0.saturating_add(1)));
                if self.deeds.remove(&key).is_some() {
                    self.order.retain(|one| *one != key);
                    self.ended.insert(key, (nonce, end));
                    self.ended_order.push_back(key);
                }
                while self.ended.len() > ENDED_MAX {
                    let oldest = self.ended_order.pop_front();
                    oldest.and_then(|oldest| self.ended.remove(&oldest));
                }
            }
            DeedRecord::Forgotten { key } => {
                self.ended.remove(&key);
                self.ended_order.retain(|one| *one != key);
                // One that was given up.
                if self.deeds.remove(&key).is_some() {
                    self.order.retain(|one| *one != key);
                }
            }
            DeedRecord::Passed { nonce } => self.passed = self.passed.max(nonce),
        }
    }
}
