//! The one in between: a TCP proxy that hands on lines as he likes, or bytes with one of them changed.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Miner,
    Node,
}

/// What becomes of a line.
pub type Edited = Pin<Box<dyn Future<Output = Value> + Send>>;

/// A line as it is.
pub fn as_it_is(line: Value) -> Edited {
    Box::pin(async move { line })
}

/// All that was said, as it came.
type Heard<T> = Arc<Mutex<Vec<(Side, T)>>>;

/// A running proxy.
pub struct Relay<T> {
    pub address: SocketAddr,
    heard: Heard<T>,
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

impl Relay<Value> {
    /// Hands on every line as `edit` makes it.
    pub async fn of_lines(node: SocketAddr, edit: impl Fn(Side, Value) -> Edited + Send + Sync + 'static) -> Self {
        let (listener, address) = listen().await;
        let (heard, edit) = (Heard::default(), Arc::new(edit));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((miner, _)) = listener.accept().await {
                let Ok(node) = TcpStream::connect(node).await else { return };
                let ((miner_in, miner_out), (node_in, node_out)) = (miner.into_split(), node.into_split());
                tokio::spawn(lines((Side::Miner, miner_in, node_out), Arc::clone(&kept), Arc::clone(&edit)));
                tokio::spawn(lines((Side::Node, node_in, miner_out), Arc::clone(&kept), Arc::clone(&edit)));
            }
        });
        Self { address, heard }
    }

    /// The parameters of every request with that method, as it came.
    pub fn params(&self, method: &str) -> Vec<Value> {
        let heard = self.heard.lock().expect("whole");
        heard.iter().filter(|(_, line)| line["method"] == method).map(|(_, line)| line["params"].clone()).collect()
    }
}

async fn lines<F: Fn(Side, Value) -> Edited>(
    (side, from, mut to): (Side, OwnedReadHalf, OwnedWriteHalf),
    heard: Heard<Value>,
    edit: Arc<F>,
) {
    let mut from = BufReader::new(from).lines();
    while let Ok(Some(line)) = from.next_line().await {
        let line: Value = serde_json::from_str(&line).expect("both speak JSON");
        heard.lock().expect("whole").push((side, line.clone()));
        let line = format!("{}\n", edit(side, line).await);
        if to.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A byte to change: the last one of the record of TLS with this number (from 1) among those with contents from that side.
pub type Flip = (Side, usize);

/// The type of a record with contents.
const CONTENTS: u8 = 0x17;

impl Relay<u8> {
    /// Hands on the records of TLS, one of them changed if so asked.
    pub async fn of_records(node: SocketAddr, flip: Option<Flip>) -> Self {
        let (listener, address) = listen().await;
        let heard = Heard::default();
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((miner, _)) = listener.accept().await {
                let Ok(node) = TcpStream::connect(node).await else { return };
                let ((miner_in, miner_out), (node_in, node_out)) = (miner.into_split(), node.into_split());
                tokio::spawn(records((Side::Miner, miner_in, node_out), Arc::clone(&kept), flip));
                tokio::spawn(records((Side::Node, node_in, miner_out), Arc::clone(&kept), flip));
            }
        });
        Self { address, heard }
    }

    /// All bytes of that side.
    pub fn bytes(&self, side: Side) -> Vec<u8> {
        self.heard.lock().expect("whole").iter().filter(|(from, _)| *from == side).map(|(_, byte)| *byte).collect()
    }
}

async fn records(
    (side, mut from, mut to): (Side, OwnedReadHalf, OwnedWriteHalf),
    heard: Heard<u8>,
    flip: Option<Flip>,
) {
    let mut count = 0;
    let mut head = [0; 5];
    while from.read_exact(&mut head).await.is_ok() {
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        if from.read_exact(&mut record).await.is_err() {
            return;
        }
        heard.lock().expect("whole").extend(head.iter().chain(&record).map(|byte| (side, *byte)));
        count += usize::from(head[0] == CONTENTS);
        if head[0] == CONTENTS && flip == Some((side, count)) {
            *record.last_mut().expect("no record with contents is empty") ^= 1;
        }
        if to.write_all(&[&head[..], &record].concat()).await.is_err() {
            return;
        }
    }
}

/// A connection of his own to the node.
pub struct Thief {
    stream: BufReader<TcpStream>,
    request: u64,
    /// The job that the node gave him last.
    pub job: Value,
}

impl Thief {
    /// Logs in as that user, and waits for a job.
    pub async fn log_in(node: SocketAddr, user: &str) -> Self {
        let stream = BufReader::new(TcpStream::connect(node).await.expect("a connection"));
        let mut thief = Self { stream, request: 0, job: Value::Null };
        let rolling = json!([["version-rolling"], {"version-rolling.mask": "1fffe000"}]);
        thief.ask("mining.configure", rolling).await;
        thief.ask("mining.subscribe", json!([])).await;
        assert_eq!(thief.ask("mining.authorize", json!([user, "x"])).await["result"], true);
        while thief.job.is_null() {
            thief.hear().await;
        }
        thief
    }

    async fn hear(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.stream.read_line(&mut line).await.expect("a line") > 0, "the node closed");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        if line["method"] == "mining.notify" {
            self.job = line["params"][0].clone();
        }
        line
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.request += 1;
        let line = format!("{}\n", json!({"id": self.request, "method": method, "params": params}));
        self.stream.write_all(line.as_bytes()).await.expect("sent");
        loop {
            let line = self.hear().await;
            if line["id"] == self.request {
                return line;
            }
        }
    }
}
