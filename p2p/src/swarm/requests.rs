//! Requests and their answers: one stream each, both sides bounded, and a way to say "busy".
//!
//! On the wire a request is a frame, an answer a status byte and, if that is 0, a frame; nothing may follow. What
//! a peer may keep waiting with us is counted here.

use std::collections::BTreeMap;
use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::request_response::{Codec, InboundRequestId, OutboundFailure, OutboundRequestId};
use libp2p::swarm::StreamProtocol;
use types::PeerKey;

use super::event::{RequestError, RequestId};
use crate::channels::{Channel, Row};
use crate::fair_queue::{FairCount, Origin, QueueLimits};
use crate::frame::{PREFIX_BYTES, frame_length, frame_prefix};

/// Requests of one peer that may wait for our answer, and ours to one peer that may wait for its answer.
pub(super) const REQUESTS_WAITING_MAX: usize = 16;
/// Most memory that a claimed length alone may reserve.
const RESERVE_BYTES_MAX: usize = 64 * 1024;

const STATUS_ANSWER: u8 = 0;
const STATUS_BUSY: u8 = 1;

/// What goes back to the one who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Bytes(Vec<u8>),
    Busy,
}

/// Reads and writes them.
#[derive(Clone, Debug, Default)]
pub(super) struct BoundedCodec;

impl Codec for BoundedCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Answer;

    async fn read_request<T>(&mut self, _: &StreamProtocol, stream: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let request = read_frame(stream, Channel::Sync.row().bytes_max).await?;
        expect_end(stream).await?;
        Ok(request)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, stream: &mut T) -> io::Result<Answer>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut status = [0_u8; 1];
        stream.read_exact(&mut status).await?;
        let answer = match status {
            [STATUS_ANSWER] => Answer::Bytes(read_frame(stream, Channel::Sync.row().answer_bytes_max).await?),
            [STATUS_BUSY] => Answer::Busy,
            [other] => return Err(invalid(format!("an answer of unknown status {other}"))),
        };
        expect_end(stream).await?;
        Ok(answer)
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, stream: &mut T, request: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_frame(stream, &request, Channel::Sync.row().bytes_max).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, stream: &mut T, answer: Answer) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        match answer {
            Answer::Busy => stream.write_all(&[STATUS_BUSY]).await,
            Answer::Bytes(bytes) => {
                stream.write_all(&[STATUS_ANSWER]).await?;
                write_frame(stream, &bytes, Channel::Sync.row().answer_bytes_max).await
            }
        }
    }
}

