//! Verification jobs: pure functions of a job and a [`Scheme`], run outside of the engine's turn.
//!
//! Nothing here trusts a length, a count or an order that somebody else wrote: a bitmap must be exact for the set,
//! its padding zero, its power a quorum and its statement well-formed before a signature is looked at.

use std::sync::Arc;

use types::canary::{Canary, planted};
use types::{BlsSignature, Certificate, SignerBitmap, ValidatorIndex, ValidatorSet, Vote, VoteStatement};

use crate::scheme::{Aggregated, EqualVotes, Scheme};

/// Signatures to check, with the set against which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyJob {
    /// Quorums of equal votes: aggregate each, check all at once, and bisect on failure.
    Quorums {
        /// The epoch's set.
        set: Arc<ValidatorSet>,
        /// The quorums.
        quorums: Vec<HeardQuorum>,
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

/// Equal votes whose power is a quorum, as they were heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardQuorum {
    /// What they all say.
    pub statement: VoteStatement,
    /// Who says so, with which signature; rising, each signer once.
    pub votes: Vec<(ValidatorIndex, BlsSignature)>,
}

/// What came out of a job of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyAnswer {
    /// Of quorums: what is left of each, in the order of the job.
    Quorums(Vec<Sifted>),
    /// Of votes: whether each is good, in the order of the job.
    Votes(Vec<bool>),
    /// Of certificates: whether each is good, in the order of the job.
    Certificates(Vec<bool>),
}

/// Does a job.
#[must_use]
pub fn run(job: &VerifyJob, scheme: &dyn Scheme) -> VerifyAnswer {
    match job {
        VerifyJob::Quorums { set, quorums: heard } => {
            let equal = heard.iter().map(|HeardQuorum { statement, votes }| EqualVotes { statement, votes });
            VerifyAnswer::Quorums(quorums(set, &equal.collect::<Vec<_>>(), scheme))
        }
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

/// What is left of equal votes after the bad ones are out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sifted {
    /// The certificate of the good votes, if they are a quorum.
    pub certificate: Option<Certificate>,
    /// Whose votes were bad.
    pub bad: Vec<ValidatorIndex>,
}

/// Does what a job of each of these quorums would do. If no vote is bad, all of them cost one check of the scheme.
#[must_use]
pub fn quorums(set: &ValidatorSet, quorums: &[EqualVotes<'_>], scheme: &dyn Scheme) -> Vec<Sifted> {
    match scheme.verified_sums(set, quorums) {
        Some(sums) => quorums.iter().zip(sums).map(|(votes, sum)| all_good(set, *votes, sum)).collect(),
        None => quorums.iter().map(|votes| sift(set, *votes, scheme)).collect(),
    }
}

fn sift(set: &ValidatorSet, part: EqualVotes<'_>, scheme: &dyn Scheme) -> Sifted {
    if let Some(sum) = sum_that_holds(set, part, scheme) {
        return all_good(set, part, sum);
    }
    let mut sorted = Sorted::default();
    bisect(set, part, scheme, &mut sorted);
    let signatures: Vec<BlsSignature> = sorted.good.iter().map(|(_, signature)| *signature).collect();
    let good = EqualVotes { votes: &sorted.good, ..part };
    let certificate = scheme.aggregate(&signatures).and_then(|sum| certificate_of(set, good, sum));
    Sifted { certificate, bad: sorted.bad }
}

fn all_good(set: &ValidatorSet, part: EqualVotes<'_>, sum: BlsSignature) -> Sifted {
    Sifted { certificate: certificate_of(set, part, sum), bad: Vec::new() }
}

/// Votes told apart.
#[derive(Default)]
struct Sorted {
    good: Vec<(ValidatorIndex, BlsSignature)>,
    bad: Vec<ValidatorIndex>,
}

/// The certificate of votes that hold together, if they are a quorum.
fn certificate_of(set: &ValidatorSet, part: EqualVotes<'_>, signature: BlsSignature) -> Option<Certificate> {
    let signers = || part.votes.iter().map(|(signer, _)| *signer);
    let signed = SignerBitmap::new(set.len(), signers());
    let statement = *part.statement;
    set.is_quorum(set.power_of(signers())).then_some(Certificate { statement, signers: signed, signature })
}

/// Splits votes that do not hold together into parts that do and single ones that do not. One bad vote among n costs about
/// 2·log n checks; the depth is the logarithm of a set's size.
fn bisect(set: &ValidatorSet, part: EqualVotes<'_>, scheme: &dyn Scheme, sorted: &mut Sorted) {
    if part.votes.len() <= 1 {
        sorted.bad.extend(part.votes.iter().map(|(signer, _)| *signer));
        return;
    }
    let (left, right) = part.votes.split_at(part.votes.len() / 2);
    for votes in [left, right] {
        let half = EqualVotes { votes, ..part };
        if sum_that_holds(set, half, scheme).is_some() {
            sorted.good.extend_from_slice(votes);
        } else {
            bisect(set, half, scheme, sorted);
        }
    }
}

/// The sum of the votes' signatures, if it is one over their statement.
fn sum_that_holds(set: &ValidatorSet, part: EqualVotes<'_>, scheme: &dyn Scheme) -> Option<BlsSignature> {
    scheme.verified_sums(set, &[part])?.pop()
}
