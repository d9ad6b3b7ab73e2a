//! What a validator writes to its consensus log, as records of the journal.

use consensus::Record as EngineRecord;
use journal::Record;
use types::{Canonical, DecodeError};

use crate::wire::WireBlock;

/// The engine's votes, proposals, certificates and epochs.
const ENGINE_KIND: u8 = 1;
/// A block, of which the engine knows only the hash.
const BLOCK_KIND: u8 = 16;

/// One thing to remember across a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogRecord {
    /// Own votes and proposals, certificates and epochs.
    Engine(Box<EngineRecord>),
    /// A block that this node may have to serve, execute or finalize after a restart.
    Block(Box<WireBlock>),
}

impl LogRecord {
    /// Whether what follows has to wait until this is on disk. Own votes, and the blocks that they speak for, can come
    /// back from nobody else. A certificate proves itself, whoever loses it gets it again, and being earlier in the
    /// log it is on disk before any vote that rests on it.
    #[must_use]
    pub fn binds(&self) -> bool {
        !matches!(self, Self::Engine(record) if matches!(**record, EngineRecord::Certificate(_)))
    }

    /// The journal's form.
    #[must_use]
    pub fn to_record(&self) -> Record {
        match self {
            Self::Engine(record) => {
                let (epoch, view) = record.place();
                Record { kind: ENGINE_KIND, epoch, view, bytes: record.to_canonical() }
            }
            Self::Block(block) => {
                let (epoch, view) = (block.header.epoch, block.header.view);
                Record { kind: BLOCK_KIND, epoch, view, bytes: block.to_canonical() }
            }
        }
    }

    /// Reads a record back.
    ///
    /// # Errors
    /// [`DecodeError`] for a kind or bytes that this version did not write.
    pub fn from_record(record: &Record) -> Result<Self, DecodeError> {
        match record.kind {
            ENGINE_KIND => EngineRecord::from_canonical(&record.bytes).map(Box::new).map(Self::Engine),
            BLOCK_KIND => WireBlock::from_canonical(&record.bytes).map(Box::new).map(Self::Block),
            kind => Err(DecodeError::Malformed(format!("the consensus log has a record of unknown kind {kind}"))),
        }
    }
}
