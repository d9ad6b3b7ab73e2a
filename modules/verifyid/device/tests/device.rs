//! A device's answers against the rules of the chain: it signs what it should, in the form that counts, and nothing else.

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use types::{ChainId, Hash32, TimeMs};
use verifyid::{DeviceId, DeviceKey, tags};
use verifyid_device::{
    ChallengePurpose, Curve, DeviceChallenge, Expected, KeyAlgorithm, NotAnswered, PREIMAGE_BYTES, Refused,
    SIGNATURE_BYTES, Signer, answer, answer_by_secret, audience_digest, from_der, hex as digits, key_id, low_s,
};

const AUDIENCE: &str = "https://fleet.example";
const ISSUED_MS: u64 = 1_771_111_111_000;

struct Ed25519(ed25519_dalek::SigningKey, u32);

impl Signer for Ed25519 {
    type Error = ();

    fn sign(&mut self, statement: &[u8]) -> Result<[u8; SIGNATURE_BYTES], ()> {
        self.1 += 1;
        Ok(ed25519_dalek::Signer::sign(&self.0, statement).to_bytes())
    }
}

/// The device of the vectors: seed 00 to 1f.
fn device() -> (Ed25519, DeviceKey) {
    let seed: [u8; 32] = std::array::from_fn(|place| u8::try_from(place).expect("below 32"));
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    let public = DeviceKey::read(1, key.verifying_key().as_bytes()).expect("a key");
    (Ed25519(key, 0), public)
}

/// The challenge of the vectors, as the rules write it.
fn challenge(device: Hash32) -> verifyid::Challenge {
    verifyid::Challenge {
        chain_id: ChainId(Hash32([0x11; 32])),
        id: std::array::from_fn(|place| 0xa0 + u8::try_from(place).expect("below 16")),
        nonce: std::array::from_fn(|place| 0x40 + u8::try_from(place).expect("below 32")),
        device: DeviceId(device),
        key_id: device,
        audience: Hash32(audience_digest(AUDIENCE)),
        purpose: verifyid::Purpose::Presence,
        issued: TimeMs(ISSUED_MS),
        expires: TimeMs(ISSUED_MS + 300_000),
    }
}

fn expected(device: Hash32) -> Expected {
    Expected {
        chain_id: [0x11; 32],
        device: device.0,
        key_id: device.0,
        audience: audience_digest(AUDIENCE),
        purpose: ChallengePurpose::Presence,
        now_ms: None,
    }
}

#[test]
fn the_answer_is_that_of_the_vectors_and_good_for_the_rules() {
    let (mut signer, key) = device();
    assert_eq!(key_id(KeyAlgorithm::Ed25519, &key.to_bytes()), key.id().0);
    let preimage = challenge(key.id()).to_bytes(tags::CHALLENGE);
    let signature = answer(&preimage, &expected(key.id()), &mut signer).expect("it is for this device");
    assert_eq!(
        hex::encode(signature),
        "d4a728d669b96d7b856f25f3a2b5f59e922d88a45db712442ce4da3221b16f37\
         bc59ebb18cd5a00452b069540148382b6828840e4d7825c4575588ab2000c908"
    );
    assert!(key.signed(&preimage, &signature));
}

#[test]
fn a_board_that_cannot_sign_answers_by_its_secret_as_the_vectors_say_and_for_nothing_else() {
    let (_, key) = device();
    let secret = hex::decode("0e9157183d06c2a1013b471d20e0482200ab73cb3d552d337566ba50db06e452").expect("digits");
    let secret: [u8; 32] = secret.try_into().expect("32 bytes");
    let preimage = challenge(key.id()).to_bytes(tags::CHALLENGE);
    let mac = answer_by_secret(&preimage, &expected(key.id()), &secret).expect("it is for this device");
    assert_eq!(hex::encode(mac), "ccf3fead4878265f89648249c6e8939c0add1ba4dea705479b2e77c6b050c2da");
    let login = Expected { purpose: ChallengePurpose::Login, ..expected(key.id()) };
    assert_eq!(answer_by_secret(&preimage, &login, &secret), Err(Refused::OtherPurpose));
    assert_eq!(answer_by_secret(&preimage[1..], &expected(key.id()), &secret), Err(Refused::Length));
    // What is tagged for a MAC already is no challenge.
    let tagged = challenge(key.id()).to_bytes(tags::CHALLENGE_MAC);
    assert_eq!(answer_by_secret(&tagged, &expected(key.id()), &secret), Err(Refused::Form));
}

