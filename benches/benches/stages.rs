//! The stages of a transaction's way, one by one and in its order: `cargo bench -p benches --bench stages`, or
//! `cargo bench -p benches --bench stages -- tree` for some of them.
//!
//! Figures are for one transaction, one vote, one certificate, a quorum of votes, or one batch or block of as many transfers as the
//! names say.

mod settings;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::chain_maker::ChainMaker;
use benches::fixture::Fixture;
use benches::presigned::{Crowd, checked};
use consensus::{Aggregated, EqualVotes, Scheme};
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use crypto::ecdsa::{Check, ParsedKey, verify_many, verify_parsed};
use execution::CheckedTransaction;
use journal::{Journal, MemoryDisk, Record};
use node::FileDisk;
use replica::BlsScheme;
use replica::wire::{Message, Shared};
use types::{Auth, Canonical, Epoch, List, Secp256k1Signature, Transaction, ValidatorIndex, View};

/// Transfers of one measured block.
const TRANSFERS: usize = 1_000;
/// Accounts of the state that blocks are executed on.
const ACCOUNTS: usize = 10_000;
/// Signatures of the largest measured batch.
const SIGNATURES_MAX: usize = 64;

/// What an API or a peer's message goes through first: bytes to a transaction whose form is right.
fn submission(criterion: &mut Criterion) {
    let fixture = Fixture::new(10);
    let one = fixture.transfers(1).pop().expect("one was made");
    let bytes = one.transaction.to_canonical();
    criterion.bench_function("submission/decode_and_check", |bencher| {
        bencher.iter(|| {
            let transaction = Transaction::from_canonical(black_box(&bytes)).expect("it is canonical");
            fixture.registry.check(fixture.chain.id(), Arc::new(transaction)).expect("its form is right")
        });
    });
    criterion.bench_function("submission/signature", |bencher| {
        bencher.iter(|| {
            execution::check_signatures(black_box(&one.id), black_box(&one.transaction)).expect("it is right")
        });
    });
}

/// Signatures of different senders whose keys are known: one after the other, and as many at once as a batch has.
fn signatures(criterion: &mut Criterion) {
    let fixture = Fixture::new(SIGNATURES_MAX);
    let all = fixture.transfers(SIGNATURES_MAX);
    let keys: Vec<_> = all.iter().map(|one| signed_by(one).0).collect();
    let checks: Vec<Check<'_>> = all
        .iter()
        .zip(&keys)
        .map(|(one, key)| Check { digest: one.id.as_bytes(), key, signature: signed_by(one).1 })
        .collect();
    let mut group = criterion.benchmark_group("signatures");
    group.throughput(Throughput::Elements(checks.len() as u64));
    group.bench_function("one_by_one_64", |bencher| {
        bencher.iter(|| {
            for Check { digest, key, signature } in black_box(&checks) {
                verify_parsed(digest, key, signature).expect("it is right");
            }
        });
    });
    for count in [1, 2, 8, SIGNATURES_MAX] {
        let some = &checks[..count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new("at_once", count), some, |bencher, some| {
            bencher.iter(|| assert!(verify_many(black_box(some)).iter().all(Result::is_ok)));
        });
    }
    group.finish();
}

/// The opened key and the signature of a transfer's sender.
fn signed_by(transfer: &CheckedTransaction) -> (ParsedKey, &Secp256k1Signature) {
    match transfer.transaction.witness.auths.first() {
        Some(Auth::Single { key, signature }) => (ParsedKey::parse(key).expect("a wallet has made it"), signature),
        other => panic!("one key signs a transfer, not {other:?}"),
    }
}

/// A batch on its way to another validator.
fn gossip(criterion: &mut Criterion) {
    let fixture = Fixture::new(TRANSFERS);
    let all: Vec<_> = fixture.transfers(TRANSFERS).into_iter().map(|one| Shared(one.transaction)).collect();
    let message = Message::Transactions(List::new(all).expect("a thousand fit into a message"));
    let bytes = message.to_canonical();
    let mut group = of_a_thousand(criterion, "gossip");
    group.bench_function("encode_1000", |bencher| bencher.iter(|| black_box(&message).to_canonical()));
    group.bench_function("decode_1000", |bencher| {
        bencher.iter(|| Message::from_canonical(black_box(&bytes)).expect("it is canonical"));
    });
    group.finish();
}

fn blocks(criterion: &mut Criterion) {
    let fixture = Fixture::new(ACCOUNTS);
    let transfers = fixture.transfers(TRANSFERS);
    let built = fixture.block(&transfers);
    assert_eq!(built.body.body().transactions.len(), TRANSFERS, "all fit into one block");
    let (state, root, header, body) = (&fixture.state, fixture.root(), &built.header, &built.body);
    let mut group = of_a_thousand(criterion, "proposal");
    group.bench_function("build_1000", |bencher| bencher.iter(|| fixture.block(black_box(&transfers))));
    group.finish();

    let mut group = of_a_thousand(criterion, "verification");
    group.bench_function("check_body_1000", |bencher| {
        bencher
            .iter(|| fixture.registry.check_body(black_box(header), body.body().clone()).expect("it is the header's"));
    });
    group.bench_function("validate_1000", |bencher| {
        bencher.iter(|| fixture.registry.validate(state, root, black_box(header), body).expect("it is valid"));
    });
    group.finish();

    let mut group = of_a_thousand(criterion, "execution");
    group.bench_function("execute_1000", |bencher| {
        bencher.iter(|| fixture.registry.execute(state, black_box(header), body).expect("it can be executed"));
    });
    group.finish();

    let execution = fixture.registry.execute(state, header, body).expect("it can be executed");
    let mut group = of_a_thousand(criterion, "tree");
    group.bench_function("hash_changes_1000", |bencher| {
        bencher.iter(|| black_box(&execution.changes).tree_changes());
    });
    let changes = execution.changes.tree_changes();
    group.bench_function("update_in_memory_1000", |bencher| {
        bencher.iter(|| crypto::jellyfish::update(state, root.0, black_box(&changes)));
    });
    group.finish();
}

