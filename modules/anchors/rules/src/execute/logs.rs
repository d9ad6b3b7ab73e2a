//! Logs whose heads go on the chain: their numbers rise, so a log that was put back shows itself.

use execution::{Context, Reject};
use types::Hash32;

use super::Now;
use crate::call::LogCheckpoint;
use crate::event::AnchorsEvent;
use crate::keys;
use crate::records::{LogRecord, NewestHead, read, write};
use crate::reject::AnchorsReject;

pub(super) fn open(context: &mut Context<'_, '_>, now: &Now, log: Hash32) -> Result<(), Reject> {
    let key = keys::log(&now.sender, &log);
    if read::<LogRecord>(context, &key).is_some() {
        return Ok(());
    }
    now.pay(context, 0)?;
    write(context, &key, &LogRecord { opened: now.since, checkpoints: 0, newest: None });
    AnchorsEvent::LogOpened { account: now.sender, log }.emit(context)
}

/// The newest takes the place of the last one, so it costs no more than its transaction; older ones are events.
pub(super) fn checkpoint(context: &mut Context<'_, '_>, now: &Now, call: LogCheckpoint) -> Result<(), Reject> {
    let LogCheckpoint { log, sequence, head } = call;
    let key = keys::log(&now.sender, &log);
    let record: LogRecord = read(context, &key).ok_or(AnchorsReject::UnknownLog)?;
    if let Some(newest) = record.newest {
        if sequence < newest.sequence {
            return Err(AnchorsReject::CheckpointOrder.into());
        }
        if sequence == newest.sequence {
            return if head == newest.head { Ok(()) } else { Err(AnchorsReject::CheckpointConflict.into()) };
        }
    }
    let newest = Some(NewestHead { sequence, head, since: now.since });
    write(context, &key, &LogRecord { checkpoints: record.checkpoints.saturating_add(1), newest, ..record });
    AnchorsEvent::Checkpointed { account: now.sender, log, sequence, head }.emit(context)
}
