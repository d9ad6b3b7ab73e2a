//! A pool for tests, on a real socket: it speaks as a script says, and judges shares with the crate `bitcoin`.

#![allow(dead_code, reason = "the tests of the program use a part")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bitcoin::hashes::{Hash, sha256d};
use pow::Commitment;
use pow::coinbase::CoinbaseParts;
use serde_json::{Value, json};
use types::{Address, ChainId, Hash32};

/// A socket, or TLS over one.
pub trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// What a pool has seen of all its miners together.
#[derive(Default)]
pub struct Seen {
    pub users: Vec<String>,
    pub shares: usize,
    pub headers: HashSet<[u8; 80]>,
    pub wrong: Vec<String>,
}

pub struct TestPool {
    pub port: u16,
    pub seen: Arc<Mutex<Seen>>,
}

/// One connection as the pool has it.
pub struct Talk {
    stream: BufReader<Box<dyn Stream>>,
    seen: Arc<Mutex<Seen>>,
    /// Counts connections.
    pub number: usize,
    mask: u32,
    job: u32,
    /// Shares of this connection.
    pub shares: usize,
    /// Jobs are changed after so many shares.
    pub shares_per_job: usize,
}

/// Whom the pool's jobs pay.
pub const PAYEE: Address = Address([7; 20]);

/// A coinbase that pays an account on some chain.
pub fn coinbase_for(payee: Address) -> CoinbaseParts {
    let commitment = Commitment { chain_id: ChainId(Hash32([1; 32])), work_height: 5, payee, anchor: Hash32([2; 32]) };
    commitment.coinbase_parts(b"test").expect("a short tag")
}

/// Difficulty 1e-6 takes 4,295 hashes.
pub const DIFFICULTY: &str = "0.000001";

impl TestPool {
    /// Listens, and lets every connection be served by `conduct`, one after the other.
    pub fn start(conduct: impl FnMut(&mut Talk) + Send + 'static) -> Self {
        Self::start_over(|socket| Box::new(socket), conduct)
    }

    /// As [`Self::start`], over what `wrap` makes of a socket.
    pub fn start_over(
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + 'static,
        mut conduct: impl FnMut(&mut Talk) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let seen = Arc::<Mutex<Seen>>::default();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for (number, socket) in listener.incoming().flatten().enumerate() {
                let stream = BufReader::new(wrap(socket));
                let seen = Arc::clone(&shared);
                conduct(&mut Talk { stream, seen, number, mask: 0, job: 0, shares: 0, shares_per_job: usize::MAX });
            }
        });
        Self { port, seen }
    }
}

impl Talk {
    pub fn say(&mut self, text: &str) {
        // The miner may have gone.
        let _ = writeln!(self.stream.get_mut(), "{text}");
        let _ = self.stream.get_mut().flush();
    }

    pub fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
        Some(serde_json::from_str(&line).expect("miners speak JSON"))
    }

    fn answer(&mut self, request: &Value, result: &Value) {
        self.say(&json!({"id": request["id"], "result": result, "error": null}).to_string());
    }

    fn notify(&mut self) {
        self.job += 1;
        let CoinbaseParts { coinbase1, coinbase2 } = coinbase_for(PAYEE);
        // All jobs are alike but for their names, so that whatever is tried twice is seen.
        let params = json!([
            self.job.to_string(),
            "ab".repeat(32),
            hex::encode(coinbase1),
            hex::encode(coinbase2),
            ["cd".repeat(32)],
            "20000000",
            "1d00ffff",
            "65500000",
            true
        ]);
        self.say(&json!({"id": null, "method": "mining.notify", "params": params}).to_string());
    }

    /// Does what pools do, until `enough` shares were taken here or the miner has gone.
    pub fn serve(&mut self, enough: usize) {
        while self.shares < enough {
            let Some(request) = self.hear() else {
                return;
            };
            match request["method"].as_str().expect("a method") {
                "mining.configure" => {
                    self.mask = 0x1fff_e000;
                    self.answer(&request, &json!({"version-rolling": true, "version-rolling.mask": "1fffe000"}));
                }
                "mining.subscribe" => {
                    let first = format!("{:08x}", self.number);
                    self.answer(&request, &json!([[["mining.set_difficulty", "s"], ["mining.notify", "s"]], first, 8]));
                }
                "mining.authorize" => {
                    let user = request["params"][0].as_str().expect("a user").to_owned();
                    self.seen.lock().expect("whole").users.push(user);
                    self.answer(&request, &json!(true));
                    self.say(&format!(
                        "{{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[{DIFFICULTY}]}}"
                    ));
                    self.notify();
                }
                "mining.extranonce.subscribe" => self.answer(&request, &json!(true)),
                "mining.submit" => self.judge(&request),
                other => panic!("{other}"),
            }
        }
    }

    fn judge(&mut self, request: &Value) {
        let params: Vec<&str> =
            request["params"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let [_, job, second, time, nonce, bits] = params[..] else { panic!("{request}") };
        if job != self.job.to_string() {
            self.say(&json!({"id": request["id"], "result": null, "error": [21, "Job not found", null]}).to_string());
            return;
        }
        let number = |digits: &str| u32::from_str_radix(digits, 16).expect("hexadecimal");
        let second = hex::decode(second).expect("hexadecimal");
        let CoinbaseParts { coinbase1, coinbase2 } = coinbase_for(PAYEE);
        let coinbase = [&coinbase1[..], &(self.number as u32).to_be_bytes(), &second, &coinbase2].concat();
        let root = sha256d::Hash::hash(&[&sha256d::Hash::hash(&coinbase).to_byte_array()[..], &[0xcd; 32]].concat());
        let header = bitcoin::block::Header {
            version: bitcoin::block::Version::from_consensus((0x2000_0000 & !self.mask | number(bits)).cast_signed()),
            prev_blockhash: bitcoin::BlockHash::from_byte_array([0xab; 32]),
            merkle_root: bitcoin::TxMerkleNode::from_raw_hash(root),
            time: number(time),
            bits: bitcoin::CompactTarget::from_consensus(0x1d00_ffff),
            nonce: number(nonce),
        };
        // A millionth of difficulty 1: 0xffff · 2^208 · 10^6, which is a little above 2^243.
        let one = bitcoin::Target::MAX_ATTAINABLE_MAINNET.to_le_bytes();
        let mut target = [0; 32];
        let mut carry = 0_u64;
        for (place, byte) in target.iter_mut().zip(one) {
            carry += u64::from(byte) * 1_000_000;
            *place = carry as u8;
            carry >>= 8;
        }
        let meets = bitcoin::Target::from_le_bytes(target).is_met_by(header.block_hash());
        let bytes: [u8; 80] = bitcoin::consensus::serialize(&header).try_into().expect("80 bytes");
        let mut seen = self.seen.lock().expect("whole");
        let good = meets && number(bits) & !self.mask == 0 && second.len() == 8 && seen.headers.insert(bytes);
        if !good {
            seen.wrong.push(request.to_string());
        }
        seen.shares += usize::from(good);
        drop(seen);
        self.shares += usize::from(good);
        self.answer(request, &json!(good));
        if good && self.shares.is_multiple_of(self.shares_per_job) {
            self.notify();
        }
    }
}
