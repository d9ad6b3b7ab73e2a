//! What this module reports.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Context, EventKind, Reject};
use serde::Serialize;
use types::{Address, ByteString};

use crate::call::NOTE_BYTES_MAX;

/// Events of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleNameEvent {
    /// A note was left.
    Written {
        /// By whom.
        author: Address,
        /// Its number among all notes of the chain, from 1.
        number: u64,
        /// What it says.
        text: ByteString<NOTE_BYTES_MAX>,
    },
}

/// All kinds in order of their numbers.
pub(crate) const KINDS: &[EventKind] = &[EventKind { kind: 1, name: "written", about: "An account left a note." }];

impl ModuleNameEvent {
    /// The stable number of the kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Written { .. } => 1,
        }
    }

    /// The event, read from what a receipt holds; nothing for one of another kind.
    #[must_use]
    pub fn read(kind: u16, body: &[u8]) -> Option<Self> {
        let event: Self = borsh::from_slice(body).ok()?;
        (event.kind() == kind).then_some(event)
    }

    pub(crate) fn emit(&self, context: &mut Context<'_, '_>) -> Result<(), Reject> {
        context.emit(self.kind(), self)
    }
}

/// An event for people.
pub(crate) fn describe(kind: u16, body: &[u8]) -> Option<serde_json::Value> {
    serde_json::to_value(ModuleNameEvent::read(kind, body)?).ok()
}
