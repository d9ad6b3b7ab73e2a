//! Words and numbers that stand in calls: which forms they have, and what they mean.
//!
//! It must not know state. Everything that is a text here is ASCII of few letters, so that it can be shown as it is and holds no prose.

use serde::{Deserialize, Serialize};

/// Longest namespace of a put, in bytes.
pub const NAMESPACE_BYTES_MAX: usize = 16;
/// Longest key of a put, in bytes.
pub const KEY_BYTES_MAX: usize = 64;
/// Longest name of a service or of a type of artifacts, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest text of scopes, in bytes.
pub const SCOPES_BYTES_MAX: usize = 128;
/// Longest scope, in bytes.
const SCOPE_BYTES_MAX: usize = 32;
/// What a service must be registered for to attest.
pub const ATTEST_SCOPE: &str = "ai:attest";

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
}

/// Whether bytes are a name: one to [`NAME_BYTES_MAX`] lower-case letters, digits and `.`, `_`, `-`.
#[must_use]
pub fn is_name(bytes: &[u8]) -> bool {
    (1..=NAME_BYTES_MAX).contains(&bytes.len()) && bytes.iter().copied().all(is_name_byte)
}

/// Whether bytes may be the key of a put: one to [`KEY_BYTES_MAX`] visible characters of ASCII. A hash fits as 64 hexadecimal digits.
#[must_use]
pub fn is_put_key(bytes: &[u8]) -> bool {
    (1..=KEY_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

/// Whether a text is a list of scopes: at least one, strictly rising, a space between two.
#[must_use]
pub fn is_scopes(text: &str) -> bool {
    let is_scope = |scope: &&str| {
        (1..=SCOPE_BYTES_MAX).contains(&scope.len()) && scope.bytes().all(|byte| is_name_byte(byte) || byte == b':')
    };
    text.len() <= SCOPES_BYTES_MAX
        && text.split(' ').is_sorted_by(|a, b| a < b)
        && text.split(' ').all(|s| is_scope(&s))
}

/// What bytes of a checked name say; they are ASCII.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What an anchored hash is of; its number is on the chain and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum HashKind {
    /// A document.
    Document = 1,
    /// A salted commitment to an identity.
    Identity = 2,
    /// A signature.
    Signature = 3,
    /// A salted commitment to a check of a customer.
    Kyc = 4,
    /// A model.
    Model = 5,
    /// A pack of exports.
    Export = 6,
    /// Evidence.
    Evidence = 7,
}

impl HashKind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Document, Self::Identity, Self::Signature, Self::Kyc, Self::Model, Self::Export, Self::Evidence];

    /// The one with this number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// What it is, in words.
    #[must_use]
    pub const fn said(self) -> &'static str {
        match self {
            Self::Document => "a document",
            Self::Identity => "a commitment to an identity",
            Self::Signature => "a signature",
            Self::Kyc => "a commitment to a check of a customer",
            Self::Model => "a model",
            Self::Export => "a pack of exports",
            Self::Evidence => "evidence",
        }
    }
}

/// How an agreement was signed; its number is on the chain and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum SigningMethod {
    /// Qualified electronic signatures.
    Qes = 1,
    /// Electronic signatures of verified persons.
    VerifiedEsign = 2,
    /// Both.
    Mixed = 3,
}

impl SigningMethod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Qes, Self::VerifiedEsign, Self::Mixed];

    /// The one with this number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|method| *method as u8 == number)
    }

    /// Its name, as CONTRACT_ANCHOR_V1 writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Qes => "QES",
            Self::VerifiedEsign => "VERIFIED_ESIGN",
            Self::Mixed => "MIXED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_lower_case_and_without_prose() {
        let (longest, longer) = ("a".repeat(64), "a".repeat(65));
        for name in ["a", "demo", "career-forge.v2_x", "0", &longest] {
            assert!(is_name(name.as_bytes()), "{name}");
        }
        for other in ["", "Demo", "a b", "a|b", "a:b", "é", "a\0", &longer] {
            assert!(!is_name(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_key_of_a_put_is_visible_ascii() {
        let (longest, longer) = ("f".repeat(64), "f".repeat(65));
        for key in ["20261130", "export_1/stable", "!~", &longest] {
            assert!(is_put_key(key.as_bytes()), "{key}");
        }
        for other in ["", "a b", "a\n", "é", "\u{7f}", &longer] {
            assert!(!is_put_key(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn scopes_rise_and_stand_one_space_apart() {
        for scopes in ["ai:attest", "ai:attest ai:train", "a b c", &"x".repeat(32)] {
            assert!(is_scopes(scopes), "{scopes}");
        }
        let (long_scope, long) = ("x".repeat(33), (10..60).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" "));
        for other in ["", " ", "a ", " a", "a  b", "b a", "a a", "A", "a,b", &long_scope, &long] {
            assert!(!is_scopes(other), "{other}");
        }
    }

    #[test]
    fn kinds_and_methods_are_the_numbers_that_they_were() {
        let kinds = HashKind::ALL.map(|kind| kind as u8);
        assert_eq!(kinds, [1, 2, 3, 4, 5, 6, 7]);
        assert!(HashKind::ALL.iter().all(|kind| HashKind::of(*kind as u8) == Some(*kind)));
        assert_eq!((HashKind::of(0), HashKind::of(8)), (None, None));
        for method in SigningMethod::ALL {
            assert_eq!(SigningMethod::of(method as u8), Some(method));
            assert_eq!(serde_json::to_value(method).expect("a text"), method.name());
        }
        assert_eq!((SigningMethod::of(0), SigningMethod::of(4)), (None, None));
    }
}
