//! The chain's name inside protocol names, so that peers of two chains have nothing to say to each other.
//!
//! It must not know which protocols exist: it only puts the chain in front of them.

use types::ChainId;

/// Makes the names that carry a chain's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainTag {
    /// All 64 hexadecimal digits.
    full: String,
}

impl ChainTag {
    /// The tag of a chain.
    #[must_use]
    pub fn new(chain_id: ChainId) -> Self {
        Self { full: chain_id.to_string() }
    }

    /// `/thronos/<16 hexadecimal digits>/<name>/1`.
    #[must_use]
    pub fn protocol(&self, name: &str) -> String {
        let tag = self.full.get(..16).unwrap_or(&self.full);
        format!("/thronos/{tag}/{name}/1")
    }

    /// `thronos/<chain id>`: what peers tell each other before anything else; it must be equal.
    #[must_use]
    pub fn greeting(&self) -> String {
        format!("thronos/{}", self.full)
    }
}

#[cfg(test)]
mod tests {
    use types::Hash32;

    use super::*;

    #[test]
    fn names_carry_sixteen_digits_and_the_greeting_all_of_them() {
        let mut bytes = [0xab; 32];
        bytes[31] = 1;
        let tag = ChainTag::new(ChainId(Hash32(bytes)));
        assert_eq!(tag.protocol("votes"), "/thronos/abababababababab/votes/1");
        assert_eq!(tag.greeting(), format!("thronos/{}01", "ab".repeat(31)));
    }

    // FAULTS P10
    #[test]
    fn chains_that_share_sixteen_digits_still_differ_in_their_greeting() {
        let one = ChainTag::new(ChainId(Hash32([7; 32])));
        let mut bytes = [7; 32];
        bytes[20] = 8;
        let other = ChainTag::new(ChainId(Hash32(bytes)));
        assert_eq!(one.protocol("votes"), other.protocol("votes"));
        assert_ne!(one.greeting(), other.greeting());
    }
}
