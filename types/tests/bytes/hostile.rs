//! Bytes that no honest encoder writes. FAULTS P1, M5, C9.

use types::{Body, Canonical, Certificate, DecodeError, Header, MultisigPolicy, Transaction, ValidatorSet, Vote};

use crate::generate::Random;

/// Whatever decodes must encode to the same bytes: there is one form only.
fn has_one_form<T: Canonical>(bytes: &[u8]) {
    if let Ok(value) = T::from_canonical(bytes) {
        assert_eq!(value.to_canonical(), bytes);
    }
}

// FAULTS P1, M5
#[test]
fn a_flipped_byte_is_refused_or_another_value_never_a_second_form() {
    let mut random = Random(7);
    for _ in 0..300 {
        let mut transaction = random.transaction().to_canonical();
        let mut header = random.header().to_canonical();
        let mut set = random.validator_set().to_canonical();
        for bytes in [&mut transaction, &mut header, &mut set] {
            let place = random.below(bytes.len() as u64) as usize;
            bytes[place] ^= 1 << random.below(8);
        }
        has_one_form::<Transaction>(&transaction);
        has_one_form::<Header>(&header);
        has_one_form::<ValidatorSet>(&set);
    }
}

// FAULTS P1
#[test]
fn random_bytes_never_panic_and_have_one_form() {
    let mut random = Random(8);
    for _ in 0..20_000 {
        let length = random.below(400);
        let bytes: Vec<u8> = (0..length).map(|_| (random.next() >> random.below(60)) as u8).collect();
        has_one_form::<Transaction>(&bytes);
        has_one_form::<Body>(&bytes);
        has_one_form::<Certificate>(&bytes);
        has_one_form::<Vote>(&bytes);
        has_one_form::<MultisigPolicy>(&bytes);
    }
}

// FAULTS P1
#[test]
fn trailing_and_missing_bytes_are_refused() {
    let mut random = Random(9);
    for _ in 0..200 {
        let mut bytes = random.block().to_canonical();
        bytes.push(0);
        assert!(matches!(types::Block::from_canonical(&bytes), Err(DecodeError::Malformed(_))));
        bytes.truncate(bytes.len() - 2);
        assert!(matches!(types::Block::from_canonical(&bytes), Err(DecodeError::Malformed(_))));
    }
}

// FAULTS P1
#[test]
fn a_claimed_length_beyond_the_bound_is_refused_before_anything_is_read() {
    for claimed in [257_u32, 1 << 20, u32::MAX] {
        let error = Body::from_canonical(&claimed.to_le_bytes()).expect_err("the list is too long");
        assert!(error.to_string().contains("at most 256 are allowed"), "{error}");
    }
}

// FAULTS P1: a claim within the bound reserves no more than what is there justifies.
#[test]
fn input_above_the_bound_of_its_type_is_refused_unread() {
    let bytes = vec![0; Vote::BYTES_MAX + 1];
    assert!(matches!(Vote::from_canonical(&bytes), Err(DecodeError::TooLong { .. })));
}

#[test]
fn a_transaction_inside_a_block_is_bounded_like_one_alone() {
    let mut random = Random(10);
    let mut transaction = random.transaction();
    let call = types::Call {
        module: types::ModuleId(1),
        body: types::ByteString::new(vec![0; 60_000]).expect("within the bound of a call"),
    };
    transaction.body.calls = types::List::new(vec![call.clone(), call]).expect("two calls");
    let body = Body { transactions: types::List::new(vec![transaction]).expect("one"), ..Body::default() };
    let error = Body::from_canonical(&body.to_canonical()).expect_err("the transaction is too long");
    assert!(error.to_string().contains("a transaction above"), "{error}");
}

#[test]
fn policies_and_sets_out_of_order_or_with_repeats_are_refused() {
    let mut random = Random(11);
    let policy = loop {
        let policy = random.policy();
        if policy.keys().len() >= 2 {
            break policy.to_canonical();
        }
    };
    let mut swapped = policy.clone();
    let (first, second) = (5..38, 38..71);
    swapped.copy_within(second.clone(), 5);
    swapped[second].copy_from_slice(&policy[first.clone()]);
    assert!(MultisigPolicy::from_canonical(&swapped).is_err(), "out of order");
    let mut repeated = policy.clone();
    repeated.copy_within(first, 38);
    assert!(MultisigPolicy::from_canonical(&repeated).is_err(), "repeated");
    let mut nobody = policy;
    nobody[0] = 0;
    assert!(MultisigPolicy::from_canonical(&nobody).is_err(), "a threshold of zero");
}

// FAULTS C9
#[test]
fn a_bitmap_must_have_exactly_the_length_of_its_set_and_no_padding() {
    use types::{ByteString, CertificateShapeError, SignerBitmap, ValidatorIndex};
    let raw = |bytes: &[u8]| SignerBitmap::from_bytes(ByteString::new(bytes.to_vec()).expect("short"));
    for (bytes, validators) in [(&[0b111][..], 9), (&[0b111, 0], 8), (&[], 1), (&[0, 0, 0], 9)] {
        assert!(matches!(raw(bytes).signers(validators), Err(CertificateShapeError::BitmapLength { .. })));
    }
    assert_eq!(raw(&[0b1_0000]).signers(4), Err(CertificateShapeError::Padding));
    assert_eq!(raw(&[0b1000_0001, 0b1]).signers(9), Ok([0, 7, 8].map(ValidatorIndex).to_vec()));
}
