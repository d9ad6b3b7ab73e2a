//! Uncommitted writes over a view, with nested writes that can be discarded.
//!
//! It must not know what a key means. Invariants: each key is read from the view at most once; discarding a part leaves the
//! overlay as it was when the part began; the change set names only keys whose value differs from the view's. A key is looked up
//! for every touch of an account, so it is found by its hash; an order of all keys is kept only once scans ask for it often.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::change_set::{Change, ChangeSet};
use crate::key_index::{KeyHash, KeyIndex};
use crate::short_bytes::ShortBytes;
use crate::view::{StateView, merged_scan, start_of_scan};

/// So many scans look through all entries; after them the entries are kept in order as well.
const SCANS_WITHOUT_ORDER: u32 = 4;

/// A value that may have been replaced; the outer `None` says "not written".
type Written = Option<Option<ShortBytes>>;

struct Entry {
    key: ShortBytes,
    original: Option<ShortBytes>,
    written: Written,
}

impl Entry {
    fn current(&self) -> Option<&[u8]> {
        self.written.as_ref().unwrap_or(&self.original).as_deref()
    }

    fn pair(&self) -> (&[u8], Option<&[u8]>) {
        (self.key.as_slice(), self.current())
    }

    /// The new value, if it differs from the view's.
    fn change(&self) -> Option<&Option<ShortBytes>> {
        self.written.as_ref().filter(|written| **written != self.original)
    }
}

/// Writes over a view.
pub(crate) struct Overlay<'v> {
    view: &'v dyn StateView,
    /// In the order in which the keys were first touched.
    entries: Vec<Entry>,
    index: KeyIndex,
    /// The places of all entries by key, once it is there.
    ordered: Option<BTreeMap<ShortBytes, usize>>,
    scans: u32,
    /// What each write of an open part replaced and where, oldest first.
    undo: Vec<(usize, Written)>,
    /// Open parts.
    depth: u32,
}

/// The beginning of a part that will be kept or discarded.
#[must_use]
pub(crate) struct Part {
    undo_length: usize,
}

impl<'v> Overlay<'v> {
    pub(crate) fn new(view: &'v dyn StateView) -> Self {
        Self {
            view,
            entries: Vec::new(),
            index: KeyIndex::default(),
            ordered: None,
            scans: 0,
            undo: Vec::new(),
            depth: 0,
        }
    }

    /// Hands the current value to `decode`.
    pub(crate) fn read<T>(&mut self, key: &[u8], decode: impl FnOnce(Option<&[u8]>) -> T) -> T {
        let place = self.place(key);
        decode(self.entries.get(place).and_then(Entry::current))
    }

    /// Replaces the value; `None` deletes.
    pub(crate) fn write(&mut self, key: &[u8], value: Option<ShortBytes>) {
        let place = self.place(key);
        self.write_at(place, value);
    }

