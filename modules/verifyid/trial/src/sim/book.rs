//! What people have signed and mined: written by them, read by the model, which so knows of a signature whose it is and of what without
//! checking one.
//!
//! Invariant: nothing else signs with a device's key, so what does not stand here is no signature of one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use borsh::BorshSerialize;
use crypto::hash::sha256;
use types::Hash32;
use verifyid::SignatureBytes;

use super::model::Model;
use crate::keys::Key;

/// The book.
#[derive(Clone, Default)]
pub(super) struct Book(Arc<Mutex<Pages>>);

/// What stands in it.
#[derive(Default)]
pub(super) struct Pages {
    pub(super) model: Model,
    pub(super) said: Said,
    /// How often a call, by the number of its variant, was carried out or refused with a code.
    pub(super) verdicts: BTreeMap<(u8, Option<u32>), u64>,
}

/// Signatures and shares.
#[derive(Default)]
pub(super) struct Said {
    /// Which key made a signature, over which bytes.
    words: BTreeMap<Vec<u8>, (Hash32, Vec<u8>)>,
    /// For which digest in the coinbase groups of shares were mined.
    mined: BTreeMap<[u8; 32], Hash32>,
}

impl Book {
    pub(super) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

impl Said {
    /// A key signs.
    pub(super) fn sign(&mut self, key: Key, message: &[u8]) -> SignatureBytes {
        let signature = key.sign(message);
        self.words.insert(signature.to_vec(), (key.id(), message.to_vec()));
        signature
    }

    /// Whether this key signed these bytes.
    pub(super) fn is_signed(&self, signature: &[u8], key: Hash32, message: &[u8]) -> bool {
        self.words.get(signature).is_some_and(|(by, bytes)| *by == key && bytes == message)
    }

    /// Shares were mined.
    pub(super) fn mined(&mut self, groups: &impl BorshSerialize, digest: Hash32) {
        self.mined.insert(hash_of(groups), digest);
    }

    /// For which digest; nothing of what was not mined.
    pub(super) fn digest(&self, groups: &impl BorshSerialize) -> Option<Hash32> {
        self.mined.get(&hash_of(groups)).copied()
    }
}

fn hash_of(value: &impl BorshSerialize) -> [u8; 32] {
    sha256(&borsh::to_vec(value).expect("writing to memory cannot fail"))
}
