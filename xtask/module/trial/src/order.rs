//! What must hold: over the whole chain notes are numbered without a gap, and each was asked for, once.
//!
//! That counts and notes agree in the state is asked of the module after every block by the house's own checker.

use execution::{FinalizedBlock, Module};
use module_name::{ModuleName, ModuleNameEvent};
use testnet::sim::ChainChecker;

use crate::book::Book;

/// Looks at the events of every final block.
pub(crate) struct Order {
    book: Book,
    /// The number of the newest note.
    newest: u64,
}

impl Order {
    pub(crate) const fn new(book: Book) -> Self {
        Self { book, newest: 0 }
    }
}

impl ChainChecker for Order {
    fn property(&self) -> &'static str {
        "notes are numbered, and asked for once"
    }

    fn block(&mut self, block: &FinalizedBlock) -> Result<(), String> {
        let height = block.header.height;
        let events = block.outcome.receipts.iter().flat_map(|receipt| &receipt.events);
        for event in events.filter(|event| event.module == ModuleName::ID) {
            let event = ModuleNameEvent::read(event.kind, &event.body);
            let event = event.ok_or_else(|| format!("block {height} has an event that cannot be read"))?;
            // Whoever adds an event says here what must hold of it: a `match`, then.
            let ModuleNameEvent::Written { number, text, .. } = event;
            if number != self.newest + 1 {
                return Err(format!("note {number} in block {height} follows note {}", self.newest));
            }
            if !self.book.take(&text) {
                return Err(format!("nobody asked for note {number} in block {height}, or it is there twice"));
            }
            self.newest = number;
        }
        Ok(())
    }
}
