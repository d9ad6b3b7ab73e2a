//! Whoever has to do with devices: owners, a verifier and an authority, each by an account of the clients, who sign and send what is tried here.
//!
//! They must not know what comes of it: the model does.

use std::collections::BTreeMap;

use testnet::sim::{Actor, Lots, Rest, Stage};
use types::{Body, Hash32};

use super::book::Book;
use super::calls::{Draft, Tried};
use super::{AUTHORITY, VERIFIER};
use crate::keys::{KEYS, Key};

/// So many calls at most wait for clients to send them: what is thought of is then still of its time.
const UNSENT_MAX: usize = 4;

pub(super) struct People {
    lots: Lots,
    /// Time between two calls, in microseconds; 0 for none.
    pace_us: u64,
    book: Book,
    keys: BTreeMap<Hash32, Key>,
    /// Whether the model knows whose the offices of the genesis are.
    has_offices: bool,
}

impl People {
    pub(super) fn new(seed: u64, book: Book) -> Self {
        // Lots of its own, so that a network without devices is the same as before.
        let lots = Lots::new(seed ^ 0x1d1d_de51_ce50_0000);
        let keys = (0..KEYS).map(|number| (Key(number).id(), Key(number))).collect();
        Self { lots, pace_us: 0, book, keys, has_offices: false }
    }
}

impl Actor for People {
    fn begin(&mut self, pace_us: u64) {
        self.pace_us = pace_us;
    }

    fn act(&mut self, stage: &mut Stage<'_>) {
        if self.pace_us == 0 {
            return;
        }
        stage.again(self.lots.between(self.pace_us / 2..=self.pace_us * 3 / 2));
        if stage.calls_unsent() >= UNSENT_MAX {
            return;
        }
        let accounts = stage.accounts();
        let mut pages = self.book.pages();
        if !self.has_offices {
            pages.model.begin(accounts[AUTHORITY], accounts[VERIFIER]);
            self.has_offices = true;
        }
        let (keys, chain_id, now) = (&self.keys, stage.chain_id(), stage.unix_ms());
        let mut draft = Draft { lots: &mut self.lots, pages: &mut pages, keys, accounts: &accounts, chain_id, now };
        let Some(Tried { sender, call, wrong }) = draft.think() else { return };
        let sender = draft.by(sender);
        drop(pages);
        if let Some(wrong) = wrong {
            stage.fault(wrong);
        }
        stage.account_calls(sender, call.to_call().expect("few shares"));
    }

    fn told(&mut self, _: &Body) {}

    fn answered(&mut self, _: bool) {}

    fn rest(&mut self) -> Rest {
        self.pace_us = 0;
        Rest { quiet_ms: 500, final_ms_max: 0 }
    }

    /// What clients have sent they send until it is final; nothing comes after it.
    fn last(&mut self, _: &mut Stage<'_>) {}

    fn settled(&self) -> Result<(), String> {
        Ok(())
    }
}
