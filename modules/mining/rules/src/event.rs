//! What this module reports.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Context, EventKind, Reject, Words};
use pow::CompactBits;
use serde::Serialize;
use types::{Address, Amount, Hash32, THR};

use crate::emission::Split;

/// Events of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MiningEvent {
    /// A work was accepted and paid.
    WorkAccepted {
        /// Its height in the work chain, from 1.
        work_height: u64,
        /// Its header's hash, as it came out of the hash.
        hash: Hash32,
        /// Who found it.
        finder: Address,
        /// What was issued for it, and to whom.
        split: Split,
        /// nBits of the next work.
        next_bits: CompactBits,
    },
    /// A share entered the window; the work itself is one too.
    ShareAccepted {
        /// Its height in the work chain.
        work_height: u64,
        /// Its header's hash, as it came out of the hash.
        hash: Hash32,
        /// Whose it is.
        payee: Address,
        /// How many hashes it stands for.
        weight: u128,
    },
    /// Earnings moved to the account: by a claim, or with a share of somebody who could not pay for one.
    Claimed {
        /// Whose.
        payee: Address,
        /// How much, in µTHR.
        amount: Amount,
    },
}

/// All kinds in order of their numbers.
pub(crate) const KINDS: &[EventKind] = &[
    EventKind { kind: 1, name: "work_accepted", about: "A work was accepted and paid." },
    EventKind { kind: 2, name: "share_accepted", about: "A share entered the window." },
    EventKind { kind: 3, name: "claimed", about: "Earnings moved to their payee's account." },
];

impl MiningEvent {
    /// The stable number of the kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::WorkAccepted { .. } => 1,
            Self::ShareAccepted { .. } => 2,
            Self::Claimed { .. } => 3,
        }
    }

    pub(crate) fn emit(&self, context: &mut Context<'_, '_>) -> Result<(), Reject> {
        context.emit(self.kind(), self)
    }
}

/// An event for people.
pub(crate) fn describe(kind: u16, body: &[u8]) -> Option<serde_json::Value> {
    serde_json::to_value(read(kind, body)?).ok()
}

/// What a claim or a work brought: a claim's call says no amount, because only the window knows it, and a work has no call. A
/// share brings nothing yet.
pub(crate) fn say(kind: u16, body: &[u8], words: &dyn Words) -> Option<String> {
    match read(kind, body)? {
        MiningEvent::Claimed { payee, amount } => {
            Some(format!("mining paid {} to {}", words.amount(THR, amount), words.address(payee)))
        }
        MiningEvent::WorkAccepted { work_height, finder, split, .. } => {
            let (amount, finder) = (words.amount(THR, split.finder), words.address(finder));
            Some(format!("work {work_height} paid {amount} to its finder {finder}"))
        }
        MiningEvent::ShareAccepted { .. } => None,
    }
}

fn read(kind: u16, body: &[u8]) -> Option<MiningEvent> {
    let event: MiningEvent = borsh::from_slice(body).ok()?;
    (event.kind() == kind).then_some(event)
}
