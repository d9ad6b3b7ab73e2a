//! What became of a transaction, and what modules report.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec::Canonical;
use crate::{Amount, ByteString, Hash32, List, ModuleId, Weight, limits};

/// Something a module reports. `kind` is a stable number per module; `body` is the module's canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Event {
    /// The module.
    pub module: ModuleId,
    /// What kind of event, numbered by the module.
    pub kind: u16,
    /// The event itself.
    pub body: ByteString<{ limits::EVENT_BYTES_MAX }>,
}

/// The outcome of one transaction; receipt 0 of a block is the block's own and has a zero id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Receipt {
    /// The transaction's id.
    pub id: Hash32,
    /// 0 when all calls were executed; otherwise the reject: `module << 16 | code`, code from 1.
    pub code: u32,
    /// The place of the call that was rejected.
    pub call: u8,
    /// Weight that was paid for.
    pub weight: Weight,
    /// Fee that was taken, in µTHR, without the tip.
    pub fee: Amount,
    /// What happened.
    pub events: List<Event, { limits::EVENTS_PER_RECEIPT_MAX }>,
}

impl Receipt {
    /// The code of success.
    pub const OK: u32 = 0;

    /// Whether all calls were executed.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.code == Self::OK
    }
}

impl Canonical for Receipt {
    const BYTES_MAX: usize = limits::BODY_BYTES_MAX;
}
