//! What was computed elsewhere or said by a TPM is read and made here byte for byte.

mod support;

use sha2::{Digest, Sha256};
use support::{Always, computed, digits};
use verifyid_tpm::{
    AttestationKey, EndorsementKey, ExpectedQuote, PcrSelection, PcrState, Quote, QuoteRefused, TpmKeyKind,
    TpmSignature, make_credential, verify_quote,
};

const AK: &str = "00580023000b00050072000000100018000b000300100020b33513a8a4e3278fd71e5080f1195f8a11e358c364524ba09e5acb816a1f\
    9e930020b9bb271bf59b2956ad2d869441a6ef33ed247f7fedd3145ded0b70b475975841";
const NAME: &str = "000bee973be6e737defc4b779b9c8c8c98dd65b97cc6c040559cbd5518f417cc363e";
const QUOTE: &str = "ff54434780180022000b02cea27a576f2d8ec2a115b0a3e68a548e49c8a24feae2b1bd1fdd92d6dc2a500020e74ef5c2eba9281a60\
    7601b3345861c81d2a1f326e8533988d083b8dbfc2ed400000000000000409000000020000000001201910230016363600000001000b03ff00000020\
    5341e6b2646979a70e57653007a1f310169421ec9bdd9f1a5648f75ade005af1";
const SIGNATURE: &str = "0018000b00204f04b4e62ea9ab769418dae530a8e5312f65424df4a4bb7b8737781f16d21b190020b86ef69105b1982af7d3aa\
    118c2f85f96b007afa2bd34bbfa49a083c4a5b80d1";

fn ak() -> AttestationKey {
    AttestationKey::read(&digits(AK)).expect("a key that swtpm made")
}

fn expected() -> ExpectedQuote {
    let selection = PcrSelection::of(&[0, 1, 2, 3, 4, 5, 6, 7]).expect("numbers of PCRs");
    ExpectedQuote {
        extra_data: Sha256::digest("thronos tpm example").into(),
        qualified_signer: None,
        pcrs: PcrState::of(selection, &[[0; 32]; 8]).expect("as many values"),
        last: None,
    }
}

#[test]
fn a_quote_of_swtpm_is_proven_although_its_s_is_high() {
    assert_eq!(hex::encode(ak().name().as_bytes()), NAME);
    let proven = verify_quote(&ak(), &digits(QUOTE), &digits(SIGNATURE), &expected()).expect("a quote");
    assert_eq!(proven.key, *ak().name());
    assert_ne!(proven.qualified_signer, proven.key, "who signs is named with all above it");
    let clock = proven.now.clock;
    assert_eq!((clock.clock_ms, clock.resets, clock.restarts, clock.is_safe), (0x409, 2, 0, true));
    assert_eq!((proven.now.firmware, proven.is_firmware_changed), (0x2019_1023_0016_3636, false));
}

#[test]
fn the_low_s_of_the_same_signature_is_as_good() {
    let TpmSignature::P256(numbers) = TpmSignature::read(&digits(SIGNATURE)).expect("a signature") else {
        panic!("of a curve");
    };
    let high = p256::ecdsa::Signature::from_slice(&numbers).expect("numbers");
    let low = high.normalize_s();
    assert_ne!(high, low);
    assert!(TpmSignature::P256(low.to_bytes().into()).is_by(ak().area(), &digits(QUOTE)));
}

#[test]
fn every_byte_of_message_and_signature_counts() {
    let (message, signature) = (digits(QUOTE), digits(SIGNATURE));
    for place in 0..message.len() {
        let mut changed = message.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(verify_quote(&ak(), &changed, &signature, &expected()).is_err(), "byte {place} of the message");
    }
    for place in 0..signature.len() {
        let mut changed = signature.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(verify_quote(&ak(), &message, &changed, &expected()).is_err(), "byte {place} of the signature");
    }
}

#[test]
fn a_signature_of_openssl_by_rsa_is_taken_and_one_of_other_bytes_is_not() {
    let key = AttestationKey::read(&computed("AK_RSA")[0]).expect("a key");
    assert_eq!(key.area().kind(), TpmKeyKind::Rsa2048);
    let signature = &computed("SIG_RSA")[0];
    assert!(verify_quote(&key, &digits(QUOTE), signature, &expected()).is_ok());
    let other = ExpectedQuote { extra_data: [0; 32], ..expected() };
    assert_eq!(verify_quote(&key, &digits(QUOTE), signature, &other), Err(QuoteRefused::ExtraData));
    let mut changed = digits(QUOTE);
    changed[60] ^= 1;
    assert_eq!(verify_quote(&key, &changed, signature, &expected()), Err(QuoteRefused::Signature));
    assert_eq!(verify_quote(&ak(), &digits(QUOTE), signature, &expected()), Err(QuoteRefused::SignatureKind));
}

#[test]
fn credentials_are_those_that_were_computed_elsewhere() {
    let secret: Vec<u8> = (0xa0..0xc0).collect();
    for (key, blob) in [("EK_P256", "BLOB_P256"), ("EK_RSA", "BLOB_RSA")] {
        let endorsement = EndorsementKey::read(&computed(key)[0]).expect(key);
        let made = make_credential(&endorsement, &ak(), &secret, &mut Always(0x11)).expect(blob);
        let [id_object, encrypted_seed] = computed(blob).try_into().expect("two parts");
        assert_eq!(hex::encode(&made.id_object), hex::encode(&id_object), "{blob}");
        assert_eq!(hex::encode(&made.encrypted_seed), hex::encode(&encrypted_seed), "{blob}");
        let file = [digits("badcc0de 00000001"), id_object, encrypted_seed].concat();
        assert_eq!(made.to_file(), file);
    }
}

#[test]
fn what_a_quote_says_is_read_in_its_own_words() {
    let bytes = digits(QUOTE);
    let quote = Quote::read(&bytes).expect("a quote");
    assert_eq!(quote.extra_data, Sha256::digest("thronos tpm example").as_slice());
    assert_eq!(quote.pcrs.count(), 8);
    assert_eq!(quote.pcr_digest, <[u8; 32]>::from(Sha256::digest([0; 256])));
}
