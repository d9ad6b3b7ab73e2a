//! A network of streams in memory, for the tests of services: the same waiting and the same errors, without sockets, rates and seats.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use p2p::{Row, frame_prefix};
use service::chain::Later;
use service::{AnyStream, PeerStream, StreamError, StreamRow, Streams};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use types::PeerKey;
/// Frames that have come, each with the room that it takes.
type Frames = (Vec<u8>, OwnedSemaphorePermit);

/// Streams that peers have opened, by the peer that accepts and the protocol.
type Doors = BTreeMap<(PeerKey, &'static str), Door>;

#[derive(Clone)]
struct Door {
    opened: mpsc::UnboundedSender<MemoryStream>,
    arrivals: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<MemoryStream>>>,
}

/// All peers of a test. Clones are the same network.
#[derive(Clone, Default)]
pub struct MemoryNetwork {
    doors: Arc<Mutex<Doors>>,
}

impl MemoryNetwork {
    /// Nobody is there yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A peer that speaks these protocols. Everybody is connected to it at once.
    #[must_use]
    pub fn join(&self, peer: PeerKey, rows: &[StreamRow]) -> MemoryHost {
        for row in rows {
            let (opened, arrivals) = mpsc::unbounded_channel();
            let door = Door { opened, arrivals: Arc::new(tokio::sync::Mutex::new(arrivals)) };
            self.doors().insert((peer, row.name), door);
        }
        MemoryHost { network: self.clone(), peer, rows: rows.to_vec() }
    }

    /// A peer is gone: its protocols are spoken no more. Streams that are open go on.
    pub fn leave(&self, peer: PeerKey) {
        self.doors().retain(|(of, _), _| *of != peer);
    }

    fn doors(&self) -> MutexGuard<'_, Doors> {
        // Every change of it is one step.
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One peer's end.
pub struct MemoryHost {
    network: MemoryNetwork,
    peer: PeerKey,
    rows: Vec<StreamRow>,
}

impl MemoryHost {
    fn row(&self, protocol: &str) -> Result<StreamRow, StreamError> {
        self.rows.iter().find(|row| row.name == protocol).copied().ok_or(StreamError::NotDeclared)
    }
}

impl Streams for MemoryHost {
    fn reach(&self, peer: PeerKey, _: Vec<String>) -> Later<'_, Result<(), StreamError>> {
        let is_there = self.network.doors().keys().any(|(of, _)| *of == peer);
        Box::pin(async move { if is_there { Ok(()) } else { Err(StreamError::NotMet) } })
    }

    fn open(&self, protocol: &'static str, peer: PeerKey) -> Later<'_, Result<AnyStream, StreamError>> {
        Box::pin(async move {
            let row = self.row(protocol)?;
            let doors = self.network.doors();
            let Some(door) = doors.get(&(peer, protocol)) else {
                let is_there = doors.keys().any(|(of, _)| *of == peer);
                return Err(if is_there { StreamError::NotSpoken } else { StreamError::NotConnected });
            };
            let (ours, theirs) = pair(row, self.peer, peer);
            door.opened.send(theirs).map_err(|_| StreamError::NotSpoken)?;
            Ok(Box::new(ours) as AnyStream)
        })
    }

    fn accept(&self, protocol: &'static str) -> Later<'_, Result<AnyStream, StreamError>> {
        Box::pin(async move {
            self.row(protocol)?;
            let door = self.network.doors().get(&(self.peer, protocol)).cloned().ok_or(StreamError::Stopping)?;
            let Door { opened, arrivals } = door;
            drop(opened);
            let stream = arrivals.lock().await.recv().await.ok_or(StreamError::Stopping)?;
            Ok(Box::new(stream) as AnyStream)
        })
    }
}

/// One end of a stream.
struct MemoryStream {
    row: StreamRow,
    peer: PeerKey,
    /// What may wait at the other end.
    room: Arc<Semaphore>,
    /// Until this end is closed.
    outgoing: Mutex<Option<mpsc::UnboundedSender<Frames>>>,
    incoming: tokio::sync::Mutex<mpsc::UnboundedReceiver<Frames>>,
    /// Told when either end is closed.
    closed: Arc<Closed>,
}

#[derive(Default)]
struct Closed {
    is_closed: std::sync::atomic::AtomicBool,
    bell: Notify,
}

impl Closed {
    fn close(&self) {
        self.is_closed.store(true, std::sync::atomic::Ordering::Release);
        self.bell.notify_waiters();
    }

    async fn wait(&self) {
        let told = self.bell.notified();
        if !self.is_closed.load(std::sync::atomic::Ordering::Acquire) {
            told.await;
        }
    }
}

fn pair(row: StreamRow, opener: PeerKey, accepter: PeerKey) -> (MemoryStream, MemoryStream) {
    let closed = Arc::new(Closed::default());
    let (to_accepter, from_opener) = mpsc::unbounded_channel();
    let (to_opener, from_accepter) = mpsc::unbounded_channel();
    let end = |peer, outgoing, incoming| MemoryStream {
        row,
        peer,
        room: Arc::new(Semaphore::new(row.stream_bytes_max)),
        outgoing: Mutex::new(Some(outgoing)),
        incoming: tokio::sync::Mutex::new(incoming),
        closed: closed.clone(),
    };
    (end(accepter, to_accepter, from_accepter), end(opener, to_opener, from_opener))
}

impl MemoryStream {
    fn finish(&self) {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.closed.close();
    }
}

impl PeerStream for MemoryStream {
    fn peer(&self) -> PeerKey {
        self.peer
    }

    fn send(&self, frame: Vec<u8>) -> Later<'_, Result<(), StreamError>> {
        Box::pin(async move {
            frame_prefix(frame.len(), self.row.frame_bytes_max)?;
            let charge = u32::try_from(Row::charge(frame.len())).map_err(|_| StreamError::Closed)?;
            let room = tokio::select! {
                biased;
                () = self.closed.wait() => return Err(StreamError::Closed),
                room = self.room.clone().acquire_many_owned(charge) => room.map_err(|_| StreamError::Closed)?,
            };
            let outgoing = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let outgoing = outgoing.ok_or(StreamError::Closed)?;
            outgoing.send((frame, room)).map_err(|_| StreamError::Closed)
        })
    }

    fn next(&self) -> Later<'_, Result<Vec<u8>, StreamError>> {
        Box::pin(async move {
            let mut incoming = self.incoming.lock().await;
            let next = incoming.recv().await;
            next.map(|(frame, _)| frame).ok_or(StreamError::Closed)
        })
    }

    fn close(&self) -> Later<'_, ()> {
        self.finish();
        Box::pin(std::future::ready(()))
    }
}

