//! A relay between the nodes of a local network: every datagram between them goes through it and is on its way for as long
//! as is asked for, is jittered, or is lost. In user space, over loopback, without any right of the administrator.
//!
//! Each node knows each other one by the address of a front, a port of the relay that is theirs alone, and is configured so that
//! it tells and dials no other address ([`super::Plan`]); it listens over QUIC alone, since a lost datagram is a lost datagram
//! only there. Who sends to a front gets a line of its own, whose far end the node takes for that sender; so answers come
//! back the same way. It must not know what is in a datagram.

mod books;
mod weather;

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering as Memory};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Failure, Outcome, Ports};
pub use books::Carried;
use books::{Books, End};
use weather::Way;
pub use weather::Weather;

/// Most bytes under way; what is above is lost.
const BYTES_UNDER_WAY_MAX: usize = 256 << 20;
/// Most lines through one front: a node comes back from another port each time it is started.
const LINES_MAX: usize = 64;
/// A front and a line take a thread each, and there are as many as there are pairs.
const NODES_MAX: usize = 17;
/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 64 * 1024;
/// How soon a thread notices that it is over.
const NOTICE: Duration = Duration::from_millis(250);

/// What the relay did.
#[derive(Clone, Debug, Serialize)]
pub struct RelayReport {
    /// Delay in each direction, in milliseconds.
    pub delay_ms: u128,
    /// Most that was added to it.
    pub jitter_ms: u128,
    /// Of a million datagrams so many were to be lost.
    pub lost_ppm: u64,
    /// All that went through it.
    #[serde(flatten)]
    pub carried: Carried,
}

/// A relay that runs until it is dropped.
#[derive(Debug)]
pub struct Relay {
    post: Arc<Post>,
    fronts: Fronts,
    threads: Vec<JoinHandle<()>>,
}

/// The ports of the fronts: by who sends there, which is nobody known for an address that is told to the world, and whom it reaches.
#[derive(Clone, Debug, Default)]
pub struct Fronts {
    ports: BTreeMap<(End, usize), u16>,
}

impl Fronts {
    /// Where one node reaches another.
    #[must_use]
    pub fn port(&self, from: Option<usize>, to: usize) -> Option<u16> {
        self.ports.get(&(from, to)).copied()
    }
}

/// What all threads share.
#[derive(Debug)]
struct Post {
    weather: Weather,
    begun: Instant,
    ports: Ports,
    over: AtomicBool,
    way: Mutex<UnderWay>,
    changed: Condvar,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct UnderWay {
    parcels: BinaryHeap<Reverse<Parcel>>,
    bytes: usize,
    number: u64,
}

/// A datagram under way.
#[derive(Debug)]
struct Parcel {
    due: Duration,
    number: u64,
    bytes: Vec<u8>,
    through: Arc<UdpSocket>,
    to: SocketAddr,
    ends: (End, End),
}

impl PartialEq for Parcel {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Parcel {}

impl PartialOrd for Parcel {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Parcel {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

impl Relay {
    /// Puts fronts before so many nodes, into a weather.
    ///
    /// # Errors
    /// Too many nodes; a system that gives no ports or threads.
    pub fn start(weather: Weather, ports: Ports, nodes: usize) -> Outcome<Self> {
        let post = Arc::new(Post {
            weather,
            begun: Instant::now(),
            ports,
            over: AtomicBool::new(false),
            way: Mutex::default(),
            changed: Condvar::new(),
            books: Mutex::default(),
        });
        if nodes > NODES_MAX {
            let most = NODES_MAX - 1;
            return Err(Failure::new(format!(
                "--delay stands between at most {most} validators: give --validators {most} or less"
            )));
        }
        let mut relay = Self { post, fronts: Fronts::default(), threads: Vec::new() };
        let failed = |error: io::Error| Failure::new(format!("the relay gets no port from the system: {error}"));
        for to in 0..nodes {
            let senders = (0..nodes).map(Some).chain([None]).filter(|from| *from != Some(to));
            for from in senders {
                let front = open(0).map_err(failed)?;
                relay.fronts.ports.insert((from, to), front.local_addr().map_err(failed)?.port());
                let post = Arc::clone(&relay.post);
                relay.threads.push(spawn("front", move || post.serve_front(from, to, &Arc::new(front)))?);
            }
        }
        let post = Arc::clone(&relay.post);
        relay.threads.push(spawn("courier", move || post.deliver())?);
        Ok(relay)
    }

    /// Where nodes reach each other.
    #[must_use]
    pub fn fronts(&self) -> Fronts {
        self.fronts.clone()
    }

