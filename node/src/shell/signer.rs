//! What signs for this node: its validator key, or nothing.
//!
//! Typed values only, so that a signer on another machine fits in its place. It must not know whether a vote is allowed: the lease
//! in `replica::Desk` stands before it.

use replica::Signer;
use types::{BlsPublicKey, BlsSignature, ChainId, Epoch, View, VoteStatement};

use crate::keys::ValidatorKey;

/// The signer of this node.
#[derive(Debug)]
pub struct NodeSigner {
    chain: ChainId,
    key: Option<ValidatorKey>,
}

impl NodeSigner {
    /// Signs for one chain, with a key if the node has one.
    #[must_use]
    pub const fn new(chain: ChainId, key: Option<ValidatorKey>) -> Self {
        Self { chain, key }
    }

    /// The public key, if there is one.
    #[must_use]
    pub fn public(&self) -> Option<BlsPublicKey> {
        self.key.as_ref().map(ValidatorKey::public)
    }

    /// Signs a vote, if there is a key.
    #[must_use]
    pub fn sign_vote(&self, statement: &VoteStatement) -> Option<BlsSignature> {
        self.key.as_ref().map(|key| key.sign_vote(self.chain, statement))
    }
}

impl Signer for NodeSigner {
    fn sign_seed(&self, epoch: Epoch, view: View) -> BlsSignature {
        // Blocks are built by validators only; without a key the signature is one that nobody accepts.
        self.key.as_ref().map_or(BlsSignature::ZERO, |key| key.sign_seed(self.chain, epoch, view))
    }
}
