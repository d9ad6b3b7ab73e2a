//! A connection's conversation as a state machine: lines and shares in, lines and events out.
//!
//! It must not know sockets, threads or the time. The order is that of the miners that pools know: `configure` (BIP 310) and
//! `subscribe` at once, `authorize` when subscribed; an answer is told by its number, and nothing else is expected in order.
//!
//! Invariants: work begins when the pool has answered the subscription and authorized the worker; difficulty and extranonce hold
//! from the next job on, a version mask at once; at most [`PENDING_MAX`] requests wait for an answer; a job that pays whom it should
//! not is never handed out, and from then on no share is handed in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pow::Difficulty;
use serde_json::{Value, json};

use super::job::{Job, Share};
use super::message::{self, Extranonce, Message, Nonsense, Notify};
use super::payee::{Diverted, Pays};

/// Version bits that miners may roll, by BIP 320.
pub const VERSION_MASK: u32 = 0x1fff_e000;
/// Most requests that wait for an answer. A pool that answers none of so many has gone.
pub const PENDING_MAX: usize = 4_096;
const AGENT: &str = concat!("thronos/", env!("CARGO_PKG_VERSION"));

/// For whom to mine, and as whom.
#[derive(Clone, Debug)]
pub struct Login {
    /// Payout address, and the worker's name behind a point.
    pub user: String,
    /// The pool's password, which is mostly `x`.
    pub password: String,
    /// Whom jobs may pay.
    pub pays: Pays,
}

/// What follows from a line.
#[derive(Clone, Debug)]
pub enum Event {
    /// Send this line.
    Send(String),
    /// Search this; earlier jobs may go on counting.
    Work(Arc<Job>),
    /// The pool handed out a job that pays somebody else: there is nothing more to do here.
    Diverted(Diverted),
    /// The pool lets the worker in.
    Authorized,
    /// It does not, with its reason.
    Unauthorized(String),
    /// The difficulty of jobs to come.
    Difficulty(Difficulty),
    /// A share counts.
    Accepted(Share),
    /// A share does not count, with the pool's reason.
    Rejected(Share, String),
    /// The pool's message to the person.
    Message(String),
    /// Close, and connect again to the port, if one is named, after so many seconds.
    Reconnect {
        /// Another port of the same host.
        port: Option<u16>,
        /// Seconds to wait before.
        wait_s: u64,
    },
}

enum Pending {
    Configure,
    Subscribe,
    Authorize,
    /// The answer changes nothing.
    Extranonce,
    Submit(Box<Share>),
}

/// A conversation.
pub struct Session {
    login: Login,
    host: String,
    request: u64,
    pending: BTreeMap<u64, Pending>,
    extranonce: Option<Extranonce>,
    authorized: bool,
    mask: u32,
    difficulty: Difficulty,
    /// The latest that the pool handed out.
    notify: Option<Notify>,
    job: Option<Arc<Job>>,
    serial: u64,
    /// Jobs before this one count no more.
    serial_valid: u64,
    next: Arc<AtomicU64>,
}

impl Session {
    /// A conversation with the pool at `host`. Jobs of different `connection`s have different serials, so that a share
    /// that was found before a connection broke is not handed in on the next.
    #[must_use]
    pub fn new(login: Login, host: &str, connection: u32) -> Self {
        let serial = u64::from(connection) << 32;
        Self {
            login,
            host: host.to_owned(),
            request: 0,
            pending: BTreeMap::new(),
            extranonce: None,
            authorized: false,
            mask: 0,
            difficulty: Difficulty::ONE,
            notify: None,
            job: None,
            serial,
            serial_valid: serial,
            next: Arc::default(),
        }
    }

    /// The first lines.
    #[must_use]
    pub fn open(&mut self) -> Vec<String> {
        let rolling =
            json!({"version-rolling.mask": format!("{VERSION_MASK:08x}"), "version-rolling.min-bit-count": 2});
        vec![
            self.ask("mining.configure", json!([["version-rolling"], rolling]), Pending::Configure),
            self.ask("mining.subscribe", json!([AGENT]), Pending::Subscribe),
        ]
    }

