//! Opening a store, its tip, its views, and making it durable.
//!
//! Invariant: `begun` is raised, and what the commit overwrites is in `recent`, before a commit writes; `committed`
//! follows when it is written. Between the two, readers find the values before in `recent`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::jellyfish::{EMPTY_ROOT, Page, PagePath};
use rocksdb::Direction;
use types::{ChainId, Epoch, Hash32, Height, TimeMs, View};

use crate::columns::Column;
use crate::database::Database;
use crate::error::{StoreError, fault};
use crate::options::StoreOptions;
use crate::page_cache::PageCache;
use crate::queries::StoredBlock;
use crate::undo::Undo;
use crate::view::StoreView;
use crate::{directory, keys};

/// The newest format of the store that this software reads, and the one it writes.
pub const FORMAT_VERSION: u32 = 1;

/// The newest block in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tip {
    /// Its number.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
    /// Its epoch.
    pub epoch: Epoch,
    /// The view in which it was first proposed.
    pub view: View,
    /// Its time.
    pub time: TimeMs,
    /// The state after it.
    pub state_root: Hash32,
    /// Its receipts.
    pub receipts_root: Hash32,
}

/// A handle to an open store. Clones are the same store; the last one closes it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) options: StoreOptions,
    pub(crate) tip: RwLock<Option<Tip>>,
    /// Height of the last commit that has begun to write.
    pub(crate) begun: AtomicU64,
    /// Height of the last commit that is written.
    pub(crate) committed: AtomicU64,
    /// Held while committing; holds what went wrong for ever.
    pub(crate) writer: Mutex<Option<String>>,
    /// What the last commits overwrote, by height: those under way and, within bounds, some before.
    pub(crate) recent: RwLock<BTreeMap<u64, Arc<Undo>>>,
    pub(crate) pins: Mutex<Pins>,
    pub(crate) pages: Mutex<PageCache>,
}

/// Which heights must stay readable.
#[derive(Debug)]
pub(crate) struct Pins {
    /// Heights of open views, with their number.
    pub(crate) open: BTreeMap<u64, usize>,
    /// The oldest height that can be read.
    pub(crate) oldest: u64,
}

impl Store {
    /// Opens the store in the directory `path`, or makes an empty one that waits for [`Store::initialize`].
    ///
    /// # Errors
    /// [`StoreError`] for another chain, a newer format, a second process, bad permissions or damage.
    pub fn open(path: &Path, chain: ChainId, options: StoreOptions) -> Result<Self, StoreError> {
        let database = Database::open(&directory::prepare(path, chain, FORMAT_VERSION)?, &options)?;
        let tip: Option<Tip> = database.get_decoded(Column::Meta, keys::TIP)?;
        let oldest = match &tip {
            Some(tip) => check_tip(&database, tip)?,
            None => 0,
        };
        let height = tip.map_or(0, |tip| tip.height.0);
        let inner = Inner {
            database,
            options,
            tip: RwLock::new(tip),
            begun: AtomicU64::new(height),
            committed: AtomicU64::new(height),
            writer: Mutex::new(None),
            recent: RwLock::new(BTreeMap::new()),
            pins: Mutex::new(Pins { open: BTreeMap::new(), oldest }),
            pages: Mutex::new(PageCache::new(options.page_cache_pages, height)),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The newest block, `None` before [`Store::initialize`].
    #[must_use]
    pub fn tip(&self) -> Option<Tip> {
        *self.inner.tip.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after the newest block, and only after that one, whatever is committed later.
    ///
    /// # Errors
    /// [`StoreError::NotInitialized`].
    pub fn view(&self) -> Result<StoreView, StoreError> {
        let mut pins = self.inner.pins();
        let tip = self.tip().ok_or(StoreError::NotInitialized)?;
        Ok(StoreView::new(&self.inner, &mut pins, tip.height))
    }

    /// The state after the block at `height`.
    ///
    /// # Errors
    /// [`StoreError::HeightUnavailable`] above the tip and below the heights that are kept.
    pub fn view_at(&self, height: Height) -> Result<StoreView, StoreError> {
        let mut pins = self.inner.pins();
        let newest = self.tip().ok_or(StoreError::NotInitialized)?.height;
        let oldest = Height(pins.oldest);
        if height < oldest || height > newest {
            return Err(StoreError::HeightUnavailable { height, oldest, newest });
        }
        Ok(StoreView::new(&self.inner, &mut pins, height))
    }

    /// The oldest height whose state can be read and proven.
    #[must_use]
    pub fn oldest_view(&self) -> Height {
        Height(self.inner.pins().oldest)
    }

    /// Makes everything committed so far durable (one fsync of the write-ahead log) and gives the tip that is.
    ///
    /// # Errors
    /// [`StoreError::Database`] the first time, [`StoreError::Poisoned`] ever after: a sync is never tried again.
    pub fn sync(&self) -> Result<Tip, StoreError> {
        self.inner.check_poison()?;
        let tip = self.tip().ok_or(StoreError::NotInitialized)?;
        match self.inner.database.sync() {
            Ok(()) => Ok(tip),
            Err(error) => {
                *self.inner.writer() = Some(error.to_string());
                Err(error)
            }
        }
    }

    /// The folder of the database, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.inner.database.path()
    }
}

impl Inner {
    pub(crate) fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Option<String>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn check_poison(&self) -> Result<(), StoreError> {
        self.writer().clone().map_or(Ok(()), |message| Err(StoreError::Poisoned(message)))
    }

    /// What the block at `height` overwrote.
    pub(crate) fn undo(&self, height: u64) -> Arc<Undo> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner).get(&height).map(Arc::clone);
        recent.unwrap_or_else(|| {
            let key = keys::height(Height(height));
            let bytes = self.database.must_get(Column::Undo, &key);
            let undo = bytes.map_or_else(|| Err("it is missing".to_owned()), |bytes| Undo::from_bytes(&bytes));
            Arc::new(undo.unwrap_or_else(|what| fault(&self.database.damaged(Column::Undo, &key, &what))))
        })
    }

