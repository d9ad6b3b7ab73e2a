//! One connection as a task: bytes in, bytes out.
//!
//! It must not know what the bytes say. Invariants: while nothing comes and nothing goes it holds no buffer; a write
//! that makes no progress for half a minute ends it; the core hears of its end exactly once.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::mpsc;

use crate::server::ConnectionId;

use super::core::{Message, Outbox, Outgoing};

/// Most bytes of one read. On the stack, so that silent connections need none of it.
const READ_BYTES_MAX: usize = 4_096;
/// How long one write may take.
const WRITE_TIME: Duration = Duration::from_secs(30);

/// Serves a stream until it ends or the core closes it.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    (connection, port, ip): (ConnectionId, usize, IpAddr),
    messages: mpsc::Sender<Message>,
) {
    let (sender, mut outgoing) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let outbox = Outbox { sender, waiting: Arc::clone(&waiting) };
    if messages.send(Message::Opened { connection, port, ip, outbox }).await.is_err() {
        return;
    }
    // Every end is the same to the core: the connection is gone.
    let _ = exchange(&mut stream, connection, &messages, &mut outgoing, &waiting).await;
    let _ = tokio::time::timeout(WRITE_TIME, stream.shutdown()).await;
    let _ = messages.send(Message::Closed(connection)).await;
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    connection: ConnectionId,
    messages: &mpsc::Sender<Message>,
    outgoing: &mut mpsc::UnboundedReceiver<Outgoing>,
    waiting: &AtomicUsize,
) -> io::Result<()> {
    loop {
        tokio::select! {
            said = outgoing.recv() => {
                let (bytes, is_last) = gather(said, outgoing);
                let written = tokio::time::timeout(WRITE_TIME, write(stream, &bytes)).await;
                written.map_err(|_| io::ErrorKind::TimedOut)??;
                waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
                if is_last {
                    return Ok(());
                }
            }
            read = std::future::poll_fn(|context| poll_read(stream, context)) => {
                let bytes = read?;
                let received = Message::Received { connection, bytes };
                if messages.send(received).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// All that waits, as one write, and whether the connection ends after it.
fn gather(first: Option<Outgoing>, outgoing: &mut mpsc::UnboundedReceiver<Outgoing>) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    let mut next = first;
    loop {
        match next {
            Some(Outgoing::Bytes(bytes)) if all.is_empty() => all = bytes,
            Some(Outgoing::Bytes(bytes)) => all.extend_from_slice(&bytes),
            Some(Outgoing::Close) | None => return (all, true),
        }
        match outgoing.try_recv() {
            Ok(more) => next = Some(more),
            Err(mpsc::error::TryRecvError::Empty) => return (all, false),
            Err(mpsc::error::TryRecvError::Disconnected) => return (all, true),
        }
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

fn poll_read<S: AsyncRead + Unpin>(stream: &mut S, context: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
    let mut bytes = [0; READ_BYTES_MAX];
    let mut buffer = ReadBuf::new(&mut bytes);
    ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
    if buffer.filled().is_empty() {
        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
    }
    Poll::Ready(Ok(buffer.filled().to_vec()))
}
