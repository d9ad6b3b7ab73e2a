//! Final blocks, the state after them, and the indexes, in RocksDB. The only crate that names it.
//!
//! It must not know what a state key or a value means, who decides that a block is final, or when to sync.
//!
//! A directory holds the file `STORE` (format and chain, readable) and the folder `db`. One write batch per block
//! puts everything about it there, without fsync, through one write-ahead log; so what a loss of power takes is
//! always a suffix of whole blocks, and [`Store::sync`] says from where on nothing can be lost any more.
//!
//! What changes often is written seldom. A block's batch has what it changed as one record; the state, the pages of the
//! tree and the accounts' histories themselves stay in memory and are saved together, in the batch of one block in
//! some dozens. After a start the records since the last save bring them up to date again.
//!
//! Invariants:
//! - blocks come one by one: height tip + 1, parent the tip's hash, state root in the header the tip's;
//! - a [`StoreView`] reads the state after one block, whatever is committed meanwhile, without locks: a commit
//!   publishes what it is about to overwrite before it begins, and a reader looks there after it has read;
//! - the state after each of the last K blocks can be read and proven; an open view keeps its own alive longer;
//! - a state that cannot be read stops the node (a panic with file and key): going on would fork the chain; whoever watches
//!   the store is told of everything that cannot be read, and may give blocks, bodies and receipts again.

mod changes;
mod columns;
mod commit;
mod database;
mod directory;
mod error;
mod events;
mod history;
mod keys;
mod layer;
mod mend;
mod options;
mod queries;
mod restore;
mod store;
mod varint;
mod view;

pub use error::{REMEDY, STOPS, StoreError};
pub use keys::{AccountPlace, EventPlace, TransactionPlace};
pub use mend::{Lost, Mended, Watcher};
pub use options::StoreOptions;
pub use queries::{StateProof, StoredBlock};
pub use store::{FORMAT_VERSION, Store, Tip};
pub use view::StoreView;
