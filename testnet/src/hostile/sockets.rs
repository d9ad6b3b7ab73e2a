//! Attackers on plain sockets: one thread that is told to stop.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::attack::{Assault, Begun, Deeds};
use crate::devnet::{Failure, Outcome, Stop};

/// Longest wait for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// A thread that does harm until it is told to stop.
struct Thread {
    stop: Stop,
    handle: JoinHandle<Deeds>,
}

/// Starts a thread that is given the wish to stop, and for how long at most.
///
/// # Errors
/// When it cannot be started.
pub fn begin(harm: impl FnOnce(&Stop) -> Deeds + Send + 'static) -> Outcome<Begun> {
    let stop = Stop::default();
    let told = stop.clone();
    let thread = std::thread::Builder::new().name("attacker".to_owned());
    let handle = thread.spawn(move || harm(&told));
    let handle = handle.map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
    Ok(Begun::Assault(Box::new(Thread { stop, handle })))
}

impl Assault for Thread {
    fn end(self: Box<Self>) -> Outcome<Deeds> {
        self.stop.wish();
        self.handle.join().map_err(|_| Failure::new("an attacker panicked"))
    }
}

/// Connects to a port of this machine from one of its loopback addresses.
///
/// # Errors
/// What the system says.
pub fn connect(from: Ipv4Addr, port: u16) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into(), CONNECT_PATIENCE)?;
    Ok(socket.into())
}

/// Counts a deed.
pub fn count(deeds: &mut Deeds, deed: &str) {
    *deeds.entry(deed.to_owned()).or_default() += 1;
}

/// Whether the other end has not hung up. What it says is thrown away.
#[must_use]
pub fn is_open(stream: &TcpStream) -> bool {
    use std::io::Read;
    let mut said = [0_u8; 256];
    let _ = stream.set_nonblocking(true);
    let mut reader = stream;
    match reader.read(&mut said) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    }
}
