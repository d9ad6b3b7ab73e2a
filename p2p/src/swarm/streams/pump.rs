//! Moves one stream's bytes: a loop that reads, and one that writes.
//!
//! The reader never waits for the user: the window bounds what can come. The writer writes words before frames, so that two ends that both
//! send never wait for each other. Whatever ends one loop ends the stream.

use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::swarm::Stream;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::stream::{NetworkStream, Outgoing, Shared};
use super::{FAREWELL, OPENING_MAX, Streams};
use crate::frame::frame_prefix;
use crate::stream_error::StreamError;
use crate::stream_words::{Word, WordDecoder};
use crate::swarm::handle::Command;

/// How long a peer may take for the next bytes of a frame that it has begun, or to take some of ours.
const STUCK_MAX: Duration = Duration::from_secs(10);
const READ_BYTES: usize = 16 * 1024;
/// So much is written at once, and has [`STUCK_MAX`].
const WRITE_BYTES: usize = 64 * 1024;
/// Shorter frames leave together.
const SHORT_BYTES: usize = 16 * 1024;

/// A stream that a peer has opened, and where it goes once that is done.
type Arrival = Option<(NetworkStream, mpsc::Sender<NetworkStream>)>;

/// One stream's other half.
#[derive(Debug)]
pub(super) struct Pump {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
    came: mpsc::UnboundedSender<Vec<u8>>,
}

impl Pump {
    pub(super) const fn new(
        shared: Arc<Shared>,
        outgoing: mpsc::UnboundedReceiver<Outgoing>,
        came: mpsc::UnboundedSender<Vec<u8>>,
    ) -> Self {
        Self { shared, outgoing, came }
    }

    /// Moves bytes until the stream ends.
    pub(super) async fn run(self, streams: Arc<Streams>, stream: Stream, arrival: Arrival) {
        let Self { shared, outgoing, came } = self;
        streams.running.send_modify(|running| *running = running.saturating_add(1));
        shared.room().opened();
        let (reader, writer) = stream.split();
        let mut reading = std::pin::pin!(read(&shared, reader, came, arrival));
        let mut writing = std::pin::pin!(write(&shared, writer, outgoing, &streams));
        let end = tokio::select! {
            end = &mut reading => end,
            end = &mut writing => farewell(end, reading).await,
            end = shared.unthanked() => end,
            () = streams.closing() => {
                shared.finish();
                let _ = tokio::time::timeout(FAREWELL, writing).await;
                StreamError::Stopping
            }
        };
        if end == StreamError::Silent {
            shared.room().refuse();
        }
        if let StreamError::Broken(why) = &end {
            shared.room().broke();
            // A full queue of the task loses no more than that.
            let _ = streams.commands.try_send(Command::BadStream { peer: shared.peer, why: why.clone() });
        }
        shared.end(end);
        shared.room().ended();
        streams.running.send_modify(|running| *running = running.saturating_sub(1));
    }
}

/// Waits a moment for the other end to close as well, so that what was written last is not lost with the stream.
async fn farewell(end: StreamError, reading: impl Future<Output = StreamError>) -> StreamError {
    if end == StreamError::Closed {
        let _ = tokio::time::timeout(FAREWELL, reading).await;
    }
    end
}

async fn read(
    shared: &Shared,
    mut stream: impl AsyncRead + Unpin,
    came: mpsc::UnboundedSender<Vec<u8>>,
    mut arrival: Arrival,
) -> StreamError {
    let mut decoder = WordDecoder::new(shared.room().row.frame_bytes_max);
    let mut chunk = vec![0_u8; READ_BYTES];
    let opens_until = Instant::now().checked_add(OPENING_MAX);
    loop {
        // Who always has more to say leaves turns to the writer, to the end and to other streams.
        tokio::task::consume_budget().await;
        let until = match (shared.has_begun(), decoder.is_between_words()) {
            (false, _) => opens_until,
            (true, false) => Instant::now().checked_add(STUCK_MAX),
            (true, true) => None,
        };
        let count = match until {
            None => stream.read(&mut chunk).await,
            Some(until) => match tokio::time::timeout_at(until, stream.read(&mut chunk)).await {
                Ok(count) => count,
                Err(_) if shared.has_begun() => return StreamError::Stuck,
                Err(_) => return StreamError::Silent,
            },
        };
        let input = match count {
            Ok(0) | Err(_) if !shared.has_begun() => return StreamError::Refused,
            Ok(0) if decoder.is_between_words() => return StreamError::Closed,
            Ok(0) | Err(_) => return StreamError::Lost,
            Ok(count) => chunk.get(..count).unwrap_or_default(),
        };
        if let Err(end) = hear(shared, &mut decoder, input, &came, &mut arrival) {
            return end;
        }
    }
}

