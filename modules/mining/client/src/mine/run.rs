//! The miner as a whole: connects, lets workers search, hands in what they find, and connects again when a pool has gone.
//!
//! It must not know what a line says, nor how anything is shown. Everything that happens comes through one channel and is
//! handled in one thread, which also looks at the clock; a second thread connects and reads.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use lanes::sha256d::Kernel;
use pow::Difficulty;
use types::{Address, Network};

use super::connection::{Writer, connect, is_cut};
use super::job::Share;
use super::message::shown;
use super::payee::Diverted;
use super::session::{Event, Login, Session};
use super::show::{Show, Told};
use super::trust::Trust;
use super::workers::Workers;
use wallet::{Error, Result};

/// Happenings that may wait; whoever finds more waits itself.
pub const HAPPENINGS_MAX: usize = 1_024;
/// How often the state is told, and the clock looked at.
const TICK: Duration = Duration::from_secs(1);
/// Longest wait until a pool has let the worker in.
const OPENING_WAIT: Duration = Duration::from_secs(30);
/// The rate is that of the last so many ticks.
const RATE_TICKS: usize = 10;
/// First and longest wait before another attempt to connect.
const BACKOFF_S: (u64, u64) = (1, 60);

/// The setting that a node names when it serves certain addresses only.
const ALLOW: &str = "mining.allow";
/// The option of the password that names a device.
const DEVICE: &str = "v=";
/// A pool that has no work so long after the connection opened is told of.
const WAITING_TOLD: Duration = Duration::from_secs(3);

/// Where to mine.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Whose certificates are believed; without it, TLS is not spoken.
    pub trust: Option<Trust>,
}

/// What is asked of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to mine.
    pub pool: Pool,
    /// For whom.
    pub login: Login,
    /// How to search.
    pub kernel: Kernel,
    /// How many threads search.
    pub threads: usize,
    /// Ends the run after this time.
    pub time_max: Option<Duration>,
    /// Ends the run after so many accepted shares.
    pub shares_max: Option<u64>,
}

/// Something that happened.
pub enum Happening {
    /// A connection, by its number, is open or failed to be.
    Opened(u32, std::io::Result<Writer>),
    /// The pool of a connection said something.
    Line(u32, Vec<u8>),
    /// A connection ended, and why.
    Closed(u32, std::io::Error),
    /// A worker found a share.
    Found(Share),
    /// The person wants to end.
    Interrupted,
}

/// What became of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Hashes tried.
    pub hashes: u64,
    /// Milliseconds from start to end.
    pub time_ms: u64,
    /// Shares that the pool took.
    pub accepted: u64,
    /// Shares that it refused.
    pub rejected: u64,
    /// Shares that were found for jobs that counted no more.
    pub stale: u64,
    /// What the best share was worth.
    pub best: Option<Difficulty>,
}

/// Mines until told to end, by the options or by [`Happening::Interrupted`]. The end is told to `show`, after an error only if a
/// pool had let the worker in.
///
/// # Errors
/// `pool_refused` when the pool does not let the worker in the first time; `pool_unreachable` when the time is over and no pool ever let it in;
/// `wrong_payee` when a job pays somebody else than the login says, and `foreign_job` when it pays nobody on this chain.
pub fn run(
    options: Options,
    (sender, receiver): (SyncSender<Happening>, Receiver<Happening>),
    show: &mut dyn Show,
) -> Result<Summary> {
    let workers = Workers::start(options.kernel, options.threads, &sender);
    let port = options.pool.port;
    let mut miner = Miner {
        options,
        sender,
        workers,
        show,
        link: None,
        number: 0,
        port,
        backoff_s: BACKOFF_S.0,
        connect_at: Some(Instant::now()),
        was_ready: false,
        difficulty: Difficulty::ONE,
        samples: VecDeque::new(),
        summary: Summary::default(),
        trouble: String::new(),
    };
    let outcome = miner.live(&receiver);
    // Workers that wait to tell of a share end when nobody listens.
    miner.workers.stop();
    drop(receiver);
    if outcome.is_ok() || miner.was_ready {
        miner.show.tell(&Told::End { summary: &miner.summary });
    }
    outcome.map(|()| miner.summary)
}

