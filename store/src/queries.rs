//! What people and peers ask: blocks, transactions, histories, events and proofs.
//!
//! It must not know what a value means. Invariant: every answer that lists something is bounded by the caller.

use std::io::Read;
use std::sync::PoisonError;

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::jellyfish::{KeyHash, Proof, prove};
use execution::StateView;
use rocksdb::Direction;
use types::{Address, Body, Certificate, Hash32, Header, Height, ModuleId, Receipt};

use crate::columns::Column;
use crate::error::StoreError;
use crate::events::places as places_of;
use crate::history::Run;
use crate::keys::{self, AccountPlace, EventPlace, TransactionPlace};
use crate::store::Store;

/// A block without its body.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StoredBlock {
    /// The header's hash.
    pub hash: Hash32,
    /// The header.
    pub header: Header,
    /// Proves that it, or a descendant, is final; absent for genesis.
    pub certificate: Option<Certificate>,
}

/// A state value, or its absence, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateProof {
    /// The block after which it holds.
    pub height: Height,
    /// The state root after that block; stands in the header of the next one.
    pub root: Hash32,
    /// The value, `None` if there is none.
    pub value: Option<Vec<u8>>,
    /// Leads from the value to the root.
    pub proof: Proof,
}

/// The length of a list, read without what is in it.
struct Length(u32);

impl BorshDeserialize for Length {
    fn deserialize_reader<R: Read>(reader: &mut R) -> std::io::Result<Self> {
        let length = u32::deserialize_reader(reader)?;
        std::io::copy(reader, &mut std::io::sink())?;
        Ok(Self(length))
    }
}

impl Store {
    /// The block at a height.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be read.
    pub fn block(&self, height: Height) -> Result<Option<StoredBlock>, StoreError> {
        self.row(Column::Blocks, height)
    }

    /// The height of the block with this hash.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be read.
    pub fn height_of(&self, hash: &Hash32) -> Result<Option<Height>, StoreError> {
        self.watched(self.find_height(hash))
    }

    fn find_height(&self, hash: &Hash32) -> Result<Option<Height>, StoreError> {
        let Some(bytes) = self.inner.database.get(Column::BlockByHash, &hash.0)? else {
            return Ok(None);
        };
        let damaged = || self.inner.database.damaged(Column::BlockByHash, &hash.0, "the value is no height");
        keys::read_height(&bytes).map(Some).ok_or_else(damaged)
    }

    /// The body of the block at a height.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be read.
    pub fn body(&self, height: Height) -> Result<Option<Body>, StoreError> {
        self.row(Column::Bodies, height)
    }

    /// The receipts of the block at a height: the block's own, then one per transaction.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when they cannot be read.
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, StoreError> {
        self.row(Column::Receipts, height)
    }

    /// How many transactions the block at a height has; nothing is decoded for it but the number.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be read.
    pub fn transactions_count(&self, height: Height) -> Result<Option<u32>, StoreError> {
        // The first receipt is the block's own.
        let receipts = self.row(Column::Receipts, height)?;
        Ok(receipts.map(|Length(receipts)| receipts.saturating_sub(1)))
    }

    /// Where the transaction with this id stands.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be read.
    pub fn transaction(&self, id: &Hash32) -> Result<Option<TransactionPlace>, StoreError> {
        self.watched(self.find_transaction(id))
    }

