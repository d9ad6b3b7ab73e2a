//! The state after one block, for any number of threads, while later blocks are committed.
//!
//! It must not know what a key means. How it stays at its block without locks: it reads what is newest, and *then*
//! looks which commits have begun since its block. If one of them overwrote what was read, its undo has the value
//! before; if none did, what was read has not changed. The oldest such undo wins.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use crypto::jellyfish::{Page, PagePath, PageReader};
use execution::{ShortBytes, StateView};
use rocksdb::Direction;
use types::Height;

use crate::columns::Column;
use crate::error::fault;
use crate::store::{Inner, Pins};
use crate::undo::Undo;

/// The state after one block. Dropping it lets go of that height.
#[derive(Debug)]
pub struct StoreView {
    inner: Arc<Inner>,
    height: u64,
    /// What the blocks after this height overwrote, in order, as far as they were needed.
    undos: RwLock<Vec<Arc<Undo>>>,
}

impl StoreView {
    /// Pins a height that is readable as long as `pins` is held.
    pub(crate) fn new(inner: &Arc<Inner>, pins: &mut Pins, height: Height) -> Self {
        *pins.open.entry(height.0).or_default() += 1;
        Self { inner: Arc::clone(inner), height: height.0, undos: RwLock::new(Vec::new()) }
    }

    /// The block after which this is the state.
    #[must_use]
    pub const fn height(&self) -> Height {
        Height(self.height)
    }

    /// Calls `each` with what the blocks after this height overwrote, oldest first, until it gives something. To be
    /// called after the newest value was read.
    fn undone<T>(&self, each: impl FnMut(&Arc<Undo>) -> Option<T>) -> Option<T> {
        let begun = self.inner.begun.load(Ordering::SeqCst);
        if begun == self.height {
            return None;
        }
        let missing = |have: usize| self.height + 1 + have as u64..=begun;
        let have = self.undos.read().unwrap_or_else(PoisonError::into_inner).len();
        if !missing(have).is_empty() {
            let mut undos = self.undos.write().unwrap_or_else(PoisonError::into_inner);
            for height in missing(undos.len()) {
                let undo = self.inner.undo(height);
                undos.push(undo);
            }
        }
        self.undos.read().unwrap_or_else(PoisonError::into_inner).iter().find_map(each)
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
        let newest = self.inner.database.must_get(Column::State, key);
        match self.undone(|undo| undo.values.get(key).cloned()) {
            Some(before) => before.map(ShortBytes::from),
            None => newest.map(|value| ShortBytes::from(&value[..])),
        }
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let start = if from > prefix { from } else { prefix };
        let newest = self.inner.database.iterate(Column::State, start, Direction::Forward);
        let mut before = BTreeMap::new();
        self.undone(|undo| -> Option<()> {
            let range = undo.values.range::<[u8], _>((Bound::Included(start), Bound::Unbounded));
            for (key, value) in range.take_while(|(key, _)| key.starts_with(prefix)) {
                before.entry(key.clone()).or_insert_with(|| value.clone());
            }
            None
        });
        let mut before = before.into_iter().peekable();
        let mut found = Vec::new();
        for pair in newest {
            let (key, value) = pair.unwrap_or_else(|error| fault(&error));
            if found.len() >= limit || !key.starts_with(prefix) {
                break;
            }
            while let Some((key, value)) = before.next_if(|(before, _)| **before < *key) {
                found.extend(value.map(|value| (key, value)));
            }
            match before.next_if(|(before, _)| **before == *key) {
                Some((key, value)) => found.extend(value.map(|value| (key, value))),
                None => found.push((key.into_vec(), value.into_vec())),
            }
        }
        found.extend(before.filter_map(|(key, value)| Some((key, value?))));
        found.truncate(limit);
        found
    }
}

impl PageReader for StoreView {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        let newest = self.inner.newest_page(path);
        match self.undone(|undo| undo.pages.get(path).cloned()) {
            Some(before) => before.map(|bytes| self.inner.decode_page(path, &bytes)),
            None => newest,
        }
    }
}
