//! Lists in a node's answer that end where an honest one does, while they are read.
//!
//! The shortest elements take a few bytes of an answer and many of memory, so a bound on the answer's bytes alone is none on memory.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// Reads a list of at most `MAX` elements; the first one more ends the reading.
pub(super) fn at_most<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(AtMost::<T, MAX>(PhantomData))
}

struct AtMost<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for AtMost<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() >= MAX {
                return Err(A::Error::custom(format!("a list has more than {MAX} elements")));
            }
            list.push(element);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::at_most;

    #[derive(Debug, Deserialize)]
    struct Answer {
        #[serde(default, deserialize_with = "at_most::<_, _, 2>")]
        list: Vec<String>,
    }

    // FAULTS RE18
    #[test]
    fn a_list_of_a_node_ends_where_an_honest_one_does_before_the_rest_is_read() {
        for (json, length) in [("{}", 0), (r#"{"list": []}"#, 0), (r#"{"list": ["", "b"]}"#, 2)] {
            assert_eq!(serde_json::from_str::<Answer>(json).expect(json).list.len(), length);
        }
        // What stands behind the third element is not even JSON: nobody has come so far.
        for json in [r#"{"list": ["", "", ""]}"#, r#"{"list": ["", "", "", !!"#] {
            let why = serde_json::from_str::<Answer>(json).expect_err(json).to_string();
            assert!(why.contains("more than 2 elements"), "{why}");
        }
        assert!(serde_json::from_str::<Answer>(r#"{"list": 7}"#).is_err());
    }
}
