//! Targets, compact bits and difficulties: Bitcoin's cases, and the crate `bitcoin` as judge.

use pow::{CompactBits, CompactError, Difficulty, DifficultyError, Target, U256};
use proptest::prelude::*;

fn judge(target: Target) -> bitcoin::Target {
    bitcoin::Target::from_le_bytes(target.to_le_bytes())
}

fn power_of_two(exponent: usize) -> U256 {
    U256::ONE.checked_shl(exponent).expect("below 256")
}

// FAULTS W5: the cases of Bitcoin Core's tests of SetCompact.
#[test]
fn negative_zero_and_overflowing_bits_are_refused_as_in_bitcoin_core() {
    let negative = |bits| Err(CompactError::Negative(CompactBits(bits)));
    let zero = |bits| Err(CompactError::Zero(CompactBits(bits)));
    let overflow = |bits| Err(CompactError::Overflow(CompactBits(bits)));
    for bits in [0, 0x0012_3456, 0x0100_3456, 0x0200_0056, 0x0300_0000, 0x0400_0000, 0x0092_3456, 0x0180_3456] {
        assert_eq!(Target::from_compact(CompactBits(bits)), zero(bits), "{bits:08x}");
    }
    for bits in [0x0280_0056, 0x0380_0000, 0x0480_0000] {
        assert_eq!(Target::from_compact(CompactBits(bits)), zero(bits), "{bits:08x}");
    }
    for bits in [0x01fe_dcba, 0x0492_3456, 0x1d80_ffff, 0x2092_3456] {
        assert_eq!(Target::from_compact(CompactBits(bits)), negative(bits), "{bits:08x}");
    }
    for bits in [0xff12_3456, 0x2300_0001, 0x2200_0100, 0x2101_0000] {
        assert_eq!(Target::from_compact(CompactBits(bits)), overflow(bits), "{bits:08x}");
    }
    for (bits, number, again) in [
        (0x0112_3456, 0x12, 0x0112_0000),
        (0x0212_3456, 0x1234, 0x0212_3400),
        (0x0312_3456, 0x0012_3456, 0x0312_3456),
        (0x0412_3456, 0x1234_5600, 0x0412_3456),
        (0x0500_9234, 0x9234_0000_u64, 0x0500_9234),
    ] {
        let target = Target::from_compact(CompactBits(bits)).expect("a good target");
        assert_eq!(target.to_uint(), U256::from(number), "{bits:08x}");
        assert_eq!(target.to_compact(), CompactBits(again), "{bits:08x}");
    }
    let longest = Target::from_compact(CompactBits(0x2012_3456)).expect("253 bits");
    assert_eq!(longest.to_compact(), CompactBits(0x2012_3456));
    assert_eq!(Target::from_compact(CompactBits(0x2100_ffff)).map(|target| target.to_uint().bit_len()), Ok(256));
}

#[test]
fn well_known_targets_have_their_well_known_bits() {
    let launch = Target::from_uint(power_of_two(236)).expect("not zero");
    assert_eq!(launch.to_compact(), CompactBits(0x1e10_0000));
    assert_eq!(launch.expected_hashes(), power_of_two(20).saturating_sub(U256::ONE));
    assert_eq!(Target::DIFFICULTY_ONE.to_compact(), CompactBits(0x1d00_ffff));
    assert_eq!(Target::DIFFICULTY_ONE.expected_hashes(), U256::from(0x1_0001_0001_u64));
    assert_eq!(Target::EASIEST.expected_hashes(), U256::ONE);
    assert_eq!(Target::HARDEST.expected_hashes(), power_of_two(255));
    assert_eq!(launch.times(64).to_uint(), power_of_two(242));
    assert_eq!(Target::EASIEST.times(64), Target::EASIEST);
    assert_eq!(Target::from_uint(power_of_two(250)).map(|target| target.times(64)), Some(Target::EASIEST));
    assert_eq!(launch.times(0), launch);
    assert_eq!(Target::from_le_bytes([0; 32]), None);
}

// FAULTS W5
#[test]
fn all_256_bits_of_a_digest_are_compared_with_the_last_byte_as_the_highest() {
    let target = Target::from_compact(CompactBits(0x1d00_ffff)).expect("good");
    assert!(target.is_met_by(&target.to_le_bytes()));
    let mut above = target.to_le_bytes();
    above[0] = 1;
    assert!(!target.is_met_by(&above), "one above");
    let mut below = target.to_le_bytes();
    below[26] -= 1;
    below[..26].fill(0xff);
    assert!(target.is_met_by(&below), "one below");
    let mut zeros_in_front = [0; 32];
    zeros_in_front[31] = 1;
    assert!(!target.is_met_by(&zeros_in_front), "zeros count at the end, not in front");
    assert!(Target::EASIEST.is_met_by(&[0xff; 32]));
    assert!(Target::HARDEST.is_met_by(&[0; 32]));
}

