//! A chain to store, and what the store has to answer about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::jellyfish::{EMPTY_ROOT, Page, PagePath, update};
use execution::{AccountTouch, BlockOutcome, Change, ChangeSet, FinalizedBlock};
use store::{Store, StoreOptions};
use types::{
    Address, Amount, BlsSignature, Body, ByteString, Certificate, ChainId, Epoch, Event, Hash32, Header, Height, List,
    ModuleId, ProtocolVersion, Receipt, SignerBitmap, TimeMs, ValidatorIndex, View, VoteKind, VoteStatement, Weight,
};

pub const CHAIN: ChainId = ChainId(Hash32([7; 32]));

/// All keys and values after a block.
pub type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// A chain that grows as the test says.
pub struct Chain {
    pub blocks: Vec<FinalizedBlock>,
    /// States after each block, from genesis on.
    pub states: Vec<State>,
    pages: BTreeMap<PagePath, Arc<Page>>,
}

pub fn key(number: u8) -> Vec<u8> {
    vec![0, number & 3, b'k', number]
}

/// An id that no other receipt has.
pub fn id(height: u64, index: u8) -> Hash32 {
    let mut id = [index; 32];
    id[..8].copy_from_slice(&height.to_be_bytes());
    Hash32(id)
}

pub fn address(number: u8) -> Address {
    Address([number; 20])
}

impl Chain {
    /// A chain with a genesis of 40 keys.
    pub fn new() -> Self {
        let mut chain = Self { blocks: Vec::new(), states: vec![State::new()], pages: BTreeMap::new() };
        let value = |number| Change { before: None, after: Some(vec![number; 5].into()) };
        chain.grow((0..40).map(|number| (key(number), value(number))).collect(), 0);
        chain.states.remove(0);
        chain
    }

    /// Adds a block with these changes and this many transactions.
    pub fn grow(&mut self, changes: ChangeSet, transactions: u8) -> &FinalizedBlock {
        let height = self.blocks.len() as u64;
        let parent = self.blocks.last();
        let root = parent.map_or(EMPTY_ROOT, |parent| parent.outcome.state_root.0);
        let next = update(&self.pages, root, &changes.tree_changes());
        for (path, page) in &next.pages {
            match page {
                Some(page) => self.pages.insert(*path, Arc::clone(page)),
                None => self.pages.remove(path),
            };
        }
        let mut state = self.states.last().unwrap().clone();
        for (key, change) in changes.iter() {
            match &change.after {
                Some(value) => state.insert(key.to_vec(), value.to_vec()),
                None => state.remove(key),
            };
        }
        let header = header(height, parent);
        let hash = crypto::ids::header_hash(&header);
        let receipts: Vec<Receipt> = (0..=transactions).map(|index| receipt(height, index)).collect();
        let outcome = BlockOutcome {
            hash,
            height: Height(height),
            changes,
            pages: next.pages,
            pages_replaced: next.replaced,
            state_root: Hash32(next.root),
            receipts_root: crypto::ids::receipts_root(&receipts),
            receipts,
            accounts_touched: (0..=transactions)
                .map(|index| AccountTouch { address: address(index % 3), receipt: u32::from(index) })
                .collect(),
        };
        let body = Arc::new(Body::default());
        let block =
            FinalizedBlock { hash, header, body, certificate: certificate(height, hash), outcome: Arc::new(outcome) };
        self.blocks.push(block);
        self.states.push(state);
        self.blocks.last().unwrap()
    }

    /// Adds a block that writes, changes and deletes a few keys, as `seed` says.
    pub fn grow_somehow(&mut self, seed: u64) -> &FinalizedBlock {
        let mut writes = BTreeMap::new();
        let mut number = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for _ in 0..6 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = u8::try_from(number >> 58).unwrap();
            let value = (number >> 40 & 3 != 0).then(|| (number ^ seed).to_be_bytes().to_vec());
            let present = self.states.last().unwrap().get(&key(place)).cloned();
            if present != value {
                let change = Change { before: present.map(Into::into), after: value.map(Into::into) };
                writes.insert(key(place), change);
            }
        }
        self.grow(writes.into_iter().collect(), u8::try_from(seed % 4).unwrap())
    }

    pub fn initialize(&self, store: &Store) {
        store.initialize(&self.blocks[0].header, &self.blocks[0].outcome).unwrap();
    }

    /// Commits all blocks that the store does not have.
    pub fn commit_rest(&self, store: &Store) {
        let tip = usize::try_from(store.tip().unwrap().height.0).unwrap();
        for block in &self.blocks[tip + 1..] {
            store.commit(block).unwrap();
        }
    }

    /// The state after the newest block, as a map of genesis upwards: index is height.
    pub fn state(&self, height: u64) -> &State {
        &self.states[usize::try_from(height).unwrap()]
    }
}

/// Small caches and frequent saves, so that the disk is reached.
pub fn options() -> StoreOptions {
    StoreOptions {
        block_cache_bytes: 1 << 20,
        write_buffer_bytes: 1 << 20,
        page_cache_bytes: 4_096,
        value_cache_bytes: 2_048,
        replaced_bytes: 8_192,
        unsaved_blocks: 5,
        heights_kept: 16,
        ..StoreOptions::default()
    }
}

pub fn open(path: &std::path::Path) -> Store {
    Store::open(path, CHAIN, options()).unwrap()
}

fn header(height: u64, parent: Option<&FinalizedBlock>) -> Header {
    Header {
        version: ProtocolVersion(1),
        chain_id: CHAIN,
        epoch: Epoch(0),
        view: View(height),
        height: Height(height),
        parent: parent.map_or(Hash32::ZERO, |parent| parent.hash),
        time: TimeMs(1_000 + height),
        proposer: ValidatorIndex(0),
        body_root: Hash32([1; 32]),
        state_root: parent.map_or(Hash32::ZERO, |parent| parent.outcome.state_root),
        receipts_root: parent.map_or(Hash32::ZERO, |parent| parent.outcome.receipts_root),
        price: 1 << 32,
        validators_hash: Hash32([2; 32]),
        next_validators_hash: None,
    }
}

fn certificate(height: u64, block: Hash32) -> Certificate {
    let statement =
        VoteStatement { kind: VoteKind::Finalize, epoch: Epoch(0), view: View(height), parent_view: View(0), block };
    Certificate { statement, signers: SignerBitmap::new(4, [ValidatorIndex(1)]), signature: BlsSignature::ZERO }
}

fn receipt(height: u64, index: u8) -> Receipt {
    let event =
        |kind: u16| Event { module: ModuleId(1), kind, body: ByteString::new(height.to_be_bytes().to_vec()).unwrap() };
    let events = if index == 0 { vec![] } else { vec![event(1), event(2), event(1)] };
    let id = if index == 0 { Hash32::ZERO } else { id(height, index) };
    Receipt { id, code: 0, call: 0, weight: Weight(1), fee: Amount(3), events: List::new(events).unwrap() }
}
