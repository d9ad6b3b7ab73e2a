//! The Ethereum Foundation's BLS cases, run through both libraries.
//!
//! They are for minimal public keys (keys in G1, signatures in G2), which the chain does not use; what is tested is the
//! libraries themselves: parsing, subgroup checks, pairings and hashing of both groups.

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, G2Prepared, G2Projective, Gt, Scalar, multi_miller_loop};
use blst::BLST_ERROR::BLST_SUCCESS;
use blst::min_pk;
use serde_json::{Map, Value};
use sha2_0_10::Sha256;

const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// One of the two libraries in the variant of the cases. Bytes of any length come in.
trait Library {
    /// Whether these are the bytes of a point of the group, the identity included.
    fn reads_g1(bytes: &[u8]) -> bool;
    fn reads_g2(bytes: &[u8]) -> bool;
    /// The signature, unless the key is invalid.
    fn sign(key: &[u8], message: &[u8]) -> Option<Vec<u8>>;
    /// The sum, unless there are none or one is invalid.
    fn aggregate(signatures: &[Vec<u8>]) -> Option<Vec<u8>>;
    /// Whether each key signed its message, and `signature` is the sum.
    fn aggregate_verify(keys: &[Vec<u8>], messages: &[Vec<u8>], signature: &[u8]) -> bool;
    /// Whether all keys signed the message.
    fn fast_aggregate_verify(keys: &[Vec<u8>], message: &[u8], signature: &[u8]) -> bool;
    /// The uncompressed hash.
    fn hash_to_g2(message: &[u8], dst: &[u8]) -> Vec<u8>;
}

struct Blst;

impl Blst {
    fn keys(keys: &[Vec<u8>]) -> Option<Vec<min_pk::PublicKey>> {
        keys.iter().map(|key| min_pk::PublicKey::key_validate(key).ok()).collect()
    }
}

impl Library for Blst {
    fn reads_g1(bytes: &[u8]) -> bool {
        min_pk::PublicKey::uncompress(bytes).is_ok_and(|point| {
            let identity = point.validate() == Err(blst::BLST_ERROR::BLST_PK_IS_INFINITY);
            identity || point.validate().is_ok()
        })
    }

    fn reads_g2(bytes: &[u8]) -> bool {
        min_pk::Signature::uncompress(bytes).is_ok_and(|point| point.validate(false).is_ok())
    }

    fn sign(key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let key = min_pk::SecretKey::from_bytes(key).ok()?;
        Some(key.sign(message, DST, &[]).compress().to_vec())
    }

    fn aggregate(signatures: &[Vec<u8>]) -> Option<Vec<u8>> {
        let signatures: Vec<_> = signatures.iter().map(Vec::as_slice).collect();
        let sum = min_pk::AggregateSignature::aggregate_serialized(&signatures, true).ok()?;
        Some(sum.to_signature().compress().to_vec())
    }

    fn aggregate_verify(keys: &[Vec<u8>], messages: &[Vec<u8>], signature: &[u8]) -> bool {
        let Some(keys) = Self::keys(keys) else { return false };
        let Ok(signature) = min_pk::Signature::sig_validate(signature, false) else { return false };
        let (keys, messages): (Vec<_>, Vec<_>) = keys.iter().zip(messages.iter().map(Vec::as_slice)).unzip();
        signature.aggregate_verify(true, &messages, DST, &keys, true) == BLST_SUCCESS
    }

    fn fast_aggregate_verify(keys: &[Vec<u8>], message: &[u8], signature: &[u8]) -> bool {
        let Some(keys) = Self::keys(keys) else { return false };
        let Ok(signature) = min_pk::Signature::sig_validate(signature, false) else { return false };
        signature.fast_aggregate_verify(true, message, DST, &keys.iter().collect::<Vec<_>>()) == BLST_SUCCESS
    }

    fn hash_to_g2(message: &[u8], dst: &[u8]) -> Vec<u8> {
        let mut one = [0; 32];
        one[31] = 1;
        let key = min_pk::SecretKey::from_bytes(&one).expect("one is a key");
        key.sign(message, dst, &[]).serialize().to_vec()
    }
}

struct Pure;

impl Pure {
    fn g1(bytes: &[u8]) -> Option<G1Affine> {
        G1Affine::from_compressed(bytes.try_into().ok()?).into()
    }

    fn g2(bytes: &[u8]) -> Option<G2Affine> {
        G2Affine::from_compressed(bytes.try_into().ok()?).into()
    }

    fn key(bytes: &[u8]) -> Option<G1Affine> {
        Self::g1(bytes).filter(|point| !bool::from(point.is_identity()))
    }

    fn hash(message: &[u8], dst: &[u8]) -> G2Affine {
        <G2Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve([message], dst).into()
    }
}

impl Library for Pure {
    fn reads_g1(bytes: &[u8]) -> bool {
        Self::g1(bytes).is_some()
    }

    fn reads_g2(bytes: &[u8]) -> bool {
        Self::g2(bytes).is_some()
    }

    fn sign(key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let mut key: [u8; 32] = key.try_into().ok()?;
        key.reverse();
        let key = Option::<Scalar>::from(Scalar::from_bytes(&key)).filter(|key| *key != Scalar::zero())?;
        Some(G2Affine::from(Self::hash(message, DST) * key).to_compressed().to_vec())
    }

    fn aggregate(signatures: &[Vec<u8>]) -> Option<Vec<u8>> {
        let points: Option<Vec<_>> = signatures.iter().map(|bytes| Self::g2(bytes)).collect();
        let points = points.filter(|points| !points.is_empty())?;
        let sum: G2Projective = points.into_iter().map(G2Projective::from).sum();
        Some(G2Affine::from(sum).to_compressed().to_vec())
    }