fn invalid(error: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

async fn read_frame<T: AsyncRead + Unpin>(stream: &mut T, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut prefix = [0_u8; PREFIX_BYTES];
    stream.read_exact(&mut prefix).await?;
    let length = frame_length(prefix, bytes_max).map_err(invalid)?;
    let mut bytes = Vec::with_capacity(length.min(RESERVE_BYTES_MAX));
    stream.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

async fn expect_end<T: AsyncRead + Unpin>(stream: &mut T) -> io::Result<()> {
    let mut more = [0_u8; 1];
    match stream.read(&mut more).await? {
        0 => Ok(()),
        _ => Err(invalid("bytes after the end")),
    }
}

async fn write_frame<T: AsyncWrite + Unpin>(stream: &mut T, bytes: &[u8], bytes_max: usize) -> io::Result<()> {
    stream.write_all(&frame_prefix(bytes.len(), bytes_max).map_err(invalid)?).await?;
    stream.write_all(bytes).await
}

/// Requests of strangers that may wait: in all, per prefix, and of one stranger. A validator may have twice as many as that.
const QUEUE: QueueLimits = QueueLimits { all_max: 256, per_prefix_max: 16, per_peer_max: REQUESTS_WAITING_MAX / 2 };
/// Bytes of answers to strangers that may wait until they are read: in all, and to one prefix (a private one may have half of all).
const ANSWERS_BYTES_MAX: (usize, usize) = (64 << 20, 16 << 20);

/// A request of a peer.
#[derive(Clone, Copy, Debug)]
struct Theirs {
    origin: Origin,
    /// What our answer takes; 0 while there is none.
    answer_bytes: usize,
}

/// Requests that wait, theirs (by the library's numbers `I`) and ours.
#[derive(Debug)]
pub(super) struct Waiting<I = InboundRequestId> {
    theirs: BTreeMap<I, Theirs>,
    count: FairCount,
    ours: BTreeMap<OutboundRequestId, (RequestId, PeerKey)>,
}

impl<I: Copy + Ord> Waiting<I> {
    pub(super) const fn new() -> Self {
        Self { theirs: BTreeMap::new(), count: FairCount::new(QUEUE), ours: BTreeMap::new() }
    }

    /// Whether one more request of a peer may wait.
    pub(super) fn admit(&mut self, origin: Origin, id: I) -> bool {
        let has_room = self.count.enter(origin);
        if has_room {
            self.theirs.insert(id, Theirs { origin, answer_bytes: 0 });
        }
        has_room
    }

    /// Whether an answer of this length may wait until the peer has read it.
    pub(super) fn answer(&mut self, id: I, length: usize) -> bool {
        let Some(Theirs { origin, .. }) = self.theirs.get(&id).copied() else { return false };
        let charge = Row::charge(length);
        let (all_max, prefix_max) = ANSWERS_BYTES_MAX;
        let prefix_max = if origin.prefix.is_private() { all_max / 2 } else { prefix_max };
        let has_room = |taken: usize, max: usize| taken.saturating_add(charge) <= max;
        let is_free = has_room(self.taken(|of| of.peer == origin.peer), Channel::Sync.row().buffer_bytes_max)
            && (origin.pinned
                || has_room(self.taken(|of| !of.pinned), all_max)
                    && has_room(self.taken(|of| !of.pinned && of.prefix == origin.prefix), prefix_max));
        match self.theirs.get_mut(&id) {
            Some(theirs) if is_free => theirs.answer_bytes = charge,
            _ => return false,
        }
        true
    }

    fn taken(&self, counts: impl Fn(&Origin) -> bool) -> usize {
        let counted = self.theirs.values().filter(|theirs| counts(&theirs.origin));
        counted.fold(0, |sum, theirs| sum.saturating_add(theirs.answer_bytes))
    }

    /// A request of a peer is over, one way or another.
    pub(super) fn done(&mut self, id: I) {
        if let Some(theirs) = self.theirs.remove(&id) {
            self.count.leave(theirs.origin);
        }
    }

    pub(super) fn may_ask(&self, peer: PeerKey) -> bool {
        self.ours.values().filter(|(_, asked)| *asked == peer).count() < REQUESTS_WAITING_MAX
    }

    pub(super) fn asked(&mut self, outbound: OutboundRequestId, id: RequestId, peer: PeerKey) {
        self.ours.insert(outbound, (id, peer));
    }

    pub(super) fn answered(&mut self, outbound: OutboundRequestId) -> Option<(RequestId, PeerKey)> {
        self.ours.remove(&outbound)
    }
}

/// What a failure means to the one who asked.
pub(super) fn request_error(failure: &OutboundFailure) -> RequestError {
    match failure {
        OutboundFailure::DialFailure => RequestError::NotConnected,
        OutboundFailure::Timeout => RequestError::Timeout,
        OutboundFailure::ConnectionClosed => RequestError::Disconnected,
        OutboundFailure::UnsupportedProtocols => RequestError::Unsupported,
        // The peer refused the request by closing its stream.
        OutboundFailure::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => RequestError::Busy,
        OutboundFailure::Io(error) => RequestError::Broken(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::io::Cursor;

    use super::*;

    fn response(bytes: &[u8]) -> io::Result<Answer> {
        let name = StreamProtocol::new("/sync");
        block_on(BoundedCodec.read_response(&name, &mut Cursor::new(bytes.to_vec())))
    }

    // FAULTS HC5, HB7
    #[test]
    fn requests_and_answers_of_strangers_are_bounded_each_per_prefix_and_in_all() {
        let mut waiting = Waiting::<u64>::new();
        let origin = |peer: u16, address: [u8; 4], pinned| {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&peer.to_be_bytes());
            let prefix = crate::prefix::Prefix::of(std::net::IpAddr::from(address));
            Origin { peer: PeerKey(key), prefix, pinned }
        };
        let mut next = 0;
        let mut ask = |waiting: &mut Waiting<u64>, origin| {
            next += 1;
            waiting.admit(origin, next).then_some(next)
        };
        // Of one stranger, of one address, of all.
        let one: Vec<_> = (0..20).filter_map(|_| ask(&mut waiting, origin(1, [1, 2, 3, 4], false))).collect();
        let same: Vec<_> = (2..50).filter_map(|peer| ask(&mut waiting, origin(peer, [1, 2, 3, 4], false))).collect();
        assert_eq!((one.len(), same.len()), (8, 8));
        let many = (100..500_u16)
            .filter_map(|peer| ask(&mut waiting, origin(peer, [9, 9, (peer >> 8) as u8, peer as u8], false)));
        let many: Vec<_> = many.collect();
        assert_eq!(many.len(), 240);
        let validator: Vec<_> = (0..20).filter_map(|_| ask(&mut waiting, origin(900, [1, 2, 3, 4], true))).collect();
        assert_eq!(validator.len(), 16);
        // Answers of a mebibyte, until there is no room.
        let answered =
            |waiting: &mut Waiting<u64>, ids: &[u64]| ids.iter().filter(|id| waiting.answer(**id, 1 << 20)).count();
        let of_one_address = answered(&mut waiting, &one) + answered(&mut waiting, &same);
        let of_all = of_one_address + answered(&mut waiting, &many);
        assert_eq!((of_one_address, of_all), (15, 63));
        assert_eq!(answered(&mut waiting, &validator), 15);
        for id in one.iter().chain(&same).chain(&many).chain(&validator) {
            waiting.done(*id);
        }
        assert!(waiting.theirs.is_empty() && waiting.count.is_empty());
    }

    // FAULTS P1
    #[test]
    fn answers_have_one_encoding_and_giants_are_refused_by_their_prefix() {
        let name = StreamProtocol::new("/sync");
        for answer in [Answer::Busy, Answer::Bytes(vec![7; 100_000])] {
            let mut wire = Cursor::new(Vec::new());
            block_on(BoundedCodec.write_response(&name, &mut wire, answer.clone())).expect("written");
            let wire = wire.into_inner();
            assert_eq!(response(&wire).expect("read"), answer);
            let mut longer = wire.clone();
            longer.push(0);
            assert!(response(&longer).is_err());
            assert!(response(&wire[..wire.len() - 1]).is_err());
        }
        assert!(response(&[2]).is_err());
        assert!(response(&[0, 0xff, 0xff, 0xff, 0xff, 1]).is_err());
        assert!(response(&[0, 0, 0, 0, 0]).is_err());
        let mut request = Cursor::new([0x01, 0x40, 0, 0].to_vec());
        assert!(block_on(BoundedCodec.read_request(&name, &mut request)).is_err());
    }
}
