//! Verification jobs: pure functions of a job and a [`Scheme`], run outside of the engine's turn.
//!
//! Nothing here trusts a length, a count or an order that somebody else wrote: a bitmap must be exact for the set,
//! its padding zero, its power a quorum and its statement well-formed before a signature is looked at.

use std::sync::Arc;

use types::canary::{Canary, planted};
use types::{BlsSignature, Certificate, SignerBitmap, ValidatorIndex, ValidatorSet, Vote, VoteStatement};

use crate::scheme::{Aggregated, Scheme};

/// Signatures to check, with the set against which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyJob {
    /// Equal votes whose power is a quorum: aggregate, check once, and bisect on failure.
    Quorum {
        /// The epoch's set.
        set: Arc<ValidatorSet>,
        /// What they all say.
        statement: VoteStatement,
        /// Who says so, with which signature; rising, each signer once.
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

/// Does a job.
#[must_use]
pub fn run(job: &VerifyJob, scheme: &dyn Scheme) -> VerifyAnswer {
    match job {
        VerifyJob::Quorum { set, statement, votes } => quorum(set, statement, votes, scheme),
        VerifyJob::Votes { set, votes } => {
            VerifyAnswer::Votes(votes.iter().map(|vote| vote_holds(set, vote, scheme)).collect())
        }
        VerifyJob::Certificates { set, certificates } => {
            VerifyAnswer::Certificates(certificates_hold(set, certificates, scheme))
        }
    }
}

/// Whether one vote is a member's and its signature good.
#[must_use]
pub fn vote_holds(set: &ValidatorSet, vote: &Vote, scheme: &dyn Scheme) -> bool {
    vote.statement.is_well_formed()
        && set.get(vote.signer).is_some()
        && scheme.verify_vote(set, vote.signer, &vote.statement, &vote.signature)
}

/// Whether each certificate holds against this set. All good ones cost one batch.
#[must_use]
pub fn certificates_hold(set: &ValidatorSet, certificates: &[Certificate], scheme: &dyn Scheme) -> Vec<bool> {
    let signers: Vec<Option<Vec<ValidatorIndex>>> =
        certificates.iter().map(|certificate| signers_of(set, certificate)).collect();
    let shaped: Vec<Aggregated<'_>> = certificates
        .iter()
        .zip(&signers)
        .filter_map(|(certificate, signers)| Some(aggregated(certificate, signers.as_deref()?)))
        .collect();
    if scheme.verify_batch(set, &shaped) {
        return signers.iter().map(Option::is_some).collect();
    }
    let holds = |(certificate, signers): (&Certificate, &Option<Vec<ValidatorIndex>>)| {
        signers.as_deref().is_some_and(|signers| scheme.verify_aggregated(set, aggregated(certificate, signers)))
    };
    certificates.iter().zip(&signers).map(holds).collect()
}

/// The signers of a certificate whose shape is right for this set and whose power is a quorum.
#[must_use]
pub fn signers_of(set: &ValidatorSet, certificate: &Certificate) -> Option<Vec<ValidatorIndex>> {
    if !certificate.statement.is_well_formed() || certificate.statement.view.0 == 0 {
        return None;
    }
    let signers = if planted(Canary::BitmapLengthUnchecked) {
        let count = u16::try_from(set.len()).unwrap_or(u16::MAX);
        (0..count).map(ValidatorIndex).filter(|signer| certificate.signers.contains(*signer)).collect()
    } else {
        certificate.signers.signers(set.len()).ok()?
    };
    set.is_quorum(set.power_of(signers.iter().copied())).then_some(signers)
}

const fn aggregated<'a>(certificate: &'a Certificate, signers: &'a [ValidatorIndex]) -> Aggregated<'a> {
    Aggregated { statement: &certificate.statement, signers, signature: &certificate.signature }
}

fn quorum(
    set: &ValidatorSet,
    statement: &VoteStatement,
    votes: &[(ValidatorIndex, BlsSignature)],
    scheme: &dyn Scheme,
) -> VerifyAnswer {
    if let Some(signature) = sum_that_holds(set, statement, votes, scheme) {
        return VerifyAnswer::Quorum { certificate: certificate_of(set, statement, votes, signature), bad: Vec::new() };
    }
    let mut sorted = Sorted::default();
    bisect(set, statement, votes, scheme, &mut sorted);
    let signatures: Vec<BlsSignature> = sorted.good.iter().map(|(_, signature)| *signature).collect();
    let certificate =
        scheme.aggregate(&signatures).and_then(|signature| certificate_of(set, statement, &sorted.good, signature));
    VerifyAnswer::Quorum { certificate, bad: sorted.bad }
}

/// Votes told apart.
#[derive(Default)]
struct Sorted {
    good: Vec<(ValidatorIndex, BlsSignature)>,
    bad: Vec<ValidatorIndex>,
}

/// The certificate of votes that hold together, if they are a quorum.
fn certificate_of(
    set: &ValidatorSet,
    statement: &VoteStatement,
    votes: &[(ValidatorIndex, BlsSignature)],
    signature: BlsSignature,
) -> Option<Certificate> {
    let signers = || votes.iter().map(|(signer, _)| *signer);
    let signed = SignerBitmap::new(set.len(), signers());
    set.is_quorum(set.power_of(signers())).then_some(Certificate { statement: *statement, signers: signed, signature })
}

/// Splits votes that do not hold together into parts that do and single ones that do not. One bad vote among n costs about
/// 2·log n checks; the depth is the logarithm of a set's size.
fn bisect(
    set: &ValidatorSet,
    statement: &VoteStatement,
    votes: &[(ValidatorIndex, BlsSignature)],
    scheme: &dyn Scheme,
    sorted: &mut Sorted,
) {
    if votes.len() <= 1 {
        sorted.bad.extend(votes.iter().map(|(signer, _)| *signer));
        return;
    }
    let (left, right) = votes.split_at(votes.len() / 2);
    for half in [left, right] {
        if sum_that_holds(set, statement, half, scheme).is_some() {
            sorted.good.extend_from_slice(half);
        } else {
            bisect(set, statement, half, scheme, sorted);
        }
    }
}

/// The sum of the votes' signatures, if it is one over their statement.
fn sum_that_holds(
    set: &ValidatorSet,
    statement: &VoteStatement,
    votes: &[(ValidatorIndex, BlsSignature)],
    scheme: &dyn Scheme,
) -> Option<BlsSignature> {
    let signers: Vec<ValidatorIndex> = votes.iter().map(|(signer, _)| *signer).collect();
    let signatures: Vec<BlsSignature> = votes.iter().map(|(_, signature)| *signature).collect();
    let signature = scheme.aggregate(&signatures)?;
    let sum = Aggregated { statement, signers: &signers, signature: &signature };
    scheme.verify_aggregated(set, sum).then_some(signature)
}
