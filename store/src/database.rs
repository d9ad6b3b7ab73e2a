//! RocksDB with its families, and its errors in the store's words.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use borsh::BorshDeserialize;
use rocksdb::{
    Cache, ColumnFamily, DB, DBPinnableSlice, Direction, IteratorMode, LiveFile, LruCacheOptions, ReadOptions,
    WriteBatch, WriteOptions,
};

use crate::columns::{Column, database_options};
use crate::error::{StoreError, fault};
use crate::mend::Watch;
use crate::options::StoreOptions;

/// A key and its value.
pub(crate) type Pair = (Box<[u8]>, Box<[u8]>);

/// The cache of blocks has so many parts, as a power of two. A filter may have a MiB; in a part that is smaller it would
/// not be kept, but read from the disk at every lookup.
const CACHE_PARTS_BITS: i32 = 2;

pub(crate) struct Database {
    db: DB,
    path: PathBuf,
    /// For reads whose blocks are not worth keeping: the next one needs others, and the kernel has them anyway.
    scattered: ReadOptions,
    watch: Arc<Watch>,
}

/// What may be done to a database.
pub(crate) enum Access<'a> {
    /// Everything.
    Whole,
    /// It is looked at, and stays as it is.
    Look {
        /// Where RocksDB may write what it does.
        log_folder: &'a Path,
    },
}

impl Database {
    pub(crate) fn open(
        path: &Path,
        options: &StoreOptions,
        access: &Access<'_>,
        watch: Arc<Watch>,
    ) -> Result<Self, StoreError> {
        let mut cache = LruCacheOptions::default();
        cache.set_capacity(options.block_cache_bytes);
        cache.set_num_shard_bits(CACHE_PARTS_BITS);
        let cache = Cache::new_lru_cache_opts(&cache);
        let families = Column::ALL.map(|column| column.descriptor(options, &cache));
        let opened = match access {
            Access::Whole => DB::open_cf_descriptors(&database_options(options), path, families),
            // Even then RocksDB writes a log of its own, which must not come to lie in the home.
            Access::Look { log_folder } => {
                let mut options = database_options(options);
                options.set_db_log_dir(log_folder);
                DB::open_cf_descriptors_read_only(&options, path, families, false)
            }
        };
        let db = opened.map_err(|error| {
            let message = error.into_string();
            if message.contains("/LOCK: ") {
                return StoreError::Locked { path: path.to_owned() };
            }
            StoreError::Database { operation: "open", path: path.to_owned(), message }
        })?;
        let mut scattered = ReadOptions::default();
        scattered.fill_cache(false);
        let database = Self { db, path: path.to_owned(), scattered, watch };
        database.check_files()?;
        Ok(database)
    }

    /// Reads every row of every family, each block of which RocksDB holds against its checksum. Gives how many there are.
    pub(crate) fn read_all(&self) -> Result<u64, StoreError> {
        let mut rows: u64 = 0;
        for column in Column::ALL {
            for pair in self.iterate(column, b"", Direction::Forward) {
                pair?;
                rows = rows.saturating_add(1);
            }
        }
        Ok(rows)
    }

    /// Whether every sorted file is there in its full length. RocksDB would notice only when it reads one.
    fn check_files(&self) -> Result<(), StoreError> {
        for file in self.live_files()? {
            let path = self.path.join(file.name.trim_start_matches('/'));
            let length = std::fs::metadata(&path).map(|about| about.len());
            // A merge in the background may just have made the file needless; then it is no longer listed.
            if length.as_ref().ok() == Some(&(file.size as u64))
                || !self.live_files()?.iter().any(|live| live.name == file.name)
            {
                continue;
            }
            let found = length.map_or_else(|error| error.to_string(), |length| format!("{length} bytes"));
            return Err(StoreError::damaged(&path, format!("{} bytes were written there, now: {found}", file.size)));
        }
        Ok(())
    }

