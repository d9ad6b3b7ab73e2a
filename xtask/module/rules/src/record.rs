//! The values under this module's keys, and how they are read and written.

use borsh::{BorshDeserialize, BorshSerialize};
pub(crate) use execution::values::{decode, read, view, write};
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
