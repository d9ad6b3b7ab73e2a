//! A module's values as bytes: how they are read and written under its keys, the same way in every module.
//!
//! It must not know what they mean. A value is its borsh form. What does not read is a bug of its module or a state that is not this
//! chain's, so reading it ends the process rather than the chain's agreement.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::context::{Context, ModuleView};

/// A value of this module from its bytes.
///
/// # Panics
/// When they are not what the module wrote.
#[must_use]
pub fn decode<T: BorshDeserialize>(bytes: &[u8]) -> T {
    borsh::from_slice(bytes).expect("this module's keys hold what this module wrote")
}

/// The bytes of a value.
#[must_use]
pub fn encode(value: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory cannot fail")
}

/// The value under a key, while a block is executed.
///
/// # Panics
/// As [`decode`].
pub fn read<T: BorshDeserialize>(context: &mut Context<'_, '_>, key: &[u8]) -> Option<T> {
    context.get(key).map(|bytes| decode(&bytes))
}

/// The value under a key, where nothing may be written.
///
/// # Panics
/// As [`decode`].
#[must_use]
pub fn view<T: BorshDeserialize>(view: &ModuleView<'_>, key: &[u8]) -> Option<T> {
    view.get(key).map(|bytes| decode(&bytes))
}

/// Writes a value under a key.
pub fn write(context: &mut Context<'_, '_>, key: &[u8], value: &impl BorshSerialize) {
    context.put(key, encode(value));
}
