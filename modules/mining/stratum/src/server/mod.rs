//! The server as a state machine: one input at a time, outputs in the order in which they are to be done.
//!
//! | file | holds |
//! |---|---|
//! | `input.rs`, `output.rs` | what happens, what is to be done |
//! | `session.rs` | one connection |
//! | `pool.rs` | what all connections share: work, book, bans |
//! | `door.rs` | who gets a place, and who loses it |
//! | `login.rs`, `submit.rs` | what the requests do |
//! | `attest.rs` | sessions that mine as a device, and attest its work |
//! | `chronicle.rs` | what reports tell of this run |

mod attest;
mod chronicle;
mod door;
mod input;
mod login;
mod output;
mod pool;
mod session;
mod submit;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

pub use chronicle::FoundWork;
pub use input::{ConnectionId, Input, ProofId, Verdict};
pub use output::{CloseReason, Event, Output, Proof};

use crate::answer::Lines;
use crate::attest::MiningDevice;
use crate::book::{Book, Entry, Tally};
use crate::call::Call;
use crate::config::{Config, ConfigError};
use crate::job::Job;
use crate::limits::{INVALID_PER_SPAN_MAX, LATE_PER_SPAN_MAX, REQUESTS_PER_SPAN_MAX};
use crate::line::Flow;
use crate::metrics::{Metrics, count};
use crate::rates::PoolSpeed;
use crate::refusal::Refusal;
use crate::request::{Id, Request};
use crate::source::source_of;
use crate::template::Template;
use crate::worker::{Agent, Worker};

use pool::Pool;
use session::Session;

/// What the server calls itself.
const VERSION: &str = concat!("\"thronos/", env!("CARGO_PKG_VERSION"), "\"");

/// A Stratum server.
#[derive(Debug)]
pub struct Server {
    pool: Pool,
    sessions: BTreeMap<ConnectionId, Box<Session>>,
    per_source: BTreeMap<IpAddr, usize>,
    /// Those that have no worker yet, in the order in which they came.
    strangers: BTreeSet<ConnectionId>,
    started_ms: u64,
}

/// A connection that mines, for reports.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The connection.
    pub connection: ConnectionId,
    /// The worker.
    pub worker: &'a Worker,
    /// What its program calls itself.
    pub agent: &'a Agent,
    /// Its session id's number, if it subscribed.
    pub extranonce1: Option<[u8; 4]>,
    /// The difficulty for its next job.
    pub difficulty: pow::Difficulty,
    /// When the connection was opened, in milliseconds.
    pub opened_ms: u64,
    /// When something was heard last, in milliseconds.
    pub heard_ms: u64,
    /// What it handed in on this connection.
    pub tally: &'a Tally,
}

