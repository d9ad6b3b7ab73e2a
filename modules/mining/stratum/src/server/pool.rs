//! What all connections share: the work, the book, bans, extranonces and counts.
//!
//! Invariant: an entry is in the book before [`Output::Save`] with it is put out, and every output that depends on it
//! comes after.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crypto::hash::sha256;
use pow::{Difficulty, SearchSpace, Target};
use types::Address;

use crate::answer::Lines;
use crate::attest::{AttestTerms, Attestations};
use crate::book::{Book, BookError, Entry};
use crate::config::{Config, Payment, Port};
use crate::counters::Bans;
use crate::extranonces::Extranonces;
use crate::job::{Body, Job, Space};
use crate::limits::{NOTIFY_INTERVAL_MS, REMEMBERED_MAX, VERSION_MASK};
use crate::metrics::{Metrics, count};
use crate::template::Template;
use crate::vardiff::{Bounds, Habits};
use crate::worker::Worker;

use super::chronicle::Chronicle;
use super::input::ProofId;
use super::output::{Event, Output};
use super::session::Session;

/// The work that is looked for, and the one before it.
#[derive(Debug)]
pub(super) struct Work {
    pub template: Arc<Template>,
    pub received_ms: u64,
    pub target: Target,
    pub share_difficulty: Difficulty,
    /// The previous-hash field of the work before, and until when its shares count.
    pub grace: Option<([u8; 32], u64)>,
    /// By payee, with the fields of `mining.notify`, which only the current template needs.
    bodies: BTreeMap<Address, (Arc<Body>, Arc<str>)>,
}

impl Work {
    /// Whether shares on this template still count.
    pub(super) fn takes(&self, template: &Template, now_ms: u64) -> bool {
        if now_ms >= template.expires_ms {
            return false;
        }
        let is_in_grace = |(previous, until_ms): (&[u8; 32], u64)| *previous == template.previous && now_ms < until_ms;
        template.previous == self.template.previous
            || self.grace.as_ref().is_some_and(|(previous, until_ms)| is_in_grace((previous, *until_ms)))
    }
}

/// The shared part of the server.
#[derive(Debug)]
pub(super) struct Pool {
    pub config: Config,
    pub now_ms: u64,
    pub book: Book,
    pub work: Option<Work>,
    pub version_mask: u32,
    pub bans: Bans,
    pub extranonces: Extranonces,
    pub metrics: Metrics,
    pub chronicle: Chronicle,
    pub proofs: BTreeSet<ProofId>,
    pub next_proof: u64,
    /// Hashes of what was handed to the chain without room in the book, the newest first.
    pub unbooked: VecDeque<[u8; 32]>,
    pub next_ticket: u64,
    pub attestations: Attestations,
    next_job: u32,
    remembered: BTreeMap<Worker, Habits>,
    remembered_order: VecDeque<Worker>,
}

impl Pool {
    pub(super) fn new(config: Config, secret: [u8; 32], book: Book, now_ms: u64) -> Self {
        // Miners that outlive a run must not take a job of this one for one of that.
        let mut seed = secret.to_vec();
        seed.extend_from_slice(&now_ms.to_le_bytes());
        let [first, second, third, fourth, ..] = sha256(&seed);
        let next_job = u32::from_be_bytes([first, second, third, fourth]) >> 1;
        let extranonces = Extranonces::new(config.instance, secret, book.extranonces_below());
        Self {
            config,
            now_ms,
            book,
            work: None,
            version_mask: VERSION_MASK,
            bans: Bans::default(),
            extranonces,
            metrics: Metrics::default(),
            chronicle: Chronicle::default(),
            proofs: BTreeSet::new(),
            next_proof: 0,
            unbooked: VecDeque::new(),
            next_ticket: 0,
            attestations: Attestations::default(),
            next_job,
            remembered: BTreeMap::new(),
            remembered_order: VecDeque::new(),
        }
    }

    /// The settings of a session's port.
    pub(super) fn port(&self, session: &Session) -> &Port {
        self.config.ports.get(session.port).expect("a session is opened on a port that exists")
    }

    /// The bounds of a session's difficulty.
    pub(super) fn bounds(&self, session: &Session) -> Bounds {
        let share = self.work.as_ref().map_or(Difficulty::MAX, |work| work.share_difficulty);
        self.port(session).bounds(share)
    }

    /// Takes an entry into the book and has it saved.
    pub(super) fn save(&mut self, entry: Entry, outputs: &mut Vec<Output>) -> Result<(), BookError> {
        self.book.apply(&entry)?;
        if let Entry::Share(share) = &entry {
            self.chronicle.share(share);
        }
        outputs.push(Output::Save { sequence: self.book.sequence(), entry });
        Ok(())
    }

    /// As [`Self::save`], for entries that come from the operator's side; tells if one does not fit.
    pub(super) fn save_or_tell(&mut self, entry: Entry, outputs: &mut Vec<Output>) {
        if let Err(error) = self.save(entry, outputs) {
            outputs.push(Output::Event(Event::Refused(error)));
        }
    }

