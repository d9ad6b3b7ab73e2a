//! Keys of the column families: fixed fields in big-endian, so that the order of bytes is the order of numbers.

use types::{Address, Hash32, Height, ModuleId};

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransactionPlace {
    /// The block.
    pub height: Height,
    /// The place among the body's transactions; its receipt is the one after that.
    pub index: u32,
}

/// A receipt that has to do with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountPlace {
    /// The block.
    pub height: Height,
    /// The receipt: 0 is the block's own, transaction `i` has `i + 1`.
    pub receipt: u32,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// The block.
    pub height: Height,
    /// The receipt.
    pub receipt: u32,
    /// The place among the receipt's events.
    pub event: u32,
}

/// The newest block; in the family `meta`.
pub(crate) const TIP: &[u8] = b"tip";

pub(crate) const fn height(height: Height) -> [u8; 8] {
    height.0.to_be_bytes()
}

pub(crate) fn read_height(bytes: &[u8]) -> Option<Height> {
    bytes.try_into().ok().map(u64::from_be_bytes).map(Height)
}

pub(crate) fn transaction_place(place: TransactionPlace) -> Vec<u8> {
    [&height(place.height)[..], &place.index.to_be_bytes()].concat()
}

pub(crate) fn read_transaction_place(bytes: &[u8]) -> Option<TransactionPlace> {
    let (height, index) = bytes.split_first_chunk()?;
    let index = u32::from_be_bytes(index.try_into().ok()?);
    Some(TransactionPlace { height: Height(u64::from_be_bytes(*height)), index })
}

pub(crate) fn account(address: &Address, place: AccountPlace) -> Vec<u8> {
    [&address.0[..], &height(place.height), &place.receipt.to_be_bytes()].concat()
}

pub(crate) fn read_account(key: &[u8]) -> Option<AccountPlace> {
    let (_, rest) = key.split_at_checked(20)?;
    let TransactionPlace { height, index: receipt } = read_transaction_place(rest)?;
    Some(AccountPlace { height, receipt })
}

pub(crate) fn event_kind(module: ModuleId, kind: u16) -> Vec<u8> {
    [module.0.to_be_bytes(), kind.to_be_bytes()].concat()
}

pub(crate) fn event(module: ModuleId, kind: u16, place: EventPlace) -> Vec<u8> {
    let mut key = event_kind(module, kind);
    key.extend_from_slice(&height(place.height));
    key.extend_from_slice(&place.receipt.to_be_bytes());
    key.extend_from_slice(&place.event.to_be_bytes());
    key
}

pub(crate) fn read_event(key: &[u8]) -> Option<EventPlace> {
    let (_, rest) = key.split_at_checked(4)?;
    let (before, event) = rest.split_last_chunk()?;
    let TransactionPlace { height, index: receipt } = read_transaction_place(before)?;
    Some(EventPlace { height, receipt, event: u32::from_be_bytes(*event) })
}

/// A hash as people see it in an error.
pub(crate) fn block_name(height: Height, hash: &Hash32) -> String {
    format!("block {height} ({hash})")
}
