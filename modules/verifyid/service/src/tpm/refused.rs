//! Why a TPM or what it says is not taken.
//!
//! It must not know how it is said over HTTP.

use languages::Said;
use verifyid_tpm::{CredentialError, EkChainRefused, QuoteRefused, TpmFormError, TpmKeyRefused};

use crate::api::TEXTS;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TpmRefused {
    /// The endorsement key.
    EndorsementKey(TpmKeyRefused),
    /// The endorsement key is no RSA key, of which every TPM has one.
    EndorsementKind,
    /// The attestation key.
    AttestationKey(TpmKeyRefused),
    /// Its maker's certificates.
    Chain(EkChainRefused),
    /// The TPM is another device's.
    OtherDevice,
    /// As many TPMs are kept as can be.
    Full,
    /// No credential could be made.
    Credential(CredentialError),
    /// The device has no TPM here.
    NotEnrolled,
    /// The device has another key than when its TPM was enrolled.
    KeyChanged,
    /// There are more or fewer values than PCRs.
    PcrCount,
    /// This PCR has not the value that is demanded.
    PcrValue(u8),
    /// The quote.
    Quote(QuoteRefused),
    /// Something else was kept of this TPM since.
    Meanwhile,
}

impl TpmRefused {
    /// A stable name.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::EndorsementKey(key) | Self::AttestationKey(key) => key.code(),
            Self::EndorsementKind => "tpm_ek_kind",
            Self::Chain(chain) => chain.code(),
            Self::OtherDevice => "tpm_of_other_device",
            Self::Full => "too_many_tpms",
            Self::Credential(error) => error.code(),
            Self::NotEnrolled => "tpm_not_enrolled",
            Self::KeyChanged => "tpm_key_changed",
            Self::PcrCount => "quote_pcr_count",
            Self::PcrValue(_) => "quote_pcr_value",
            Self::Quote(quote) => quote.code(),
            Self::Meanwhile => "tpm_changed_meanwhile",
        }
    }

    /// What is wrong, and what to do.
    pub(crate) fn said(self) -> (Said, Said) {
        match self {
            Self::EndorsementKey(key) => parted("of_endorsement_key", key_said(key)),
            Self::AttestationKey(key) => parted("of_attestation_key", key_said(key)),
            Self::Chain(chain) => parted("of_certificate", chain_said(chain)),
            Self::Quote(quote) => parted("of_quote", quote_said(quote)),
            Self::Credential(error) => parted("of_credential", credential_said(error)),
            Self::PcrValue(number) => whole(TEXTS.said(self.code()).with("number", number)),
            _ => whole(TEXTS.said(self.code())),
        }
    }
}

/// A message of the texts, and its hint.
fn whole(said: Said) -> (Said, Said) {
    let hint = said.hint();
    (said, hint)
}

/// What is wrong with a part of what a TPM says, and what to do.
fn parted(of: &'static str, (reason, hint): (Said, Said)) -> (Said, Said) {
    (TEXTS.said(of).with("reason", reason), hint)
}

fn key_said(key: TpmKeyRefused) -> (Said, Said) {
    match key {
        TpmKeyRefused::Form(form) => parted("key_form", form_said(form)),
        _ => whole(TEXTS.said(key.code())),
    }
}

fn quote_said(quote: QuoteRefused) -> (Said, Said) {
    match quote {
        QuoteRefused::Form(form) => parted("quote_form", form_said(form)),
        QuoteRefused::SignatureForm(form) => parted("signature_form", form_said(form)),
        _ => whole(TEXTS.said(quote.code())),
    }
}

fn chain_said(chain: EkChainRefused) -> (Said, Said) {
    whole(match chain {
        EkChainRefused::Length(found) => TEXTS.said(chain.code()).with("found", found),
        _ => TEXTS.said(chain.code()),
    })
}

fn credential_said(error: CredentialError) -> (Said, Said) {
    whole(match error {
        CredentialError::SecretLength(found) => TEXTS.said(error.code()).with("found", found),
        _ => TEXTS.said(error.code()),
    })
}

/// Numbers of a TPM's structures are written as the specification writes them.
fn form_said(form: TpmFormError) -> (Said, Said) {
    let said = TEXTS.said(form.code());
    whole(match form {
        TpmFormError::Short
        | TpmFormError::Trailing
        | TpmFormError::Size
        | TpmFormError::FieldLength
        | TpmFormError::Modulus
        | TpmFormError::Point => said,
        TpmFormError::KeyType(found)
        | TpmFormError::NameAlgorithm(found)
        | TpmFormError::SymmetricAlgorithm(found)
        | TpmFormError::SymmetricMode(found)
        | TpmFormError::Scheme(found)
        | TpmFormError::HashAlgorithm(found)
        | TpmFormError::Curve(found)
        | TpmFormError::KeyDerivation(found)
        | TpmFormError::AttestType(found)
        | TpmFormError::PcrBank(found)
        | TpmFormError::SignatureAlgorithm(found) => said.with("found", format!("{found:#06x}")),
        TpmFormError::Attributes(found) | TpmFormError::Magic(found) => said.with("found", format!("{found:#010x}")),
        TpmFormError::SymmetricBits(found) | TpmFormError::KeyBits(found) => said.with("found", found),
        TpmFormError::Exponent(found) | TpmFormError::PcrBanks(found) => said.with("found", found),
        TpmFormError::Safe(found) => said.with("found", found),
    })
}
