//! Proving a long run of blocks that became final with a descendant: headers first, then the bodies.
//!
//! A finalization proves its block and all ancestors. Where so many lie between that no answer holds them all, headers are
//! asked for from the certified block downwards, each known by the hash that its child names: who answers can leave out, and
//! cannot invent. What stays is a hash for each height; blocks that come later are compared with it. Of a run that is
//! longer than what is kept the lowest part stays, and the walk begins anew above it. This file must not know peers.

use std::collections::VecDeque;

use types::{Certificate, Hash32, Header, Height};

use crate::job::Path;

/// Hashes that are kept: 8 MiB.
pub(crate) const HASHES_MAX: usize = 256 * 1024;

/// How far a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// On its way.
    On,
    /// At the newest final block here, from which the way up is known.
    Done,
    /// The headers are not those that were asked for: whoever gave them is to blame.
    Astray,
    /// The certified block does not lie above the newest final one here: nothing is to be gained.
    Idle,
}

/// The hashes between the newest final block here and one that is certified.
#[derive(Debug)]
pub(crate) struct Trail {
    certificate: Certificate,
    /// The hash of the header that is wanted next.
    wanted: Hash32,
    /// Lowest first.
    hashes: VecDeque<Hash32>,
    /// The height of the first of them.
    lowest: Height,
    is_done: bool,
    hashes_max: usize,
}

impl Trail {
    /// Begins at the block of a finalization that was verified.
    pub(crate) fn new(certificate: Certificate) -> Self {
        Self::bounded(certificate, HASHES_MAX)
    }

    fn bounded(certificate: Certificate, hashes_max: usize) -> Self {
        let wanted = certificate.statement.block;
        Self { certificate, wanted, hashes: VecDeque::new(), lowest: Height::ZERO, is_done: false, hashes_max }
    }

    /// The hash of the next header downwards, until the walk is done.
    pub(crate) fn wanted(&self) -> Option<Hash32> {
        (!self.is_done).then_some(self.wanted)
    }

    /// Headers downwards from the wanted one, given the hash and height of the newest final block here.
    pub(crate) fn walk(&mut self, headers: &[Header], (tip, tip_height): (Hash32, Height)) -> Walk {
        for header in headers {
            if crypto::ids::header_hash(header) != self.wanted {
                return Walk::Astray;
            }
            let follows = self.hashes.is_empty() || header.height.checked_add(1) == Some(self.lowest);
            if !follows || header.height <= tip_height {
                return Walk::Idle;
            }
            if self.hashes.len() >= self.hashes_max {
                self.hashes.pop_back();
            }
            self.hashes.push_front(self.wanted);
            self.lowest = header.height;
            self.wanted = header.parent;
            // The newest final block here may have come up to meet the walk.
            if header.parent == tip || header.height <= tip_height.next() {
                self.is_done = header.parent == tip;
                return if self.is_done { Walk::Done } else { Walk::Idle };
            }
        }
        Walk::On
    }

    /// The highest height whose hash is known; a certificate proves it.
    pub(crate) fn highest(&self) -> Height {
        let last = self.hashes.len().saturating_sub(1) as u64;
        if self.hashes.is_empty() { Height::ZERO } else { self.lowest.saturating_add(last) }
    }

    /// What is known from a height on, at most so many hashes; nothing while the walk is on or beyond its end.
    pub(crate) fn path(&self, from: Height, count: usize) -> Option<Path> {
        let place = usize::try_from(from.0.checked_sub(self.lowest.0)?).ok()?;
        let hashes: Vec<Hash32> = self.hashes.iter().skip(place).take(count).copied().collect();
        (self.is_done && !hashes.is_empty()).then(|| Path { certificate: self.certificate.clone(), hashes })
    }
}

#[cfg(test)]
mod tests;
