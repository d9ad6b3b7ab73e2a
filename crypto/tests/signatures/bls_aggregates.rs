//! Sums of signatures: rogue keys, bisection, random batches.

use bls12_381::{G2Affine, Scalar};
use crypto::bls::{
    AggregatePublicKey, BatchItem, PublicKey, SecretKey, Signature, aggregate_signatures, find_invalid, verify_batch,
};
use crypto::{bls_pure, tags};
use types::{BlsPublicKey, BlsSignature};

use crate::stream::Stream;

fn secret_keys(name: &'static str, count: usize) -> Vec<SecretKey> {
    let mut stream = Stream::new(name);
    (0..count).map(|_| SecretKey::from_ikm(&stream.bytes())).collect()
}

/// The key whose public key, and every signature, is the negative of the given one's.
fn negative(key: &SecretKey) -> SecretKey {
    let mut bytes = *key.to_bytes();
    bytes.reverse();
    let mut negative = (-Scalar::from_bytes(&bytes).expect("below the order")).to_bytes();
    negative.reverse();
    SecretKey::from_bytes(&negative).expect("below the order and not zero")
}

/// A forged pair: signatures that are both wrong, with the sum of the right ones.
fn cancelling(left: &Signature, right: &Signature, error: &SecretKey) -> (Signature, Signature) {
    let plus = error.sign(b"error");
    let minus = negative(error).sign(b"error");
    let sum = |one, other| aggregate_signatures([one, other]).expect("not the identity");
    (sum(left, &plus), sum(right, &minus))
}

// FAULTS C10
#[test]
fn a_rogue_key_forges_an_aggregate_but_never_a_proof_of_possession() {
    let [victim, attacker] = secret_keys("rogue", 2).try_into().expect("two");
    let victim_point = G2Affine::from_compressed(&victim.public_key().to_bytes().0).expect("a key");
    let attacker_point = G2Affine::from_compressed(&attacker.public_key().to_bytes().0).expect("a key");
    let rogue = G2Affine::from(bls12_381::G2Projective::from(attacker_point) - victim_point).to_compressed();
    let rogue = PublicKey::parse(&BlsPublicKey(rogue)).expect("a rogue key is a well-formed key");
    let victim_key = victim.public_key();

    // The attack: the attacker alone signs for both. This is why keys need a proof.
    let forged = attacker.sign(b"the victim agrees");
    let sum = AggregatePublicKey::new([&victim_key, &rogue]).expect("two keys");
    assert!(sum.verify(b"the victim agrees", &forged));

    // Everything that the attacker can make or copy.
    let library = blst::min_sig::SecretKey::from_bytes(&*attacker.to_bytes()).expect("a key");
    let over_rogue = library.sign(rogue.to_bytes().as_bytes(), tags::BLS_POSSESSION_DST, &[]);
    let over_rogue = Signature::parse(&BlsSignature(over_rogue.compress())).expect("a signature");
    let of_victim = victim.prove_possession();
    let mut minus_victim = of_victim.to_bytes();
    minus_victim.0[0] ^= 0x20;
    let minus_victim = Signature::parse(&minus_victim).expect("the negative is a point too");
    let difference = aggregate_signatures([&over_rogue, &minus_victim]).expect("not the identity");
    let mut identity = BlsSignature([0; 48]);
    identity.0[0] = 0xc0;
    let proofs = [&over_rogue, &of_victim, &difference, &attacker.prove_possession(), &forged];
    for proof in proofs.map(Signature::to_bytes).into_iter().chain([identity, BlsSignature::ZERO]) {
        assert!(!rogue.verify_possession(&proof), "{proof}");
        let pure = bls_pure::PublicKey::parse(&rogue.to_bytes()).expect("a key");
        assert!(!pure.verify_possession(&proof), "{proof}");
    }
    assert!(victim_key.verify_possession(&of_victim.to_bytes()));
}

