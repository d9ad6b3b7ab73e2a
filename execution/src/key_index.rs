//! Where the entry of a key stands in a list: a hash table that no choice of keys makes slow.
//!
//! It must not know the entries; the caller compares keys. Invariants: a search looks at no more than [`PROBES_MAX`] places and then
//! at an ordered map; nothing here decides an order that others see.

use std::collections::BTreeMap;

use crate::short_bytes::ShortBytes;

/// So many places are looked at; what finds none of them free goes into the ordered map. Whoever grinds keys whose hashes
/// collide gets the ordered map, not a long walk.
const PROBES_MAX: usize = 16;

/// An index begins with so many places.
const PLACES_MIN: usize = 64;

/// The hash of a key, by which indexes find it.
#[derive(Clone, Copy)]
pub(crate) struct KeyHash(u64);

impl KeyHash {
    /// Spreads the bytes of a key over 64 bits. It resists no attack; see [`PROBES_MAX`].
    pub(crate) fn of(key: &[u8]) -> Self {
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(MULTIPLIER).rotate_left(29);
        let (words, rest) = key.as_chunks::<8>();
        let hash = words.iter().fold(key.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
        let hash = match key.last_chunk::<8>() {
            Some(last) => mix(hash, u64::from_le_bytes(*last)),
            None => rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte))),
        };
        Self(hash ^ (hash >> 32))
    }

    /// What is compared before the key is. Never zero, which marks a free place.
    fn mark(self) -> u32 {
        u32::try_from(self.0 >> 32).expect("the upper half of 64 bits") | 1
    }
}

/// A taken place: the mark of the key and where its entry stands. A mark of zero is a free one.
#[derive(Clone, Copy, Default)]
struct Slot {
    mark: u32,
    entry: u32,
}

/// Finds entries by their keys.
#[derive(Clone, Default)]
pub(crate) struct KeyIndex {
    /// A power of two of them, or none.
    slots: Vec<Slot>,
    crowded: BTreeMap<ShortBytes, u32>,
    count: usize,
}

impl KeyIndex {
    /// An index with room for so many keys.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { slots: vec![Slot::default(); places_for(count)], crowded: BTreeMap::new(), count: 0 }
    }

    /// Where the entry of `key` stands. `is_key` says whether the entry at a place has that key.
    pub(crate) fn find(&self, hash: KeyHash, key: &[u8], is_key: impl Fn(usize) -> bool) -> Option<usize> {
        let mark = hash.mark();
        for place in self.probes(hash) {
            let slot = self.slots.get(place)?;
            if slot.mark == 0 {
                return None;
            }
            if slot.mark == mark && is_key(slot.entry as usize) {
                return Some(slot.entry as usize);
            }
        }
        if self.crowded.is_empty() { None } else { self.crowded.get(key).map(|entry| *entry as usize) }
    }

    /// Notes where the entry of a new key stands.
    pub(crate) fn insert(&mut self, hash: KeyHash, key: &[u8], entry: usize) {
        let entry = u32::try_from(entry).expect("memory ends before 2^32 keys of one block");
        let free = self.probes(hash).find(|place| self.slots.get(*place).is_some_and(|slot| slot.mark == 0));
        match free.and_then(|place| self.slots.get_mut(place)) {
            Some(slot) => *slot = Slot { mark: hash.mark(), entry },
            None => drop(self.crowded.insert(key.into(), entry)),
        }
        self.count = self.count.saturating_add(1);
    }

    /// Whether one more key asks for a larger index. The caller then makes one and inserts all keys anew.
    pub(crate) fn is_full(&self) -> bool {
        self.count.saturating_mul(2) >= self.slots.len()
    }

    fn probes(&self, hash: KeyHash) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len().saturating_sub(1);
        let first = usize::try_from(hash.0 & 0xffff_ffff).expect("32 bits fit a word") & mask;
        let probes = PROBES_MAX.min(self.slots.len());
        (0..probes).map(move |step| first.wrapping_add(step) & mask)
    }
}

impl std::fmt::Debug for KeyIndex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyIndex").field("keys", &self.count).finish_non_exhaustive()
    }
}

/// Twice as many places as keys, or a little more.
fn places_for(count: usize) -> usize {
    count.saturating_mul(2).max(PLACES_MIN).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(index: &KeyIndex, keys: &[Vec<u8>], key: &[u8]) -> Option<usize> {
        index.find(KeyHash::of(key), key, |entry| keys[entry] == key)
    }

    #[test]
    fn every_key_is_found_where_it_was_put_and_no_other() {
        let keys: Vec<Vec<u8>> = (0..3_000_u32).map(|number| [&number.to_be_bytes()[..], b"key"].concat()).collect();
        let mut index = KeyIndex::with_capacity(keys.len());
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(find(&index, &keys, key), None);
            index.insert(KeyHash::of(key), key, place);
        }
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(find(&index, &keys, key), Some(place));
        }
        assert_eq!(find(&index, &keys, b"another"), None);
    }

    #[test]
    fn keys_whose_hashes_collide_are_found_in_the_ordered_map() {
        let keys: Vec<Vec<u8>> = (0..100_u8).map(|number| vec![number]).collect();
        let same = KeyHash::of(b"one place for all");
        let mut index = KeyIndex::with_capacity(keys.len());
        for (place, key) in keys.iter().enumerate() {
            index.insert(same, key, place);
        }
        assert_eq!(index.crowded.len(), keys.len() - PROBES_MAX);
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(index.find(same, key, |entry| keys[entry] == *key), Some(place));
        }
        assert_eq!(index.find(same, b"another", |entry| keys[entry] == b"another"), None);
    }
}