    /// Whether work can begin.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.authorized && self.extranonce.is_some()
    }

    /// Whether there is a job.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.job.is_some()
    }

    fn ask(&mut self, method: &str, params: Value, pending: Pending) -> String {
        self.request += 1;
        self.pending.insert(self.request, pending);
        json!({"id": self.request, "method": method, "params": params}).to_string()
    }

    /// Takes a line of the pool.
    ///
    /// # Errors
    /// [`Nonsense`] when it is not the protocol; the connection is of no use any more.
    pub fn hear(&mut self, line: &[u8]) -> Result<Vec<Event>, Nonsense> {
        Ok(match message::read(line)? {
            Message::Answer { id, result } => match self.pending.remove(&id) {
                Some(pending) => self.answered(pending, result)?,
                None => return Err(Nonsense(format!("an answer to request {id}, which does not wait for one"))),
            },
            Message::Difficulty(difficulty) => {
                self.difficulty = difficulty;
                vec![Event::Difficulty(difficulty)]
            }
            Message::Notify(notify) => self.notified(*notify),
            Message::Extranonce(extranonce) => {
                if self.extranonce.is_none() {
                    return Err(Nonsense("an extranonce before the subscription's answer".to_owned()));
                }
                self.extranonce = Some(extranonce);
                Vec::new()
            }
            Message::VersionMask(mask) => self.masked(mask),
            Message::Reconnect { host, port, wait_s } => self.sent_away(host, port, wait_s),
            Message::Show(text) => vec![Event::Message(text)],
            Message::Ping(id) => reply(&id, &json!("pong")),
            Message::Version(id) => reply(&id, &json!(AGENT)),
            Message::Unknown(id) => {
                vec![Event::Send(json!({"id": id, "result": null, "error": [20, "Unknown method", null]}).to_string())]
            }
            Message::Ignored => Vec::new(),
        })
    }

    fn answered(&mut self, pending: Pending, result: Result<Value, String>) -> Result<Vec<Event>, Nonsense> {
        match (pending, result) {
            (Pending::Configure, Ok(result)) => {
                let granted = result.get("version-rolling") == Some(&Value::Bool(true));
                let mask = result.get("version-rolling.mask").and_then(Value::as_str).and_then(message::mask);
                Ok(if granted { self.masked(mask.unwrap_or(0)) } else { Vec::new() })
            }
            // An older pool; versions are not rolled then.
            (Pending::Configure, Err(_)) | (Pending::Extranonce, _) => Ok(Vec::new()),
            (Pending::Subscribe, Ok(result)) => self.subscribed(&result),
            (Pending::Subscribe, Err(why)) => Ok(vec![Event::Unauthorized(why)]),
            (Pending::Authorize, Ok(Value::Bool(true))) => {
                self.authorized = true;
                Ok(std::iter::once(Event::Authorized).chain(self.work()).collect())
            }
            (Pending::Authorize, Ok(_)) => Ok(vec![Event::Unauthorized("no reason given".to_owned())]),
            (Pending::Authorize, Err(why)) => Ok(vec![Event::Unauthorized(why)]),
            (Pending::Submit(share), Ok(Value::Bool(true))) => Ok(vec![Event::Accepted(*share)]),
            (Pending::Submit(share), Ok(_)) => Ok(vec![Event::Rejected(*share, "no reason given".to_owned())]),
            (Pending::Submit(share), Err(why)) => Ok(vec![Event::Rejected(*share, why)]),
        }
    }

    fn subscribed(&mut self, result: &Value) -> Result<Vec<Event>, Nonsense> {
        let first = result.get(1).and_then(Value::as_str);
        let bytes = result.get(2).and_then(Value::as_u64);
        let (Some(first), Some(bytes)) = (first, bytes) else {
            return Err(Nonsense("the subscription's answer has no extranonces".to_owned()));
        };
        let wrong = |why| Nonsense(format!("the subscription's answer: {why}"));
        self.extranonce = Some(message::extranonce(first, bytes).map_err(wrong)?);
        let credentials = json!([self.login.user, self.login.password]);
        Ok(vec![
            Event::Send(self.ask("mining.authorize", credentials, Pending::Authorize)),
            Event::Send(self.ask("mining.extranonce.subscribe", json!([]), Pending::Extranonce)),
        ])
    }

    fn notified(&mut self, notify: Notify) -> Vec<Event> {
        let clean = notify.clean;
        self.notify = Some(notify);
        self.serial += 1;
        if clean {
            self.serial_valid = self.serial;
        }
        self.work().into_iter().collect()
    }

    /// The latest job, once there is all that it needs, if it pays whom it should.
    fn work(&mut self) -> Option<Event> {
        let extranonce = self.extranonce.clone().filter(|_| self.authorized)?;
        let notify = self.notify.clone()?;
        let job = Job::new(self.serial, notify, extranonce, self.difficulty, self.mask, Arc::clone(&self.next));
        if let Err(diverted) = self.login.pays.check(&job) {
            self.job = None;
            self.serial_valid = u64::MAX;
            return Some(Event::Diverted(diverted));
        }
        let job = Arc::new(job);
        self.job = Some(Arc::clone(&job));
        Some(Event::Work(job))
    }

    /// Bits outside the mask do not count from now on, so the job is searched anew.
    fn masked(&mut self, mask: u32) -> Vec<Event> {
        let mask = mask & VERSION_MASK;
        if mask == self.mask {
            return Vec::new();
        }
        self.mask = mask;
        let Some(job) = &self.job else {
            return Vec::new();
        };
        self.serial += 1;
        self.serial_valid = self.serial;
        let job = Arc::new(job.with_mask(self.serial, mask));
        self.job = Some(Arc::clone(&job));
        vec![Event::Work(job)]
    }

    /// A pool may send its miners to another port, never to another host: whoever can write one line could steal them.
    fn sent_away(&self, host: Option<String>, port: Option<u16>, wait_s: u64) -> Vec<Event> {
        match host {
            Some(host) if !host.eq_ignore_ascii_case(&self.host) => {
                vec![Event::Message(format!("(asked to go to {host}, which is another host; staying)"))]
            }
            _ => vec![Event::Reconnect { port, wait_s }],
        }
    }

    /// The line that hands in a share, or nothing when its job counts no more or too many wait for an answer.
    #[must_use]
    pub fn submit(&mut self, share: Share) -> Option<String> {
        if share.serial < self.serial_valid || share.serial > self.serial || self.pending.len() >= PENDING_MAX {
            return None;
        }
        let mut params = vec![
            json!(self.login.user),
            json!(share.job),
            json!(hex::encode(&share.extranonce2)),
            json!(format!("{:08x}", share.time)),
            json!(format!("{:08x}", share.nonce)),
        ];
        if share.mask != 0 {
            params.push(json!(format!("{:08x}", share.version & share.mask)));
        }
        Some(self.ask("mining.submit", Value::Array(params), Pending::Submit(Box::new(share))))
    }
}

fn reply(id: &Value, result: &Value) -> Vec<Event> {
    vec![Event::Send(json!({"id": id, "result": result, "error": null}).to_string())]
}
