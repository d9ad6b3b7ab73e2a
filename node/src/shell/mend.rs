//! The thread that mends the store: what it cannot read of blocks, bodies and receipts is fetched from peers again.
//!
//! It must not decide what a good block is: the replica asks and checks, the store compares. What cannot be fetched (state, tree
//! and indexes, or a block that no peer gives) stops the node with a sentence that names the file: a node with a hole in its
//! store must not go on as if it were whole.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use replica::wire::KeptBlock;
use replica::{Event, LostBlock};
use store::{Lost, Mended, Store, StoreError};
use types::Height;

use super::fault::Faults;
use super::inbox::InboxSender;

/// How long peers may take to give a block.
const WAIT: Duration = Duration::from_secs(60);
/// Unreadable blocks that are remembered at once; others are met again.
const REPORTED_MAX: usize = 1_024;

/// Something for the thread.
pub(crate) enum Mending {
    /// A block cannot be read.
    Unreadable(Height, StoreError),
    /// A peer gave it again.
    Given(Box<LostBlock>, Box<KeptBlock>),
}

/// Starts the thread, which hears of everything that the store cannot read; it ends when the sender is dropped.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn start(
    store: Store,
    inbox: InboxSender,
    faults: &Faults,
) -> std::io::Result<(Arc<Sender<Mending>>, JoinHandle<()>)> {
    let (sender, receiver) = channel();
    let sender = Arc::new(sender);
    let reported = Arc::new(Mutex::new(BTreeSet::new()));
    // The store must not keep the thread alive that keeps the store.
    let (weak, reports, seen) = (Arc::downgrade(&sender), faults.clone(), reported.clone());
    store.watch(Box::new(move |error| match error {
        StoreError::Unreadable { height, .. } => {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.len() < REPORTED_MAX && seen.insert(*height) {
                // A node that is stopping mends nothing.
                let _ = weak.upgrade().map(|sender| sender.send(Mending::Unreadable(*height, error.clone())));
            }
        }
        error => reports.report(error.to_string()),
    }));
    let mut mender = Mender { store, inbox, reported, faults: faults.clone() };
    let thread = faults.spawn("mend", move || mender.run(&receiver))?;
    Ok((sender, thread))
}

struct Mender {
    store: Store,
    inbox: InboxSender,
    /// Blocks that were reported and are not mended yet.
    reported: Arc<Mutex<BTreeSet<Height>>>,
    faults: Faults,
}

impl Mender {
    fn run(&mut self, receiver: &Receiver<Mending>) {
        let mut waiting: BTreeSet<Height> = BTreeSet::new();
        loop {
            let (height, error) = match waiting.pop_last() {
                Some(height) => (height, None),
                None => match receiver.recv() {
                    Ok(Mending::Unreadable(height, error)) => (height, Some(error)),
                    // An answer that nobody waits for any more.
                    Ok(Mending::Given(..)) => continue,
                    Err(_) => return,
                },
            };
            if let Some(error) = &error {
                tracing::warn!(%height, %error, "a block is fetched again, as the store cannot read it");
            }
            if !self.mend(height, receiver, &mut waiting) {
                return;
            }
            // A damaged part of a file has more rows than one.
            let below = height.0.checked_sub(1).map(Height).filter(|below| below.0 > 0);
            waiting.extend(below.filter(|below| !self.store.is_whole(*below)));
        }
    }

    /// Fetches what is unreadable from a height on, from above; says whether the node goes on.
    fn mend(&self, height: Height, receiver: &Receiver<Mending>, waiting: &mut BTreeSet<Height>) -> bool {
        loop {
            let lost = match self.store.lost(height) {
                Ok(Some(lost)) => lost,
                Ok(None) => {
                    self.reported.lock().unwrap_or_else(PoisonError::into_inner).remove(&height);
                    return true;
                }
                Err(error) => return self.give_up(&error),
            };
            let Lost { height, hash, receipts_root, certificate } = lost.clone();
            self.inbox.answer(Event::Unreadable { lost: LostBlock { height, hash, receipts_root, certificate } });
            let kept = match wait(&lost, receiver, waiting) {
                Waited::Given(kept) => kept,
                Waited::InVain => {
                    let Err(error) = self.read(height) else { continue };
                    return self.give_up(&error);
                }
                Waited::Stopping => return false,
            };
            let KeptBlock { block, receipts } = *kept;
            let (header, body, certificate) = (block.header, block.body, block.certificate);
            let mended = Mended { header, body, certificate, receipts: receipts.into_vec() };
            if let Err(error) = self.store.mend(&lost, &mended) {
                self.faults.report(error.to_string());
                return false;
            }
            tracing::info!(%height, %hash, "a block that the store could not read was fetched again");
        }
    }

    fn read(&self, height: Height) -> Result<(), StoreError> {
        self.store.block(height)?;
        self.store.body(height)?;
        self.store.receipts(height)?;
        Ok(())
    }

    fn give_up(&self, error: &StoreError) -> bool {
        self.faults.report(format!("{error}, and no peer gives it again; {}", store::REMEDY));
        false
    }
}

/// How waiting for a block ended.
enum Waited {
    Given(Box<KeptBlock>),
    InVain,
    Stopping,
}

/// Waits for a block; what else is unreadable is done afterwards.
fn wait(lost: &Lost, receiver: &Receiver<Mending>, waiting: &mut BTreeSet<Height>) -> Waited {
    let until = Instant::now() + WAIT;
    loop {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Mending::Given(given, kept)) if given.hash == lost.hash => return Waited::Given(kept),
            Ok(Mending::Given(..)) => {}
            Ok(Mending::Unreadable(height, _)) => drop(waiting.insert(height)),
            Err(RecvTimeoutError::Timeout) => return Waited::InVain,
            Err(RecvTimeoutError::Disconnected) => return Waited::Stopping,
        }
    }
}
