//! A map by hashes and addresses that is found in one step and that no choice of keys makes slow.
//!
//! It must not know what it holds. A key lives in the one bucket that its first bytes name or, where that is full, in an ordered
//! map; so whoever grinds keys for one bucket makes the pool as slow as an ordered map, and no slower. Invariant: nothing here
//! decides an order that others see; whoever walks through it sorts.

use std::collections::BTreeMap;

use types::{Address, Hash32};

/// Entries of one bucket.
const SLOTS: usize = 8;
/// Buckets of the smallest map that is not empty.
const BUCKETS_MIN: usize = 16;

/// A key that begins with bytes that are as good as random, unless somebody ground them.
pub(crate) trait BucketKey: Copy + Ord {
    /// Its first bytes.
    fn first_bytes(&self) -> [u8; 8];
}

impl BucketKey for Hash32 {
    fn first_bytes(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}

impl BucketKey for Address {
    fn first_bytes(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}

#[derive(Debug)]
struct Bucket<K, V> {
    /// A byte of each key, which is compared first.
    marks: [u8; SLOTS],
    slots: [Option<(K, V)>; SLOTS],
}

impl<K, V> Default for Bucket<K, V> {
    fn default() -> Self {
        Self { marks: [0; SLOTS], slots: [const { None }; SLOTS] }
    }
}

impl<K: Eq, V> Bucket<K, V> {
    fn position(&self, mark: u8, key: &K) -> Option<usize> {
        let is_key = |(found, slot): (&u8, &Option<(K, V)>)| {
            *found == mark && slot.as_ref().is_some_and(|(known, _)| known == key)
        };
        self.marks.iter().zip(&self.slots).position(is_key)
    }
}

/// The map.
#[derive(Debug)]
pub(crate) struct BucketMap<K, V> {
    /// A power of two of them, or none.
    buckets: Vec<Bucket<K, V>>,
    crowded: BTreeMap<K, V>,
    count: usize,
}

impl<K: BucketKey, V> BucketMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self { buckets: Vec::new(), crowded: BTreeMap::new(), count: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let (place, mark) = self.home(key);
        let bucket = self.buckets.get(place)?;
        match bucket.position(mark, key) {
            Some(slot) => bucket.slots.get(slot)?.as_ref().map(|(_, value)| value),
            None if self.crowded.is_empty() => None,
            None => self.crowded.get(key),
        }
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let (place, mark) = self.home(key);
        let bucket = self.buckets.get_mut(place)?;
        match bucket.position(mark, key) {
            Some(slot) => bucket.slots.get_mut(slot)?.as_mut().map(|(_, value)| value),
            None if self.crowded.is_empty() => None,
            None => self.crowded.get_mut(key),
        }
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Puts a value in place of what was there.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if let Some(present) = self.get_mut(&key) {
            *present = value;
            return;
        }
        // Buckets are three quarters full at most.
        if self.count.saturating_mul(4) >= self.buckets.len().saturating_mul(SLOTS * 3) {
            self.grow();
        }
        self.count = self.count.saturating_add(1);
        self.put(key, value);
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let (place, mark) = self.home(key);
        let bucket = self.buckets.get_mut(place)?;
        let removed = match bucket.position(mark, key) {
            Some(slot) => bucket.slots.get_mut(slot)?.take().map(|(_, value)| value),
            None => self.crowded.remove(key),
        };
        if removed.is_some() {
            self.count = self.count.saturating_sub(1);
        }
        if self.count == 0 {
            // A flood leaves no memory behind.
            *self = Self::new();
        }
        removed
    }

    /// All entries, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let kept =
            self.buckets.iter().flat_map(|bucket| bucket.slots.iter().flatten()).map(|(key, value)| (key, value));
        kept.chain(&self.crowded)
    }

    /// The bucket of a key and its mark there.
    fn home(&self, key: &K) -> (usize, u8) {
        let [first @ .., mark] = key.first_bytes();
        let [a, b, c, d, ..] = first;
        let place = usize::try_from(u32::from_le_bytes([a, b, c, d])).expect("a word has 32 bits or more");
        (place & self.buckets.len().saturating_sub(1), mark)
    }

    fn put(&mut self, key: K, value: V) {
        let (place, mark) = self.home(&key);
        let free = self.buckets.get_mut(place).and_then(|bucket| {
            let slots = bucket.marks.iter_mut().zip(&mut bucket.slots);
            slots.into_iter().find(|(_, slot)| slot.is_none())
        });
        match free {
            Some((found, slot)) => {
                *found = mark;
                *slot = Some((key, value));
            }
            None => drop(self.crowded.insert(key, value)),
        }
    }

    fn grow(&mut self) {
        let wanted = self.buckets.len().saturating_mul(2).max(BUCKETS_MIN);
        let fresh = std::iter::repeat_with(Bucket::default).take(wanted).collect();
        let old = std::mem::replace(&mut self.buckets, fresh);
        let crowded = std::mem::take(&mut self.crowded);
        for (key, value) in old.into_iter().flat_map(|bucket| bucket.slots.into_iter().flatten()).chain(crowded) {
            self.put(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32, first: u8) -> Hash32 {
        let mut bytes = [first; 32];
        bytes[28..].copy_from_slice(&number.to_be_bytes());
        Hash32(bytes)
    }

    /// Spread keys, keys of a few buckets, and keys that all name one bucket.
    fn keys() -> Vec<Hash32> {
        let spread = (0..2_000_u32).map(|number| {
            let mut key = key(number, 0);
            key.0[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_le_bytes());
            key
        });
        spread.chain((0..300).map(|number| key(number, 7))).collect()
    }

    #[test]
    fn it_answers_like_an_ordered_map_whatever_the_keys() {
        let (mut map, mut model) = (BucketMap::new(), BTreeMap::new());
        for (round, key) in keys().into_iter().enumerate() {
            map.insert(key, round);
            model.insert(key, round);
            if round % 3 == 0 {
                let old = keys()[round / 2];
                assert_eq!(map.remove(&old), model.remove(&old));
            }
            if let Some(value) = map.get_mut(&key) {
                *value += 1;
                *model.get_mut(&key).expect("just put there") += 1;
            }
        }
        assert!(!map.crowded.is_empty(), "the keys of one bucket do not all fit it");
        assert_eq!(map.len(), model.len());
        let mut all: Vec<_> = map.iter().map(|(key, value)| (*key, *value)).collect();
        all.sort_unstable();
        assert!(all.iter().copied().eq(model.iter().map(|(key, value)| (*key, *value))));
        for key in keys() {
            assert_eq!(map.get(&key), model.get(&key));
            map.insert(key, 5);
            map.insert(key, 6);
            assert_eq!(map.remove(&key), Some(6));
            assert!(!map.contains_key(&key));
        }
        assert_eq!((map.len(), map.buckets.len()), (0, 0));
    }
}
