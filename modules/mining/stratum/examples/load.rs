//! How much the server carries.
//!
//! - `load core`: precomputed shares of 1,000 connections through [`stratum::Server`] alone, on one thread.
//! - `load tcp`: the same through loopback TCP, with the ledger on a disk; the generator runs in the same process.
//! - `load idle N`: the memory of N subscribed and authorized connections.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::print_stdout)] // A program at the edge.

mod made_up;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use pow::{CompactBits, Difficulty, WorkHeader, merkle, sha256d};
use serde_json::Value;
use stratum::service::{FolderShares, Later, Ports, ProofSink, Service, Socket};
use stratum::{Book, Config, ConnectionId, Input, Output, Payment, Port, Proof, Server, Template, Verdict, ledger};
use tokio::sync::watch;
use types::{Address, Hash32, Network, SystemCall};

const CONNECTIONS: usize = 1_000;
const SHARES_EACH: usize = 300;

/// Milliseconds by which the clock was moved ahead.
static AHEAD_MS: AtomicU64 = AtomicU64::new(0);

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX) + AHEAD_MS.load(Ordering::Relaxed)
}

const POOLED: Payment = Payment::Pplns { operator: Address([0xee; 20]) };

fn config(payment: Payment) -> Config {
    let port = Port {
        payment,
        difficulty_start: Difficulty::MIN,
        difficulty_min: Difficulty::MIN,
        difficulty_max: Difficulty::MIN,
    };
    let mut config = Config::new(Network::Test, vec![port]);
    config.connections_per_ip_max = 16_384;
    config
}

fn template() -> Template {
    made_up::template(1, [1; 32], 0x1d00_ffff, u32::try_from(now_ms() / 1_000).unwrap_or(u32::MAX))
}

fn user(index: usize) -> String {
    let mut address = [0; 20];
    address[..8].copy_from_slice(&(index as u64).to_le_bytes());
    format!("{}.rig{index}", Address(address).to_legacy_text())
}

fn hello(index: usize) -> String {
    let user = user(index);
    format!(
        "{{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"load/1\"]}}\n{{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"{user}\",\"x\"]}}\n"
    )
}

/// Shares for one connection from the lines that answered its hello.
fn shares(index: usize, lines: &[Value], count: usize) -> Vec<String> {
    let hex = |value: &Value| hex::decode(value.as_str().unwrap_or_default()).unwrap_or_default();
    let number = |value: &Value| u32::from_str_radix(value.as_str().unwrap_or_default(), 16).unwrap_or_default();
    let subscribed = lines.iter().find(|line| line["id"] == 1).expect("subscribed");
    let extranonce1 = hex(&subscribed["result"][1]);
    let notify = lines.iter().rfind(|line| line["method"] == "mining.notify").expect("a job");
    let params = &notify["params"];
    let (job, user) = (params[0].as_str().unwrap_or_default(), user(index));
    let (coinbase1, coinbase2, time) = (hex(&params[2]), hex(&params[3]), number(&params[7]));
    let coinbase = [&coinbase1[..], &extranonce1, &[0; 8], &coinbase2[..]].concat();
    let merkle_root = merkle::fold(sha256d(&coinbase), &[]);
    let target = Difficulty::MIN.target();
    let header = |nonce| WorkHeader {
        version: number(&params[5]),
        previous: [1; 32],
        merkle_root,
        time,
        bits: CompactBits(number(&params[6])),
        nonce,
    };
    let nonces = (0..u32::MAX).filter(|nonce| target.is_met_by(&header(*nonce).hash())).take(count);
    nonces
        .map(|nonce| {
            format!("{{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"{user}\",\"{job}\",\"0000000000000000\",\"{time:08x}\",\"{nonce:08x}\"]}}\n")
        })
        .collect()
}

fn core() {
    let mut server = Server::new(config(POOLED), [3; 32], Book::default(), now_ms()).expect("a good config");
    server.step(now_ms(), Input::Template(Arc::new(template())));
    let mut lines = Vec::new();
    for index in 0..CONNECTIONS {
        let connection = ConnectionId(index as u64);
        let ip = "127.0.0.1".parse().expect("an address");
        server.step(now_ms(), Input::Opened { connection, port: 0, ip });
        let outputs = server.step(now_ms(), Input::Received { connection, bytes: hello(index).as_bytes() });
        let sent = outputs.iter().filter_map(|output| match output {
            Output::Send { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        });
        let text: String = sent.collect();
        let answers: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        lines.push(shares(index, &answers, SHARES_EACH));
    }
    let (begin, mut bytes) = (Instant::now(), 0);
    for round in 0..SHARES_EACH {
        for (index, own) in lines.iter().enumerate() {
            let connection = ConnectionId(index as u64);
            for output in server.step(now_ms(), Input::Received { connection, bytes: own[round].as_bytes() }) {
                if let Output::Save { sequence, entry } = output {
                    bytes += ledger::encode(sequence, &entry).len();
                }
            }
        }
    }
    let (took, accepted) = (begin.elapsed(), server.book().all().shares);
    assert_eq!(accepted as usize, CONNECTIONS * SHARES_EACH);
    let rate = accepted as f64 / took.as_secs_f64();
    println!(
        "core: {accepted} shares of {CONNECTIONS} connections in {took:?}: {rate:.0} shares/s, {bytes} ledger bytes"
    );
}

struct NoChain;

impl ProofSink for NoChain {
    fn call(&self, proof: &Proof) -> Option<SystemCall> {
        Some(made_up::call(proof))
    }

    fn submit(&self, _: &Proof, _: SystemCall) -> Later<Verdict> {
        Box::pin(async { Verdict::Refused })
    }
}

/// A service in threads of its own.
fn serve(
    runtime: &tokio::runtime::Runtime,
    folder: &std::path::Path,
    payment: Payment,
) -> (Service, SocketAddr, watch::Sender<Option<Arc<Template>>>) {
    let (templates, work) = watch::channel(Some(Arc::new(template())));
    let shares = Box::new(FolderShares::open(folder).expect("a folder"));
    let ports =
        Ports { work, proofs: Arc::new(NoChain), shares, receipts: None, events: Box::new(|_| {}), admission: None };
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let sockets = vec![Socket { listener, port: 0, tls: None }];
        let service = Service::start(config(payment), [3; 32], sockets, ports, now_ms).expect("a service");
        (service, address, templates)
    })
}

