//! A newtype for every number that could be swapped with another.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::bytes::Hash32;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            BorshSerialize, BorshDeserialize, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);
            /// The largest value.
            pub const MAX: Self = Self(<$inner>::MAX);

            /// The sum, or nothing when it does not fit.
            #[must_use]
            pub const fn checked_add(self, other: $inner) -> Option<Self> {
                match self.0.checked_add(other) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// The sum, or the largest value when it does not fit.
            #[must_use]
            pub const fn saturating_add(self, other: $inner) -> Self {
                Self(self.0.saturating_add(other))
            }

            /// The difference, or zero when it would be negative.
            #[must_use]
            pub const fn saturating_sub(self, other: $inner) -> Self {
                Self(self.0.saturating_sub(other))
            }

            /// The next value; the largest value stays.
            #[must_use]
            pub const fn next(self) -> Self {
                self.saturating_add(1)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    };
}

number! {
    /// A block's number; genesis is 0.
    Height(u64)
}
number! {
    /// One leader's turn in consensus, counted from 1 in each epoch; 0 is the epoch's root block.
    View(u64)
}
number! {
    /// A span of block time with one validator set; the first is 0.
    Epoch(u64)
}
number! {
    /// A point of block time in milliseconds since the Unix epoch, or a span in milliseconds.
    TimeMs(u64)
}
number! {
    /// How many transactions an account has had included; the first transaction carries 0.
    Nonce(u64)
}
number! {
    /// Cost units of a transaction: envelope bytes plus the weight its calls declare.
    Weight(u64)
}
number! {
    /// A validator's voting power.
    Power(u64)
}
number! {
    /// A validator's place in its set.
    ValidatorIndex(u16)
}
number! {
    /// The number of a module of the chain; 0 is the kernel.
    ModuleId(u16)
}
number! {
    /// The number of an asset; 0 is THR, custom assets start at 1,000.
    AssetId(u64)
}
number! {
    /// The version of the chain's rules.
    ProtocolVersion(u16)
}

/// The hash of the canonical genesis; signed into every transaction, vote and handshake.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct ChainId(pub Hash32);

impl std::fmt::Display for ChainId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}
