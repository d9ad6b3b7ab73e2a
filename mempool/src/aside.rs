//! What waits and could not be included now: the price is above what it can pay, or a proposer could not use it.
//!
//! It stands aside: nobody is offered it, it counts as no work, and what can be included is worth more. It must not know why a
//! proposer refuses. Invariant: nothing stands aside for ever; it comes back by a lower price or the next final block, or goes.

use std::sync::Arc;

use types::{Address, Hash32, Nonce, TimeMs};

use crate::ledger::Ledger;
use crate::pool::{Mempool, Removal, Removed, Source};
use crate::queue::{Entry, Prices, Queue};
use crate::transaction::PoolTransaction;

/// So often a proposer may fail to use a transaction before it goes: the state may have been on its way.
const STRIKES_MAX: u8 = 3;

impl Mempool {
    /// Sets aside what a proposer could not use on its parent, until the next final block; what was named too often goes.
    pub fn set_aside<'i>(&mut self, unusable: impl IntoIterator<Item = &'i Hash32>) -> Vec<Removed> {
        let mut removed = Vec::new();
        for id in unusable {
            let Some(strikes) = self.entry(id).filter(|entry| !entry.is_aside).map(|entry| entry.strikes) else {
                continue;
            };
            let strikes = strikes.saturating_add(1);
            if strikes >= STRIKES_MAX {
                removed.extend(self.remove(id).map(|gone| (gone, Removal::Unusable)));
                continue;
            }
            self.aside.push(*id);
            self.change_entry(id, |entry| (entry.strikes, entry.is_aside) = (strikes, true));
        }
        removed
    }

    /// What was set aside is offered again: there is a new final block.
    pub(crate) fn take_back(&mut self) {
        for id in std::mem::take(&mut self.aside) {
            self.change_entry(&id, |entry| entry.is_aside = false);
        }
    }

    /// Takes over time and price; only those whose standing this changes are looked at.
    pub(crate) fn follow_price(&mut self, ledger: &dyn Ledger) {
        self.time = ledger.time();
        let price = ledger.price();
        if price == self.price {
            return;
        }
        self.price = price;
        let too_low = self.ceilings.iter().take_while(|(ceiling, _)| *ceiling < price);
        let enough = self.stopped.iter().rev().take_while(|(most, _)| *most >= price);
        let changed: Vec<Address> = too_low.chain(enough).map(|(_, sender)| *sender).collect();
        for sender in changed {
            self.change_queue(sender, |_| {});
        }
    }

    /// Removes what could not pay the price for too long.
    pub(crate) fn drop_underpriced(&mut self) -> Vec<Arc<PoolTransaction>> {
        let mut dropped = Vec::new();
        while let Some((since, sender)) = self.stopped_since.first().copied()
            && since.saturating_add(self.limits.aside_ms_max) < self.time
        {
            let stopped = self.queues.get(&sender).and_then(Queue::stopped);
            let Some(id) = stopped.map(|entry| entry.transaction.id) else { break };
            dropped.extend(self.remove(&id));
        }
        dropped
    }

    /// What is executable behind a transaction of this sender, and where it came from.
    pub(crate) fn behind(&self, sender: &Address, nonce: Nonce) -> Vec<(Arc<PoolTransaction>, Source)> {
        let Some(queue) = self.queues.get(sender).filter(|queue| queue.len() > 1) else { return Vec::new() };
        let behind = queue.backwards().take_while(|entry| entry.nonce() > nonce);
        let behind = behind.filter(|entry| entry.worth.is_executable);
        let mut behind: Vec<_> = behind.map(|entry| (Arc::clone(&entry.transaction), entry.source)).collect();
        behind.reverse();
        behind
    }

    /// Brings the indexes of prices up to date after a queue has changed.
    pub(crate) fn note_prices(
        &mut self,
        sender: Address,
        (before, since_before): (Prices, TimeMs),
        (now, since): (Prices, TimeMs),
    ) {
        before.ceiling.map(|price| self.ceilings.remove(&(price, sender)));
        self.ceilings.extend(now.ceiling.map(|price| (price, sender)));
        if let Some((price, _)) = before.stopped {
            self.stopped.remove(&(price, sender));
            self.stopped_since.remove(&(since_before, sender));
        }
        if let Some((price, _)) = now.stopped {
            self.stopped.insert((price, sender));
            self.stopped_since.insert((since, sender));
        }
    }

    fn change_entry(&mut self, id: &Hash32, change: impl FnOnce(&mut Entry)) {
        let Some((sender, nonce)) = self.by_id.get(id).copied() else { return };
        self.change_queue(sender, |queue| queue.get_mut(nonce).map_or((), change));
    }
}
