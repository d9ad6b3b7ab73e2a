//! What the book remembers so that it counts once: the newest of something, found by name as fast when they are many.
//!
//! It must not know what it remembers. Invariants: no two have one name; there are so many at most, and the oldest give way; the
//! bytes are those of a list in the order in which they came, and the names follow from it.

use std::collections::{BTreeSet, VecDeque};
use std::io;

use borsh::{BorshDeserialize, BorshSerialize};
use types::Hash32;

/// Something that has a name.
pub(crate) trait Named {
    /// What makes it different from any other.
    type Name: Ord;

    /// The name.
    fn name(&self) -> Self::Name;
}

impl Named for Hash32 {
    type Name = Self;

    fn name(&self) -> Self {
        *self
    }
}

/// The newest, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered<T: Named, const MAX: usize> {
    all: VecDeque<T>,
    names: BTreeSet<T::Name>,
}

impl<T: Named, const MAX: usize> Default for Remembered<T, MAX> {
    fn default() -> Self {
        Self { all: VecDeque::new(), names: BTreeSet::new() }
    }
}

impl<T: Named, const MAX: usize> Remembered<T, MAX> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The one with the name of this one. To say which it is takes a walk, to say that there is none does not.
    pub(crate) fn find(&self, one: &T) -> Option<&T> {
        let name = one.name();
        if !self.names.contains(&name) {
            return None;
        }
        self.all.iter().find(|known| known.name() == name)
    }

    /// Adds one whose name is new; the oldest gives way.
    pub(crate) fn add(&mut self, one: T) {
        self.names.insert(one.name());
        self.all.push_back(one);
        while self.all.len() > MAX {
            if let Some(oldest) = self.all.pop_front() {
                self.names.remove(&oldest.name());
            }
        }
    }
}

impl<T: Named + BorshSerialize, const MAX: usize> BorshSerialize for Remembered<T, MAX> {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.all.serialize(writer)
    }
}

impl<T: Named + BorshDeserialize, const MAX: usize> BorshDeserialize for Remembered<T, MAX> {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let all = VecDeque::<T>::deserialize_reader(reader)?;
        let names = all.iter().map(T::name).collect();
        Ok(Self { all, names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gave_way_is_forgotten_by_name_too_and_its_bytes_are_those_of_a_list() {
        let hash = |number: u8| Hash32([number; 32]);
        let mut newest = Remembered::<Hash32, 3>::default();
        for number in 1..=5 {
            assert_eq!(newest.find(&hash(number)), None, "{number}");
            newest.add(hash(number));
            assert_eq!(newest.find(&hash(number)), Some(&hash(number)));
        }
        assert_eq!((newest.len(), newest.names.len(), newest.find(&hash(2))), (3, 3, None));
        let bytes = borsh::to_vec(&newest).expect("memory");
        assert_eq!(bytes, borsh::to_vec(&[hash(3), hash(4), hash(5)].to_vec()).expect("memory"));
        assert_eq!(borsh::from_slice::<Remembered<Hash32, 3>>(&bytes).expect("the same"), newest);
    }
}
