//! A target: the largest digest, read as a little-endian integer of 256 bits, that proves the work.
//!
//! It must not know where targets come from. Invariant: a target is never zero.

use borsh::{BorshDeserialize, BorshSerialize, io};

use crate::U256;

/// The largest digest that proves the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(U256);

impl Target {
    /// Every digest meets it.
    pub const EASIEST: Self = Self(U256::MAX);
    /// Only zero and one meet it.
    pub const HARDEST: Self = Self(U256::ONE);
    /// Pool difficulty 1: `0xffff` and 208 zero bits, about 2^32 hashes.
    pub const DIFFICULTY_ONE: Self = Self(U256::from_limbs([0, 0, 0, 0xffff_0000]));

    /// The number as a target; nothing for zero.
    #[must_use]
    pub fn from_uint(number: U256) -> Option<Self> {
        (!number.is_zero()).then_some(Self(number))
    }

    /// The target as a number.
    #[must_use]
    pub const fn to_uint(self) -> U256 {
        self.0
    }

    /// Reads 32 little-endian bytes; nothing for zero.
    #[must_use]
    pub fn from_le_bytes(bytes: [u8; 32]) -> Option<Self> {
        Self::from_uint(U256::from_le_bytes(bytes))
    }

    /// 32 little-endian bytes: the order of a digest as it comes out of the hash.
    #[must_use]
    pub const fn to_le_bytes(self) -> [u8; 32] {
        self.0.to_le_bytes()
    }

    /// Whether a digest proves the work: not above the target, all 256 bits compared.
    #[must_use]
    pub fn is_met_by(&self, digest: &[u8; 32]) -> bool {
        U256::from_le_bytes(*digest) <= self.0
    }

    /// So many times easier. What would not fit 256 bits becomes [`Target::EASIEST`], which is the limit of "times easier": a
    /// target above 2^256 / `times` cannot be made `times` easier.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self(self.0.saturating_mul(U256::from(times.max(1))))
    }

    /// How many hashes it takes on average: 2^256 / (target + 1), rounded down, as Bitcoin counts chain work. At least 1; the
    /// smallest target takes 2^255.
    #[must_use]
    pub fn expected_hashes(self) -> U256 {
        // 2^256 does not fit, so with n = target + 1 this is (2^256 - n) / n + 1.
        match self.0.checked_add(U256::ONE) {
            Some(above) => {
                above.wrapping_neg().checked_div(above).map_or(U256::ONE, |rest| rest.saturating_add(U256::ONE))
            }
            None => U256::ONE,
        }
    }
}

/// Big-endian hexadecimal digits, as people write targets.
impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:064x}", self.0)
    }
}

/// 32 little-endian bytes.
impl BorshSerialize for Target {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.to_le_bytes().serialize(writer)
    }
}

impl BorshDeserialize for Target {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let bytes = <[u8; 32]>::deserialize_reader(reader)?;
        Self::from_le_bytes(bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a target of zero"))
    }
}
