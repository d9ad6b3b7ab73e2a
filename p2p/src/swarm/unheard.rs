//! Transactions that were published while nobody listened: they are published again as soon as somebody does.
//!
//! What agreement says is of use at once or never, so only what waits for a block is kept. It must not know topics nor peers.
//! Invariant: no more than [`BYTES_MAX`] are kept; the oldest give way.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::channels::Channel;

/// Most bytes that are kept.
pub(super) const BYTES_MAX: usize = 1024 * 1024;
/// What one costs beside its bytes.
const ENTRY_BYTES: usize = 64;

/// What nobody has heard.
#[derive(Debug, Default)]
pub(super) struct Unheard {
    waiting: VecDeque<(Channel, Arc<[u8]>)>,
    bytes: usize,
}

impl Unheard {
    /// Keeps a message that nobody has heard, if it may be of use later.
    pub(super) fn keep(&mut self, channel: Channel, bytes: &[u8]) {
        if !matches!(channel, Channel::Transactions | Channel::Module(_)) {
            return;
        }
        let is_known = self.waiting.iter().any(|(other, known)| *other == channel && **known == *bytes);
        if is_known || cost(bytes) > BYTES_MAX {
            return;
        }
        self.bytes = self.bytes.saturating_add(cost(bytes));
        self.waiting.push_back((channel, Arc::from(bytes)));
        while self.bytes > BYTES_MAX {
            let Some((_, oldest)) = self.waiting.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(cost(&oldest));
        }
    }

    /// Everything that is kept, the oldest first; what is still not heard is given back.
    pub(super) fn take(&mut self) -> VecDeque<(Channel, Arc<[u8]>)> {
        self.bytes = 0;
        std::mem::take(&mut self.waiting)
    }
}

fn cost(bytes: &[u8]) -> usize {
    bytes.len().saturating_add(ENTRY_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HB8
    #[test]
    fn what_nobody_heard_is_kept_once_within_its_bound_and_votes_are_not() {
        let mut unheard = Unheard::default();
        unheard.keep(Channel::Consensus, b"vote");
        assert!(unheard.take().is_empty());
        for _ in 0..2 {
            unheard.keep(Channel::Transactions, b"one");
            unheard.keep(Channel::Transactions, b"two");
        }
        let kept = unheard.take();
        assert_eq!(kept.iter().map(|(_, bytes)| &**bytes).collect::<Vec<_>>(), [b"one", b"two"]);
        for number in 0..1_000_u32 {
            let mut large = vec![0; 16 * 1024];
            large[..4].copy_from_slice(&number.to_le_bytes());
            unheard.keep(Channel::Transactions, &large);
            assert!(unheard.bytes <= BYTES_MAX);
        }
        unheard.keep(Channel::Transactions, &vec![1; BYTES_MAX]);
        let kept = unheard.take();
        assert!(kept.len() > 50 && kept.back().expect("the newest").1[..4] == 999_u32.to_le_bytes());
        assert_eq!(unheard.bytes, 0);
    }
}
