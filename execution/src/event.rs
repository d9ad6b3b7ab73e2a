//! What the kernel itself reports, in a block's own receipt.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;
use types::{Amount, Epoch, Hash32, Height, ModuleId, ProtocolVersion};

use crate::words::EventKind;

/// Events of the kernel. The number of a kind is the variant's place, from 1, and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelEvent {
    /// The fees of all transactions were shared.
    FeesShared {
        /// Destroyed.
        burned: Amount,
        /// To the ecosystem account.
        ecosystem: Amount,
        /// To the proposer's account.
        tips: Amount,
    },
    /// The seed was mixed.
    SeedMixed {
        /// The new mix.
        mix: Hash32,
    },
    /// A certificate was counted.
    AttendanceCounted {
        /// The height it finalizes.
        height: Height,
        /// How many validators signed it.
        signers: u16,
    },
    /// The block was its epoch's last.
    EpochEnded {
        /// The epoch that ended.
        epoch: Epoch,
    },
    /// A module's hook, wake or system call was rejected; what it wrote is discarded.
    Rejected {
        /// The module.
        module: ModuleId,
        /// The reject's code.
        code: u32,
    },
    /// A protocol version is fixed.
    VersionFixed {
        /// The version.
        version: ProtocolVersion,
        /// The first epoch that it rules.
        epoch: Epoch,
    },
    /// A module runs from the next block on.
    ModuleStarted {
        /// The module.
        module: ModuleId,
    },
}

impl KernelEvent {
    /// All kinds in order of their numbers.
    pub const KINDS: &'static [EventKind] = &[
        EventKind { kind: 1, name: "fees_shared", about: "The fees of a block's transactions were shared." },
        EventKind { kind: 2, name: "seed_mixed", about: "The seed was mixed." },
        EventKind { kind: 3, name: "attendance_counted", about: "The signers of a certificate were counted." },
        EventKind { kind: 4, name: "epoch_ended", about: "The block was its epoch's last." },
        EventKind { kind: 5, name: "rejected", about: "A module's hook, wake or system call was rejected." },
        EventKind { kind: 6, name: "version_fixed", about: "A protocol version and its first epoch are fixed." },
        EventKind { kind: 7, name: "module_started", about: "A module runs from the next block on." },
    ];

    /// The stable number of the kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::FeesShared { .. } => 1,
            Self::SeedMixed { .. } => 2,
            Self::AttendanceCounted { .. } => 3,
            Self::EpochEnded { .. } => 4,
            Self::Rejected { .. } => 5,
            Self::VersionFixed { .. } => 6,
            Self::ModuleStarted { .. } => 7,
        }
    }
}
