//! blst and bls12_381 give the same bytes and the same verdicts, whatever they are fed.

use bls12_381::{G1Affine, G1Projective};
use crypto::bls::{self, BlsError};
use crypto::bls_pure;
use types::{BlsPublicKey, BlsSignature};

use crate::bls_bytes::{KINDS, hostile_g1, hostile_g2};
use crate::stream::Stream;

/// The same key in both libraries.
fn key_pair(stream: &mut Stream) -> (bls::SecretKey, bls_pure::SecretKey) {
    let fast = bls::SecretKey::from_ikm(&stream.bytes());
    let pure = bls_pure::SecretKey::from_bytes(&fast.to_bytes()).expect("KeyGen makes valid keys");
    (fast, pure)
}

#[test]
fn both_make_the_same_keys_signatures_and_proofs() {
    let mut stream = Stream::new("same bytes");
    for round in 0..100 {
        let (fast, pure) = key_pair(&mut stream);
        let message = &stream.bytes::<200>()[..2 * round];
        assert_eq!(fast.public_key().to_bytes(), pure.public_key().to_bytes());
        assert_eq!(fast.sign(message).to_bytes(), pure.sign(message).to_bytes());
        assert_eq!(fast.prove_possession().to_bytes(), pure.prove_possession().to_bytes());
    }
}

#[test]
fn both_refuse_the_same_secret_keys() {
    let order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
    let mut order: [u8; 32] = hex::decode(order).expect("hex").try_into().expect("32 bytes");
    let verdicts =
        |bytes: &[u8; 32]| (bls::SecretKey::from_bytes(bytes).err(), bls_pure::SecretKey::from_bytes(bytes).err());
    for bad in [[0; 32], order, [0xff; 32]] {
        assert_eq!(verdicts(&bad), (Some(BlsError::SecretKey), Some(BlsError::SecretKey)), "{}", hex::encode(bad));
    }
    order[31] = 0;
    assert_eq!(verdicts(&order), (None, None), "one below the order");
}

// FAULTS C10
#[test]
fn both_read_the_same_signatures_and_refuse_the_same_bytes() {
    let mut stream = Stream::new("hostile signatures");
    let mut verdicts = [[0_u32; 3]; KINDS.len()];
    let (fast, _) = key_pair(&mut stream);
    for round in 0..4_800 {
        let kind = round % KINDS.len();
        let valid = fast.sign(&stream.bytes::<8>()).to_bytes().0;
        let bytes = BlsSignature(hostile_g1(&mut stream, kind, valid));
        let one = bls::Signature::parse(&bytes).map(|signature| signature.to_bytes());
        let other = bls_pure::Signature::parse(&bytes).map(|signature| signature.to_bytes());
        assert_eq!(one, other, "{}: {bytes}", KINDS[kind]);
        assert!(one.is_err() || one == Ok(bytes), "a second form of the same point: {bytes}");
        count(&mut verdicts[kind], &one);
    }
    assert_expected(&verdicts, 400);
}

// FAULTS C10
#[test]
fn both_read_the_same_keys_and_refuse_the_same_bytes() {
    let mut stream = Stream::new("hostile keys");
    let mut verdicts = [[0_u32; 3]; KINDS.len()];
    for round in 0..2_400 {
        let kind = round % KINDS.len();
        let valid = bls::SecretKey::from_ikm(&stream.bytes()).public_key().to_bytes().0;
        let bytes = BlsPublicKey(hostile_g2(&mut stream, kind, valid));
        let one = bls::PublicKey::parse(&bytes).map(|key| key.to_bytes());
        let other = bls_pure::PublicKey::parse(&bytes).map(|key| key.to_bytes());
        assert_eq!(one, other, "{}: {bytes}", KINDS[kind]);
        assert!(one.is_err() || one == Ok(bytes), "a second form of the same point: {bytes}");
        count(&mut verdicts[kind], &one);
    }
    assert_expected(&verdicts, 200);
}

fn count<T>(verdicts: &mut [u32; 3], verdict: &Result<T, BlsError>) {
    match verdict {
        Ok(_) => verdicts[0] += 1,
        Err(BlsError::Identity) => verdicts[1] += 1,
        Err(_) => verdicts[2] += 1,
    }
}

/// What the kinds of hostile bytes must come to: `[valid, identity, no point]`, each kind `rounds` times.
fn assert_expected(verdicts: &[[u32; 3]; KINDS.len()], rounds: u32) {
    for (kind, verdict) in KINDS.iter().zip(verdicts) {
        let expected = match *kind {
            "valid" => [rounds, 0, 0],
            "identity" => [0, rounds, 0],
            "valid with other flags" => {
                // Two of eight flags are right: the point and its negative.
                assert!(verdict[0] > 0 && verdict[1] == 0 && verdict[2] > rounds / 2, "{kind}: {verdict:?}");
                continue;
            }
            "one bit flipped" => {
                // Only the sign's bit leads to another valid point.
                assert!(verdict[1] == 0 && verdict[2] > rounds / 10 * 9, "{kind}: {verdict:?}");
                continue;
            }
            _ => [0, 0, rounds],
        };
        assert_eq!(*verdict, expected, "{kind}");
    }
}

