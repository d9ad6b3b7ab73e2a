//! The actor: it leaves notes, each with a text of its own, by the network's first account.

use testnet::sim::{Actor, Lots, Rest, Stage};
use types::{Body, Call};

use crate::book::Book;
use crate::note_call;

/// How long the last note may take until it is final, after healing.
const FINAL_MS_MAX: u64 = 30_000;

/// Who leaves notes.
pub(crate) struct Writer {
    lots: Lots,
    /// Time between two notes, in microseconds; 0 for none.
    pace_us: u64,
    count: u64,
    /// A note that is to become final, until it is.
    awaited: Option<Call>,
    book: Book,
}

impl Writer {
    pub(crate) const fn new(seed: u64, book: Book) -> Self {
        // Lots of its own, so that a network without a writer is the same as before.
        Self { lots: Lots::new(seed ^ MODULE_NUMBER), pace_us: 0, count: 0, awaited: None, book }
    }

    fn write(&mut self, stage: &mut Stage<'_>) -> Call {
        self.count += 1;
        let text = format!("note {}", self.count);
        self.book.ask(&text);
        let call = note_call(&text);
        stage.first_account_calls(call.clone());
        call
    }
}

impl Actor for Writer {
    fn begin(&mut self, pace_us: u64) {
        self.pace_us = pace_us;
    }

    fn act(&mut self, stage: &mut Stage<'_>) {
        if self.pace_us > 0 {
            stage.again(self.lots.between(self.pace_us / 2..=self.pace_us * 3 / 2));
            self.write(stage);
        }
    }

    fn told(&mut self, body: &Body) {
        let mut calls = body.transactions.iter().flat_map(|transaction| &transaction.body.calls);
        if self.awaited.as_ref().is_some_and(|awaited| calls.any(|call| call == awaited)) {
            self.awaited = None;
        }
    }

    /// Asks of actors themselves are system calls; this one has none.
    fn answered(&mut self, _: bool) {}

    fn rest(&mut self) -> Rest {
        self.pace_us = 0;
        Rest { quiet_ms: 1_000, final_ms_max: FINAL_MS_MAX }
    }

    fn last(&mut self, stage: &mut Stage<'_>) {
        self.awaited = Some(self.write(stage));
    }

    fn settled(&self) -> Result<(), String> {
        if self.awaited.is_none() { Ok(()) } else { Err(format!("note {} is not final", self.count)) }
    }
}
