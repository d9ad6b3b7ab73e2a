//! The state after one block, for any number of threads, while later blocks are committed.
//!
//! It must not know what a key means. How it stays at its block without locks: it reads what is newest, and *then*
//! looks which commits have begun since its block. If one of them changed what was read, its record has the value
//! before; if none did, what was read has not changed. The oldest such record wins.
//!
//! Records have the pages before a block only as long as they are in memory. Where one of them is not, the pages of
//! the height are computed again: from the tree at the tip and the values that the blocks since then replaced.

use std::collections::{BTreeMap, btree_map};
use std::ops::Bound;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crypto::jellyfish::{Overlay, Page, PageChanges, PagePath, PageReader, update};
use execution::{ShortBytes, StateView};
use rocksdb::Direction;
use types::Height;

use crate::changes::{Changes, KeyPrint, PagesUnknown};
use crate::columns::Column;
use crate::error::fault;
use crate::restore::tree_changes;
use crate::store::{Inner, Pins, Store};

/// A key and its value.
type Pair = (Vec<u8>, Vec<u8>);

/// The state after one block. Dropping it lets go of that height.
#[derive(Debug)]
pub struct StoreView {
    inner: Arc<Inner>,
    height: u64,
    /// What the blocks after this height changed, in order, as far as they were needed.
    since: RwLock<Vec<Arc<Changes>>>,
    computed: OnceLock<Box<Computed>>,
}

/// The pages of a height, computed from those of a later one.
#[derive(Debug)]
struct Computed {
    pages: PageChanges,
    later: StoreView,
}

impl StoreView {
    /// Pins a height that is readable as long as `pins` is held.
    pub(crate) fn new(inner: &Arc<Inner>, pins: &mut Pins, height: Height) -> Self {
        *pins.open.entry(height.0).or_default() += 1;
        let (since, computed) = (RwLock::new(Vec::new()), OnceLock::new());
        Self { inner: Arc::clone(inner), height: height.0, since, computed }
    }

    /// The block after which this is the state.
    #[must_use]
    pub const fn height(&self) -> Height {
        Height(self.height)
    }

    /// Calls `each` with what the blocks after this height changed, oldest first, until it gives something. To be
    /// called after the newest value was read.
    fn find_since<T>(&self, each: impl FnMut(&Arc<Changes>) -> Option<T>) -> Option<T> {
        let begun = self.inner.begun.load(Ordering::SeqCst);
        if begun == self.height {
            return None;
        }
        let missing = |have: usize| self.height + 1 + have as u64..=begun;
        let have = self.since.read().unwrap_or_else(PoisonError::into_inner).len();
        if !missing(have).is_empty() {
            let mut since = self.since.write().unwrap_or_else(PoisonError::into_inner);
            for height in missing(since.len()) {
                let changes = self.inner.changes(height);
                since.push(changes);
            }
        }
        self.since.read().unwrap_or_else(PoisonError::into_inner).iter().find_map(each)
    }

    /// The pages that differ from those of a later height.
    fn computed(&self) -> &Computed {
        self.computed.get_or_init(|| {
            let store = Store { inner: Arc::clone(&self.inner) };
            let (tip, later) = store.view_of_tip().unwrap_or_else(|error| fault(&error));
            let mut before: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
            let mut blocks = tip.height.0 - self.height;
            let _: Option<()> = self.find_since(|changes| {
                blocks = blocks.checked_sub(1)?;
                for write in changes.writes() {
                    if let btree_map::Entry::Vacant(entry) = before.entry(write.key.to_vec()) {
                        entry.insert(write.before.map(<[u8]>::to_vec));
                    }
                }
                None
            });
            let update = update(&later, tip.state_root.0, &tree_changes(&before));
            Box::new(Computed { pages: update.pages, later })
        })
    }

    /// The newest of what is not saved under the keys from `start` on with this prefix. To be called before the disk
    /// is read: what is saved in between is found there.
    fn unsaved(&self, prefix: &[u8], start: &[u8]) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
        let keys = self.inner.unsaved_keys.read().unwrap_or_else(PoisonError::into_inner);
        let keys = keys.range::<[u8], _>((Bound::Included(start), Bound::Unbounded));
        let keys = keys.take_while(|key| key.starts_with(prefix));
        keys.filter_map(|key| Some((key.to_vec(), self.inner.values.get(&key[..]).ok()?.map(Vec::from)))).collect()
    }
}

impl Drop for StoreView {
    fn drop(&mut self) {
        let mut pins = self.inner.pins();
        if let Some(count) = pins.open.get_mut(&self.height) {
            *count -= 1;
            if *count == 0 {
                pins.open.remove(&self.height);
            }
        }
    }
}

impl StateView for StoreView {
    fn get(&self, key: &[u8]) -> Option<ShortBytes> {
        let newest = self.inner.newest_value(key);
        let print = KeyPrint::of(key);
        match self.find_since(|changes| changes.before(key, print).map(|value| value.map(ShortBytes::from))) {
            Some(before) => before,
            None => newest,
        }
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<Pair> {
        let start = if from > prefix { from } else { prefix };
        let mut differing = self.unsaved(prefix, start);
        let saved = self.inner.database.iterate(Column::State, start, Direction::Forward);
        let mut replaced: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
        let _: Option<()> = self.find_since(|changes| {
            for write in changes.writes_from(start).take_while(|write| write.key.starts_with(prefix)) {
                let before = || write.before.map(<[u8]>::to_vec);
                replaced.entry(write.key.to_vec()).or_insert_with(before);
            }
            None
        });
        differing.append(&mut replaced);
        let mut differing = differing.into_iter().peekable();
        let mut found = Vec::new();
        for pair in saved {
            let (key, value) = pair.unwrap_or_else(|error| self.inner.database.fault(&error));
            if found.len() >= limit || !key.starts_with(prefix) {
                break;
            }
            while let Some((key, value)) = differing.next_if(|(other, _)| **other < *key) {
                found.extend(value.map(|value| (key, value)));
            }
            match differing.next_if(|(other, _)| **other == *key) {
                Some((key, value)) => found.extend(value.map(|value| (key, value))),
                None => found.push((key.into_vec(), value.into_vec())),
            }
        }
        found.extend(differing.filter_map(|(key, value)| Some((key, value?))));
        found.truncate(limit);
        found
    }
}

impl StoreView {
    /// A page as it was after this view's block, from the newest of it; computed again where nobody remembers it.
    fn page_before(&self, path: &PagePath, newest: Option<Arc<Page>>) -> Option<Arc<Page>> {
        match self.find_since(|changes| changes.page_before(path).map(Option::<&_>::cloned).transpose()) {
            None => newest,
            Some(Ok(before)) => before,
            Some(Err(PagesUnknown)) => self.computed_page(path),
        }
    }

    fn computed_page(&self, path: &PagePath) -> Option<Arc<Page>> {
        let Computed { pages, later } = self.computed();
        Overlay { changes: pages, below: later }.page(path)
    }
}

impl PageReader for StoreView {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        if self.computed.get().is_some() {
            return self.computed_page(path);
        }
        self.page_before(path, self.inner.newest_page(path))
    }

    fn pages(&self, paths: &[PagePath]) -> Vec<Option<Arc<Page>>> {
        if self.computed.get().is_some() {
            return paths.iter().map(|path| self.computed_page(path)).collect();
        }
        let newest = self.inner.newest_pages(paths);
        newest.into_iter().zip(paths).map(|(newest, path)| self.page_before(path, newest)).collect()
    }
}