fn votes(criterion: &mut Criterion) {
    let fixture = Fixture::new(2);
    let (statement, votes) = fixture.votes(3);
    let scheme = BlsScheme::new(fixture.chain.id(), [1; 32]);
    let signers: Vec<ValidatorIndex> = (0..3).map(ValidatorIndex).collect();
    let secret = fixture.secrets.first().expect("there are validators");
    criterion.bench_function("vote/sign", |bencher| {
        bencher.iter(|| secret.sign(&crypto::ids::vote_preimage(fixture.chain.id(), black_box(&statement))));
    });
    criterion.bench_function("certificate/aggregate", |bencher| {
        bencher.iter(|| scheme.aggregate(black_box(&votes)).expect("three votes"));
    });
    let signature = scheme.aggregate(&votes).expect("three votes");
    let aggregated = Aggregated { statement: &statement, signers: &signers, signature: &signature };
    criterion.bench_function("certificate/verify", |bencher| {
        bencher.iter(|| assert!(scheme.verify_aggregated(&fixture.set, black_box(aggregated))));
    });
    let mut next = statement;
    next.view = View(statement.view.0 + 1);
    let preimage = crypto::ids::vote_preimage(fixture.chain.id(), &next);
    let later: Vec<_> = fixture.secrets.iter().take(3).map(|secret| secret.sign(&preimage).to_bytes()).collect();
    let [first, second] = [&votes, &later].map(|votes| signers.iter().copied().zip(votes.clone()).collect::<Vec<_>>());
    let quorums =
        [EqualVotes { statement: &statement, votes: &first }, EqualVotes { statement: &next, votes: &second }];
    for (name, quorums) in [("certificate/one_quorum", &quorums[..1]), ("certificate/two_quorums", &quorums)] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| scheme.verified_sums(&fixture.set, black_box(quorums)).expect("they are right"));
        });
    }
}

fn log(criterion: &mut Criterion) {
    let fixture = Fixture::new(2);
    let record = Record { kind: 1, epoch: Epoch::ZERO, view: View(1), bytes: vec![7; 128] };
    let open =
        || Journal::open(MemoryDisk::new(), fixture.chain.id(), journal::SEGMENT_BYTES).expect("an empty disk").0;
    criterion.bench_function("log/append_without_disk", |bencher| {
        let step = |mut journal: Journal<MemoryDisk>| {
            journal.append(record.clone()).expect("there is room");
            journal.sync().expect("memory does not fail");
            journal
        };
        bencher.iter_batched(open, step, BatchSize::SmallInput);
    });
    let directory = tempfile::tempdir().expect("a directory");
    let disk = FileDisk::open(directory.path()).expect("it can be made");
    let (mut journal, _, _) =
        Journal::open(disk, fixture.chain.id(), journal::SEGMENT_BYTES).expect("an empty directory");
    let mut group = criterion.benchmark_group("log");
    group.sample_size(20);
    group.bench_function("append_and_sync", |bencher| {
        bencher.iter(|| {
            journal.append(record.clone()).expect("there is room");
            journal.sync().expect("the disk works");
        });
    });
    group.finish();
}

/// Tree and store on RocksDB: each block changes other accounts than the one before.
fn commit(criterion: &mut Criterion) {
    let mut crowd = Crowd::new(ACCOUNTS);
    let (genesis, secrets) = Fixture::genesis(crowd.balances());
    let chain = genesis::chain_id(&genesis);
    let directory = tempfile::tempdir().expect("a directory");
    let mut maker = ChainMaker::begin(directory.path(), &genesis, secrets).expect("a new store");
    let mut next = |maker: &ChainMaker| -> Vec<CheckedTransaction> {
        let signed = crowd.sign(chain, TRANSFERS, maker.time()).expect("they are signed");
        checked(&maker.registry, chain, signed.into_iter().map(|ready| ready.transaction).collect())
            .expect("their form is right")
    };
    for (name, timed) in [("tree/update_in_store_1000", Timed::Update), ("commit/write_1000", Timed::Commit)] {
        let (group, name) = name.split_once('/').expect("both have a group");
        let mut group = of_a_thousand(criterion, group);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| block(&mut maker, &mut next, timed)).sum());
        });
        group.finish();
    }
}

/// Which step of a block is timed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Timed {
    Update,
    Commit,
}

fn block(
    maker: &mut ChainMaker,
    next: &mut impl FnMut(&ChainMaker) -> Vec<CheckedTransaction>,
    timed: Timed,
) -> Duration {
    let transfers = next(maker);
    let view = maker.view().expect("there is a state");
    let built = maker.build(&view, &[], &transfers).expect("a block");
    let execution = maker.execute(&view, &built).expect("it can be executed");
    let changes = execution.changes.tree_changes();
    let begun = Instant::now();
    let update = crypto::jellyfish::update(&view, maker.root().0, &changes);
    let updated = begun.elapsed();
    drop(view);
    let height = built.header.height;
    let finalized = maker.certify(built, execution.into_outcome(height, update));
    let begun = Instant::now();
    maker.commit(&finalized).expect("it follows the tip");
    if timed == Timed::Update { updated } else { begun.elapsed() }
}

/// A group whose throughput is counted in transactions.
fn of_a_thousand<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(TRANSFERS as u64)).sample_size(20);
    group
}

criterion_group!(
    name = stages;
    config = settings::settings();
    targets = submission, signatures, gossip, blocks, votes, log, commit
);
criterion_main!(stages);
