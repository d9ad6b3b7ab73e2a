//! What votes and certificates cost: `cargo bench -p benches --bench bls`.
//!
//! Each check is timed as a validator does it, from the bytes that came in to the verdict.

mod settings;

use std::hint::black_box;

use benches::fixture::Fixture;
use consensus::{Aggregated, EqualVotes, Scheme};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crypto::ids::vote_preimage;
use replica::BlsScheme;
use types::{BlsSignature, ValidatorIndex, View, VoteStatement};

/// Votes of some validators over one statement.
struct Quorum {
    statement: VoteStatement,
    signers: Vec<ValidatorIndex>,
    votes: Vec<(ValidatorIndex, BlsSignature)>,
    sum: BlsSignature,
}

impl Quorum {
    /// The vote over the block of a view, by all validators but one.
    fn new(fixture: &Fixture, scheme: &BlsScheme, view: u64, absent: u16) -> Self {
        let (mut statement, _) = fixture.votes(0);
        statement.view = View(view);
        let message = vote_preimage(fixture.chain.id(), &statement);
        let signers: Vec<ValidatorIndex> = (0..4).filter(|place| *place != absent).map(ValidatorIndex).collect();
        let vote = |signer: ValidatorIndex| fixture.secrets[usize::from(signer.0)].sign(&message).to_bytes();
        let votes: Vec<_> = signers.iter().map(|signer| (*signer, vote(*signer))).collect();
        let signatures: Vec<_> = votes.iter().map(|(_, signature)| *signature).collect();
        let sum = scheme.aggregate(&signatures).expect("they are signatures");
        Self { statement, signers, votes, sum }
    }

    fn votes(&self) -> EqualVotes<'_> {
        EqualVotes { statement: &self.statement, votes: &self.votes }
    }

    fn aggregated(&self) -> Aggregated<'_> {
        Aggregated { statement: &self.statement, signers: &self.signers, signature: &self.sum }
    }
}

fn votes(criterion: &mut Criterion) {
    let fixture = Fixture::new(2);
    let scheme = BlsScheme::new(fixture.chain.id(), [1; 32]);
    let quorum = Quorum::new(&fixture, &scheme, 1, 3);
    let message = vote_preimage(fixture.chain.id(), &quorum.statement);
    let secret = &fixture.secrets[0];
    let mut group = criterion.benchmark_group("bls");
    group.bench_function("vote_sign", |bencher| bencher.iter(|| secret.sign(black_box(&message))));
    let (signer, signature) = quorum.votes[0];
    group.bench_function("vote_check", |bencher| {
        bencher.iter(|| assert!(scheme.verify_vote(&fixture.set, signer, &quorum.statement, black_box(&signature))));
    });
    group.bench_function("certificate_check", |bencher| {
        bencher.iter(|| assert!(scheme.verify_aggregated(&fixture.set, black_box(quorum.aggregated()))));
    });
    group.finish();
}

/// Votes of one view, or of two checked together: the finalization of a block waits for the notarization of the next.
fn quorums(criterion: &mut Criterion) {
    let fixture = Fixture::new(2);
    let scheme = BlsScheme::new(fixture.chain.id(), [1; 32]);
    let mut group = criterion.benchmark_group("bls_quorums_check");
    let cases = [("one", vec![3]), ("two_of_the_same_signers", vec![3, 3]), ("two_of_other_signers", vec![3, 2])];
    for (name, absent) in cases {
        let quorums: Vec<_> =
            (1_u64..).zip(&absent).map(|(view, absent)| Quorum::new(&fixture, &scheme, view, *absent)).collect();
        let parts: Vec<_> = quorums.iter().map(Quorum::votes).collect();
        group.bench_function(name, |bencher| {
            bencher.iter(|| scheme.verified_sums(&fixture.set, black_box(&parts)).expect("they are right"));
        });
    }
    group.finish();
}

/// Certificates of blocks in a row, as a node that catches up reads them; four quorums take turns.
fn certificates(criterion: &mut Criterion) {
    let fixture = Fixture::new(2);
    let scheme = BlsScheme::new(fixture.chain.id(), [1; 32]);
    let mut group = criterion.benchmark_group("bls_certificates_check");
    for count in [2_u64, 8, 64, 512] {
        let quorums: Vec<_> = (1..=count)
            .map(|view| {
                let absent = u16::try_from(view % 4).expect("one of four");
                Quorum::new(&fixture, &scheme, view, absent)
            })
            .collect();
        let batch: Vec<_> = quorums.iter().map(Quorum::aggregated).collect();
        group.throughput(Throughput::Elements(count)).sample_size(20);
        group.bench_with_input(BenchmarkId::from_parameter(count), &batch, |bencher, batch| {
            bencher.iter(|| assert!(scheme.verify_batch(&fixture.set, black_box(batch))));
        });
    }
    group.finish();
}

criterion_group!(
    name = bls;
    config = settings::settings();
    targets = votes, quorums, certificates
);
criterion_main!(bls);