    fn find_transaction(&self, id: &Hash32) -> Result<Option<TransactionPlace>, StoreError> {
        let prefix = keys::transaction_prefix(id);
        for key in self.inner.database.keys_with(Column::TransactionById, &prefix) {
            let key = key?;
            let damaged = || self.inner.database.damaged(Column::TransactionById, &key, "there is no such transaction");
            let place = keys::read_transaction(&key).ok_or_else(damaged)?;
            let receipts = self.receipts(place.height)?.unwrap_or_default();
            if receipts.get(place.index as usize + 1).ok_or_else(damaged)?.id == *id {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// At most `limit` receipts that have to do with an account, newest first, all of them before `before`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when they cannot be read.
    pub fn account_history(
        &self,
        address: &Address,
        before: Option<AccountPlace>,
        limit: usize,
    ) -> Result<Vec<AccountPlace>, StoreError> {
        self.watched(self.find_history(address, before, limit))
    }

    fn find_history(
        &self,
        address: &Address,
        before: Option<AccountPlace>,
        limit: usize,
    ) -> Result<Vec<AccountPlace>, StoreError> {
        let Some(tip) = self.tip() else { return Ok(Vec::new()) };
        // A block that is about to be committed is not there yet.
        let beyond = AccountPlace { height: tip.height.next(), receipt: 0 };
        let mut end = before.map_or(beyond, |before| before.min(beyond));
        let mut found = Vec::new();
        // Before the disk is read: what is saved in between is found there once more, and skipped.
        let unsaved = self.inner.history.read().unwrap_or_else(PoisonError::into_inner).runs(address).to_vec();
        for run in unsaved.iter().rev() {
            let run = Run::places(run.first, &run.rest).expect("it was made here");
            end = take_before(end, &run, limit, &mut found);
        }
        let saved =
            self.inner.database.iterate(Column::AccountHistory, &keys::account(address, end), Direction::Reverse);
        for pair in saved {
            let (key, rest) = pair?;
            if found.len() >= limit || !key.starts_with(&address.0) {
                break;
            }
            let damaged = || self.inner.database.damaged(Column::AccountHistory, &key, "these are no places");
            let run = keys::read_account(&key).and_then(|first| Run::places(first, &rest)).ok_or_else(damaged)?;
            end = take_before(end, &run, limit, &mut found);
        }
        Ok(found)
    }

    /// Where at most `limit` events of a kind stand, oldest first, all of them at or after `from`. The receipts that hold them are not
    /// read.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when they cannot be read.
    pub fn event_places(
        &self,
        module: ModuleId,
        kind: u16,
        from: EventPlace,
        limit: usize,
    ) -> Result<Vec<EventPlace>, StoreError> {
        self.watched(self.find_event_places(module, kind, from, limit))
    }

    fn find_event_places(
        &self,
        module: ModuleId,
        kind: u16,
        from: EventPlace,
        limit: usize,
    ) -> Result<Vec<EventPlace>, StoreError> {
        let start = keys::events(module, kind, from.height);
        let prefix = keys::event_kind(module, kind);
        let mut found = Vec::new();
        for pair in self.inner.database.iterate(Column::Events, &start, Direction::Forward) {
            let (key, places) = pair?;
            if found.len() >= limit || !key.starts_with(&prefix) {
                break;
            }
            let damaged = || self.inner.database.damaged(Column::Events, &key, "these are no places of events");
            let height = keys::read_events(&key).ok_or_else(damaged)?;
            let places = places_of(height, &places).ok_or_else(damaged)?;
            found.extend(places.into_iter().filter(|place| *place >= from).take(limit.saturating_sub(found.len())));
        }
        Ok(found)
    }

    /// The state root after the block at a height. That after the tip stands in no header yet.
    ///
    /// # Errors
    /// [`StoreError`] above the tip, or when it cannot be read.
    pub fn state_root(&self, height: Height) -> Result<Hash32, StoreError> {
        let tip = self.tip().ok_or(StoreError::NotInitialized)?;
        if height == tip.height {
            return Ok(tip.state_root);
        }
        let unavailable = StoreError::HeightUnavailable { height, oldest: Height::ZERO, newest: tip.height };
        match self.block(height.next())? {
            Some(child) if height < tip.height => Ok(child.header.state_root),
            _ => Err(unavailable),
        }
    }

    /// The value of a state key after the block at a height, proven against the state root after that block.
    ///
    /// # Errors
    /// [`StoreError::HeightUnavailable`] for a height that is not kept.
    pub fn prove(&self, height: Height, key: &[u8]) -> Result<StateProof, StoreError> {
        let view = self.view_at(height)?;
        let root = self.state_root(height)?;
        let proof = prove(&view, root.0, &KeyHash::of(key));
        Ok(StateProof { height, root, value: view.get(key).map(Vec::from), proof })
    }
}

/// Takes the newest places of a run before `end`, up to `limit` in all; gives the end for older runs.
fn take_before(end: AccountPlace, run: &[AccountPlace], limit: usize, found: &mut Vec<AccountPlace>) -> AccountPlace {
    let older = run.iter().rev().filter(|place| **place < end);
    found.extend(older.take(limit.saturating_sub(found.len())));
    run.first().map_or(end, |first| end.min(*first))
}
