//! Two machines with one network key.
//!
//! Who greets with another life than before has been started anew, and takes the place of its earlier life. An earlier life that
//! comes back was not over: two machines have the same key, and would take each other's place for ever. Then the one that came
//! first keeps the place, and the other waits until it is free. It must not know what a life is worth.

use std::collections::{BTreeMap, VecDeque};

use types::PeerKey;

use super::life::Life;

/// Keys that are remembered, and lives of one.
const KEYS_MAX: usize = 256;
const LIVES_MAX: usize = 8;

/// What another life of a peer that is connected may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It was started anew, and takes the place.
    Begins,
    /// It came before the present one, and is alive: it takes its place back.
    Returns,
    /// It came after the present one, which is alive.
    Yields,
}

/// Lives of keys that have had more than one, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Twins(BTreeMap<PeerKey, VecDeque<Life>>);

impl Twins {
    /// Another life greets while one is present.
    pub(super) fn claim(&mut self, key: PeerKey, present: Life, other: Life) -> Claim {
        if self.0.len() >= KEYS_MAX && !self.0.contains_key(&key) {
            self.0.pop_first();
        }
        let lives = self.0.entry(key).or_default();
        if !lives.contains(&present) {
            lives.push_back(present);
        }
        if !lives.contains(&other) {
            lives.push_back(other);
            while lives.len() > LIVES_MAX {
                lives.pop_front();
            }
            return Claim::Begins;
        }
        let place = |life: Life| lives.iter().position(|known| *known == life);
        if place(other) < place(present) { Claim::Returns } else { Claim::Yields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u16) -> PeerKey {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        PeerKey(key)
    }

    // FAULTS HC8
    #[test]
    fn who_is_started_anew_takes_the_place_and_of_two_that_are_alive_the_first_keeps_it() {
        let mut twins = Twins::default();
        let [first, second, third] = [(); 3].map(|()| Life::begin());
        assert_eq!(twins.claim(key(1), first, second), Claim::Begins, "a restart");
        assert_eq!(twins.claim(key(1), second, first), Claim::Returns, "it was none");
        for _ in 0..3 {
            assert_eq!(twins.claim(key(1), first, second), Claim::Yields);
        }
        assert_eq!(twins.claim(key(1), first, third), Claim::Begins, "the first one is started anew");
        assert_eq!(twins.claim(key(1), third, second), Claim::Returns, "and is now the younger one");
        assert_eq!(twins.claim(key(2), second, first), Claim::Begins, "another key");
    }

    // FAULTS HB7
    #[test]
    fn so_many_keys_and_lives_are_remembered_and_no_more() {
        let mut twins = Twins::default();
        let mut present = Life::begin();
        for _ in 0..50 {
            let next = Life::begin();
            assert_eq!(twins.claim(key(1), present, next), Claim::Begins);
            present = next;
        }
        assert_eq!(twins.0[&key(1)].len(), LIVES_MAX);
        for number in 0..1_000 {
            twins.claim(key(number), Life::begin(), Life::begin());
        }
        assert_eq!(twins.0.len(), KEYS_MAX);
    }
}
