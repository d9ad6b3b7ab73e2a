//! How many nonces a second each kernel tries on one core, beside loops over public crates.
//!
//! `cargo bench -p lanes --bench nonces`: the rate is in elements, which are double hashes of a header. `KERNEL/1` searches one
//! version, `KERNEL/8` eight of them, as a pool with version rolling allows.

use std::hint::black_box;

use bitcoin_hashes::{Hash, HashEngine, sha256, sha256d};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lanes::sha256d::{HEADER_BYTES, Kernel, Scanner};
use sha2::{Digest, Sha256};

/// Hashes of one measurement's step.
const HASHES: u32 = 1 << 16;
/// No digest is this small.
const TARGET: [u8; 32] = [0; 32];

fn header() -> [u8; HEADER_BYTES] {
    std::array::from_fn(|place| (place as u8).wrapping_mul(37))
}

fn kernels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("nonces");
    group.throughput(Throughput::Elements(HASHES.into()));
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        for count in [1_u32, 2, 4, 8, 16] {
            let versions: Vec<u32> = (0..count).map(|number| 0x2000_0000 | number << 13).collect();
            let scanner = Scanner::new(kernel, &header(), &versions, &TARGET);
            group.bench_function(BenchmarkId::new(kernel.name(), count), |bencher| {
                bencher.iter(|| black_box(&scanner).scan(black_box(0), HASHES / count));
            });
        }
    }
    group.finish();
}

/// Tries nonces one by one with what is given, which returns the last byte of the digest.
fn loop_over(criterion: &mut Criterion, name: &str, last_byte: impl Fn(&[u8; HEADER_BYTES]) -> u8) {
    let mut group = criterion.benchmark_group("nonces");
    group.throughput(Throughput::Elements(HASHES.into()));
    group.bench_function(name, |bencher| {
        let mut header = header();
        bencher.iter(|| {
            let mut sum = 0_u32;
            for nonce in 0..HASHES {
                header[76..].copy_from_slice(&nonce.to_le_bytes());
                sum += u32::from(last_byte(&header));
            }
            sum
        });
    });
    group.finish();
}

fn public_crates(criterion: &mut Criterion) {
    loop_over(criterion, "sha2", |header| Sha256::digest(Sha256::digest(header))[31]);
    let mut start = Sha256::new();
    start.update(&header()[..64]);
    loop_over(criterion, "sha2, first block kept", |header| {
        let mut second = start.clone();
        second.update(&header[64..]);
        Sha256::digest(second.finalize())[31]
    });
    let mut start = sha256::Hash::engine();
    start.input(&header()[..64]);
    loop_over(criterion, "bitcoin_hashes, first block kept", |header| {
        let mut second = start.clone();
        second.input(&header[64..]);
        sha256d::Hash::from_engine(second).to_byte_array()[31]
    });
}

criterion_group!(all, kernels, public_crates);
criterion_main!(all);
