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

/// Requests that wait, theirs and ours.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Per peer, each request of theirs and what our answer to it takes (0 while there is none).
    theirs: BTreeMap<PeerKey, BTreeMap<InboundRequestId, usize>>,
    ours: BTreeMap<OutboundRequestId, (RequestId, PeerKey)>,
}

impl Waiting {
    /// Whether one more request of a peer may wait.
    pub(super) fn admit(&mut self, peer: PeerKey, id: InboundRequestId) -> bool {
        let waiting = self.theirs.entry(peer).or_default();
        let has_room = waiting.len() < REQUESTS_WAITING_MAX;
        if has_room {
            waiting.insert(id, 0);
        }
        has_room
    }

    /// Whether an answer of this length may wait until the peer has read it.
    pub(super) fn answer(&mut self, peer: PeerKey, id: InboundRequestId, length: usize) -> bool {
        let Some(waiting) = self.theirs.get_mut(&peer) else { return false };
        let taken = waiting.values().fold(0_usize, |sum, bytes| sum.saturating_add(*bytes));
        let charge = Row::charge(length);
        let has_room = taken.saturating_add(charge) <= Channel::Sync.row().buffer_bytes_max;
        match waiting.get_mut(&id) {
            Some(bytes) if has_room => *bytes = charge,
            _ => return false,
        }
        true
    }

    /// A request of a peer is over, one way or another.
    pub(super) fn done(&mut self, peer: PeerKey, id: InboundRequestId) {
        if let Some(waiting) = self.theirs.get_mut(&peer) {
            waiting.remove(&id);
            if waiting.is_empty() {
                self.theirs.remove(&peer);
            }
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
