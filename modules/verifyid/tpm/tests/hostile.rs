//! One thing is wrong at a time, and each has its name. The quotes are signed anew, so that what is refused is what they say.

mod support;

use std::collections::BTreeSet;

use support::{
    AK_ATTRIBUTES, Always, Area, EK_ATTRIBUTES, Nothing, digits, expected, key, last, message, name, quote, signed,
    signing_key, sized,
};
use verifyid_tpm::{
    ATTEST_BYTES_MAX, AttestationKey, CREDENTIAL_SECRET_BYTES_MAX, CredentialError, EndorsementKey, ExpectedQuote,
    PUBLIC_AREA_BYTES_MAX, PcrSelection, PcrState, PublicArea, Quote, QuoteRefused, TpmFormError, TpmKeyRefused,
    TpmSignature, make_credential, verify_quote,
};

/// The fields of a key of RSA.
fn rsa() -> Area {
    Area(vec![
        ("type", digits("0001")),
        ("name", digits("000b")),
        ("attributes", AK_ATTRIBUTES.to_be_bytes().to_vec()),
        ("policy", digits("0000")),
        ("cipher", digits("0010")),
        ("scheme", digits("0014 000b")),
        ("bits", digits("0800")),
        ("exponent", digits("00000000")),
        ("modulus", sized(&[0xc5; 256])),
    ])
}

#[test]
fn a_public_area_has_one_form_and_what_is_unknown_in_it_is_named() {
    use TpmFormError as E;
    let area = || Area::attestation(&signing_key(1));
    for (field, bytes, error) in [
        ("type", "0008", E::KeyType(8)),
        ("type", "0025", E::KeyType(0x25)),
        ("name", "0004", E::NameAlgorithm(4)),
        ("name", "000c", E::NameAlgorithm(0xc)),
        ("name", "0010", E::NameAlgorithm(0x10)),
        ("attributes", "00050073", E::Attributes(0x0005_0073)),
        ("attributes", "80050072", E::Attributes(0x8005_0072)),
        ("policy", "0001 00", E::FieldLength),
        ("policy", "ffff 00", E::FieldLength),
        ("cipher", "0003 0080 0043", E::SymmetricAlgorithm(3)),
        ("cipher", "0006 0100 0043", E::SymmetricBits(256)),
        ("cipher", "0006 0080 0042", E::SymmetricMode(0x42)),
        ("scheme", "0014 000b", E::Scheme(0x14)),
        ("scheme", "001a 000b 0000", E::Scheme(0x1a)),
        ("scheme", "0018 0004", E::HashAlgorithm(4)),
        ("curve", "0004", E::Curve(4)),
        ("curve", "0020", E::Curve(0x20)),
        ("kdf", "0020 000b", E::KeyDerivation(0x20)),
        ("x", "0000", E::FieldLength),
        ("x", &format!("001f {}", "11".repeat(31)), E::FieldLength),
        ("x", &format!("0021 00{}", "11".repeat(32)), E::FieldLength),
        ("x", &format!("0020 {}", "ff".repeat(32)), E::Point),
        ("y", &format!("0020 {}", "00".repeat(32)), E::Point),
        ("y", "0020 11", E::Short),
    ] {
        let bytes = area().with(field, digits(bytes)).bytes();
        assert_eq!(PublicArea::read(&bytes), Err(error), "{field} {}", hex::encode(&bytes));
    }
    for (field, bytes, error) in [
        ("scheme", "0016 000b", E::Scheme(0x16)),
        ("scheme", "0014 000c", E::HashAlgorithm(0xc)),
        ("bits", "0400", E::KeyBits(1_024)),
        ("bits", "0c00", E::KeyBits(3_072)),
        ("exponent", "00000003", E::Exponent(3)),
        ("exponent", "00010003", E::Exponent(65_539)),
        ("modulus", &format!("0100 {}", "42".repeat(256)), E::Modulus),
        ("modulus", &format!("0100 {}", "c4".repeat(256)), E::Modulus),
        ("modulus", &format!("00ff {}", "c5".repeat(255)), E::FieldLength),
    ] {
        let bytes = rsa().with(field, digits(bytes)).bytes();
        assert_eq!(PublicArea::read(&bytes), Err(error), "{field} {}", hex::encode(&bytes));
    }
    assert!(PublicArea::read(&rsa().bytes()).is_ok());
}