    /// What it did so far.
    #[must_use]
    pub fn report(&self) -> RelayReport {
        let Weather { delay, jitter, lost_ppm, .. } = self.post.weather;
        let carried = lock(&self.post.books).total();
        RelayReport { delay_ms: delay.as_millis(), jitter_ms: jitter.as_millis(), lost_ppm, carried }
    }

    /// Checks that each of the first nodes has heard from each other one through the relay, and that nothing was crowded out.
    ///
    /// # Errors
    /// Who has not.
    pub fn check(&self, nodes: usize) -> Outcome<()> {
        let books = lock(&self.post.books);
        if let Some((from, to)) = books.silent_way(nodes) {
            return Err(Failure::new(format!("nothing went from node {from} to node {to} through the relay")));
        }
        match books.total().crowded_out {
            0 => Ok(()),
            many => Err(Failure::new(format!("the relay had no room for {many} datagrams"))),
        }
    }
}

impl RelayReport {
    /// A sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Carried { datagrams, bytes, lost, .. } = self.carried;
        let sent = (datagrams + lost).max(1);
        format!(
            "the relay carried {datagrams} datagrams ({} KB) between the nodes, each {} to {} ms on its way, and lost {lost} ({:.2} %)",
            bytes / 1_000,
            self.delay_ms,
            self.delay_ms + self.jitter_ms,
            lost as f64 * 100.0 / sent as f64,
        )
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.post.over.store(true, Memory::Relaxed);
        self.post.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Post {
    fn is_over(&self) -> bool {
        self.over.load(Memory::Relaxed)
    }

    /// Takes in what one node sends to another, and opens a line for each port from which it does.
    fn serve_front(self: &Arc<Self>, from: End, node: usize, front: &Arc<UdpSocket>) {
        let home = SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports.peers(node)));
        let mut lines: BTreeMap<SocketAddr, (Arc<UdpSocket>, Way)> = BTreeMap::new();
        let mut backs = Vec::new();
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        while !self.is_over() {
            let Ok((length, sender)) = front.recv_from(&mut buffer) else { continue };
            let Some(bytes) = buffer.get(..length) else { continue };
            if !lines.contains_key(&sender) && lines.len() < LINES_MAX {
                let Ok(far_end) = open(0).map(Arc::new) else { continue };
                let (post, front, back) = (Arc::clone(self), Arc::clone(front), Arc::clone(&far_end));
                let Ok(thread) = spawn("line", move || post.serve_line(from, node, sender, (&front, &back))) else {
                    continue;
                };
                backs.push(thread);
                lines.insert(sender, (far_end, self.way(from, Some(node))));
            }
            if let Some((far_end, way)) = lines.get_mut(&sender) {
                self.take(way, (from, Some(node)), bytes, (far_end, home));
            }
        }
        for back in backs {
            let _ = back.join();
        }
    }

    /// Takes in what a node answers to one who sent to it.
    fn serve_line(&self, peer: End, node: usize, sender: SocketAddr, (front, far_end): (&Arc<UdpSocket>, &UdpSocket)) {
        let mut way = self.way(Some(node), peer);
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        while !self.is_over() {
            let Ok((length, from)) = far_end.recv_from(&mut buffer) else { continue };
            if let Some(bytes) = buffer.get(..length).filter(|_| from.port() == self.ports.peers(node)) {
                self.take(&mut way, (Some(node), peer), bytes, (front, sender));
            }
        }
    }

    fn way(&self, from: End, to: End) -> Way {
        let place = |end: End| end.map_or(0, |node| node as u64 + 1);
        Way::new(self.weather, place(from) << 32 | place(to))
    }

    fn take(&self, way: &mut Way, ends: (End, End), bytes: &[u8], (through, to): (&Arc<UdpSocket>, SocketAddr)) {
        let Some(due) = way.carry(self.begun.elapsed()) else {
            lock(&self.books).way(ends.0, ends.1).lost += 1;
            return;
        };
        let mut under_way = lock(&self.way);
        if under_way.bytes + bytes.len() > BYTES_UNDER_WAY_MAX {
            drop(under_way);
            lock(&self.books).way(ends.0, ends.1).crowded_out += 1;
            return;
        }
        under_way.bytes += bytes.len();
        under_way.number += 1;
        let number = under_way.number;
        let parcel = Parcel { due, number, bytes: bytes.to_vec(), through: Arc::clone(through), to, ends };
        under_way.parcels.push(Reverse(parcel));
        self.changed.notify_one();
    }

