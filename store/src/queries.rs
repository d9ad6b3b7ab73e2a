//! What people and peers ask: blocks, transactions, histories, events and proofs.
//!
//! It must not know what a value means. Invariant: every answer that lists something is bounded by the caller.

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::jellyfish::{KeyHash, Proof, prove};
use execution::StateView;
use rocksdb::Direction;
use types::{Address, Body, Canonical, Certificate, Event, Hash32, Header, Height, ModuleId, Receipt};

use crate::columns::Column;
use crate::error::StoreError;
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

impl Store {
    /// The block at a height.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be read.
    pub fn block(&self, height: Height) -> Result<Option<StoredBlock>, StoreError> {
        self.inner.database.get_decoded(Column::Blocks, &keys::height(height))
    }

    /// The height of the block with this hash.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be read.
    pub fn height_of(&self, hash: &Hash32) -> Result<Option<Height>, StoreError> {
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
        self.inner.database.get_decoded(Column::Bodies, &keys::height(height))
    }

    /// The canonical bytes of the body of the block at a height, as they are sent to peers.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when they cannot be read.
    pub fn body_bytes(&self, height: Height) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.inner.database.get(Column::Bodies, &keys::height(height))?;
        Ok(bytes.map(|bytes| bytes.to_vec()).filter(|bytes| bytes.len() <= Body::BYTES_MAX))
    }

    /// The receipts of the block at a height: the block's own, then one per transaction.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when they cannot be read.
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, StoreError> {
        self.inner.database.get_decoded(Column::Receipts, &keys::height(height))
    }

    /// Where the transaction with this id stands.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it cannot be read.
    pub fn transaction(&self, id: &Hash32) -> Result<Option<TransactionPlace>, StoreError> {
        let Some(bytes) = self.inner.database.get(Column::TransactionById, &id.0)? else {
            return Ok(None);
        };
        let damaged = || self.inner.database.damaged(Column::TransactionById, &id.0, "the value is no place");
        keys::read_transaction_place(&bytes).map(Some).ok_or_else(damaged)
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
        let end = before.unwrap_or(AccountPlace { height: Height::MAX, receipt: u32::MAX });
        let start = keys::account(address, end);
        let pairs = self.inner.database.iterate(Column::AccountHistory, &start, Direction::Reverse);
        let mut places = Vec::new();
        for pair in pairs {
            let (key, _) = pair?;
            if places.len() >= limit || !key.starts_with(&address.0) {
                break;
            }
            let damaged = || self.inner.database.damaged(Column::AccountHistory, &key, "the key is no place");
            let place = keys::read_account(&key).ok_or_else(damaged)?;
            if before != Some(place) {
                places.push(place);
            }
        }
        Ok(places)
    }

    /// At most `limit` events of a kind, oldest first, all of them at or after `from`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when they cannot be read.
    pub fn events(
        &self,
        module: ModuleId,
        kind: u16,
        from: EventPlace,
        limit: usize,
    ) -> Result<Vec<(EventPlace, Event)>, StoreError> {
        let start = keys::event(module, kind, from);
        let prefix = keys::event_kind(module, kind);
        let mut receipts: (Option<Height>, Vec<Receipt>) = (None, Vec::new());
        let mut events = Vec::new();
        for pair in self.inner.database.iterate(Column::Events, &start, Direction::Forward) {
            let (key, _) = pair?;
            if events.len() >= limit || !key.starts_with(&prefix) {
                break;
            }
            let damaged = || self.inner.database.damaged(Column::Events, &key, "there is no such event");
            let place = keys::read_event(&key).ok_or_else(damaged)?;
            if receipts.0 != Some(place.height) {
                receipts = (Some(place.height), self.receipts(place.height)?.unwrap_or_default());
            }
            let receipt = receipts.1.get(place.receipt as usize);
            let event = receipt.and_then(|receipt| receipt.events.get(place.event as usize));
            events.push((place, event.cloned().ok_or_else(damaged)?));
        }
        Ok(events)
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
