//! What AI services sign: the payloads `AI_SERVICE_REGISTER` and `AI_ATTESTATION`, and their bytes.
//!
//! It must not know state. A payload is canonical JSON with a closed list of fields; what is signed is a prefix and these bytes, the txid
//! their SHA-256, which is also the digest of the signature. Neither names the chain or the account: the transaction that carries it does,
//! and its sender must be the service's account.

use std::collections::BTreeMap;

use crypto::hash;
use types::{Hash32, Secp256k1Key, TimeMs};

use crate::call::PAYLOAD_BYTES_MAX;
use crate::flat_json::{FlatJson, FlatValue};
use crate::names::{is_name, is_scopes};
use crate::reject::AnchorsReject;

const REGISTER: &str = "AI_SERVICE_REGISTER";
const ATTEST: &str = "AI_ATTESTATION";

/// The hashes that an attestation may hold, by their names; each is 64 lower-case hexadecimal digits.
pub const HASH_FIELDS: [&str; 6] =
    ["artifact_sha256", "dataset_sha256", "input_sha256", "job_fingerprint_sha256", "model_sha256", "output_sha256"];

/// What registers a service: `created_at`, `pubkey`, `scopes`, `service` and `tx_type`, all of them and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePayload {
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
    /// The service's key; whether it is a point is not known here.
    pub key: Secp256k1Key,
    /// What it may do: words, strictly rising, a space between two.
    pub scopes: String,
    /// Its name.
    pub service: String,
}

/// What a service attests: `artifact_type`, `created_at`, `service` and `tx_type`, all of them, and any of [`HASH_FIELDS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationPayload {
    /// What it is about; a name.
    pub artifact_type: String,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
    /// The service's name.
    pub service: String,
    /// The hashes, by the names of their fields.
    pub hashes: BTreeMap<&'static str, Hash32>,
}

impl ServicePayload {
    /// Reads the one form of it.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, AnchorsReject> {
        let mut fields = Fields::read(bytes, REGISTER, &["created_at", "pubkey", "scopes", "service"], &[])?;
        Ok(Self {
            created_at: fields.seconds("created_at")?,
            key: fields.hex("pubkey")?,
            scopes: fields.text("scopes", is_scopes)?,
            service: fields.text("service", |text| is_name(text.as_bytes()))?,
        })
    }

    /// The one form of it: canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        written([
            ("created_at", integer(self.created_at)),
            ("pubkey", FlatValue::Text(self.key.to_string())),
            ("scopes", FlatValue::Text(self.scopes.clone())),
            ("service", FlatValue::Text(self.service.clone())),
            ("tx_type", FlatValue::Text(REGISTER.to_owned())),
        ])
    }

    /// SHA-256 of what is signed: `THRONOS|AI_SERVICE_REGISTER|V1|` and the payload.
    #[must_use]
    pub fn txid(payload: &[u8]) -> Hash32 {
        Hash32(hash::sha256(&[format!("THRONOS|{REGISTER}|V1|").as_bytes(), payload].concat()))
    }
}

impl AttestationPayload {
    /// Reads the one form of it.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, AnchorsReject> {
        let mut fields = Fields::read(bytes, ATTEST, &["artifact_type", "created_at", "service"], &HASH_FIELDS)?;
        let mut hashes = BTreeMap::new();
        for name in HASH_FIELDS {
            if fields.0.contains_key(name) {
                hashes.insert(name, fields.hex(name)?);
            }
        }
        Ok(Self {
            artifact_type: fields.text("artifact_type", |text| is_name(text.as_bytes()))?,
            created_at: fields.seconds("created_at")?,
            service: fields.text("service", |text| is_name(text.as_bytes()))?,
            hashes,
        })
    }

    /// The one form of it: canonical JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let hashes = self.hashes.iter().map(|(name, hash)| (*name, FlatValue::Text(hash.to_string())));
        written(hashes.chain([
            ("artifact_type", FlatValue::Text(self.artifact_type.clone())),
            ("created_at", integer(self.created_at)),
            ("service", FlatValue::Text(self.service.clone())),
            ("tx_type", FlatValue::Text(ATTEST.to_owned())),
        ]))
    }

    /// SHA-256 of what is signed: `THRONOS|AI_ATTESTATION|V1|`, the service, `|`, and the payload.
    #[must_use]
    pub fn txid(service: &str, payload: &[u8]) -> Hash32 {
        Hash32(hash::sha256(&[format!("THRONOS|{ATTEST}|V1|{service}|").as_bytes(), payload].concat()))
    }
}

fn written<'a>(fields: impl IntoIterator<Item = (&'a str, FlatValue)>) -> Vec<u8> {
    FlatJson(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()).to_bytes()
}

