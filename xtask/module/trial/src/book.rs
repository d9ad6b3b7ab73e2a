//! What was asked for: written by who acts, read by who looks on. It must not know a chain.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

/// The texts of all notes that the writer has asked for.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<BTreeSet<Vec<u8>>>>);

impl Book {
    /// The writer asks for a note.
    pub(crate) fn ask(&self, text: &str) {
        self.texts().insert(text.as_bytes().to_vec());
    }

    /// Takes a text out; whether it was there.
    pub(crate) fn take(&self, text: &[u8]) -> bool {
        self.texts().remove(text)
    }

    fn texts(&self) -> MutexGuard<'_, BTreeSet<Vec<u8>>> {
        self.0.lock().expect("a network is simulated in one thread, which does not panic while it reads or writes here")
    }
}
