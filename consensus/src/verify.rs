//! Verification jobs: pure functions of a job and a [`Scheme`], run outside of the engine's turn.

use std::sync::Arc;

use types::{BlsSignature, Certificate, ValidatorIndex, ValidatorSet, Vote, VoteStatement};

/// Signatures to check, with the set against which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyJob {
    /// Equal votes whose power is a quorum: aggregate, check once, and bisect on failure.
    Quorum {
        /// The epoch's set.
        set: Arc<ValidatorSet>,
        /// What they all say.
        statement: VoteStatement,
        /// Who says so, with which signature.
        votes: Vec<(ValidatorIndex, BlsSignature)>,
    },
    /// Votes to check one by one.
    Votes {
        /// The epoch's set.
        set: Arc<ValidatorSet>,
        /// The votes.
        votes: Vec<Vote>,
    },
    /// Certificates to check.
    Certificates {
        /// The epoch's set.
        set: Arc<ValidatorSet>,
        /// The certificates.
        certificates: Vec<Certificate>,
    },
}

/// What came out of a job of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyAnswer {
    /// Of a quorum.
    Quorum {
        /// The certificate of the good votes, if they are still a quorum.
        certificate: Option<Certificate>,
        /// Whose votes were bad.
        bad: Vec<ValidatorIndex>,
    },
    /// Of votes: whether each is good, in the order of the job.
    Votes(Vec<bool>),
    /// Of certificates: whether each is good, in the order of the job.
    Certificates(Vec<bool>),
}