    fn aggregate_verify(keys: &[Vec<u8>], messages: &[Vec<u8>], signature: &[u8]) -> bool {
        let keys: Option<Vec<_>> = keys.iter().map(|bytes| Self::key(bytes)).collect();
        let (Some(keys), Some(signature)) = (keys, Self::g2(signature)) else { return false };
        if keys.is_empty() || keys.len() != messages.len() {
            return false;
        }
        let hashes: Vec<_> = messages.iter().map(|message| G2Prepared::from(Self::hash(message, DST))).collect();
        let (generator, signature) = (-G1Affine::generator(), G2Prepared::from(signature));
        let mut terms: Vec<_> = keys.iter().zip(&hashes).collect();
        terms.push((&generator, &signature));
        multi_miller_loop(&terms).final_exponentiation() == Gt::identity()
    }

    fn fast_aggregate_verify(keys: &[Vec<u8>], message: &[u8], signature: &[u8]) -> bool {
        let keys: Option<Vec<_>> = keys.iter().map(|bytes| Self::key(bytes)).collect();
        let Some(keys) = keys else { return false };
        let sum: G1Projective = keys.into_iter().map(G1Projective::from).sum();
        let sum = G1Affine::from(sum).to_compressed().to_vec();
        Self::aggregate_verify(&[sum], &[message.to_vec()], signature)
    }

    fn hash_to_g2(message: &[u8], dst: &[u8]) -> Vec<u8> {
        Self::hash(message, dst).to_uncompressed().to_vec()
    }
}

fn cases(text: &str, count: usize) -> Map<String, Value> {
    let Ok(Value::Object(cases)) = serde_json::from_str(text) else { panic!("the cases are one JSON object") };
    assert_eq!(cases.len(), count);
    cases
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string").trim_start_matches("0x")).expect("hex")
}

fn list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().expect("a list").iter().map(bytes).collect()
}

fn runs_all_cases<L: Library>() {
    for (name, case) in cases(include_str!("../vectors/ef_deserialization_g1.json"), 16) {
        assert_eq!(L::reads_g1(&bytes(&case["input"]["pubkey"])), case["output"], "{name}");
    }
    for (name, case) in cases(include_str!("../vectors/ef_deserialization_g2.json"), 18) {
        assert_eq!(L::reads_g2(&bytes(&case["input"]["signature"])), case["output"], "{name}");
    }
    for (name, case) in cases(include_str!("../vectors/ef_sign.json"), 10) {
        let signature = L::sign(&bytes(&case["input"]["privkey"]), &bytes(&case["input"]["message"]));
        let expected = (!case["output"].is_null()).then(|| bytes(&case["output"]));
        assert_eq!(signature, expected, "{name}");
    }
    for (name, case) in cases(include_str!("../vectors/ef_aggregate.json"), 6) {
        let expected = (!case["output"].is_null()).then(|| bytes(&case["output"]));
        assert_eq!(L::aggregate(&list(&case["input"])), expected, "{name}");
    }
    for (name, case) in cases(include_str!("../vectors/ef_hash_to_g2.json"), 4) {
        let message = case["input"]["msg"].as_str().expect("a string");
        let hash = L::hash_to_g2(message.as_bytes(), b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_");
        let parts = ["x", "y"].map(|coordinate| case["output"][coordinate].as_str().expect("a string"));
        let expected = parts.iter().flat_map(|pair| pair.split(',').rev()).map(|part| part.trim_start_matches("0x"));
        assert_eq!(hex::encode(hash), expected.collect::<String>(), "{name}");
    }
    verifies_all_cases::<L>();
}

fn verifies_all_cases<L: Library>() {
    for (name, case) in cases(include_str!("../vectors/ef_verify.json"), 29) {
        let input = &case["input"];
        let keys = [bytes(&input["pubkey"])];
        let verdict = L::aggregate_verify(&keys, &[bytes(&input["message"])], &bytes(&input["signature"]));
        assert_eq!(verdict, case["output"], "{name}");
    }
    for (name, case) in cases(include_str!("../vectors/ef_aggregate_verify.json"), 5) {
        let input = &case["input"];
        let (keys, messages) = (list(&input["pubkeys"]), list(&input["messages"]));
        assert_eq!(L::aggregate_verify(&keys, &messages, &bytes(&input["signature"])), case["output"], "{name}");
    }
    for (name, case) in cases(include_str!("../vectors/ef_fast_aggregate_verify.json"), 12) {
        let input = &case["input"];
        let (message, signature) = (bytes(&input["message"]), bytes(&input["signature"]));
        let verdict = L::fast_aggregate_verify(&list(&input["pubkeys"]), &message, &signature);
        assert_eq!(verdict, case["output"], "{name}");
    }
    for (name, case) in cases(include_str!("../vectors/ef_batch_verify.json"), 4) {
        let input = &case["input"];
        let sets = list(&input["pubkeys"]).into_iter().zip(list(&input["messages"])).zip(list(&input["signatures"]));
        let mut verdicts = sets.map(|((key, message), signature)| L::aggregate_verify(&[key], &[message], &signature));
        assert_eq!(verdicts.all(|verdict| verdict), case["output"], "{name}");
    }
}

// FAULTS C10
#[test]
fn blst_passes_the_public_cases() {
    runs_all_cases::<Blst>();
}

// FAULTS C10
#[test]
fn bls12_381_passes_the_public_cases() {
    runs_all_cases::<Pure>();
}
