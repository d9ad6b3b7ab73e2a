//! The policy of a k-of-n account.

use borsh::{BorshDeserialize, BorshSerialize, io};
use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, invalid_data};
use crate::{List, Secp256k1Key, limits::POLICY_KEYS_MAX};

/// `threshold` of the keys must sign. Keys stand in strictly rising byte order, so that one policy has one form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, Serialize, Deserialize)]
#[serde(try_from = "RawPolicy")]
pub struct MultisigPolicy {
    threshold: u8,
    keys: List<Secp256k1Key, POLICY_KEYS_MAX>,
}

/// Why a policy is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Fewer than one or more than sixteen keys.
    #[error("a multisig account has 1 to {POLICY_KEYS_MAX} keys, not {0}")]
    KeyCount(usize),
    /// Nobody, or more than all, would have to sign.
    #[error("the threshold must be between 1 and the {keys} keys, not {threshold}")]
    Threshold {
        /// What was asked for.
        threshold: u8,
        /// How many keys there are.
        keys: usize,
    },
    /// Keys out of order or repeated.
    #[error("the keys must be in rising order without repeats")]
    Order,
}

#[derive(BorshDeserialize, Deserialize)]
struct RawPolicy {
    threshold: u8,
    keys: List<Secp256k1Key, POLICY_KEYS_MAX>,
}

impl MultisigPolicy {
    /// Makes a policy of keys in any order.
    ///
    /// # Errors
    /// [`PolicyError`] for repeated keys, too many or none, or an impossible threshold.
    pub fn new(threshold: u8, mut keys: Vec<Secp256k1Key>) -> Result<Self, PolicyError> {
        keys.sort_unstable();
        let keys = List::new(keys).map_err(|keys| PolicyError::KeyCount(keys.len()))?;
        RawPolicy { threshold, keys }.try_into()
    }

    /// How many must sign.
    #[must_use]
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// The keys, rising.
    #[must_use]
    pub fn keys(&self) -> &[Secp256k1Key] {
        &self.keys
    }
}

impl TryFrom<RawPolicy> for MultisigPolicy {
    type Error = PolicyError;

    fn try_from(raw: RawPolicy) -> Result<Self, PolicyError> {
        let count = raw.keys.len();
        if count == 0 {
            return Err(PolicyError::KeyCount(0));
        }
        if raw.threshold == 0 || usize::from(raw.threshold) > count {
            return Err(PolicyError::Threshold { threshold: raw.threshold, keys: count });
        }
        if !raw.keys.is_sorted_by(|left, right| left < right) {
            return Err(PolicyError::Order);
        }
        Ok(Self { threshold: raw.threshold, keys: raw.keys })
    }
}

impl BorshDeserialize for MultisigPolicy {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        RawPolicy::deserialize_reader(reader)?.try_into().map_err(|error: PolicyError| invalid_data(error.to_string()))
    }
}

impl Canonical for MultisigPolicy {
    const BYTES_MAX: usize = 1 + 4 + POLICY_KEYS_MAX * Secp256k1Key::LENGTH;
}
