//! The newest notes, in memory. What was written before the node started is in the state and not here.
//!
//! It must not know blocks. Invariant: there are never more than it was made for, the newest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use module_name::ModuleNameNewest;

/// The newest notes; a copy is another hand on the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Newest {
    max: usize,
    notes: Arc<Mutex<VecDeque<ModuleNameNewest>>>,
}

impl Newest {
    /// At most so many.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, notes: Arc::default() }
    }

    /// Takes one more, and lets the oldest go when there are too many.
    pub(crate) fn add(&self, note: ModuleNameNewest) {
        let mut notes = self.notes();
        notes.push_front(note);
        notes.truncate(self.max);
    }

    /// At most so many, the newest first.
    pub(crate) fn list(&self, limit: usize) -> Vec<ModuleNameNewest> {
        self.notes().iter().take(limit).cloned().collect()
    }

    fn notes(&self) -> MutexGuard<'_, VecDeque<ModuleNameNewest>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_note_goes_when_there_are_too_many() {
        let newest = Newest::new(2);
        for number in 1..=3 {
            let (author, text) = ("somebody".to_owned(), format!("note {number}"));
            newest.add(ModuleNameNewest { number, height: number, author, text });
        }
        let numbers = |limit| newest.list(limit).iter().map(|note| note.number).collect::<Vec<_>>();
        assert_eq!((numbers(9), numbers(1)), (vec![3, 2], vec![3]));
    }
}
