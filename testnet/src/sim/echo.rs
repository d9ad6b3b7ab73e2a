//! Votes, proposals and certificates that were heard, kept to be said again: they are public, and anybody may.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use replica::wire::Message;

use super::lots::Lots;

/// Messages kept; the oldest go first.
const KEPT_MAX: usize = 4_096;

/// A record of what was said.
#[derive(Default)]
pub(crate) struct Echo {
    /// With whether a criminal said it.
    said: VecDeque<(Arc<[u8]>, bool)>,
    known: BTreeSet<Arc<[u8]>>,
}

impl Echo {
    /// Keeps a message, once.
    pub(crate) fn record(&mut self, message: &Message, bytes: &[u8], by_criminal: bool) {
        if !matches!(message, Message::Vote(_) | Message::Proposal(_) | Message::Certificate(_)) {
            return;
        }
        let bytes: Arc<[u8]> = bytes.into();
        if self.known.insert(bytes.clone()) {
            self.said.push_back((bytes, by_criminal));
        }
        if self.said.len() > KEPT_MAX
            && let Some((oldest, _)) = self.said.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// One of them, and whether it is a criminal's: as often from the newest few as from all.
    pub(crate) fn any(&self, lots: &mut Lots) -> Option<(Arc<[u8]>, bool)> {
        if self.said.is_empty() {
            return None;
        }
        let newest = self.said.len().min(32);
        let back = if lots.chance(500) { lots.place(newest) } else { lots.place(self.said.len()) };
        self.said.get(self.said.len() - 1 - back).cloned()
    }
}