/// What a person may have overlooked who is not let in: which network the address is of, and how it is written on others.
fn of_other_network(user: &str) -> String {
    let account = user.split('.').next().unwrap_or_default();
    if Address::parse_legacy(account).is_some() {
        return String::new();
    }
    let read = |network| Address::parse(account, network).ok();
    let (network, other) = match (read(Network::Main), read(Network::Test)) {
        (Some(address), _) => {
            ("the main network; on test networks, such as a devnet, it", address.to_text(Network::Test))
        }
        (_, Some(address)) => ("test networks; on the main network it", address.to_text(Network::Main)),
        _ => return String::new(),
    };
    format!("; the address is one of {network} is written {other}")
}

/// A sentence without what the language adds to the system's words.
fn plain(why: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match why.split_once(" (os error ").and_then(|(before, rest)| Some((before, rest.split_once(')')?))) {
        Some((before, (number, behind))) if is_number(number) => format!("{before}{behind}"),
        _ => why.to_owned(),
    }
}

/// A connection on which lines may be sent.
struct Link {
    writer: Writer,
    session: Session,
    opened: Instant,
    /// Whether it was looked at for work that does not come.
    has_told: bool,
    /// The pool takes nothing more; what it said last is still being read.
    is_cut: bool,
}

struct Miner<'a> {
    options: Options,
    sender: SyncSender<Happening>,
    workers: Workers,
    show: &'a mut dyn Show,
    link: Option<Link>,
    /// The latest connection; what older ones say is passed over.
    number: u32,
    port: u16,
    backoff_s: u64,
    connect_at: Option<Instant>,
    was_ready: bool,
    difficulty: Difficulty,
    samples: VecDeque<(Instant, u64)>,
    summary: Summary,
    /// Why the latest connection ended.
    trouble: String,
}

