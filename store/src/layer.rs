//! The newest of everything under a key, in memory: what is not on disk yet and, within bounds, what was read or
//! written lately.
//!
//! It must not know what is kept nor where the disk is. Two generations of clean entries: what was not asked for while
//! a whole generation came in is forgotten, but for what is lasting, which stays as long as it takes no more than its
//! share. Invariants: what it gives is as of the last commit that began; an entry that is not on disk is not
//! forgotten.

use std::borrow::Borrow;
use std::collections::{HashMap, hash_map};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crypto::jellyfish::Page;
use execution::ShortBytes;
use foldhash::fast::RandomState;

/// Parts with a lock each, so that readers seldom wait for each other.
const SHARDS: usize = 16;
/// What is lasting may take so much of what clean entries may take.
const LASTING_PERCENT_MAX: usize = 60;
/// Slots of a page that lead on, from which it is worth keeping: half of them.
const BRANCHES_OF_LASTING: u32 = 8;

/// What an entry's content takes in memory.
pub(crate) trait Weigh {
    /// Bytes, besides the value itself.
    fn bytes(&self) -> usize;

    /// Whether it is asked for again and again, so that it outlasts what is only passed through.
    fn is_lasting(&self) -> bool {
        false
    }

    /// Whether it is kept when it was only read; if not, when it changes.
    fn is_kept_when_read(&self) -> bool {
        true
    }
}

impl Weigh for ShortBytes {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Weigh for Arc<Page> {
    fn bytes(&self) -> usize {
        self.memory_bytes()
    }

    /// Pages that lead on to many others are few, and on the way to every key.
    fn is_lasting(&self) -> bool {
        self.branches() >= BRANCHES_OF_LASTING
    }

    /// Almost every page that is read, but for a proof, is changed at once.
    fn is_kept_when_read(&self) -> bool {
        self.is_lasting()
    }
}

/// Says that nothing is known, and of which commit that is true.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unknown {
    generation: u64,
}

/// The newest entries; absence is an entry, too.
#[derive(Debug)]
pub(crate) struct Layer<K, V> {
    shards: [Mutex<Shard<K, V>>; SHARDS],
    clean_bytes_max: usize,
}

#[derive(Debug)]
struct Shard<K, V> {
    young: HashMap<K, Entry<V>, RandomState>,
    old: HashMap<K, Option<V>, RandomState>,
    /// Of the young entries that are on disk.
    clean_bytes: usize,
    /// Of the young entries that are not.
    unsaved_bytes: usize,
    /// Of the old entries that outlasted a generation.
    lasting_bytes: usize,
    /// Counts the changes.
    generation: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: Option<V>,
    is_saved: bool,
}

