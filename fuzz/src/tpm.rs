//! What a TPM is said to have made: keys, quotes with their signatures, and certificates of its maker.

use verifyid_tpm::{
    ATTEST_BYTES_MAX, AttestationKey, EndorsementKey, ExpectedQuote, PUBLIC_AREA_BYTES_MAX, PcrSelection, PcrState,
    PublicArea, Quote, TpmSignature, check_ek_certificate, verify_quote,
};

/// A point on P-256 whose secret nobody here has, as a TPM writes it, and the fields before it of a key of either role.
const POINT: &str = "0020b33513a8a4e3278fd71e5080f1195f8a11e358c364524ba09e5acb816a1f9e93\
    0020b9bb271bf59b2956ad2d869441a6ef33ed247f7fedd3145ded0b70b475975841";
const ATTESTATION: &str = "00580023000b00050072000000100018000b00030010";
const ENDORSEMENT: &str = "005a0023000b000300b20000000600800043001000030010";

fn area(head: &str) -> Vec<u8> {
    let digits = [head, POINT].concat();
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect()
}

/// The public area of a key: bounded, named by its bytes, and of no more than one role.
pub fn tpm_public_area(data: &[u8]) {
    let Ok(read) = PublicArea::read(data) else { return };
    assert!(data.len() <= PUBLIC_AREA_BYTES_MAX);
    let (attestation, endorsement) = (AttestationKey::of(read.clone()), EndorsementKey::of(read.clone()));
    assert!(attestation.is_err() || endorsement.is_err(), "a key of both roles");
    if let Ok(key) = attestation {
        assert_eq!(key.name(), read.name());
    }
}

/// A quote, and behind two bytes with its length a signature: read within its bounds, and proven by nobody.
pub fn tpm_quote(data: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk() else { return };
    let (message, signature) = rest.split_at(rest.len().min(usize::from(u16::from_be_bytes(*length))));
    if let Ok(quote) = Quote::read(message) {
        assert!(message.len() <= ATTEST_BYTES_MAX && quote.extra_data.len() <= message.len());
    }
    let _ = TpmSignature::read(signature);
    let key = AttestationKey::read(&area(ATTESTATION)).expect("all of its role");
    let selection = PcrSelection::of(&[0]).expect("a number of a PCR");
    let pcrs = PcrState::of(selection, &[[0; 32]]).expect("as many values");
    let expected = ExpectedQuote { extra_data: [1; 32], qualified_signer: None, pcrs, last: None };
    assert!(verify_quote(&key, message, signature, &expected).is_err());
}

/// A certificate as the key's own, as an issuer's and as a root.
pub fn tpm_certificate(data: &[u8]) {
    let key = EndorsementKey::read(&area(ENDORSEMENT)).expect("all of its role");
    let (first, second) = data.split_at(data.len() / 2);
    assert!(check_ek_certificate(&key, &[data], &[data], 1_800_000_000).is_err());
    let _ = check_ek_certificate(&key, &[first, second], &[data], 1_800_000_000);
}
