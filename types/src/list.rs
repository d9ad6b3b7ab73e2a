//! A list with a bound that its decoder checks before it allocates.

use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};

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
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = <Vec<T> as Deserialize>::deserialize(deserializer)?;
        Self::new(values)
            .map_err(|values| serde::de::Error::custom(format!("{} values, at most {MAX} are allowed", values.len())))
    }
}
