//! The nonces that the chain has passed with what an outbox knows of.
//!
//! It must not know deeds. Invariant: what is not known here was used by somebody else, or has not been used.

use std::collections::BTreeSet;

use types::Nonce;

/// The nonces.
#[derive(Clone, Debug, Default)]
pub(super) struct Passed {
    /// All below.
    below: Nonce,
    /// Those above; between them are others. As many as deeds can be under way when somebody else uses the key.
    above: BTreeSet<Nonce>,
}

impl Passed {
    /// All below are known.
    pub(super) const fn below(&self) -> Nonce {
        self.below
    }

    /// Those above [`Self::below`] that are known.
    pub(super) fn above(&self) -> impl DoubleEndedIterator<Item = Nonce> {
        self.above.iter().copied()
    }

    /// The nonce after the highest.
    pub(super) fn known(&self) -> Nonce {
        self.above.last().map_or(self.below, |highest| after(*highest))
    }

    /// The lowest that is neither known nor one of these.
    pub(super) fn first_unknown(&self, own: impl Iterator<Item = Nonce>) -> Nonce {
        let own: BTreeSet<Nonce> = own.chain(self.above()).collect();
        own.range(self.below..).fold(self.below, |next, nonce| if *nonce == next { after(next) } else { next })
    }

    /// The chain has passed this one.
    pub(super) fn add(&mut self, nonce: Nonce) {
        if nonce >= self.below {
            self.above.insert(nonce);
            self.rise();
        }
    }

    /// The chain has passed all below this one, and whoever used them is known.
    pub(super) fn add_below(&mut self, nonce: Nonce) {
        self.below = self.below.max(nonce);
        self.above.retain(|above| *above >= self.below);
        self.rise();
    }

    fn rise(&mut self) {
        while self.above.remove(&self.below) {
            self.below = after(self.below);
        }
    }
}

pub(super) const fn after(nonce: Nonce) -> Nonce {
    Nonce(nonce.0.saturating_add(1))
}
