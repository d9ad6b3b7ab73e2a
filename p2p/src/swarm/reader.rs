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
use super::links::{Links, Meter, Outward, PeerBuffers};
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

    /// Delivers one frame when rate and buffer allow it; false when nobody listens any more.
    async fn take(&self, frame: Vec<u8>) -> bool {
        while let Err(wait_ms) = self.meter.take(self.peer, self.channel) {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        if self.channel.is_for_validators() && !self.links.is_pinned(self.peer) {
            return true;
        }
        let Some(permit) = self.buffers.reserve(self.channel, frame.len()).await else { return false };
        let payload = Payload::new(frame, Some(permit));
        let event = NetworkEvent::Direct { peer: self.peer, channel: self.channel, payload };
        self.outward.deliver(self.channel.row().class, event);
        true
    }
}