#[test]
fn lengths_are_exact() {
    let whole = Area::attestation(&signing_key(1)).bytes();
    for cut in 0..whole.len() {
        let error = PublicArea::read(&whole[..cut]);
        assert!(matches!(error, Err(TpmFormError::Short | TpmFormError::Size)), "{cut}: {error:?}");
        let inner = sized(&whole[2..cut.max(2)]);
        assert_eq!(PublicArea::read(&inner), Err(TpmFormError::Short), "{cut}, with its own length");
    }
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(PublicArea::read(&longer), Err(TpmFormError::Size));
    assert_eq!(PublicArea::read(&sized(&longer[2..])), Err(TpmFormError::Trailing));
    assert_eq!(PublicArea::read(&vec![0; PUBLIC_AREA_BYTES_MAX + 1]), Err(TpmFormError::Trailing));

    let whole = message(&quote());
    assert!(Quote::read(&whole).is_ok());
    for cut in 0..whole.len() {
        assert_eq!(Quote::read(&whole[..cut]), Err(TpmFormError::Short), "{cut}");
    }
    assert_eq!(Quote::read(&[&whole[..], &[0]].concat()), Err(TpmFormError::Trailing));
    assert_eq!(Quote::read(&vec![0; ATTEST_BYTES_MAX + 1]), Err(TpmFormError::Trailing));

    let whole = signed(&signing_key(1), b"message");
    for cut in 0..whole.len() {
        assert_eq!(TpmSignature::read(&whole[..cut]), Err(TpmFormError::Short), "{cut}");
    }
    assert_eq!(TpmSignature::read(&[&whole[..], &[0]].concat()), Err(TpmFormError::Trailing));
}

#[test]
fn a_key_has_every_attribute_of_its_role_or_none_of_its_rights() {
    use TpmKeyRefused as E;
    let (key, cipher, none, scheme) = (signing_key(1), "0006 0080 0043", "0010", "0018 000b");
    for (attributes, cipher, scheme, error) in [
        // The key of keylime, charra and tpm2-tools: it signs whatever it is given.
        (AK_ATTRIBUTES & !0x0001_0000, none, scheme, E::NotRestricted),
        (AK_ATTRIBUTES & !0x0000_0002, none, scheme, E::NotFixedTpm),
        (AK_ATTRIBUTES & !0x0000_0010, none, scheme, E::NotFixedParent),
        (AK_ATTRIBUTES & !0x0000_0020, none, scheme, E::FromOutside),
        (AK_ATTRIBUTES & !0x0004_0000, none, scheme, E::NotSigning),
        (AK_ATTRIBUTES | 0x0002_0000, none, scheme, E::Decrypts),
        (AK_ATTRIBUTES, none, none, E::NoScheme),
        (AK_ATTRIBUTES, cipher, scheme, E::Cipher),
        (EK_ATTRIBUTES, cipher, none, E::NotSigning),
    ] {
        let area = Area::p256(attributes, cipher, scheme, &key).bytes();
        assert_eq!(AttestationKey::read(&area), Err(error), "{attributes:#x}");
    }
    for (attributes, cipher, error) in [
        (EK_ATTRIBUTES & !0x0001_0000, cipher, E::NotRestricted),
        (EK_ATTRIBUTES & !0x0000_0002, cipher, E::NotFixedTpm),
        (EK_ATTRIBUTES & !0x0000_0010, cipher, E::NotFixedParent),
        (EK_ATTRIBUTES & !0x0000_0020, cipher, E::FromOutside),
        (EK_ATTRIBUTES & !0x0002_0000, cipher, E::NotDecrypting),
        (EK_ATTRIBUTES | 0x0004_0000, cipher, E::Signs),
        (EK_ATTRIBUTES, none, E::Cipher),
        (AK_ATTRIBUTES, none, E::NotDecrypting),
    ] {
        let area = Area::p256(attributes, cipher, none, &key).bytes();
        assert_eq!(EndorsementKey::read(&area), Err(error), "{attributes:#x}");
    }
    assert_eq!(AttestationKey::read(&[]), Err(E::Form(TpmFormError::Short)));
    assert!(AttestationKey::read(&Area::attestation(&key).bytes()).is_ok());
    assert!(EndorsementKey::read(&Area::endorsement(&key).bytes()).is_ok());
}

