//! The column families: what is under which key, and how each is stored.

use rocksdb::{BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, Options, SliceTransform};

use crate::keys::ID_BYTES;
use crate::options::StoreOptions;

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Name → value: the tip.
    Meta,
    /// Height → hash, header, certificate.
    Blocks,
    /// Height → body.
    Bodies,
    /// Height → receipts.
    Receipts,
    /// Block hash → height.
    BlockByHash,
    /// First bytes of a transaction's id, height, place in the body → nothing.
    TransactionById,
    /// Address, height and receipt of the first → further heights and receipts.
    AccountHistory,
    /// Module, kind, height → places of the events.
    Events,
    /// State key → value, at the last save.
    State,
    /// Page path → page, at the last save.
    Tree,
    /// Height → what the block changed in the state.
    Changes,
    /// Name of a family, height → a row of it that could not be read any more, as a peer gave it again.
    Mended,
}

impl Column {
    /// All of them. New ones go to the end, with a new format version.
    pub(crate) const ALL: [Self; 12] = [
        Self::Meta,
        Self::Blocks,
        Self::Bodies,
        Self::Receipts,
        Self::BlockByHash,
        Self::TransactionById,
        Self::AccountHistory,
        Self::Events,
        Self::State,
        Self::Tree,
        Self::Changes,
        Self::Mended,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Blocks => "blocks",
            Self::Bodies => "bodies",
            Self::Receipts => "receipts",
            Self::BlockByHash => "block_by_hash",
            Self::TransactionById => "tx_by_id",
            Self::AccountHistory => "account_history",
            Self::Events => "events",
            Self::State => "state",
            Self::Tree => "tree",
            Self::Changes => "changes",
            Self::Mended => "mended",
        }
    }

    /// Whether keys are looked up that may not be there, so that a filter saves reads.
    const fn is_looked_up(self) -> bool {
        matches!(self, Self::State | Self::Tree | Self::TransactionById | Self::BlockByHash)
    }

    /// Whether compression is not worth its time: hashes and signatures hardly get smaller, changes soon go, and one
    /// value of the state is wanted where its whole block would be unpacked.
    const fn is_incompressible(self) -> bool {
        matches!(
            self,
            Self::State | Self::Tree | Self::TransactionById | Self::BlockByHash | Self::Bodies | Self::Changes
        )
    }

    /// Whether single keys are read all over it, each of them seldom, and most of them are there.
    const fn is_scattered(self) -> bool {
        matches!(self, Self::State | Self::Tree)
    }

    /// The first bytes of the keys by which they are looked up, if those are not the whole keys.
    const fn prefix_bytes(self) -> Option<usize> {
        match self {
            Self::TransactionById => Some(ID_BYTES),
            _ => None,
        }
    }

    pub(crate) fn descriptor(self, options: &StoreOptions, cache: &Cache) -> ColumnFamilyDescriptor {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(cache);
        table.set_cache_index_and_filter_blocks(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        table.set_optimize_filters_for_memory(true);
        table.set_format_version(5);
        if self.is_looked_up() {
            table.set_bloom_filter(10.0, false);
        }
        let mut family = Options::default();
        if self.is_scattered() {
            // What leads to blocks of these is wanted for every read, so it does not compete with the blocks: about a
            // MiB for a million accounts. The last level, where almost everything is found, needs no filter.
            table.set_cache_index_and_filter_blocks(false);
            family.set_optimize_filters_for_hits(true);
            family.set_memtable_prefix_bloom_ratio(0.02);
            family.set_memtable_whole_key_filtering(true);
        }
        if let Some(bytes) = self.prefix_bytes() {
            table.set_whole_key_filtering(false);
            family.set_prefix_extractor(SliceTransform::create_fixed_prefix(bytes));
        }
        family.set_block_based_table_factory(&table);
        family.set_compression_type(if self.is_incompressible() {
            DBCompressionType::None
        } else {
            DBCompressionType::Lz4
        });
        family.set_write_buffer_size(options.write_buffer_bytes);
        family.set_max_write_buffer_number(2);
        // The default, an eighth of the buffer, would be reserved for each of the families.
        family.set_arena_block_size(128 * 1024);
        family.set_target_file_size_base(16 * 1024 * 1024);
        ColumnFamilyDescriptor::new(self.name(), family)
    }
}

/// Settings of the database as a whole.
pub(crate) fn database_options(options: &StoreOptions) -> Options {
    let mut database = Options::default();
    database.create_if_missing(true);
    database.create_missing_column_families(true);
    // One batch over all families stays whole, and what a loss of power takes is a suffix of batches.
    database.set_atomic_flush(true);
    database.set_wal_recovery_mode(rocksdb::DBRecoveryMode::PointInTime);
    database.set_recycle_log_file_num(0);
    database.set_manual_wal_flush(false);
    database.set_paranoid_checks(true);
    database.set_db_write_buffer_size(options.write_buffer_bytes);
    database.set_max_total_wal_size(4 * options.write_buffer_bytes as u64);
    database.set_max_open_files(options.open_files_max);
    database.set_max_file_opening_threads(1);
    database.set_max_background_jobs(options.background_threads);
    database.set_max_subcompactions(1);
    database.set_log_level(rocksdb::LogLevel::Warn);
    database.set_keep_log_file_num(2);
    database.set_max_log_file_size(1024 * 1024);
    database.set_stats_dump_period_sec(0);
    database.set_stats_persist_period_sec(0);
    database.set_skip_stats_update_on_db_open(true);
    database
}
