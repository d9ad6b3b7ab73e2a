//! Why a TPM or what it says is not taken.
//!
//! It must not know how it is said over HTTP.

use verifyid_tpm::{CredentialError, EkChainRefused, QuoteRefused, TpmKeyRefused};

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
    pub(crate) fn words(self) -> (String, String) {
        let (message, hint) = match self {
            Self::EndorsementKey(key) => return parted("the endorsement key", &key.to_string()),
            Self::AttestationKey(key) => return parted("the attestation key", &key.to_string()),
            Self::Chain(chain) => return parted("the endorsement key's certificate", &chain.to_string()),
            Self::Quote(quote) => return parted("the quote", &quote.to_string()),
            Self::Credential(error) => return parted("no credential", &error.to_string()),
            Self::EndorsementKind => (
                "the endorsement key is no RSA key of 2,048 bits, by which TPMs are told apart here",
                "take the one of `tpm2_createek -G rsa`",
            ),
            Self::OtherDevice => (
                "this TPM was enrolled for another device",
                "a TPM is for one device: use that device, or revoke it first, which is for good (`thronos device revoke DEVICE --from NAME`)",
            ),
            Self::Full => (
                "this node keeps as many TPMs as it can",
                "ask another node of the authority; the operator has to know",
            ),
            Self::NotEnrolled => {
                ("the device has enrolled no TPM at this node", "enrol it first: `thronos device tpm enrol DEVICE`")
            }
            Self::KeyChanged => (
                "the device has another key than when its TPM was enrolled",
                "enrol the TPM again with the present key: `thronos device tpm enrol DEVICE`",
            ),
            Self::PcrCount => (
                "there are more or fewer values than PCRs that are asked for",
                "send one value for each PCR that the challenge names, in the order of their numbers",
            ),
            Self::PcrValue(number) => {
                let message = format!("PCR {number} has not the value that this node demands");
                let hint = "what the machine started is not what the operator allows (`verifyid.tpm_pcrs`): start what is allowed, or ask the operator";
                return (message, hint.to_owned());
            }
            Self::Meanwhile => (
                "another quote or enrolment of this TPM came in between",
                "ask for another challenge and quote again: `thronos device tpm quote DEVICE`",
            ),
        };
        (message.to_owned(), hint.to_owned())
    }
}

/// A sentence of the crate that judges: what is wrong, a colon, and what to do.
fn parted(of: &str, sentence: &str) -> (String, String) {
    let (message, hint) = sentence.rsplit_once(": ").unwrap_or((sentence, "see /docs"));
    (format!("{of}: {message}"), hint.to_owned())
}
