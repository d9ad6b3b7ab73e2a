//! Keys of the column families: fixed fields in big-endian, so that the order of bytes is the order of numbers.

use crate::varint;
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
/// Height of the state and the tree in their families; in the family `meta`.
pub(crate) const SAVED: &[u8] = b"saved";
/// Bytes of a transaction's id by which it is looked up. Two ids may share them; its receipt has the whole id.
pub(crate) const ID_BYTES: usize = 8;

pub(crate) const fn height(height: Height) -> [u8; 8] {
    height.0.to_be_bytes()
}

/// Of a row that was mended.
pub(crate) fn mended(family: &str, height: Height) -> Vec<u8> {
    [family.as_bytes(), &[0], &self::height(height)].concat()
}

pub(crate) fn read_height(bytes: &[u8]) -> Option<Height> {
    bytes.try_into().ok().map(u64::from_be_bytes).map(Height)
}

/// The first bytes of a transaction's id.
pub(crate) fn transaction_prefix(id: &Hash32) -> [u8; ID_BYTES] {
    *id.0.first_chunk().expect("a hash is longer")
}

pub(crate) fn transaction(id: &Hash32, place: TransactionPlace) -> Vec<u8> {
    let mut key = Vec::with_capacity(ID_BYTES + 8);
    key.extend_from_slice(&transaction_prefix(id));
    varint::put(&mut key, place.height.0);
    varint::put(&mut key, place.index.into());
    key
}

pub(crate) fn read_transaction(key: &[u8]) -> Option<TransactionPlace> {
    let (_, mut rest) = key.split_at_checked(ID_BYTES)?;
    let height = Height(varint::take(&mut rest)?);
    let index = u32::try_from(varint::take(&mut rest)?).ok()?;
    rest.is_empty().then_some(TransactionPlace { height, index })
}

pub(crate) fn account(address: &Address, first: AccountPlace) -> Vec<u8> {
    [&address.0[..], &height(first.height), &first.receipt.to_be_bytes()].concat()
}

pub(crate) fn read_account(key: &[u8]) -> Option<AccountPlace> {
    let (height, receipt) = key.get(20..)?.split_first_chunk()?;
    let receipt = u32::from_be_bytes(receipt.try_into().ok()?);
    Some(AccountPlace { height: Height(u64::from_be_bytes(*height)), receipt })
}

pub(crate) fn event_kind(module: ModuleId, kind: u16) -> Vec<u8> {
    [module.0.to_be_bytes(), kind.to_be_bytes()].concat()
}

/// The events of a kind in a block.
pub(crate) fn events(module: ModuleId, kind: u16, block: Height) -> Vec<u8> {
    [&event_kind(module, kind)[..], &height(block)].concat()
}

pub(crate) fn read_events(key: &[u8]) -> Option<Height> {
    read_height(key.get(4..)?)
}

/// A hash as people see it in an error.
pub(crate) fn block_name(height: Height, hash: &Hash32) -> String {
    format!("block {height} ({hash})")
}
