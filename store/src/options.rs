//! What an operator may set. The defaults fit a small machine that runs several nodes.

/// Settings of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Blocks of files kept in memory, in bytes.
    pub block_cache_bytes: usize,
    /// Writes kept in memory until they are written to sorted files, in bytes.
    pub write_buffer_bytes: usize,
    /// Pages of the state tree kept decoded in memory, in bytes, besides those that are not saved.
    pub page_cache_bytes: usize,
    /// State values kept in memory, in bytes, besides those that are not saved.
    pub value_cache_bytes: usize,
    /// What recent blocks replaced, kept in memory for views of older heights, in bytes.
    pub replaced_bytes: usize,
    /// State, tree and histories that are not saved, in bytes; from there on they are.
    pub unsaved_bytes: usize,
    /// Blocks after which state, tree and histories are saved; each that is not costs time at the next start.
    pub unsaved_blocks: u64,
    /// Files kept open.
    pub open_files_max: i32,
    /// Threads for writing and merging files.
    pub background_threads: i32,
    /// How many heights back the state can be read and proven.
    pub heights_kept: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            block_cache_bytes: 16 * 1024 * 1024,
            write_buffer_bytes: 16 * 1024 * 1024,
            page_cache_bytes: 8 * 1024 * 1024,
            value_cache_bytes: 2 * 1024 * 1024,
            replaced_bytes: 4 * 1024 * 1024,
            unsaved_bytes: 8 * 1024 * 1024,
            unsaved_blocks: 64,
            open_files_max: 256,
            background_threads: 2,
            heights_kept: 128,
        }
    }
}