impl<K, V> Layer<K, V>
where
    K: Hash + Ord + Clone + AsRef<[u8]>,
    V: Clone + Weigh,
{
    /// An empty layer that keeps at most so many bytes of what is on disk.
    pub(crate) fn new(clean_bytes_max: usize) -> Self {
        let shard = |_| {
            let (young, old) = (HashMap::default(), HashMap::default());
            Mutex::new(Shard { young, old, clean_bytes: 0, unsaved_bytes: 0, lasting_bytes: 0, generation: 0 })
        };
        Self { shards: std::array::from_fn(shard), clean_bytes_max }
    }

    /// The newest value, if it is in memory.
    pub(crate) fn get<Q>(&self, key: &Q) -> Result<Option<V>, Unknown>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + AsRef<[u8]> + ?Sized,
    {
        let mut shard = self.shard(key.as_ref());
        if let Some(entry) = shard.young.get(key) {
            return Ok(entry.value.clone());
        }
        let Some((key, value)) = shard.old.remove_entry(key) else {
            return Err(Unknown { generation: shard.generation });
        };
        self.keep(&mut shard, key, value.clone());
        Ok(value)
    }

    /// Takes what was read from the disk after [`Self::get`] knew nothing, unless something has changed since or it is
    /// not worth keeping for having been read.
    pub(crate) fn offer(&self, key: K, value: Option<V>, unknown: Unknown) {
        if value.as_ref().is_some_and(|value| !value.is_kept_when_read()) {
            return;
        }
        let mut shard = self.shard(key.as_ref());
        if shard.generation == unknown.generation && !shard.young.contains_key(&key) {
            shard.old.remove(&key);
            self.keep(&mut shard, key, value);
        }
    }

    /// Takes a value that is about to be committed; says whether all that was known of the key is on disk.
    pub(crate) fn change(&self, key: K, value: Option<V>) -> bool {
        let shard = &mut *self.shard(key.as_ref());
        shard.generation += 1;
        shard.unsaved_bytes += weight(&key, value.as_ref());
        match shard.young.entry(key) {
            hash_map::Entry::Vacant(place) => {
                // What is young is nowhere else.
                shard.old.remove(place.key());
                place.insert(Entry { value, is_saved: false });
                true
            }
            hash_map::Entry::Occupied(mut place) => {
                let before = place.insert(Entry { value, is_saved: false });
                let bytes = weight(place.key(), before.value.as_ref());
                *if before.is_saved { &mut shard.clean_bytes } else { &mut shard.unsaved_bytes } -= bytes;
                before.is_saved
            }
        }
    }

    /// What is not on disk, sorted.
    pub(crate) fn unsaved(&self) -> Vec<(K, Option<V>)> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let unsaved = shard.young.iter().filter(|(_, entry)| !entry.is_saved);
            all.extend(unsaved.map(|(key, entry)| (key.clone(), entry.value.clone())));
        }
        all.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        all
    }

    /// Bytes of what is not on disk.
    pub(crate) fn unsaved_bytes(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).unsaved_bytes).sum()
    }

    /// Everything is on disk.
    pub(crate) fn saved(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.young.values_mut().for_each(|entry| entry.is_saved = true);
            shard.clean_bytes += std::mem::take(&mut shard.unsaved_bytes);
            self.age(&mut shard);
        }
    }

    /// Keeps an entry that is on disk, as long as there is room.
    fn keep(&self, shard: &mut Shard<K, V>, key: K, value: Option<V>) {
        shard.clean_bytes += weight(&key, value.as_ref());
        shard.young.insert(key, Entry { value, is_saved: true });
        self.age(shard);
    }

    /// Begins a new generation if this one is full: if two of its kind would not leave room for what is lasting.
    fn age(&self, shard: &mut Shard<K, V>) {
        let room = self.clean_bytes_max / SHARDS;
        if shard.clean_bytes <= room.saturating_sub(shard.lasting_bytes) / 2 {
            return;
        }
        let unsaved: HashMap<K, Entry<V>, RandomState> = shard.young.extract_if(|_, entry| !entry.is_saved).collect();
        let clean = std::mem::replace(&mut shard.young, unsaved);
        let clean = clean.into_iter().map(|(key, entry)| (key, entry.value)).collect();
        shard.clean_bytes = 0;
        shard.lasting_bytes = 0;
        for (key, value) in std::mem::replace(&mut shard.old, clean) {
            let bytes = weight(&key, value.as_ref());
            if value.as_ref().is_some_and(Weigh::is_lasting)
                && shard.lasting_bytes + bytes <= room * LASTING_PERCENT_MAX / 100
            {
                shard.lasting_bytes += bytes;
                shard.old.insert(key, value);
            }
        }
    }

    fn shard(&self, key: &[u8]) -> MutexGuard<'_, Shard<K, V>> {
        let last = key.iter().rev().take(4);
        let mixed = last.fold(0_usize, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        lock(&self.shards[mixed % SHARDS])
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn weight<K: AsRef<[u8]>, V: Weigh>(key: &K, value: Option<&V>) -> usize {
    size_of::<(K, Entry<V>)>() + key.as_ref().len() + value.map_or(0, Weigh::bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u16) -> ShortBytes {
        ShortBytes::from(&number.to_be_bytes()[..])
    }

    fn value(byte: u8, length: usize) -> ShortBytes {
        ShortBytes::from(vec![byte; length])
    }

    fn known(layer: &Layer<ShortBytes, ShortBytes>, number: u16) -> Option<Option<ShortBytes>> {
        layer.get(&key(number)[..]).ok()
    }

    #[test]
    fn what_is_not_on_disk_is_never_forgotten_and_what_is_stays_within_bounds() {
        let layer: Layer<ShortBytes, ShortBytes> = Layer::new(32 * 1024);
        for number in 0..2_000 {
            assert!(layer.change(key(number), (number % 3 > 0).then(|| value(1, 40))));
        }
        assert!(!layer.change(key(1), Some(value(2, 1))));
        for number in 2_000..4_000 {
            let unknown = layer.get(&key(number)[..]).expect_err("it was never there");
            layer.offer(key(number), None, unknown);
        }
        for number in 2..2_000 {
            assert_eq!(known(&layer, number), Some((number % 3 > 0).then(|| value(1, 40))));
        }
        assert_eq!(layer.unsaved().len(), 2_000);
        assert!(layer.unsaved().is_sorted_by(|(left, _), (right, _)| left < right));
        assert!((2_000..4_000).filter(|number| known(&layer, *number).is_some()).count() < 1_000);
        layer.saved();
        assert_eq!((layer.unsaved(), layer.unsaved_bytes()), (Vec::new(), 0));
        assert!((0..4_000).filter(|number| known(&layer, *number).is_some()).count() < 3_000);
        for number in 4_000..6_000 {
            let unknown = layer.get(&key(number)[..]).expect_err("it was never there");
            layer.offer(key(number), None, unknown);
        }
        assert!((0..6_000).filter(|number| known(&layer, *number).is_some()).count() < 1_000);
    }

    #[test]
    fn what_was_read_before_a_change_is_not_taken_after_it() {
        let layer: Layer<ShortBytes, ShortBytes> = Layer::new(32 * 1024);
        let unknown = layer.get(&key(1)[..]).expect_err("nothing is there");
        layer.change(key(1), Some(value(2, 1)));
        layer.saved();
        layer.offer(key(1), Some(value(1, 1)), unknown);
        assert_eq!(known(&layer, 1), Some(Some(value(2, 1))));
    }

    /// A value of 100 bytes that may be a lasting one.
    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Kind {
        Lasting,
        Passing,
    }

    impl Weigh for Kind {
        fn bytes(&self) -> usize {
            100
        }

        fn is_lasting(&self) -> bool {
            *self == Self::Lasting
        }
    }

    #[test]
    fn what_is_lasting_outlasts_what_passes_through_as_long_as_it_is_not_much() {
        let layer: Layer<ShortBytes, Kind> = Layer::new(96 * 1024);
        let read = |number: u16, kind: Kind| {
            let unknown = layer.get(&key(number)[..]).expect_err("it was never there");
            layer.offer(key(number), Some(kind), unknown);
        };
        (0..32).for_each(|number| read(number, Kind::Lasting));
        (1_000..9_000).for_each(|number| read(number, Kind::Passing));
        let known = |range: std::ops::Range<u16>| range.filter(|number| layer.get(&key(*number)[..]).is_ok()).count();
        assert_eq!(known(0..32), 32);
        assert!(known(1_000..9_000) < 700);
        (10_000..18_000).for_each(|number| read(number, Kind::Lasting));
        assert!(known(10_000..18_000) < 700);
    }

    #[test]
    fn bytes_are_counted_as_they_come_and_go() {
        let layer: Layer<ShortBytes, ShortBytes> = Layer::new(usize::MAX);
        layer.change(key(1), Some(value(1, 100)));
        let bytes = layer.unsaved_bytes();
        layer.change(key(1), Some(value(1, 60)));
        assert_eq!(layer.unsaved_bytes(), bytes - 40);
        layer.saved();
        layer.change(key(1), Some(value(1, 100)));
        assert_eq!(layer.unsaved_bytes(), bytes);
    }
}
