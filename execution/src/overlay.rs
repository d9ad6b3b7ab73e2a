//! Uncommitted writes over a view, with nested writes that can be discarded.
//!
//! It must not know what a key means. Invariants: each key is read from the view at most once; discarding a part leaves the
//! overlay as it was when the part began; the change set names only keys whose value differs from the view's.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::change_set::ChangeSet;
use crate::view::{StateView, merged_scan, start_of_scan};

/// A value that may have been replaced; the outer `None` says "not written".
type Written = Option<Option<Vec<u8>>>;

struct Entry {
    original: Option<Vec<u8>>,
    written: Written,
}

impl Entry {
    fn current(&self) -> Option<&[u8]> {
        self.written.as_ref().unwrap_or(&self.original).as_deref()
    }
}

/// Writes over a view.
pub(crate) struct Overlay<'v> {
    view: &'v dyn StateView,
    entries: BTreeMap<Vec<u8>, Entry>,
    /// What each write of an open part replaced, oldest first.
    undo: Vec<(Vec<u8>, Written)>,
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
        Self { view, entries: BTreeMap::new(), undo: Vec::new(), depth: 0 }
    }

    /// Hands the current value to `decode`.
    pub(crate) fn read<T>(&mut self, key: &[u8], decode: impl FnOnce(Option<&[u8]>) -> T) -> T {
        if let Some(entry) = self.entries.get(key) {
            return decode(entry.current());
        }
        let original = self.view.get(key);
        let result = decode(original.as_deref());
        self.entries.insert(key.to_vec(), Entry { original, written: None });
        result
    }

    /// Replaces the value; `None` deletes.
    pub(crate) fn write(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        let replaced = match self.entries.get_mut(key) {
            Some(entry) => entry.written.replace(value),
            None => {
                let original = self.view.get(key);
                self.entries.insert(key.to_vec(), Entry { original, written: Some(value) });
                None
            }
        };
        if self.depth > 0 {
            self.undo.push((key.to_vec(), replaced));
        }
    }

    /// At most `limit` pairs with this prefix, not below `from`, in rising order.
    pub(crate) fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let start = (Bound::Included(start_of_scan(prefix, from)), Bound::Unbounded);
        let entries = self.entries.range::<[u8], _>(start);
        let entries = entries.map(|(key, entry)| (key.as_slice(), entry.current()));
        merged_scan(self.view, entries, prefix, from, limit)
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
            if let Some((key, replaced)) = self.undo.pop()
                && let Some(entry) = self.entries.get_mut(&key)
            {
                entry.written = replaced;
            }
        }
    }

    /// Every key whose value differs from the view's, with the old and the new value.
    pub(crate) fn differences(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>, Option<&[u8]>)> {
        self.entries.iter().filter_map(|(key, entry)| {
            let written = entry.written.as_ref()?;
            (*written != entry.original).then_some((key.as_slice(), entry.original.as_deref(), written.as_deref()))
        })
    }

    /// The writes as a value.
    pub(crate) fn into_changes(self) -> ChangeSet {
        let changed = self.entries.into_iter().filter_map(|(key, entry)| {
            entry.written.filter(|written| *written != entry.original).map(|written| (key, written))
        });
        ChangeSet { writes: changed.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::MemoryState;

    fn get(overlay: &mut Overlay<'_>, key: &[u8]) -> Option<Vec<u8>> {
        overlay.read(key, |value| value.map(<[u8]>::to_vec))
    }

    #[test]
    fn discarding_a_part_leaves_what_was_written_before_it() {
        let view = MemoryState::default();
        let mut overlay = Overlay::new(&view);
        overlay.write(b"a", Some(vec![1]));
        let outer = overlay.begin();
        overlay.write(b"a", Some(vec![2]));
        let inner = overlay.begin();
        overlay.write(b"a", None);
        overlay.write(b"b", Some(vec![3]));
        overlay.discard(inner);
        assert_eq!(get(&mut overlay, b"a"), Some(vec![2]));
        assert_eq!(get(&mut overlay, b"b"), None);
        overlay.discard(outer);
        assert_eq!(get(&mut overlay, b"a"), Some(vec![1]));
        let expected = BTreeMap::from([(b"a".to_vec(), Some(vec![1]))]);
        assert_eq!(overlay.into_changes().writes, expected);
    }

    #[test]
    fn a_write_that_restores_the_old_value_is_no_change() {
        let mut view = MemoryState::default();
        view.apply(&ChangeSet { writes: BTreeMap::from([(b"a".to_vec(), Some(vec![1]))]) });
        let mut overlay = Overlay::new(&view);
        overlay.write(b"a", Some(vec![2]));
        overlay.write(b"a", Some(vec![1]));
        overlay.write(b"b", None);
        assert_eq!(overlay.differences().count(), 0);
        assert!(overlay.into_changes().is_empty());
    }

    #[test]
    fn a_scan_sees_writes_deletions_and_the_view_in_one_order() {
        let mut view = MemoryState::default();
        let pairs = [b"p1", b"p3", b"p5", b"q1"].map(|key| (key.to_vec(), Some(vec![0])));
        view.apply(&ChangeSet { writes: BTreeMap::from(pairs) });
        let mut overlay = Overlay::new(&view);
        overlay.write(b"p1", None);
        overlay.write(b"p3", None);
        overlay.write(b"p2", Some(vec![2]));
        overlay.write(b"p9", Some(vec![9]));
        let keys = |limit, from: &[u8]| {
            overlay
                .scan(b"p", from, limit)
                .into_iter()
                .map(|(key, _)| String::from_utf8_lossy(&key).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(9, b""), ["p2", "p5", "p9"]);
        assert_eq!(keys(2, b""), ["p2", "p5"]);
        assert_eq!(keys(9, b"p5"), ["p5", "p9"]);
        assert_eq!(keys(0, b""), Vec::<String>::new());
    }
}
