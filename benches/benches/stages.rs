//! The stages of a transaction's way, one by one: `cargo bench -p benches`, or `cargo bench -p benches -- tree` for some of them.

use std::hint::black_box;

use benches::fixture::Fixture;
use consensus::{Aggregated, Scheme};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use journal::{Journal, MemoryDisk, Record};
use node::FileDisk;
use replica::BlsScheme;
use types::{Epoch, ValidatorIndex, View};

/// Transfers of one measured block.
const TRANSFERS: usize = 1_000;

fn signatures(criterion: &mut Criterion) {
    let fixture = Fixture::new(10);
    let one = fixture.transfers(1).pop().expect("one was made");
    criterion.bench_function("signature_check", |bencher| {
        bencher.iter(|| {
            execution::check_signatures(black_box(&one.id), black_box(&one.transaction)).expect("it is right")
        });
    });
}

fn blocks(criterion: &mut Criterion) {
    let fixture = Fixture::new(TRANSFERS);
    let transfers = fixture.transfers(TRANSFERS);
    let built = fixture.block(&transfers);
    assert_eq!(built.body.body().transactions.len(), TRANSFERS, "all fit into one block");
    let (state, root, header, body) = (&fixture.state, fixture.root(), &built.header, &built.body);
    let mut group = criterion.benchmark_group("block_of_1000");
    group.throughput(Throughput::Elements(TRANSFERS as u64)).sample_size(20);
    group.bench_function("build", |bencher| bencher.iter(|| fixture.block(black_box(&transfers))));
    group.bench_function("validate", |bencher| {
        bencher.iter(|| fixture.registry.validate(state, root, black_box(header), body).expect("it is valid"));
    });
    group.bench_function("execute", |bencher| {
        bencher.iter(|| fixture.registry.execute(state, black_box(header), body).expect("it can be executed"));
    });
    let changes = fixture.registry.execute(state, header, body).expect("it can be executed").changes.tree_changes();
    group.bench_function("tree_update", |bencher| {
        bencher.iter(|| crypto::jellyfish::update(state, root.0, black_box(&changes)))
    });
    group.finish();
}

fn certificates(criterion: &mut Criterion) {
    let fixture = Fixture::new(2);
    let (statement, votes) = fixture.votes(3);
    let scheme = BlsScheme::new(fixture.chain.id(), [1; 32]);
    let signers: Vec<ValidatorIndex> = (0..3).map(ValidatorIndex).collect();
    criterion.bench_function("certificate_aggregate", |bencher| {
        bencher.iter(|| scheme.aggregate(black_box(&votes)).expect("three votes"))
    });
    let signature = scheme.aggregate(&votes).expect("three votes");
    let aggregated = Aggregated { statement: &statement, signers: &signers, signature: &signature };
    criterion.bench_function("certificate_verify", |bencher| {
        bencher.iter(|| assert!(scheme.verify_aggregated(&fixture.set, black_box(aggregated))));
    });
}

fn log(criterion: &mut Criterion) {
    let fixture = Fixture::new(2);
    let record = Record { kind: 1, epoch: Epoch::ZERO, view: View(1), bytes: vec![7; 128] };
    let open =
        || Journal::open(MemoryDisk::new(), fixture.chain.id(), journal::SEGMENT_BYTES).expect("an empty disk").0;
    criterion.bench_function("journal_append_without_disk", |bencher| {
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
    let mut group = criterion.benchmark_group("journal_on_disk");
    group.sample_size(20);
    group.bench_function("append_and_sync", |bencher| {
        bencher.iter(|| {
            journal.append(record.clone()).expect("there is room");
            journal.sync().expect("the disk works");
        });
    });
    group.finish();
}

criterion_group!(stages, signatures, blocks, certificates, log);
criterion_main!(stages);
