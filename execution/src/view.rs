//! Reading state: the port that the store implements, and the layering of unsaved blocks over it.
//!
//! It must not know where state is kept nor what a key means. A state key is `module id (u16, big-endian) ‖ key`.
//! Reading cannot fail: an adapter that cannot read stops the node, because going on would fork the chain.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crypto::jellyfish::{Page, PageChanges, PagePath, PageReader, pages_over};

use crate::change_set::ChangeSet;
use crate::key_index::KeyHash;
use crate::outcome::BlockOutcome;
use crate::short_bytes::ShortBytes;

/// The state after one block.
pub trait StateView: Send + Sync {
    /// The value under a state key.
    fn get(&self, key: &[u8]) -> Option<ShortBytes>;

    /// At most `limit` pairs in rising order of their keys, of all keys that begin with `prefix` and are not below `from`. An
    /// empty `from` begins at the prefix.
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)>;
}

/// State together with the pages of its tree: what a block can be applied to.
pub trait ChainState: StateView + PageReader {}

impl<S: StateView + PageReader + ?Sized> ChainState for S {}

impl<S: StateView + ?Sized> StateView for &S {
    fn get(&self, key: &[u8]) -> Option<ShortBytes> {
        (**self).get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        (**self).scan(prefix, from, limit)
    }
}

impl<S: StateView + ?Sized> StateView for Arc<S> {
    fn get(&self, key: &[u8]) -> Option<ShortBytes> {
        (**self).get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        (**self).scan(prefix, from, limit)
    }
}

/// The state after the newest of `layers`, blocks that are executed but not saved, each the parent of the next, over the state
/// that the first of them was executed on.
#[derive(Clone, Copy)]
pub struct Layered<'a> {
    base: &'a dyn ChainState,
    layers: &'a [Arc<BlockOutcome>],
}

impl<'a> Layered<'a> {
    /// Stacks `layers`, oldest first, on `base`.
    #[must_use]
    pub const fn new(base: &'a dyn ChainState, layers: &'a [Arc<BlockOutcome>]) -> Self {
        Self { base, layers }
    }
}

impl StateView for Layered<'_> {
    fn get(&self, key: &[u8]) -> Option<ShortBytes> {
        let hash = KeyHash::of(key);
        let written = self.layers.iter().rev().find_map(|layer| layer.changes.get_hashed(hash, key));
        written.map_or_else(|| self.base.get(key), |change| change.after.clone())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let Some((newest, older)) = self.layers.split_last() else {
            return self.base.scan(prefix, from, limit);
        };
        let below = Self { base: self.base, layers: older };
        let changes = newest.changes.iter_from(start_of_scan(prefix, from));
        let writes = changes.map(|(key, change)| (key, change.after.as_deref()));
        merged_scan(&below, writes, prefix, from, limit)
    }
}

impl PageReader for Layered<'_> {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        let changed = self.layers.iter().rev().find_map(|layer| layer.pages.get(path));
        changed.map_or_else(|| self.base.page(path), Clone::clone)
    }

    fn pages(&self, paths: &[PagePath]) -> Vec<Option<Arc<Page>>> {
        let changed = |path: &PagePath| self.layers.iter().rev().find_map(|layer| layer.pages.get(path)).cloned();
        pages_over(self.base, paths, changed)
    }
}

/// A whole state in memory, with its tree: for tests, the simulator and the building of a genesis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryState {
    values: BTreeMap<ShortBytes, ShortBytes>,
    pages: BTreeMap<PagePath, Arc<Page>>,
}

impl MemoryState {
    /// Takes the changes of a block over.
    pub fn apply(&mut self, changes: &ChangeSet) {
        for (key, change) in changes.iter() {
            match &change.after {
                Some(value) => self.values.insert(key.into(), value.clone()),
                None => self.values.remove(key),
            };
        }
    }

    /// Takes the pages of a block over.
    pub fn apply_pages(&mut self, pages: &PageChanges) {
        for (path, page) in pages {
            match page {
                Some(page) => self.pages.insert(*path, Arc::clone(page)),
                None => self.pages.remove(path),
            };
        }
    }
}

impl StateView for MemoryState {
    fn get(&self, key: &[u8]) -> Option<ShortBytes> {
        self.values.get(key).cloned()
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let start = (Bound::Included(start_of_scan(prefix, from)), Bound::Unbounded);
        let pairs = self.values.range::<[u8], _>(start).take_while(|(key, _)| key.starts_with(prefix));
        pairs.take(limit).map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
    }
}

impl PageReader for MemoryState {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        self.pages.get(path).cloned()
    }
}

/// The first key that a scan may give.
pub(crate) fn start_of_scan<'k>(prefix: &'k [u8], from: &'k [u8]) -> &'k [u8] {
    if from > prefix { from } else { prefix }
}

/// A scan over `below` with `writes` on top; `writes` come in rising order and begin at [`start_of_scan`].
pub(crate) fn merged_scan<'w>(
    below: &dyn StateView,
    writes: impl Iterator<Item = (&'w [u8], Option<&'w [u8]>)>,
    prefix: &[u8],
    from: &[u8],
    limit: usize,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut writes = writes.take_while(|(key, _)| key.starts_with(prefix)).peekable();
    let mut found = Vec::new();
    let mut cursor = from.to_vec();
    while found.len() < limit {
        // One more than is missing is never needed; a page may still come out short where the writes delete keys.
        let wanted = limit.saturating_sub(found.len());
        let page = below.scan(prefix, &cursor, wanted);
        let exhausted = page.len() < wanted;
        cursor = page.last().map_or(cursor, |(key, _)| successor(key));
        for (key, value) in page {
            while let Some((written, value)) = writes.next_if(|(written, _)| *written < key.as_slice()) {
                found.extend(value.map(|value| (written.to_vec(), value.to_vec())));
            }
            match writes.next_if(|(written, _)| *written == key.as_slice()) {
                Some((_, value)) => found.extend(value.map(|value| (key, value.to_vec()))),
                None => found.push((key, value)),
            }
        }
        if exhausted {
            found.extend(writes.filter_map(|(key, value)| Some((key.to_vec(), value?.to_vec()))));
            break;
        }
    }
    found.truncate(limit);
    found
}

/// The smallest key above `key`.
fn successor(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}
