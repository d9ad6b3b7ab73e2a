//! Putting final blocks into the store: everything about them in one batch.
//!
//! It must not know why a block is final. Invariants: blocks follow the tip one by one, or nothing is written; a
//! failed write is never tried again.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crypto::jellyfish::PageChanges;
use execution::{BlockOutcome, FinalizedBlock};
use rocksdb::WriteBatch;
use types::{Body, Canonical, Certificate, Hash32, Header, Height};

use crate::columns::Column;
use crate::database::Database;
use crate::error::StoreError;
use crate::keys::{self, AccountPlace, EventPlace, TransactionPlace};
use crate::queries::StoredBlock;
use crate::store::{Inner, Pins, Store, Tip};
use crate::undo::Undo;

/// What recent commits overwrote is kept decoded up to so many bytes.
const RECENT_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Store {
    /// Puts the state of genesis and block 0 into an empty store. Does nothing if exactly that is there already.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] if another genesis is there or the header is not the outcome's.
    pub fn initialize(&self, header: &Header, outcome: &BlockOutcome) -> Result<(), StoreError> {
        let mut writer = self.inner.writer();
        check_writer(writer.as_ref())?;
        check_hash(Height::ZERO, "hash", crypto::ids::header_hash(header), outcome.hash)?;
        if header.height != Height::ZERO || outcome.height != Height::ZERO {
            return Err(StoreError::OutOfOrder { tip: Height::ZERO, found: header.height });
        }
        if self.tip().is_some() {
            let key = keys::height(Height::ZERO);
            let present: Option<StoredBlock> = self.inner.database.get_decoded(Column::Blocks, &key)?;
            let expected = present.map_or(Hash32::ZERO, |block| block.hash);
            return check_hash(Height::ZERO, "genesis hash", outcome.hash, expected);
        }
        let mut commit = Commit::new(&self.inner.database);
        commit.put_block(header, &Body::default(), None, outcome);
        commit.put_state(outcome);
        let tip = tip_after(header, outcome);
        self.finish(&mut writer, commit, tip, &[&outcome.pages])
    }

    /// Puts the block after the tip into the store, with one write and without waiting for the disk.
    ///
    /// # Errors
    /// [`StoreError`] for a block that does not follow, and for a failing disk, after which nothing is written any
    /// more.
    pub fn commit(&self, block: &FinalizedBlock) -> Result<(), StoreError> {
        self.commit_many(std::slice::from_ref(block))
    }

    /// Puts several blocks into the store, all with one write: a crash leaves all of them or none.
    ///
    /// # Errors
    /// As [`Store::commit`]; then none of them is there.
    pub fn commit_many(&self, blocks: &[FinalizedBlock]) -> Result<(), StoreError> {
        let mut writer = self.inner.writer();
        check_writer(writer.as_ref())?;
        let mut tip = self.tip().ok_or(StoreError::NotInitialized)?;
        let mut commit = Commit::new(&self.inner.database);
        for (index, block) in blocks.iter().enumerate() {
            check_follows(&tip, block)?;
            let is_last = index + 1 == blocks.len();
            commit.put_block(&block.header, &block.body, Some(&block.certificate), &block.outcome);
            commit.put_undo(&block.outcome, is_last)?;
            commit.put_state(&block.outcome);
            tip = tip_after(&block.header, &block.outcome);
        }
        if blocks.is_empty() {
            return Ok(());
        }
        let pages: Vec<_> = blocks.iter().map(|block| &block.outcome.pages).collect();
        self.finish(&mut writer, commit, tip, &pages)
    }

    /// Tells readers what is about to be overwritten, writes, and moves the tip.
    fn finish(
        &self,
        writer: &mut Option<String>,
        mut commit: Commit<'_>,
        tip: Tip,
        pages: &[&PageChanges],
    ) -> Result<(), StoreError> {
        let inner = &*self.inner;
        commit.prune(&mut inner.pins(), tip.height.0.saturating_sub(inner.options.heights_kept));
        let bytes = borsh::to_vec(&tip).expect("writing to memory cannot fail");
        commit.put(Column::Meta, keys::TIP, &bytes);
        publish(inner, commit.undos);
        inner.begun.store(tip.height.0, Ordering::SeqCst);
        {
            let mut cache = inner.pages.lock().unwrap_or_else(PoisonError::into_inner);
            for changes in pages {
                cache.begin(tip.height.0, changes);
            }
        }
        if let Err(error) = inner.database.write(commit.batch) {
            *writer = Some(error.to_string());
            return Err(error);
        }
        inner.committed.store(tip.height.0, Ordering::SeqCst);
        *inner.tip.write().unwrap_or_else(PoisonError::into_inner) = Some(tip);
        Ok(())
    }
}

