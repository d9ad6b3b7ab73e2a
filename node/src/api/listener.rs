//! The API's socket: so many connections and no more, and none that stays silent.
//!
//! It must not know HTTP. A connection on which nothing was read or written for a while is closed; answers that take long are
//! shorter than that, and streams show that they are alive.

use std::future::{Future, Pending, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Timeout, timeout_at};

/// Most connections at once.
const CONNECTIONS_MAX: usize = 1_024;
/// Longest silence of a connection.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// Accepts connections while there is room.
pub(crate) struct Door {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

impl Door {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }
}

impl axum::serve::Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let room = self.room.clone().acquire_owned().await.expect("the semaphore is never closed");
        // `axum` waits out errors of the system, such as too many open files.
        let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
        // Answers are small and awaited; without this option they may wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        (Connection { stream, heard: Instant::now(), alarm: alarm(Instant::now()), _room: room }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection with its place among all and its alarm.
pub(crate) struct Connection {
    stream: TcpStream,
    /// When something was last read or written.
    heard: Instant,
    /// Rings when that may be too long ago.
    alarm: Pin<Box<Timeout<Pending<()>>>>,
    _room: OwnedSemaphorePermit,
}

fn alarm(heard: Instant) -> Pin<Box<Timeout<Pending<()>>>> {
    Box::pin(timeout_at(heard + SILENCE_MAX, pending()))
}

impl Connection {
    /// Nothing can be read or written now: an error when that has been so for too long.
    fn silence(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        while self.alarm.as_mut().poll(context).is_ready() {
            if self.heard.elapsed() >= SILENCE_MAX {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.alarm = alarm(self.heard);
        }
        Poll::Pending
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if result.is_ready() {
            self.heard = Instant::now();
            return result;
        }
        self.silence(context).map(Err)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        if result.is_ready() {
            self.heard = Instant::now();
            return result;
        }
        self.silence(context).map(Err)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