    /// Hands the current value to `change` and replaces it by what comes back, if that is no error.
    pub(crate) fn update<E>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(Option<&[u8]>) -> Result<Option<ShortBytes>, E>,
    ) -> Result<(), E> {
        let place = self.place(key);
        let value = change(self.entries.get(place).and_then(Entry::current))?;
        self.write_at(place, value);
        Ok(())
    }

    /// At most `limit` pairs with this prefix, not below `from`, in rising order.
    pub(crate) fn scan(&mut self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.scans = self.scans.saturating_add(1);
        if self.scans > SCANS_WITHOUT_ORDER && self.ordered.is_none() {
            let places = self.entries.iter().enumerate().map(|(place, entry)| (entry.key.clone(), place));
            self.ordered = Some(places.collect());
        }
        let start = start_of_scan(prefix, from);
        if let Some(ordered) = &self.ordered {
            let places = ordered.range::<[u8], _>((Bound::Included(start), Bound::Unbounded));
            let writes = places.filter_map(|(_, place)| self.entries.get(*place)).map(Entry::pair);
            return merged_scan(self.view, writes, prefix, from, limit);
        }
        let is_asked_for = |entry: &&Entry| entry.key.starts_with(prefix) && entry.key.as_slice() >= start;
        let mut writes: Vec<_> = self.entries.iter().filter(is_asked_for).map(Entry::pair).collect();
        writes.sort_unstable_by_key(|(key, _)| *key);
        merged_scan(self.view, writes.into_iter(), prefix, from, limit)
    }

    /// Opens a part.
    pub(crate) fn begin(&mut self) -> Part {
        self.depth = self.depth.saturating_add(1);
        Part { undo_length: self.undo.len() }
    }

    /// Closes a part and keeps its writes.
    pub(crate) fn keep(&mut self, _part: Part) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            self.undo.clear();
        }
    }

    /// Closes a part and takes its writes back.
    pub(crate) fn discard(&mut self, part: Part) {
        self.depth = self.depth.saturating_sub(1);
        while self.undo.len() > part.undo_length {
            if let Some((place, replaced)) = self.undo.pop()
                && let Some(entry) = self.entries.get_mut(place)
            {
                entry.written = replaced;
            }
        }
    }

    /// Every key whose value differs from the view's, with the old and the new value, in the order of first touch.
    pub(crate) fn differences(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>, Option<&[u8]>)> {
        self.entries.iter().filter_map(|entry| {
            let written = entry.change()?;
            Some((entry.key.as_slice(), entry.original.as_deref(), written.as_deref()))
        })
    }

    /// The writes as a value.
    pub(crate) fn into_changes(self) -> ChangeSet {
        let changed = self.entries.into_iter().filter(|entry| entry.change().is_some());
        let change = |entry: Entry| (entry.key, Change { before: entry.original, after: entry.written.flatten() });
        ChangeSet::new(changed.map(change).collect())
    }

    /// Where the key's entry stands; reads it from the view where there is none yet.
    fn place(&mut self, key: &[u8]) -> usize {
        let hash = KeyHash::of(key);
        let is_key = |place: usize| self.entries.get(place).is_some_and(|entry| entry.key.as_slice() == key);
        if let Some(place) = self.index.find(hash, key, is_key) {
            return place;
        }
        if self.index.is_full() {
            self.grow();
        }
        let place = self.entries.len();
        self.entries.push(Entry { key: key.into(), original: self.view.get(key), written: None });
        self.index.insert(hash, key, place);
        if let Some(ordered) = &mut self.ordered {
            ordered.insert(key.into(), place);
        }
        place
    }

    fn grow(&mut self) {
        let mut index = KeyIndex::with_capacity(self.entries.len().saturating_mul(2));
        for (place, entry) in self.entries.iter().enumerate() {
            index.insert(KeyHash::of(&entry.key), &entry.key, place);
        }
        self.index = index;
    }

    fn write_at(&mut self, place: usize, value: Option<ShortBytes>) {
        if let Some(entry) = self.entries.get_mut(place) {
            let replaced = entry.written.replace(value);
            if self.depth > 0 {
                self.undo.push((place, replaced));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::MemoryState;

    fn get(overlay: &mut Overlay<'_>, key: &[u8]) -> Option<Vec<u8>> {
        overlay.read(key, |value| value.map(<[u8]>::to_vec))
    }

    fn bytes(value: u8) -> Option<ShortBytes> {
        Some([value][..].into())
    }

    fn view_with<const COUNT: usize>(keys: [&[u8]; COUNT]) -> MemoryState {
        let mut view = MemoryState::default();
        view.apply(&keys.into_iter().map(|key| (key, Change { before: None, after: bytes(1) })).collect());
        view
    }

    #[test]
    fn discarding_a_part_leaves_what_was_written_before_it() {
        let view = MemoryState::default();
        let mut overlay = Overlay::new(&view);
        overlay.write(b"a", bytes(1));
        let outer = overlay.begin();
        overlay.write(b"a", bytes(2));
        let inner = overlay.begin();
        overlay.write(b"a", None);
        overlay.write(b"b", bytes(3));
        overlay.discard(inner);
        assert_eq!(get(&mut overlay, b"a"), Some(vec![2]));
        assert_eq!(get(&mut overlay, b"b"), None);
        overlay.discard(outer);
        assert_eq!(get(&mut overlay, b"a"), Some(vec![1]));
        let expected = [(&b"a"[..], Change { before: None, after: bytes(1) })];
        assert_eq!(overlay.into_changes(), expected.into_iter().collect());
    }

    #[test]
    fn an_update_that_fails_changes_nothing_and_one_that_succeeds_sees_the_newest_value() {
        let view = view_with([b"a"]);
        let mut overlay = Overlay::new(&view);
        assert_eq!(overlay.update(b"a", |_| Err("refused")), Err("refused"));
        assert_eq!(overlay.differences().count(), 0);
        overlay.write(b"a", bytes(2));
        let seen = overlay.update(b"a", |value| {
            assert_eq!(value, Some(&[2][..]));
            Ok::<_, ()>(bytes(3))
        });
        assert_eq!(seen, Ok(()));
        let expected = [(&b"a"[..], Change { before: bytes(1), after: bytes(3) })];
        assert_eq!(overlay.into_changes(), expected.into_iter().collect());
    }

    #[test]
    fn a_write_that_restores_the_old_value_is_no_change() {
        let view = view_with([b"a"]);
        let mut overlay = Overlay::new(&view);
        overlay.write(b"a", bytes(2));
        overlay.write(b"a", bytes(1));
        overlay.write(b"b", None);
        assert_eq!(overlay.differences().count(), 0);
        assert!(overlay.into_changes().is_empty());
    }

    #[test]
    fn every_key_of_many_is_found_again_and_comes_out_in_order() {
        let view = MemoryState::default();
        let mut overlay = Overlay::new(&view);
        let keys: Vec<[u8; 2]> = (0..5_000_u16).map(|number| number.wrapping_mul(40_503).to_be_bytes()).collect();
        for round in 1..=2 {
            for key in &keys {
                overlay.write(key, bytes(round));
            }
        }
        let changes = overlay.into_changes();
        assert_eq!(changes.len(), keys.len());
        assert!(changes.keys().is_sorted());
        assert!(keys.iter().all(|key| changes.get(key).is_some_and(|change| change.after == bytes(2))));
        assert_eq!(changes.get(b"another"), None);
    }

    #[test]
    fn a_scan_sees_writes_deletions_and_the_view_in_one_order_however_often_it_is_asked() {
        let view = view_with([b"p1", b"p3", b"p5", b"q1"]);
        let mut overlay = Overlay::new(&view);
        overlay.write(b"p1", None);
        overlay.write(b"p3", None);
        overlay.write(b"p9", bytes(9));
        overlay.write(b"p2", bytes(2));
        let keys = |overlay: &mut Overlay<'_>, limit, from: &[u8]| {
            let pairs = overlay.scan(b"p", from, limit).into_iter();
            pairs.map(|(key, _)| String::from_utf8_lossy(&key).into_owned()).collect::<Vec<_>>()
        };
        for _ in 0..=SCANS_WITHOUT_ORDER {
            assert_eq!(keys(&mut overlay, 9, b""), ["p2", "p5", "p9"]);
            assert_eq!(keys(&mut overlay, 2, b""), ["p2", "p5"]);
            assert_eq!(keys(&mut overlay, 9, b"p5"), ["p5", "p9"]);
            assert_eq!(keys(&mut overlay, 0, b""), Vec::<String>::new());
        }
        assert!(overlay.ordered.is_some(), "the order is kept by now, and follows");
        overlay.write(b"p4", bytes(4));
        overlay.write(b"p2", None);
        assert_eq!(keys(&mut overlay, 9, b""), ["p4", "p5", "p9"]);
    }
}
