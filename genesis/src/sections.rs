//! Reading the sections of a genesis file: values of any form, because only their modules know theirs, and therefore counted. Two
//! bytes of a file are 32 in memory as a value of its own, and the file may come from a stranger.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Values in all sections together: texts, numbers, lists, objects.
const VALUES_MAX: usize = 1 << 20;

/// Reads `modules`.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let left = Cell::new(VALUES_MAX);
    match (Counted { left: &left }).deserialize(deserializer)? {
        Value::Object(sections) => Ok(sections.into_iter().collect()),
        _ => Err(D::Error::custom("`modules` is an object with a section for each module")),
    }
}

/// A value, of which so many may still come.
#[derive(Clone, Copy)]
struct Counted<'c> {
    left: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| D::Error::custom(format!("the sections hold more than {VALUES_MAX} values")))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            all.push(element);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!("`{key}` is there twice")));
            }
            all.insert(key, fields.next_value_seed(self)?);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<BTreeMap<String, Value>, String> {
        read(&mut serde_json::Deserializer::from_str(text)).map_err(|error| error.to_string())
    }

    // FAULTS RE15
    #[test]
    fn sections_are_read_as_they_stand_and_too_many_values_are_refused_while_they_are_read() {
        let text = r#"{"a":{"b":[1,-2,0.5,"x",null,true,{}]},"c":[]}"#;
        assert_eq!(read_text(text).map(|read| serde_json::json!(read).to_string()), Ok(text.to_owned()));
        let many = format!("{{\"a\":[0{}]}}", ",0".repeat(VALUES_MAX));
        assert!(read_text(&many).expect_err("too many").contains("more than 1048576 values"));
        assert!(read_text("[]").is_err() && read_text(r#"{"a":1,"a":2}"#).expect_err("twice").contains("twice"));
    }
}