/// A batch in the making.
struct Commit<'a> {
    database: &'a Database,
    batch: WriteBatch,
    undos: BTreeMap<u64, Arc<Undo>>,
    /// Pages as earlier blocks of this batch leave them.
    pages: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Commit<'a> {
    fn new(database: &'a Database) -> Self {
        let (undos, pages) = (BTreeMap::new(), BTreeMap::new());
        Self { database, batch: WriteBatch::default(), undos, pages }
    }

    fn put(&mut self, column: Column, key: &[u8], value: &[u8]) {
        self.batch.put_cf(self.database.family(column), key, value);
    }

    fn put_or_delete(&mut self, column: Column, key: &[u8], value: Option<&[u8]>) {
        match value {
            Some(value) => self.put(column, key, value),
            None => self.batch.delete_cf(self.database.family(column), key),
        }
    }

    /// The block, what became of it, and how it is found.
    fn put_block(&mut self, header: &Header, body: &Body, certificate: Option<&Certificate>, outcome: &BlockOutcome) {
        let height = header.height;
        let key = keys::height(height);
        let block = StoredBlock { hash: outcome.hash, header: header.clone(), certificate: certificate.cloned() };
        self.put(Column::Blocks, &key, &borsh::to_vec(&block).expect("writing to memory cannot fail"));
        self.put(Column::Bodies, &key, &body.to_canonical());
        let receipts = borsh::to_vec(&outcome.receipts).expect("writing to memory cannot fail");
        self.put(Column::Receipts, &key, &receipts);
        self.put(Column::BlockByHash, &outcome.hash.0, &key);
        for (index, receipt) in (0..).zip(outcome.receipts.iter().skip(1)) {
            let place = TransactionPlace { height, index };
            self.put(Column::TransactionById, &receipt.id.0, &keys::transaction_place(place));
        }
        for touch in &outcome.accounts_touched {
            let place = AccountPlace { height, receipt: touch.receipt };
            self.put(Column::AccountHistory, &keys::account(&touch.address, place), b"");
        }
        for (number, receipt) in (0..).zip(&outcome.receipts) {
            for (event_number, event) in (0..).zip(&receipt.events) {
                let place = EventPlace { height, receipt: number, event: event_number };
                self.put(Column::Events, &keys::event(event.module, event.kind, place), b"");
            }
        }
    }

    fn put_state(&mut self, outcome: &BlockOutcome) {
        for (key, change) in outcome.changes.iter() {
            self.put_or_delete(Column::State, key, change.after.as_deref());
        }
        for (path, page) in &outcome.pages {
            let bytes = page.as_ref().map(|page| page.to_bytes());
            self.put_or_delete(Column::Tree, path.as_bytes(), bytes.as_deref());
        }
    }

    /// Remembers what the block overwrites. A block that another one of the batch follows is remembered itself.
    fn put_undo(&mut self, outcome: &BlockOutcome, is_last: bool) -> Result<(), StoreError> {
        let values = outcome.changes.iter();
        let paths: Vec<&[u8]> = outcome.pages.keys().map(|path| path.as_bytes()).collect();
        let pages = previous(self.database, Column::Tree, &self.pages, &paths)?;
        let undo = Undo {
            values: values.map(|(key, change)| (key.to_vec(), change.before.clone().map(Vec::from))).collect(),
            pages: outcome.pages.keys().copied().zip(pages).collect(),
        };
        self.put(Column::Undo, &keys::height(outcome.height), &undo.to_bytes());
        self.undos.insert(outcome.height.0, Arc::new(undo));
        if !is_last {
            let pages = outcome.pages.iter();
            let pages = pages.map(|(path, page)| (path.as_bytes().to_vec(), page.as_ref().map(|page| page.to_bytes())));
            self.pages.extend(pages);
        }
        Ok(())
    }

    /// Forgets how to read heights below `keep_from`, but for those that open views still need.
    fn prune(&mut self, pins: &mut Pins, keep_from: u64) {
        let pinned = pins.open.keys().next().copied().unwrap_or(u64::MAX);
        let oldest = keep_from.min(pinned).max(pins.oldest);
        for height in pins.oldest + 1..=oldest {
            self.batch.delete_cf(self.database.family(Column::Undo), keys::height(Height(height)));
        }
        pins.oldest = oldest;
    }
}

