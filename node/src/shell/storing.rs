//! The thread that writes final blocks to the store, in order, each once.
//!
//! It must not know why a block is final. Writes are not synced one by one: the store's log is synced when the replica asks, after
//! many bytes, or when nothing has come for a second; only then the consensus log may forget the blocks. Whoever hands a block
//! over never waits here, however slow the disk is: the replica bounds what it has given and not heard back of, in bytes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use execution::FinalizedBlock;
use replica::Event;
use store::{Store, StoreError};
use types::{Hash32, Height};

use super::fault::Faults;
use super::inbox::InboxSender;
use super::notices::Notices;
use crate::stages::{Stage, Stages};

/// Things that may be done with one write.
const BATCH_MAX: usize = 63;
/// Body bytes after which the log is synced.
const UNSYNCED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Pause after which the log is synced.
const IDLE: Duration = Duration::from_secs(1);

/// What the thread is asked to do.
#[derive(Debug)]
pub enum Writing {
    /// Write a block.
    Commit(Arc<FinalizedBlock>),
    /// Tell clients that a block is final: after it was written, so that whoever hears of it can read it.
    Tell(Arc<FinalizedBlock>),
    /// Sync now.
    Sync,
}

/// Starts the thread; it ends, with a last sync, when the sender is dropped.
///
/// # Errors
/// When the system gives no thread.
pub fn start(
    store: Store,
    inbox: InboxSender,
    notices: Notices,
    stages: Arc<Stages>,
    faults: &Faults,
) -> std::io::Result<(Sender<Writing>, JoinHandle<()>)> {
    let (sender, receiver) = queue();
    let reports = faults.clone();
    let thread = faults.spawn("store", move || {
        let mut writer = Writer { store, inbox, notices, stages, unsynced: None, bytes: 0 };
        if let Err(error) = writer.run(&receiver) {
            reports.report(error.to_string());
        }
    })?;
    Ok((sender, thread))
}

/// The way to the thread: it never makes the sender wait, and the replica bounds what lies in it.
fn queue() -> (Sender<Writing>, Receiver<Writing>) {
    channel()
}

struct Writer {
    store: Store,
    inbox: InboxSender,
    notices: Notices,
    stages: Arc<Stages>,
    /// The newest block that is written and not synced.
    unsynced: Option<(Height, Hash32)>,
    bytes: usize,
}

impl Writer {
    fn run(&mut self, receiver: &Receiver<Writing>) -> Result<(), StoreError> {
        loop {
            match receiver.recv_timeout(IDLE) {
                Ok(first) => self.write(std::iter::once(first).chain(receiver.try_iter().take(BATCH_MAX)))?,
                Err(RecvTimeoutError::Timeout) => self.sync()?,
                Err(RecvTimeoutError::Disconnected) => return self.sync(),
            }
        }
    }

    /// What waits, with one write for all blocks; clients are told of them afterwards, and a sync comes last.
    fn write(&mut self, waiting: impl Iterator<Item = Writing>) -> Result<(), StoreError> {
        let (mut blocks, mut news, mut sync) = (Vec::new(), Vec::new(), false);
        for writing in waiting {
            match writing {
                Writing::Commit(block) => blocks.push(block),
                Writing::Tell(block) => news.push(block),
                Writing::Sync => sync = true,
            }
        }
        self.commit(&blocks)?;
        news.iter().for_each(|block| self.notices.block(block));
        if sync || self.bytes >= UNSYNCED_BYTES_MAX { self.sync() } else { Ok(()) }
    }

    fn commit(&mut self, blocks: &[Arc<FinalizedBlock>]) -> Result<(), StoreError> {
        if blocks.is_empty() {
            return Ok(());
        }
        self.stages.time(Stage::Commit, || self.store.commit_many(blocks))?;
        for block in blocks {
            let height = block.header.height;
            self.unsynced = Some((height, block.hash));
            let lengths = block.body.transactions.iter().map(types::Transaction::encoded_length);
            self.bytes = lengths.fold(self.bytes, usize::saturating_add);
            self.inbox.answer(Event::Committed { height });
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if let Some((height, hash)) = self.unsynced.take() {
            self.stages.time(Stage::StoreSync, || self.store.sync())?;
            self.bytes = 0;
            self.inbox.answer(Event::Synced { height, hash });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HA9: the thread that votes hands blocks over.
    #[test]
    fn who_hands_blocks_over_never_waits_for_the_disk() {
        // Nobody takes anything out: the disk stands still.
        let (sender, receiver) = queue();
        let (done, finished) = channel();
        let giver = std::thread::spawn(move || {
            (0..10_000).for_each(|_| drop(sender.send(Writing::Sync)));
            done.send(()).is_ok()
        });
        finished.recv_timeout(Duration::from_secs(60)).expect("it does not wait");
        assert!(giver.join().expect("no panic"));
        assert_eq!(receiver.try_iter().count(), 10_000, "and nothing is lost");
    }
}
