//! Strangers who attack a port for miners, at a bounded rate: FAULTS W7 as it looks from outside.
//!
//! Silent connections are held for the whole time; beside them one attempt follows the other, of every kind in turn,
//! from many addresses of the loopback range, so that a ban of one does not end the attack. It must not judge what the node does.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use testnet::devnet::{Failure, Outcome};

/// Threads that attack.
const THREADS: usize = 4;
/// From one attempt of a thread to the next.
const PAUSE: Duration = Duration::from_millis(10);
/// How long an attempt listens for what the node says to it.
const PATIENCE: Duration = Duration::from_millis(250);
/// Addresses that attacks come from.
const SOURCES: u64 = 4_000;
/// How much an attempt without a newline sends, if it is let.
const ENDLESS_BYTES: usize = 1 << 20;

/// What a stranger sends on a connection of its own, by the number of the attempt.
type Attempt = fn(u64) -> Vec<u8>;

/// The kinds of attempts.
const ATTEMPTS: [Attempt; 8] = [
    |_| vec![b'a'; ENDLESS_BYTES],
    |_| ["[".repeat(8_000), "\n".to_owned()].concat().into_bytes(),
    |_| br#"{"id":{"a":[1,2,{}]},"method":"mining.subscribe","params":[]}"#.iter().copied().chain(*b"\n").collect(),
    |number| submits(number, 8),
    |number| names(number, 40),
    // What a client that speaks TLS says first.
    |_| b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
    |number| [subscribed(number), submits(number, 16)].concat(),
    |_| Vec::new(),
];

fn subscribed(number: u64) -> Vec<u8> {
    let mut lines = b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"x/1\"]}\n".to_vec();
    lines.extend_from_slice(&names(number, 1));
    lines
}

/// Logins with made-up names and passwords.
fn names(number: u64, count: u64) -> Vec<u8> {
    let line = |turn: u64| {
        let guess = number * 1_000 + turn;
        format!("{{\"id\":{turn},\"method\":\"mining.authorize\",\"params\":[\"THR{guess:040x}.w\",\"{guess}\"]}}\n")
    };
    (0..count).map(line).collect::<String>().into_bytes()
}

/// Shares of jobs that were never given out.
fn submits(number: u64, count: u64) -> Vec<u8> {
    let line = |turn: u64| {
        format!(
            "{{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"THR{number:040x}.w\",\"{turn:x}\",\"{turn:016x}\",\"{turn:08x}\",\"{turn:08x}\"]}}\n"
        )
    };
    (0..count).map(line).collect::<String>().into_bytes()
}

/// An attack that goes on until the value is dropped.
#[derive(Debug)]
pub struct Hostile {
    /// Attempts that came through to the port.
    pub attempts: Arc<AtomicU64>,
    /// Silent connections that were let in and not closed at once.
    pub silent: usize,
    held: Vec<TcpStream>,
    /// Dropped to stop, one for each thread.
    stops: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Hostile {
    /// Opens so many connections that say nothing more once they have subscribed, then begins with the attempts.
    ///
    /// # Errors
    /// When the system gives no more sockets.
    pub fn start(port: SocketAddr, silent: usize) -> Outcome<Self> {
        let held = (0..silent as u64).map(|number| subscribe(port, number)).collect::<std::io::Result<Vec<_>>>();
        let held = held.map_err(|error| Failure::new(format!("cannot open {silent} connections: {error}")))?;
        let (attempts, mut stops) = (Arc::<AtomicU64>::default(), Vec::new());
        let attack = |thread: usize| {
            let (attempts, (stop, stopped)) = (Arc::clone(&attempts), channel());
            stops.push(stop);
            let attack = move || {
                for number in (0_u64..).map(|turn| turn * THREADS as u64 + thread as u64) {
                    let begun = Instant::now();
                    if attempt(port, number).is_ok() {
                        attempts.fetch_add(1, Ordering::Relaxed);
                    }
                    let pause = PAUSE.saturating_sub(begun.elapsed());
                    if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            };
            std::thread::Builder::new().name(format!("hostile-{thread}")).spawn(attack)
        };
        let threads = (0..THREADS).map(attack).collect::<std::io::Result<Vec<_>>>();
        let threads = threads.map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
        let silent = held.len();
        Ok(Self { attempts, silent, held, stops, threads })
    }

    /// How many of the silent connections are still open.
    #[must_use]
    pub fn still_silent(&self) -> usize {
        let is_open = |stream: &&TcpStream| {
            let (mut stream, mut answers) = (*stream, [0; 4_096]);
            let is_set = stream.set_nonblocking(true).is_ok();
            is_set
                && std::iter::repeat_with(|| stream.read(&mut answers))
                    .find(|read| !matches!(read, Ok(1..)))
                    .is_some_and(|read| read.is_err())
        };
        self.held.iter().filter(is_open).count()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stops.clear();
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// A connection that subscribes, because one that says nothing at all is closed soon.
fn subscribe(port: SocketAddr, number: u64) -> std::io::Result<TcpStream> {
    let mut stream = connect(port, number)?;
    stream.write_all(b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n")?;
    Ok(stream)
}

/// A connection from the address that this number has.
fn connect(port: SocketAddr, number: u64) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let place = u16::try_from(number % SOURCES).unwrap_or_default() + 0x0100;
    let [high, low] = place.to_be_bytes();
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 9, high, low), 0)).into())?;
    socket.connect(&port.into())?;
    Ok(socket.into())
}

/// One attempt, and whatever the node says to it.
fn attempt(port: SocketAddr, number: u64) -> std::io::Result<()> {
    let mut stream = connect(port, number)?;
    let kind = usize::try_from(number).unwrap_or_default() % ATTEMPTS.len();
    let bytes = ATTEMPTS.get(kind).map(|attempt| attempt(number)).unwrap_or_default();
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // The node closes in the middle of some; that is its answer.
    let written = stream.write_all(&bytes).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
    let mut answer = [0; 4_096];
    while written.is_ok() && stream.read(&mut answer).is_ok_and(|read| read > 0) {}
    Ok(())
}
