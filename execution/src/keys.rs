//! Every state key of the kernel as a named function.
//!
//! A state key is `module id (u16, big-endian) ‖ key`; the kernel is module 0, and its keys go on with one byte that says what
//! follows. Numbers in keys are big-endian, so that keys sort as the numbers do. Keys of accounts are arrays: they are made for
//! every transfer.

use types::{Address, AssetId, Epoch, Height, ModuleId, TimeMs};

/// How many ancestors of a block its rules may look at, itself not counted.
pub const ANCESTORS_MAX: u64 = 4_096;

const CHAIN: u8 = 0;
const TIP: u8 = 1;
const EPOCH: u8 = 2;
const SEED: u8 = 3;
const VALIDATORS: u8 = 4;
const ANCESTOR: u8 = 5;
const ACCOUNT: u8 = 6;
const BALANCE: u8 = 7;
const SUPPLY: u8 = 8;
const ESCROW: u8 = 9;
const WAKE: u8 = 10;
const ATTENDANCE: u8 = 11;
const ATTENDED: u8 = 12;
const RUNNING: u8 = 13;
const ALLOWANCE: u8 = 14;
const VERSION: u8 = 15;

/// Bytes before an account's address.
const ACCOUNT_HEAD: usize = 3;
/// Bytes before a balance's asset.
const BALANCE_HEAD: usize = 3;

/// A module's own key, as it stands in the state.
#[must_use]
pub fn of_module(module: ModuleId, key: &[u8]) -> Vec<u8> {
    [&module.0.to_be_bytes(), key].concat()
}

/// What never changes: chain id and the numbers of the genesis.
#[must_use]
pub const fn chain() -> [u8; 3] {
    [0, 0, CHAIN]
}

/// The newest block.
#[must_use]
pub const fn tip() -> [u8; 3] {
    [0, 0, TIP]
}

/// The epoch of the next block.
#[must_use]
pub const fn epoch() -> [u8; 3] {
    [0, 0, EPOCH]
}

/// The seed mix.
#[must_use]
pub const fn seed() -> [u8; 3] {
    [0, 0, SEED]
}

/// The validator set of an epoch.
#[must_use]
pub fn validators(epoch: Epoch) -> [u8; 11] {
    numbered(VALIDATORS, epoch.0)
}

/// A recent block; the slot is used again after [`ANCESTORS_MAX`] blocks.
#[must_use]
pub fn ancestor(height: Height) -> [u8; 11] {
    numbered(ANCESTOR, height.0 % ANCESTORS_MAX)
}

/// An account's nonce and THR.
#[must_use]
pub fn account(address: &Address) -> [u8; 23] {
    let mut key = [0; 23];
    let (head, tail) = key.split_at_mut(ACCOUNT_HEAD);
    head.copy_from_slice(&[0, 0, ACCOUNT]);
    tail.copy_from_slice(&address.0);
    key
}

/// An account's balance of an asset other than THR.
#[must_use]
pub fn balance(asset: AssetId, address: &Address) -> [u8; 31] {
    let mut key = [0; 31];
    let (head, tail) = key.split_at_mut(BALANCE_HEAD);
    head.copy_from_slice(&[0, 0, BALANCE]);
    let (first, second) = tail.split_at_mut(20);
    first.copy_from_slice(&address.0);
    second.copy_from_slice(&asset.0.to_be_bytes());
    key
}

/// The beginning of the keys of all balances of an account other than THR.
#[must_use]
pub fn balances_of(address: &Address) -> Vec<u8> {
    [&[0, 0, BALANCE], address.0.as_slice()].concat()
}

/// What was issued and burned of an asset.
#[must_use]
pub fn supply(asset: AssetId) -> [u8; 11] {
    numbered(SUPPLY, asset.0)
}

/// What a module holds of an asset under a key of its own.
#[must_use]
pub fn escrow(asset: AssetId, module: ModuleId, pot: &[u8]) -> Vec<u8> {
    [&[0, 0, ESCROW], asset.0.to_be_bytes().as_slice(), &module.0.to_be_bytes(), pot].concat()
}

/// An entry of the wake queue.
#[must_use]
pub fn wake(time: TimeMs, module: ModuleId, key: &[u8]) -> Vec<u8> {
    [&[0, 0, WAKE], time.0.to_be_bytes().as_slice(), &module.0.to_be_bytes(), key].concat()
}

