//! Rows of blocks, bodies and receipts that cannot be read any more, and the same rows from somebody else.
//!
//! A sorted file with a damaged part stays as it is: rewriting its keys would make RocksDB merge it, and stop. What peers
//! gave again lies in a family of its own, where readers look when the first row is unreadable. It must not know who gave
//! it. Invariant: what is mended has the hash and the receipts root that the block after it names.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use borsh::BorshDeserialize;
use rocksdb::WriteBatch;
use types::{Body, Canonical, Certificate, Hash32, Header, Height, Receipt};

use crate::columns::Column;
use crate::error::StoreError;
use crate::keys;
use crate::queries::StoredBlock;
use crate::store::Store;

/// Is told of everything in the store that could not be read.
pub type Watcher = Box<dyn Fn(&StoreError) + Send + Sync>;

/// Who is told of damage; nobody at first.
#[derive(Default)]
pub(crate) struct Watch(OnceLock<Watcher>);

impl Watch {
    pub(crate) fn tell(&self, error: &StoreError) {
        if let (StoreError::Unreadable { .. } | StoreError::Damaged { .. }, Some(watcher)) = (error, self.0.get()) {
            watcher(error);
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Watch")
    }
}

/// What a block must be that is to take the place of an unreadable one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its height.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
    /// What commits to its receipts.
    pub receipts_root: Hash32,
    /// A finalization of the same epoch that proves it, if a later block here has one.
    pub certificate: Option<Certificate>,
}

/// A block that takes the place of an unreadable one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// Its header.
    pub header: Header,
    /// Its body.
    pub body: Body,
    /// Its finalization, or that of a descendant.
    pub certificate: Certificate,
    /// The block's receipt, then one per transaction.
    pub receipts: Vec<Receipt>,
}

impl Store {
    /// From now on `watcher` is told of everything that cannot be read; the first one stays.
    pub fn watch(&self, watcher: Watcher) {
        let _ = self.inner.watch.0.set(watcher);
    }

    /// Tells the watcher of an error, on its way to whoever asked.
    pub(crate) fn watched<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.inspect_err(|error| self.inner.watch.tell(error))
    }

    /// A row that every block up to the tip has: where it was written, or as it was mended.
    pub(crate) fn row<T: BorshDeserialize>(&self, column: Column, height: Height) -> Result<Option<T>, StoreError> {
        self.watched(self.try_row(column, height))
    }

    fn try_row<T: BorshDeserialize>(&self, column: Column, height: Height) -> Result<Option<T>, StoreError> {
        let database = &self.inner.database;
        // Before the row is looked for: a block that is committed in between need not be there yet.
        let must_be_there = height.0 <= self.inner.committed.load(Ordering::SeqCst) && self.tip().is_some();
        let what = match database.get_decoded(column, &keys::height(height)) {
            Ok(Some(row)) => return Ok(Some(row)),
            Ok(None) if !must_be_there => return Ok(None),
            Ok(None) => "the row is missing".to_owned(),
            Err(StoreError::Damaged { what, .. }) => what,
            Err(error) => return Err(error),
        };
        if let Some(row) = database.get_decoded(Column::Mended, &keys::mended(column.name(), height))? {
            return Ok(Some(row));
        }
        let (path, part) = (database.path().to_owned(), column.name());
        Err(StoreError::Unreadable { height, part, path, what })
    }

    /// Whether everything of a block can be read.
    #[must_use]
    pub fn is_whole(&self, height: Height) -> bool {
        let (header, body, receipts) = self.parts(height);
        header.is_ok() && body.is_ok() && receipts.is_ok()
    }

    #[allow(clippy::type_complexity, reason = "the three rows of a block, for two callers")]
    fn parts(
        &self,
        height: Height,
    ) -> (
        Result<Option<StoredBlock>, StoreError>,
        Result<Option<Body>, StoreError>,
        Result<Option<Vec<Receipt>>, StoreError>,
    ) {
        let (blocks, bodies, receipts) = (Column::Blocks, Column::Bodies, Column::Receipts);
        (self.try_row(blocks, height), self.try_row(bodies, height), self.try_row(receipts, height))
    }

    /// The highest of the unreadable blocks that hang together from `height` on, with what its successor says of it: from
    /// there down each is known by its child. Nothing if the block at `height` is whole.
    ///
    /// # Errors
    /// [`StoreError`] when nothing is known of it.
    pub fn lost(&self, height: Height) -> Result<Option<Lost>, StoreError> {
        let tip = self.tip().ok_or(StoreError::NotInitialized)?;
        if height > tip.height || self.is_whole(height) {
            return Ok(None);
        }
        let mut height = height;
        loop {
            if height >= tip.height {
                let (hash, receipts_root) = (tip.hash, tip.receipts_root);
                return Ok(Some(Lost { height: tip.height, hash, receipts_root, certificate: None }));
            }
            match self.try_row::<StoredBlock>(Column::Blocks, height.next()) {
                Ok(Some(child)) => {
                    let Header { parent: hash, receipts_root, epoch, .. } = child.header;
                    // A descendant's finalization proves it too, unless it is the last of its epoch.
                    let own = self.try_row::<StoredBlock>(Column::Blocks, height).ok().flatten();
                    let own = own.and_then(|block| block.certificate);
                    let later = child.certificate.filter(|certificate| certificate.statement.epoch == epoch);
                    return Ok(Some(Lost { height, hash, receipts_root, certificate: own.or(later) }));
                }
                Err(StoreError::Unreadable { .. }) => height = height.next(),
                Ok(None) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Puts a block in the place of an unreadable one: the parts of it that cannot be read.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] for another block than the one that was lost; [`StoreError`] for a failing disk.
    pub fn mend(&self, lost: &Lost, mended: &Mended) -> Result<(), StoreError> {
        let height = lost.height;
        let check = |what, found: Hash32, expected: Hash32| match found == expected {
            true => Ok(()),
            false => Err(StoreError::Inconsistent { height, what, found, expected }),
        };
        let hash = crypto::ids::header_hash(&mended.header);
        check("hash", hash, lost.hash)?;
        check("receipts root", crypto::ids::receipts_root(&mended.receipts), lost.receipts_root)?;
        let block = StoredBlock { hash, header: mended.header.clone(), certificate: Some(mended.certificate.clone()) };
        let (present, body, receipts) = self.parts(height);
        let encoded = "writing to memory cannot fail";
        let mut batch = WriteBatch::default();
        let mut put = |column: Column, bytes: Vec<u8>| {
            batch.put_cf(self.inner.database.family(Column::Mended), keys::mended(column.name(), height), bytes);
        };
        if present.is_err() {
            put(Column::Blocks, borsh::to_vec(&block).expect(encoded));
        }
        if body.is_err() {
            put(Column::Bodies, mended.body.to_canonical());
        }
        if receipts.is_err() {
            put(Column::Receipts, borsh::to_vec(&mended.receipts).expect(encoded));
        }
        let mut writer = self.inner.writer();
        if let Some(message) = &writer.poison {
            return Err(StoreError::Poisoned(message.clone()));
        }
        self.inner.database.write(batch).inspect_err(|error| writer.poison = Some(error.to_string()))
    }
}