impl Server {
    /// A server without connections and work. The secret has to be random and may change between runs; then sessions
    /// of earlier runs cannot be resumed.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: Config, secret: [u8; 32], book: Book, now_ms: u64) -> Result<Self, ConfigError> {
        config.check()?;
        let pool = Pool::new(config, secret, book, now_ms);
        Ok(Self {
            pool,
            sessions: BTreeMap::new(),
            per_source: BTreeMap::new(),
            strangers: BTreeSet::new(),
            started_ms: now_ms,
        })
    }

    /// Takes one input at `now_ms`, milliseconds since 1970. A time before that of an earlier input counts as that.
    pub fn step(&mut self, now_ms: u64, input: Input<'_>) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.pool.now_ms = self.pool.now_ms.max(now_ms);
        match input {
            Input::Opened { connection, port, ip } => self.open(connection, port, ip, &mut outputs),
            Input::TurnedAway(reason) => count(self.pool.metrics.connections_closed.entry(reason).or_default()),
            Input::Received { connection, bytes } => self.receive(connection, bytes, &mut outputs),
            Input::Closed { connection } => self.close(connection),
            Input::Tick => self.tick(&mut outputs),
            Input::Template(template) => self.template(template, &mut outputs),
            Input::Verdict { proof, verdict } => self.verdict(proof, verdict),
            Input::Admission { connection, ticket, answer } => {
                self.admission(connection, (ticket, answer), &mut outputs);
            }
            Input::Attest(terms) => self.attest(terms, &mut outputs),
            Input::VersionMask(mask) => self.version_mask(mask, &mut outputs),
            Input::Income { reference, amount, fee } => {
                self.pool.save_or_tell(Entry::Income { reference, amount, fee }, &mut outputs);
            }
            Input::Paid(payment) => self.pool.save_or_tell(Entry::Paid(payment), &mut outputs),
            Input::Drain => self.drain(&mut outputs),
        }
        outputs
    }

    /// Everything that survives a restart.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.pool.book
    }

    /// Counts since the start.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.pool.metrics
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.pool.config
    }

    /// The work that is looked for.
    #[must_use]
    pub fn work(&self) -> Option<&Template> {
        self.pool.work.as_ref().map(|work| work.template.as_ref())
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.sessions.len()
    }

    /// When the server started, in milliseconds.
    #[must_use]
    pub const fn started_ms(&self) -> u64 {
        self.started_ms
    }

    /// The time of the last input, in milliseconds.
    #[must_use]
    pub const fn now_ms(&self) -> u64 {
        self.pool.now_ms
    }

    /// The works that were found here since the start, the newest first, at most as many as are told.
    pub fn found(&self) -> impl Iterator<Item = &FoundWork> {
        self.pool.chronicle.found()
    }

    /// How many closed sessions may come back.
    #[must_use]
    pub fn resumable(&self) -> usize {
        self.pool.extranonces.resumable()
    }

    /// Hashes per second of all miners of the chain; nothing before a work was seen from its beginning to its end.
    #[must_use]
    pub fn network_rate(&self) -> Option<u128> {
        self.pool.chronicle.network_rate()
    }

    /// The rates that only a pool keeps.
    pub(crate) fn speed(&self) -> PoolSpeed {
        self.pool.chronicle.speed(self.pool.now_ms)
    }

    /// The workers that are connected, one by one.
    pub fn clients(&self) -> impl Iterator<Item = Client<'_>> {
        self.sessions.iter().flat_map(|(connection, session)| {
            session.members.iter().map(|member| Client {
                connection: *connection,
                worker: &member.worker,
                agent: &session.agent,
                extranonce1: session.extranonce1,
                difficulty: self.pool.difficulty(session),
                opened_ms: session.opened_ms,
                heard_ms: session.heard_ms,
                tally: &member.tally,
            })
        })
    }

    fn receive(&mut self, connection: ConnectionId, bytes: &[u8], outputs: &mut Vec<Output>) {
        let Some(session) = self.sessions.get_mut(&connection) else { return };
        if session.is_closing {
            return;
        }
        session.heard_ms = self.pool.now_ms;
        let mut lines = Lines::default();
        let mut decoder = std::mem::take(&mut session.decoder);
        let mut reason = None;
        let fed = decoder.feed(bytes, |line| {
            reason = self.pool.line(connection, session, line, &mut lines, outputs);
            if reason.is_some() { Flow::Stop } else { Flow::Continue }
        });
        session.decoder = decoder;
        if !session.members.is_empty() {
            self.strangers.remove(&connection);
        }
        if let Some(sentence) = reason.and_then(CloseReason::sentence) {
            lines.show_message(sentence);
        }
        send(connection, lines, outputs);
        if let Some(reason) = reason.or(fed.err().map(CloseReason::from)) {
            session.is_closing = true;
            self.pool.closing(connection, reason, outputs);
        }
    }

    fn tick(&mut self, outputs: &mut Vec<Output>) {
        let now_ms = self.pool.now_ms;
        self.pool.bans.expire(now_ms);
        self.pool.extranonces.expire(now_ms);
        self.pool.attestations.expire(now_ms);
        for (connection, session) in &mut self.sessions {
            if session.is_closing {
                continue;
            }
            let is_idle = now_ms.saturating_sub(session.heard_ms) >= self.pool.config.idle_ms;
            if is_idle || session.is_overdue(now_ms) {
                session.is_closing = true;
                let reason = if is_idle { CloseReason::Idle } else { CloseReason::NoLogin };
                self.pool.closing(*connection, reason, outputs);
                continue;
            }
            if !session.is_ready() {
                continue;
            }
            let mut lines = Lines::default();
            self.pool.ask_again((*connection, session), outputs);
            self.pool.follow_attestation(session, &mut lines);
            let bounds = self.pool.bounds(session);
            let is_changed = session.binding.is_none() && session.vardiff.tick(&bounds, now_ms);
            if is_changed || self.pool.is_due(session) {
                self.pool.issue(session, &mut lines, is_changed);
            }
            send(*connection, lines, outputs);
        }
    }

    fn template(&mut self, template: Arc<Template>, outputs: &mut Vec<Output>) {
        let is_new = self.pool.take_template(template, outputs);
        if is_new {
            let (work, now_ms) = (self.pool.work.as_ref(), self.pool.now_ms);
            let counts = |job: &Job| work.is_some_and(|work| work.takes(&job.body.template, now_ms));
            self.pool.extranonces.retain_jobs(counts);
        }
        for (connection, session) in &mut self.sessions {
            let bounds = self.pool.bounds(session);
            let is_changed = session.vardiff.rebound_if_outside(&bounds, self.pool.now_ms);
            if is_new || is_changed || session.jobs.is_empty() {
                let mut lines = Lines::default();
                let pool = &mut self.pool;
                let now_ms = pool.now_ms;
                session
                    .jobs
                    .retain(|job| pool.work.as_ref().is_some_and(|work| work.takes(&job.body.template, now_ms)));
                pool.issue(session, &mut lines, true);
                send(*connection, lines, outputs);
            }
        }
    }

    fn verdict(&mut self, proof: ProofId, verdict: Verdict) {
        if !self.pool.proofs.remove(&proof) {
            return;
        }
        let metrics = &mut self.pool.metrics;
        match verdict {
            Verdict::Share => count(&mut metrics.proofs_shares),
            Verdict::Refused => count(&mut metrics.proofs_refused),
            Verdict::Work => count(&mut metrics.proofs_works),
        }
    }

    fn admission(
        &mut self,
        connection: ConnectionId,
        answer: (u64, Result<Option<MiningDevice>, Refusal>),
        outputs: &mut Vec<Output>,
    ) {
        let Some(session) = self.sessions.get_mut(&connection).filter(|session| !session.is_closing) else { return };
        let mut lines = Lines::default();
        let reason = self.pool.asked_again(session, answer, &mut lines);
        self.pool.admission(session, answer, &mut lines, outputs);
        if !session.members.is_empty() {
            self.strangers.remove(&connection);
        }
        send(connection, lines, outputs);
        if let Some(reason) = reason {
            session.is_closing = true;
            self.pool.closing(connection, reason, outputs);
        }
    }

    fn version_mask(&mut self, mask: u32, outputs: &mut Vec<Output>) {
        self.pool.version_mask = mask & crate::limits::VERSION_MASK;
        for (connection, session) in &mut self.sessions {
            let mask = session.mask_wanted & self.pool.version_mask;
            if mask != session.mask && !session.is_closing {
                session.mask = mask;
                let mut lines = Lines::default();
                lines.set_version_mask(mask);
                self.pool.issue(session, &mut lines, true);
                send(*connection, lines, outputs);
            }
        }
    }

    fn drain(&mut self, outputs: &mut Vec<Output>) {
        for (connection, session) in &mut self.sessions {
            if session.is_closing {
                continue;
            }
            let mut lines = Lines::default();
            if session.is_ready() {
                lines.show_message("The server restarts; please connect again");
                lines.reconnect();
            }
            send(*connection, lines, outputs);
            session.is_closing = true;
            self.pool.closing(*connection, CloseReason::Drained, outputs);
        }
    }
}

