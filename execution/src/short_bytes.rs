//! Bytes that need no memory of their own while they are short: keys and values of the state.
//!
//! They must not know what they mean. Invariant: equality and order are those of the bytes, wherever they are kept.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::Deref;

use borsh::{BorshSerialize, io};

/// So many bytes are kept in place: a balance's key has 31, an account's record 24.
const IN_PLACE_MAX: usize = 38;

/// A byte string; up to 38 bytes are kept in place.
#[derive(Clone)]
pub struct ShortBytes(Kept);

#[derive(Clone)]
enum Kept {
    InPlace { length: u8, bytes: [u8; IN_PLACE_MAX] },
    Apart(Box<[u8]>),
}

const EMPTY: Kept = Kept::InPlace { length: 0, bytes: [0; IN_PLACE_MAX] };

impl ShortBytes {
    /// The canonical bytes of a value.
    pub(crate) fn of(value: &impl BorshSerialize) -> Self {
        let mut writer = Writer::InPlace { length: 0, bytes: [0; IN_PLACE_MAX] };
        value.serialize(&mut writer).expect("writing to memory cannot fail");
        match writer {
            Writer::InPlace { length, bytes } => {
                Self(Kept::InPlace { length: u8::try_from(length).expect("what is kept in place is short"), bytes })
            }
            Writer::Apart(bytes) => Self::from(bytes),
        }
    }

    /// Two parts as one.
    pub(crate) fn joined(head: &[u8], tail: &[u8]) -> Self {
        let length = head.len().saturating_add(tail.len());
        let mut bytes = [0; IN_PLACE_MAX];
        let places = bytes.get_mut(..length).and_then(|place| place.split_at_mut_checked(head.len()));
        let Some((first, second)) = places else { return Self::from([head, tail].concat()) };
        first.copy_from_slice(head);
        second.copy_from_slice(tail);
        Self(Kept::InPlace { length: u8::try_from(length).expect("what is kept in place is short"), bytes })
    }

    /// The bytes.
    #[must_use]
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Kept::InPlace { length, bytes } => {
                bytes.get(..usize::from(*length)).expect("what is kept in place has a length that fits there")
            }
            Kept::Apart(bytes) => bytes,
        }
    }
}

impl Default for ShortBytes {
    fn default() -> Self {
        Self(EMPTY)
    }
}

impl From<&[u8]> for ShortBytes {
    #[inline]
    fn from(given: &[u8]) -> Self {
        let mut bytes = [0; IN_PLACE_MAX];
        match bytes.get_mut(..given.len()) {
            Some(place) => {
                place.copy_from_slice(given);
                let length = u8::try_from(given.len()).expect("what is kept in place is short");
                Self(Kept::InPlace { length, bytes })
            }
            None => Self(Kept::Apart(given.into())),
        }
    }
}

impl From<Vec<u8>> for ShortBytes {
    fn from(given: Vec<u8>) -> Self {
        if given.len() > IN_PLACE_MAX {
            Self(Kept::Apart(given.into_boxed_slice()))
        } else {
            Self::from(given.as_slice())
        }
    }
}

impl From<ShortBytes> for Vec<u8> {
    fn from(bytes: ShortBytes) -> Self {
        match bytes.0 {
            Kept::InPlace { .. } => bytes.as_slice().to_vec(),
            Kept::Apart(bytes) => bytes.into_vec(),
        }
    }
}

impl Deref for ShortBytes {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for ShortBytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Borrow<[u8]> for ShortBytes {
    #[inline]
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for ShortBytes {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for ShortBytes {}

impl PartialOrd for ShortBytes {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ShortBytes {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl std::hash::Hash for ShortBytes {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl std::fmt::Debug for ShortBytes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_slice().fmt(formatter)
    }
}

/// Collects what is serialized, in place as long as it fits.
enum Writer {
    InPlace { length: usize, bytes: [u8; IN_PLACE_MAX] },
    Apart(Vec<u8>),
}

impl io::Write for Writer {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if let Self::InPlace { length, bytes } = self {
            let end = length.saturating_add(more.len());
            if let Some(place) = bytes.get_mut(*length..end) {
                place.copy_from_slice(more);
                *length = end;
                return Ok(more.len());
            }
            let so_far = bytes.get(..*length).expect("the length never passes what is kept in place");
            *self = Self::Apart(so_far.to_vec());
        }
        if let Self::Apart(bytes) = self {
            bytes.extend_from_slice(more);
        }
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_every_length_read_back_whether_given_copied_or_serialized() {
        for length in 0..100_usize {
            let bytes: Vec<u8> = (0..length).map(|place| u8::try_from(place).expect("below 100")).collect();
            assert_eq!(&*ShortBytes::from(bytes.as_slice()), bytes.as_slice());
            assert_eq!(Vec::from(ShortBytes::from(bytes.clone())), bytes);
            let serialized = ShortBytes::of(&bytes);
            assert_eq!(&*serialized, borsh::to_vec(&bytes).expect("memory").as_slice());
            assert_eq!(ShortBytes::from(bytes.clone()), ShortBytes::from(bytes.as_slice()));
            let (head, tail) = bytes.split_at(length / 3);
            assert_eq!(ShortBytes::joined(head, tail), ShortBytes::from(bytes.clone()));
        }
    }

    #[test]
    fn the_order_is_that_of_the_bytes_wherever_they_are_kept() {
        let short = ShortBytes::from([2_u8; 3].as_slice());
        let long = ShortBytes::from(vec![1_u8; 90]);
        assert!(long < short);
        assert!(ShortBytes::from([1_u8; 3].as_slice()) < long);
        assert_ne!(short, long);
    }
}
