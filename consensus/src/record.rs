//! What must be durable before a vote or certificate leaves.
//!
//! A record is complete in itself: replay accepts records in any order, twice, of older epochs, or with the newest
//! missing. Own votes are kept without signatures, because BLS signatures are deterministic and are made again.

use borsh::{BorshDeserialize, BorshSerialize};
use types::{Canonical, Certificate, Epoch, Hash32, Header, View, VoteStatement, limits};

/// One entry of the consensus log.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Record {
    /// This node cast this vote, or was about to.
    Vote(VoteStatement) = 0,
    /// This node proposed, or was about to; the vote has a record of its own.
    Proposal {
        /// The view of the proposal; a re-proposed header has an earlier one.
        view: View,
        /// What it proposed.
        header: Header,
    } = 1,
    /// This node acted on this certificate.
    Certificate(Certificate) = 2,
    /// This node entered an epoch.
    Epoch {
        /// The epoch.
        epoch: Epoch,
        /// The last block of the epoch before.
        root: Hash32,
    } = 3,
}

impl Record {
    /// The (epoch, view) under which the log keeps it.
    #[must_use]
    pub const fn place(&self) -> (Epoch, View) {
        match self {
            Self::Vote(statement) => (statement.epoch, statement.view),
            Self::Proposal { view, header } => (header.epoch, *view),
            Self::Certificate(certificate) => (certificate.statement.epoch, certificate.statement.view),
            Self::Epoch { epoch, .. } => (*epoch, View::ZERO),
        }
    }
}

impl Canonical for Record {
    const BYTES_MAX: usize = limits::PROPOSAL_BYTES_MAX;
}
