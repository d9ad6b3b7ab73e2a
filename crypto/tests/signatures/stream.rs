//! Bytes that look random and are the same in every run.

use crypto::hash::sha256;

/// A stream of bytes that follows from its name.
pub struct Stream {
    name: &'static str,
    drawn: u64,
}

impl Stream {
    pub const fn new(name: &'static str) -> Self {
        Self { name, drawn: 0 }
    }

    /// The next `LENGTH` bytes.
    pub fn bytes<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        for block in bytes.chunks_mut(32) {
            self.drawn += 1;
            let digest = sha256(&[self.name.as_bytes(), &self.drawn.to_le_bytes()].concat());
            block.copy_from_slice(&digest[..block.len()]);
        }
        bytes
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = u64::from_le_bytes(self.bytes());
        usize::try_from(number % u64::try_from(bound).expect("64 bits")).expect("below a usize")
    }

    /// The same bytes with one bit flipped.
    pub fn flip<const LENGTH: usize>(&mut self, mut bytes: [u8; LENGTH]) -> [u8; LENGTH] {
        let bit = self.below(LENGTH * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    }
}
