//! What the story of a trial may do to a world beside letting it run: the way from outside, which leaves the rest free to change.

use std::ops::RangeInclusive;

use types::{Address, Call};

use super::Lots;
use super::world::World;

impl World {
    /// How many nodes there are, whether or not they run.
    #[must_use]
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The accounts of clients.
    #[must_use]
    pub fn accounts(&self) -> Vec<Address> {
        self.ground.accounts.iter().map(|account| account.address).collect()
    }

    /// Counts something that does not happen in a network at peace.
    pub fn fault(&mut self, kind: &'static str) {
        self.faults.add(kind);
    }

    /// Clients send a transaction about every so many microseconds; none with 0.
    pub const fn pace_clients(&mut self, pace_us: u64) {
        self.client.pace_us = pace_us;
    }

    /// The first account makes this call before its usual ones.
    pub fn first_account_calls(&mut self, call: Call) {
        self.account_calls(0, call);
    }

    /// The account of this place in [`Self::accounts`] makes this call before its usual ones.
    pub fn account_calls(&mut self, account: usize, call: Call) {
        self.client.special.push_back((account, call));
    }

    /// Links lose so many of a thousand messages.
    pub const fn lose(&mut self, per_mille: u64) {
        self.links.lost = per_mille;
    }

    /// Runs for so many rounds, each of so many milliseconds, while nodes come and go and links lose some of what they say.
    pub fn run_in_unrest(&mut self, lots: &mut Lots, rounds: u64, round_ms: RangeInclusive<u64>) {
        for _ in 0..rounds {
            self.lose(if lots.chance(250) { lots.between(10..=100) } else { 0 });
            let place = lots.place(self.size());
            if lots.chance(250) {
                self.cut_power(place);
                self.rise_in(place, lots.between(10..=600));
            }
            self.run_for(lots.between(round_ms.clone()));
        }
    }
}
