//! A connection's bytes, watched: when the other end has said nothing for too long, it is gone.
//!
//! A network that was cut sends no farewell, and the system's own patience lasts for a quarter of an hour. Every peer is pinged
//! several times in this time, so something is always heard of one that lives, however busy the line is: what counts are bytes
//! that come in, whatever they are part of. It must not know what they mean.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

/// How often every peer is made to say something while the patience lasts: a stall that is one part shorter than that is forgiven.
pub(super) const KEEP_ALIVES: u32 = 9;

const SILENCE: &str = "nothing was heard";

/// Whether a connection has ended because its other end was gone: over TCP by our word, over QUIC by its library's.
pub(super) fn is_silence(reason: &str) -> bool {
    reason.contains(SILENCE) || reason.contains("timed out")
}

/// A stream that fails once it has been silent for too long.
pub(super) struct Watched<S> {
    inner: S,
    patience: Duration,
    heard: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    /// Must be called on a tokio runtime.
    pub(super) fn new(inner: S, patience: Duration) -> Self {
        Self { inner, patience, heard: Instant::now(), alarm: Box::pin(tokio::time::sleep(patience)) }
    }

    /// What is pending stays so while the other end may still be there.
    fn or_gone<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        while self.alarm.as_mut().poll(context).is_ready() {
            let Some(due) = self.heard.checked_add(self.patience) else { return Poll::Pending };
            if Instant::now() >= due {
                let why = format!("{SILENCE} for {} ms", self.patience.as_millis());
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
            }
            self.alarm.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        // What has come is heard before the clock is asked: this process may have slept itself.
        match Pin::new(&mut self.inner).poll_read(context, buffer) {
            Poll::Pending => self.or_gone(context),
            ready => {
                self.heard = Instant::now();
                ready
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write(context, bytes) {
            Poll::Pending => self.or_gone(context),
            ready => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_flush(context) {
            Poll::Pending => self.or_gone(context),
            ready => ready,
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_close(context) {
            Poll::Pending => self.or_gone(context),
            ready => ready,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{AsyncReadExt, AsyncWriteExt};
    use tokio::io::DuplexStream;

    use super::*;

    /// Tokio's pipe with the traits of libp2p.
    struct Pipe(DuplexStream);

    impl AsyncRead for Pipe {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let mut buffer = tokio::io::ReadBuf::new(buffer);
            let read = tokio::io::AsyncRead::poll_read(Pin::new(&mut self.0), context, &mut buffer);
            read.map_ok(|()| buffer.filled().len())
        }
    }

    impl AsyncWrite for Pipe {
        fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            tokio::io::AsyncWrite::poll_write(Pin::new(&mut self.0), context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            tokio::io::AsyncWrite::poll_flush(Pin::new(&mut self.0), context)
        }

        fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            tokio::io::AsyncWrite::poll_shutdown(Pin::new(&mut self.0), context)
        }
    }

    // FAULTS HT3
    #[tokio::test]
    async fn a_silent_end_is_gone_after_the_patience_also_while_a_write_waits() {
        let patience = Duration::from_millis(200);
        let (near, _far) = tokio::io::duplex(64);
        let begun = Instant::now();
        let mut near = Watched::new(Pipe(near), patience);
        let error = near.read(&mut [0]).await.expect_err("nothing comes");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() >= patience);

        let (near, _far) = tokio::io::duplex(64);
        let begun = Instant::now();
        let mut near = Watched::new(Pipe(near), patience);
        let error = near.write_all(&[0; 1_000]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() >= patience);
    }

    // FAULTS HT3
    #[tokio::test]
    async fn what_came_while_nobody_listened_is_heard_before_anybody_is_given_up() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = Watched::new(Pipe(near), Duration::from_millis(100));
        // The alarm rings, and nobody looks: so it is with a process that slept.
        let slept = Instant::now();
        tokio::io::AsyncWriteExt::write_all(&mut far, &[1]).await.expect("written");
        while slept.elapsed() < Duration::from_millis(300) {
            tokio::task::yield_now().await;
        }
        let mut byte = [0];
        let begun = Instant::now();
        near.read_exact(&mut byte).await.expect("it came in time");
        near.read(&mut byte).await.expect_err("nothing more comes");
        assert!(begun.elapsed() >= Duration::from_millis(100), "the patience begins anew");
    }
}