    /// Takes a template. Says whether the work is a new one.
    pub(super) fn take_template(&mut self, template: Arc<Template>, outputs: &mut Vec<Output>) -> bool {
        let target = Target::from_compact(template.bits);
        let Ok(target) = target else { return false };
        if template.work_height < self.book.work_height() {
            outputs.push(Output::Event(Event::OldTemplate { work_height: template.work_height }));
            return false;
        }
        let is_new = self.work.as_ref().is_none_or(|work| work.template.previous != template.previous);
        let grace = match self.work.take() {
            Some(work) if !is_new => work.grace,
            Some(work) => Some((work.template.previous, self.now_ms.saturating_add(work.template.grace_ms))),
            None => None,
        };
        if is_new {
            // Only the chain knows which of several works it takes: the next one builds on it.
            let work_height = self.book.work_height();
            if template.work_height > work_height && self.book.has_counted(&template.previous) {
                self.save_or_tell(Entry::Found { work_height }, outputs);
                self.chronicle.built_on(&template.previous);
            }
            self.chronicle.work(self.now_ms, template.work_height, target.difficulty());
            let per_work = target.difficulty().billionths();
            let window_billionths = per_work.saturating_mul(u128::from(self.config.window_works));
            let entry = Entry::Work { work_height: template.work_height, window_billionths };
            match self.book.apply_and_close(&entry) {
                Ok(closed) => {
                    outputs.push(Output::Save { sequence: self.book.sequence(), entry });
                    outputs.extend(closed.map(|closed| Output::Event(Event::Receipts(closed))));
                }
                Err(error) => outputs.push(Output::Event(Event::Refused(error))),
            }
        }
        self.work = Some(Work {
            // What meets this difficulty, as a miner reckons it, meets the chain's target.
            share_difficulty: template.share_target.difficulty_rounded_up(),
            template,
            received_ms: self.now_ms,
            target,
            grace,
            bodies: BTreeMap::new(),
        });
        is_new
    }

    /// Sends a session its next job, and before it the difficulty if that changed; then the miner has to drop its
    /// earlier jobs. Does nothing until the session is ready and there is work.
    pub(super) fn issue(&mut self, session: &mut Session, lines: &mut Lines, clean_jobs: bool) {
        if !session.is_ready() {
            return;
        }
        let attests = self.attests(session);
        let difficulty = self.difficulty(session);
        let Some(previous) = self.work.as_ref().map(|work| work.template.previous) else { return };
        let space = Space::next(session.space, previous, difficulty);
        let Some((body, fields)) = self.body(session, space.lane, attests) else { return };
        session.space = Some(space);
        session.binding = attests.map(|terms| terms.binding);
        let time = body.time(self.now_ms);
        let is_announced = session.announced == Some(difficulty);
        if !is_announced {
            lines.set_difficulty(difficulty);
            session.announced = Some(difficulty);
            count(&mut self.metrics.difficulty_changes);
        }
        let is_same = |job: &&Job| job.difficulty == difficulty && job.body.template.previous == body.template.previous;
        let target = session.jobs.newest().filter(is_same).map(|job| job.target);
        let target = target.unwrap_or_else(|| difficulty.target());
        let job = Job { id: self.next_job, body, difficulty, target, issued_ms: self.now_ms };
        self.next_job = self.next_job.wrapping_add(1);
        session.first_job.get_or_insert(job.id);
        lines.notify(job.id, &fields, time, clean_jobs || !is_announced);
        session.jobs.push(job);
        session.notified_ms = self.now_ms;
        count(&mut self.metrics.jobs);
    }

    /// Whether a job's shares still count.
    pub(super) fn counts(&self, job: &Job) -> bool {
        self.work.as_ref().is_some_and(|work| work.takes(&job.body.template, self.now_ms))
    }

    /// Whether a session's job is due for renewal.
    pub(super) fn is_due(&self, session: &Session) -> bool {
        self.now_ms.saturating_sub(session.notified_ms) >= NOTIFY_INTERVAL_MS
    }

    /// How a worker's last connection ended.
    pub(super) fn remembered(&self, worker: &Worker) -> Option<Habits> {
        self.remembered.get(worker).copied()
    }

    /// Remembers how a worker's connection ended.
    pub(super) fn remember(&mut self, worker: Worker, habits: Habits) {
        if self.remembered.insert(worker.clone(), habits).is_none() {
            self.remembered_order.push_back(worker);
        }
        while self.remembered_order.len() > REMEMBERED_MAX {
            if let Some(oldest) = self.remembered_order.pop_front() {
                self.remembered.remove(&oldest);
            }
        }
    }

    /// What a session searches in a lane. The first lane's are shared by all sessions of a payee; others, and those of an attestation,
    /// are rare.
    fn body(&mut self, session: &Session, lane: u32, attests: Option<AttestTerms>) -> Option<(Arc<Body>, Arc<str>)> {
        let payee = match self.port(session).payment {
            Payment::Pplns { operator } => operator,
            Payment::Solo => session.members.first()?.worker.address,
        };
        let work = self.work.as_mut()?;
        let is_shared = lane == 0 && attests.is_none();
        if let Some(body) = work.bodies.get(&payee).filter(|_| is_shared) {
            return Some(body.clone());
        }
        let template = (Arc::clone(&work.template), work.received_ms);
        let space = SearchSpace { builder: self.config.builder, lane };
        let body = Body::new(template, payee, (&self.config.tag, space), work.target, attests).ok()?;
        let fields: Arc<str> = body.fields().into();
        let both = (Arc::new(body), fields);
        if is_shared {
            work.bodies.insert(payee, both.clone());
        }
        Some(both)
    }
}
