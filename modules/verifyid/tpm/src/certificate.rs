//! Walks from a TPM's endorsement key to its maker: certificates (X.509, in DER) up to one of the roots that the operator lists.
//!
//! What makers write into these certificates is not what web servers have: a subject without a name, a critical alternative name with
//! the TPM's model, no day on which it ends. So the way is walked by hand, and it is narrow: each certificate is signed by the next, and
//! each issuer may issue. It must not know which roots there are. Revocation lists are not read: a maker is taken off the list.

use core::fmt;

use x509_cert::Certificate;
use x509_cert::der::{Decode, asn1::ObjectIdentifier};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use crate::issuer::{IssuerKey, is_key_of, to_be_signed};
use crate::key_roles::EndorsementKey;

/// How long one certificate may be, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 8_192;
/// How many certificates may lie between the endorsement key and a root, the key's own among them.
pub const CHAIN_LENGTH_MAX: usize = 4;

/// `tcg-kp-EKCertificate`.
const EK_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.1");
/// Critical extensions that are understood here, or say nothing that would refuse: basic constraints, key usage, extended key usage, the
/// alternative name with the TPM's model, and policies.
const UNDERSTOOD: [ObjectIdentifier; 5] = [
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.32"),
];

/// Why a key is not taken for that of a maker's TPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EkChainRefused {
    /// There are no certificates, or too many.
    Length(usize),
    /// A certificate is too long.
    TooLong,
    /// A certificate is none.
    Form,
    /// A critical extension is not understood.
    CriticalExtension,
    /// The first certificate is not that of an endorsement key.
    Purpose,
    /// The first certificate is of another key.
    OtherKey,
    /// A certificate is not good yet.
    Early,
    /// A certificate is over.
    Over,
    /// A certificate is not issued by the next, and the last by no root.
    NotIssued,
    /// An issuer may not issue, or not so deep.
    MayNotIssue,
    /// An issuer's key or its signature are of a kind that is not taken.
    Algorithm,
    /// An issuer did not sign what it is said to have issued.
    Signature,
    /// A root on the list is no certificate.
    Root,
}

impl EkChainRefused {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length(_) => "ek_chain_length",
            Self::TooLong => "ek_certificate_too_long",
            Self::Form => "ek_certificate_form",
            Self::CriticalExtension => "ek_certificate_critical_extension",
            Self::Purpose => "ek_certificate_purpose",
            Self::OtherKey => "ek_certificate_other_key",
            Self::Early => "ek_certificate_early",
            Self::Over => "ek_certificate_over",
            Self::NotIssued => "ek_chain_not_issued",
            Self::MayNotIssue => "ek_chain_may_not_issue",
            Self::Algorithm => "ek_chain_algorithm",
            Self::Signature => "ek_chain_signature",
            Self::Root => "ek_root_form",
        }
    }
}

impl fmt::Display for EkChainRefused {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Length(found) => {
                return write!(
                    to,
                    "{found} certificates lead to no root: send 1 to {CHAIN_LENGTH_MAX}, the key's own first"
                );
            }
            Self::TooLong => "a certificate is longer than 8,192 bytes: send each in DER, alone",
            Self::Form => "a certificate does not read: send each in DER, alone",
            Self::CriticalExtension => "a certificate demands what is not understood here: it cannot be taken",
            Self::Purpose => {
                "the first certificate is not that of an endorsement key: send the one that the TPM or its maker has"
            }
            Self::OtherKey => {
                "the first certificate is of another key: send the one of the endorsement key that you sent"
            }
            Self::Early => "a certificate is not good yet: set the clock, or wait",
            Self::Over => "a certificate is over: ask the TPM's maker for another",
            Self::NotIssued => {
                "no root of this service issued the last certificate: send those in between too, or ask its operator"
            }
            Self::MayNotIssue => "a certificate was issued by one that may not issue it: it cannot be taken",
            Self::Algorithm => {
                "a certificate is signed in a way that is not taken: RSA and the curves P-256 and P-384 are, with SHA-2"
            }
            Self::Signature => "a certificate was not signed by its issuer: send them unchanged",
            Self::Root => {
                "a root on this service's list is no certificate: its operator has to mend `verifyid.tpm_roots`"
            }
        })
    }
}

impl core::error::Error for EkChainRefused {}

/// Whether a maker whose root is on the list says that this key is one of its TPMs'. `chain` begins with the key's own certificate, each
/// is issued by the next, and the last by a root; all are in DER. Roots count by being on the list: their own days are not looked at.
///
/// # Errors
/// [`EkChainRefused`]: the first thing that is wrong.
pub fn check_ek_certificate(
    key: &EndorsementKey,
    chain: &[&[u8]],
    roots: &[&[u8]],
    now_s: u64,
) -> Result<(), EkChainRefused> {
    let (Some((own, issuers)), 1..=CHAIN_LENGTH_MAX) = (chain.split_first(), chain.len()) else {
        return Err(EkChainRefused::Length(chain.len()));
    };
    let (mut below, mut below_der) = (read(own, EkChainRefused::Form)?, *own);
    check_own(key, &below)?;
    check_days(&below, now_s)?;
    for (depth, issuer_der) in issuers.iter().enumerate() {
        let issuer = read(issuer_der, EkChainRefused::Form)?;
        check_days(&issuer, now_s)?;
        check_issued(&below, below_der, &issuer, depth)?;
        (below, below_der) = (issuer, *issuer_der);
    }
    let mut otherwise = EkChainRefused::NotIssued;
    for root in roots {
        // One that cannot be read hides none behind it, and is no fault of the chain.
        let issued = read(root, EkChainRefused::Root).map_err(|_| EkChainRefused::Root);
        match issued.and_then(|root| check_issued(&below, below_der, &root, issuers.len())) {
            Ok(()) => return Ok(()),
            Err(EkChainRefused::NotIssued) => {}
            Err(refused) => otherwise = refused,
        }
    }
    Err(otherwise)
}