fn connect(address: SocketAddr, index: usize) -> (TcpStream, Vec<Value>) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(hello(index).as_bytes()).expect("sent");
    let mut reader = BufReader::with_capacity(2_048, &stream);
    let (mut lines, mut line) = (Vec::new(), String::new());
    while !line.contains("\"method\":\"mining.notify\"") {
        line.clear();
        reader.read_line(&mut line).expect("a line");
        lines.push(serde_json::from_str(&line).expect("JSON"));
    }
    (stream, lines)
}

fn tcp() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let (service, address, _templates) = serve(&runtime, folder.path(), POOLED);
    let mut clients: Vec<(TcpStream, Vec<String>)> = (0..CONNECTIONS)
        .map(|index| {
            let (stream, lines) = connect(address, index);
            (stream, shares(index, &lines, SHARES_EACH))
        })
        .collect();
    let begin = Instant::now();
    let piece = 10;
    for round in 0..SHARES_EACH / piece {
        for (stream, own) in &mut clients {
            stream.write_all(own[round * piece..(round + 1) * piece].concat().as_bytes()).expect("sent");
        }
    }
    let mut answers = [0; 65_536];
    for (stream, _) in &mut clients {
        let mut left = SHARES_EACH;
        while left > 0 {
            let read = stream.read(&mut answers).expect("answers");
            assert!(read > 0, "closed");
            let text = std::str::from_utf8(&answers[..read]).expect("text");
            left -= text.matches('\n').count();
            assert!(!text.contains("[2"), "{text}");
        }
    }
    let took = begin.elapsed();
    let accepted = runtime.block_on(service.handle().ask(|server| server.book().all().shares)).expect("an answer");
    let rate = accepted as f64 / took.as_secs_f64();
    println!("tcp: {accepted} shares of {CONNECTIONS} connections in {took:?}: {rate:.0} shares/s, synced to disk");
    drop(clients);
    runtime.block_on(service.stop()).expect("a clean stop");
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4_096
}

fn idle(count: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let (service, address, templates) = serve(&runtime, folder.path(), Payment::Solo);
    let before = resident_bytes();
    let mut clients: Vec<TcpStream> = (0..count).map(|index| connect(address, index).0).collect();
    let logged_in = resident_bytes();
    // Every connection collects as many jobs as it may: younger anchors, each half a minute later.
    for renewal in 0..10_u8 {
        templates.send_replace(Some(Arc::new(Template { anchor: Hash32([renewal; 32]), ..template() })));
        AHEAD_MS.fetch_add(31_000, Ordering::Relaxed);
        hear_all(&mut clients);
    }
    let renewed = resident_bytes();
    let begin = Instant::now();
    templates.send_replace(Some(Arc::new(Template { work_height: 2, previous: [2; 32], ..template() })));
    hear_all(&mut clients);
    let (took, after) = (begin.elapsed(), resident_bytes());
    let connections = runtime.block_on(service.handle().ask(Server::connections)).expect("an answer");
    println!(
        "idle: {connections} solo connections; resident bytes: {before} before, {logged_in} logged in, {renewed} with eight jobs each, {after} after a new work, which all had after {took:?}"
    );
    drop(clients);
    runtime.block_on(service.stop()).expect("a clean stop");
}

/// Waits until everybody had a job, and reads whatever came.
fn hear_all(clients: &mut [TcpStream]) {
    let mut bytes = [0; 16_384];
    for client in clients {
        let mut heard = Vec::new();
        while !heard.ends_with(b"]}\n") {
            let read = client.read(&mut bytes).expect("a job");
            assert!(read > 0, "closed");
            heard.extend_from_slice(&bytes[..read]);
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["core"] => core(),
        ["tcp"] => tcp(),
        ["idle", count] => idle(count.parse().expect("a number of connections")),
        _ => println!("load core | load tcp | load idle N"),
    }
}
