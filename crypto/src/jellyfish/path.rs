//! Where a page stands: the half bytes that lead to it from the root.
//!
//! It must not know what a page holds. Invariants: one byte encoding per path, and the order of paths is the order of their
//! encodings: shorter first, so that the few pages near the root, which every update touches, lie next to each other on disk.

use core::fmt;

use super::EncodingError;
use super::hash::KeyHash;

/// Nibbles of the longest path: two different key hashes part at the 64th nibble at the latest.
const NIBBLES_MAX: u8 = 63;

/// Bytes of the longest encoding of a [`PagePath`].
pub const PATH_BYTES_MAX: usize = 33;

/// Place of a page in the tree. Its bytes are the number of nibbles, then the nibbles, two to a byte, high half first, the last
/// byte filled with zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PagePath {
    /// The encoding, followed by zeros.
    bytes: [u8; PATH_BYTES_MAX],
}

impl PagePath {
    /// Path of the page at the top of the tree.
    pub const ROOT: Self = Self { bytes: [0; PATH_BYTES_MAX] };

    /// The one encoding of this path, for use as a key in a store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..encoded_len(self.nibble_count())).expect("a path fits its array")
    }

    /// Reads what [`PagePath::as_bytes`] gave.
    ///
    /// # Errors
    /// Anything but the one encoding of a path of at most 63 nibbles.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncodingError> {
        let Some(&nibbles) = bytes.first() else {
            return Err(EncodingError::Length { want: 1, got: 0 });
        };
        if nibbles > NIBBLES_MAX {
            return Err(EncodingError::PathTooLong { nibbles: usize::from(nibbles) });
        }
        let want = encoded_len(usize::from(nibbles));
        if bytes.len() != want {
            return Err(EncodingError::Length { want, got: bytes.len() });
        }
        if nibbles % 2 == 1 && bytes.last().is_some_and(|last| last & 0x0f != 0) {
            return Err(EncodingError::Padding);
        }
        let mut path = Self::ROOT;
        for (to, from) in path.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(path)
    }

    /// Nibbles between the root and this page: 0 to 63.
    #[must_use]
    pub fn nibble_count(&self) -> usize {
        let [count, ..] = self.bytes;
        usize::from(count)
    }

    /// Binary levels between the root and a slot of the page here.
    pub(super) fn slot_depth(&self) -> usize {
        self.nibble_count().saturating_add(1).saturating_mul(4)
    }

    /// Whether the keys that begin like `key_hash` pass this page.
    #[must_use]
    pub fn leads_to(&self, key_hash: &KeyHash) -> bool {
        (0..self.nibble_count()).all(|index| self.nibble(index) == key_hash.nibble(index))
    }

    /// Path of the page below slot `nibble` of this page.
    pub(super) fn child(&self, nibble: u8) -> Self {
        let count = self.nibble_count();
        assert!(count < usize::from(NIBBLES_MAX), "different key hashes part within 64 nibbles");
        let mut child = *self;
        let [stored_count, nibbles @ ..] = &mut child.bytes;
        let byte = nibbles.get_mut(count >> 1).expect("63 nibbles fit 32 bytes");
        *byte |= if count & 1 == 0 { nibble << 4 } else { nibble & 0x0f };
        *stored_count = stored_count.saturating_add(1);
        child
    }

    fn nibble(&self, index: usize) -> u8 {
        let [_, nibbles @ ..] = &self.bytes;
        let byte = nibbles.get(index >> 1).expect("a path has at most 63 nibbles");
        if index & 1 == 0 { byte >> 4 } else { byte & 0x0f }
    }
}

impl AsRef<[u8]> for PagePath {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// Bytes of a path of `nibbles` nibbles.
const fn encoded_len(nibbles: usize) -> usize {
    nibbles.div_ceil(2).saturating_add(1)
}

impl fmt::Debug for PagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PagePath(")?;
        for index in 0..self.nibble_count() {
            write!(f, "{:x}", self.nibble(index))?;
        }
        write!(f, ")")
    }
}