/// Whether a certificate can stand on the list of roots: it reads, may issue, and its key is of a kind that is taken.
///
/// # Errors
/// [`EkChainRefused`]: the first thing that is wrong.
pub fn check_ek_root(root: &[u8]) -> Result<(), EkChainRefused> {
    let certificate = read(root, EkChainRefused::Root)?;
    let content = certificate.tbs_certificate();
    let constraints = content.get_extension::<BasicConstraints>().map_err(|_| EkChainRefused::Root)?;
    if !constraints.is_some_and(|(_, constraints)| constraints.ca) {
        return Err(EkChainRefused::MayNotIssue);
    }
    IssuerKey::read(content.subject_public_key_info()).map(|_| ()).ok_or(EkChainRefused::Algorithm)
}

fn read(der: &[u8], otherwise: EkChainRefused) -> Result<Certificate, EkChainRefused> {
    if der.len() > CERTIFICATE_BYTES_MAX {
        return Err(EkChainRefused::TooLong);
    }
    let certificate = Certificate::from_der(der).map_err(|_| otherwise)?;
    let not_understood = |extension: &Extension| extension.critical && !UNDERSTOOD.contains(&extension.extn_id);
    if certificate.tbs_certificate().extensions().is_some_and(|all| all.iter().any(not_understood)) {
        return Err(EkChainRefused::CriticalExtension);
    }
    Ok(certificate)
}

/// The certificate of the endorsement key itself: its purpose, that it issues nothing, and its key.
fn check_own(key: &EndorsementKey, certificate: &Certificate) -> Result<(), EkChainRefused> {
    let content = certificate.tbs_certificate();
    let purposes = content.get_extension::<ExtendedKeyUsage>().map_err(|_| EkChainRefused::Form)?;
    let constraints = content.get_extension::<BasicConstraints>().map_err(|_| EkChainRefused::Form)?;
    let is_meant = purposes.is_some_and(|(_, purposes)| purposes.0.contains(&EK_CERTIFICATE));
    if !is_meant || constraints.is_some_and(|(_, constraints)| constraints.ca) {
        return Err(EkChainRefused::Purpose);
    }
    if is_key_of(key.area(), content.subject_public_key_info()) { Ok(()) } else { Err(EkChainRefused::OtherKey) }
}

fn check_days(certificate: &Certificate, now_s: u64) -> Result<(), EkChainRefused> {
    let days = certificate.tbs_certificate().validity();
    if now_s < days.not_before.to_unix_duration().as_secs() {
        return Err(EkChainRefused::Early);
    }
    if now_s > days.not_after.to_unix_duration().as_secs() { Err(EkChainRefused::Over) } else { Ok(()) }
}

/// Whether the issuer issued the one below, with so many other issuers between it and the endorsement key.
fn check_issued(
    below: &Certificate,
    below_der: &[u8],
    issuer: &Certificate,
    depth: usize,
) -> Result<(), EkChainRefused> {
    let content = issuer.tbs_certificate();
    if content.subject() != below.tbs_certificate().issuer() {
        return Err(EkChainRefused::NotIssued);
    }
    let constraints = content.get_extension::<BasicConstraints>().map_err(|_| EkChainRefused::Form)?;
    let may_issue = constraints.is_some_and(|(_, constraints)| {
        constraints.ca && constraints.path_len_constraint.is_none_or(|most| depth <= usize::from(most))
    });
    let usage = content.get_extension::<KeyUsage>().map_err(|_| EkChainRefused::Form)?;
    if !may_issue || usage.is_some_and(|(_, usage)| !usage.key_cert_sign()) {
        return Err(EkChainRefused::MayNotIssue);
    }
    // What stands within the signature has to name the same algorithm as what stands beside it.
    let algorithm = below.signature_algorithm();
    if algorithm != below.tbs_certificate().signature() {
        return Err(EkChainRefused::Form);
    }
    let key = IssuerKey::read(content.subject_public_key_info()).ok_or(EkChainRefused::Algorithm)?;
    let signature = below.signature().as_bytes().ok_or(EkChainRefused::Form)?;
    let signed = to_be_signed(below_der).ok_or(EkChainRefused::Form)?;
    match key.has_signed(algorithm.oid, signed, signature) {
        Some(true) => Ok(()),
        Some(false) => Err(EkChainRefused::Signature),
        None => Err(EkChainRefused::Algorithm),
    }
}
