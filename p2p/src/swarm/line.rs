//! Writes what waits for one peer on one channel: a task per line, for as long as the peer is connected.
//!
//! A stream that breaks or is replaced is followed by another; what had not been written whole is written again, so
//! a message may arrive twice, but never out of order on one stream.

use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::swarm::Stream;
use tokio::sync::mpsc;
use types::PeerKey;

use super::handle::Command;
use super::links::{Line, lock};
use crate::backoff::Backoff;

/// About how many bytes leave in one write.
const WRITE_BYTES: usize = 64 * 1024;
const REOPEN_FIRST_MS: u64 = 100;
const REOPEN_CAP_MS: u64 = 4_000;
const CLOSING_MAX: Duration = Duration::from_secs(2);

/// Writes until the task that owns the swarm drops `streams`.
pub(super) async fn run(
    peer: PeerKey,
    line: Arc<Line>,
    streams: mpsc::Receiver<Stream>,
    commands: mpsc::Sender<Command>,
) {
    let mut streams = Streams { receiver: streams, taken: 0 };
    let mut backoff = Backoff::new(REOPEN_FIRST_MS, REOPEN_CAP_MS);
    let mut unwritten = Vec::new();
    let mut stream = None;
    loop {
        let current = match stream.take() {
            Some(current) => current,
            None => match obtain(peer, &line, &unwritten, &mut streams, &commands, &mut backoff).await {
                Some(current) => current,
                None => return,
            },
        };
        match serve(current, &line, &mut unwritten, &mut streams, &mut backoff).await {
            Next::Stream(fresh) => stream = Some(fresh),
            Next::Broken => {}
            Next::Over => return,
        }
    }
}

/// The streams that come from the task that owns the swarm, counted.
struct Streams {
    receiver: mpsc::Receiver<Stream>,
    taken: u64,
}

impl Streams {
    /// The next one; None when the peer is gone.
    async fn recv(&mut self) -> Option<Stream> {
        let given = self.receiver.recv().await?;
        self.taken = self.taken.saturating_add(1);
        Some(given)
    }
}

enum Next {
    /// A newer stream is to be used.
    Stream(Stream),
    /// The stream is of no use any more.
    Broken,
    /// The peer is gone.
    Over,
}

/// Waits for something to say, then asks for a stream until there is one.
async fn obtain(
    peer: PeerKey,
    line: &Line,
    unwritten: &[u8],
    streams: &mut Streams,
    commands: &mpsc::Sender<Command>,
    backoff: &mut Backoff,
) -> Option<Stream> {
    while unwritten.is_empty() && lock(&line.outbox).is_empty() {
        tokio::select! {
            given = streams.recv() => return given,
            () = line.bell.notified() => {}
        }
    }
    loop {
        // A full queue is no loss: the next round asks again.
        let _ = commands.try_send(Command::StreamWanted { peer, channel: line.channel, taken: streams.taken });
        let wait = Duration::from_millis(backoff.failed());
        if let Ok(given) = tokio::time::timeout(wait, streams.recv()).await {
            return given;
        }
    }
}

/// Writes to one stream for as long as it lasts.
async fn serve(
    mut stream: Stream,
    line: &Line,
    unwritten: &mut Vec<u8>,
    streams: &mut Streams,
    backoff: &mut Backoff,
) -> Next {
    let mut probe = [0_u8; 1];
    loop {
        if unwritten.is_empty() {
            lock(&line.outbox).fill(unwritten, WRITE_BYTES);
        }
        if unwritten.is_empty() {
            tokio::select! {
                biased;
                given = streams.recv() => return replaced(stream, given),
                () = line.bell.notified() => {}
                // The peer never writes here: anything that ends this read means that the stream has ended.
                _ = stream.read(&mut probe) => return Next::Broken,
            }
            continue;
        }
        let written = async {
            stream.write_all(unwritten).await?;
            stream.flush().await
        };
        tokio::select! {
            biased;
            result = written => match result {
                Ok(()) => {
                    reset(unwritten);
                    backoff.succeeded();
                }
                Err(_) => return Next::Broken,
            },
            given = streams.recv() => return replaced(stream, given),
        }
    }
}

/// Ends a stream that another one follows, so that the peer reads it to its end. It may be dead and never end.
fn replaced(mut old: Stream, given: Option<Stream>) -> Next {
    let Some(fresh) = given else { return Next::Over };
    tokio::spawn(async move {
        let _ = tokio::time::timeout(CLOSING_MAX, old.close()).await;
    });
    Next::Stream(fresh)
}

/// Empties the buffer, and gives back what one large body has made it grow to.
fn reset(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(WRITE_BYTES);
}
