//! Shows the final chain to a checker that a trial brings: each block once, in the order of heights, as soon as the first honest
//! node has stored it.

use types::Height;

use super::super::simulated::ChainChecker;
use super::{Checker, Sighting};

pub(super) struct Chain {
    checker: Box<dyn ChainChecker>,
    height: Height,
}

impl Chain {
    pub(super) fn new(checker: Box<dyn ChainChecker>) -> Self {
        Self { checker, height: Height::ZERO }
    }
}

impl Checker for Chain {
    fn property(&self) -> &'static str {
        self.checker.property()
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        match sighting {
            Sighting::Commit { block, .. } if block.header.height == self.height.next() => {
                self.height = block.header.height;
                self.checker.block(block)
            }
            _ => Ok(()),
        }
    }
}
