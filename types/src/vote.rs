//! Votes and proposals of consensus.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec::Canonical;
use crate::{BlsSignature, Epoch, Hash32, Header, ValidatorIndex, View, limits};

/// The three votes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum VoteKind {
    /// "This block may extend the chain."
    Notarize = 0,
    /// "Nothing shall come of this view."
    Nullify = 1,
    /// "I saw it notarized and did not nullify."
    Finalize = 2,
}

/// What a vote says, without who says it. Two members of a certificate signed the same statement.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub struct VoteStatement {
    /// The vote.
    pub kind: VoteKind,
    /// The epoch.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// The parent's view (notarize); else 0.
    pub parent_view: View,
    /// The block; zero for nullify.
    pub block: Hash32,
}

impl VoteStatement {
    /// Whether the fields that a kind does not use are zero.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        match self.kind {
            VoteKind::Notarize => self.parent_view < self.view && self.block != Hash32::ZERO,
            VoteKind::Nullify => self.parent_view == View::ZERO && self.block == Hash32::ZERO,
            VoteKind::Finalize => self.parent_view == View::ZERO && self.block != Hash32::ZERO,
        }
    }
}

/// One validator's signed statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Vote {
    /// What is said.
    pub statement: VoteStatement,
    /// Who says it, by its place in the epoch's set.
    pub signer: ValidatorIndex,
    /// BLS signature over the statement's preimage.
    pub signature: BlsSignature,
}

impl Canonical for Vote {
    const BYTES_MAX: usize = 128;
}

/// A leader's proposal: its own notarize vote and the header. The body travels apart from it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Proposal {
    /// The leader's notarize vote.
    pub vote: Vote,
    /// The header whose hash the vote names.
    pub header: Header,
}

impl Canonical for Proposal {
    const BYTES_MAX: usize = limits::PROPOSAL_BYTES_MAX;
}
