//! Random numbers for credentials, drawn from the system's random bytes of this start.
//!
//! It must not know what they are for. Invariant: no block is drawn twice.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::Mac;
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::examiner::keys::{Key, hmac};

/// The bytes to draw from.
pub(super) struct Drawn {
    key: Key,
    draws: AtomicU64,
}

impl Drawn {
    pub(super) const fn new(key: Key) -> Self {
        Self { key, draws: AtomicU64::new(0) }
    }

    /// Numbers that nobody else is given.
    pub(super) fn begin(&self) -> Drawing<'_> {
        Drawing { key: &self.key, draw: self.draws.fetch_add(1, Ordering::Relaxed), block: 0 }
    }
}

/// One stream of numbers: HMAC-SHA-256 of its number and of a block's.
pub(super) struct Drawing<'a> {
    key: &'a Key,
    draw: u64,
    block: u64,
}

impl TryRng for Drawing<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(32) {
            let place = [self.draw.to_le_bytes(), self.block.to_le_bytes()].concat();
            self.block = self.block.wrapping_add(1);
            let block: Zeroizing<[u8; 32]> =
                Zeroizing::new(hmac(self.key.as_slice(), &place).finalize().into_bytes().into());
            part.copy_from_slice(block.split_at(part.len()).0);
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawing<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_block_is_drawn_twice() {
        let drawn = Drawn::new(Key::new([7; 32]));
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..4 {
            let mut drawing = drawn.begin();
            for _ in 0..4 {
                let mut bytes = [0; 64];
                drawing.try_fill_bytes(&mut bytes).expect("it gives for ever");
                assert!(bytes.chunks(32).all(|block| seen.insert(block.to_vec())));
            }
        }
        assert_eq!(seen.len(), 32);
    }
}
