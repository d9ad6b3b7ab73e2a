//! The API's socket: so many connections and no more, and none that stays silent. A newcomer that finds no room is let in, and
//! somebody of the largest crowd is shown out (`guests.rs`).
//!
//! It must not know HTTP. A connection on which nothing was read or written for a while is closed; answers that take long are
//! shorter than that, and streams show that they are alive. What was read and not answered yet is bounded in bytes: who sends
//! more than there is room for loses its connection, and short requests always find room.

use std::future::{Future, Pending, pending};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Timeout, timeout, timeout_at};

use super::guests::{Guest, Guests, prefix};
use super::long::{Held, LongBytes};

/// Most connections at once. An idle one takes up to 90 KiB in HTTP's machinery.
const CONNECTIONS_MAX: usize = 512;
/// Bytes of a request that every connection may send: 8 MiB over all of them.
const SHORT_BYTES: usize = 16 * 1024;
/// Longest silence of a connection.
const SILENCE_MAX: Duration = Duration::from_secs(90);
/// After so long one more is shown out, as the last one has not gone.
const GOING_MAX: Duration = Duration::from_millis(50);

/// Accepts connections, and makes room for them.
pub(crate) struct Door {
    listener: TcpListener,
    room: Arc<Semaphore>,
    guests: Arc<Guests>,
    /// Room for what is longer.
    long: Arc<LongBytes>,
}

impl Door {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self::with_places(listener, CONNECTIONS_MAX)
    }

    /// A door for so many connections.
    pub(crate) fn with_places(listener: TcpListener, places: usize) -> Self {
        let room = Arc::new(Semaphore::new(places));
        Self { listener, room, guests: Arc::new(Guests::new()), long: Arc::default() }
    }

    /// A place for one more.
    async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            let room = self.room.clone();
            if let Ok(room) = room.clone().try_acquire_owned() {
                return room;
            }
            self.guests.make_room();
            if let Ok(Ok(room)) = timeout(GOING_MAX, room.acquire_owned()).await {
                return room;
            }
        }
    }
}

impl axum::serve::Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // `axum` waits out errors of the system, such as too many open files.
        let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
        // Answers are small and awaited; without this option they may wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let room = self.place().await;
        let (number, guest) = self.guests.enter(address.ip());
        let presence = Presence { guests: self.guests.clone(), number, guest, _room: room };
        let (heard, long, client) = (Instant::now(), self.long.clone(), prefix(address.ip()));
        (Connection { stream, client, heard, alarm: alarm(heard), unanswered: 0, long, held: None, presence }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Who asks, as far as can be told: an IPv4 address, or the /64 of an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller(pub(crate) IpAddr);

impl Connected<IncomingStream<'_, Door>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(prefix(stream.remote_addr().ip()))
    }
}

/// A connection with its place among all and its alarm.
pub(crate) struct Connection {
    stream: TcpStream,
    client: IpAddr,
    /// When something was last read or written.
    heard: Instant,
    /// Rings when that may be too long ago.
    alarm: Pin<Box<Timeout<Pending<()>>>>,
    /// Bytes that were read since something was written.
    unanswered: usize,
    long: Arc<LongBytes>,
    /// The room that they take beyond the first.
    held: Option<Held>,
    presence: Presence,
}

/// A place among all connections, until it is dropped.
struct Presence {
    guests: Arc<Guests>,
    number: u64,
    guest: Arc<Guest>,
    _room: OwnedSemaphorePermit,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.guests.leave(self.number);
    }
}

fn alarm(heard: Instant) -> Pin<Box<Timeout<Pending<()>>>> {
    Box::pin(timeout_at(heard + SILENCE_MAX, pending()))
}

