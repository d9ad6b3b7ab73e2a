//! Byte strings, ids and signatures that were computed elsewhere (Python `cryptography`).

use pow::{CompactBits, WorkHeader, merkle, sha256d};
use types::{Address, ChainId, Hash32, Network, TimeMs};
use verifyid::{
    Challenge, DeviceId, DeviceKey, Purpose, Registration, Rotation, VerificationLeaf, WorkBinding, beacon_value,
    key_id, tags,
};

const CHAIN: ChainId = ChainId(Hash32([0x11; 32]));
const OWNER: Address = Address([0x22; 20]);
const SENDER: Address = Address([0x33; 20]);
const VALID_UNTIL: TimeMs = TimeMs(1_771_200_000_000);
const ISSUED: TimeMs = TimeMs(1_771_111_111_000);

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).expect("hexadecimal digits").try_into().expect("of this length")
}

fn seed() -> ed25519_dalek::SigningKey {
    let seed: Vec<u8> = (0..32).collect();
    ed25519_dalek::SigningKey::from_bytes(&seed.try_into().expect("32 bytes"))
}

fn sign(key: &ed25519_dalek::SigningKey, message: &[u8]) -> [u8; 64] {
    use ed25519_dalek::Signer;
    key.sign(message).to_bytes()
}

fn device_key() -> DeviceKey {
    let key: [u8; 32] = bytes("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
    assert_eq!(seed().verifying_key().to_bytes(), key);
    DeviceKey::read(1, &key).expect("a key")
}

fn device() -> DeviceId {
    DeviceId(device_key().id())
}

#[test]
fn a_device_is_called_by_its_first_key() {
    assert_eq!(device().0.to_string(), "749438e38893282c2c596ea771824f5e529b1920232752b2937ec01fd56f19f7");
    let text = "thrdev1wj2r3cugjv5zctzed6nhrqj0teffkxfqyvn49v5n0mqpl4t0r8ms7n0naz";
    assert_eq!(device().to_text(Network::Main), text);
    for given in [text.to_owned(), text.to_uppercase(), device().0.to_string()] {
        assert_eq!(DeviceId::parse(&given, Network::Main), Ok(device()), "{given}");
    }
    let told = |text: &str| DeviceId::parse(text, Network::Test).expect_err(text).to_string();
    assert!(told(text).contains("another network; here they begin with `thrtdev1`"), "{}", told(text));
    let test = device().to_text(Network::Test);
    assert!(test.starts_with("thrtdev1"));
    let typo = test.replace("wj2r3", "wj2r4");
    assert!(typo != test && told(&typo).contains("typo"));
    let address = OWNER.to_text(Network::Test);
    for nothing in ["", "thrtdev1", "1", "device", &address, &test[..40], "thrtdev1é"] {
        let said = told(nothing);
        assert!(said.contains("no device") || said.contains("typo"), "{nothing}: {said}");
    }
}

#[test]
fn registration_rotation_and_its_cancellation_are_signed_as_elsewhere() {
    let statement = Registration {
        chain_id: CHAIN,
        device: device(),
        owner: OWNER,
        sender: SENDER,
        kind: 1,
        valid_until: VALID_UNTIL,
    };
    assert_eq!(statement.to_bytes().len(), 129);
    let possession: [u8; 64] = bytes(
        "d7e86ebc519952c9c866fa656ad428c4f7de16271e90becbf4be05e709bd0afbd8b4b0f6bd64494e821fa66fc14ab953182327f4fb9fba82352bb611d0fe8b06",
    );
    assert_eq!(sign(&seed(), &statement.to_bytes()), possession);
    assert!(device_key().signed(&statement.to_bytes(), &possession));

    let next = ed25519_dalek::SigningKey::from_bytes(&[0x55; 32]);
    let new_key = key_id(1, &next.verifying_key().to_bytes());
    assert_eq!(new_key.to_string(), "eabf0c3fbea7f8e5b710456276408ab50fef2e7561b0bd2cbecd71c14148338a");
    let rotation = Rotation { chain_id: CHAIN, device: device(), number: 1, new_key, valid_until: VALID_UNTIL };
    assert_eq!(rotation.to_bytes().len(), 124);
    assert!(hex::encode(sign(&seed(), &rotation.to_bytes())).starts_with("f957fc2c549884219aadf0db"));
    assert!(hex::encode(sign(&next, &rotation.to_bytes())).starts_with("90ff26c917650b18c4ee18c2"));
    let cancellation = rotation.cancellation();
    assert_eq!(cancellation.len(), 124);
    assert_eq!(
        hex::encode(crypto::hash::sha256(&cancellation)),
        "164fe4b89269652c09969e1a0870f5c3faa312f808c90460b5178addf8722850"
    );
    assert_eq!(
        hex::encode(sign(&seed(), &cancellation)),
        "7abe0270490d2fe8cb54f062d072b040d4a663a9425859f751768c41c8edb5ab7bd0bbab9be5fd18310ceb8567cd3d484740c042f340ebf760efcaa390ade604"
    );
}

fn challenge() -> Challenge {
    let id: Vec<u8> = (0xa0..=0xaf).collect();
    let nonce: Vec<u8> = (0x40..=0x5f).collect();
    Challenge {
        chain_id: CHAIN,
        id: id.try_into().expect("16 bytes"),
        nonce: nonce.try_into().expect("32 bytes"),
        device: device(),
        key_id: device_key().id(),
        audience: Hash32(crypto::hash::sha256(b"https://fleet.example")),
        purpose: Purpose::Presence,
        issued: ISSUED,
        expires: TimeMs(ISSUED.0 + 300_000),
    }
}

const ANSWER: &str = "d4a728d669b96d7b856f25f3a2b5f59e922d88a45db712442ce4da3221b16f37bc59ebb18cd5a00452b069540148382b6828840e4d7825c4575588ab2000c908";

#[test]
fn a_challenge_is_answered_as_elsewhere() {
    let asked = challenge().to_bytes(tags::CHALLENGE);
    assert_eq!(asked.len(), 210);
    assert_eq!(hex::encode(sign(&seed(), &asked)), ANSWER);
    assert!(device_key().signed(&asked, &bytes(ANSWER)));
    let quoted = crypto::hash::sha256(&challenge().to_bytes(tags::CHALLENGE_TPM));
    assert_eq!(hex::encode(quoted), "a870f25f8c0428034eadf22c757d01f44b0fa7dd973ade2a979a23d51ad90d14");
}

// FAULTS V3
#[test]
fn an_answer_belongs_to_one_challenge_key_device_audience_chain_purpose_and_time() {
    let asked = challenge();
    let answer = bytes(ANSWER);
    let others = [
        Challenge { chain_id: ChainId(Hash32([0x12; 32])), ..asked },
        Challenge { id: [0; 16], ..asked },
        Challenge { nonce: [0; 32], ..asked },
        Challenge { device: DeviceId(Hash32([1; 32])), ..asked },
        Challenge { key_id: Hash32([1; 32]), ..asked },
        Challenge { audience: Hash32([1; 32]), ..asked },
        Challenge { purpose: Purpose::Login, ..asked },
        Challenge { issued: TimeMs(ISSUED.0 + 1), ..asked },
        Challenge { expires: TimeMs(ISSUED.0 + 300_001), ..asked },
    ];
    for other in others {
        assert!(!device_key().signed(&other.to_bytes(tags::CHALLENGE), &answer), "{other:?}");
    }
    for tag in [tags::CHALLENGE_MAC, tags::CHALLENGE_TPM] {
        assert!(!device_key().signed(&asked.to_bytes(tag), &answer));
    }
}

#[test]
fn a_verification_is_a_leaf_and_one_leaf_has_a_root() {
    let leaf = VerificationLeaf {
        device: device(),
        challenge: challenge().id,
        time: TimeMs(ISSUED.0 + 1_500),
        result: 1,
        method: 1,
        audience: challenge().audience,
        answer: Hash32(crypto::hash::sha256(&bytes::<64>(ANSWER))),
    };
    assert_eq!(leaf.digest().to_string(), "441b302cbd257fb07741a33b2a41ed3c0a06a8a0ad9c003b6ca51c06789df3e3");
    let root = crypto::merkle::root(tags::TREE, &[leaf.digest()]);
    assert_eq!(root.to_string(), "2e6e1e97d7bb2acc7c134d4344563a24f0a2406c0d10278facfb3a44c49ed2aa");
}

#[test]
fn a_work_attestation_binds_and_hashes_as_elsewhere() {
    let value = Hash32(crypto::hash::sha256(b"beacon"));
    let binding = WorkBinding { chain_id: CHAIN, device: device(), class: 1, beacon: 4_242, value };
    assert_eq!(binding.digest().to_string(), "847be1f4ad6f0a7eb0db21f505ddda839a50c032a48d6ac9fa4e6fe450f03bca");
    assert_eq!(binding.statement(VALID_UNTIL).len(), 56);
    assert_ne!(
        beacon_value(CHAIN, 1, Hash32([1; 32]), Hash32([2; 32])),
        beacon_value(CHAIN, 2, Hash32([1; 32]), Hash32([2; 32]))
    );
    let commitment = pow::Commitment { chain_id: CHAIN, work_height: 7, payee: OWNER, anchor: Hash32([0x44; 32]) };
    let tag = [b"VID1".as_slice(), binding.digest().as_bytes()].concat();
    let parts = commitment.coinbase_parts(&tag).expect("36 bytes are not too long");
    let coinbase = parts.assemble([0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(coinbase.len(), 170);
    let read = pow::Coinbase::parse(&coinbase).expect("a coinbase");
    assert!(read.binds(&commitment));
    assert_eq!(hex::encode(read.txid), "1d79f7a3a8a7cd2856b52825c46cc13218da9a608462b5839d32dca9a536d2cf");
    let header = WorkHeader {
        version: 0x2000_0000,
        previous: [0; 32],
        merkle_root: merkle::fold(read.txid, &[]),
        time: 1_771_111_200,
        bits: CompactBits(0x1e10_0000),
        nonce: 610_976,
    };
    let mut digest = sha256d(&header.to_bytes());
    digest.reverse();
    assert_eq!(hex::encode(digest), "00000bda9f7475aec3cdc3a5ae9d1d3aa11478a360fa8a6eb407eb3bb16e97f1");
}

/// Forms of Ed25519 keys that libraries take and that would give one point two ids, or let anything be signed.
#[test]
fn a_key_of_ed25519_has_one_form_and_is_of_no_small_order() {
    let small = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        // The same points in forms that are not the shortest.
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];
    for key in small {
        let key: [u8; 32] = bytes(key);
        assert!(DeviceKey::read(1, &key).is_err(), "{}", hex::encode(key));
    }
    // y = 3 + p, a point of the whole order's coset where it is one, in a form that is not the shortest.
    for low in 0_u8..19 {
        let mut key = [0xff; 32];
        (key[0], key[31]) = (0xed + low.min(18), 0x7f);
        assert!(DeviceKey::read(1, &key).is_err(), "{}", hex::encode(key));
    }
}

#[test]
fn a_signature_of_ed25519_has_one_form() {
    let message = b"one form";
    let signature = sign(&seed(), message);
    assert!(device_key().signed(message, &signature));
    // S and S plus the group's order.
    let order: [u8; 32] = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let (mut carry, mut malleable) = (0_u16, signature);
    for (byte, add) in malleable[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert!(!device_key().signed(message, &malleable));
    for place in 0..64 {
        let mut other = signature;
        other[place] ^= 1;
        assert!(!device_key().signed(message, &other), "{place}");
    }
}

#[test]
fn keys_and_signatures_of_ecdsa_have_one_form() {
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    let message = b"one form";
    let digest = crypto::hash::sha256(message);
    let p256_key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("a scalar");
    let point = p256_key.verifying_key().to_sec1_point(true);
    let signature: p256::ecdsa::Signature = p256_key.sign_prehash(&digest).expect("it signs");
    let low = signature.normalize_s();
    let key = DeviceKey::read(3, point.as_bytes()).expect("a key");
    assert!(key.signed(message, &low.to_bytes().into()) && key.signed_digest(&digest, &low.to_bytes().into()));
    let high = p256::ecdsa::Signature::from_scalars(low.r(), -low.s()).expect("a signature");
    assert!(!key.signed(message, &high.to_bytes().into()), "s in the upper half is another form");
    let k256_key = k256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("a scalar");
    let own: k256::ecdsa::Signature = k256_key.sign_prehash(&digest).expect("it signs");
    let k256_point = k256_key.verifying_key().to_sec1_point(true);
    let other = DeviceKey::read(2, k256_point.as_bytes()).expect("a key");
    let own = own.normalize_s();
    assert!(other.signed(message, &own.to_bytes().into()));
    let high = k256::ecdsa::Signature::from_scalars(own.r(), -own.s()).expect("a signature");
    assert!(!other.signed(message, &high.to_bytes().into()));
    // Uncompressed, compact, the identity, off the curve, too short, of another curve's length.
    let whole = p256_key.verifying_key().to_sec1_point(false);
    let mut compact = point.as_bytes().to_vec();
    compact[0] = 5;
    let mut off = [2; 33];
    off[1..].fill(0xff);
    let no_keys: [&[u8]; 6] = [whole.as_bytes(), &compact, &[0], &off, &point.as_bytes()[..32], &[]];
    for algorithm in [2, 3] {
        for no_key in no_keys {
            assert!(DeviceKey::read(algorithm, no_key).is_err(), "{algorithm} {}", hex::encode(no_key));
        }
    }
    for algorithm in [0, 4, 255] {
        assert!(DeviceKey::read(algorithm, point.as_bytes()).is_err());
    }
}
