//! Transactions and bodies that passed the checks that need no state, as types.
//!
//! Having one of these means: hashes are computed, the form is right, every call decodes. It does not mean that signatures are
//! right (see `signatures`) nor that a transaction is valid in some state (see `validity`).

use std::sync::Arc;

use crypto::ids;
use types::{Body, Hash32, Header, List, SystemCall, Transaction, Weight, limits};

use crate::check::body_length;
use crate::invalid::InvalidBlock;

/// What is computed once per transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionFacts {
    /// What is signed, and what users speak of.
    pub id: Hash32,
    /// The exact bytes, witness included; verdicts on signatures are remembered by this alone.
    pub wid: Hash32,
    /// Envelope bytes and what the calls declare.
    pub weight: Weight,
    /// Bytes of the envelope.
    pub length: u32,
}

/// A transaction of which everything but signatures and state is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedTransaction {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// Its id.
    pub id: Hash32,
    /// The hash of its exact bytes.
    pub wid: Hash32,
    /// Its weight.
    pub weight: Weight,
    /// Its bytes.
    pub length: u32,
}

impl CheckedTransaction {
    /// The numbers without the transaction.
    #[must_use]
    pub const fn facts(&self) -> TransactionFacts {
        TransactionFacts { id: self.id, wid: self.wid, weight: self.weight, length: self.length }
    }
}

/// A body of which everything but signatures and state is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedBody {
    pub(crate) body: Arc<Body>,
    pub(crate) facts: Vec<TransactionFacts>,
    pub(crate) root: Hash32,
    pub(crate) length: u64,
}

impl CheckedBody {
    /// Joins transactions that are checked already into the body that a header commits to. Nothing of them is computed
    /// again: only the root is.
    ///
    /// # Errors
    /// [`InvalidBlock::OtherBody`] when the header commits to something else, which says nothing about the block.
    pub fn from_checked(
        header: &Header,
        system_calls: List<SystemCall, { limits::SYSTEM_CALLS_PER_BLOCK_MAX }>,
        transactions: &[Arc<CheckedTransaction>],
    ) -> Result<Self, InvalidBlock> {
        let wids: Vec<Hash32> = transactions.iter().map(|transaction| transaction.wid).collect();
        let root = ids::body_root(&system_calls, &wids);
        if root != header.body_root {
            return Err(InvalidBlock::OtherBody);
        }
        let facts = transactions.iter().map(|transaction| transaction.facts()).collect::<Vec<_>>();
        let transactions = transactions.iter().map(|checked| Transaction::clone(&checked.transaction)).collect();
        let transactions = List::new(transactions).map_err(|_| InvalidBlock::OtherBody)?;
        let body = Body { system_calls, transactions };
        let length = body_length(&body, &facts);
        Ok(Self { body: Arc::new(body), facts, root, length })
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &Arc<Body> {
        &self.body
    }

    /// What the header commits to.
    #[must_use]
    pub const fn root(&self) -> Hash32 {
        self.root
    }

    /// Bytes of the body.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// One entry per transaction, in order.
    #[must_use]
    pub fn facts(&self) -> &[TransactionFacts] {
        &self.facts
    }

    /// The transactions with what was computed of them, in order.
    pub fn transactions(&self) -> impl ExactSizeIterator<Item = (&Transaction, &TransactionFacts)> {
        self.body.transactions.iter().zip(&self.facts)
    }
}