#[test]
fn what_is_read_is_what_the_rules_wrote() {
    let written = challenge(Hash32([7; 32]));
    let read = DeviceChallenge::read(&written.to_bytes(tags::CHALLENGE)).expect("a challenge");
    assert_eq!((read.chain_id, read.id, read.nonce), (written.chain_id.0.0, written.id, written.nonce));
    assert_eq!((read.device, read.key_id, read.audience), (written.device.0.0, written.key_id.0, written.audience.0));
    assert_eq!((read.issued_ms, read.expires_ms), (written.issued.0, written.expires.0));
    for (own, rules) in ChallengePurpose::ALL.into_iter().zip(verifyid::Purpose::ALL) {
        let bytes = verifyid::Challenge { purpose: rules, ..written }.to_bytes(tags::CHALLENGE);
        assert_eq!((own as u8, DeviceChallenge::read(&bytes).map(|read| read.purpose)), (rules as u8, Ok(own)));
    }
}

#[test]
fn nothing_is_signed_that_differs_in_any_byte_that_counts() {
    let (mut signer, key) = device();
    let own = expected(key.id());
    let preimage = challenge(key.id()).to_bytes(tags::CHALLENGE);
    // The challenge's id and nonce are the service's to choose.
    let free = 49..97;
    for place in (0..PREIMAGE_BYTES).filter(|place| !free.contains(place)) {
        let mut other = preimage.clone();
        other[place] ^= 1;
        let refused = answer(&other, &own, &mut signer);
        let says = match place {
            0..17 => Refused::Form,
            17..49 => Refused::OtherChain,
            97..129 => Refused::OtherDevice,
            129..161 => Refused::OtherKey,
            161..193 => Refused::OtherAudience,
            // 1 becomes 0, which is none.
            193 => Refused::Form,
            _ => {
                // One millisecond, or many, more or less of life: only less is good.
                let life = DeviceChallenge::read(&other).map(|read| read.expires_ms.checked_sub(read.issued_ms));
                if life.expect("its form is right").is_some_and(|life| (1..=300_000).contains(&life)) {
                    assert!(refused.is_ok(), "{place}");
                    continue;
                }
                Refused::Life
            }
        };
        assert_eq!(refused, Err(NotAnswered::Refused(says)), "{place}");
    }
    let signed = signer.1;
    for length in (0..PREIMAGE_BYTES).chain([PREIMAGE_BYTES + 1, 4_096]) {
        let mut cut = preimage.clone();
        cut.resize(length, 0);
        assert_eq!(answer(&cut, &own, &mut signer), Err(NotAnswered::Refused(Refused::Length)), "{length}");
    }
    for other in [tags::CHALLENGE_MAC, tags::CHALLENGE_TPM, tags::REGISTRATION, tags::ROTATION] {
        let bytes = challenge(key.id()).to_bytes(other);
        assert_eq!(answer(&bytes, &own, &mut signer), Err(NotAnswered::Refused(Refused::Form)));
    }
    let login = verifyid::Challenge { purpose: verifyid::Purpose::Login, ..challenge(key.id()) };
    let refused = answer(&login.to_bytes(tags::CHALLENGE), &own, &mut signer);
    assert_eq!(refused, Err(NotAnswered::Refused(Refused::OtherPurpose)));
    assert_eq!(signer.1, signed, "the key was not used");
}

#[test]
fn a_device_with_a_clock_does_not_answer_what_is_over() {
    let read = DeviceChallenge::read(&challenge(Hash32([7; 32])).to_bytes(tags::CHALLENGE)).expect("a challenge");
    for (now_ms, says) in [
        (None, Ok(())),
        (Some(0), Ok(())),
        (Some(ISSUED_MS + 299_999), Ok(())),
        (Some(ISSUED_MS + 300_000), Err(Refused::Over)),
        (Some(u64::MAX), Err(Refused::Over)),
    ] {
        assert_eq!(read.check(&Expected { now_ms, ..expected(Hash32([7; 32])) }), says, "{now_ms:?}");
    }
}