#[test]
fn a_vote_over_the_key_is_no_proof_of_possession_and_a_proof_is_no_vote() {
    let key = &secret_keys("domains", 1)[0];
    let public = key.public_key();
    let bytes = public.to_bytes();
    assert!(!public.verify_possession(&key.sign(bytes.as_bytes()).to_bytes()));
    assert!(!public.verify(bytes.as_bytes(), &key.prove_possession()));
}

// FAULTS C10
#[test]
fn nothing_and_keys_that_cancel_out_verify_nothing() {
    let key = &secret_keys("nothing", 1)[0];
    let opposite = negative(key);
    let (left, right) = (key.sign(b"vote"), opposite.sign(b"vote"));
    assert!(opposite.public_key().verify_possession(&opposite.prove_possession().to_bytes()));
    assert_eq!(aggregate_signatures([]), None);
    assert_eq!(aggregate_signatures([&left, &right]), None, "the sum is the identity");
    assert!(AggregatePublicKey::new([]).is_none());
    let keys = [key.public_key(), opposite.public_key()];
    let zero = AggregatePublicKey::new(&keys).expect("two keys");
    assert!(!zero.verify(b"vote", &left));
    assert!(!AggregatePublicKey::from(&keys[0]).without([&keys[0]]).verify(b"vote", &left));
    let pure = keys.map(|key| bls_pure::PublicKey::parse(&key.to_bytes()).expect("a key"));
    let left = bls_pure::Signature::parse(&left.to_bytes()).expect("a signature");
    assert!(!bls_pure::verify_aggregate(b"vote", &pure, &left));
    assert!(!bls_pure::verify_aggregate(b"vote", [], &left));
}

#[test]
fn a_sum_without_the_absent_is_the_sum_of_the_present() {
    let secrets = secret_keys("absent", 9);
    let keys: Vec<_> = secrets.iter().map(SecretKey::public_key).collect();
    let all = AggregatePublicKey::new(&keys).expect("nine keys");
    for absent in 0..9 {
        let present = secrets.iter().skip(absent).map(|key| key.sign(b"vote")).collect::<Vec<_>>();
        let signature = aggregate_signatures(&present).expect("at least one");
        assert!(all.without(&keys[..absent]).verify(b"vote", &signature), "{absent} absent");
        assert!(!all.without(&keys[..(absent + 1) % 9]).verify(b"vote", &signature), "{absent} absent");
    }
}

// FAULTS C13
#[test]
fn bisection_names_exactly_the_bad_votes_of_every_subset() {
    let secrets = secret_keys("subsets", 6);
    let keys: Vec<_> = secrets.iter().map(SecretKey::public_key).collect();
    for count in 0..=6_usize {
        for bad in 0..1_usize << count {
            let is_bad = |place: usize| bad >> place & 1 == 1;
            let sign = |place: usize| secrets[place].sign(if is_bad(place) { b"lie" } else { b"vote" });
            let signatures: Vec<_> = (0..count).map(sign).collect();
            let votes: Vec<_> = keys.iter().zip(&signatures).collect();
            let sifted = find_invalid(b"vote", &votes);
            let expected: Vec<_> = (0..count).filter(|place| is_bad(*place)).collect();
            assert_eq!(sifted.invalid, expected, "{bad:b} of {count}");
            let good: Vec<_> = (0..count).filter(|place| !is_bad(*place)).collect();
            match AggregatePublicKey::new(good.iter().map(|place| &keys[*place])) {
                Some(key) => assert!(key.verify(b"vote", &sifted.aggregate.expect("some are good"))),
                None => assert_eq!(sifted.aggregate, None),
            }
        }
    }
}

