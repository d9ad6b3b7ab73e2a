//! RFC 9380: hashing to both groups and expand_message_xmd, by both libraries.

use bls12_381::hash_to_curve::{ExpandMessage, ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use serde_json::Value;
use sha2_0_10::Sha256;
use sha2_0_10::digest::generic_array::typenum::U32;

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("the vectors are JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// The uncompressed form of a point: x ‖ y, the imaginary part of a coordinate before the real one.
fn uncompressed(point: &Value) -> String {
    let coordinate = |name: &str| {
        let parts: Vec<_> = text(&point[name]).split(',').map(|part| part.trim_start_matches("0x")).collect();
        parts.into_iter().rev().collect::<String>()
    };
    coordinate("x") + &coordinate("y")
}

/// A signature by the key 1 is the hash of the message itself.
fn one() -> [u8; 32] {
    let mut one = [0; 32];
    one[31] = 1;
    one
}

#[test]
fn both_libraries_hash_to_g1_as_the_standard_does() {
    let suite = parse(include_str!("../vectors/rfc9380_g1.json"));
    let dst = text(&suite["dst"]).as_bytes();
    let key = blst::min_sig::SecretKey::from_bytes(&one()).expect("one is a key");
    let vectors = suite["vectors"].as_array().expect("a list");
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let message = text(&vector["msg"]).as_bytes();
        let expected = uncompressed(&vector["P"]);
        assert_eq!(hex::encode(key.sign(message, dst, &[]).serialize()), expected);
        let point = <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve([message], dst);
        assert_eq!(hex::encode(G1Affine::from(point).to_uncompressed()), expected);
    }
}

#[test]
fn both_libraries_hash_to_g2_as_the_standard_does() {
    let suite = parse(include_str!("../vectors/rfc9380_g2.json"));
    let dst = text(&suite["dst"]).as_bytes();
    let key = blst::min_pk::SecretKey::from_bytes(&one()).expect("one is a key");
    let vectors = suite["vectors"].as_array().expect("a list");
    assert_eq!(vectors.len(), 5);
    for vector in vectors {
        let message = text(&vector["msg"]).as_bytes();
        let expected = uncompressed(&vector["P"]);
        assert_eq!(hex::encode(key.sign(message, dst, &[]).serialize()), expected);
        let point = <G2Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve([message], dst);
        assert_eq!(hex::encode(G2Affine::from(point).to_uncompressed()), expected);
    }
}

#[test]
fn messages_are_expanded_as_the_standard_does() {
    let files =
        [include_str!("../vectors/rfc9380_expand.json"), include_str!("../vectors/rfc9380_expand_long_dst.json")];
    for file in files {
        let suite = parse(file);
        let dst = text(&suite["DST"]).as_bytes();
        let tests = suite["tests"].as_array().expect("a list");
        assert_eq!(tests.len(), 10);
        for test in tests {
            let message = text(&test["msg"]).as_bytes();
            let length = text(&test["len_in_bytes"]).trim_start_matches("0x");
            let length = usize::from_str_radix(length, 16).expect("a number");
            let expanded = ExpandMsgXmd::<Sha256>::init_expand::<_, U32>([message], dst, length).into_vec();
            assert_eq!(hex::encode(expanded), text(&test["uniform_bytes"]));
        }
    }
}

/// blst shows its expansion only as a scalar: 48 bytes modulo the group's order.
#[test]
fn blst_expands_messages_as_the_other_library_does() {
    for file in
        [include_str!("../vectors/rfc9380_expand.json"), include_str!("../vectors/rfc9380_expand_long_dst.json")]
    {
        let suite = parse(file);
        let dst = text(&suite["DST"]).as_bytes();
        for test in suite["tests"].as_array().expect("a list") {
            let message = text(&test["msg"]).as_bytes();
            let mut wide = ExpandMsgXmd::<Sha256>::init_expand::<_, U32>([message], dst, 48).into_vec();
            wide.reverse();
            wide.resize(64, 0);
            let expected = Scalar::from_bytes_wide(&wide.try_into().expect("64 bytes"));
            let scalar = blst::blst_scalar::hash_to(message, dst).expect("not zero");
            assert_eq!(scalar.b, expected.to_bytes());
        }
    }
}
