//! The header that machines hash: 80 bytes, as in Bitcoin.
//!
//! It must not know whether a header is right; any 80 bytes are one. Invariant: reading and writing are inverse.

use crate::bytes::place;
use crate::{CompactBits, sha256d};

/// A work header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkHeader {
    /// Free bits for the miner, by BIP310 rolled within a mask.
    pub version: u32,
    /// The hash of the work before, as it came out of the hash.
    pub previous: [u8; 32],
    /// Commits to the coinbase.
    pub merkle_root: [u8; 32],
    /// The miner's clock, seconds since 1970.
    pub time: u32,
    /// The target it claims.
    pub bits: CompactBits,
    /// What machines try.
    pub nonce: u32,
}

impl WorkHeader {
    /// Length in bytes.
    pub const LENGTH: usize = 80;

    /// The bytes that are hashed.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let rest = place(&mut bytes, self.version.to_le_bytes());
        let rest = place(rest, self.previous);
        let rest = place(rest, self.merkle_root);
        let rest = place(rest, self.time.to_le_bytes());
        let rest = place(rest, self.bits.0.to_le_bytes());
        place(rest, self.nonce.to_le_bytes());
        bytes
    }

    /// Reads the bytes that are hashed.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        let (version, rest) = split::<4>(bytes);
        let (previous, rest) = split::<32>(rest);
        let (merkle_root, rest) = split::<32>(rest);
        let (time, rest) = split::<4>(rest);
        let (bits, rest) = split::<4>(rest);
        let (nonce, _) = split::<4>(rest);
        Self {
            version: u32::from_le_bytes(version),
            previous,
            merkle_root,
            time: u32::from_le_bytes(time),
            bits: CompactBits(u32::from_le_bytes(bits)),
            nonce: u32::from_le_bytes(nonce),
        }
    }

    /// SHA-256d of the bytes.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256d(&self.to_bytes())
    }
}

fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (head, rest) = bytes.split_first_chunk().expect("the fields of a header are 80 bytes together");
    (*head, rest)
}