fn send(connection: ConnectionId, lines: Lines, outputs: &mut Vec<Output>) {
    if !lines.is_empty() {
        outputs.push(Output::Send { connection, bytes: lines.into_bytes() });
    }
}

impl Pool {
    fn closing(&mut self, connection: ConnectionId, reason: CloseReason, outputs: &mut Vec<Output>) {
        count(self.metrics.connections_closed.entry(reason).or_default());
        outputs.push(Output::Close { connection, reason });
    }

    /// Answers one line. Says why the connection has to be closed, if it has to.
    fn line(
        &mut self,
        connection: ConnectionId,
        session: &mut Session,
        line: &[u8],
        lines: &mut Lines,
        outputs: &mut Vec<Output>,
    ) -> Option<CloseReason> {
        count(&mut self.metrics.requests);
        let request = match Request::parse(line) {
            Ok(request) => request,
            Err(refusal) => {
                self.refuse(Id::NULL, refusal, lines);
                return self.count_request(session, outputs);
            }
        };
        let id = request.id;
        match Call::parse(&request) {
            Ok(Call::Submit(submit)) => match self.submit(session, id, &submit, lines, outputs) {
                Ok(()) => None,
                Err(refusal) => self.refuse_submit(session, id, refusal, lines, outputs),
            },
            Err(refusal) if request.method == "mining.submit" => {
                self.refuse_submit(session, id, refusal, lines, outputs)
            }
            Err(refusal) => {
                self.refuse(id, refusal, lines);
                self.count_request(session, outputs)
            }
            Ok(call) => self.call(connection, session, (id, call), lines, outputs),
        }
    }

