//! SHA-256 twice, as Bitcoin hashes headers, transactions and Merkle nodes.
//!
//! It must not know what is hashed. Digests are in the order in which they come out; people read them reversed.

use crypto::hash::sha256;

/// SHA-256 of SHA-256 of `bytes`.
#[must_use]
pub fn sha256d(bytes: &[u8]) -> [u8; 32] {
    sha256(&sha256(bytes))
}
