//! Putting final blocks into the store: everything about them in one batch.
//!
//! It must not know why a block is final. Invariants: blocks follow the tip one by one, or nothing is written; a
//! failed write is never tried again; what a block changed in the state is in its batch even when the state itself is
//! saved later, and stays there until it is.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crypto::jellyfish::{Page, PagePath};
use execution::{BlockOutcome, FinalizedBlock};
use rocksdb::WriteBatch;
use types::{Body, Canonical, Certificate, Hash32, Header, Height};

use crate::changes::{Changes, Write};
use crate::columns::Column;
use crate::error::StoreError;
use crate::events::places_by_kind;
use crate::history::History;
use crate::keys::{self, AccountPlace, TransactionPlace};
use crate::queries::StoredBlock;
use crate::store::{Inner, Pins, Store, Tip, Writer};

impl Store {
    /// Puts the state of genesis and block 0 into an empty store. Does nothing if exactly that is there already.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] if another genesis is there or the header is not the outcome's.
    pub fn initialize(&self, header: &Header, outcome: &BlockOutcome) -> Result<(), StoreError> {
        let mut writer = self.inner.writer();
        check_writer(&writer)?;
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
        let mut commit = Commit::new(&self.inner);
        commit.put_block(header, &Body::default(), None, outcome);
        // A whole state does not go through memory: it is saved at once.
        let mut history = History::default();
        add_touches(&mut history, outcome);
        let values = outcome.changes.iter().map(|(key, change)| (key, change.after.as_deref()));
        let pages = outcome.pages.iter().map(|(path, page)| (path, page.as_ref()));
        commit.put_saved(Height::ZERO, values, pages, &history);
        self.finish(&mut writer, commit, tip_after(header, outcome), &[])
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
    pub fn commit_many(&self, blocks: &[impl Borrow<FinalizedBlock>]) -> Result<(), StoreError> {
        let mut writer = self.inner.writer();
        check_writer(&writer)?;
        let mut tip = self.tip().ok_or(StoreError::NotInitialized)?;
        let mut commit = Commit::new(&self.inner);
        for block in blocks.iter().map(Borrow::borrow) {
            check_follows(&tip, block)?;
            commit.put_block(&block.header, &block.body, Some(&block.certificate), &block.outcome);
            commit.put_changes(&block.outcome);
            tip = tip_after(&block.header, &block.outcome);
        }
        if blocks.is_empty() {
            return Ok(());
        }
        let outcomes: Vec<_> = blocks.iter().map(|block| &*block.borrow().outcome).collect();
        self.finish(&mut writer, commit, tip, &outcomes)
    }

    /// Tells readers what is about to change, writes, and moves the tip.
    fn finish(
        &self,
        writer: &mut Writer,
        mut commit: Commit<'_>,
        tip: Tip,
        outcomes: &[&BlockOutcome],
    ) -> Result<(), StoreError> {
        let inner = &*self.inner;
        let bytes = borsh::to_vec(&tip).expect("writing to memory cannot fail");
        commit.put(Column::Meta, keys::TIP, &bytes);
        publish(inner, std::mem::take(&mut commit.changes));
        inner.begun.store(tip.height.0, Ordering::SeqCst);
        outcomes.iter().for_each(|outcome| change(inner, outcome));
        let is_saving = must_save(inner, tip.height.0 - writer.saved);
        let saved = if is_saving { tip.height.0 } else { writer.saved };
        if is_saving {
            commit.save(tip.height);
        }
        commit.prune(&mut inner.pins(), saved.min(tip.height.0.saturating_sub(inner.options.heights_kept)));
        if let Err(error) = inner.database.write(commit.batch) {
            writer.poison = Some(error.to_string());
            return Err(error);
        }
        if is_saving {
            forget_saved(inner);
        }
        writer.saved = saved;
        inner.committed.store(tip.height.0, Ordering::SeqCst);
        *inner.tip.write().unwrap_or_else(PoisonError::into_inner) = Some(tip);
        Ok(())
    }
}

/// A batch in the making.
struct Commit<'a> {
    inner: &'a Inner,
    batch: WriteBatch,
    changes: BTreeMap<u64, Arc<Changes>>,
}

impl<'a> Commit<'a> {
    fn new(inner: &'a Inner) -> Self {
        Self { inner, batch: WriteBatch::default(), changes: BTreeMap::new() }
    }

    fn put(&mut self, column: Column, key: &[u8], value: &[u8]) {
        self.batch.put_cf(self.inner.database.family(column), key, value);
    }