#[test]
fn what_hardware_signs_is_brought_into_the_form_that_the_rules_take() {
    let (mut low, mut high) = (0, 0);
    for number in 1..=40_u8 {
        let key = p256::ecdsa::SigningKey::from_slice(&[number; 32]).expect("a scalar");
        let public = DeviceKey::read(3, key.verifying_key().to_sec1_point(true).as_bytes()).expect("a key");
        let statement = [number; 50];
        let digest = crypto::hash::sha256(&statement);
        let given: p256::ecdsa::Signature = key.sign_prehash(&digest).expect("32 bytes");
        key.verifying_key().verify_prehash(&digest, &given).expect("its own");
        let mut signature = from_der(given.to_der().as_bytes()).expect("DER of a signature");
        assert_eq!(signature.as_slice(), given.to_bytes().as_slice());
        let before = signature;
        low_s(Curve::P256, &mut signature);
        assert_eq!(signature.as_slice(), given.normalize_s().to_bytes().as_slice());
        if before == signature {
            low += 1
        } else {
            high += 1
        }
        assert!(public.signed(&statement, &signature), "{number}");
        let once = signature;
        low_s(Curve::P256, &mut signature);
        assert_eq!(signature, once, "what is low stays");
    }
    assert!(low > 0 && high > 0, "both were tried: {low} low, {high} high");
}

#[test]
fn the_order_of_the_other_curve_is_right_too() {
    // n - 1 is high: its counterpart is 1. Half of n, rounded down, is low.
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
    let half = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
    let next = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
    let one = format!("{:0>64}", 1);
    for (s, becomes) in [(order, one.as_str()), (half, half), (next, half)] {
        let mut signature = [9; SIGNATURE_BYTES];
        hex::decode_to_slice(s, &mut signature[32..]).expect("32 bytes");
        low_s(Curve::Secp256k1, &mut signature);
        assert_eq!((hex::encode(&signature[32..]).as_str(), signature[31]), (becomes, 9), "{s}");
    }
    for none in [[0; SIGNATURE_BYTES], [0xff; SIGNATURE_BYTES]] {
        let mut signature = none;
        low_s(Curve::Secp256k1, &mut signature);
        assert_eq!(signature, none);
    }
}

#[test]
fn der_in_any_other_form_is_refused() {
    let good = [0x30, 8, 2, 2, 0, 0x80, 2, 2, 0x7f, 1];
    let mut read = [0; SIGNATURE_BYTES];
    (read[31], read[62], read[63]) = (0x80, 0x7f, 1);
    assert_eq!(from_der(&good), Some(read));
    for length in 0..good.len() {
        assert_eq!(from_der(&good[..length]), None, "{length}");
    }
    for (place, to) in [(0, 0x31), (1, 9), (2, 3), (3, 1), (3, 3), (4, 1), (5, 0x7f), (6, 3), (7, 3), (8, 0x80), (8, 0)]
    {
        let mut other = good;
        other[place] = to;
        let is_other_number = from_der(&other).is_some_and(|read| (place, to) == (4, 1) && read[30] == 1);
        assert!(from_der(&other).is_none() || is_other_number, "{place} {to}");
    }
    let long = [[0x30, 72, 2, 34, 1].as_slice(), &[0; 33], &[2, 34, 1], &[0; 33]].concat();
    assert_eq!(from_der(&long), None, "more than 32 bytes");
    assert_eq!(from_der(&[&good[..], &[0]].concat()), None, "something behind it");
}

#[test]
fn digits_are_read_and_written_without_a_heap() {
    let mut bytes = [0; 3];
    assert!(digits::read(b"00fFa1", &mut bytes));
    assert_eq!(bytes, [0, 0xff, 0xa1]);
    for text in [&b"00ffa"[..], b"00ffa1b2", b"00ffg1", b"00 fa1", b"", b"+0ffa1"] {
        assert!(!digits::read(text, &mut bytes), "{text:?}");
    }
    let mut text = [b'x'; 8];
    assert!(digits::write(&bytes, &mut text));
    assert_eq!(&text, b"00ffa1xx");
    assert!(!digits::write(&bytes, &mut text[..5]));
}
