//! k256 and libsecp256k1 give the same signatures and the same verdicts, whatever they are fed.

use crypto::ecdsa::{self, EcdsaError};
use crypto::ecdsa_pure::{self, SigningKey};
use crypto::hash::{hash160, sha256};
use k256::elliptic_curve::PrimeField;
use types::{Secp256k1Key, Secp256k1Signature};

use crate::stream::Stream;

/// n, the order of the group.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc,
    0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

fn number(low: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[31] = low;
    bytes
}

/// n - s: the other form of the same signature.
fn negated(s: [u8; 32]) -> [u8; 32] {
    let scalar = k256::Scalar::from_repr(s.into()).expect("s is below n");
    (-scalar).to_repr().into()
}

fn halves(signature: &Secp256k1Signature) -> ([u8; 32], [u8; 32]) {
    let (r, s) = signature.0.split_at(32);
    (r.try_into().expect("32 bytes"), s.try_into().expect("32 bytes"))
}

fn joined(r: [u8; 32], s: [u8; 32]) -> Secp256k1Signature {
    Secp256k1Signature::from_slice(&[r, s].concat()).expect("64 bytes")
}

fn verdict(digest: &[u8; 32], key: &Secp256k1Key, signature: &Secp256k1Signature) -> Result<(), EcdsaError> {
    let one = ecdsa::verify(digest, key, signature);
    let other = ecdsa_pure::verify(digest, key, signature);
    assert_eq!(one, other, "digest {}, key {key}, signature {signature}", hex::encode(digest));
    one
}

#[test]
fn both_sign_alike_and_accept_each_other() {
    let mut stream = Stream::new("signers");
    for _ in 0..1_000 {
        let secret = stream.bytes();
        let digest = stream.bytes();
        let key = SigningKey::from_bytes(&secret).expect("random bytes are below n");
        let signature = key.sign(&digest);
        let other_key = secp256k1::SecretKey::from_secret_bytes(secret).expect("random bytes are below n");
        let other = secp256k1::ecdsa::sign(secp256k1::Message::from_digest(digest), &other_key);
        assert_eq!(signature.0, other.serialize_compact());
        assert_eq!(key.public_key().0, secp256k1::PublicKey::from_secret_key(&other_key).serialize());
        assert_eq!(verdict(&digest, &key.public_key(), &signature), Ok(()));
        assert_eq!(*key.to_bytes(), secret);
    }
}

/// A widely published vector of RFC 6979 over secp256k1.
#[test]
fn signs_with_the_nonce_of_rfc_6979() {
    let key = SigningKey::from_bytes(&number(1)).expect("one is a key");
    let signature = key.sign(&sha256(b"Satoshi Nakamoto"));
    assert_eq!(
        signature.to_string(),
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
         2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
    );
}

#[test]
fn the_generator_hashes_to_the_known_address() {
    let generator = SigningKey::from_bytes(&number(1)).expect("one is a key").public_key();
    assert_eq!(hex::encode_upper(hash160(generator.as_bytes())), "751E76E8199196D454941C45D1B3A323F1433BD6");
}

#[test]
fn zero_and_the_order_are_no_secret_keys() {
    for bad in [[0; 32], ORDER, [0xff; 32]] {
        assert_eq!(SigningKey::from_bytes(&bad).err(), Some(EcdsaError::SecretKey));
    }
    let mut largest = ORDER;
    largest[31] -= 1;
    assert!(SigningKey::from_bytes(&largest).is_ok());
}

// FAULTS M1
#[test]
fn both_refuse_the_high_s_twin_of_a_valid_signature() {
    let mut stream = Stream::new("twins");
    for _ in 0..1_000 {
        let key = SigningKey::from_bytes(&stream.bytes()).expect("random bytes are below n");
        let digest = stream.bytes();
        let (r, s) = halves(&key.sign(&digest));
        assert_eq!(verdict(&digest, &key.public_key(), &joined(r, negated(s))), Err(EcdsaError::HighS));
    }
}

// FAULTS M1
#[test]
fn the_largest_low_s_and_the_smallest_high_s_are_told_apart() {
    let mut half: [u8; 32] = hex::decode("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0")
        .expect("hex")
        .try_into()
        .expect("32");
    let key = SigningKey::from_bytes(&number(7)).expect("seven is a key").public_key();
    assert_eq!(verdict(&[1; 32], &key, &joined(number(1), half)), Err(EcdsaError::Mismatch));
    half[31] += 1;
    assert_eq!(verdict(&[1; 32], &key, &joined(number(1), half)), Err(EcdsaError::HighS));
}

// FAULTS M1
#[test]
fn both_refuse_r_and_s_of_zero_and_from_the_order_up() {
    let key = SigningKey::from_bytes(&number(3)).expect("three is a key");
    let digest = [9; 32];
    let (r, s) = halves(&key.sign(&digest));
    let mut above = ORDER;
    above[31] += 1;
    for bad in [[0; 32], ORDER, above, [0xff; 32]] {
        for signature in [joined(bad, s), joined(r, bad), joined(bad, bad)] {
            assert_eq!(verdict(&digest, &key.public_key(), &signature), Err(EcdsaError::Range), "{signature}");
        }
    }
    // r + n has the same residue as r; it must not be a second form.
    let mut wrapped = ORDER;
    wrapped[31] += 2;
    assert_eq!(verdict(&digest, &key.public_key(), &joined(wrapped, s)), Err(EcdsaError::Range));
}