    fn put_or_delete(&mut self, column: Column, key: &[u8], value: Option<&[u8]>) {
        match value {
            Some(value) => self.put(column, key, value),
            None => self.batch.delete_cf(self.inner.database.family(column), key),
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
        let ids = (0..).zip(outcome.receipts.iter().skip(1).map(|receipt| &receipt.id));
        let mut ids: Vec<_> =
            ids.map(|(index, id)| keys::transaction(id, TransactionPlace { height, index })).collect();
        ids.sort_unstable();
        ids.iter().for_each(|key| self.put(Column::TransactionById, key, b""));
        for ((module, kind), places) in places_by_kind(&outcome.receipts) {
            self.put(Column::Events, &keys::events(module, kind, height), &places);
        }
    }

    /// Records what the block changes.
    fn put_changes(&mut self, outcome: &BlockOutcome) {
        let mut changes = Changes::new(outcome.changes.len());
        for (key, change) in outcome.changes.iter() {
            changes.put(Write { key, before: change.before.as_deref(), after: change.after.as_deref() });
        }
        changes.finish(&outcome.accounts_touched, outcome.pages_replaced.clone());
        self.put(Column::Changes, &keys::height(outcome.height), changes.as_bytes());
        self.changes.insert(outcome.height.0, Arc::new(changes));
    }

    /// Saves everything that is newer in memory.
    fn save(&mut self, height: Height) {
        let (values, pages) = (self.inner.values.unsaved(), self.inner.pages.unsaved());
        let values = values.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
        let pages = pages.iter().map(|(path, page)| (path, page.as_ref()));
        let history = self.inner.history.read().unwrap_or_else(PoisonError::into_inner);
        self.put_saved(height, values, pages, &history);
    }

    /// Puts state, tree and histories as they are after the block at `height`.
    fn put_saved<'s>(
        &mut self,
        height: Height,
        values: impl Iterator<Item = (&'s [u8], Option<&'s [u8]>)>,
        pages: impl Iterator<Item = (&'s PagePath, Option<&'s Arc<Page>>)>,
        history: &History,
    ) {
        values.for_each(|(key, value)| self.put_or_delete(Column::State, key, value));
        for (path, page) in pages {
            let bytes = page.map(|page| page.to_bytes());
            self.put_or_delete(Column::Tree, path.as_bytes(), bytes.as_deref());
        }
        for (address, runs) in history.sorted() {
            for run in runs {
                self.put(Column::AccountHistory, &keys::account(address, run.first), &run.rest);
            }
        }
        self.put(Column::Meta, keys::SAVED, &keys::height(height));
    }

    /// Forgets how to read heights below `keep_from`, but for those that open views still need.
    fn prune(&mut self, pins: &mut Pins, keep_from: u64) {
        let pinned = pins.open.keys().next().copied().unwrap_or(u64::MAX);
        let oldest = keep_from.min(pinned).max(pins.oldest);
        for height in pins.oldest + 1..=oldest {
            self.batch.delete_cf(self.inner.database.family(Column::Changes), keys::height(Height(height)));
        }
        pins.oldest = oldest;
    }
}

/// Whether what is in memory has become too much, or too old, to stay unsaved.
fn must_save(inner: &Inner, unsaved_blocks: u64) -> bool {
    let history = inner.history.read().unwrap_or_else(PoisonError::into_inner).memory_bytes();
    let bytes = inner.values.unsaved_bytes() + inner.pages.unsaved_bytes() + history;
    let blocks_max = inner.options.unsaved_blocks.min(inner.options.heights_kept);
    unsaved_blocks >= blocks_max || bytes > inner.options.unsaved_bytes
}

/// Takes over what a block changed, as the newest there is.
fn change(inner: &Inner, outcome: &BlockOutcome) {
    for (key, change) in outcome.changes.iter() {
        inner.change_value(key, change.after.clone());
    }
    for (path, page) in &outcome.pages {
        inner.pages.change(*path, page.clone());
    }
    add_touches(&mut inner.history.write().unwrap_or_else(PoisonError::into_inner), outcome);
}

fn add_touches(history: &mut History, outcome: &BlockOutcome) {
    for touch in &outcome.accounts_touched {
        history.add(touch.address, AccountPlace { height: outcome.height, receipt: touch.receipt });
    }
}

/// What was saved is on disk now, where readers find it.
fn forget_saved(inner: &Inner) {
    *inner.history.write().unwrap_or_else(PoisonError::into_inner) = History::default();
    inner.unsaved_keys.write().unwrap_or_else(PoisonError::into_inner).clear();
    inner.values.saved();
    inner.pages.saved();
}

/// Shows readers what is about to change, and forgets the oldest of what is written already.
fn publish(inner: &Inner, changes: BTreeMap<u64, Arc<Changes>>) {
    let committed = inner.committed.load(Ordering::SeqCst);
    let mut recent = inner.recent.write().unwrap_or_else(PoisonError::into_inner);
    recent.extend(changes);
    let mut bytes: usize = recent.values().map(|changes| changes.memory_bytes()).sum();
    while bytes > inner.options.replaced_bytes
        && let Some(oldest) = recent.first_entry().filter(|oldest| *oldest.key() <= committed)
    {
        bytes = bytes.saturating_sub(oldest.remove().memory_bytes());
    }
}

fn check_writer(writer: &Writer) -> Result<(), StoreError> {
    writer.poison.as_ref().map_or(Ok(()), |message| Err(StoreError::Poisoned(message.clone())))
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
