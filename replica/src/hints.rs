//! Which sketches are taken, and how long what came of them is kept.
//!
//! A sketch is a hint until its leader's vote comes: it is taken of the leader of a view that can still matter, for a height that
//! the view can have, and what came of it goes with its view unless somebody vouched for the block by then. It must not know
//! how bodies are made. Invariant: hints are bounded in bytes, together and per view, and so per leader.

use std::collections::BTreeMap;

use types::{Hash32, Header, PeerKey, View};

use crate::replica::Replica;

/// Views ahead of the present one whose sketches are taken.
const VIEWS_AHEAD_MAX: u64 = 2;
/// Blocks that may be missing here between the newest certified one and a sketch's parent.
const HEIGHTS_AHEAD_MAX: u64 = 8;
/// Sketches taken per view: an honest leader sends one.
const PER_VIEW_MAX: usize = 2;
/// Most bytes of bodies that hints may stand for: a full block for each view that can matter, and one more.
pub(crate) const HINT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A hint that was taken.
#[derive(Clone, Copy, Debug)]
struct Hint {
    block: Hash32,
    /// Bytes of the body, as far as they are known.
    bytes: usize,
}

/// Hints of views that can still matter.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    taken: BTreeMap<View, Vec<Hint>>,
}

impl Hints {
    /// Bytes of the bodies that hints stand for.
    pub(crate) fn bytes(&self) -> usize {
        self.taken.values().flatten().fold(0, |sum, hint| sum.saturating_add(hint.bytes))
    }

    /// Takes a hint, if there is room for it; says whether there was.
    fn take(&mut self, view: View, hint: Hint) -> bool {
        let room = HINT_BYTES_MAX.saturating_sub(self.bytes());
        let of_view = self.taken.entry(view).or_default();
        let fits = of_view.len() < PER_VIEW_MAX && hint.bytes <= room;
        if fits {
            of_view.push(hint);
        }
        fits
    }

    /// Charges a hint with more bytes, if there is room for them; says whether there was.
    pub(crate) fn grow(&mut self, view: View, block: &Hash32, bytes: usize) -> bool {
        let fits = bytes <= HINT_BYTES_MAX.saturating_sub(self.bytes());
        let hint = self.taken.get_mut(&view).and_then(|hints| hints.iter_mut().find(|hint| hint.block == *block));
        match hint.filter(|_| fits) {
            Some(hint) => {
                hint.bytes = hint.bytes.saturating_add(bytes);
                true
            }
            None => false,
        }
    }

    /// Takes out the blocks of views before this one.
    fn before(&mut self, view: View) -> Vec<Hash32> {
        let kept = self.taken.split_off(&view);
        std::mem::replace(&mut self.taken, kept).into_values().flatten().map(|hint| hint.block).collect()
    }
}

impl Replica {
    /// Whether a sketch is one that its leader sends ahead, the first or second of its view, and there is room.
    pub(crate) fn take_hint(&mut self, from: PeerKey, block: Hash32, header: &Header, bytes: usize) -> bool {
        let leader = self.engine.leader(header.view);
        let from_leader = self.set.get(leader).is_some_and(|leader| leader.peer == from);
        let views = self.view..=self.view.saturating_add(VIEWS_AHEAD_MAX);
        let newest = self.newest_certified();
        let newest = self.chain.entry(&newest).map_or(self.chain.tip().header.height, |entry| entry.header.height);
        let highest = newest.saturating_add(VIEWS_AHEAD_MAX).saturating_add(HEIGHTS_AHEAD_MAX);
        let is_near = header.epoch == self.epoch && views.contains(&header.view) && header.height <= highest;
        from_leader && is_near && self.hints.take(header.view, Hint { block, bytes })
    }

    /// The views before this one are over: what came of their sketches goes, unless somebody vouched for it.
    pub(crate) fn drop_hints(&mut self, view: View) {
        self.drafts.retain(|_, draft| draft.view() >= view);
        for block in self.hints.before(view) {
            if !self.is_vouched(&block) {
                self.chain.forget(&block);
            }
        }
    }

    /// Whether anybody but a sketch speaks for a block.
    pub(crate) fn is_vouched(&self, block: &Hash32) -> bool {
        let in_chain =
            self.chain.entry(block).is_some_and(|entry| entry.vouched || entry.logged || entry.valid.is_some());
        in_chain || self.certified.contains(block) || self.awaited.contains(block) || self.fetch.is_wanted(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(number: u8, bytes: usize) -> Hint {
        Hint { block: Hash32([number; 32]), bytes }
    }

    // FAULTS HB5, HB7
    #[test]
    fn hints_are_bounded_in_bytes_and_go_with_their_views() {
        const BODY: usize = 4 * 1024 * 1024;
        let mut hints = Hints::default();
        let taken = (0..9).filter(|number| hints.take(View(u64::from(number / 3)), hint(*number, BODY))).count();
        assert_eq!((taken, hints.bytes()), (4, HINT_BYTES_MAX));
        assert!(!hints.take(View(2), hint(8, 1)));
        assert_eq!(hints.before(View(1)), [Hash32([0; 32]), Hash32([1; 32])]);
        assert!(hints.take(View(2), hint(8, BODY)), "the view's own");
        assert!(!hints.take(View(3), hint(9, 2 * BODY)));
        assert!(hints.grow(View(2), &Hash32([8; 32]), BODY) && !hints.grow(View(2), &Hash32([8; 32]), 1));
        assert_eq!(hints.bytes(), HINT_BYTES_MAX);
        assert_eq!(hints.before(View::MAX).len(), 3);
        assert_eq!(hints.bytes(), 0);
    }
}
