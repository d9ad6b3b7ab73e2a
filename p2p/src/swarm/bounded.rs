//! A multiplexed connection with bounds that the library has not: how fast a peer may open streams, and how long a farewell may last.
//!
//! A farewell waits until what was written is read. A peer that never reads, or is cut off, would keep its connection, its place
//! and its name for as long as it likes. It must not know what streams carry.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use tokio::time::{Instant, Sleep};

use crate::budget::TokenBucket;

/// How long a farewell may last.
const FAREWELL: Duration = Duration::from_secs(1);
/// Streams that a peer may open in a second, and at once after a pause: more than all channels together need.
const STREAMS: (u32, u32) = (500, 1_000);
/// A connection on which so many more were opened is ended.
const EXCESS_MAX: u32 = 1_000;

/// The connection.
pub(super) struct Bounded<M> {
    inner: M,
    begun: Instant,
    streams: TokenBucket,
    excess: u32,
    farewell: Option<Pin<Box<Sleep>>>,
}

impl<M> Bounded<M> {
    pub(super) fn new(inner: M) -> Self {
        let (rate, burst) = STREAMS;
        Self { inner, begun: Instant::now(), streams: TokenBucket::new(rate, burst, 0), excess: 0, farewell: None }
    }

    /// Whether one more stream may be opened now; an error when it goes on too long.
    fn admit(&mut self) -> io::Result<bool> {
        let now_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if self.streams.take(now_ms).is_ok() {
            return Ok(true);
        }
        self.excess = self.excess.saturating_add(1);
        if self.excess > EXCESS_MAX { Err(io::Error::other("the peer opens too many streams")) } else { Ok(false) }
    }
}

impl<M> StreamMuxer for Bounded<M>
where
    M: StreamMuxer + Unpin,
    M::Error: Send + Sync + 'static,
{
    type Substream = M::Substream;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<M::Substream>> {
        let stream = ready!(Pin::new(&mut self.inner).poll_inbound(context)).map_err(io::Error::other)?;
        if self.admit()? {
            return Poll::Ready(Ok(stream));
        }
        // Dropping it resets it. The next one is looked at when others have had their turn.
        drop(stream);
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_outbound(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<M::Substream>> {
        Pin::new(&mut self.inner).poll_outbound(context).map_err(io::Error::other)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.inner).poll_close(context).map_err(io::Error::other);
        if closed.is_ready() {
            return closed;
        }
        let farewell = self.farewell.get_or_insert_with(|| Box::pin(tokio::time::sleep(FAREWELL)));
        farewell.as_mut().poll(context).map(Ok)
    }

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        Pin::new(&mut self.inner).poll(context).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::future::poll_fn;
    use libp2p::core::muxing::StreamMuxerExt;

    use super::*;

    /// A connection whose peer opens streams without end and never reads.
    struct Eager;

    impl StreamMuxer for Eager {
        type Substream = futures::io::Cursor<Vec<u8>>;
        type Error = Infallible;

        fn poll_inbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<Self::Substream, Infallible>> {
            Poll::Ready(Ok(futures::io::Cursor::new(Vec::new())))
        }

        fn poll_outbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<Self::Substream, Infallible>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Infallible>> {
            Poll::Pending
        }
    }

    // FAULTS HC1
    #[tokio::test]
    async fn who_opens_streams_without_end_gets_a_burst_and_then_loses_the_connection() {
        let begun = Instant::now();
        let mut connection = Bounded::new(Eager);
        let mut opened = 0_u32;
        let error = loop {
            match poll_fn(|context| connection.poll_inbound_unpin(context)).await {
                Ok(_) => opened += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), "the peer opens too many streams");
        let (rate, burst) = STREAMS;
        let seconds = u32::try_from(begun.elapsed().as_secs()).expect("a short test").saturating_add(1);
        assert!((burst..=burst + rate * seconds).contains(&opened), "{opened}");
    }

    // FAULTS HT3
    #[tokio::test]
    async fn a_farewell_that_nobody_reads_ends() {
        let begun = Instant::now();
        Bounded::new(Eager).close().await.expect("it is over");
        assert!(begun.elapsed() >= FAREWELL);
    }
}
