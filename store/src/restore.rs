//! Opening a store that has blocks: checking that it is whole, and bringing state, tree and histories up to its tip.
//!
//! It must not write. Invariant: what is in memory afterwards is what was there when the tip had been committed.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use crypto::jellyfish::{Change, EMPTY_ROOT, KeyHash, Page, PagePath, PageReader, ValueHash, update};
use execution::ShortBytes;
use rocksdb::Direction;
use types::{Hash32, Height};

use crate::changes::Changes;
use crate::columns::Column;
use crate::database::Database;
use crate::error::StoreError;
use crate::keys::{self, AccountPlace};
use crate::queries::StoredBlock;
use crate::store::{Inner, Tip};

/// What the database holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The oldest height that can be read.
    pub(crate) oldest: u64,
    /// The height of state and tree in their families.
    pub(crate) saved: u64,
}

/// Whether what the tip names is there.
pub(crate) fn check(database: &Database, tip: &Tip) -> Result<Standing, StoreError> {
    let block = block_at(database, tip.height)?;
    if block.hash != tip.hash {
        return Err(missing(database, tip, "is the tip, but another block is there"));
    }
    let end = |start: u64, direction| -> Result<Option<Height>, StoreError> {
        let pair = database.iterate(Column::Changes, &keys::height(Height(start)), direction).next().transpose()?;
        Ok(pair.and_then(|(key, _)| keys::read_height(&key)))
    };
    let (first, last) = (end(0, Direction::Forward)?, end(u64::MAX, Direction::Reverse)?);
    if last.is_some_and(|last| last != tip.height) {
        return Err(missing(database, tip, "is the tip, but what it changed is not there"));
    }
    let oldest = first.map_or(tip.height.0, |first| first.0.saturating_sub(1));
    let saved = database.get(Column::Meta, keys::SAVED)?.and_then(|bytes| keys::read_height(&bytes));
    let saved = saved.filter(|saved| (oldest..=tip.height.0).contains(&saved.0));
    let Some(saved) = saved else {
        return Err(missing(database, tip, "is the tip, but the state was saved at none of the heights before it"));
    };
    Ok(Standing { oldest, saved: saved.0 })
}

impl Inner {
    /// Repeats what the blocks after the last save changed, up to the tip.
    pub(crate) fn restore(&self, tip: &Tip, saved: u64) -> Result<(), StoreError> {
        let root = self.saved_root(tip, saved)?;
        let mut writes: BTreeMap<ShortBytes, Option<ShortBytes>> = BTreeMap::new();
        let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
        for height in saved + 1..=tip.height.0 {
            let changes = self.stored_changes(height)?;
            let after = changes.writes().map(|write| (ShortBytes::from(write.key), write.after.map(ShortBytes::from)));
            writes.extend(after);
            for touch in changes.touches() {
                history.add(touch.address, AccountPlace { height: Height(height), receipt: touch.receipt });
            }
        }
        let update = update(&Newest(self), root.0, &tree_changes(&writes));
        if update.root != tip.state_root.0 {
            return Err(missing(&self.database, tip, "is the tip, but the state is not the one after it"));
        }
        for (key, value) in writes {
            self.change_value(&key, value);
        }
        for (path, page) in update.pages {
            self.pages.change(path, page);
        }
        Ok(())
    }

    /// Root of the tree as it was saved, if that is the one which the chain names.
    fn saved_root(&self, tip: &Tip, saved: u64) -> Result<Hash32, StoreError> {
        let page = self.database.get(Column::Tree, PagePath::ROOT.as_bytes())?;
        let root = match page {
            Some(bytes) => Page::from_bytes(&bytes).map(|page| page.hash()),
            None => Ok(EMPTY_ROOT),
        };
        let expected = if saved == tip.height.0 {
            tip.state_root
        } else {
            block_at(&self.database, Height(saved).next())?.header.state_root
        };
        if root.as_ref() != Ok(&expected.0) {
            return Err(missing(&self.database, tip, "is the tip, but the state on disk is not of its chain"));
        }
        Ok(expected)
    }

    /// What the block at `height` changed, from disk.
    pub(crate) fn stored_changes(&self, height: u64) -> Result<Changes, StoreError> {
        let key = keys::height(Height(height));
        let bytes = self.database.get(Column::Changes, &key)?;
        let changes =
            bytes.map_or_else(|| Err("it is missing".to_owned()), |bytes| Changes::from_bytes(bytes.to_vec()));
        changes.map_err(|what| self.database.damaged(Column::Changes, &key, &what))
    }
}

/// The newest pages, while nothing is committed.
struct Newest<'a>(&'a Inner);

impl PageReader for Newest<'_> {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        self.0.newest_page(path)
    }

    fn pages(&self, paths: &[PagePath]) -> Vec<Option<Arc<Page>>> {
        self.0.newest_pages(paths)
    }
}

/// These values as the tree wants them: hashed and sorted.
pub(crate) fn tree_changes<K: AsRef<[u8]>, V: AsRef<[u8]>>(values: &BTreeMap<K, Option<V>>) -> Vec<Change> {
    let hashed = |(key, value): (&K, &Option<V>)| {
        (KeyHash::of(key.as_ref()), value.as_ref().map(|value| ValueHash::of(value.as_ref())))
    };
    let mut changes: Vec<Change> = values.iter().map(hashed).collect();
    changes.sort_unstable_by_key(|(key, _)| *key);
    changes
}

fn block_at(database: &Database, height: Height) -> Result<StoredBlock, StoreError> {
    let block = database.get_decoded(Column::Blocks, &keys::height(height))?;
    block.ok_or_else(|| StoreError::damaged(database.path(), format!("block {height} is not there")))
}

fn missing(database: &Database, tip: &Tip, what: &str) -> StoreError {
    StoreError::damaged(database.path(), format!("{} {what}", keys::block_name(tip.height, &tip.hash)))
}