#[test]
fn difficulties_are_read_as_json_writes_them() {
    for (text, billionths) in [
        ("1000", 1_000_000_000_000),
        ("0.00015", 150_000),
        ("1e-6", 1_000),
        ("1E+3", 1_000_000_000_000),
        ("1.5e3", 1_500_000_000_000),
        ("0.000000001", 1),
        ("0.00000000199", 1),
        ("00012", 12_000_000_000),
        ("1000000000000000000", 1_000_000_000_000_000_000_000_000_000),
        ("0.00015258556235195487", 152_585),
    ] {
        assert_eq!(Difficulty::parse(text).map(Difficulty::billionths), Ok(billionths), "{text}");
    }
}

// FAULTS W4, on the side of values
#[test]
fn a_difficulty_that_is_no_number_or_out_of_bounds_is_refused_by_name() {
    let long = "1".repeat(39);
    for text in [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "NaN",
        "inf",
        "Infinity",
        "1e",
        "1e+",
        "e5",
        "1e99999",
        "0x10",
        " 1",
        "1 ",
        "1,5",
        "1_000",
        "1e1e1",
        "1.2.3",
        "١",
        "1e-",
        "--1",
        long.as_str(),
        "null",
        "\"1\"",
    ] {
        assert!(matches!(Difficulty::parse(text), Err(DifficultyError::Malformed(_))), "`{text}`");
    }
    for text in ["0", "0.0", "0e400", "1e-10", "1e-400", "0.0000000009"] {
        assert_eq!(Difficulty::parse(text), Err(DifficultyError::TooSmall), "{text}");
    }
    for text in ["1e400", "1e19", "1000000000000000001", "99999999999999999999999999999999999999", "1e9999"] {
        assert_eq!(Difficulty::parse(text), Err(DifficultyError::TooLarge), "{text}");
    }
}

#[test]
fn difficulty_one_is_the_target_of_bitcoins_first_block() {
    assert_eq!(Difficulty::ONE.target(), Target::DIFFICULTY_ONE);
    assert_eq!(Target::DIFFICULTY_ONE.difficulty(), Difficulty::ONE);
    assert_eq!(Target::HARDEST.difficulty(), Difficulty::MAX);
    assert_eq!(Target::EASIEST.difficulty(), Difficulty::MIN);
    assert_eq!(Difficulty::MIN.target().expected_hashes(), U256::from(4));
    assert_eq!(Difficulty::ONE.to_string(), "1");
    assert_eq!(Difficulty::MIN.to_string(), "0.000000001");
}

proptest! {
    #[test]
    fn every_bits_mean_to_this_crate_what_they_mean_to_bitcoin(bits: u32) {
        let theirs = bitcoin::Target::from_compact(bitcoin::CompactTarget::from_consensus(bits));
        match Target::from_compact(CompactBits(bits)) {
            Ok(target) => {
                prop_assert_eq!(judge(target), theirs);
                let again = bitcoin::Target::from_le_bytes(target.to_le_bytes()).to_compact_lossy();
                prop_assert_eq!(target.to_compact().0, again.to_consensus());
            }
            Err(CompactError::Overflow(_)) => prop_assert!(bits >> 24 > 32),
            // With fewer than three digits the crate shifts the sign into the number; Bitcoin Core, whose cases stand above, does not.
            Err(_) if bits >> 24 < 3 => {}
            Err(_) => prop_assert_eq!(theirs, bitcoin::Target::ZERO),
        }
    }

    #[test]
    fn work_and_comparison_agree_with_bitcoin(bytes: [u8; 32], zeros in 0_usize..31, digest: [u8; 32]) {
        let mut bytes = bytes;
        bytes[32 - zeros..].fill(0);
        if let Some(target) = Target::from_le_bytes(bytes) {
            let hash: bitcoin::BlockHash = bitcoin::hashes::Hash::from_byte_array(digest);
            prop_assert_eq!(target.is_met_by(&digest), judge(target).is_met_by(hash));
            prop_assert_eq!(target.expected_hashes().to_le_bytes::<32>(), judge(target).to_work().to_le_bytes());
            prop_assert_eq!(Target::from_compact(target.to_compact()).map(|easier| easier <= target), Ok(true));
        }
    }

    #[test]
    fn a_difficulty_is_written_as_it_is_read_and_its_target_is_worth_it(billionths in 1_u128..=10_u128.pow(27)) {
        let difficulty = Difficulty::from_billionths(billionths).expect("within the bounds");
        prop_assert_eq!(Difficulty::parse(&difficulty.to_string()), Ok(difficulty));
        prop_assert!(difficulty.target().difficulty() >= difficulty);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[0-9eE.+\\-]{0,45}|\\PC{0,40}") {
        if let Ok(difficulty) = Difficulty::parse(&text) {
            prop_assert!(difficulty >= Difficulty::MIN && difficulty <= Difficulty::MAX);
        }
    }
}