// FAULTS C10
#[test]
fn both_give_the_same_verdict_on_votes_and_proofs() {
    let mut stream = Stream::new("verdicts");
    let mut accepted = 0;
    let (mut fast, mut pure) = key_pair(&mut stream);
    for round in 0..700 {
        let (other_fast, other_pure) = key_pair(&mut stream);
        let message = stream.bytes::<105>();
        let key = fast.public_key();
        let signed = match round % 7 {
            0 => fast.sign(&message),
            1 => other_fast.sign(&message),
            2 => fast.sign(&stream.flip(message)),
            3 => fast.sign(&message[1..]),
            4 => fast.prove_possession(),
            5 => bls::aggregate_signatures([&fast.sign(&message), &other_fast.sign(&message)]).expect("no identity"),
            // The negative of a valid signature.
            _ => {
                let mut bytes = fast.sign(&message).to_bytes();
                bytes.0[0] ^= 0x20;
                bls::Signature::parse(&bytes).expect("the negative is a point too")
            }
        };
        let same = bls_pure::Signature::parse(&signed.to_bytes()).expect("both read the same");
        let verdict = key.verify(&message, &signed);
        assert_eq!(verdict, pure.public_key().verify(&message, &same), "round {round}");
        assert_eq!(verdict, round % 7 == 0, "round {round}");
        let proof = key.verify_possession(&signed.to_bytes());
        assert_eq!(proof, pure.public_key().verify_possession(&signed.to_bytes()), "round {round}");
        assert_eq!(proof, round % 7 == 4, "round {round}");
        accepted += u32::from(verdict || proof);
        (fast, pure) = (other_fast, other_pure);
    }
    assert_eq!(accepted, 200);
}

#[test]
fn both_give_the_same_verdict_on_aggregates() {
    let mut stream = Stream::new("aggregates");
    let pairs: Vec<_> = (0..7).map(|_| key_pair(&mut stream)).collect();
    let keys: Vec<_> = pairs.iter().map(|(fast, pure)| (fast.public_key(), pure.public_key())).collect();
    for round in 0..200_usize {
        let message = stream.bytes::<105>();
        let signers = stream.below(128);
        // Now and then the bitmap claims another set than the one that signed.
        let claimed = if round % 2 == 0 { signers } else { stream.below(128) };
        let members = |bits: usize| (0..7).filter(move |place| bits >> place & 1 == 1);
        let signatures: Vec<_> = members(signers).map(|place| pairs[place].0.sign(&message)).collect();
        let same: Vec<_> =
            signatures.iter().map(|one| bls_pure::Signature::parse(&one.to_bytes()).expect("valid")).collect();
        let sum = bls::aggregate_signatures(&signatures);
        let other_sum = bls_pure::aggregate_signatures(&same);
        assert_eq!(sum.map(|sum| sum.to_bytes()), other_sum.map(|sum| sum.to_bytes()));
        let (Some(sum), Some(other_sum)) = (sum, other_sum) else {
            assert_eq!(signers, 0);
            continue;
        };
        let verdict = bls::AggregatePublicKey::new(members(claimed).map(|place| &keys[place].0))
            .is_some_and(|key| key.verify(&message, &sum));
        let other = bls_pure::verify_aggregate(&message, members(claimed).map(|place| &keys[place].1), &other_sum);
        assert_eq!(verdict, other);
        assert_eq!(verdict, signers == claimed, "{signers:b} signed, {claimed:b} claimed");
    }
}

// FAULTS C10
#[test]
fn both_add_up_the_same_bytes_and_refuse_the_same_sums() {
    let mut stream = Stream::new("sums of hostile bytes");
    let (fast, _) = key_pair(&mut stream);
    let (mut sums, mut outside) = (0_u32, 0_u32);
    for round in 0..3_000 {
        let count = stream.below(6);
        let mut signatures: Vec<BlsSignature> = (0..count)
            .map(|_| {
                // Half of them are good, so that a single bad one is met in good company.
                let kind = if stream.below(2) == 0 { 0 } else { stream.below(KINDS.len()) };
                let valid = fast.sign(&stream.bytes::<8>()).to_bytes().0;
                BlsSignature(hostile_g1(&mut stream, kind, valid))
            })
            .collect();
        if round % 3 == 0 {
            // What one has outside of the subgroup, the other takes away; alone both are refused.
            let small = G1Projective::from(
                G1Affine::from_compressed_unchecked(&hostile_g1(&mut stream, 11, [0; 48])).expect("a point"),
            );
            for stray in [small, -small] {
                let valid =
                    G1Projective::from(unchecked(&fast.sign(&stream.bytes::<8>()).to_bytes()).expect("a point"));
                signatures.push(BlsSignature(G1Affine::from(valid + stray).to_compressed()));
            }
        }
        let points: Option<Vec<G1Affine>> = signatures.iter().map(unchecked).collect();
        let sum = points.map(|points| G1Affine::from(points.into_iter().map(G1Projective::from).sum::<G1Projective>()));
        outside += u32::from(sum.is_some_and(|sum| !bool::from(sum.is_torsion_free())));
        let sum = sum.filter(|sum| bool::from(sum.is_torsion_free()) && !bool::from(sum.is_identity()));
        let expected = sum.map(|sum| BlsSignature(sum.to_compressed()));
        assert_eq!(
            bls::aggregate_bytes(&signatures).map(|sum| sum.to_bytes()),
            expected,
            "round {round}: {signatures:?}"
        );
        sums += u32::from(expected.is_some());
    }
    assert!(sums > 600 && outside > 150, "{sums} good sums, {outside} outside of the subgroup");
}