impl Connection {
    /// Counts what was read: an error when there is no room for it.
    fn count(&mut self, bytes: usize) -> io::Result<()> {
        let before = self.unanswered.max(SHORT_BYTES);
        self.unanswered = self.unanswered.saturating_add(bytes);
        let more = self.unanswered.saturating_sub(before);
        if more == 0 {
            return Ok(());
        }
        let now_ms = self.presence.guests.now_ms();
        let Some(room) = self.long.take(self.client, more, now_ms) else {
            return Err(io::Error::other("the requests under way are too long together"));
        };
        match &mut self.held {
            Some(held) => held.merge(room),
            None => self.held = Some(room),
        }
        Ok(())
    }

    /// Something was written: an answer has begun.
    fn answered(&mut self) {
        (self.unanswered, self.held) = (0, None);
        self.presence.guests.answered(&self.presence.guest);
    }

    /// Nothing can be read or written now: an error when that has been so for too long.
    fn silence(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if self.presence.guest.must_go(context) {
            return Poll::Ready(io::ErrorKind::ConnectionAborted.into());
        }
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
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if result.is_ready() {
            self.heard = Instant::now();
            self.presence.guest.asks();
            self.count(buffer.filled().len().saturating_sub(before))?;
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
            self.answered();
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

#[cfg(test)]
mod tests {
    use axum::serve::Listener;
    use tokio::io::AsyncWriteExt;

    use super::super::long::LONG_BYTES_MAX;
    use super::*;

    const MIB: usize = 1024 * 1024;

    async fn door() -> Door {
        Door::new(TcpListener::bind("127.0.0.1:0").await.expect("a port"))
    }

    async fn connect(door: &mut Door) -> (TcpStream, Connection) {
        let address = door.local_addr().expect("it is bound");
        let (client, (connection, _)) = tokio::join!(TcpStream::connect(address), Listener::accept(door));
        (client.expect("it listens"), connection)
    }

    // FAULTS HB7
    #[tokio::test]
    async fn long_requests_share_a_room_until_they_are_answered_and_short_ones_need_none() {
        let mut door = door().await;
        let (_client, mut one) = connect(&mut door).await;
        let (_another, mut other) = connect(&mut door).await;
        let whole = (0..).take_while(|_| one.count(MIB).is_ok()).count();
        assert_eq!(whole, LONG_BYTES_MAX / 2 / MIB, "the first bytes are free, and the last MiB would be too much");
        assert!(other.count(SHORT_BYTES).is_ok());
        assert!(other.count(MIB).is_err());
        one.write_all(b"HTTP/1.1 200 OK").await.expect("somebody reads");
        assert_eq!(door.long.held(), 0);
        let (_third, mut third) = connect(&mut door).await;
        assert!(third.count(2 * MIB).is_ok());
        drop(third);
        assert_eq!(door.long.held(), 0, "who is gone holds nothing");
    }

    // FAULTS HB7
    #[tokio::test]
    async fn what_is_read_counts() {
        use tokio::io::AsyncReadExt;
        let mut door = door().await;
        let (mut client, mut connection) = connect(&mut door).await;
        let sent = vec![b'x'; 2 * SHORT_BYTES];
        let mut read = vec![0; sent.len()];
        let (written, heard) = tokio::join!(client.write_all(&sent), connection.read_exact(&mut read));
        assert!(written.is_ok() && heard.is_ok());
        assert_eq!(door.long.held(), SHORT_BYTES);
    }

    // FAULTS RD2
    #[tokio::test]
    async fn there_are_so_many_connections_and_for_one_more_the_longest_idle_one_goes() {
        use tokio::io::AsyncReadExt;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut door = Door::with_places(listener, 3);
        let (_idle, mut idle) = connect(&mut door).await;
        let (_asks, mut asks) = connect(&mut door).await;
        let (_third, third) = connect(&mut door).await;
        asks.write_all(b"HTTP/1.1 200 OK").await.expect("somebody reads");
        assert_eq!(door.room.available_permits(), 0);
        let idles = tokio::spawn(async move {
            let error = idle.read_u8().await.expect_err("it is shown out");
            assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        });
        let (_fourth, fourth) = connect(&mut door).await;
        idles.await.expect("it has gone");
        drop((third, fourth, asks));
        assert_eq!(door.room.available_permits(), 3);
    }
}
