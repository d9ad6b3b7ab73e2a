//! Receipts: what the operator says it counted, in a form that a miner can check.
//!
//! For every accepted work the window becomes a Merkle tree with one leaf per address; the root is published. A miner
//! that knows its own shares checks its leaf against the root, and everybody sees the same root. It must not know how
//! the root is published. Invariant: leaves stand in rising order of address, so that nobody is there twice without
//! being noticed.

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::hash;
use crypto::merkle::{self, MerkleProof};
use pow::tags;
use types::{Address, Canonical, Hash32};

use crate::window::Window;

impl Canonical for Receipt {
    const BYTES_MAX: usize = 8 + 20 + 16 + 16 + 8;
}

/// One leaf: what was counted for an address.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// The work height for which the window was closed.
    pub work_height: u64,
    /// Whose.
    pub address: Address,
    /// Its weight in the window, in billionths of pool difficulty 1.
    pub weight: u128,
    /// The weight of the whole window.
    pub weight_total: u128,
    /// The sequence number of its latest share.
    pub sequence: u64,
}

impl Receipt {
    /// The leaf's item.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        Hash32(hash::tagged_canonical(tags::SHARE_RECEIPT, self))
    }

    /// Whether this receipt is in the published tree. This is all that a miner has to run.
    #[must_use]
    pub fn is_in(&self, root: &Hash32, proof: &MerkleProof) -> bool {
        merkle::verify(tags::SHARE_RECEIPTS_TREE, root, &self.hash(), proof)
    }
}

/// All receipts of one accepted work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipts {
    list: Vec<Receipt>,
    root: Hash32,
}

impl Receipts {
    /// The receipts of a window that closes with this work.
    #[must_use]
    pub fn of(window: &Window, work_height: u64) -> Self {
        let credits = window.credits();
        let weight_total = credits.values().fold(0_u128, |sum, credit| sum.saturating_add(credit.weight));
        let receipt = |(address, credit): (Address, crate::window::Credit)| Receipt {
            work_height,
            address,
            weight: credit.weight,
            weight_total,
            sequence: credit.sequence,
        };
        Self::from_sorted(credits.into_iter().map(receipt).collect())
    }

    /// The receipts that a file or a peer gives; nothing unless their addresses rise. Whether they are those of a work
    /// only the root tells.
    #[must_use]
    pub fn from_list(list: Vec<Receipt>) -> Option<Self> {
        list.is_sorted_by(|one, next| one.address < next.address).then(|| Self::from_sorted(list))
    }

    fn from_sorted(list: Vec<Receipt>) -> Self {
        let root = merkle::root(tags::SHARE_RECEIPTS_TREE, &hashes(&list));
        Self { list, root }
    }

    /// What is published.
    #[must_use]
    pub const fn root(&self) -> Hash32 {
        self.root
    }

    /// The receipts, by rising address.
    #[must_use]
    pub fn list(&self) -> &[Receipt] {
        &self.list
    }

    /// The receipt of an address with its path.
    #[must_use]
    pub fn prove(&self, address: &Address) -> Option<(Receipt, MerkleProof)> {
        let index = self.list.binary_search_by_key(address, |receipt| receipt.address).ok()?;
        let proof = merkle::prove(tags::SHARE_RECEIPTS_TREE, &hashes(&self.list), index)?;
        self.list.get(index).map(|receipt| (receipt.clone(), proof))
    }
}

fn hashes(list: &[Receipt]) -> Vec<Hash32> {
    list.iter().map(Receipt::hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miner_checks_its_receipt_and_notices_every_change() {
        let mut window = Window::default();
        window.set_width(1_000_000);
        (0..37_u8).for_each(|byte| window.add(9, Address([byte; 20]), 100 + u128::from(byte), u64::from(byte)));
        let receipts = Receipts::of(&window, 9);
        for byte in 0..37 {
            let (receipt, proof) = receipts.prove(&Address([byte; 20])).expect("it has shares");
            assert!(receipt.is_in(&receipts.root(), &proof));
            let less = Receipt { weight: receipt.weight - 1, ..receipt.clone() };
            let moved = Receipt { sequence: receipt.sequence + 1, ..receipt.clone() };
            let diluted = Receipt { weight_total: receipt.weight_total + 1, ..receipt };
            assert!([less, moved, diluted].iter().all(|changed| !changed.is_in(&receipts.root(), &proof)));
        }
        assert_eq!(receipts.prove(&Address([99; 20])), None);
    }

    #[test]
    fn a_window_without_shares_has_a_root_all_the_same() {
        let receipts = Receipts::of(&Window::default(), 1);
        assert!(receipts.list().is_empty());
        assert_eq!(receipts.root(), Receipts::of(&Window::default(), 2).root());
    }
}