#[test]
fn a_quote_that_says_something_else_is_refused_by_name_though_its_key_signed_it() {
    use QuoteRefused as E;
    use TpmFormError as F;
    for (field, bytes, error) in [
        ("magic", "ff544348", E::Form(F::Magic(0xff54_4348))),
        ("magic", "00000000", E::Form(F::Magic(0))),
        ("type", "8017", E::Form(F::AttestType(0x8017))),
        ("type", "801a", E::Form(F::AttestType(0x801a))),
        ("signer", "0000", E::Form(F::FieldLength)),
        ("signer", "0004 40000001", E::Form(F::FieldLength)),
        ("signer", &format!("0022 0004 {}", "51".repeat(32)), E::Form(F::NameAlgorithm(4))),
        ("signer", &format!("0022 000b {}", "52".repeat(32)), E::QualifiedSigner),
        ("extra", "0000", E::ExtraData),
        ("extra", &format!("0020 {}", "e6".repeat(32)), E::ExtraData),
        ("extra", &format!("001f {}", "e7".repeat(31)), E::ExtraData),
        ("extra", &format!("0021 {}", "e7".repeat(33)), E::ExtraData),
        ("extra", &format!("0043 {}", "e7".repeat(67)), E::Form(F::FieldLength)),
        ("clock", "0000000000001387", E::ClockStood),
        ("clock", "0000000000001386", E::ClockStood),
        ("clock", "0000000000000000", E::ClockStood),
        ("resets", "00000006", E::ResetsFell),
        ("resets", "00000000", E::ResetsFell),
        ("restarts", "00000002", E::RestartsFell),
        ("safe", "00", E::ClockUnsafe),
        ("safe", "02", E::Form(F::Safe(2))),
        ("banks", "00000000", E::Form(F::PcrBanks(0))),
        ("banks", "00000002", E::Form(F::PcrBanks(2))),
        ("banks", "ffffffff", E::Form(F::PcrBanks(u32::MAX))),
        ("bank", "0004", E::Form(F::PcrBank(4))),
        ("bank", "000c", E::Form(F::PcrBank(0xc))),
        ("selection", "03 810001", E::PcrSelection),
        ("selection", "03 010000", E::PcrSelection),
        ("selection", "03 000000", E::PcrSelection),
        ("selection", "02 8100", E::Form(F::FieldLength)),
        ("selection", "04 81000000", E::Form(F::FieldLength)),
        ("digest", &format!("0020 {}", "00".repeat(32)), E::PcrDigest),
        ("digest", &format!("0014 {}", "00".repeat(20)), E::Form(F::FieldLength)),
        ("digest", "0000", E::Form(F::FieldLength)),
    ] {
        let message = message(&quote().with(field, digits(bytes)));
        let signature = signed(&signing_key(1), &message);
        assert_eq!(verify_quote(&key(), &message, &signature, &expected()), Err(error), "{field} {bytes}");
    }
}

