//! The values under this module's keys, and how they are read and written.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Context, ModuleView};
use types::{ByteString, TimeMs};

use crate::call::NOTE_BYTES_MAX;

/// An account's note.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct NoteRecord {
    /// What it says.
    pub(crate) text: ByteString<NOTE_BYTES_MAX>,
    /// The time of its block.
    pub(crate) time: TimeMs,
    /// How many the account has written, this one among them.
    pub(crate) written: u64,
}

pub(crate) fn decode<T: BorshDeserialize>(bytes: &[u8]) -> T {
    borsh::from_slice(bytes).expect("this module's keys hold what this module wrote")
}

pub(crate) fn read<T: BorshDeserialize>(context: &mut Context<'_, '_>, key: &[u8]) -> Option<T> {
    context.get(key).map(|bytes| decode(&bytes))
}

pub(crate) fn view<T: BorshDeserialize>(view: &ModuleView<'_>, key: &[u8]) -> Option<T> {
    view.get(key).map(|bytes| decode(&bytes))
}

pub(crate) fn write(context: &mut Context<'_, '_>, key: &[u8], value: &impl BorshSerialize) {
    context.put(key, borsh::to_vec(value).expect("writing to memory cannot fail"));
}