/// The values under the keys before this block: as earlier blocks of the batch leave them, or as they are stored.
fn previous(
    database: &Database,
    column: Column,
    staged: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    keys: &[&[u8]],
) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let unstaged: Vec<&[u8]> = keys.iter().copied().filter(|key| !staged.contains_key(*key)).collect();
    let mut stored = database.get_sorted(column, &unstaged)?.into_iter();
    let mut value = |key: &&[u8]| match staged.get(*key) {
        Some(value) => value.clone(),
        None => stored.next().flatten().map(|value| value.to_vec()),
    };
    Ok(keys.iter().map(&mut value).collect())
}

/// Shows readers what is about to be overwritten, and forgets the oldest of what is written already.
fn publish(inner: &Inner, undos: BTreeMap<u64, Arc<Undo>>) {
    let committed = inner.committed.load(Ordering::SeqCst);
    let mut recent = inner.recent.write().unwrap_or_else(PoisonError::into_inner);
    recent.extend(undos);
    let mut bytes: usize = recent.values().map(|undo| undo.footprint()).sum();
    while bytes > RECENT_BYTES_MAX
        && let Some(oldest) = recent.first_entry().filter(|oldest| *oldest.key() <= committed)
    {
        bytes = bytes.saturating_sub(oldest.remove().footprint());
    }
}

fn check_writer(poison: Option<&String>) -> Result<(), StoreError> {
    poison.map_or(Ok(()), |message| Err(StoreError::Poisoned(message.clone())))
}

fn check_follows(tip: &Tip, block: &FinalizedBlock) -> Result<(), StoreError> {
    let height = block.header.height;
    if Some(height) != tip.height.checked_add(1) || block.outcome.height != height {
        return Err(StoreError::OutOfOrder { tip: tip.height, found: height });
    }
    check_hash(height, "parent", block.header.parent, tip.hash)?;
    check_hash(height, "hash", block.hash, crypto::ids::header_hash(&block.header))?;
    check_hash(height, "hash in its outcome", block.outcome.hash, block.hash)?;
    check_hash(height, "state root of its parent", block.header.state_root, tip.state_root)?;
    check_hash(height, "receipts root of its parent", block.header.receipts_root, tip.receipts_root)
}

fn check_hash(height: Height, what: &'static str, found: Hash32, expected: Hash32) -> Result<(), StoreError> {
    if found == expected { Ok(()) } else { Err(StoreError::Inconsistent { height, what, found, expected }) }
}

fn tip_after(header: &Header, outcome: &BlockOutcome) -> Tip {
    let Header { height, epoch, view, time, .. } = *header;
    let BlockOutcome { hash, state_root, receipts_root, .. } = *outcome;
    Tip { height, hash, epoch, view, time, state_root, receipts_root }
}
