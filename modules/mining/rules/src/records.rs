//! The values under this module's keys.
//!
//! They must not know how they are read or changed. Invariant: a miner's record that says nothing is not stored.

use borsh::{BorshDeserialize, BorshSerialize};
pub(crate) use execution::values::{decode, read, view, write};
use pow::CompactBits;
use types::{Address, Amount, Hash32, TimeMs};

use crate::fine::Fine;
use crate::retarget::Anchor;

/// The newest work and what the next one needs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Tip {
    /// How many works there are: the height of the newest.
    pub(crate) work_height: u64,
    /// Its header's hash; before the first work the chain id.
    pub(crate) hash: Hash32,
    /// The time of the block that accepted it; before the first work that of the genesis.
    pub(crate) time: TimeMs,
    /// What works and shares on it are judged by.
    pub(crate) next: Terms,
    /// The work before it and its terms, on which shares may still build.
    pub(crate) grace: Option<(Hash32, Terms)>,
    /// From where targets are counted.
    pub(crate) anchor: Option<Anchor>,
    /// What all works were paid.
    pub(crate) issued: Amount,
}

/// What the proofs of one work height are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Terms {
    /// nBits of a work.
    pub(crate) bits: CompactBits,
    /// Shares counted so far, the work not among them.
    pub(crate) shares: u32,
}

/// The window's sums.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Window {
    /// The number of its oldest share.
    pub(crate) first: u64,
    /// The number that the next share gets.
    pub(crate) next: u64,
    /// The weight of its shares.
    pub(crate) weight: u128,
    /// What one unit of weight would have earned that was there from the first work on.
    pub(crate) earned: Fine,
    /// What could not be divided so far; part of the next reward.
    pub(crate) rest: Fine,
}

/// A share of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Share {
    /// Whose it is.
    pub(crate) payee: Address,
    /// How many hashes it stands for.
    pub(crate) weight: u128,
}

/// What a payee has in the window and has earned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Miner {
    /// The weight of its shares in the window.
    pub(crate) weight: u128,
    /// [`Window::earned`] when `owed` was last brought up to date.
    pub(crate) earned: Fine,
    /// What it has earned up to then and not claimed.
    pub(crate) owed: Fine,
}

/// The work of the block that is being executed; it takes effect at the block's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Pending {
    /// Its header's hash.
    pub(crate) hash: Hash32,
    /// Who found it.
    pub(crate) finder: Address,
}