#[test]
fn a_signature_has_one_width_one_kind_and_one_signer() {
    use TpmFormError as F;
    let message = message(&quote());
    let whole = signed(&signing_key(1), &message);
    let (r, s) = (&whole[6..38], &whole[40..]);
    let of = |head: &str, r: &[u8], s: &[u8]| [digits(head), sized(r), sized(s)].concat();
    let judged = |signature: &[u8]| verify_quote(&key(), &message, signature, &expected());
    assert!(judged(&of("0018 000b", r, s)).is_ok());
    for (signature, form) in [
        (of("0018 0004", r, s), F::HashAlgorithm(4)),
        (of("001a 000b", r, s), F::SignatureAlgorithm(0x1a)),
        (of("001c 000b", r, s), F::SignatureAlgorithm(0x1c)),
        (of("0016 000b", r, s), F::SignatureAlgorithm(0x16)),
        (of("0010 000b", r, s), F::SignatureAlgorithm(0x10)),
        (of("0018 000b", &r[1..], s), F::FieldLength),
        (of("0018 000b", &[&[0], r].concat(), s), F::FieldLength),
        (of("0018 000b", r, &s[1..]), F::FieldLength),
        (of("0014 000b", r, s), F::FieldLength),
        (of("0014 000c", r, s), F::HashAlgorithm(0xc)),
    ] {
        assert_eq!(judged(&signature), Err(QuoteRefused::SignatureForm(form)), "{}", hex::encode(&signature));
    }
    let order = digits("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    for (name, signature) in [
        ("another key's", signed(&signing_key(2), &message)),
        ("of another message", signed(&signing_key(1), b"another")),
        ("r is zero", of("0018 000b", &[0; 32], s)),
        ("s is zero", of("0018 000b", r, &[0; 32])),
        ("both are zero", of("0018 000b", &[0; 32], &[0; 32])),
        ("r is the order", of("0018 000b", &order, s)),
        ("s is the order", of("0018 000b", r, &order)),
        ("all ones", of("0018 000b", &[0xff; 32], &[0xff; 32])),
        ("swapped", of("0018 000b", s, r)),
    ] {
        assert_eq!(judged(&signature), Err(QuoteRefused::Signature), "{name}");
    }
    let other_kind = [digits("0014 000b"), sized(&[1; 256])].concat();
    assert_eq!(judged(&other_kind), Err(QuoteRefused::SignatureKind));
}

#[test]
fn a_tpm_goes_on_through_restarts_and_resets_and_never_back() {
    let message = message(&quote());
    let signature = signed(&signing_key(1), &message);
    let after = |before| {
        let expected = ExpectedQuote { last: before, ..expected() };
        verify_quote(&key(), &message, &signature, &expected).map(|proven| proven.is_firmware_changed)
    };
    // The quote says 5,000 ms, seven resets, three restarts.
    for (before, verdict) in [
        (last(4_999, 7, 3), Ok(())),
        (last(4_999, 7, 2), Ok(())),
        (last(5_000, 7, 3), Err(QuoteRefused::ClockStood)),
        (last(5_000, 7, 2), Err(QuoteRefused::ClockStood)),
        (last(1, 7, 4), Err(QuoteRefused::RestartsFell)),
        // A reset begins the restarts anew, and may set the clock back to when it was last written down.
        (last(9_999, 6, 9), Ok(())),
        (last(1, 8, 0), Err(QuoteRefused::ResetsFell)),
        (last(1, u32::MAX, 0), Err(QuoteRefused::ResetsFell)),
    ] {
        assert_eq!(after(Some(before)).map(|_| ()), verdict, "{before:?}");
    }
    assert_eq!(after(None), Ok(false));
    let mut before = last(4_999, 7, 3);
    before.firmware = 10;
    assert_eq!(after(Some(before)), Ok(true), "other firmware is told and refuses nothing");
}

