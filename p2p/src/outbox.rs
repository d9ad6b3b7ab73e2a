//! What waits to be written to one peer on one channel.
//!
//! It must not know streams or tasks. Invariant: what waits, each message charged its overhead, never exceeds the
//! channel's buffer, however fast messages are offered and however slowly the peer reads.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::channels::{Overflow, Row};
use crate::frame::{FrameError, PREFIX_BYTES, frame_prefix};

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboxError {
    /// The peer reads too slowly.
    #[error("{waiting} bytes already wait for this peer, at most {max} may")]
    Full {
        /// Bytes that wait.
        waiting: usize,
        /// The channel's buffer.
        max: usize,
    },
    /// The message is not one that the channel carries.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Messages in the order in which they were offered.
#[derive(Debug)]
pub struct Outbox {
    row: &'static Row,
    waiting: VecDeque<Arc<[u8]>>,
    charged: usize,
    dropped: u64,
}

impl Outbox {
    /// An empty outbox with a channel's limits.
    #[must_use]
    pub const fn new(row: &'static Row) -> Self {
        Self { row, waiting: VecDeque::new(), charged: 0, dropped: 0 }
    }

    /// Takes a message.
    ///
    /// # Errors
    /// When it is too long or empty, or when the buffer is full and its oldest messages may not give way.
    pub fn push(&mut self, message: Arc<[u8]>) -> Result<(), OutboxError> {
        frame_prefix(message.len(), self.row.bytes_max)?;
        let charge = Row::charge(message.len());
        while self.charged.saturating_add(charge) > self.row.buffer_bytes_max {
            match self.row.overflow {
                Overflow::Refuse => {
                    return Err(OutboxError::Full { waiting: self.charged, max: self.row.buffer_bytes_max });
                }
                Overflow::DropOldest => {
                    if self.pop().is_none() {
                        break;
                    }
                    self.dropped = self.dropped.saturating_add(1);
                }
            }
        }
        self.charged = self.charged.saturating_add(charge);
        self.waiting.push_back(message);
        Ok(())
    }

    /// The oldest message.
    pub fn pop(&mut self) -> Option<Arc<[u8]>> {
        let message = self.waiting.pop_front()?;
        self.charged = self.charged.saturating_sub(Row::charge(message.len()));
        Some(message)
    }

    /// Moves waiting messages as frames into `buffer` until it holds about `bytes`, and counts them: many small
    /// frames leave in one write.
    pub fn fill(&mut self, buffer: &mut Vec<u8>, bytes: usize) -> usize {
        let mut count = 0_usize;
        while let Some(next) = self.waiting.front() {
            let needed = next.len().saturating_add(PREFIX_BYTES);
            if count > 0 && buffer.len().saturating_add(needed) > bytes {
                break;
            }
            let Some(message) = self.pop() else { break };
            let prefix = frame_prefix(message.len(), self.row.bytes_max).expect("it was checked when it was taken");
            buffer.extend_from_slice(&prefix);
            buffer.extend_from_slice(&message);
            count = count.saturating_add(1);
        }
        count
    }

    /// Bytes that wait, with overheads.
    #[must_use]
    pub const fn charged(&self) -> usize {
        self.charged
    }

    /// How many messages gave way to newer ones.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
