//! The search against the `sha2` crate, every kernel against every other, and headers of the world.

use lanes::sha256d::{HEADER_BYTES, Hit, Kernel, Scanner, hash};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// The word of the judge.
fn judged(header: &[u8; HEADER_BYTES]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(header)).into()
}

/// What there is to find, by hashing everything.
fn expected(header: &[u8; HEADER_BYTES], versions: &[u32], target: &[u8; 32], first: u32, count: u32) -> Vec<Hit> {
    let mut hits = Vec::new();
    for nonce in (0..count).map(|offset| first.wrapping_add(offset)) {
        for version in versions {
            let mut header = *header;
            header[..4].copy_from_slice(&version.to_le_bytes());
            header[76..].copy_from_slice(&nonce.to_le_bytes());
            let digest = judged(&header);
            if digest.iter().rev().le(target.iter().rev()) {
                hits.push(Hit { version: *version, nonce, digest });
            }
        }
    }
    hits
}

/// The kernels that run here; tests say so when there is only the scalar one.
fn kernels() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.is_available())
}

fn header_of(hex: &str) -> [u8; HEADER_BYTES] {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("two digits");
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
    bytes.try_into().expect("80 bytes")
}

fn shown(digest: &[u8; 32]) -> String {
    digest.iter().rev().map(|byte| format!("{byte:02x}")).collect()
}

const GENESIS: &str = "01000000 0000000000000000000000000000000000000000000000000000000000000000
    3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a 29ab5f49 ffff001d 1dac2b7c";

/// Above the hash of a header whose last two bytes of digest are at most `high`: many hits, few candidates that are none.
fn target(high: [u8; 2], rest: [u8; 30]) -> [u8; 32] {
    let mut target = [0; 32];
    target[..30].copy_from_slice(&rest);
    target[30..].copy_from_slice(&[high[1], high[0]]);
    target
}

#[test]
fn the_check_value_is_the_hash_of_its_header() {
    let mut header = [0; HEADER_BYTES];
    header[0] = 1;
    header[36..68].fill(0x11);
    header[68..72].copy_from_slice(&1_700_000_000_u32.to_le_bytes());
    header[72..76].copy_from_slice(&0x1e10_0000_u32.to_le_bytes());
    let digest = hash(&header);
    assert_eq!(shown(&digest), "051902e9b63701fb42f8c8746fd53c21755bd428ad901b8e39ccbeba669c37b4");
    for kernel in kernels() {
        let hits = Scanner::new(kernel, &header, &[], &digest).scan(0, 1);
        assert_eq!(hits, [Hit { version: 1, nonce: 0, digest }], "{kernel}");
    }
}

#[test]
fn the_first_block_of_bitcoin_is_found_again() {
    let header = header_of(GENESIS);
    let mut target = [0; 32];
    target[26..28].copy_from_slice(&[0xff, 0xff]);
    for kernel in kernels() {
        let scanner = Scanner::new(kernel, &header, &[2, 1, 3], &target);
        let hits = scanner.scan(2_083_236_893 - 100_001, 200_000);
        let [hit] = hits[..] else { panic!("{kernel}: {hits:?}") };
        assert_eq!((hit.version, hit.nonce), (1, 2_083_236_893), "{kernel}");
        assert_eq!(shown(&hit.digest), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
    }
}

#[test]
fn a_target_is_met_by_its_own_hash_and_by_nothing_above() {
    let header = header_of(GENESIS);
    let digest = judged(&header);
    let mut below = digest;
    below[0] -= 1;
    for kernel in kernels() {
        let found = |target: &[u8; 32]| Scanner::new(kernel, &header, &[], target).scan(2_083_236_893, 1).len();
        assert_eq!((found(&digest), found(&below), found(&[0; 32]), found(&[255; 32])), (1, 0, 0, 1), "{kernel}");
    }
}

#[test]
fn the_whole_range_is_searched_and_nothing_beyond_it() {
    let header = header_of(GENESIS);
    for kernel in kernels() {
        let scanner = Scanner::new(kernel, &header, &[7, 1], &[255; 32]);
        for (first, count) in [(0, 0), (0, 1), (5, 1), (3, 17), (u32::MAX, 1), (u32::MAX - 3, 40), (1 << 31, 33)] {
            let tried: Vec<(u32, u32)> =
                scanner.scan(first, count).iter().map(|hit| (hit.nonce, hit.version)).collect();
            let all = (0..count).flat_map(|offset| [7, 1].map(|version| (first.wrapping_add(offset), version)));
            assert_eq!(tried, all.collect::<Vec<_>>(), "{kernel} {first} {count}");
        }
    }
}

#[test]
fn a_kernel_is_known_by_its_name_and_one_that_is_missing_is_replaced() {
    for kernel in Kernel::ALL {
        assert_eq!(Kernel::from_name(kernel.name()), Some(kernel));
        let scanner = Scanner::new(kernel, &header_of(GENESIS), &[], &[0; 32]);
        assert_eq!(scanner.kernel(), if kernel.is_available() { kernel } else { Kernel::Scalar });
    }
    assert_eq!(Kernel::from_name("AVX512"), None);
    assert!(Kernel::Scalar.is_available() && Kernel::best().is_available());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_header_hashes_as_sha2_hashes_it(
        header in proptest::collection::vec(any::<u8>(), HEADER_BYTES).prop_map(|bytes| <[u8; HEADER_BYTES]>::try_from(bytes).expect("80 bytes")),
    ) {
        prop_assert_eq!(hash(&header), judged(&header));
    }

    #[test]
    fn every_kernel_finds_what_hashing_everything_finds(
        header in proptest::collection::vec(any::<u8>(), HEADER_BYTES).prop_map(|bytes| <[u8; HEADER_BYTES]>::try_from(bytes).expect("80 bytes")),
        versions in proptest::collection::vec(any::<u32>(), 1..10),
        first: u32,
        count in 0_u32..100,
        high: [u8; 2],
        rest: [u8; 30],
    ) {
        let target = target(high, rest);
        let expected = expected(&header, &versions, &target, first, count);
        for kernel in kernels() {
            let found = Scanner::new(kernel, &header, &versions, &target).scan(first, count);
            prop_assert_eq!(&found, &expected, "{}", kernel);
        }
    }
}