    /// Everything but submits.
    fn call(
        &mut self,
        connection: ConnectionId,
        session: &mut Session,
        (id, call): (Id<'_>, Call),
        lines: &mut Lines,
        outputs: &mut Vec<Output>,
    ) -> Option<CloseReason> {
        let mut reason = self.count_request(session, outputs);
        if reason.is_some() {
            return reason;
        }
        match call {
            Call::Configure(list) => self.configure(session, id, &list, lines),
            Call::Subscribe { agent, session: wanted } => {
                self.subscribe(session, id, (&agent, wanted.as_deref()), lines, outputs);
            }
            Call::Authorize { user, password } => {
                let login = self.authorize((connection, session), id, (user, &password), lines, outputs);
                if let Err(refusal) = login {
                    self.refuse(id, refusal, lines);
                    reason = (refusal == Refusal::Banned).then_some(CloseReason::Banned);
                }
            }
            Call::Suggest(wanted) => self.suggest(session, id, wanted, lines),
            Call::GetTransactions => lines.result(id, "[]"),
            Call::Ping => lines.result(id, "\"pong\""),
            Call::GetVersion => lines.result(id, VERSION),
            Call::ExtranonceSubscribe | Call::Acknowledge => lines.yes(id),
            Call::Submit(_) | Call::Answer => {}
        }
        reason
    }

    fn refuse(&mut self, id: Id<'_>, refusal: Refusal, lines: &mut Lines) {
        count(self.metrics.refused.entry(refusal).or_default());
        lines.refuse(id, refusal);
    }

    fn refuse_submit(
        &mut self,
        session: &mut Session,
        id: Id<'_>,
        refusal: Refusal,
        lines: &mut Lines,
        outputs: &mut Vec<Output>,
    ) -> Option<CloseReason> {
        count(&mut self.metrics.shares_refused);
        let weight = session.vardiff.current().billionths();
        self.metrics.billionths_refused = self.metrics.billionths_refused.saturating_add(weight);
        self.refuse(id, refusal, lines);
        if !refusal.is_invalid() {
            return session.late.exceeds(self.now_ms, LATE_PER_SPAN_MAX).then_some(CloseReason::TooManyLate);
        }
        let is_too_much = session.invalid.exceeds(self.now_ms, INVALID_PER_SPAN_MAX);
        is_too_much.then(|| self.ban(session, CloseReason::TooManyInvalid, outputs))
    }

    fn count_request(&mut self, session: &mut Session, outputs: &mut Vec<Output>) -> Option<CloseReason> {
        let is_too_much = session.requests.exceeds(self.now_ms, REQUESTS_PER_SPAN_MAX);
        is_too_much.then(|| self.ban(session, CloseReason::TooManyRequests, outputs))
    }

    /// Closes the connection and keeps its workers away for a while.
    fn ban(&mut self, session: &Session, reason: CloseReason, outputs: &mut Vec<Output>) -> CloseReason {
        count(&mut self.metrics.bans);
        for member in &session.members {
            self.bans.ban(source_of(session.ip), member.worker.clone(), self.now_ms);
        }
        let worker = session.members.first().map(|member| member.worker.clone());
        outputs.push(Output::Event(Event::Banned { worker, ip: session.ip, reason }));
        reason
    }
}
