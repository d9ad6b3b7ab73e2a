//! A server on a table: scripted miners, a clock that is set by hand, and a ledger in memory.
//!
//! Miners read what the server sends as any client would, and put headers together from it with their own code.
#![allow(dead_code, missing_docs)] // Each test file uses its part.

#[path = "../../examples/made_up/mod.rs"]
mod made_up;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use pow::{CompactBits, Difficulty, Target, WorkHeader, merkle, sha256d};
use serde_json::Value;
use stratum::{
    Book, CloseReason, Config, ConnectionId, Entry, Event, Input, Output, Payment, Port, Proof, Server, Template,
    ledger,
};
use types::{Address, Hash32, Network};

pub const SOLO: usize = 0;
pub const POOLED: usize = 1;
pub const START_MS: u64 = 1_700_000_000_000;
pub const OPERATOR: Address = Address([0xee; 20]);

/// A user in the older form of an address.
pub fn user(byte: u8, name: &str) -> String {
    format!("{}.{name}", Address([byte; 20]).to_legacy_text())
}

pub fn difficulty(text: &str) -> Difficulty {
    Difficulty::parse(text).expect("a difficulty")
}

/// Two ports on which every fourth hash is a share.
pub fn config() -> Config {
    let easy = |payment| Port {
        payment,
        difficulty_start: Difficulty::MIN,
        difficulty_min: Difficulty::MIN,
        difficulty_max: Difficulty::MAX,
    };
    Config::new(Network::Test, vec![easy(Payment::Solo), easy(Payment::Pplns { operator: OPERATOR })])
}

/// A work of pool difficulty 1 whose shares are 64 times lighter.
pub fn template(work_height: u64) -> Template {
    let previous = std::array::from_fn(|index| (work_height as u8).wrapping_mul(31).wrapping_add(index as u8));
    let work = made_up::template(work_height, previous, 0x1d00_ffff, 1_700_000_000);
    Template { time_min: 1_699_999_000, branch: vec![Hash32([3; 32])], ..work }
}

/// Everything that the server did, in order.
pub struct Rig {
    pub server: Server,
    pub now_ms: u64,
    pub journal: Vec<u8>,
    pub inbox: BTreeMap<ConnectionId, Vec<Value>>,
    pub closed: BTreeMap<ConnectionId, CloseReason>,
    pub proofs: Vec<Proof>,
    pub events: Vec<Event>,
    pub admissions: Vec<(ConnectionId, u64)>,
    /// The devices of these questions, and of those that were answered.
    pub asked: Vec<Option<String>>,
    pub saved: Vec<Entry>,
    next: u64,
}

impl Rig {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with(config: Config) -> Self {
        Self::resumed(config, Book::default(), Vec::new(), START_MS)
    }