    /// Hands over what has been on its way for long enough.
    fn deliver(&self) {
        while let Some(Parcel { bytes, through, to, ends, .. }) = self.next() {
            // A node that is down hears nothing, as behind a real line.
            if through.send_to(&bytes, to).is_ok() {
                let mut books = lock(&self.books);
                let way = books.way(ends.0, ends.1);
                way.datagrams += 1;
                way.bytes += bytes.len() as u64;
            }
        }
    }

    /// Waits for the next parcel that is due; nothing when it is over.
    fn next(&self) -> Option<Parcel> {
        let mut under_way = lock(&self.way);
        while !self.is_over() {
            let now = self.begun.elapsed();
            let wait = under_way.parcels.peek().map_or(NOTICE, |Reverse(first)| first.due.saturating_sub(now));
            if wait.is_zero() {
                let Reverse(parcel) = under_way.parcels.pop()?;
                under_way.bytes -= parcel.bytes.len();
                return Some(parcel);
            }
            under_way =
                self.changed.wait_timeout(under_way, wait.min(NOTICE)).unwrap_or_else(PoisonError::into_inner).0;
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
    socket.set_read_timeout(Some(NOTICE))?;
    Ok(socket)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Outcome<JoinHandle<()>> {
    let spawned = std::thread::Builder::new().name(format!("relay-{name}")).spawn(work);
    spawned.map_err(|error| Failure::new(format!("cannot start a thread of the relay: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(30);

    /// Two nodes that say what they hear, and the relay before them.
    fn start(lost_ppm: u64) -> (Relay, [UdpSocket; 2], Ports) {
        let bases = (21_000..30_000).step_by(100);
        let tried = bases.filter_map(|base| {
            let ports = Ports::new(base, 2).ok()?;
            let nodes = [open(ports.peers(0)).ok()?, open(ports.peers(1)).ok()?];
            let weather = Weather { delay: DELAY, lost_ppm, ..Weather::default() };
            Some((Relay::start(weather, ports, 2).ok()?, nodes, ports))
        });
        tried.into_iter().next().expect("some ports are free")
    }

    fn hear(node: &UdpSocket) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 100];
        node.set_read_timeout(Some(Duration::from_secs(20))).expect("a time above zero");
        let (length, from) = node.recv_from(&mut buffer).expect("it comes");
        buffer.truncate(length);
        (buffer, from)
    }

    // FAULTS HA1
    #[test]
    fn a_datagram_and_its_answer_go_through_the_relay_and_take_their_time_each() {
        let (relay, [first, second], ports) = start(0);
        let begun = Instant::now();
        let front = relay.fronts().port(Some(0), 1).expect("it has a front");
        first.send_to(b"question", (Ipv4Addr::LOCALHOST, front)).expect("it is sent");
        let (question, from) = hear(&second);
        assert_eq!(question, b"question");
        assert!(begun.elapsed() >= DELAY);
        assert_ne!(from.port(), ports.peers(0), "the second cannot answer but through the relay");
        assert!(relay.check(2).is_err(), "nothing went back yet");
        second.send_to(b"answer", from).expect("it is sent");
        let (answer, from) = hear(&first);
        assert_eq!((answer.as_slice(), Some(from.port())), (b"answer".as_slice(), relay.fronts().port(Some(0), 1)));
        assert!(begun.elapsed() >= DELAY * 2);
        let carried = || relay.report().carried;
        // The datagram is heard a moment before it is in the books.
        let end = Instant::now() + Duration::from_secs(20);
        while carried().datagrams < 2 && Instant::now() < end {
            std::thread::yield_now();
        }
        assert_eq!(carried(), Carried { datagrams: 2, bytes: 14, ..Carried::default() });
        assert_eq!(relay.check(2), Ok(()));
    }

    #[test]
    fn what_is_lost_is_counted_and_never_comes() {
        let (relay, [first, second], _) = start(1_000_000);
        let front = relay.fronts().port(Some(0), 1).expect("it has a front");
        first.send_to(b"lost", (Ipv4Addr::LOCALHOST, front)).expect("it is sent");
        let end = Instant::now() + Duration::from_secs(20);
        while relay.report().carried.lost == 0 && Instant::now() < end {
            std::thread::yield_now();
        }
        assert_eq!(relay.report().carried, Carried { lost: 1, ..Carried::default() });
        second.set_nonblocking(true).expect("a socket can be asked without waiting");
        assert!(second.recv_from(&mut [0; 100]).is_err());
    }
}
