//! Transactions that were published while nobody listened: they are published again as soon as somebody does.
//!
//! What agreement says is of use at once or never, so only what waits for a block is kept. It must not know topics nor peers.
//! Invariants: no more than [`BYTES_MAX`] are kept, and the oldest give way; so few are given at once that a single listener's queue
//! has room for them, and the rest follows.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::channels::Channel;

/// Most bytes that are kept.
pub(super) const BYTES_MAX: usize = 1024 * 1024;
/// What one costs beside its bytes.
const ENTRY_BYTES: usize = 64;
/// So many are published at once: a quarter of what may wait for one peer.
const BATCH: usize = super::gossip::QUEUE_LENGTH / 4;
/// Between two batches.
const PAUSE_MS: u64 = 100;

/// A message that nobody has heard.
#[derive(Debug)]
struct Message {
    channel: Channel,
    bytes: Arc<[u8]>,
    /// Before this the network takes it for one that was published already.
    from_ms: u64,
}

/// What nobody has heard.
#[derive(Debug, Default)]
pub(super) struct Unheard {
    waiting: VecDeque<Message>,
    bytes: usize,
    /// The channels on which somebody listens, as far as is known.
    heard: BTreeSet<Channel>,
    /// The next batch comes no earlier.
    batch_ms: u64,
    due_ms: Option<u64>,
}

impl Unheard {
    /// Keeps a message that nobody listened to, if it may be of use later.
    pub(super) fn keep(&mut self, channel: Channel, bytes: &[u8]) {
        self.heard.remove(&channel);
        self.put(channel, bytes, 0);
    }

    /// Keeps a message for which nobody who listens had room.
    pub(super) fn keep_until(&mut self, channel: Channel, bytes: &[u8], from_ms: u64) {
        self.heard.insert(channel);
        self.put(channel, bytes, from_ms);
    }

    fn put(&mut self, channel: Channel, bytes: &[u8], from_ms: u64) {
        if !matches!(channel, Channel::Transactions | Channel::Module(_)) {
            return;
        }
        let is_known = self.waiting.iter().any(|known| known.channel == channel && *known.bytes == *bytes);
        if !is_known && cost(bytes) <= BYTES_MAX {
            self.bytes = self.bytes.saturating_add(cost(bytes));
            self.waiting.push_back(Message { channel, bytes: Arc::from(bytes), from_ms });
        }
        while self.bytes > BYTES_MAX {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(cost(&oldest.bytes));
        }
        self.schedule();
    }

    /// Somebody listens on a channel.
    pub(super) fn listens(&mut self, channel: Channel) {
        if self.heard.insert(channel) {
            self.schedule();
        }
    }

    /// When the next batch is due.
    pub(super) const fn due_ms(&self) -> Option<u64> {
        self.due_ms
    }

    /// What is due on channels on which somebody listens, the oldest first. What is still not heard is given back.
    pub(super) fn take(&mut self, now_ms: u64) -> Vec<(Channel, Arc<[u8]>)> {
        if self.due_ms.is_none_or(|due_ms| due_ms > now_ms) {
            return Vec::new();
        }
        let (mut taken, mut rest) = (Vec::new(), VecDeque::new());
        for message in std::mem::take(&mut self.waiting) {
            let is_due = message.from_ms <= now_ms && self.heard.contains(&message.channel);
            if is_due && taken.len() < BATCH {
                self.bytes = self.bytes.saturating_sub(cost(&message.bytes));
                taken.push((message.channel, message.bytes));
            } else {
                rest.push_back(message);
            }
        }
        self.waiting = rest;
        self.batch_ms = now_ms.saturating_add(PAUSE_MS);
        self.schedule();
        taken
    }

    fn schedule(&mut self) {
        let heard = self.waiting.iter().filter(|message| self.heard.contains(&message.channel));
        self.due_ms = heard.map(|message| message.from_ms.max(self.batch_ms)).min();
    }
}

fn cost(bytes: &[u8]) -> usize {
    bytes.len().saturating_add(ENTRY_BYTES)
}

#[cfg(test)]
mod tests {
    use types::ModuleId;

    use super::*;

    /// All that is given to somebody who listens, batch by batch.
    fn all(unheard: &mut Unheard, channel: Channel) -> Vec<Arc<[u8]>> {
        unheard.listens(channel);
        let mut all = Vec::new();
        while let Some(due_ms) = unheard.due_ms() {
            all.extend(unheard.take(due_ms).into_iter().map(|(_, bytes)| bytes));
        }
        all
    }

    // FAULTS HB8
    #[test]
    fn what_nobody_heard_is_kept_once_within_its_bound_and_votes_are_not() {
        let mut unheard = Unheard::default();
        unheard.keep(Channel::Consensus, b"vote");
        assert!(all(&mut unheard, Channel::Consensus).is_empty());
        for _ in 0..2 {
            unheard.keep(Channel::Transactions, b"one");
            unheard.keep(Channel::Transactions, b"two");
        }
        let kept = all(&mut unheard, Channel::Transactions);
        assert_eq!(kept.iter().map(|bytes| &**bytes).collect::<Vec<_>>(), [b"one", b"two"]);
        for number in 0..1_000_u32 {
            let mut large = vec![0; 16 * 1024];
            large[..4].copy_from_slice(&number.to_le_bytes());
            unheard.keep(Channel::Transactions, &large);
            assert!(unheard.bytes <= BYTES_MAX);
        }
        unheard.keep(Channel::Transactions, &vec![1; BYTES_MAX]);
        let kept = all(&mut unheard, Channel::Transactions);
        assert!(kept.len() > 50 && kept.last().expect("the newest")[..4] == 999_u32.to_le_bytes());
        assert_eq!((unheard.bytes, unheard.waiting.len()), (0, 0));
    }

    // FAULTS HB8
    #[test]
    fn so_many_leave_at_once_as_one_listener_has_room_for_and_only_where_somebody_listens() {
        let mut unheard = Unheard::default();
        let module = Channel::Module(ModuleId(7));
        for number in 0..3 * BATCH as u32 {
            unheard.keep(Channel::Transactions, &number.to_le_bytes());
        }
        unheard.keep(module, b"proof");
        assert_eq!((unheard.due_ms(), unheard.take(1_000).len()), (None, 0), "nobody listens");
        unheard.listens(Channel::Transactions);
        let mut order = Vec::new();
        for now_ms in [1_000, 1_000 + PAUSE_MS, 1_000 + 2 * PAUSE_MS] {
            assert!(unheard.due_ms().is_some_and(|due_ms| due_ms <= now_ms));
            let batch = unheard.take(now_ms);
            assert_eq!((batch.len(), unheard.take(now_ms + 1).len()), (BATCH, 0));
            order.extend(batch.into_iter().map(|(_, bytes)| u32::from_le_bytes((*bytes).try_into().expect("four"))));
        }
        assert_eq!(order, (0..3 * BATCH as u32).collect::<Vec<_>>(), "the oldest first");
        assert_eq!((unheard.due_ms(), unheard.waiting.len()), (None, 1), "nobody listens to the module");
        // Whoever listened is gone: it waits for the next.
        unheard.keep(Channel::Transactions, b"late");
        assert_eq!(unheard.due_ms(), None);
        // Nobody had room: once more when the network does not take it for the same any more.
        unheard.keep_until(Channel::Transactions, b"full", 9_000);
        assert_eq!(unheard.take(8_999), [(Channel::Transactions, Arc::from(&b"late"[..]))]);
        assert_eq!(unheard.take(8_999 + PAUSE_MS), [(Channel::Transactions, Arc::from(&b"full"[..]))]);
    }
}