impl Drop for MemoryStream {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIDES: StreamRow = StreamRow {
        name: "tides",
        streams_per_peer_max: 4,
        streams_max: 16,
        frame_bytes_max: 1_000,
        stream_bytes_max: 4_000,
        bytes_max: 64_000,
        bytes_per_second: 1 << 20,
    };
    const ONE: PeerKey = PeerKey([1; 32]);
    const TWO: PeerKey = PeerKey([2; 32]);

    #[tokio::test]
    async fn frames_pass_both_ways_wait_within_their_bound_and_end_with_either_end() {
        let network = MemoryNetwork::new();
        let (one, two) = (network.join(ONE, &[TIDES]), network.join(TWO, &[TIDES]));
        two.reach(ONE, Vec::new()).await.expect("it is there");
        let ours = two.open("tides", ONE).await.expect("it opens");
        let theirs = one.accept("tides").await.expect("it comes");
        assert_eq!((ours.peer(), theirs.peer()), (ONE, TWO));
        // Three of the longest fit; the fourth waits until one is taken.
        for number in 0..3 {
            ours.send(vec![number; 1_000]).await.expect("sent");
        }
        let fourth = ours.send(vec![3; 1_000]);
        tokio::select! {
            biased;
            _ = fourth => panic!("there is no room"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(theirs.next().await, Ok(vec![0; 1_000]));
        ours.send(vec![3; 1_000]).await.expect("there is room");
        assert!(matches!(ours.send(vec![0; 1_001]).await, Err(StreamError::Frame(_))));
        ours.close().await;
        for number in 1..4 {
            assert_eq!(theirs.next().await, Ok(vec![number; 1_000]), "what was sent before is heard");
        }
        assert_eq!(theirs.next().await, Err(StreamError::Closed));
        assert_eq!(theirs.send(vec![1]).await, Err(StreamError::Closed));
    }

    #[tokio::test]
    async fn what_is_not_declared_or_not_there_is_said() {
        let network = MemoryNetwork::new();
        let (one, two) = (network.join(ONE, &[TIDES]), network.join(TWO, &[]));
        assert_eq!(two.open("tides", ONE).await.map(drop), Err(StreamError::NotDeclared));
        assert_eq!(one.open("tides", TWO).await.map(drop), Err(StreamError::NotConnected));
        assert_eq!(one.reach(TWO, Vec::new()).await, Err(StreamError::NotMet));
        network.leave(ONE);
        assert_eq!(one.accept("tides").await.map(drop), Err(StreamError::Stopping));
    }
}
