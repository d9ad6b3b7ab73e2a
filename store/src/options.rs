//! What an operator may set. The defaults fit a small machine that runs several nodes.

/// Settings of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Blocks of files kept in memory, in bytes.
    pub block_cache_bytes: usize,
    /// Writes kept in memory until they are written to sorted files, in bytes.
    pub write_buffer_bytes: usize,
    /// Pages of the state tree kept decoded in memory, counted.
    pub page_cache_pages: usize,
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
            block_cache_bytes: 32 * 1024 * 1024,
            write_buffer_bytes: 24 * 1024 * 1024,
            page_cache_pages: 8_192,
            open_files_max: 256,
            background_threads: 2,
            heights_kept: 128,
        }
    }
}
