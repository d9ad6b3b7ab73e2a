//! The headers that were counted at one work height: one value of the state, so that looking many up is one reading.
//!
//! It must not know works or shares. A header stands here as the first eight bytes of its digest, which proof of work leaves to
//! chance: the same header always meets itself, and another one of a height's thousand is taken for it once in 2^54. Invariant: the
//! entries are in rising order and none stands twice.

/// Bytes of an entry.
const ENTRY_BYTES: usize = 8;

type Entry = [u8; ENTRY_BYTES];

/// The headers counted at a work height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(Vec<u8>);

impl Seen {
    /// The value under [`crate::keys::seen`]; nothing is there before the first.
    pub(crate) fn from_value(value: Option<Vec<u8>>) -> Self {
        Self(value.unwrap_or_default())
    }

    /// What is written under that key.
    pub(crate) fn into_value(self) -> Vec<u8> {
        self.0
    }

    /// Whether the header with this digest was counted.
    pub(crate) fn contains(&self, digest: &[u8; 32]) -> bool {
        self.search(&entry(digest)).is_ok()
    }

    /// Counts the header with this digest; whether it is the first time.
    pub(crate) fn insert(&mut self, digest: &[u8; 32]) -> bool {
        let entry = entry(digest);
        let Err(place) = self.search(&entry) else { return false };
        let start = place.saturating_mul(ENTRY_BYTES);
        self.0.splice(start..start, entry);
        true
    }

    /// How many there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.as_chunks::<ENTRY_BYTES>().0.len()
    }

    /// Where the entry stands, or would. Digests are spread evenly, so that is about where its value says.
    fn search(&self, entry: &Entry) -> Result<usize, usize> {
        let (entries, _) = self.0.as_chunks::<ENTRY_BYTES>();
        let number = u64::from_be_bytes(*entry);
        let at = |place: usize| entries.get(place).map(|entry| u64::from_be_bytes(*entry));
        let guess = u128::from(number).saturating_mul(entries.len() as u128) >> u64::BITS;
        let mut place = usize::try_from(guess).expect("below the number of entries");
        while at(place).is_some_and(|other| other < number) {
            place = place.saturating_add(1);
        }
        while place > 0 && at(place.saturating_sub(1)).is_some_and(|other| other >= number) {
            place = place.saturating_sub(1);
        }
        if at(place) == Some(number) { Ok(place) } else { Err(place) }
    }
}

fn entry(digest: &[u8; 32]) -> Entry {
    *digest.first_chunk().expect("a digest has 32 bytes")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn digest(number: u64) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        digest
    }

    proptest! {
        #[test]
        fn it_holds_what_a_set_holds(numbers in proptest::collection::vec(0..300_u64, 0..400)) {
            let (mut seen, mut set) = (Seen::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(seen.contains(&digest(number)), set.contains(&number));
                prop_assert_eq!(seen.insert(&digest(number)), set.insert(number));
                seen = Seen::from_value(Some(seen.into_value()));
            }
            prop_assert_eq!(seen.len(), set.len());
            prop_assert!((0..300).all(|number| seen.contains(&digest(number)) == set.contains(&number)));
        }
    }

    #[test]
    fn the_order_in_which_headers_come_leaves_no_trace() {
        let fill = |numbers: &[u64]| {
            let mut seen = Seen::default();
            assert!(numbers.iter().all(|number| seen.insert(&digest(*number))));
            seen
        };
        assert_eq!(fill(&[3, 1, 2, u64::MAX]), fill(&[u64::MAX, 2, 1, 3]));
    }
}
