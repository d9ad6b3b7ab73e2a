//! How much work the hooks of a block may still do.
//!
//! It must not know what the work is.

use types::Weight;

/// What a hook may still spend in this block; what it cannot do now waits for the next block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// A budget of so much weight.
    #[must_use]
    pub const fn new(weight: Weight) -> Self {
        Self { left: weight.0 }
    }

    /// Whether the weight could be taken; if not, nothing is taken.
    pub const fn take(&mut self, weight: Weight) -> bool {
        match self.left.checked_sub(weight.0) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}
