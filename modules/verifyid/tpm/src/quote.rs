//! Judges a quote: who signed it, for whom, when by the TPM's clock, and over which PCRs.
//!
//! The signature is looked at first, so that whatever is said behind is said of a TPM's own words.

use core::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::attest::{PcrSelection, Quote, TpmClock};
use crate::form::TpmFormError;
use crate::key_roles::AttestationKey;
use crate::public_area::TpmName;
use crate::signature::TpmSignature;

/// PCRs and their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PcrState {
    /// Which they are.
    pub selection: PcrSelection,
    /// SHA-256 of their values, in the order of their numbers.
    pub digest: [u8; 32],
}

impl PcrState {
    /// Of their values, in the order of their numbers; nothing if there are more or fewer than PCRs.
    #[must_use]
    pub fn of(selection: PcrSelection, values: &[[u8; 32]]) -> Option<Self> {
        (values.len() == selection.count())
            .then(|| Self { selection, digest: Sha256::digest(values.as_flattened()).into() })
    }
}

/// What is remembered of the last quote of the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LastQuote {
    /// The TPM's clock then.
    pub clock: TpmClock,
    /// The version of its firmware then.
    pub firmware: u64,
}

/// What a quote has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExpectedQuote {
    /// What the TPM was given: SHA-256 of the challenge.
    pub extra_data: [u8; 32],
    /// Who signed the quote at the enrolment; nothing at the enrolment itself, where [`ProvenQuote::qualified_signer`] is to be kept.
    pub qualified_signer: Option<TpmName>,
    /// The PCRs of the policy.
    pub pcrs: PcrState,
    /// The last quote of this key, if there was one.
    pub last: Option<LastQuote>,
}

/// What a quote proves: a TPM that has this key said so, after the challenge was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProvenQuote {
    /// The key's name.
    pub key: TpmName,
    /// Who signed, with all above it.
    pub qualified_signer: TpmName,
    /// To be kept for the next quote.
    pub now: LastQuote,
    /// Whether the firmware is another one than at the last quote. That is to be told, and refuses nothing.
    pub is_firmware_changed: bool,
    /// The PCRs.
    pub pcrs: PcrState,
}

/// Why a quote proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteRefused {
    /// It is no quote that is taken here.
    Form(TpmFormError),
    /// Its signature is none that is taken here.
    SignatureForm(TpmFormError),
    /// The signature is of another kind of key.
    SignatureKind,
    /// The key did not sign it.
    Signature,
    /// It is signed under other keys than at the enrolment.
    QualifiedSigner,
    /// It answers another challenge.
    ExtraData,
    /// The TPM's clock may have been greater before.
    ClockUnsafe,
    /// The TPM had begun anew more often before.
    ResetsFell,
    /// The TPM had gone on more often before.
    RestartsFell,
    /// The TPM's clock did not go on since the last quote.
    ClockStood,
    /// It is of other PCRs.
    PcrSelection,
    /// The PCRs have other values.
    PcrDigest,
}

impl QuoteRefused {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form(form) | Self::SignatureForm(form) => form.code(),
            Self::SignatureKind => "quote_signature_kind",
            Self::Signature => "quote_signature",
            Self::QualifiedSigner => "quote_qualified_signer",
            Self::ExtraData => "quote_extra_data",
            Self::ClockUnsafe => "quote_clock_unsafe",
            Self::ResetsFell => "quote_resets_fell",
            Self::RestartsFell => "quote_restarts_fell",
            Self::ClockStood => "quote_clock_stood",
            Self::PcrSelection => "quote_pcr_selection",
            Self::PcrDigest => "quote_pcr_digest",
        }
    }
}

impl fmt::Display for QuoteRefused {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Form(form) => return write!(to, "this is no quote: {form}"),
            Self::SignatureForm(form) => return write!(to, "this is no signature of a TPM: {form}"),
            Self::SignatureKind => "the signature is of another kind of key: quote with the key that was enrolled",
            Self::Signature => {
                "the key did not sign this: quote with the enrolled key, and send message and signature of one quote"
            }
            Self::QualifiedSigner => "the key has other keys above it than at its enrolment: enrol it anew",
            Self::ExtraData => "the quote answers another challenge: quote with the 32 bytes of this one",
            Self::ClockUnsafe => {
                "the TPM lost its power without a shutdown and does not vouch for its clock: try again in an hour"
            }
            Self::ResetsFell | Self::RestartsFell => {
                "the TPM was cleared, or this is an older quote: enrol it anew if it was cleared"
            }
            Self::ClockStood => {
                "the TPM's clock did not go on since the last quote: ask for another challenge and quote anew"
            }
            Self::PcrSelection => {
                "the quote is of other PCRs than are asked for: quote those of SHA-256 that the policy names"
            }
            Self::PcrDigest => "the PCRs have other values than the policy has: what the machine started was changed",
        })
    }
}

impl core::error::Error for QuoteRefused {}

/// Judges a quote. `attest` is a `TPMS_ATTEST`, `signature` a `TPMT_SIGNATURE`. It proves that a TPM has the key only where the key was
/// enrolled by a credential.
///
/// # Errors
/// [`QuoteRefused`]: the first thing that is wrong.
pub fn verify_quote(
    key: &AttestationKey,
    attest: &[u8],
    signature: &[u8],
    expected: &ExpectedQuote,
) -> Result<ProvenQuote, QuoteRefused> {
    let quote = Quote::read(attest).map_err(QuoteRefused::Form)?;
    let signature = TpmSignature::read(signature).map_err(QuoteRefused::SignatureForm)?;
    if signature.kind() != key.area().kind() {
        return Err(QuoteRefused::SignatureKind);
    }
    if !signature.is_by(key.area(), attest) {
        return Err(QuoteRefused::Signature);
    }
    let is_same_signer = expected.qualified_signer.is_none_or(|signer| signer == quote.qualified_signer);
    for (is_right, otherwise) in [
        (is_same_signer, QuoteRefused::QualifiedSigner),
        (quote.extra_data.ct_eq(&expected.extra_data).into(), QuoteRefused::ExtraData),
        (quote.clock.is_safe, QuoteRefused::ClockUnsafe),
        (quote.pcrs == expected.pcrs.selection, QuoteRefused::PcrSelection),
        (quote.pcr_digest == expected.pcrs.digest, QuoteRefused::PcrDigest),
    ] {
        if !is_right {
            return Err(otherwise);
        }
    }
    if let Some(last) = &expected.last {
        goes_on(&quote.clock, &last.clock)?;
    }
    Ok(ProvenQuote {
        key: *key.name(),
        qualified_signer: quote.qualified_signer,
        now: LastQuote { clock: quote.clock, firmware: quote.firmware },
        is_firmware_changed: expected.last.is_some_and(|last| last.firmware != quote.firmware),
        pcrs: expected.pcrs,
    })
}

/// A reset begins the restarts anew, so these are compared between two resets only; the clock goes on through restarts.
fn goes_on(now: &TpmClock, last: &TpmClock) -> Result<(), QuoteRefused> {
    if now.resets < last.resets {
        return Err(QuoteRefused::ResetsFell);
    }
    if now.resets > last.resets {
        return Ok(());
    }
    if now.restarts < last.restarts {
        return Err(QuoteRefused::RestartsFell);
    }
    if now.clock_ms <= last.clock_ms { Err(QuoteRefused::ClockStood) } else { Ok(()) }
}
