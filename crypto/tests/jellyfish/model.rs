//! A tree kept three times: by the code under test, by `jmt`, and as a plain map; and the keys that tests feed to them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::jellyfish::{
    Change, EMPTY_ROOT, KeyHash, Leaf, NodeHash, Page, PagePath, PageReader, Proof, TreeUpdate, ValueHash, update,
};
use jmt::mock::MockTreeStore;
use jmt::storage::TreeWriter;
use jmt::{Sha256Jmt, Version};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// A value, or a deletion, for each changed key.
pub type Batch = BTreeMap<KeyHash, Option<Vec<u8>>>;
/// A whole tree.
pub type Pages = BTreeMap<PagePath, Arc<Page>>;

/// The three trees, which every test of a history advances together.
pub struct Model {
    pub pages: Pages,
    pub root: NodeHash,
    pub values: BTreeMap<KeyHash, Vec<u8>>,
    store: MockTreeStore,
    version: Version,
}

impl Model {
    pub fn new() -> Self {
        Self {
            pages: Pages::new(),
            root: EMPTY_ROOT,
            values: BTreeMap::new(),
            store: MockTreeStore::default(),
            version: 0,
        }
    }

    /// Applies the batch to all three, checks that they agree, and returns the update.
    pub fn apply(&mut self, batch: &Batch) -> TreeUpdate {
        let changes = changes_of(batch);
        let update = update(&self.pages, self.root, &changes);
        save(&mut self.pages, &update);
        self.root = update.root;
        for (key, value) in batch {
            match value {
                Some(value) => drop(self.values.insert(*key, value.clone())),
                None => drop(self.values.remove(key)),
            }
        }
        let set = batch.iter().map(|(key, value)| (jmt::KeyHash(key.0), value.clone()));
        let (oracle_root, nodes) = Sha256Jmt::new(&self.store).put_value_set(set, self.version).unwrap();
        self.store.write_node_batch(&nodes.node_batch).unwrap();
        self.version += 1;
        assert_eq!(hex::encode(self.root), hex::encode(oracle_root.0));
        update
    }

    /// The oracle's proof for `key`, in our form.
    pub fn oracle_proof(&self, key: &KeyHash) -> Proof {
        let (_, proof) = Sha256Jmt::new(&self.store).get_with_proof(jmt::KeyHash(key.0), self.version - 1).unwrap();
        parse_oracle_proof(&borsh::to_vec(&proof).unwrap())
    }
}

/// What `update` takes.
pub fn changes_of(batch: &Batch) -> Vec<Change> {
    batch.iter().map(|(key, value)| (*key, value.as_deref().map(ValueHash::of))).collect()
}

/// Does what a store does with an update.
pub fn save(pages: &mut Pages, update: &TreeUpdate) {
    for (path, page) in &update.pages {
        match page {
            Some(page) => drop(pages.insert(*path, Arc::clone(page))),
            None => drop(pages.remove(path)),
        }
    }
}

/// The tree with these values, made at once.
pub fn tree_of(values: &BTreeMap<KeyHash, Vec<u8>>) -> (NodeHash, Pages) {
    let batch = values.iter().map(|(key, value)| (*key, Some(value.clone()))).collect();
    let update = update(&Pages::new(), EMPTY_ROOT, &changes_of(&batch));
    let mut pages = Pages::new();
    save(&mut pages, &update);
    (update.root, pages)
}

/// Reads the borsh form of the oracle's proof, the only door to its siblings: an optional leaf, then the siblings, each absent
/// (0), inner (1) or leaf (2), the latter two with the 64 bytes that they hash.
fn parse_oracle_proof(mut bytes: &[u8]) -> Proof {
    let mut take = |count: usize| {
        let (head, tail) = bytes.split_at(count);
        bytes = tail;
        head.to_vec()
    };
    let leaf = (take(1) == [1]).then(|| Leaf {
        key_hash: KeyHash(take(32).try_into().unwrap()),
        value_hash: ValueHash(take(32).try_into().unwrap()),
    });
    let count = u32::from_le_bytes(take(4).try_into().unwrap());
    let siblings = (0..count)
        .map(|_| match take(1)[0] {
            0 => EMPTY_ROOT,
            1 => Sha256::digest([b"JMT::IntrnalNode".as_slice(), &take(64)].concat()).into(),
            2 => Sha256::digest([b"JMT::LeafNode".as_slice(), &take(64)].concat()).into(),
            tag => panic!("unknown node tag {tag}"),
        })
        .collect();
    assert_eq!(bytes, [0_u8; 0]);
    Proof { leaf, siblings }
}

/// Counts how often each page is read.
pub struct Counting<'a, R> {
    pub inner: &'a R,
    pub reads: RefCell<BTreeMap<PagePath, usize>>,
}

impl<'a, R> Counting<'a, R> {
    pub fn new(inner: &'a R) -> Self {
        Self { inner, reads: RefCell::new(BTreeMap::new()) }
    }

    pub fn total(&self) -> usize {
        self.reads.borrow().values().sum()
    }
}

impl<R: PageReader> PageReader for Counting<'_, R> {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        *self.reads.borrow_mut().entry(*path).or_default() += 1;
        self.inner.page(path)
    }
}

/// A key spread evenly.
pub fn spread_key(index: u32) -> KeyHash {
    KeyHash::of(&index.to_be_bytes())
}

/// A key that shares its first `shared_bytes` bytes with all others of its kind.
pub fn ground_key(index: u32, shared_bytes: usize) -> KeyHash {
    let mut key = spread_key(index);
    key.0[..shared_bytes].fill(0xa5);
    key
}

/// A key that differs from the others of its kind in one bit only.
pub fn neighbour_key(bit: u8) -> KeyHash {
    let mut key = KeyHash([0x3c; 32]);
    key.0[usize::from(bit / 8)] ^= 0x80 >> (bit % 8);
    key
}

/// Keys of all kinds, few enough that histories meet them again.
pub fn any_key() -> impl Strategy<Value = KeyHash> {
    prop_oneof![
        3 => (0..200_u32).prop_map(spread_key),
        2 => (0..60_u32).prop_map(|index| ground_key(index, 6)),
        1 => (0..20_u32).prop_map(|index| ground_key(index, 31)),
        2 => any::<u8>().prop_map(neighbour_key),
    ]
}

/// Inserts, overwrites and deletions.
pub fn any_batch(changes_max: usize) -> impl Strategy<Value = Batch> {
    let value = prop_oneof![3 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Some), 2 => Just(None)];
    prop::collection::btree_map(any_key(), value, 0..changes_max)
}
