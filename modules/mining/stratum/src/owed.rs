//! What is owed to whom, with its sum.
//!
//! Invariant: the sum is kept, so that whoever asks for it has nothing added up.

use std::collections::BTreeMap;

use borsh::io::{self, Read, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use types::Address;

/// Base units by address. Its bytes are those of the table alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owed {
    amounts: BTreeMap<Address, u128>,
    total: u128,
}

impl Owed {
    pub(crate) const fn amounts(&self) -> &BTreeMap<Address, u128> {
        &self.amounts
    }

    pub(crate) const fn total(&self) -> u128 {
        self.total
    }

    pub(crate) fn add(&mut self, address: Address, amount: u128) {
        let owed = self.amounts.entry(address).or_default();
        *owed = owed.saturating_add(amount);
        self.total = self.total.saturating_add(amount);
    }

    /// Takes off what was paid; if that is more than is owed, nothing, and says how much is.
    pub(crate) fn take_off(&mut self, address: &Address, amount: u128) -> Result<(), u128> {
        let owed = self.amounts.get(address).copied().unwrap_or(0);
        match owed.checked_sub(amount).ok_or(owed)? {
            0 => self.amounts.remove(address),
            rest => self.amounts.insert(*address, rest),
        };
        self.total = self.total.saturating_sub(amount);
        Ok(())
    }
}

impl BorshSerialize for Owed {
    fn serialize<W: Write>(&self, writer: &mut W) -> io::Result<()> {
        self.amounts.serialize(writer)
    }
}

impl BorshDeserialize for Owed {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let amounts = BTreeMap::<Address, u128>::deserialize_reader(reader)?;
        let total = amounts.values().fold(0, |sum: u128, amount| sum.saturating_add(*amount));
        Ok(Self { amounts, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RM5
    #[test]
    fn the_sum_is_that_of_the_amounts_whatever_comes_and_goes_and_after_it_was_read() {
        let mut owed = Owed::default();
        for number in 0..200_u8 {
            owed.add(Address([number % 17; 20]), u128::from(number));
            let refused = owed.take_off(&Address([number % 5; 20]), u128::from(number / 2));
            let left = owed.amounts().get(&Address([number % 5; 20])).copied().unwrap_or(0);
            assert!(refused.is_ok() || refused == Err(left), "{number}");
            assert_eq!(owed.total(), owed.amounts().values().sum::<u128>(), "{number}");
        }
        assert!(owed.total() > 0);
        let bytes = borsh::to_vec(&owed).expect("memory");
        assert_eq!(bytes, borsh::to_vec(owed.amounts()).expect("memory"), "as in every earlier snapshot");
        assert_eq!(borsh::from_slice::<Owed>(&bytes).expect("its own bytes"), owed);
    }
}