/// A point of the curve in canonical form, in the subgroup or not, that is not the identity. Points with x = 0, which
/// lie in no subgroup that matters, blst refuses as it reads them.
fn unchecked(bytes: &BlsSignature) -> Option<G1Affine> {
    if bytes.0[0] & 0x1f == 0 && bytes.0[1..].iter().all(|byte| *byte == 0) {
        return None;
    }
    Option::<G1Affine>::from(G1Affine::from_compressed_unchecked(&bytes.0))
        .filter(|point| bool::from(point.is_on_curve()) && !bool::from(point.is_identity()))
}

/// Something signed as both libraries read it.
struct Statement {
    message: [u8; 105],
    key: bls::AggregatePublicKey,
    signature: bls::Signature,
    holds: bool,
}

/// Statements of a few keys and sums of keys, right ones and the wrong ones that a forger would try, each with the
/// verdict of the pure twin.
fn statements(stream: &mut Stream) -> Vec<Statement> {
    let pairs: Vec<_> = (0..5).map(|_| key_pair(stream)).collect();
    let sums: Vec<Vec<usize>> = vec![vec![0], vec![1], vec![0, 1, 2], vec![1, 2, 3], vec![0, 1, 2, 3, 4]];
    let mut statements = Vec::new();
    for number in 0..200 {
        let members = &sums[number % sums.len()];
        let message = stream.bytes::<105>();
        let other = stream.flip(message);
        let crime = if number % 2 == 0 { 0 } else { 1 + stream.below(5) };
        let mut signatures: Vec<_> = members.iter().map(|place| pairs[*place].0.sign(&message)).collect();
        match crime {
            1 => signatures[0] = pairs[members[0]].0.sign(&other),
            2 => signatures.push(pairs[4].0.sign(&message)),
            3 => signatures[0] = pairs[(members[0] + 1) % 5].0.sign(&message),
            4 => signatures.push(signatures[0]),
            _ => {}
        }
        let mut bytes = bls::aggregate_signatures(&signatures).expect("they do not cancel out").to_bytes();
        if crime == 5 {
            bytes.0[0] ^= 0x20;
        }
        let keys: Vec<_> = members.iter().map(|place| pairs[*place].0.public_key()).collect();
        let same: Vec<_> = members.iter().map(|place| pairs[*place].1.public_key()).collect();
        let pure = bls_pure::Signature::parse(&bytes).expect("a point");
        let holds = bls_pure::verify_aggregate(&message, &same, &pure);
        assert_eq!(holds, crime == 0, "crime {crime}");
        let key = bls::AggregatePublicKey::new(&keys).expect("there is one");
        statements.push(Statement { message, key, signature: bls::Signature::parse(&bytes).expect("a point"), holds });
    }
    statements
}

#[test]
fn a_batch_holds_only_if_the_other_library_finds_every_item_right() {
    let mut stream = Stream::new("batches");
    let statements = statements(&mut stream);
    for statement in &statements {
        assert_eq!(statement.key.verify(&statement.message, &statement.signature), statement.holds);
    }
    let (good, bad): (Vec<_>, Vec<_>) = statements.iter().partition(|statement| statement.holds);
    let mut held = 0;
    for round in 0..1_500 {
        let mut items: Vec<&Statement> = (0..1 + stream.below(12)).map(|_| good[stream.below(good.len())]).collect();
        for _ in 0..[0, 0, 1, 2][round % 4] {
            let place = stream.below(items.len() + 1);
            items.insert(place, bad[stream.below(bad.len())]);
        }
        let batch: Vec<_> = items
            .iter()
            .map(|item| bls::BatchItem { message: &item.message, key: &item.key, signature: &item.signature })
            .collect();
        let expected = items.iter().all(|item| item.holds);
        assert_eq!(bls::verify_batch(&batch, &stream.bytes()), expected, "round {round}, {} items", items.len());
        held += u32::from(expected);
    }
    assert_eq!(held, 750);
}
