//! What a transaction may ask of this module.
//!
//! It must not know what is allowed. A variant's number is part of the byte form and never changes.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use types::{ByteString, Call, Canonical, limits};

/// Most bytes of a note.
pub const NOTE_BYTES_MAX: usize = 280;

/// Leaves a note in the place of the sender's last one.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleNameWrite {
    /// What it says: UTF-8 on one line, not empty; public.
    pub text: ByteString<NOTE_BYTES_MAX>,
}

/// A call of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ModuleNameCall {
    /// See [`ModuleNameWrite`].
    Write(ModuleNameWrite) = 0,
}

impl Canonical for ModuleNameCall {
    // The variant's number, and the longest variant: a length of four bytes before the text.
    const BYTES_MAX: usize = 1 + 4 + NOTE_BYTES_MAX;
}

impl ModuleNameCall {
    /// The call as it stands in a transaction.
    #[must_use]
    pub fn to_call(&self) -> Call {
        let bytes = self.to_canonical();
        assert!(bytes.len() <= Self::BYTES_MAX, "a call has {} bytes: `BYTES_MAX` has to be that of the longest", bytes.len());
        let body = ByteString::new(bytes).expect("a note is far shorter than a call may be");
        Call { module: <crate::ModuleName as execution::Module>::ID, body }
    }

    /// One sentence for who is to sign it. What somebody else wrote is escaped, so that it cannot pretend to be ours.
    pub(crate) fn say(&self) -> String {
        let Self::Write(ModuleNameWrite { text }) = self;
        format!("leave the note \"{}\"", String::from_utf8_lossy(text).escape_debug())
    }
}

const _: () = assert!(ModuleNameCall::BYTES_MAX <= limits::CALL_BYTES_MAX);