// FAULTS C13
#[test]
fn bisection_finds_a_third_of_liars_among_a_hundred() {
    let secrets = secret_keys("hundred", 100);
    let keys: Vec<_> = secrets.iter().map(SecretKey::public_key).collect();
    for liars in [0, 1, 33] {
        let lies = |place: usize| place % 3 == 1 && place / 3 < liars;
        // Each liar sends its neighbour's valid vote as its own.
        let sign = |place: usize| secrets[if lies(place) { place - 1 } else { place }].sign(b"vote");
        let signatures: Vec<_> = (0..100).map(sign).collect();
        let votes: Vec<_> = keys.iter().zip(&signatures).collect();
        let sifted = find_invalid(b"vote", &votes);
        assert_eq!(sifted.invalid, (0..100).filter(|place| lies(*place)).collect::<Vec<_>>());
        let good = keys.iter().enumerate().filter(|(place, _)| !lies(*place)).map(|(_, key)| key);
        assert!(AggregatePublicKey::new(good).expect("most").verify(b"vote", &sifted.aggregate.expect("most")));
    }
}

#[test]
fn honest_votes_that_happen_to_cancel_out_are_not_called_invalid() {
    let [one, two] = secret_keys("cancel", 2).try_into().expect("two");
    let secrets = [one.clone(), negative(&one), two];
    let keys: Vec<_> = secrets.iter().map(SecretKey::public_key).collect();
    let signatures: Vec<_> = secrets.iter().map(|key| key.sign(b"vote")).collect();
    let votes: Vec<_> = keys.iter().zip(&signatures).collect();
    let pair = find_invalid(b"vote", &votes[..2]);
    assert_eq!((pair.invalid, pair.aggregate), (vec![], None));
    let all = find_invalid(b"vote", &votes);
    assert_eq!((all.invalid, all.aggregate), (vec![], Some(signatures[2])));
}

#[test]
fn conspirators_whose_errors_cancel_out_pass_only_together() {
    let secrets = secret_keys("conspiracy", 4);
    let keys: Vec<_> = secrets.iter().map(SecretKey::public_key).collect();
    let mut signatures: Vec<_> = secrets.iter().map(|key| key.sign(b"vote")).collect();
    let honest_sum = aggregate_signatures(&signatures);
    (signatures[0], signatures[3]) = cancelling(&signatures[0], &signatures[3], &secrets[1]);
    assert!(!keys[0].verify(b"vote", &signatures[0]));
    let votes: Vec<_> = keys.iter().zip(&signatures).collect();
    let sifted = find_invalid(b"vote", &votes);
    assert_eq!((sifted.invalid, sifted.aggregate), (vec![], honest_sum));
    // With another liar beside them they are found out.
    signatures[1] = secrets[1].sign(b"lie");
    let votes: Vec<_> = keys.iter().zip(&signatures).collect();
    assert_eq!(find_invalid(b"vote", &votes).invalid, [0, 1, 3]);
}

#[test]
fn a_batch_holds_only_if_every_item_does() {
    let secrets = secret_keys("batch", 5);
    let keys: Vec<_> = secrets.iter().map(|key| AggregatePublicKey::from(&key.public_key())).collect();
    let messages: Vec<_> = (0..5_u8).map(|place| [place; 105]).collect();
    let signatures: Vec<_> = secrets.iter().zip(&messages).map(|(key, message)| key.sign(message)).collect();
    let batch = |signatures: &[Signature], seed: &[u8; 32]| {
        let items = messages.iter().zip(&keys).zip(signatures);
        let items: Vec<_> = items.map(|((message, key), signature)| BatchItem { message, key, signature }).collect();
        verify_batch(&items, seed)
    };
    assert!(!verify_batch(&[], &[1; 32]), "an empty batch is false");
    for seed in 0..16 {
        assert!(batch(&signatures, &[seed; 32]));
        for bad in 0..5 {
            let mut spoiled = signatures.clone();
            spoiled[bad] = secrets[bad].sign(b"another message");
            assert!(!batch(&spoiled, &[seed; 32]), "item {bad} is bad");
        }
        // Without random factors this pair would pass: its errors cancel out.
        let mut forged = signatures.clone();
        (forged[1], forged[2]) = cancelling(&signatures[1], &signatures[2], &secrets[0]);
        assert_eq!(aggregate_signatures(&forged), aggregate_signatures(&signatures));
        assert!(!batch(&forged, &[seed; 32]));
        let mut swapped = signatures.clone();
        swapped.swap(0, 4);
        assert!(!batch(&swapped, &[seed; 32]));
    }
    let key = AggregatePublicKey::from(&secrets[0].public_key()).without([&secrets[0].public_key()]);
    let item = BatchItem { message: &messages[0], key: &key, signature: &signatures[0] };
    assert!(!verify_batch(&[item], &[1; 32]), "a sum of zero never verifies");
}