impl Miner<'_> {
    fn live(&mut self, receiver: &Receiver<Happening>) -> Result<()> {
        let start = Instant::now();
        let end = self.options.time_max.and_then(|time| start.checked_add(time));
        let mut tick = start;
        loop {
            let now = Instant::now();
            self.summary.time_ms = u64::try_from(now.duration_since(start).as_millis()).unwrap_or(u64::MAX);
            self.summary.hashes = self.workers.hashes();
            if end.is_some_and(|end| now >= end) {
                return if self.was_ready { Ok(()) } else { Err(self.unreachable()) };
            }
            let is_enough = self.options.shares_max.is_some_and(|most| self.summary.accepted >= most);
            if is_enough || !self.show.is_heard() {
                return Ok(());
            }
            if now >= tick {
                self.tick(now);
                tick = now + TICK;
            }
            let next = [Some(tick), end, self.connect_at].into_iter().flatten().min().unwrap_or(tick);
            match receiver.recv_timeout(next.saturating_duration_since(now)) {
                Ok(Happening::Interrupted) => return Ok(()),
                Ok(happening) => self.handle(happening)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("a sender is kept here"),
            }
            if self.connect_at.is_some_and(|at| Instant::now() >= at) {
                self.connect();
            }
        }
    }

    fn unreachable(&self) -> Error {
        let message =
            format!("no connection with {}:{} came about: {}", self.options.pool.host, self.port, self.trouble);
        let hint = match self.options.pool.trust {
            None => "check host, port and whether the pool speaks TLS (`--tls`)",
            Some(_) => "check host, port and whether the pool speaks TLS there",
        };
        Error::new("pool_unreachable", message, hint)
    }

    fn tick(&mut self, now: Instant) {
        if self.link.as_ref().is_some_and(|link| !link.session.is_ready() && now - link.opened > OPENING_WAIT) {
            self.lose(&format!("the pool did not let the worker in within {} s", OPENING_WAIT.as_secs()), None);
        }
        if let Some(link) = self.link.as_mut().filter(|link| !link.has_told && now - link.opened >= WAITING_TOLD) {
            link.has_told = true;
            if !link.session.has_work() {
                self.show.tell(&Told::Waiting { is_let_in: link.session.is_ready() });
            }
        }
        self.samples.push_back((now, self.summary.hashes));
        if self.samples.len() > RATE_TICKS {
            self.samples.pop_front();
        }
        let (since, before) = self.samples.front().copied().unwrap_or((now, 0));
        let time_ms = u64::try_from((now - since).as_millis()).unwrap_or(u64::MAX).max(1);
        let hashes_per_second = (self.summary.hashes - before).saturating_mul(1_000) / time_ms;
        self.show.tell(&Told::Status { hashes_per_second, difficulty: self.difficulty, so_far: &self.summary });
    }

    /// Connects and reads in a thread of its own.
    fn connect(&mut self) {
        self.connect_at = None;
        self.number += 1;
        let (number, sender) = (self.number, self.sender.clone());
        let Pool { host, trust, .. } = self.options.pool.clone();
        let port = self.port;
        self.show.tell(&Told::Connecting { host: &host, port });
        std::thread::spawn(move || {
            let opened = connect(&host, port, trust.as_ref());
            let (reader, opened) = match opened {
                Ok((reader, writer)) => (Some(reader), Ok(writer)),
                Err(error) => (None, Err(error)),
            };
            if sender.send(Happening::Opened(number, opened)).is_ok()
                && let Some(reader) = reader
                && let Err(error) = reader.lines(|line| sender.send(Happening::Line(number, line)).is_ok())
            {
                let _ = sender.send(Happening::Closed(number, error));
            }
        });
    }

    fn handle(&mut self, happening: Happening) -> Result<()> {
        match happening {
            Happening::Opened(number, opened) if number == self.number => match opened {
                Ok(writer) => self.open(writer),
                Err(error) => self.lose(&error.to_string(), None),
            },
            Happening::Closed(number, why) if number == self.number => self.lose(&why.to_string(), None),
            Happening::Line(number, line) if number == self.number => return self.hear(&line),
            Happening::Found(share) => self.hand_in(share),
            // Of a connection that was given up.
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, writer: Writer) {
        let Options { login, pool, .. } = &self.options;
        let mut session = Session::new(login.clone(), &pool.host, self.number);
        let lines = session.open();
        self.link = Some(Link { writer, session, opened: Instant::now(), has_told: false, is_cut: false });
        self.show.tell(&Told::Connected);
        for line in lines {
            self.send(&line);
        }
    }

    fn send(&mut self, line: &str) {
        let Some(link) = self.link.as_mut().filter(|link| !link.is_cut) else { return };
        let Err(error) = link.writer.send(line) else { return };
        match error.kind() {
            // The pool closed the connection. The reader comes to that end too, behind what the pool said last: the reason.
            kind if is_cut(kind) => link.is_cut = true,
            _ => self.lose(&error.to_string(), None),
        }
    }

    fn hear(&mut self, line: &[u8]) -> Result<()> {
        let Some(link) = &mut self.link else {
            return Ok(());
        };
        match link.session.hear(line) {
            Ok(events) => events.into_iter().try_for_each(|event| self.follow(event)),
            Err(nonsense) => {
                self.lose(&format!("the pool does not speak the protocol: {nonsense}; check --pool"), None);
                Ok(())
            }
        }
    }

    fn follow(&mut self, event: Event) -> Result<()> {
        // An event before this one may have ended the connection.
        if self.link.is_none() {
            return Ok(());
        }
        match event {
            Event::Send(line) => self.send(&line),
            Event::Work(job) => {
                self.difficulty = job.difficulty;
                let (id, clean) = (shown(&job.notify.id, 64), job.notify.clean);
                self.workers.set(Some(job));
                self.show.tell(&Told::Job { id: &id, clean, difficulty: self.difficulty });
            }
            Event::Diverted(diverted) => return Err(self.diverted(diverted)),
            Event::Authorized => {
                self.was_ready = true;
                self.backoff_s = BACKOFF_S.0;
                self.show.tell(&Told::Authorized);
            }
            // Who was let in before may be banned for a while.
            Event::Unauthorized(why) if self.was_ready => {
                self.lose(&format!("the pool does not let the worker in: {why}"), None)
            }
            Event::Unauthorized(why) => {
                let Login { user, .. } = &self.options.login;
                let message = format!("the pool does not let `{user}` in: {why}");
                let hint = if why.contains(ALLOW) {
                    format!("ask the operator to add this address to `{ALLOW}`, or mine at another node")
                } else if why.contains(DEVICE) {
                    format!("`{DEVICE}DEVICE` stands in --password; --address has to be the device's owner")
                } else {
                    format!("check --address, --worker and --password{}", of_other_network(user))
                };
                return Err(Error::new("pool_refused", message, hint));
            }
            Event::Difficulty(difficulty) => self.show.tell(&Told::Difficulty { difficulty }),
            Event::Accepted(share) => {
                self.summary.accepted += 1;
                self.show.tell(&Told::Accepted { worth: share.worth, difficulty: share.difficulty });
            }
            Event::Rejected(share, why) => {
                self.summary.rejected += 1;
                self.show.tell(&Told::Rejected { worth: share.worth, difficulty: share.difficulty, why: &why });
            }
            Event::Message(text) => self.show.tell(&Told::Message { text: &text }),
            Event::Reconnect { port, wait_s } => {
                self.lose("the pool asks to connect again", Some(wait_s));
                self.port = port.unwrap_or(self.port);
            }
        }
        Ok(())
    }

    /// A job pays the wrong account. Only where nobody between can write is it surely the pool's doing.
    fn diverted(&self, diverted: Diverted) -> Error {
        let Pool { host, trust, .. } = &self.options.pool;
        let who = match trust {
            Some(_) => format!("{host} itself sends such jobs, so mine elsewhere"),
            None => format!(
                "somebody between here and {host} may have written it, so use the pool's port for TLS (`--tls`)"
            ),
        };
        let (code, hint) = match diverted {
            Diverted::Other { paid, .. } => {
                ("wrong_payee", format!("if {paid} is your pool's account, say `--pays {paid}`; if not, {who}"))
            }
            Diverted::Open | Diverted::Value(_) => {
                ("wrong_payee", format!("no port of Thronos sends such jobs; {who}"))
            }
            Diverted::Foreign(_) => (
                "foreign_job",
                "check --pool; `--pays any` mines for any chain, and for whomever the pool pays".to_owned(),
            ),
        };
        Error::new(code, format!("{diverted}; it was not begun"), hint)
    }

    fn hand_in(&mut self, share: Share) {
        self.summary.best = self.summary.best.max(Some(share.worth));
        match self.link.as_mut().and_then(|link| link.session.submit(share)) {
            Some(line) => self.send(&line),
            None => self.summary.stale += 1,
        }
    }

    /// Gives the connection up, and sets the time of the next: after `wait_s`, or later with each failure in a row.
    fn lose(&mut self, why: &str, wait_s: Option<u64>) {
        let was_let_in = self.link.take().is_some_and(|link| link.session.is_ready());
        if !was_let_in {
            // A port to which a pool has sent the miner, and which leads nowhere: the person's own does.
            self.port = self.options.pool.port;
        }
        self.workers.set(None);
        // Threads of older connections may still have something to say.
        self.number += 1;
        self.trouble = shown(&plain(why), 200);
        let wait_s = wait_s.map_or(self.backoff_s, |wait_s| wait_s.clamp(1, BACKOFF_S.1));
        self.backoff_s = (self.backoff_s * 2).min(BACKOFF_S.1);
        self.connect_at = Some(Instant::now() + Duration::from_secs(wait_s));
        self.show.tell(&Told::Lost { why: &self.trouble, again_s: wait_s });
    }
}