/// The beginning of all entries of the wake queue.
#[must_use]
pub const fn wakes() -> [u8; 3] {
    [0, 0, WAKE]
}

/// Reads a key of the wake queue.
#[must_use]
pub fn read_wake(key: &[u8]) -> Option<(TimeMs, ModuleId, &[u8])> {
    let rest = key.strip_prefix(&wakes())?;
    let (time, rest) = rest.split_first_chunk()?;
    let (module, key) = rest.split_first_chunk()?;
    Some((TimeMs(u64::from_be_bytes(*time)), ModuleId(u16::from_be_bytes(*module)), key))
}

/// Up to which height attendance is counted.
#[must_use]
pub const fn attendance() -> [u8; 3] {
    [0, 0, ATTENDANCE]
}

/// How often each validator of an epoch attended.
#[must_use]
pub fn attended(epoch: Epoch) -> [u8; 11] {
    numbered(ATTENDED, epoch.0)
}

/// Which modules run.
#[must_use]
pub const fn running() -> [u8; 3] {
    [0, 0, RUNNING]
}

/// The protocol version that was fixed last, and when it begins.
#[must_use]
pub const fn version() -> [u8; 3] {
    [0, 0, VERSION]
}

/// What a module may take of an account.
#[must_use]
pub fn allowance(module: ModuleId, account: &Address, asset: AssetId) -> Vec<u8> {
    [&[0, 0, ALLOWANCE], module.0.to_be_bytes().as_slice(), &account.0, &asset.0.to_be_bytes()].concat()
}

/// What of a key moves value, as the conservation check sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holding {
    /// An account record: THR.
    Account,
    /// A balance of this asset.
    Balance(AssetId),
    /// Escrow of this asset.
    Escrow(AssetId),
    /// The supply of this asset.
    Supply(AssetId),
}

/// Which holding a state key is, if any.
pub(crate) fn holding(key: &[u8]) -> Option<Holding> {
    let asset = |bytes: &[u8]| bytes.first_chunk().map(|bytes| AssetId(u64::from_be_bytes(*bytes)));
    match key {
        [0, 0, ACCOUNT, ..] => Some(Holding::Account),
        [0, 0, BALANCE, rest @ ..] => rest.get(20..).and_then(asset).map(Holding::Balance),
        [0, 0, ESCROW, rest @ ..] => asset(rest).map(Holding::Escrow),
        [0, 0, SUPPLY, rest @ ..] => asset(rest).map(Holding::Supply),
        _ => None,
    }
}

fn numbered(kind: u8, number: u64) -> [u8; 11] {
    let mut key = [0; 11];
    let (head, tail) = key.split_at_mut(3);
    head.copy_from_slice(&[0, 0, kind]);
    tail.copy_from_slice(&number.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_what_it_holds() {
        let address = Address([7; 20]);
        assert_eq!(holding(&account(&address)), Some(Holding::Account));
        assert_eq!(holding(&balance(AssetId(9), &address)), Some(Holding::Balance(AssetId(9))));
        assert_eq!(holding(&escrow(AssetId(9), ModuleId(2), b"pot")), Some(Holding::Escrow(AssetId(9))));
        assert_eq!(holding(&supply(AssetId(9))), Some(Holding::Supply(AssetId(9))));
        assert_eq!(holding(&tip()), None);
        assert_eq!(holding(&[0, 1, ACCOUNT]), None, "another module's key");
    }

    #[test]
    fn a_key_of_the_wake_queue_reads_back() {
        let key = wake(TimeMs(5), ModuleId(3), b"x");
        assert_eq!(read_wake(&key), Some((TimeMs(5), ModuleId(3), b"x".as_slice())));
        assert!(wake(TimeMs(255), ModuleId(9), b"z") < wake(TimeMs(256), ModuleId(0), b""));
    }

    #[test]
    fn an_ancestor_takes_the_slot_of_the_block_4096_before_it() {
        assert_eq!(ancestor(Height(1)), ancestor(Height(1 + ANCESTORS_MAX)));
        assert_ne!(ancestor(Height(1)), ancestor(Height(2)));
    }
}
