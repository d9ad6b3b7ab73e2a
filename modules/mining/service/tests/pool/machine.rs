//! A machine that speaks Stratum to a node's ports for miners.

#![allow(clippy::unwrap_used, reason = "a test's own steps")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use pow::{CompactBits, Target, WorkHeader, merkle, sha256d};
use serde_json::{Value, json};

use crate::support::Running;

/// What a machine speaks over: a socket, or TLS on one.
pub trait Line: Read + Write {}

impl<T: Read + Write> Line for T {}

/// A machine that speaks Stratum.
pub struct Machine {
    user: String,
    lines: BufReader<Box<dyn Line>>,
    extranonce1: String,
    job: Vec<Value>,
    next_id: u64,
}

impl Machine {
    /// A connection to a port of the node, in the order of its settings.
    pub fn socket(running: &Running, port: usize) -> TcpStream {
        let socket = TcpStream::connect(running.node.service_addresses("mining")[port]).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        socket
    }

    /// Logs in as a worker of this address.
    pub fn log_in(line: Box<dyn Line>, payee: &str) -> Self {
        let user = format!("{payee}.stick");
        let mut machine =
            Self { user, lines: BufReader::new(line), extranonce1: String::new(), job: Vec::new(), next_id: 1 };
        let subscribed = machine.ask("mining.subscribe", json!(["test/1"]));
        machine.extranonce1 = subscribed["result"][1].as_str().unwrap().to_owned();
        let authorized = machine.ask("mining.authorize", json!([machine.user.clone(), "x"]));
        assert_eq!(authorized["result"], true, "{authorized}");
        machine
    }

    /// The answer to a request.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        let line = json!({ "id": id, "method": method, "params": parameters });
        writeln!(self.lines.get_mut(), "{line}").unwrap();
        loop {
            let heard = self.hear();
            if heard["id"] == id {
                return heard;
            }
        }
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        let heard: Value = serde_json::from_str(&line).unwrap();
        if heard["method"] == "mining.notify" {
            self.job = heard["params"].as_array().unwrap().clone();
        }
        heard
    }

    /// Finds a share of the chain for the present job, and hands it in; the answer, and what was handed in.
    pub fn mine(&mut self, number: u64) -> (Value, Value) {
        self.mine_for(number, 64)
    }

    /// The same with a target so many times that of a work.
    pub fn mine_for(&mut self, number: u64, times: u32) -> (Value, Value) {
        while self.job.is_empty() {
            self.hear();
        }
        let text = |place: usize| self.job[place].as_str().unwrap().to_owned();
        let extranonce2 = format!("{number:016x}");
        let coinbase = hex::decode([text(2), self.extranonce1.clone(), extranonce2.clone(), text(3)].concat()).unwrap();
        let mut previous = hex::decode(text(1)).unwrap();
        previous.chunks_mut(4).for_each(<[u8]>::reverse);
        let number_of = |place: usize| u32::from_str_radix(&text(place), 16).unwrap();
        let bits = CompactBits(number_of(6));
        let mut header = WorkHeader {
            version: number_of(5),
            previous: previous.try_into().unwrap(),
            merkle_root: merkle::fold(sha256d(&coinbase), &[]),
            time: number_of(7),
            bits,
            nonce: 0,
        };
        let target = Target::from_compact(bits).unwrap().times(times);
        while !target.is_met_by(&header.hash()) {
            header.nonce += 1;
        }
        let parameters = json!([self.user, text(0), extranonce2, text(7), format!("{:08x}", header.nonce)]);
        (self.ask("mining.submit", parameters.clone()), parameters)
    }
}
