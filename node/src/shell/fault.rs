//! How a failure of this machine ends the node: the first fault is kept, everything stops, nothing is tried again.
//!
//! One failure does not end it: a write for which the disk had no room. Nothing is written any more then, and the node answers
//! what it is asked until it is stopped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::room::{Room, is_for_lack_of_room};

/// Where any part of the node reports that the machine has failed.
#[derive(Clone, Debug)]
pub struct Faults {
    first: watch::Sender<Option<String>>,
    room: Room,
}

impl Faults {
    /// Nothing has failed yet.
    #[must_use]
    pub fn new(room: Room) -> Self {
        Self { first: watch::Sender::new(None), room }
    }

    /// Reports a fault; only the first is kept.
    pub fn report(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if is_for_lack_of_room(&sentence) {
            tracing::error!(failed = %sentence, "the disk is full: the node only answers from now on");
            return self.room.fail(sentence);
        }
        if self.room.has_failed() {
            // What follows from that a thread has ended which could not write.
            return tracing::debug!(%sentence, "after the disk was full");
        }
        tracing::error!(fault = %sentence, "the node stops");
        self.first.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(sentence);
            }
            is_first
        });
    }

    /// The first fault, if there is one.
    #[must_use]
    pub fn first(&self) -> Option<String> {
        self.first.borrow().clone()
    }

    /// Waits for a fault.
    pub async fn wait(&self) -> String {
        let mut receiver = self.first.subscribe();
        match receiver.wait_for(Option::is_some).await {
            Ok(first) => first.clone().unwrap_or_default(),
            // The sender lives in `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// Starts a thread whose panic is a fault.
    pub(crate) fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
        let (faults, thread) = (self.clone(), name.to_owned());
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown");
                faults.report(format!("the thread `{thread}` panicked: {text}"));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::super::room::Space;
    use super::*;

    fn faults() -> Faults {
        let plenty = Space { free_bytes: 1 << 40, total_bytes: 1 << 41 };
        Faults::new(Room::new(Path::new("/data"), 1, Arc::new(move || Ok(plenty))))
    }

    // FAULTS S4
    #[test]
    fn a_panic_of_a_thread_is_a_fault_and_only_the_first_fault_counts() {
        let faults = faults();
        let thread = faults.spawn("worker", || panic!("the store cannot be read")).expect("a thread");
        thread.join().expect("the panic was caught");
        let first = faults.first().expect("a fault");
        assert!(first.contains("`worker`") && first.contains("the store cannot be read"), "{first}");
        faults.report("another");
        assert_eq!(faults.first(), Some(first));
    }

    // FAULTS HT12
    #[test]
    fn a_write_without_room_closes_the_disk_and_ends_nothing() {
        let faults = faults();
        faults.report("cannot append to `log`: No space left on device (os error 28)");
        faults.report("the store thread has ended");
        assert_eq!(faults.first(), None);
        assert!(faults.room.is_closed());
    }
}
