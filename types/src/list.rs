//! A list with a bound that its decoder checks before it allocates.

use std::fmt;
use std::marker::PhantomData;

use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::codec::invalid_data;

/// At most `MAX` values in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> List<T, MAX> {
    /// Takes the values if there are at most `MAX`; otherwise gives them back.
    ///
    /// # Errors
    /// The values themselves, when there are more than `MAX`.
    pub fn new(values: Vec<T>) -> Result<Self, Vec<T>> {
        if values.len() > MAX { Err(values) } else { Ok(Self(values)) }
    }

    /// The values.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MAX: usize> std::ops::Deref for List<T, MAX> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T, const MAX: usize> IntoIterator for &'a List<T, MAX> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: BorshSerialize, const MAX: usize> BorshSerialize for List<T, MAX> {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.0.serialize(writer)
    }
}

impl<T: BorshDeserialize, const MAX: usize> BorshDeserialize for List<T, MAX> {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let count = u32::deserialize_reader(reader)? as usize;
        if count > MAX {
            return Err(invalid_data(format!("a list of {count} values, at most {MAX} are allowed")));
        }
        // Grows with what is really there: a claimed length alone reserves no more than a page.
        let mut values = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            values.push(T::deserialize_reader(reader)?);
        }
        Ok(Self(values))
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ListVisitor<T, MAX> {
    type Value = List<T, MAX>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {MAX} values")
    }

    /// A value can take a few bytes of a text and many of memory, so what is too much is only counted.
    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while values.len() < MAX {
            match texts.next_element()? {
                Some(value) => values.push(value),
                None => return Ok(List(values)),
            }
        }
        let mut count = MAX;
        while texts.next_element::<IgnoredAny>()?.is_some() {
            count = count.saturating_add(1);
        }
        if count > MAX {
            return Err(A::Error::custom(format!("{count} values, at most {MAX} are allowed")));
        }
        Ok(List(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RE18
    #[test]
    fn what_a_text_has_above_the_bound_is_counted_and_not_kept() {
        let read = |json: &str| serde_json::from_str::<List<u8, 2>>(json);
        for (json, values) in [("[]", &[][..]), ("[7]", &[7]), ("[7, 8]", &[7, 8])] {
            assert_eq!(&*read(json).expect(json), values);
        }
        // The third is none of its kind, and nobody has looked.
        for (json, count) in [("[7, 8, 9]", 3), (r#"[7, 8, "no number", {}]"#, 4)] {
            let why = read(json).expect_err(json).to_string();
            assert!(why.contains(&format!("{count} values, at most 2 are allowed")), "{why}");
        }
        for json in ["7", "[7", r#"[7, "no number"]"#, "[7, 8, !]"] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
