//! Validators and the set of an epoch.

use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};

use crate::canary::{Canary, planted};
use crate::codec::{Canonical, invalid_data};
use crate::{Address, BlsPublicKey, List, PeerKey, Power, ValidatorIndex, limits};

/// One member of a set.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Validator {
    /// Signs its votes.
    pub key: BlsPublicKey,
    /// Weight of its vote; above zero.
    pub power: Power,
    /// Gets its tips and rewards.
    pub account: Address,
    /// Its network identity.
    pub peer: PeerKey,
}

/// The validators of an epoch, in strictly rising order of their keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, Serialize)]
pub struct ValidatorSet {
    validators: List<Validator, { limits::VALIDATORS_MAX }>,
}

/// Why validators do not make a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValidatorSetError {
    /// None, or more than the chain allows.
    #[error("a validator set has 1 to {max} members, not {0}", max = limits::VALIDATORS_MAX)]
    Count(usize),
    /// A key or a peer stands twice.
    #[error("two validators have the same {0}")]
    Duplicate(&'static str),
    /// Members out of order.
    #[error("the validators are not in rising order of their keys")]
    Order,
    /// Power of zero, or a sum that does not fit 63 bits.
    #[error("the power of every validator must be above zero and their sum below 2^60")]
    Power,
}

/// Most power of a whole set, so that three times any sum fits.
const POWER_TOTAL_MAX: u64 = 1 << 60;

impl ValidatorSet {
    /// Makes a set of validators in any order.
    ///
    /// # Errors
    /// [`ValidatorSetError`] for an empty or too large set, a repeated key or peer, or impossible power.
    pub fn new(mut validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        validators.sort_unstable();
        let validators = List::new(validators).map_err(|all| ValidatorSetError::Count(all.len()))?;
        Self { validators }.checked()
    }

    fn checked(self) -> Result<Self, ValidatorSetError> {
        if self.validators.is_empty() {
            return Err(ValidatorSetError::Count(0));
        }
        let mut total: u64 = 0;
        let mut previous: Option<&Validator> = None;
        let mut peers = std::collections::BTreeSet::new();
        for validator in &self.validators {
            if let Some(previous) = previous {
                if previous.key == validator.key {
                    return Err(ValidatorSetError::Duplicate("consensus key"));
                }
                if previous.key > validator.key {
                    return Err(ValidatorSetError::Order);
                }
            }
            if !peers.insert(validator.peer) {
                return Err(ValidatorSetError::Duplicate("peer key"));
            }
            total = total
                .checked_add(validator.power.0)
                .filter(|total| validator.power.0 > 0 && *total < POWER_TOTAL_MAX)
                .ok_or(ValidatorSetError::Power)?;
            previous = Some(validator);
        }
        Ok(self)
    }

    /// The members in order.
    #[must_use]
    pub fn validators(&self) -> &[Validator] {
        &self.validators
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.validators.len()
    }

    /// Never: a set has at least one member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.validators.is_empty()
    }

    /// A member by its place.
    #[must_use]
    pub fn get(&self, index: ValidatorIndex) -> Option<&Validator> {
        self.validators.get(usize::from(index.0))
    }

    /// The place of a key.
    #[must_use]
    pub fn index_of(&self, key: &BlsPublicKey) -> Option<ValidatorIndex> {
        let place = self.validators.binary_search_by(|validator| validator.key.cmp(key)).ok()?;
        u16::try_from(place).ok().map(ValidatorIndex)
    }

    /// The place of a network identity.
    #[must_use]
    pub fn index_of_peer(&self, peer: &PeerKey) -> Option<ValidatorIndex> {
        let place = self.validators.iter().position(|validator| validator.peer == *peer)?;
        u16::try_from(place).ok().map(ValidatorIndex)
    }

    /// The power of all.
    #[must_use]
    pub fn power_total(&self) -> u64 {
        self.validators.iter().fold(0, |sum, validator| validator.power.0.saturating_add(sum))
    }

    /// Whether `signed` is a quorum: `3 · signed > 2 · total`.
    #[must_use]
    pub fn is_quorum(&self, signed: u64) -> bool {
        let signed = u128::from(signed).saturating_mul(3);
        let needed = u128::from(self.power_total()).saturating_mul(2);
        signed > needed || (planted(Canary::QuorumTwoF) && signed.saturating_mul(4) >= needed.saturating_mul(3))
    }

    /// The power of some members; each counts once however often it is named.
    #[must_use]
    pub fn power_of(&self, members: impl IntoIterator<Item = ValidatorIndex>) -> u64 {
        let members: std::collections::BTreeSet<_> = members.into_iter().collect();
        members
            .into_iter()
            .filter_map(|index| self.get(index))
            .fold(0, |sum, validator| validator.power.0.saturating_add(sum))
    }
}

impl BorshDeserialize for ValidatorSet {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let validators = List::deserialize_reader(reader)?;
        Self { validators }.checked().map_err(|error| invalid_data(error.to_string()))
    }
}

impl Canonical for ValidatorSet {
    const BYTES_MAX: usize = 4 + limits::VALIDATORS_MAX * (96 + 8 + 20 + 32);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(powers: &[u64]) -> ValidatorSet {
        let validators = powers.iter().zip(0_u8..).map(|(power, place)| Validator {
            key: BlsPublicKey([place; 96]),
            power: Power(*power),
            account: Address([place; 20]),
            peer: PeerKey([place; 32]),
        });
        ValidatorSet::new(validators.collect()).expect("distinct keys and power above zero")
    }

    // FAULTS C12
    #[test]
    fn a_quorum_of_equal_validators_is_all_but_the_faulty_third() {
        for count in 1..=100_u64 {
            let set = set(&vec![1; usize::try_from(count).expect("small")]);
            let needed = count - (count - 1) / 3;
            assert!(set.is_quorum(needed), "{needed} of {count}");
            assert!(!set.is_quorum(needed - 1), "{} of {count}", needed - 1);
        }
    }

    // FAULTS C12
    #[test]
    fn a_quorum_of_weighted_validators_is_more_than_two_thirds_of_the_power() {
        for (powers, signed, quorum) in [
            (vec![1, 1, 1], 2, false),
            (vec![1, 1, 1], 3, true),
            (vec![10, 10, 10], 20, false),
            (vec![10, 10, 10], 21, true),
            (vec![1 << 58, 1 << 58], (1 << 59) - 1, true),
            (vec![1 << 58, 1 << 58], 1 << 58, false),
        ] {
            assert_eq!(set(&powers).is_quorum(signed), quorum, "{signed} of {powers:?}");
        }
    }

    #[test]
    fn a_signer_counts_once_however_often_it_is_named() {
        let set = set(&[5, 7, 9]);
        let twice = [ValidatorIndex(1), ValidatorIndex(1), ValidatorIndex(99)];
        assert_eq!(set.power_of(twice), 7);
    }
}