    fn live_files(&self) -> Result<Vec<LiveFile>, StoreError> {
        self.db.live_files().map_err(|error| self.refused("list the files of", error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn family(&self, column: Column) -> &ColumnFamily {
        self.db.cf_handle(column.name()).expect("all families are opened with the database")
    }

    pub(crate) fn get(&self, column: Column, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, StoreError> {
        self.db.get_pinned_cf(self.family(column), key).map_err(|error| self.unreadable(column, key, error))
    }

    /// Stops the node, whichever thread has met it: the store gave no answer where the chain needs one.
    pub(crate) fn fault(&self, error: &StoreError) -> ! {
        self.watch.tell(error);
        fault(error)
    }

    /// One key of state or tree, where the chain cannot go on without an answer.
    pub(crate) fn must_get(&self, column: Column, key: &[u8]) -> Option<DBPinnableSlice<'_>> {
        let got = self.db.get_pinned_cf_opt(self.family(column), key, &self.scattered);
        got.unwrap_or_else(|error| self.fault(&self.unreadable(column, key, error)))
    }

    /// As [`Self::must_get`] for several keys, which rise.
    pub(crate) fn must_get_many(&self, column: Column, keys: &[&[u8]]) -> Vec<Option<DBPinnableSlice<'_>>> {
        if let [key] = keys {
            return vec![self.must_get(column, key)];
        }
        let family = self.family(column);
        let got = self.db.batched_multi_get_cf_opt(family, keys.iter().copied(), true, &self.scattered);
        let got = got.into_iter().zip(keys);
        got.map(|(got, key)| got.unwrap_or_else(|error| self.fault(&self.unreadable(column, key, error)))).collect()
    }

    /// Decodes the value under a key.
    pub(crate) fn get_decoded<T: BorshDeserialize>(&self, column: Column, key: &[u8]) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.get(column, key)? else {
            return Ok(None);
        };
        T::try_from_slice(&bytes).map(Some).map_err(|error| self.damaged(column, key, &error.to_string()))
    }

    /// The pairs from `start` on, upwards or downwards, as they are at the moment of the call.
    pub(crate) fn iterate(
        &self,
        column: Column,
        start: &[u8],
        direction: Direction,
    ) -> impl Iterator<Item = Result<Pair, StoreError>> + '_ {
        let mut read = ReadOptions::default();
        read.set_total_order_seek(true);
        let mode = IteratorMode::From(start, direction);
        let pairs = self.db.iterator_cf_opt(self.family(column), read, mode);
        pairs.map(move |pair| pair.map_err(|error| self.unreadable(column, b"", error)))
    }

    /// The keys that begin with `prefix`, which is as long as the prefixes of the column.
    pub(crate) fn keys_with<'a>(
        &'a self,
        column: Column,
        prefix: &'a [u8],
    ) -> impl Iterator<Item = Result<Box<[u8]>, StoreError>> + 'a {
        let mut read = ReadOptions::default();
        read.set_prefix_same_as_start(true);
        let mode = IteratorMode::From(prefix, Direction::Forward);
        let keys = self.db.iterator_cf_opt(self.family(column), read, mode);
        let keys =
            keys.map(move |pair| pair.map(|(key, _)| key).map_err(|error| self.unreadable(column, prefix, error)));
        keys.take_while(move |key| key.as_ref().map_or(true, |key| key.starts_with(prefix)))
    }

    /// Writes a batch, whole or not at all, without waiting for the disk.
    pub(crate) fn write(&self, batch: WriteBatch) -> Result<(), StoreError> {
        let mut write = WriteOptions::default();
        // The keys of a family come in rising order, so each is looked for from where the last one went.
        write.set_memtable_insert_hint_per_batch(true);
        self.db.write_opt(batch, &write).map_err(|error| self.refused("write to", error))
    }

    /// Makes everything written so far durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush_wal(true).map_err(|error| self.refused("sync", error))
    }

    pub(crate) fn damaged(&self, column: Column, key: &[u8], what: &str) -> StoreError {
        StoreError::damaged(&self.path, format!("{} at key {}: {what}", column.name(), hex(key)))
    }

    fn refused(&self, operation: &'static str, error: rocksdb::Error) -> StoreError {
        StoreError::Database { operation, path: self.path.clone(), message: error.into_string() }
    }

    fn unreadable(&self, column: Column, key: &[u8], error: rocksdb::Error) -> StoreError {
        self.damaged(column, key, &error.into_string())
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
