//! Opening a store, its tip, its views, and making it durable.
//!
//! Invariant: `begun` is raised, and what the commit changes is in `recent`, before any of it can be read; `committed`
//! follows when it is written. Between the two, readers find the values before in `recent`. What the layers hold is
//! newer than what is on disk, so readers look there first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::jellyfish::{Page, PagePath};
use execution::ShortBytes;
use types::{ChainId, Epoch, Hash32, Height, TimeMs, View};

use crate::changes::Changes;
use crate::columns::Column;
use crate::database::{Access, Database};
use crate::error::StoreError;
use crate::history::History;
use crate::layer::Layer;
use crate::mend::Watch;
use crate::options::StoreOptions;
use crate::restore::{self, Standing};
use crate::view::StoreView;
use crate::{directory, keys};

/// The format of the store that this software reads and writes.
pub const FORMAT_VERSION: u32 = 4;
/// Rows that are asked for at a time: RocksDB takes 32 as one.
const READS_AT_ONCE: usize = 64;

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
    pub(crate) watch: Arc<Watch>,
    pub(crate) tip: RwLock<Option<Tip>>,
    /// Height of the last commit that has begun to write.
    pub(crate) begun: AtomicU64,
    /// Height of the last commit that is written.
    pub(crate) committed: AtomicU64,
    /// Held while committing.
    pub(crate) writer: Mutex<Writer>,
    /// What the last commits changed, by height: those under way and, within bounds, some before.
    pub(crate) recent: RwLock<BTreeMap<u64, Arc<Changes>>>,
    pub(crate) pins: Mutex<Pins>,
    /// The newest pages of the tree.
    pub(crate) pages: Layer<PagePath, Arc<Page>>,
    /// The newest values of the state.
    pub(crate) values: Layer<ShortBytes, ShortBytes>,
    /// The keys of the values that are not saved, in order, for scans.
    pub(crate) unsaved_keys: RwLock<BTreeSet<ShortBytes>>,
    /// The accounts' histories since the last save.
    pub(crate) history: RwLock<History>,
}

/// What only the one who commits needs.
#[derive(Debug)]
pub(crate) struct Writer {
    /// What went wrong, for ever.
    pub(crate) poison: Option<String>,
    /// Height of state, tree and histories in their families.
    pub(crate) saved: u64,
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
        Self::open_for(path, chain, options, &Access::Whole)
    }

    /// Opens a store that is there and leaves it as it is: nothing may be committed. RocksDB writes its own log into `log_folder`.
    ///
    /// # Errors
    /// As [`Store::open`]; [`StoreError::Damaged`] where there is none.
    pub fn look(path: &Path, chain: ChainId, options: StoreOptions, log_folder: &Path) -> Result<Self, StoreError> {
        directory::must_be_there(path)?;
        Self::open_for(path, chain, options, &Access::Look { log_folder })
    }

    /// Reads every row there is, so that every checksum is looked at. Gives how many there are.
    ///
    /// # Errors
    /// [`StoreError`] that names the damaged file.
    pub fn read_all(&self) -> Result<u64, StoreError> {
        self.inner.database.read_all()
    }

    fn open_for(path: &Path, chain: ChainId, options: StoreOptions, access: &Access<'_>) -> Result<Self, StoreError> {
        let watch = Arc::new(Watch::default());
        let database = directory::prepare(path, chain, FORMAT_VERSION)?;
        let database = Database::open(&database, &options, access, watch.clone())?;
        let tip: Option<Tip> = database.get_decoded(Column::Meta, keys::TIP)?;
        let Standing { oldest, saved } = match &tip {
            Some(tip) => restore::check(&database, tip)?,
            None => Standing { oldest: 0, saved: 0 },
        };
        let height = tip.map_or(0, |tip| tip.height.0);
        let inner = Inner {
            database,
            options,
            watch,
            tip: RwLock::new(tip),
            begun: AtomicU64::new(height),
            committed: AtomicU64::new(height),
            writer: Mutex::new(Writer { poison: None, saved }),
            recent: RwLock::new(BTreeMap::new()),
            pins: Mutex::new(Pins { open: BTreeMap::new(), oldest }),
            pages: Layer::new(options.page_cache_bytes),
            values: Layer::new(options.value_cache_bytes),
            unsaved_keys: RwLock::new(BTreeSet::new()),
            history: RwLock::new(History::default()),
        };
        if let Some(tip) = &tip {
            inner.restore(tip, saved)?;
        }
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
        self.view_of_tip().map(|(_, view)| view)
    }

    /// The newest block with the state after it.
    pub(crate) fn view_of_tip(&self) -> Result<(Tip, StoreView), StoreError> {
        let mut pins = self.inner.pins();
        let tip = self.tip().ok_or(StoreError::NotInitialized)?;
        Ok((tip, StoreView::new(&self.inner, &mut pins, tip.height)))
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
                self.inner.writer().poison = Some(error.to_string());
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

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn check_poison(&self) -> Result<(), StoreError> {
        self.writer().poison.clone().map_or(Ok(()), |message| Err(StoreError::Poisoned(message)))
    }

    /// What the block at `height` changed.
    pub(crate) fn changes(&self, height: u64) -> Arc<Changes> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner).get(&height).map(Arc::clone);
        recent.unwrap_or_else(|| {
            Arc::new(self.stored_changes(height).unwrap_or_else(|error| self.database.fault(&error)))
        })
    }

    /// The value as of the last commit that began.
    pub(crate) fn newest_value(&self, key: &[u8]) -> Option<ShortBytes> {
        self.values.get(key).unwrap_or_else(|unknown| {
            let value = self.database.must_get(Column::State, key).map(|value| ShortBytes::from(&*value));
            self.values.offer(ShortBytes::from(key), value.clone(), unknown);
            value
        })
    }

    /// The page as of the last commit that began.
    pub(crate) fn newest_page(&self, path: &PagePath) -> Option<Arc<Page>> {
        self.newest_pages(std::slice::from_ref(path)).pop().flatten()
    }

    /// The pages at `paths`, which rise, each as of the last commit that began.
    pub(crate) fn newest_pages(&self, paths: &[PagePath]) -> Vec<Option<Arc<Page>>> {
        let mut known: Vec<_> = paths.iter().map(|path| self.pages.get(path)).collect();
        let places: Vec<_> = (0..paths.len()).filter(|place| known[*place].is_err()).collect();
        for places in places.chunks(READS_AT_ONCE) {
            let keys: Vec<_> = places.iter().map(|place| paths[*place].as_bytes()).collect();
            for (place, bytes) in places.iter().zip(self.database.must_get_many(Column::Tree, &keys)) {
                let page = bytes.map(|bytes| self.decode_page(&paths[*place], &bytes));
                if let Err(unknown) = std::mem::replace(&mut known[*place], Ok(page.clone())) {
                    self.pages.offer(paths[*place], page, unknown);
                }
            }
        }
        known.into_iter().map(|page| page.unwrap_or_default()).collect()
    }

    /// Takes a value that is about to be committed.
    pub(crate) fn change_value(&self, key: &[u8], value: Option<ShortBytes>) {
        if self.values.change(ShortBytes::from(key), value) {
            self.unsaved_keys.write().unwrap_or_else(PoisonError::into_inner).insert(ShortBytes::from(key));
        }
    }

    fn decode_page(&self, path: &PagePath, bytes: &[u8]) -> Arc<Page> {
        match Page::from_bytes(bytes) {
            Ok(page) => Arc::new(page),
            Err(error) => {
                let error = self.database.damaged(Column::Tree, path.as_bytes(), &error.to_string());
                self.database.fault(&error)
            }
        }
    }
}