/// Takes in what was read.
fn hear(
    shared: &Shared,
    decoder: &mut WordDecoder,
    mut input: &[u8],
    came: &mpsc::UnboundedSender<Vec<u8>>,
    arrival: &mut Arrival,
) -> Result<(), StreamError> {
    while !input.is_empty() {
        let word = decoder.next(&mut input, shared.allowed());
        match word.map_err(|error| StreamError::Broken(error.to_string()))? {
            None => {}
            Some(Word::Frame(_)) if !shared.has_begun() => {
                return Err(StreamError::Broken("a frame before the first word".to_owned()));
            }
            Some(Word::Frame(frame)) => {
                shared.came(frame.len());
                // Nobody takes it when the user has gone.
                let _ = came.send(frame);
            }
            Some(Word::Arrived(bytes)) => shared.has_arrived(bytes)?,
            Some(Word::Grant(bytes)) => {
                if shared.credit(bytes)?
                    && let Some((stream, accepting)) = arrival.take()
                {
                    // There is a place for every seat.
                    let _ = accepting.try_send(stream);
                }
            }
        }
    }
    Ok(())
}

async fn write(
    shared: &Shared,
    mut stream: impl AsyncWrite + Unpin,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
    streams: &Streams,
) -> StreamError {
    let mut buffer = Vec::new();
    // Nothing goes before it: the other end takes no frame from one that has not opened the stream.
    shared.first_word(&mut buffer, streams.meter.now_ms());
    loop {
        let wait_ms = shared.words(&mut buffer, streams.meter.now_ms());
        if !buffer.is_empty()
            && let Err(end) = put(&mut stream, &buffer, Flush::Now).await
        {
            return end;
        }
        // Looked at each time: the bell may have rung for the end while frames waited.
        if shared.is_finishing() && outgoing.is_empty() {
            // An end that does not come is the same as one that does.
            let _ = tokio::time::timeout(FAREWELL, stream.close()).await;
            return StreamError::Closed;
        }
        let next = tokio::select! {
            () = shared.bell.notified() => None,
            () = pause(wait_ms) => None,
            next = outgoing.recv() => next,
        };
        buffer.clear();
        let Some(next) = next else { continue };
        if let Err(end) = put_frames(shared, &mut stream, &mut buffer, next, &mut outgoing).await {
            return end;
        }
        buffer.clear();
        buffer.shrink_to(WRITE_BYTES);
    }
}

/// Writes a frame, and with it short ones that wait behind it.
async fn put_frames(
    shared: &Shared,
    stream: &mut (impl AsyncWrite + Unpin),
    buffer: &mut Vec<u8>,
    first: Outgoing,
    outgoing: &mut mpsc::UnboundedReceiver<Outgoing>,
) -> Result<(), StreamError> {
    let (mut next, mut bytes) = (Some(first), 0_usize);
    while let Some(leaving) = next {
        let frame = &leaving.frame;
        buffer.extend_from_slice(&frame_prefix(frame.len(), shared.room().row.frame_bytes_max)?);
        bytes = bytes.saturating_add(frame.len());
        if frame.len() > SHORT_BYTES {
            put(stream, buffer, Flush::Later).await?;
            buffer.clear();
            put(stream, frame, Flush::Later).await?;
        } else {
            buffer.extend_from_slice(frame);
        }
        drop(leaving);
        next = if bytes < WRITE_BYTES { outgoing.try_recv().ok() } else { None };
    }
    put(stream, buffer, Flush::Now).await?;
    shared.room().left(bytes);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flush {
    Now,
    Later,
}

/// Writes bytes, each part in time.
async fn put(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], flush: Flush) -> Result<(), StreamError> {
    for part in bytes.chunks(WRITE_BYTES) {
        let written = tokio::time::timeout(STUCK_MAX, stream.write_all(part)).await;
        written.map_err(|_| StreamError::Stuck)?.map_err(|_| StreamError::Lost)?;
    }
    if flush == Flush::Now {
        let flushed = tokio::time::timeout(STUCK_MAX, stream.flush()).await;
        flushed.map_err(|_| StreamError::Stuck)?.map_err(|_| StreamError::Lost)?;
    }
    Ok(())
}

/// Waits for so many milliseconds; for ever when there is nothing to wait for.
async fn pause(wait_ms: Option<u64>) {
    match wait_ms {
        Some(wait_ms) => tokio::time::sleep(Duration::from_millis(wait_ms)).await,
        None => std::future::pending().await,
    }
}
