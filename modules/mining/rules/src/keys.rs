//! Every state key of this module as a named function.

use types::Address;

const TIP: u8 = 0;
const WINDOW: u8 = 1;
const SHARE: u8 = 2;
const MINER: u8 = 3;
const SEEN: u8 = 4;
const PENDING: u8 = 5;
const RULES: u8 = 6;

/// The escrow pot that holds what the window was given and nobody has claimed.
pub(crate) const POT: &[u8] = b"window";

/// The newest work and what the next one needs.
pub(crate) const fn tip() -> [u8; 1] {
    [TIP]
}

/// The window's sums.
pub(crate) const fn window() -> [u8; 1] {
    [WINDOW]
}

/// A share of the window by its number.
pub(crate) fn share(number: u64) -> Vec<u8> {
    [&[SHARE], number.to_be_bytes().as_slice()].concat()
}

/// The beginning of the keys of all shares.
pub(crate) const fn shares() -> [u8; 1] {
    [SHARE]
}

/// What a payee has in the window and has earned.
pub(crate) fn miner(address: &Address) -> Vec<u8> {
    [&[MINER], address.0.as_slice()].concat()
}

/// The beginning of the keys of all payees.
pub(crate) const fn miners() -> [u8; 1] {
    [MINER]
}

/// The headers counted at a work height.
pub(crate) fn seen(work_height: u64) -> Vec<u8> {
    [&[SEEN], work_height.to_be_bytes().as_slice()].concat()
}

/// The work of the block that is being executed.
pub(crate) const fn pending() -> [u8; 1] {
    [PENDING]
}

/// The work chain's numbers, from the genesis.
pub(crate) const fn rules() -> [u8; 1] {
    [RULES]
}
