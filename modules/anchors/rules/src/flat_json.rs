//! Canonical JSON of one flat object: names sorted, no spaces, UTF-8, and only texts, integers and booleans.
//!
//! It must not know what the fields mean. Bytes are taken only if they equal what writing them again gives, so one object has one form:
//! that of RFC 8785, which is also that of Python's `json.dumps` with `sort_keys`, `ensure_ascii=False` and no spaces. Names that stand
//! there twice, `-0`, other escapes and spaces all fail by that rule. Nothing nests, so nothing is deep; integers are at most 2^53 - 1, as
//! others read them as floating-point numbers.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// The largest integer, and its negative the smallest: 2^53 - 1.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// What a field may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlatValue {
    /// A text.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A boolean.
    Truth(bool),
}

/// A flat object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlatJson(pub BTreeMap<String, FlatValue>);

impl FlatJson {
    /// Reads the one form of an object; nothing if the bytes are anything else.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let fields = serde_json::from_slice(bytes).map(Self).ok()?;
        (fields.to_bytes() == bytes).then_some(fields)
    }

    /// The one form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).expect("texts and integers can always be written")
    }
}

impl Serialize for FlatValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Truth(truth) => serializer.serialize_bool(*truth),
        }
    }
}

impl<'de> Deserialize<'de> for FlatValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlatVisitor)
    }
}

/// Takes what is flat; lists, objects, `null` and fractions are refused where they begin.
struct FlatVisitor;

impl Visitor<'_> for FlatVisitor {
    type Value = FlatValue;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a text, an integer or a boolean")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<FlatValue, E> {
        Ok(FlatValue::Text(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<FlatValue, E> {
        Ok(FlatValue::Truth(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<FlatValue, E> {
        if (-INTEGER_MAX..=INTEGER_MAX).contains(&number) {
            Ok(FlatValue::Integer(number))
        } else {
            Err(E::custom("an integer beyond 2^53 - 1"))
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<FlatValue, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reads(text: &str) -> bool {
        FlatJson::read(text.as_bytes()).is_some()
    }

    #[test]
    fn the_one_form_is_read() {
        for text in [
            "{}",
            r#"{"a":1}"#,
            r#"{"a":-1,"b":true,"c":false,"d":""}"#,
            r#"{"a":9007199254740991,"b":-9007199254740991}"#,
            "{\"a\":\"é\u{7f}\u{1f980}\"}",
            r#"{"a":"\"\\\b\f\n\r\t\u0000\u001f/"}"#,
            r#"{"":0}"#,
        ] {
            assert!(reads(text), "{text}");
        }
    }

    #[test]
    fn every_other_form_is_refused() {
        for text in [
            "",
            " ",
            "null",
            "[]",
            "1",
            "\"a\"",
            "{",
            "{}}",
            "{} ",
            "\u{feff}{}",
            r#"{"a": 1}"#,
            r#"{"a":1 }"#,
            r#"{"a":1,}"#,
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":null}"#,
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e2}"#,
            r#"{"a":-0}"#,
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":-9007199254740992}"#,
            r#"{"a":18446744073709551615}"#,
            r#"{"a":18446744073709551616}"#,
            r#"{"a":NaN}"#,
            r#"{"a":True}"#,
            r#"{"a":"\u0041"}"#,
            r#"{"a":"\u000A"}"#,
            r#"{"a":"\u000a"}"#,
            r#"{"a":"\u001F"}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":"\ud83e\udd80"}"#,
            r#"{"a":"\ud800"}"#,
            "{\"a\":\"\n\"}",
            "{'a':1}",
            "{a:1}",
        ] {
            assert!(!reads(text), "{text}");
        }
        assert_eq!(FlatJson::read(b"{\"a\":\"\xff\"}"), None, "no UTF-8");
        assert_eq!(FlatJson::read(&b"[".repeat(100_000)), None, "as deep as it likes");
        let deep = [&b"{\"a\":"[..], &b"{\"a\":".repeat(100_000)].concat();
        assert_eq!(FlatJson::read(&deep), None);
    }

    fn values() -> impl Strategy<Value = FlatValue> {
        prop_oneof![
            any::<String>().prop_map(FlatValue::Text),
            (-INTEGER_MAX..=INTEGER_MAX).prop_map(FlatValue::Integer),
            any::<bool>().prop_map(FlatValue::Truth),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(fields in proptest::collection::btree_map(any::<String>(), values(), 0..8)) {
            let object = FlatJson(fields);
            prop_assert_eq!(FlatJson::read(&object.to_bytes()), Some(object));
        }

        #[test]
        fn any_bytes_are_read_in_one_form_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(read) = FlatJson::read(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }

        #[test]
        fn what_looks_like_json_is_read_in_one_form_or_refused(text in r#"\{("[ab]":(-?[0-9]{1,3}|"[a\\n]{0,2}"|true|null|\[\]|\{\}),?){0,3}\}"#) {
            if let Some(read) = FlatJson::read(text.as_bytes()) {
                prop_assert_eq!(read.to_bytes(), text.as_bytes());
            }
        }
    }
}
