//! A machine at a socket: it hashes for real, counts what it hashed, and tells what it is asked for, as its kind does.

use std::time::Duration;

use pow::{CompactBits, Difficulty, Target, WorkHeader, merkle, sha256d};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::pool::Pool;
use crate::rig::{WireJob, code};

/// What is said to have everything read that was said before.
pub const ANYTHING: (&str, Value) = ("mining.ping", Value::Array(Vec::new()));
const DEADLINE: Duration = Duration::from_secs(60);
/// Version bits that are rolled, within the mask that the server grants.
const ROLLED: u32 = 0x1fff_e000;
/// So many header times from the earliest that counts to one before the latest.
const TIMES: u64 = 1_590;

/// What makes a machine different from others, other than what it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habit {
    /// It tells no share lighter than this, in billionths, whatever it is asked for.
    pub tells_from: u128,
    pub rolls_versions: bool,
    pub rolls_times: bool,
}

/// A share that was found.
#[derive(Clone, Debug)]
pub struct Found {
    pub job: String,
    pub extranonce2: String,
    pub time: u32,
    pub nonce: u32,
    pub version_bits: Option<u32>,
}

impl Found {
    pub fn params(&self, user: &str) -> Value {
        let mut params =
            vec![user.to_owned(), self.job.clone(), self.extranonce2.clone(), format!("{:08x}", self.time)];
        params.push(format!("{:08x}", self.nonce));
        params.extend(self.version_bits.map(|bits| format!("{bits:08x}")));
        json!(params)
    }
}

pub struct Machine {
    pub user: String,
    pub session: String,
    pub extranonce1: Vec<u8>,
    /// Headers that were hashed.
    pub hashes: u64,
    /// The sum, over them, of what a share had to show and did, in billionths.
    pub asked: u128,
    pub job: Option<WireJob>,
    habit: Habit,
    stream: BufReader<TcpStream>,
    difficulty: Option<f64>,
    counter: u64,
}

impl Machine {
    pub async fn connect(pool: &Pool, user: &str, habit: Habit) -> Self {
        let mut machine = Self {
            user: user.to_owned(),
            session: String::new(),
            extranonce1: Vec::new(),
            hashes: 0,
            asked: 0,
            job: None,
            habit,
            stream: dial(pool).await,
            difficulty: None,
            counter: 0,
        };
        machine.log_in(None).await;
        machine
    }

    /// Hangs up, and connects again, on the same session or as a stranger.
    pub async fn come_back(&mut self, pool: &Pool, resumes: bool) {
        self.stream = dial(pool).await;
        pool.gone(&self.extranonce1).await;
        let (session, extranonce1) = (self.session.clone(), self.extranonce1.clone());
        self.log_in(resumes.then_some(session.as_str())).await;
        assert_eq!(self.extranonce1 == extranonce1, resumes, "{}", self.user);
    }

    async fn log_in(&mut self, session: Option<&str>) {
        if self.habit.rolls_versions {
            let wanted = json!([["version-rolling"], { "version-rolling.mask": "ffffffff" }]);
            let granted = self.ask(&[("mining.configure", wanted)]).await;
            assert_eq!(granted[0]["result"]["version-rolling.mask"], format!("{ROLLED:08x}"));
        }
        let subscribe = session.map_or_else(|| json!(["kinds"]), |session| json!(["kinds", session]));
        let subscribed = self.ask(&[("mining.subscribe", subscribe)]).await;
        let result = &subscribed[0]["result"];
        self.session = result[0][1][1].as_str().expect("a session id").to_owned();
        self.extranonce1 = hex::decode(result[1].as_str().expect("an extranonce1")).expect("hex");
        let authorize = ("mining.authorize", json!([self.user, "x"]));
        let granted = self.ask(&[authorize, ANYTHING]).await;
        assert_eq!(granted[0]["result"], true, "{}", self.user);
    }

    pub async fn suggest(&mut self, billionths: u128) {
        let wanted = Difficulty::from_billionths(billionths).expect("above zero").to_string();
        let suggestion = ("mining.suggest_difficulty", json!([wanted.parse::<f64>().expect("a number")]));
        let answers = self.ask(&[suggestion, ANYTHING]).await;
        assert_eq!(answers[0]["result"], true);
    }

    /// Reads what came before the answer to [`ANYTHING`], and waits for a job of the newest work.
    pub async fn take_up(&mut self, pool: &Pool) {
        self.answers_to(1).await;
        while self.job().previous != pool.work.previous {
            self.hear().await.expect("the connection is open");
        }
    }

