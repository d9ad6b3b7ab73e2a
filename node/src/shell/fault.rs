//! How a failure of this machine ends the node: the first fault is kept, everything stops, nothing is tried again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use tokio::sync::watch;

/// Where any part of the node reports that the machine has failed.
#[derive(Clone, Debug)]
pub struct Faults {
    first: watch::Sender<Option<String>>,
}

impl Faults {
    /// Nothing has failed yet.
    #[must_use]
    pub fn new() -> Self {
        Self { first: watch::Sender::new(None) }
    }

    /// Reports a fault; only the first is kept.
    pub fn report(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
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

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS S4
    #[test]
    fn a_panic_of_a_thread_is_a_fault_and_only_the_first_fault_counts() {
        let faults = Faults::new();
        let thread = faults.spawn("worker", || panic!("the store cannot be read")).expect("a thread");
        thread.join().expect("the panic was caught");
        let first = faults.first().expect("a fault");
        assert!(first.contains("`worker`") && first.contains("the store cannot be read"), "{first}");
        faults.report("another");
        assert_eq!(faults.first(), Some(first));
    }
}
