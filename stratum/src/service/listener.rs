//! Sockets that accept miners, with and without TLS.
//!
//! Invariants: never more tasks than connections are allowed, so that a flood of sockets costs no memory; a TLS
//! handshake that is not done within ten seconds is given up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

use crate::server::ConnectionId;

use super::Socket;
use super::connection::serve;
use super::core::Message;

const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// After an error of `accept`, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The numbers of connections and the places for them, shared by all sockets.
#[derive(Clone)]
pub(super) struct Numbers {
    next: Arc<AtomicU64>,
    places: Arc<Semaphore>,
}

impl Numbers {
    pub(super) fn new(connections_max: usize) -> Self {
        let places = connections_max.min(Semaphore::MAX_PERMITS);
        Self { next: Arc::new(AtomicU64::new(0)), places: Arc::new(Semaphore::new(places)) }
    }
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
        // Without a place the socket is closed by being dropped.
        let Ok(place) = Arc::clone(&numbers.places).try_acquire_owned() else { continue };
        let connection = ConnectionId(numbers.next.fetch_add(1, Ordering::Relaxed));
        let (port, acceptor, messages) = (socket.port, acceptor.clone(), messages.clone());
        tokio::spawn(greet(stream, (connection, port, from), acceptor, messages, place));
    }
}

async fn greet(
    stream: TcpStream,
    (connection, port, from): (ConnectionId, usize, SocketAddr),
    acceptor: Option<TlsAcceptor>,
    messages: mpsc::Sender<Message>,
    _place: OwnedSemaphorePermit,
) {
    // Without it an answer may wait for the next one; if it fails, it only waits.
    let _ = stream.set_nodelay(true);
    let who = (connection, port, from.ip().to_canonical());
    match acceptor {
        None => serve(stream, who, messages).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
                Box::pin(serve(stream, who, messages)).await;
            }
        }
    }
}
