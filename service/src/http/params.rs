//! Parameters behind the `?` of a request, as fields of a struct.
//!
//! It must not know any parameter. Invariant: what is wrong is refused with the parameter's name, in words for people and never in
//! those of a library.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use languages::Said;
use serde::de::value::MapDeserializer;
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::TEXTS;
use super::error::ApiError;
use super::request::shown;

/// Parameters behind the `?`; unknown ones are refused.
pub struct Params<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        read(parts.uri.query().unwrap_or_default()).map(Self).map_err(Wrong::into_error)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Wrong> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    T::deserialize(MapDeserializer::new(pairs.map(|(name, text)| (name.clone(), Given { name, text }))))
}

/// What is wrong.
#[derive(Debug)]
enum Wrong {
    /// A sentence of ours.
    Said(Said),
    /// What a type says of its own value, which has no name yet.
    Value(String),
}

impl Wrong {
    fn into_error(self) -> ApiError {
        match self {
            Self::Said(said) => ApiError::said(StatusCode::BAD_REQUEST, "bad_parameter", said),
            Self::Value(error) => ApiError::bad("bad_parameter", error, TEXTS.said("parameter_wrong").hint()),
        }
    }
}

impl Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(said) => Display::fmt(said, formatter),
            Self::Value(error) => formatter.write_str(error),
        }
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self::Value(message.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Said(TEXTS.said("parameter_missing").with("name", name))
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::Said(TEXTS.said("parameter_twice").with("name", name))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        Self::Said(TEXTS.said("parameter_unknown").with("name", shown(name)).with("known", known.join(" and ")))
    }
}

/// The text of one parameter.
struct Given<'a> {
    name: Cow<'a, str>,
    text: Cow<'a, str>,
}

impl Given<'_> {
    fn number<T: FromStr + Display>(&self, most: T) -> Result<T, Wrong> {
        self.text.parse().map_err(|_| {
            let (name, text) = (&self.name, shown(&self.text));
            let said = TEXTS.said("parameter_number").with("name", &**name).with("text", text);
            Wrong::Said(said.with("most", most.to_string()))
        })
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Given<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> de::Deserializer<'de> for Given<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let name = self.name;
        let read = visitor.visit_str::<Wrong>(&self.text);
        read.map_err(|wrong| {
            let said = TEXTS.said("parameter_wrong").with("name", &*name).with("error", wrong.to_string());
            Wrong::Said(said)
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_u32(self.number(u32::MAX)?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_u64(self.number(u64::MAX)?)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        address: String,
        limit: Option<u32>,
        from: Option<u64>,
    }

    #[test]
    fn parameters_are_read_as_browsers_write_them() {
        let read = |query| read::<Wanted>(query).map_err(|wrong| wrong.to_string());
        let wanted = |address: &str, limit, from| Ok(Wanted { address: address.to_owned(), limit, from });
        assert_eq!(read("address=thr1x"), wanted("thr1x", None, None));
        assert_eq!(read("limit=7&address=a%20b+c%C3%A4&"), wanted("a b cä", Some(7), None));
        assert_eq!(read("address=&from=18446744073709551615"), wanted("", None, Some(u64::MAX)));
    }

    #[test]
    fn what_is_wrong_with_parameters_is_said_in_our_words_with_the_name_and_the_value() {
        let address = "the parameter `address` is missing";
        let limit =
            |text: &str| format!("the parameter `limit` is `{text}`, and not a whole number from 0 to 4294967295");
        for (query, expected) in [
            ("", address.to_owned()),
            ("limit=1", address.to_owned()),
            ("address=a&limit=-1", limit("-1")),
            ("address=a&limit=", limit("")),
            ("address=a&limit=4294967296", limit("4294967296")),
            ("address=a&limit=1&limit=2", "the parameter `limit` is given twice".to_owned()),
            (
                "address=a&more=1",
                "this route has no parameter `more`, only `address` and `limit` and `from`".to_owned(),
            ),
        ] {
            assert_eq!(read::<Wanted>(query).map_err(|wrong| wrong.to_string()), Err(expected), "{query}");
        }
        let long = read::<Wanted>(&format!("address=a&{}=1", "x%0a".repeat(9_999))).expect_err("unknown").to_string();
        assert!(long.len() < 250 && !long.contains('\n'), "{long}");
    }
}