#[test]
fn many_items_hold_only_if_every_one_does_however_their_keys_are_shared() {
    let secrets = secret_keys("many items", 20);
    let keys: Vec<_> = secrets.iter().map(|key| AggregatePublicKey::from(&key.public_key())).collect();
    let messages: Vec<_> = (0..20_u8).map(|place| [place; 105]).collect();
    // One key of all, one key each, and groups of one, two, three and more.
    let sharings: [fn(usize) -> usize; 4] = [|_| 0, |place| place, |place| place % 7, |place| place * place / 40];
    for (number, sharing) in sharings.into_iter().enumerate() {
        let signatures: Vec<_> = (0..20).map(|place| secrets[sharing(place)].sign(&messages[place])).collect();
        for count in 1..=20 {
            let batch = |signatures: &[Signature]| {
                let item = |place: usize| BatchItem {
                    message: &messages[place],
                    key: &keys[sharing(place)],
                    signature: &signatures[place],
                };
                verify_batch(&(0..count).map(item).collect::<Vec<_>>(), &[7; 32])
            };
            assert!(batch(&signatures), "sharing {number}, {count} items");
            for bad in [0, count / 2, count - 1] {
                let mut spoiled = signatures.clone();
                spoiled[bad] = secrets[sharing(bad)].sign(b"another message");
                assert!(!batch(&spoiled), "sharing {number}, item {bad} of {count} is bad");
            }
            if count > 1 {
                let mut forged = signatures.clone();
                (forged[0], forged[count - 1]) = cancelling(&signatures[0], &signatures[count - 1], &secrets[0]);
                assert!(!batch(&forged), "sharing {number}, {count} items whose errors cancel out");
            }
        }
    }
}

#[test]
fn a_sum_of_keys_that_is_zero_verifies_in_no_batch() {
    let secrets = secret_keys("zero in a batch", 2);
    let key = secrets[0].public_key();
    let zero = AggregatePublicKey::from(&key).without([&key]);
    let right = AggregatePublicKey::from(&key);
    let messages: Vec<_> = (0..8_u8).map(|place| [place; 105]).collect();
    let signatures: Vec<_> = messages.iter().map(|message| secrets[0].sign(message)).collect();
    for zeros in 1..=8 {
        let item = |place: usize| BatchItem {
            message: &messages[place],
            key: if place < zeros { &zero } else { &right },
            signature: &signatures[place],
        };
        for count in zeros..=8 {
            assert!(!verify_batch(&(0..count).map(item).collect::<Vec<_>>(), &[3; 32]), "{zeros} of {count}");
        }
    }
    // Signatures that cancel out add up to what would be right for keys that are zero.
    let (plus, minus) = (secrets[1].sign(&messages[0]), negative(&secrets[1]).sign(&messages[0]));
    let item = |signature| BatchItem { message: &messages[0], key: &zero, signature };
    assert!(!verify_batch(&[item(&plus), item(&minus)], &[3; 32]));
}

#[test]
fn secrets_are_not_printed() {
    let key = &secret_keys("debug", 1)[0];
    let bytes = hex::encode(*key.to_bytes());
    let pure = bls_pure::SecretKey::from_bytes(&key.to_bytes()).expect("a key");
    for text in [format!("{key:?}"), format!("{pure:?}")] {
        assert!(!text.contains(&bytes[..8]), "{text}");
    }
}
