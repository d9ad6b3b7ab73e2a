//! Connections that come in, before anybody knows whose they are: counted, and ended when there are too many.
//!
//! What counts and who is ended is decided in [`HalfOpen`]; here is the wrapper around a handshake that lets it be ended.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;
use libp2p::Multiaddr;
use tokio::time::Instant;

use super::address::ip_and_port;
use super::counts::{Count, Counts};
use super::links::{lock, read, write};
use crate::half_open::{Caller, HalfOpen, Knock, Ticket};
use crate::prefix::Prefix;

/// Where an address is; nothing when only a name tells.
pub(super) fn prefix_of(address: &Multiaddr) -> Option<Prefix> {
    ip_and_port(address).map(|(ip, _)| Prefix::of(ip))
}

/// All connections that have not shown who they are, and the addresses where pinned peers are expected.
pub(super) struct Doors {
    started: Instant,
    waiting: Mutex<Waiting>,
    expected: RwLock<BTreeSet<Prefix>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Waiting {
    half_open: HalfOpen,
    ends: BTreeMap<Ticket, Arc<End>>,
}

#[derive(Default)]
struct End {
    has_come: AtomicBool,
    waker: AtomicWaker,
}

impl Doors {
    pub(super) fn new(counts: Arc<Counts>) -> Self {
        Self { started: Instant::now(), waiting: Mutex::default(), expected: RwLock::default(), counts }
    }

    /// Where pinned peers are expected, in place of what was said before.
    pub(super) fn expect(&self, prefixes: BTreeSet<Prefix>) {
        *write(&self.expected) = prefixes;
    }

    fn is_expected(&self, prefix: Prefix) -> bool {
        read(&self.expected).contains(&prefix)
    }

    /// Lets a connection in, to show who it is; nothing when its address comes too often.
    fn knock(self: &Arc<Self>, address: &Multiaddr) -> Option<Pass> {
        let prefix = prefix_of(address)?;
        let caller = if self.is_expected(prefix) { Caller::Expected } else { Caller::Stranger };
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut waiting = lock(&self.waiting);
        let Knock::Waits(ticket, ends) = waiting.half_open.knock(prefix, caller, now_ms) else {
            self.counts.add(Count::TooFast);
            return None;
        };
        if let Some(end) = ends.and_then(|ends| waiting.ends.remove(&ends)) {
            end.has_come.store(true, Ordering::Release);
            end.waker.wake();
            self.counts.add(Count::HalfOpenEnded);
        }
        let end = Arc::new(End::default());
        waiting.ends.insert(ticket, Arc::clone(&end));
        Some(Pass { doors: Arc::clone(self), ticket, end })
    }

    /// Puts a handshake under the rule; nothing when it is refused.
    pub(super) fn enter<F>(self: &Arc<Self>, address: &Multiaddr, handshake: F) -> Option<Entering<F>> {
        Some(Entering { handshake, pass: Some(self.knock(address)?) })
    }
}

/// A place among those that wait, given back when it is dropped.
struct Pass {
    doors: Arc<Doors>,
    ticket: Ticket,
    end: Arc<End>,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut waiting = lock(&self.doors.waiting);
        waiting.half_open.left(self.ticket);
        waiting.ends.remove(&self.ticket);
    }
}

/// A handshake that ends when others need its place.
pub(super) struct Entering<F> {
    handshake: F,
    pass: Option<Pass>,
}

impl<T, F: Future<Output = io::Result<T>> + Unpin> Future for Entering<F> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if let Some(pass) = &self.pass {
            pass.end.waker.register(context.waker());
            if pass.end.has_come.load(Ordering::Acquire) {
                self.pass = None;
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "others needed its place")));
            }
        }
        let done = Pin::new(&mut self.handshake).poll(context);
        if done.is_ready() {
            self.pass = None;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HC2: what waits is bounded, and who is ended is told so at once.
    #[tokio::test]
    async fn a_handshake_ends_when_its_address_has_too_many_and_its_place_is_given_back_when_it_is_done() {
        let doors = Arc::new(Doors::new(Arc::default()));
        let address: Multiaddr = "/ip4/1.2.3.4/tcp/1".parse().expect("an address");
        let never = || Box::pin(std::future::pending::<io::Result<()>>());
        let first = tokio::spawn(doors.enter(&address, never()).expect("a place"));
        tokio::task::yield_now().await;
        let others: Vec<_> = (0..16).map(|_| doors.enter(&address, never()).expect("a place")).collect();
        let error = first.await.expect("it runs").expect_err("it was ended");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(lock(&doors.waiting).half_open.len(), 16);
        drop(others);
        assert!(lock(&doors.waiting).half_open.is_empty() && lock(&doors.waiting).ends.is_empty());
        let done = doors.enter(&address, Box::pin(std::future::ready(Ok(7)))).expect("a place");
        assert_eq!(done.await.expect("done"), 7);
        assert!(lock(&doors.waiting).half_open.is_empty());
    }
}
