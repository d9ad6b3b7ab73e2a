//! Two contradicting statements of one validator in one (epoch, view).
//!
//! Three contradictions count: two notarize votes, two finalize votes, finalize and nullify. Notarize and then
//! nullify is allowed. Only statements verified one by one become evidence, so what one node calls evidence every
//! other node does too.

use borsh::{BorshDeserialize, BorshSerialize};
use types::{Canonical, ValidatorIndex, Vote, VoteKind, VoteStatement};

/// Proof that a validator contradicted itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// One signed statement.
    pub first: Vote,
    /// Another of the same validator that contradicts it.
    pub second: Vote,
}

impl Canonical for Evidence {
    const BYTES_MAX: usize = Vote::BYTES_MAX * 2;
}

impl Evidence {
    /// Makes evidence of two votes if they are of one signer and contradict each other. Signatures are the caller's
    /// concern.
    #[must_use]
    pub fn of(first: Vote, second: Vote) -> Option<Self> {
        let is_evidence = first.signer == second.signer && contradicts(&first.statement, &second.statement);
        is_evidence.then_some(Self { first, second })
    }

    /// Whose.
    #[must_use]
    pub const fn signer(&self) -> ValidatorIndex {
        self.first.signer
    }
}

/// Whether one honest validator can never sign both.
#[must_use]
pub fn contradicts(a: &VoteStatement, b: &VoteStatement) -> bool {
    if (a.epoch, a.view) != (b.epoch, b.view) {
        return false;
    }
    match (a.kind, b.kind) {
        (VoteKind::Notarize, VoteKind::Notarize) | (VoteKind::Finalize, VoteKind::Finalize) => a != b,
        (VoteKind::Finalize, VoteKind::Nullify) | (VoteKind::Nullify, VoteKind::Finalize) => true,
        _ => false,
    }
}