// FAULTS M1
#[test]
fn both_refuse_keys_that_are_not_compressed_points() {
    let mut stream = Stream::new("keys");
    let (mut read, mut refused) = (0, 0);
    for round in 0..4_000 {
        let signer = SigningKey::from_bytes(&stream.bytes()).expect("random bytes are below n");
        let digest = stream.bytes();
        let mut key = signer.public_key();
        match round % 5 {
            0 => key.0[0] = stream.bytes::<1>()[0],
            1 => key.0 = stream.flip(key.0),
            2 => key.0[1..].copy_from_slice(&stream.bytes::<32>()),
            // x at or above the field's modulus, which ends in fffffc2f.
            3 => {
                key.0[1..].fill(0xff);
                key.0[29] = 0xfe - stream.bytes::<1>()[0] % 2;
            }
            _ => key.0 = [0; 33],
        }
        let outcome = verdict(&digest, &key, &signer.sign(&digest));
        assert_eq!(outcome == Err(EcdsaError::PublicKey), ecdsa::validate_key(&key).is_err());
        match outcome {
            Err(EcdsaError::PublicKey) => refused += 1,
            Ok(()) => assert_eq!(key, signer.public_key()),
            _ => read += 1,
        }
    }
    assert!(read > 500 && refused > 2_000, "{read} read, {refused} refused");
    for tag in [0, 1, 4, 5, 6, 7, 0xff] {
        let signer = SigningKey::from_bytes(&number(5)).expect("five is a key");
        let mut key = signer.public_key();
        key.0[0] = tag;
        assert_eq!(verdict(&[1; 32], &key, &signer.sign(&[1; 32])), Err(EcdsaError::PublicKey), "tag {tag}");
    }
}

// FAULTS M1
#[test]
fn both_refuse_what_is_changed_in_one_bit() {
    let mut stream = Stream::new("flips");
    for _ in 0..4_000 {
        let signer = SigningKey::from_bytes(&stream.bytes()).expect("random bytes are below n");
        let (digest, key) = (stream.bytes(), signer.public_key());
        let signature = signer.sign(&digest);
        let outcome = match stream.below(3) {
            0 => verdict(&stream.flip(digest), &key, &signature),
            1 => verdict(&digest, &Secp256k1Key(stream.flip(key.0)), &signature),
            _ => verdict(&digest, &key, &Secp256k1Signature(stream.flip(signature.0))),
        };
        assert!(outcome.is_err(), "key {key}, digest {}, signature {signature}", hex::encode(digest));
    }
}

#[test]
fn both_agree_on_extreme_digests() {
    let mut above = ORDER;
    above[31] += 1;
    for digest in [[0; 32], number(1), ORDER, above, [0xff; 32]] {
        let key = SigningKey::from_bytes(&[0x42; 32]).expect("a key");
        assert_eq!(verdict(&digest, &key.public_key(), &key.sign(&digest)), Ok(()), "{}", hex::encode(digest));
    }
    // n and 0 are the same number: a digest is not a commitment beyond its residue, which SHA-256 never meets.
    let key = SigningKey::from_bytes(&[0x42; 32]).expect("a key");
    assert_eq!(verdict(&ORDER, &key.public_key(), &key.sign(&[0; 32])), Ok(()));
}

#[test]
fn a_secret_key_is_not_printed() {
    let key = SigningKey::from_bytes(&[0x42; 32]).expect("a key");
    assert!(!format!("{key:?}").contains("42"));
}

// FAULTS M1
#[test]
fn many_at_once_get_the_verdicts_that_each_gets_alone() {
    let mut stream = Stream::new("batches");
    let mut right = 0;
    for round in 0..400 {
        let count = round % 21;
        let mut signed: Vec<([u8; 32], ecdsa::ParsedKey, Secp256k1Key, Secp256k1Signature)> = Vec::new();
        for _ in 0..count {
            let signer = SigningKey::from_bytes(&stream.bytes()).expect("random bytes are below n");
            let mut digest = stream.bytes();
            let mut signature = signer.sign(&digest);
            let (r, s) = halves(&signature);
            match stream.below(9) {
                0 => digest = stream.flip(digest),
                1 => signature = Secp256k1Signature(stream.flip(signature.0)),
                2 => signature = joined(r, negated(s)),
                3 => signature = joined([[0; 32], ORDER, [0xff; 32], number(1)][round % 4], s),
                4 => signature = joined(r, [[0; 32], ORDER, [0xff; 32], number(1)][round % 4]),
                5 => digest = [[0; 32], ORDER, [0xff; 32], number(1)][round % 4],
                _ => {}
            }
            let key = signer.public_key();
            signed.push((digest, ecdsa::ParsedKey::parse(&key).expect("a key"), key, signature));
        }
        let checks = signed.iter().map(|(digest, key, _, signature)| ecdsa::Check { digest, key, signature });
        let together = ecdsa::verify_many(&checks.collect::<Vec<_>>());
        let alone: Vec<_> = signed.iter().map(|(digest, _, key, signature)| verdict(digest, key, signature)).collect();
        assert_eq!(together, alone);
        right += alone.iter().filter(|verdict| verdict.is_ok()).count();
    }
    assert!(right > 1_000, "{right} were right");
}
