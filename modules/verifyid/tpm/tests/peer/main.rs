//! A TPM that is a program (swtpm) and the tools that people drive real ones with (tpm2-tools): what they make is judged here, and what
//! is made here is opened by them. Where they are missing, what is not run is said.
#![allow(clippy::disallowed_methods)] // Real programs need files, and certificates a real clock.

#[path = "../support/mod.rs"]
mod support;
mod tpm;

use std::convert::Infallible;
use std::time::{SystemTime, UNIX_EPOCH};

use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use tpm::{Made, Tpm, installed};
use verifyid_tpm::{
    AttestationKey, EkChainRefused, EndorsementKey, ExpectedQuote, LastQuote, PcrSelection, PcrState, ProvenQuote,
    QuoteRefused, TpmFormError, TpmKeyKind, TpmKeyRefused, check_ek_certificate, check_ek_root, make_credential,
    verify_quote,
};

const SECRET: [u8; 32] = *b"thirty-two bytes for one TPM ok!";
/// Where an endorsement key of each kind lies in the TPM.
const EK_RSA: &str = "0x81010001";
const EK_P256: &str = "0x81010003";

/// Other bytes at every call, the same in every run.
struct Counted(u64);

impl TryRng for Counted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(32) {
            self.0 += 1;
            part.copy_from_slice(&Sha256::digest(self.0.to_le_bytes())[..part.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counted {}

fn challenge(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn expected(text: &str, last: Option<&ProvenQuote>) -> ExpectedQuote {
    let selection = PcrSelection::of(&[0, 7]).expect("numbers of PCRs");
    ExpectedQuote {
        extra_data: challenge(text),
        qualified_signer: last.map(|last| last.qualified_signer),
        pcrs: PcrState::of(selection, &[[0; 32]; 2]).expect("as many values"),
        last: last.map(|last| last.now),
    }
}

fn keys(made: &Made) -> (EndorsementKey, AttestationKey) {
    (EndorsementKey::read(&made.endorsement).expect("an EK"), AttestationKey::read(&made.attestation).expect("an AK"))
}

#[test]
fn keys_of_both_kinds_are_enrolled_and_quote_and_nothing_changed_of_a_quote_is_taken() {
    if !installed("the enrolment and the quotes of a TPM") {
        return;
    }
    let tpm = Tpm::start("one");
    tpm.tool("tpm2_createek", &["-G", "ecc", "-c", EK_P256, "-u", "ek-p256.pub"]);
    for (endorsement, attestation, kind) in
        [(EK_RSA, "ecc", TpmKeyKind::P256), (EK_P256, "ecc", TpmKeyKind::P256), (EK_P256, "rsa", TpmKeyKind::Rsa2048)]
    {
        let made = tpm.attestation_key(endorsement, attestation);
        let (ek, ak) = keys(&made);
        assert_eq!(ak.area().kind(), kind);
        assert_eq!(ak.name().as_bytes()[..], made.name[..], "the TPM names it so too");

        let credential = make_credential(&ek, &ak, &SECRET, &mut Counted(1)).expect("random numbers");
        assert_eq!(tpm.activate(endorsement, &credential.to_file()).as_deref(), Ok(&SECRET[..]));
        for length in [1, 16, 31] {
            let credential = make_credential(&ek, &ak, &SECRET[..length], &mut Counted(2)).expect("random numbers");
            assert_eq!(tpm.activate(endorsement, &credential.to_file()).as_deref(), Ok(&SECRET[..length]));
        }

        let quote = tpm.quote("first", &challenge("first"));
        let proven = verify_quote(&ak, &quote.message, &quote.signature, &expected("first", None)).expect("a quote");
        let again = tpm.quote("second", &challenge("second"));
        let next = verify_quote(&ak, &again.message, &again.signature, &expected("second", Some(&proven)));
        assert!(next.expect("another quote").now.clock.clock_ms > proven.now.clock.clock_ms);
        let replayed = verify_quote(&ak, &quote.message, &quote.signature, &expected("second", Some(&proven)));
        assert_eq!(replayed, Err(QuoteRefused::ExtraData));
        let older = ExpectedQuote { extra_data: challenge("first"), ..expected("", Some(&next.expect("proven"))) };
        let older = verify_quote(&ak, &quote.message, &quote.signature, &older);
        assert_eq!(older, Err(QuoteRefused::ClockStood));
        mutations(&ak, &quote.message, &quote.signature);
    }
}

/// The first byte of each field, one at a time, in a quote of a TPM.
fn mutations(key: &AttestationKey, message: &[u8], signature: &[u8]) {
    let judged = |message: &[u8], signature: &[u8]| verify_quote(key, message, signature, &expected("first", None));
    for (field, place, refused) in [
        ("magic", 0, QuoteRefused::Form(TpmFormError::Magic(0xfe54_4347))),
        ("type", 4, QuoteRefused::Form(TpmFormError::AttestType(0x8118))),
        ("length of the signer", 6, QuoteRefused::Form(TpmFormError::FieldLength)),
        ("signer", 10, QuoteRefused::Signature),
        ("extra data", 44, QuoteRefused::Signature),
        ("clock", 83, QuoteRefused::Signature),
        ("resets", 87, QuoteRefused::Signature),
        ("restarts", 91, QuoteRefused::Signature),
        ("safe", 92, QuoteRefused::Signature),
        ("firmware", 100, QuoteRefused::Signature),
        ("banks", 101, QuoteRefused::Form(TpmFormError::PcrBanks(0x0100_0001))),
        ("bank", 105, QuoteRefused::Form(TpmFormError::PcrBank(0x010b))),
        ("selection", 109, QuoteRefused::Signature),
        ("digest", 113, QuoteRefused::Signature),
    ] {
        let mut changed = message.to_vec();
        changed[place] ^= 1;
        assert_eq!(judged(&changed, signature), Err(refused), "{field}");
    }
    let mut changed = signature.to_vec();
    *changed.last_mut().expect("not empty") ^= 1;
    assert_eq!(judged(message, &changed), Err(QuoteRefused::Signature));
    changed.pop();
    let cut = judged(message, &changed);
    assert_eq!(cut, Err(QuoteRefused::SignatureForm(TpmFormError::Short)));
}

#[test]
fn a_tpm_opens_what_is_for_its_own_keys_alone() {
    if !installed("the enrolment of another TPM's keys") {
        return;
    }
    let (one, two) = (Tpm::start("one"), Tpm::start("two"));
    let (of_one, of_two) = (one.attestation_key(EK_RSA, "ecc"), two.attestation_key(EK_RSA, "ecc"));
    let ((ek_one, ak_one), (ek_two, ak_two)) = (keys(&of_one), keys(&of_two));
    assert_ne!(ek_one.name(), ek_two.name());
    let for_keys = |ek, ak| make_credential(ek, ak, &SECRET, &mut Counted(3)).expect("random numbers").to_file();
    assert_eq!(one.activate(EK_RSA, &for_keys(&ek_one, &ak_one)).as_deref(), Ok(&SECRET[..]));
    assert_eq!(two.activate(EK_RSA, &for_keys(&ek_two, &ak_two)).as_deref(), Ok(&SECRET[..]));
    for (name, blob) in [
        ("another TPM's endorsement key", for_keys(&ek_two, &ak_one)),
        ("another attestation key", for_keys(&ek_one, &ak_two)),
        ("neither", for_keys(&ek_two, &ak_two)),
    ] {
        assert!(one.activate(EK_RSA, &blob).is_err(), "{name}");
    }
    let whole = for_keys(&ek_one, &ak_one);
    for (name, place) in [("integrity", 12), ("encrypted", 50), ("seed", whole.len() - 1)] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        assert!(one.activate(EK_RSA, &changed).is_err(), "{name} changed");
    }
    // A quote of the other TPM is none of this one's key.
    let quote = two.quote("first", &challenge("first"));
    let judged = verify_quote(&ak_one, &quote.message, &quote.signature, &expected("first", None));
    assert_eq!(judged, Err(QuoteRefused::Signature));
}

#[test]
fn a_key_that_signs_what_it_is_given_is_refused_although_its_signature_over_a_made_up_quote_is_right() {
    if !installed("the forged quote of an unrestricted key") {
        return;
    }
    let tpm = Tpm::start("one");
    let forged = support::message(&support::quote().with("extra", support::sized(&challenge("first"))));
    let (area, signature) = tpm.forge(&forged);
    assert_eq!(AttestationKey::read(&area), Err(TpmKeyRefused::NotRestricted));
    let area = verifyid_tpm::PublicArea::read(&area).expect("a key");
    let signature = verifyid_tpm::TpmSignature::read(&signature).expect("a signature");
    assert!(signature.is_by(&area, &forged), "so it is the attribute alone that stands between");
    // The restricted key refuses to sign the same bytes.
    tpm.attestation_key(EK_RSA, "ecc");
    assert!(tpm.sign_with_attestation_key(&forged).is_err());
}

#[test]
fn a_reset_is_seen_and_a_quote_from_before_it_refused() {
    if !installed("the quotes of a TPM that begins anew") {
        return;
    }
    let tpm = Tpm::start("one");
    let (_, ak) = keys(&tpm.attestation_key(EK_RSA, "ecc"));
    let judged = |text: &str, last: Option<&ProvenQuote>| {
        let quote = tpm.quote(text, &challenge(text));
        verify_quote(&ak, &quote.message, &quote.signature, &expected(text, last))
    };
    let first = judged("first", None).expect("a quote");

    tpm.begin_again(Some("state"), "state");
    let restarted = judged("restarted", Some(&first)).expect("it went on");
    assert_eq!(restarted.now.clock.resets, first.now.clock.resets);
    assert_eq!(restarted.now.clock.restarts, first.now.clock.restarts + 1);

    tpm.begin_again(Some("clear"), "clear");
    let reset = judged("reset", Some(&restarted)).expect("a reset refuses nothing");
    assert_eq!(reset.now.clock.resets, first.now.clock.resets + 1);
    assert_eq!(reset.now.clock.restarts, 0, "the restarts begin anew");
    let told = LastQuote { firmware: 1, ..restarted.now };
    let other = ExpectedQuote { last: Some(told), ..expected("again", None) };
    let quote = tpm.quote("again", &challenge("again"));
    let again = verify_quote(&ak, &quote.message, &quote.signature, &other).expect("a quote");
    assert!(again.is_firmware_changed);

    // What was kept from before the reset and not used.
    let kept = tpm.quote("kept", &challenge("kept"));
    tpm.begin_again(Some("clear"), "clear");
    let last = judged("last", Some(&again)).expect("another reset");
    let judged_late = verify_quote(&ak, &kept.message, &kept.signature, &expected("kept", Some(&last)));
    assert_eq!(judged_late, Err(QuoteRefused::ResetsFell));

    // The power is gone without a shutdown: the TPM does not vouch for its clock.
    tpm.begin_again(None, "clear");
    assert_eq!(judged("torn", Some(&last)), Err(QuoteRefused::ClockUnsafe));
}

#[test]
fn the_certificate_that_comes_with_swtpm_leads_to_its_maker_and_to_nobody_else() {
    if !installed("the certificates of a TPM") {
        return;
    }
    let (one, two) = (Tpm::start("one"), Tpm::start("two"));
    let read = |tpm: &Tpm| EndorsementKey::read(&tpm.public(EK_RSA)).expect("an EK");
    let [own, issuer, root] = one.certificates();
    let [_, other_issuer, other_root] = two.certificates();
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let judged = |ek: &EndorsementKey, chain: &[&[u8]], root: &[u8]| check_ek_certificate(ek, chain, &[root], now_s);
    assert_eq!(check_ek_root(&root), Ok(()));
    assert_eq!(check_ek_root(&own), Err(EkChainRefused::MayNotIssue));
    assert_eq!(check_ek_root(&root[1..]), Err(EkChainRefused::Root));
    assert_eq!(judged(&read(&one), &[&own, &issuer], &root), Ok(()));
    assert_eq!(judged(&read(&two), &[&own, &issuer], &root), Err(EkChainRefused::OtherKey));
    assert_eq!(judged(&read(&one), &[&own], &root), Err(EkChainRefused::NotIssued));
    assert_eq!(judged(&read(&one), &[&own, &issuer], &other_root), Err(EkChainRefused::Signature));
    assert_eq!(judged(&read(&one), &[&own, &other_issuer], &other_root), Err(EkChainRefused::Signature));
}
