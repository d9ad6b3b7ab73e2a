//! What a service sends with the nonces of its own account, each deed once: a state machine without clock, key or disk.
//!
//! A deed is planned, then signed for a nonce, and then in the pool until a final block has it. It is signed again for the *same*
//! nonce when it has expired or its price was too low, so whichever of its transactions is included, no other can be, and none leaves
//! a gap. A nonce that the chain has passed with a transaction of which this outbox knows nothing means that another program uses the
//! key, or another copy of this home, which may have done the same deeds: then nothing leaves any more until [`DeedOutbox::pass`],
//! and only after that a deed gets another nonce.
//!
//! It must not know how a transaction is made or what a call says. Invariants: a key, the caller's name for a deed, is carried out
//! once, however often the process ends; whatever leaves has been written down (`Keep` comes first among the outputs of a step, and
//! whoever performs them does so in order); of two transactions of one nonce both stay known until neither can be included any more.
//! Memory is bounded by [`DEEDS_MAX`], [`ENDED_MAX`] and the length of a transaction.

mod flight;
mod input;
mod output;
mod passed;
mod record;

use std::collections::{BTreeMap, VecDeque};

use types::{Address, Call, Hash32, Nonce, TimeMs};

use flight::{Flight, RETRY_MS, Signed, again, ask};
pub use input::{DeedInput, PoolWord};
pub use output::{DeedOutput, DeedState, NotSent};
use passed::{Passed, after};
pub use record::{DeedEnd, DeedRecord, OUTBOX_LOG};

/// Most deeds that have not ended.
pub const DEEDS_MAX: usize = 256;
/// Most deeds whose end is remembered; the oldest give way. Whoever may ask for one again later keeps its end for itself.
pub const ENDED_MAX: usize = 4_096;
/// Most deeds that have a nonce at once: what the pool takes of one sender is bounded too.
pub const IN_FLIGHT_MAX: usize = 16;
/// After this a transaction that the pool took is submitted again, because pools lose what they hold.
const AGAIN_MS: u64 = 30_000;

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
    /// Whether others use the key is looked at once.
    LooksOnce,
    /// Of the nonces that are its own the highest alone is compared with the chain's.
    ComparesTheHighest,
    /// It goes on though others use the key.
    NeverHolds,
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
    /// What the chain has passed, as the log knows.
    passed: Passed,
    /// The chain has passed a nonce with something that is not known here.
    is_held: bool,
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
            // It was asked for before others were seen to use the key: it never leaves.
            DeedInput::Signed { key, .. } if self.is_held => vec![DeedOutput::Held { key }],
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

    /// What others sent with this account's nonces, up to the state that was seen, is known from now on, and the deeds go on.
    pub fn pass(&mut self) -> Vec<DeedOutput> {
        self.is_held = false;
        let seen = self.seen.filter(|seen| self.stranger_below(*seen).is_some());
        seen.map(|nonce| self.keep(DeedRecord::Passed { nonce })).into_iter().collect()
    }

    /// Whether others were seen to use the key, so that nothing leaves before [`Self::pass`].
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.is_held
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

    /// The account's nonce in the newest state that was seen.
    #[must_use]
    pub const fn seen(&self) -> Option<Nonce> {
        self.seen
    }

    /// The nonce after the last that this log knows of. A chain that is past it has seen others use the key, or this log is an older copy.
    #[must_use]
    pub fn known(&self) -> Nonce {
        let flights = self.deeds.values().filter_map(|deed| deed.flight.as_ref()).filter(|flight| flight.was_signed);
        flights.fold(self.passed.known(), |known, flight| known.max(after(flight.nonce)))
    }

    /// The first nonce below this one that nothing of this outbox can have used.
    fn stranger_below(&self, seen: Nonce) -> Option<Nonce> {
        let flights = self.deeds.values().filter_map(|deed| deed.flight.as_ref());
        // What was signed and has expired was in no block while it could be.
        let live = flights.filter(|flight| !flight.signed.is_empty()).map(|flight| flight.nonce);
        let first = match self.flaw {
            Some(Flaw::ComparesTheHighest) => self.known(),
            _ => self.passed.first_unknown(live),
        };
        Some(first).filter(|first| *first < seen)
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
        records.push(DeedRecord::Passed { nonce: self.passed.below() });
        records.extend(self.passed.above().map(|nonce| DeedRecord::Used { nonce }));
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
        let is_first = self.seen.is_none();
        self.seen = Some(nonce);
        self.now = now;
        let asked_below = if self.flaw == Some(Flaw::AsksTooEarly) { nonce.max(self.passed.known()) } else { nonce };
        let is_looked_at = is_first || self.flaw != Some(Flaw::LooksOnce);
        let stranger = self.stranger_below(nonce).filter(|_| is_looked_at);
        let mut outputs: Vec<_> = stranger.and_then(|stranger| self.hold(stranger)).into_iter().collect();
        let mut due = Vec::new();
        for key in self.order.clone() {
            let Some(deed) = self.deeds.get_mut(&key) else { continue };
            let Some(flight) = &mut deed.flight else { continue };
            if flight.nonce < asked_below {
                match flight.signed.is_empty() {
                    // Nothing of it can be included.
                    true => deed.flight = None,
                    false => outputs.push(ask(key, flight, self.flaw)),
                }
                continue;
            }
            // No later block may have them, and none up to this one has.
            flight.signed.retain(|one| one.valid_until >= time);
            due.extend(match self.is_held {
                // What may be included still is waited for.
                true => flight.signed.is_empty().then_some(DeedOutput::Held { key }),
                false => again(key, &deed.calls, flight, now, self.flaw),
            });
        }
        if !outputs.is_empty() {
            // What is asked may show that others use the key.
            due.retain(|due| matches!(due, DeedOutput::Held { .. }));
        }
        outputs.extend(due);
        outputs.extend(self.fly());
        outputs
    }

    /// Nothing leaves any more; nothing when that was so before.
    fn hold(&mut self, nonce: Nonce) -> Option<DeedOutput> {
        let is_new = !self.is_held;
        self.is_held = self.flaw != Some(Flaw::NeverHolds);
        is_new.then_some(DeedOutput::Overtaken { nonce })
    }

    /// Gives nonces to those that have none: each the lowest that neither the chain has passed nor another has.
    fn fly(&mut self) -> Vec<DeedOutput> {
        let Some(seen) = self.seen else { return Vec::new() };
        if self.is_held {
            let without = |key: &&Hash32| self.deeds.get(*key).is_some_and(|deed| deed.flight.is_none());
            return self.order.iter().filter(without).map(|key| DeedOutput::Held { key: *key }).collect();
        }
        let flights = || self.deeds.values().filter_map(|deed| deed.flight.as_ref());
        if flights().any(|flight| flight.nonce < seen) {
            // As long as it is not known what used a nonce, others may have.
            return Vec::new();
        }
        let mut taken: Vec<Nonce> = flights().map(|flight| flight.nonce).collect();
        let mut outputs = Vec::new();
        let mut next = seen.max(self.passed.known());
        for key in &self.order {
            let Some(deed) = self.deeds.get_mut(key).filter(|deed| deed.flight.is_none()) else { continue };
            if taken.len() >= IN_FLIGHT_MAX {
                break;
            }
            while taken.contains(&next) {
                next = after(next);
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
                self.hold(nonce).into_iter().collect()
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
                self.passed.add(nonce);
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
            DeedRecord::Passed { nonce } => self.passed.add_below(nonce),
            DeedRecord::Used { nonce } => self.passed.add(nonce),
        }
    }
}