    pub fn job(&self) -> &WireJob {
        self.job.as_ref().expect("it is logged in")
    }

    /// Hashes so many headers of the newest job, and gives back the shares that it would tell.
    pub fn hash(&mut self, hashes: u64) -> Vec<Found> {
        let job = self.job().clone();
        let asked = (job.difficulty.expect("it was told") * 1e9).round() as u128;
        let told = asked.max(self.habit.tells_from);
        let target = Difficulty::from_billionths(told).expect("above zero").target();
        self.hashes += hashes;
        self.asked += told * u128::from(hashes);
        (0..hashes).filter_map(|_| self.try_one(&job, target)).collect()
    }

    fn try_one(&mut self, job: &WireJob, target: Target) -> Option<Found> {
        self.counter += 1;
        let (counter, habit) = (self.counter, self.habit);
        let extranonce2 = (counter >> 8).to_be_bytes();
        let version_bits = habit.rolls_versions.then_some((counter as u32 & 0xff) << 13 | (counter as u32 & 1) << 28);
        let earliest = job.time.min(1_699_999_000);
        let time = if habit.rolls_times { earliest + (counter % TIMES) as u32 } else { job.time };
        // Whoever rolls versions or times need not touch the nonce.
        let nonce = if habit.rolls_versions { 7 } else { counter as u32 & 0xff };
        let coinbase = [&job.coinbase1[..], &self.extranonce1, &extranonce2, &job.coinbase2[..]].concat();
        let header = WorkHeader {
            version: version_bits.map_or(job.version, |bits| (job.version & !ROLLED) | bits),
            previous: job.previous,
            merkle_root: merkle::fold(sha256d(&coinbase), &job.branch),
            time,
            bits: CompactBits(job.bits),
            nonce,
        };
        let (job, extranonce2) = (job.id.clone(), hex::encode(extranonce2));
        target.is_met_by(&header.hash()).then_some(Found { job, extranonce2, time, nonce, version_bits })
    }

    /// Whether a found share, handed in for the newest job of this machine, would be one.
    pub fn would_count(&self, found: &Found) -> bool {
        let job = self.job();
        let extranonce2 = hex::decode(&found.extranonce2).expect("hex").try_into().expect("eight bytes");
        let header = job.header(&self.extranonce1, extranonce2, found.time, found.nonce, job.version);
        let asked = (job.difficulty.expect("it was told") * 1e9).round() as u128;
        Difficulty::from_billionths(asked).expect("above zero").target().is_met_by(&header.hash())
    }

    /// Hands in shares at once, and gives back the codes of the answers.
    pub async fn tell(&mut self, shares: &[Found]) -> Vec<u64> {
        let calls: Vec<_> = shares.iter().map(|share| ("mining.submit", share.params(&self.user))).collect();
        self.ask(&calls).await.iter().map(code).collect()
    }

    /// Says all of it in one breath and reads until the last answer. Whom the server lets go gets fewer answers.
    pub async fn ask(&mut self, calls: &[(&str, Value)]) -> Vec<Value> {
        self.say(calls).await;
        self.answers_to(calls.len()).await
    }

    pub async fn say(&mut self, calls: &[(&str, Value)]) {
        let line = |(id, (method, params)): (usize, &(&str, Value))| {
            format!("{}\n", json!({ "id": id, "method": method, "params": params }))
        };
        let lines: String = calls.iter().enumerate().map(line).collect();
        self.stream.write_all(lines.as_bytes()).await.expect("sent");
    }

    async fn answers_to(&mut self, calls: usize) -> Vec<Value> {
        let mut answers = Vec::new();
        while answers.len() < calls {
            let Some(line) = self.hear().await else { break };
            if line["method"].is_null() {
                assert_eq!(line["id"], answers.len(), "answers come in order");
                answers.push(line);
            }
        }
        answers
    }

    /// The next line; nothing if the server closed.
    async fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = tokio::time::timeout(DEADLINE, self.stream.read_line(&mut line)).await.expect("in time");
        if read.ok()? == 0 {
            return None;
        }
        let line: Value = serde_json::from_str(&line).expect("JSON");
        match line["method"].as_str() {
            Some("mining.set_difficulty") => self.difficulty = line["params"][0].as_f64(),
            Some("mining.notify") => self.job = Some(WireJob::read(&line["params"], self.difficulty)),
            _ => {}
        }
        Some(line)
    }
}

async fn dial(pool: &Pool) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(pool.address).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    BufReader::new(stream)
}
