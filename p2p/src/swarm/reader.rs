//! Reads what one peer says on one channel: a task per stream.
//!
//! Too fast or too much is not lost but not read: the peer's own buffer fills. A frame that breaks the rules ends the
//! stream and is told to the task that owns the swarm.

use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use types::PeerKey;

use super::event::{NetworkEvent, Payload};
use super::handle::Command;
use super::links::{Guest, Links, Meter, Outward, PeerBuffers};
use crate::channels::Channel;
use crate::frame::{FrameDecoder, FrameError};

const READ_BYTES_MAX: usize = 64 * 1024;
const READ_FRAMES: usize = 4;

/// What a reader needs.
pub(super) struct Reader {
    pub(super) peer: PeerKey,
    pub(super) channel: Channel,
    pub(super) links: Arc<Links>,
    pub(super) buffers: Arc<PeerBuffers>,
    pub(super) meter: Arc<Meter>,
    pub(super) outward: Outward,
    pub(super) commands: mpsc::Sender<Command>,
}

impl Reader {
    /// Reads until the stream ends or breaks the rules.
    pub(super) async fn run(self, stream: impl AsyncRead + Unpin) {
        if let Err(error) = self.read(stream).await {
            let told = Command::BadFrame { peer: self.peer, channel: self.channel, error };
            // When the task has ended there is nobody left to tell.
            let _ = self.commands.send(told).await;
        }
    }

    async fn read(&self, mut stream: impl AsyncRead + Unpin) -> Result<(), FrameError> {
        let row = self.channel.row();
        let mut decoder = FrameDecoder::new(row.bytes_max);
        let mut chunk = vec![0_u8; row.bytes_max.saturating_mul(READ_FRAMES).min(READ_BYTES_MAX)];
        loop {
            // Who is no validator any more is not read, whatever is under way.
            if self.is_refused() {
                return Ok(());
            }
            // An error and an end are the same: nothing more will come.
            let count = stream.read(&mut chunk).await.unwrap_or(0);
            if count == 0 {
                return Ok(());
            }
            let mut input = chunk.get(..count).unwrap_or_default();
            while let Some(frame) = decoder.next(&mut input)? {
                if !self.take(frame).await {
                    return Ok(());
                }
            }
        }
    }

    fn is_refused(&self) -> bool {
        self.channel.is_for_validators() && self.links.guest(self.peer) == Guest::Stranger
    }

    /// Delivers one frame when rate and buffer allow it; false when nobody listens any more.
    async fn take(&self, frame: Vec<u8>) -> bool {
        while let Err(wait_ms) = self.meter.take(self.peer, self.channel) {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        if self.is_refused() {
            return false;
        }
        let guest = self.links.guest(self.peer);
        let Some(permit) = self.buffers.reserve(self.channel, frame.len(), guest).await else { return false };
        let payload = Payload::new(frame, Some(permit));
        let event = NetworkEvent::Direct { peer: self.peer, channel: self.channel, payload };
        self.outward.deliver(self.channel.row().class, event);
        true
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;
    use crate::frame::frame_prefix;
    use crate::prefix::Prefix;
    use crate::swarm::links::StrangerRooms;

    const PEER: PeerKey = PeerKey([1; 32]);

    struct Ends {
        consensus: mpsc::UnboundedReceiver<NetworkEvent>,
        commands: mpsc::Receiver<Command>,
    }

    fn reader(links: &Arc<Links>) -> (Reader, Ends) {
        let (control, _) = mpsc::channel(1);
        let (consensus, heard) = mpsc::unbounded_channel();
        let (sync, _) = mpsc::unbounded_channel();
        let (transactions, _) = mpsc::unbounded_channel();
        let (commands, told) = mpsc::channel(1);
        let prefix = Prefix::of(std::net::IpAddr::from([127, 0, 0, 1]));
        let reader = Reader {
            peer: PEER,
            channel: Channel::Votes,
            links: Arc::clone(links),
            buffers: Arc::new(PeerBuffers::new(&mut StrangerRooms::new(), prefix)),
            meter: Arc::new(Meter::new()),
            outward: Outward { control, consensus, sync, transactions },
            commands,
        };
        (reader, Ends { consensus: heard, commands: told })
    }

    fn frame(message: &[u8]) -> Vec<u8> {
        [&frame_prefix(message.len(), 100).expect("it fits")[..], message].concat()
    }

    // FAULTS HC5: not a byte of what a stranger writes there is read.
    #[tokio::test]
    async fn only_pinned_peers_are_heard_on_the_validators_streams() {
        let links = Arc::new(Links::default());
        let (stranger, mut ends) = reader(&links);
        let mut stream = Cursor::new(frame(b"vote"));
        stranger.run(&mut stream).await;
        assert!(ends.consensus.recv().await.is_none());
        assert_eq!(stream.position(), 0);

        links.pin(vec![PEER]);
        let (validator, mut ends) = reader(&links);
        validator.run(Cursor::new(frame(b"vote"))).await;
        match ends.consensus.recv().await {
            Some(NetworkEvent::Direct { peer, channel, payload }) => {
                assert_eq!((peer, channel, &payload[..]), (PEER, Channel::Votes, &b"vote"[..]));
            }
            other => panic!("{other:?}"),
        }
    }

    // FAULTS P1
    #[tokio::test]
    async fn what_comes_before_a_bad_frame_is_heard_and_the_frame_is_told() {
        let links = Arc::new(Links::default());
        links.pin(vec![PEER]);
        let (validator, mut ends) = reader(&links);
        let stream = [frame(b"vote"), u32::MAX.to_le_bytes().to_vec(), vec![0; 10]].concat();
        validator.run(Cursor::new(stream)).await;
        assert!(matches!(ends.consensus.recv().await, Some(NetworkEvent::Direct { .. })));
        assert!(ends.consensus.recv().await.is_none());
        match ends.commands.recv().await {
            Some(Command::BadFrame { peer, channel: Channel::Votes, error: FrameError::TooLong { .. } }) => {
                assert_eq!(peer, PEER);
            }
            other => panic!("{other:?}"),
        }
    }

    // FAULTS C13: what waits for the user is bounded however much one peer sends.
    #[tokio::test]
    async fn a_flood_waits_with_its_sender_once_the_buffer_is_full() {
        let links = Arc::new(Links::default());
        links.pin(vec![PEER]);
        let (validator, mut ends) = reader(&links);
        let fit = Channel::Votes.row().buffer_bytes_max / crate::channels::Row::charge(4);
        let flood: Vec<u8> = std::iter::repeat_n(frame(b"vote"), fit + 1_000).flatten().collect();
        let reading = tokio::spawn(validator.run(Cursor::new(flood)));
        while ends.consensus.len() < fit {
            tokio::task::yield_now().await;
        }
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
            assert_eq!(ends.consensus.len(), fit);
        }
        assert!(!reading.is_finished());
        let mut heard = 0;
        while ends.consensus.recv().await.is_some() {
            heard += 1;
        }
        assert_eq!(heard, fit + 1_000);
    }
}