    /// A server that goes on with an earlier book.
    pub fn resumed(config: Config, book: Book, journal: Vec<u8>, now_ms: u64) -> Self {
        let server = Server::new(config, [5; 32], book, now_ms).expect("a good config");
        let (inbox, closed) = (BTreeMap::new(), BTreeMap::new());
        let (proofs, events, admissions, saved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { server, now_ms, journal, inbox, closed, proofs, events, admissions, asked: Vec::new(), saved, next: 0 }
    }

    /// A new server on what this one wrote down; connections are lost.
    pub fn restart(self) -> Self {
        let stored = ledger::Stored { journal: self.journal.clone(), ..Default::default() };
        let book = ledger::recover(&stored).expect("a whole journal").book;
        assert_eq!(&book, self.server.book(), "what is written is what is known");
        let next = self.next + 1_000;
        let mut rig = Self::resumed(self.server.config().clone(), book, self.journal, self.now_ms);
        rig.next = next;
        rig
    }

    pub fn step(&mut self, input: Input<'_>) {
        for output in self.server.step(self.now_ms, input) {
            match output {
                Output::Save { sequence, entry } => {
                    self.journal.extend(ledger::encode(sequence, &entry));
                    self.saved.push(entry);
                }
                Output::Send { connection, bytes } => {
                    assert!(!self.closed.contains_key(&connection), "nothing is sent after a close");
                    let text = String::from_utf8(bytes).expect("lines are text");
                    assert!(text.ends_with('\n'), "whole lines");
                    let lines = text.lines().map(|line| serde_json::from_str(line).expect("every line is JSON"));
                    self.inbox.entry(connection).or_default().extend(lines);
                }
                Output::Close { connection, reason } => {
                    assert!(self.closed.insert(connection, reason).is_none(), "closed once");
                }
                Output::Submit(proof) => self.proofs.push(*proof),
                Output::Admission { connection, ticket, device, .. } => {
                    self.admissions.push((connection, ticket));
                    self.asked.push(device);
                }
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    pub fn work(&mut self, template: Template) {
        self.step(Input::Template(Arc::new(template)));
    }

    pub fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
        self.step(Input::Tick);
    }

    pub fn connect_from(&mut self, port: usize, ip: IpAddr) -> ConnectionId {
        self.next += 1;
        let connection = ConnectionId(self.next);
        self.step(Input::Opened { connection, port, ip });
        connection
    }

    pub fn connect(&mut self, port: usize) -> ConnectionId {
        self.connect_from(port, IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    pub fn hang_up(&mut self, connection: ConnectionId) {
        self.step(Input::Closed { connection });
    }

    /// Sends bytes and gives back what came as an answer.
    pub fn send(&mut self, connection: ConnectionId, bytes: &[u8]) -> Vec<Value> {
        self.inbox.remove(&connection);
        self.step(Input::Received { connection, bytes });
        self.inbox.remove(&connection).unwrap_or_default()
    }

    /// Sends one line.
    pub fn say(&mut self, connection: ConnectionId, line: &str) -> Vec<Value> {
        self.send(connection, format!("{line}\n").as_bytes())
    }

    /// Sends a request and gives back its answer; other lines go to the inbox.
    pub fn ask(&mut self, connection: ConnectionId, method: &str, params: &str) -> Value {
        let lines = self.say(connection, &format!(r#"{{"id":77,"method":"{method}","params":{params}}}"#));
        let mut answer = None;
        for line in lines {
            if line["id"] == 77 {
                assert!(answer.replace(line).is_none(), "one answer");
            } else {
                self.inbox.entry(connection).or_default().push(line);
            }
        }
        answer.expect("every request is answered")
    }

    /// Subscribes and authorizes, and gives back a miner that holds the job.
    pub fn miner(&mut self, port: usize, user: &str) -> Miner {
        let connection = self.connect(port);
        self.miner_on(connection, user)
    }

    pub fn miner_on(&mut self, connection: ConnectionId, user: &str) -> Miner {
        let subscribed = self.ask(connection, "mining.subscribe", "[]");
        let result = &subscribed["result"];
        let mut miner = Miner {
            connection,
            user: user.to_owned(),
            session: result[0][1][1].as_str().expect("a session id").to_owned(),
            extranonce1: hex::decode(result[1].as_str().expect("an extranonce1")).expect("hex"),
            jobs: Vec::new(),
            difficulty: None,
            counter: 0,
        };
        assert_eq!(result[2], 8);
        let granted = self.ask(connection, "mining.authorize", &format!(r#"["{user}","x"]"#));
        assert_eq!(granted["result"], true, "{granted}");
        miner.listen(self);
        miner
    }

    pub fn restful_ip(byte: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, byte))
    }
}

/// A job as it came over the wire.
#[derive(Clone, Debug)]
pub struct WireJob {
    pub id: String,
    pub previous: [u8; 32],
    pub coinbase1: Vec<u8>,
    pub coinbase2: Vec<u8>,
    pub branch: Vec<Hash32>,
    pub version: u32,
    pub bits: u32,
    pub time: u32,
    pub clean: bool,
    /// The difficulty that was in force when the job came.
    pub difficulty: Option<f64>,
}

fn number(value: &Value) -> u32 {
    u32::from_str_radix(value.as_str().expect("a text"), 16).expect("hex")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a text")).expect("hex")
}

impl WireJob {
    pub fn read(params: &Value, difficulty: Option<f64>) -> Self {
        let words = bytes(&params[1]);
        let previous: Vec<u8> = words.chunks(4).flat_map(|word| word.iter().rev().copied()).collect();
        let branch = params[4].as_array().expect("a list").iter();
        Self {
            id: params[0].as_str().expect("an id").to_owned(),
            previous: previous.try_into().expect("32 bytes"),
            coinbase1: bytes(&params[2]),
            coinbase2: bytes(&params[3]),
            branch: branch.map(|hash| Hash32(bytes(hash).try_into().expect("32 bytes"))).collect(),
            version: number(&params[5]),
            bits: number(&params[6]),
            time: number(&params[7]),
            clean: params[8].as_bool().expect("a truth value"),
            difficulty,
        }
    }

    pub fn header(&self, extranonce1: &[u8], extranonce2: [u8; 8], time: u32, nonce: u32, version: u32) -> WorkHeader {
        let coinbase = [&self.coinbase1[..], extranonce1, &extranonce2, &self.coinbase2[..]].concat();
        let merkle_root = merkle::fold(sha256d(&coinbase), &self.branch);
        WorkHeader { version, previous: self.previous, merkle_root, time, bits: CompactBits(self.bits), nonce }
    }
}

/// A miner that reads its lines.
pub struct Miner {
    pub connection: ConnectionId,
    pub user: String,
    pub session: String,
    pub extranonce1: Vec<u8>,
    pub jobs: Vec<WireJob>,
    pub difficulty: Option<f64>,
    pub counter: u64,
}

/// A share that a miner found.
#[derive(Clone, Debug)]
pub struct Found {
    pub job: String,
    pub extranonce2: [u8; 8],
    pub time: u32,
    pub nonce: u32,
    pub hash: [u8; 32],
}

impl Found {
    pub fn params(&self, user: &str) -> String {
        let (extranonce2, time, nonce) = (hex::encode(self.extranonce2), self.time, self.nonce);
        format!(r#"["{user}","{}","{extranonce2}","{time:08x}","{nonce:08x}"]"#, self.job)
    }
}

impl Miner {
    /// Takes what came unasked.
    pub fn listen(&mut self, rig: &mut Rig) -> usize {
        let lines = rig.inbox.remove(&self.connection).unwrap_or_default();
        let count = lines.len();
        for line in lines {
            match line["method"].as_str() {
                Some("mining.set_difficulty") => self.difficulty = line["params"][0].as_f64(),
                Some("mining.notify") => self.jobs.push(WireJob::read(&line["params"], self.difficulty)),
                _ => {}
            }
        }
        count
    }

    pub fn job(&self) -> &WireJob {
        self.jobs.last().expect("a job")
    }

    /// Searches on a job until a hash meets `target` and does not meet `above`.
    pub fn search(&mut self, job: &WireJob, target: Target, above: Option<Target>) -> Found {
        loop {
            self.counter += 1;
            let extranonce2 = (self.counter >> 20).to_be_bytes();
            let nonce = (self.counter & 0xf_ffff) as u32;
            let hash = job.header(&self.extranonce1, extranonce2, job.time, nonce, job.version).hash();
            if target.is_met_by(&hash) && !above.is_some_and(|above| above.is_met_by(&hash)) {
                return Found { job: job.id.clone(), extranonce2, time: job.time, nonce, hash };
            }
        }
    }

    /// A share of the lightest difficulty on the newest job.
    pub fn find(&mut self) -> Found {
        let job = self.job().clone();
        self.search(&job, Difficulty::MIN.target(), None)
    }

    /// Submits and gives back the whole answer.
    pub fn submit(&mut self, rig: &mut Rig, found: &Found) -> Value {
        let params = found.params(&self.user);
        let answer = rig.ask(self.connection, "mining.submit", &params);
        self.listen(rig);
        answer
    }
}

/// The code of an answer, 0 for a result.
pub fn code(answer: &Value) -> u64 {
    let error = &answer["error"];
    if error.is_null() {
        return 0;
    }
    let shape = error.as_array().expect("an error is a list");
    assert!(shape.len() == 3 && shape[1].is_string() && shape[2].is_null(), "{error}");
    assert!(answer["result"].is_null());
    shape[0].as_u64().expect("a number")
}
