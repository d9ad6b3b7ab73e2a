//! Sockets that accept miners, with and without TLS.
//!
//! Invariants: never more tasks than places and handshakes are allowed, so that a flood of sockets costs no memory; one source has no more
//! of them than it may have, from the first moment on; a handshake of TLS takes no place, and one that is not done within five seconds is
//! given up.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use crate::limits::{BESIDE_MAX, HANDSHAKES_MAX, HANDSHAKES_PER_SOURCE_MAX};
use crate::server::{CloseReason, ConnectionId};
use crate::source::source_of;

use super::Socket;
use super::connection::serve;
use super::core::Message;

const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// After an error of `accept`, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The numbers of connections and the places for them, shared by all sockets.
#[derive(Clone)]
pub(super) struct Numbers {
    next: Arc<AtomicU64>,
    places: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    connected: Arc<Sources>,
    greeted: Arc<Sources>,
}

impl Numbers {
    pub(super) fn new(config: &Config) -> Self {
        // The server lets another one go for who comes when all places are taken, or refuses.
        let places = config.connections_max.saturating_add(BESIDE_MAX).min(Semaphore::MAX_PERMITS);
        Self {
            next: Arc::new(AtomicU64::new(0)),
            places: Arc::new(Semaphore::new(places)),
            handshakes: Arc::new(Semaphore::new(HANDSHAKES_MAX)),
            connected: Sources::new(config.connections_per_ip_max),
            greeted: Sources::new(HANDSHAKES_PER_SOURCE_MAX),
        }
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, CloseReason> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| CloseReason::Full)
    }

    /// What a connection needs before anything is read of it.
    fn enter(&self, source: IpAddr, acceptor: Option<&TlsAcceptor>) -> Result<(Guest, Begin), CloseReason> {
        let guest = Sources::enter(&self.connected, source).ok_or(CloseReason::FullForIp)?;
        let Some(acceptor) = acceptor else { return Ok((guest, Begin::Plain(self.place()?))) };
        let greeted = Sources::enter(&self.greeted, source).ok_or(CloseReason::FullForIp)?;
        let handshake = Arc::clone(&self.handshakes).try_acquire_owned().map_err(|_| CloseReason::Full)?;
        Ok((guest, Begin::Tls(acceptor.clone(), greeted, handshake)))
    }
}

/// How many there are of each source.
struct Sources {
    most: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

impl Sources {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default() })
    }

    fn enter(sources: &Arc<Self>, source: IpAddr) -> Option<Guest> {
        let mut counts = sources.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&source).copied().unwrap_or(0);
        if count >= sources.most {
            return None;
        }
        counts.insert(source, count.saturating_add(1));
        Some(Guest { source, sources: Arc::clone(sources) })
    }
}

/// One of a source; it is counted until this is dropped.
struct Guest {
    source: IpAddr,
    sources: Arc<Sources>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.sources.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get(&self.source).copied().unwrap_or(0) {
            0 | 1 => counts.remove(&self.source),
            more => counts.insert(self.source, more.saturating_sub(1)),
        };
    }
}

/// What a connection begins with.
enum Begin {
    Plain(OwnedSemaphorePermit),
    Tls(TlsAcceptor, Guest, OwnedSemaphorePermit),
}

/// Accepts for ever.
pub(super) async fn accept(socket: Socket, numbers: Numbers, messages: mpsc::Sender<Message>) {
    let acceptor = socket.tls.map(TlsAcceptor::from);
    let mut pause = tokio::time::interval(ACCEPT_PAUSE);
    pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let Ok((stream, from)) = socket.listener.accept().await else {
            pause.tick().await;
            continue;
        };
        match numbers.enter(source_of(from.ip()), acceptor.as_ref()) {
            Ok((guest, begin)) => {
                let connection = ConnectionId(numbers.next.fetch_add(1, Ordering::Relaxed));
                let who = (connection, socket.port, from);
                let (numbers, messages) = (numbers.clone(), messages.clone());
                tokio::spawn(async move {
                    greet(stream, who, begin, numbers, messages).await;
                    drop(guest);
                });
            }
            // The socket is closed by being dropped. In a flood that the core cannot keep up with not all are counted.
            Err(reason) => drop(messages.try_send(Message::TurnedAway(reason))),
        }
    }
}

async fn greet(
    stream: TcpStream,
    (connection, port, from): (ConnectionId, usize, SocketAddr),
    begin: Begin,
    numbers: Numbers,
    messages: mpsc::Sender<Message>,
) {
    // Without it an answer may wait for the next one; if it fails, it only waits.
    let _ = stream.set_nodelay(true);
    let who = (connection, port, from.ip().to_canonical());
    match begin {
        Begin::Plain(place) => {
            serve(stream, who, messages).await;
            drop(place);
        }
        Begin::Tls(acceptor, greeted, handshake) => {
            let done = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await;
            drop((greeted, handshake));
            let Ok(Ok(stream)) = done else { return };
            match numbers.place() {
                Ok(_place) => Box::pin(serve(stream, who, messages)).await,
                Err(reason) => drop(messages.try_send(Message::TurnedAway(reason))),
            }
        }
    }
}