fn integer(number: u64) -> FlatValue {
    FlatValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A time of a payload as block time is.
pub(crate) const fn time_of(created_at: u64) -> TimeMs {
    TimeMs(created_at.saturating_mul(1_000))
}

/// Fields of a payload that are to be looked at one by one.
struct Fields(BTreeMap<String, FlatValue>);

impl Fields {
    /// Reads canonical JSON of this type, with all that is needed and nothing that is not allowed.
    fn read(bytes: &[u8], tx_type: &str, needed: &[&str], allowed: &[&str]) -> Result<Self, AnchorsReject> {
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(AnchorsReject::PayloadTooLarge);
        }
        let FlatJson(mut fields) = FlatJson::read(bytes).ok_or(AnchorsReject::NotCanonical)?;
        match fields.remove("tx_type") {
            Some(FlatValue::Text(found)) if found == tx_type => {}
            Some(_) => return Err(AnchorsReject::UnknownTxType),
            None => return Err(AnchorsReject::MissingFields),
        }
        if fields.keys().any(|name| !needed.contains(&name.as_str()) && !allowed.contains(&name.as_str())) {
            return Err(AnchorsReject::UnknownField);
        }
        if needed.iter().any(|name| !fields.contains_key(*name)) {
            return Err(AnchorsReject::MissingFields);
        }
        Ok(Self(fields))
    }

    /// A text of some form.
    fn text(&mut self, name: &str, is_right: impl Fn(&str) -> bool) -> Result<String, AnchorsReject> {
        match self.0.remove(name) {
            Some(FlatValue::Text(text)) if is_right(&text) => Ok(text),
            _ => Err(AnchorsReject::MalformedField),
        }
    }

    /// Bytes as lower-case hexadecimal digits, as they write themselves.
    fn hex<T: std::str::FromStr + std::fmt::Display>(&mut self, name: &str) -> Result<T, AnchorsReject> {
        let text = self.text(name, |text| text.is_ascii())?;
        let bytes: T = text.parse().map_err(|_| AnchorsReject::MalformedField)?;
        if bytes.to_string() == text { Ok(bytes) } else { Err(AnchorsReject::MalformedField) }
    }

    /// Seconds since 1970.
    fn seconds(&mut self, name: &str) -> Result<u64, AnchorsReject> {
        match self.0.remove(name) {
            Some(FlatValue::Integer(number)) => u64::try_from(number).map_err(|_| AnchorsReject::MalformedField),
            _ => Err(AnchorsReject::MalformedField),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGITS: &str = "abababababababababababababababababababababababababababababababab";

    fn attested(fields: &str) -> Result<AttestationPayload, AnchorsReject> {
        AttestationPayload::read(fields.as_bytes())
    }

    fn registered(fields: &str) -> Result<ServicePayload, AnchorsReject> {
        ServicePayload::read(fields.as_bytes())
    }

    #[test]
    fn an_attestation_has_its_four_fields_and_hashes_and_nothing_else() {
        let plain = r#"{"artifact_type":"model","created_at":1,"service":"demo","tx_type":"AI_ATTESTATION"}"#;
        let read = attested(plain).expect("four fields are enough");
        assert_eq!((read.artifact_type.as_str(), read.created_at, read.service.as_str()), ("model", 1, "demo"));
        assert!(read.hashes.is_empty());
        for name in HASH_FIELDS {
            let hashes = BTreeMap::from([(name, DIGITS.parse().expect("a hash"))]);
            let with = AttestationPayload { hashes, ..read.clone() };
            assert_eq!(AttestationPayload::read(&with.to_bytes()), Ok(with));
        }
        for field in ["email", "metadata", "name", "nonce", "prompt", "tenant_id", "zip", "artifact_sha256 ", "é"] {
            let json = plain.replace(r#","tx_type""#, &format!(r#","{field}":1,"tx_type""#));
            let mut sorted: BTreeMap<String, serde_json::Value> = serde_json::from_str(&json).expect("an object");
            let json = serde_json::to_string(&sorted).expect("an object");
            assert_eq!(attested(&json), Err(AnchorsReject::UnknownField), "{json}");
            sorted.remove(field);
            assert_eq!(serde_json::to_string(&sorted).expect("an object"), plain);
        }
        for field in ["artifact_type", "created_at", "service", "tx_type"] {
            let mut fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(plain).expect("an object");
            fields.remove(field);
            let json = serde_json::to_string(&fields).expect("an object");
            assert_eq!(attested(&json), Err(AnchorsReject::MissingFields), "{field}");
        }
    }

    #[test]
    fn a_field_of_another_type_or_form_is_malformed() {
        let with = |name: &str, value: &str| {
            let plain = r#"{"artifact_type":"model","created_at":1,"service":"demo","tx_type":"AI_ATTESTATION"}"#;
            let mut fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(plain).expect("an object");
            fields.insert(name.to_owned(), serde_json::from_str(value).expect("a value"));
            attested(&serde_json::to_string(&fields).expect("an object"))
        };
        let digits = |digits: String| format!("\"{digits}\"");
        let wrong = [
            ("artifact_type", "1".to_owned()),
            ("artifact_type", r#""""#.to_owned()),
            ("artifact_type", r#""A model of mine""#.to_owned()),
            ("created_at", r#""1""#.to_owned()),
            ("created_at", "true".to_owned()),
            ("created_at", "-1".to_owned()),
            ("service", "true".to_owned()),
            ("service", r#""de|mo""#.to_owned()),
            ("service", digits("a".repeat(65))),
            ("model_sha256", "7".to_owned()),
            ("model_sha256", digits(DIGITS.to_uppercase())),
            ("model_sha256", digits(DIGITS[1..].to_owned())),
            ("model_sha256", digits(format!("0x{}", &DIGITS[2..]))),
            ("model_sha256", digits("é".repeat(32))),
        ];
        for (name, value) in wrong {
            assert_eq!(with(name, &value), Err(AnchorsReject::MalformedField), "{name} {value}");
        }
        for value in [r#""AI_SERVICE_REGISTER""#, r#""ai_attestation""#, r#""""#, "1", "true"] {
            assert_eq!(with("tx_type", value), Err(AnchorsReject::UnknownTxType), "{value}");
        }
        for value in ["null", "1.5", "[]", r#"{"a":1}"#] {
            assert_eq!(with("created_at", value), Err(AnchorsReject::NotCanonical), "{value}");
        }
    }

    #[test]
    fn a_registration_has_its_five_fields_and_nothing_else() {
        let key = format!("02{DIGITS}");
        let plain = format!(
            r#"{{"created_at":1,"pubkey":"{key}","scopes":"ai:attest","service":"demo","tx_type":"AI_SERVICE_REGISTER"}}"#
        );
        let read = registered(&plain).expect("five fields");
        assert_eq!(read.to_bytes(), plain.as_bytes());
        let wrong = [
            (r#""scopes":"ai:attest""#, r#""scopes":"""#, AnchorsReject::MalformedField),
            (r#""scopes":"ai:attest""#, r#""scopes":"b a""#, AnchorsReject::MalformedField),
            (r#""scopes":"ai:attest""#, r#""scopes":["ai:attest"]"#, AnchorsReject::NotCanonical),
            (r#""service":"demo""#, r#""service":"Demo""#, AnchorsReject::MalformedField),
            (r#""service":"demo""#, r#""service_name":"demo""#, AnchorsReject::UnknownField),
            (r#""scopes":"ai:attest","#, "", AnchorsReject::MissingFields),
            ("AI_SERVICE_REGISTER", "AI_ATTESTATION", AnchorsReject::UnknownTxType),
            ("02ab", "02AB", AnchorsReject::MalformedField),
            ("02ab", "02", AnchorsReject::MalformedField),
            (r#""created_at":1"#, r#""created_at":-1"#, AnchorsReject::MalformedField),
        ];
        for (what, by, reject) in wrong {
            assert_eq!(registered(&plain.replacen(what, by, 1)), Err(reject), "{by}");
        }
    }

    #[test]
    fn a_payload_has_at_most_2048_bytes() {
        let of = |length: usize| {
            let empty = r#"{"a":""}"#.len();
            format!(r#"{{"a":"{}"}}"#, "x".repeat(length - empty))
        };
        assert_eq!(attested(&of(2_048)), Err(AnchorsReject::MissingFields), "read, and found wanting");
        assert_eq!(attested(&of(2_049)), Err(AnchorsReject::PayloadTooLarge));
        assert_eq!(registered(&of(2_049)), Err(AnchorsReject::PayloadTooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_one_payload_or_rejected(bytes in proptest::collection::vec(any::<u8>(), 0..2_100)) {
            if let Ok(read) = AttestationPayload::read(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes.clone());
            }
            if let Ok(read) = ServicePayload::read(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }

        #[test]
        fn a_changed_payload_is_another_one_in_its_one_form_or_rejected(
            place in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..3_u8, hashes in any::<[bool; 6]>(),
        ) {
            let hashes = HASH_FIELDS.into_iter().zip(hashes).filter(|(_, there)| *there);
            let hashes = hashes.map(|(name, _)| (name, Hash32([0x5a; 32]))).collect();
            let (artifact_type, service) = ("model".to_owned(), "demo".to_owned());
            let right = AttestationPayload { artifact_type, created_at: 1_710_000_000, service, hashes };
            let mut bytes = right.to_bytes();
            prop_assert_eq!(AttestationPayload::read(&bytes), Ok(right));
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
            if let Ok(read) = AttestationPayload::read(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }
}
