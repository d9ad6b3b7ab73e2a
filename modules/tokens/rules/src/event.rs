//! What this module reports.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Context, EventKind, Reject};
use serde::Serialize;
use types::{Address, Amount, Asset, AssetId, ByteString};

use crate::call::MEMO_BYTES_MAX;

/// Events of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokensEvent {
    /// Units moved.
    Transferred {
        /// The asset.
        asset: AssetId,
        /// Who gave.
        from: Address,
        /// Who got.
        to: Address,
        /// How much, in base units.
        amount: Amount,
        /// What the sender said.
        memo: ByteString<MEMO_BYTES_MAX>,
    },
    /// An asset came into being.
    Created {
        /// Its number.
        asset: AssetId,
        /// What it is.
        description: Asset,
        /// Who created it.
        creator: Address,
    },
    /// Units were issued.
    Minted {
        /// The asset.
        asset: AssetId,
        /// Who got them.
        to: Address,
        /// How much, in base units.
        amount: Amount,
    },
    /// Units were destroyed.
    Burned {
        /// The asset.
        asset: AssetId,
        /// Whose they were.
        from: Address,
        /// How much, in base units.
        amount: Amount,
    },
}

/// All kinds in order of their numbers.
pub(crate) const KINDS: &[EventKind] = &[
    EventKind { kind: 1, name: "transferred", about: "Units of an asset moved from one account to another." },
    EventKind { kind: 2, name: "created", about: "An asset came into being." },
    EventKind { kind: 3, name: "minted", about: "Units of an asset were issued." },
    EventKind { kind: 4, name: "burned", about: "Units of an asset were destroyed." },
];

impl TokensEvent {
    /// The stable number of the kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Transferred { .. } => 1,
            Self::Created { .. } => 2,
            Self::Minted { .. } => 3,
            Self::Burned { .. } => 4,
        }
    }

    pub(crate) fn emit(&self, context: &mut Context<'_, '_>) -> Result<(), Reject> {
        context.emit(self.kind(), self)
    }
}

/// An event for people.
pub(crate) fn describe(kind: u16, body: &[u8]) -> Option<serde_json::Value> {
    let event: TokensEvent = borsh::from_slice(body).ok()?;
    (event.kind() == kind).then(|| serde_json::to_value(event).ok())?
}
