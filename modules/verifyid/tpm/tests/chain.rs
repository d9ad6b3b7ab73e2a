//! Certificates of endorsement keys: a maker's on the list, and everything that only looks like one.

mod support;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ED25519, PublicKeyData, SignatureAlgorithm, date_time_ymd,
};
use support::{Area, computed, signing_key};
use verifyid_tpm::{CERTIFICATE_BYTES_MAX, EkChainRefused, EndorsementKey, check_ek_certificate};

/// Some day in November 2026.
const NOW_S: u64 = 1_795_000_000;

/// A key that only its TPM has.
struct Held(Vec<u8>);

impl PublicKeyData for Held {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

fn held(byte: u8) -> Held {
    Held(signing_key(byte).verifying_key().to_sec1_point(false).as_bytes().to_vec())
}

fn endorsement() -> EndorsementKey {
    EndorsementKey::read(&Area::endorsement(&signing_key(3)).bytes()).expect("all of its role")
}

struct Issuer {
    certificate: Certificate,
    key: KeyPair,
}

fn called(name: &str) -> DistinguishedName {
    let mut called = DistinguishedName::new();
    called.push(DnType::CommonName, name);
    called
}

/// These, with something else.
fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

fn issuing(name: &str) -> CertificateParams {
    with(CertificateParams::default(), |params| {
        params.distinguished_name = called(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    })
}

impl Issuer {
    fn root(params: CertificateParams) -> Self {
        Self::root_by(&PKCS_ECDSA_P384_SHA384, params)
    }

    fn root_by(algorithm: &'static SignatureAlgorithm, params: CertificateParams) -> Self {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        Self { certificate: params.self_signed(&key).expect("a root"), key }
    }

    fn below(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        Self { certificate: params.signed_by(&key, &self.certificate, &self.key).expect("an issuer"), key }
    }

    fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    fn issue(&self, params: CertificateParams, key: &Held) -> Vec<u8> {
        params.signed_by(key, &self.certificate, &self.key).expect("a certificate").der().to_vec()
    }
}

/// As makers write them: no name, a critical alternative name with a directory name, no end.
fn of_a_tpm() -> CertificateParams {
    let model = vec![0x30, 0x0d, 0xa4, 0x0b, 0x30, 0x09, 0x31, 0x07, 0x30, 0x05, 0x06, 0x01, 0x2a, 0x0c, 0x00];
    let mut alternative = CustomExtension::from_oid_content(&[2, 5, 29, 17], model);
    alternative.set_criticality(true);
    with(CertificateParams::default(), |params| {
        params.distinguished_name = DistinguishedName::new();
        params.not_before = date_time_ymd(2024, 1, 1);
        params.not_after = date_time_ymd(9999, 12, 31);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(vec![2, 23, 133, 8, 1])];
        params.custom_extensions = vec![alternative];
    })
}

fn judged(chain: &[&[u8]], roots: &[&[u8]]) -> Result<(), EkChainRefused> {
    check_ek_certificate(&endorsement(), chain, roots, NOW_S)
}

#[test]
fn a_way_to_a_root_on_the_list_is_found_also_through_others() {
    let (root, other) = (Issuer::root(issuing("maker")), Issuer::root(issuing("another maker")));
    let between = root.below(issuing("plant"));
    let direct = root.issue(of_a_tpm(), &held(3));
    let below = between.issue(of_a_tpm(), &held(3));
    assert_eq!(judged(&[&direct], &[other.der(), root.der()]), Ok(()));
    assert_eq!(judged(&[&below, between.der()], &[other.der(), root.der()]), Ok(()));
    assert_eq!(judged(&[&below], &[between.der()]), Ok(()), "what is on the list is a root");
    assert_eq!(judged(&[&below], &[root.der()]), Err(EkChainRefused::NotIssued), "the plant's certificate is missing");
    assert_eq!(judged(&[&direct], &[other.der()]), Err(EkChainRefused::NotIssued));
    assert_eq!(judged(&[&direct], &[]), Err(EkChainRefused::NotIssued));
    assert_eq!(judged(&[&below, root.der()], &[root.der()]), Err(EkChainRefused::NotIssued));
    // A root of the same name with another key is not the maker's.
    let twin = Issuer::root(issuing("maker"));
    assert_eq!(judged(&[&direct], &[twin.der()]), Err(EkChainRefused::Signature));
    assert_eq!(judged(&[&direct], &[twin.der(), root.der()]), Ok(()));
}

#[test]
fn a_certificate_of_anything_else_than_this_endorsement_key_is_refused_by_name() {
    let root = Issuer::root(issuing("maker"));
    let mut not_understood = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    not_understood.set_criticality(true);
    let own = of_a_tpm;
    for (name, params, key, error) in [
        ("another TPM", own(), held(4), EkChainRefused::OtherKey),
        (
            "a server",
            with(own(), |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            held(3),
            EkChainRefused::Purpose,
        ),
        ("no purpose", with(own(), |params| params.extended_key_usages = vec![]), held(3), EkChainRefused::Purpose),
        (
            "an issuer",
            with(own(), |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
            held(3),
            EkChainRefused::Purpose,
        ),
        (
            "not good yet",
            with(own(), |params| params.not_before = date_time_ymd(2030, 1, 1)),
            held(3),
            EkChainRefused::Early,
        ),
        ("over", with(own(), |params| params.not_after = date_time_ymd(2025, 1, 1)), held(3), EkChainRefused::Over),
        (
            "not understood",
            with(own(), |params| params.custom_extensions = vec![not_understood]),
            held(3),
            EkChainRefused::CriticalExtension,
        ),
    ] {
        assert_eq!(judged(&[&root.issue(params, &key)], &[root.der()]), Err(error), "{name}");
    }
}

#[test]
fn who_may_not_issue_has_issued_nothing() {
    let root = Issuer::root(issuing("maker"));
    let narrow = with(issuing("maker"), |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let narrow = Issuer::root(narrow);
    let signs_lists = with(issuing("plant"), |params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    for (name, root, between) in [
        ("no issuer", &root, root.below(with(issuing("plant"), |params| params.is_ca = IsCa::ExplicitNoCa))),
        ("says nothing", &root, root.below(with(issuing("plant"), |params| params.is_ca = IsCa::NoCa))),
        ("for lists only", &root, root.below(signs_lists)),
        ("too deep", &narrow, narrow.below(issuing("plant"))),
    ] {
        let own = between.issue(of_a_tpm(), &held(3));
        assert_eq!(judged(&[&own, between.der()], &[root.der()]), Err(EkChainRefused::MayNotIssue), "{name}");
    }
    let over = root.below(with(issuing("plant"), |params| params.not_after = date_time_ymd(2025, 1, 1)));
    let own = over.issue(of_a_tpm(), &held(3));
    assert_eq!(judged(&[&own, over.der()], &[root.der()]), Err(EkChainRefused::Over));
    let direct = narrow.issue(of_a_tpm(), &held(3));
    assert_eq!(judged(&[&direct], &[narrow.der()]), Ok(()));
}

#[test]
fn a_chain_that_swtpm_wrote_with_rsa_leads_to_its_root() {
    // Some day in 2096: these have no end.
    let (now_s, area) = (4_000_000_000, &computed("SWTPM_EK")[0]);
    let key = EndorsementKey::read(area).expect("all of its role");
    let [own, issuer, root]: [Vec<u8>; 3] = computed("SWTPM_CHAIN").try_into().expect("three certificates");
    assert_eq!(check_ek_certificate(&key, &[&own, &issuer], &[&root], now_s), Ok(()));
    assert_eq!(check_ek_certificate(&key, &[&own, &issuer], &[&root], NOW_S), Err(EkChainRefused::Early));
    assert_eq!(check_ek_certificate(&key, &[&own], &[&root], now_s), Err(EkChainRefused::NotIssued));
    assert_eq!(check_ek_certificate(&endorsement(), &[&own, &issuer], &[&root], now_s), Err(EkChainRefused::OtherKey));
    let mut changed = own.clone();
    *changed.last_mut().expect("a signature") ^= 1;
    assert_eq!(check_ek_certificate(&key, &[&changed, &issuer], &[&root], now_s), Err(EkChainRefused::Signature));
}

#[test]
fn algorithms_that_are_not_known_by_name_are_refused() {
    let root = Issuer::root_by(&PKCS_ED25519, issuing("maker"));
    let own = root.issue(of_a_tpm(), &held(3));
    assert_eq!(judged(&[&own], &[root.der()]), Err(EkChainRefused::Algorithm));
    // Ed25519's signature under a name with a key of a curve.
    let twin = Issuer::root(issuing("maker"));
    assert_eq!(judged(&[&own], &[twin.der()]), Err(EkChainRefused::Algorithm));
}

#[test]
fn every_changed_byte_of_a_certificate_is_found_and_chains_are_bounded() {
    let root = Issuer::root_by(&PKCS_ECDSA_P256_SHA256, issuing("maker"));
    let own = root.issue(of_a_tpm(), &held(3));
    for place in 0..own.len() {
        let mut changed = own.clone();
        changed[place] ^= 0x01;
        assert!(judged(&[&changed], &[root.der()]).is_err(), "byte {place}");
    }
    let longer = [&own[..], &[0]].concat();
    assert_eq!(judged(&[&longer], &[root.der()]), Err(EkChainRefused::Form));
    assert_eq!(judged(&[&own], &[&[]]), Err(EkChainRefused::Root));
    let too_long = vec![0x30; CERTIFICATE_BYTES_MAX + 1];
    assert_eq!(judged(&[&own], &[&too_long]), Err(EkChainRefused::Root), "the chain is not to blame");
    assert_eq!(judged(&[&own], &[&[], &too_long, root.der()]), Ok(()), "a root that cannot be read hides none");
    assert_eq!(judged(&[], &[root.der()]), Err(EkChainRefused::Length(0)));
    assert_eq!(judged(&[&own[..]; 5], &[root.der()]), Err(EkChainRefused::Length(5)));
    assert_eq!(judged(&[&vec![0x30; CERTIFICATE_BYTES_MAX + 1]], &[root.der()]), Err(EkChainRefused::TooLong));
}
