//! Lists in a node's answer that end where an honest one does, while they are read.
//!
//! The shortest elements take a few bytes of an answer and many of memory, so a bound on the answer's bytes alone is none on memory.

use serde::{Deserialize, Deserializer};
use types::List;

/// Reads a list of at most `MAX` elements, and keeps no more.
pub(super) fn at_most<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    List::<T, MAX>::deserialize(deserializer).map(List::into_vec)
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
    fn no_more_of_a_nodes_list_is_kept_than_an_honest_one_has() {
        for (json, length) in [("{}", 0), (r#"{"list": []}"#, 0), (r#"{"list": ["", "b"]}"#, 2)] {
            assert_eq!(serde_json::from_str::<Answer>(json).expect(json).list.len(), length);
        }
        // The third element is no text, and nobody has looked.
        for json in [r#"{"list": ["", "", ""]}"#, r#"{"list": ["", "", 7]}"#] {
            let why = serde_json::from_str::<Answer>(json).expect_err(json).to_string();
            assert!(why.contains("3 values, at most 2 are allowed"), "{why}");
        }
        assert!(serde_json::from_str::<Answer>(r#"{"list": 7}"#).is_err());
    }
}