    /// The page as of the last commit that began; see the invariant of [`PageCache`].
    pub(crate) fn newest_page(&self, path: &PagePath) -> Option<Arc<Page>> {
        let lock = || self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let (cached, generation) = {
            let mut cache = lock();
            (cache.get(path), cache.generation())
        };
        if cached.is_some() {
            return cached;
        }
        let is_quiet = self.committed.load(Ordering::SeqCst) == generation;
        let bytes = self.database.must_get(Column::Tree, path.as_bytes())?;
        let page = self.decode_page(path, &bytes);
        if is_quiet {
            lock().offer(*path, &page, generation);
        }
        Some(page)
    }

    pub(crate) fn decode_page(&self, path: &PagePath, bytes: &[u8]) -> Arc<Page> {
        match Page::from_bytes(bytes) {
            Ok(page) => Arc::new(page),
            Err(error) => fault(&self.database.damaged(Column::Tree, path.as_bytes(), &error.to_string())),
        }
    }
}

/// Whether what the tip names is there; gives the oldest height that can be read.
fn check_tip(database: &Database, tip: &Tip) -> Result<u64, StoreError> {
    let key = keys::height(tip.height);
    let name = keys::block_name(tip.height, &tip.hash);
    let block: Option<StoredBlock> = database.get_decoded(Column::Blocks, &key)?;
    if block.is_none_or(|block| block.hash != tip.hash) {
        return Err(StoreError::damaged(database.path(), format!("{name} is the tip, but is not there")));
    }
    let root = match database.get(Column::Tree, PagePath::ROOT.as_bytes())? {
        Some(bytes) => Page::from_bytes(&bytes).map(|page| page.hash()),
        None => Ok(EMPTY_ROOT),
    };
    if root.as_ref() != Ok(&tip.state_root.0) {
        let what = format!("the state is not the one after the tip, {name}");
        return Err(StoreError::damaged(database.path(), what));
    }
    let end = |start: u64, direction| -> Result<Option<Height>, StoreError> {
        let pair = database.iterate(Column::Undo, &keys::height(Height(start)), direction).next().transpose()?;
        Ok(pair.and_then(|(key, _)| keys::read_height(&key)))
    };
    let (oldest, newest) = (end(0, Direction::Forward)?, end(u64::MAX, Direction::Reverse)?);
    if newest.is_some_and(|newest| newest != tip.height) {
        return Err(StoreError::damaged(database.path(), format!("what {name} overwrote is not there")));
    }
    Ok(oldest.map_or(tip.height.0, |oldest| oldest.0.saturating_sub(1)))
}