#[test]
fn at_the_enrolment_whoever_signs_is_told_and_later_it_is_the_same() {
    let message = message(&quote());
    let signature = signed(&signing_key(1), &message);
    let first = ExpectedQuote { qualified_signer: None, last: None, ..expected() };
    let proven = verify_quote(&key(), &message, &signature, &first).expect("the first");
    assert_eq!(proven.qualified_signer, name(0x51));
    let own_name = ExpectedQuote { qualified_signer: Some(*key().name()), ..expected() };
    let refused = verify_quote(&key(), &message, &signature, &own_name);
    assert_eq!(refused, Err(QuoteRefused::QualifiedSigner), "the key's name is not the one that it signs with");
}

#[test]
fn a_credential_has_room_for_a_hash_and_is_another_each_time() {
    let endorsement = EndorsementKey::read(&Area::endorsement(&signing_key(3)).bytes()).expect("all of its role");
    let made = |secret: &[u8], byte| make_credential(&endorsement, &key(), secret, &mut Always(byte));
    assert_eq!(made(&[], 1), Err(CredentialError::SecretLength(0)));
    assert_eq!(made(&[0; 33], 1), Err(CredentialError::SecretLength(CREDENTIAL_SECRET_BYTES_MAX + 1)));
    assert!(made(&[1], 1).is_ok() && made(&[1; 32], 1).is_ok());
    let (one, two) = (made(&[1; 32], 1).expect("made"), made(&[1; 32], 2).expect("made"));
    assert!(one.id_object != two.id_object && one.encrypted_seed != two.encrypted_seed);
    let other = AttestationKey::read(&Area::attestation(&signing_key(4)).bytes()).expect("all of its role");
    let for_another = make_credential(&endorsement, &other, &[1; 32], &mut Always(1)).expect("made");
    assert_ne!(one.id_object, for_another.id_object, "the name is authenticated");
    let rsa = EndorsementKey::read(&support::computed("EK_RSA")[0]).expect("all of its role");
    for endorsement in [&endorsement, &rsa] {
        let made = make_credential(endorsement, &key(), &[1; 32], &mut Nothing);
        assert_eq!(made, Err(CredentialError::Random));
    }
}

#[test]
fn pcrs_are_numbers_of_the_platform_and_have_as_many_values() {
    assert_eq!(PcrSelection::of(&[24]), None);
    assert_eq!(PcrSelection::of(&[255]), None);
    let selection = PcrSelection::of(&[0, 23, 23]).expect("numbers of PCRs");
    assert_eq!(selection.count(), 2);
    assert_eq!(PcrState::of(selection, &[[0; 32]]), None);
    assert_eq!(PcrState::of(selection, &[[0; 32]; 3]), None);
    assert!(PcrState::of(selection, &[[0; 32]; 2]).is_some());
}

#[test]
fn every_refusal_of_a_quote_has_a_code_and_a_sentence_of_its_own() {
    use QuoteRefused as E;
    let all = [
        E::SignatureKind,
        E::Signature,
        E::QualifiedSigner,
        E::ExtraData,
        E::ClockUnsafe,
        E::ResetsFell,
        E::RestartsFell,
        E::ClockStood,
        E::PcrSelection,
        E::PcrDigest,
    ];
    let codes: BTreeSet<&str> = all.iter().map(|refused| refused.code()).collect();
    assert_eq!(codes.len(), all.len());
    assert!(codes.iter().all(|code| code.starts_with("quote_")));
    assert_eq!(E::Form(TpmFormError::Magic(1)).code(), "tpm_magic");
    assert!(E::Form(TpmFormError::Magic(1)).to_string().contains("0x00000001"));
}

#[test]
fn an_endorsement_key_is_recognised_by_the_key_and_not_by_what_is_said_of_it() {
    let area = Area::endorsement(&signing_key(3));
    let read = |area: &Area| EndorsementKey::read(&area.bytes()).expect("all of its role");
    let same = read(&area.clone().with("policy", sized(&[7; 32])));
    assert_ne!(same.name(), read(&area).name());
    assert_eq!(same.key_digest(), read(&area).key_digest());
    assert_ne!(read(&Area::endorsement(&signing_key(4))).key_digest(), same.key_digest());
}
