//! Tokens that were taken back, until they would have ended by themselves: by holder, so that none of them uses up another's room.
//!
//! It must not know where the list is kept. Invariants: bounded in holders and in tokens of each; a holder whose room is used up has all of its tokens
//! taken back, and no other holder's right to it is touched; nothing is forgotten before both clocks say so, as the wall's may be set.

use std::collections::HashMap;
use std::hash::Hash;

use super::claims::Jti;
use super::kind::LEEWAY_S;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevocationBounds {
    /// Most holders.
    pub holders_max: usize,
    /// Most tokens of each; one more takes all back that the holder was given until then.
    pub tokens_max: usize,
    /// How long a token lives at most, in seconds.
    pub life_s_max: u64,
}

/// An instant by two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoClocks {
    /// The wall's, in ms since 1970; it may be set.
    pub wall_ms: u64,
    /// One that is never set while the service runs, in ms.
    pub own_ms: u64,
}

/// What was taken back of a holder, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revocation {
    /// A token that ends in this second since 1970.
    One {
        /// Its name.
        jti: Jti,
        /// Its end.
        expires_s: u64,
    },
    /// Whatever was given up to and in this second since 1970.
    AllTo {
        /// The last second.
        issued_s: u64,
    },
}

/// The list, of holders as its owner calls them.
#[derive(Clone, Debug)]
pub struct Revocations<H> {
    bounds: RevocationBounds,
    holders: HashMap<H, Held>,
}

#[derive(Clone, Debug, Default)]
struct Held {
    tokens: Vec<(Jti, Kept)>,
    all_to: Option<Kept>,
}

/// A second, and since when it is known by the clock that nobody sets.
#[derive(Clone, Copy, Debug)]
struct Kept {
    second: u64,
    since_own_ms: u64,
}

impl<H: Copy + Eq + Hash> Revocations<H> {
    /// An empty list.
    #[must_use]
    pub fn new(bounds: RevocationBounds) -> Self {
        Self { bounds, holders: HashMap::new() }
    }

    /// Takes a token of a holder back, which was issued and ends in these seconds since 1970. What is to be written down; nothing where there is no room
    /// for another holder.
    pub fn revoke(
        &mut self,
        holder: H,
        jti: Jti,
        (issued_s, expires_s): (u64, u64),
        now: TwoClocks,
    ) -> Option<Revocation> {
        self.forget(now);
        if self.holders.len() >= self.bounds.holders_max && !self.holders.contains_key(&holder) {
            return None;
        }
        let held = self.holders.entry(holder).or_default();
        let is_known = held.tokens.iter().any(|(known, _)| *known == jti);
        let revocation = if is_known || held.tokens.len() < self.bounds.tokens_max {
            Revocation::One { jti, expires_s }
        } else {
            // The clock may have been ahead when an earlier one was issued; and one of the same name may come later, by as much as clocks may be apart.
            let issued = held.tokens.iter().map(|(_, kept)| kept.second.saturating_sub(self.bounds.life_s_max));
            let last_s = issued.max().unwrap_or_default().max(issued_s).max(now.wall_ms / 1_000);
            Revocation::AllTo { issued_s: last_s.saturating_add(LEEWAY_S) }
        };
        held.add(revocation, now.own_ms);
        Some(revocation)
    }

    /// Puts back what was written down, in its order, at this instant of the clock that nobody sets. Nothing is forgotten meanwhile.
    pub fn restore(&mut self, holder: H, revocation: Revocation, own_ms: u64) {
        self.holders.entry(holder).or_default().add(revocation, own_ms);
    }

    /// Whether a token of a holder that was issued in this second was taken back.
    #[must_use]
    pub fn has(&self, holder: &H, jti: &Jti, issued_s: u64) -> bool {
        self.holders.get(holder).is_some_and(|held| {
            held.all_to.is_some_and(|all_to| issued_s <= all_to.second)
                || held.tokens.iter().any(|(known, _)| known == jti)
        })
    }

    /// Whether a token is there that ends in this second or later, or all that were given until it was issued.
    #[must_use]
    pub fn covers(&self, holder: &H, jti: &Jti, (issued_s, expires_s): (u64, u64)) -> bool {
        self.holders.get(holder).is_some_and(|held| {
            let is_there = |(known, kept): &(Jti, Kept)| known == jti && kept.second >= expires_s;
            held.all_to.is_some_and(|all_to| issued_s <= all_to.second) || held.tokens.iter().any(is_there)
        })
    }

    /// Drops what is over: also any of the same name that was issued later, by as much as clocks may be apart.
    pub fn forget(&mut self, now: TwoClocks) {
        let RevocationBounds { life_s_max, .. } = self.bounds;
        let (now_s, kept_ms) = (now.wall_ms / 1_000, life_s_max.saturating_add(2 * LEEWAY_S).saturating_mul(1_000));
        let lives = |end_s: u64, kept: &Kept| {
            now_s < end_s.saturating_add(2 * LEEWAY_S) || now.own_ms < kept.since_own_ms.saturating_add(kept_ms)
        };
        self.holders.retain(|_, held| {
            held.tokens.retain(|(_, kept)| lives(kept.second, kept));
            held.all_to = held.all_to.filter(|kept| lives(kept.second.saturating_add(life_s_max), kept));
            held.all_to.is_some() || !held.tokens.is_empty()
        });
    }

    /// All of it, for whoever keeps the list.
    pub fn all(&self) -> impl Iterator<Item = (H, Revocation)> {
        self.holders.iter().flat_map(|(holder, held)| {
            let all_to = held.all_to.iter().map(|kept| Revocation::AllTo { issued_s: kept.second });
            let tokens = held.tokens.iter().map(|(jti, kept)| Revocation::One { jti: *jti, expires_s: kept.second });
            // In this order: what takes all back drops those before it.
            all_to.chain(tokens).map(|revocation| (*holder, revocation))
        })
    }
}

impl Held {
    fn add(&mut self, revocation: Revocation, own_ms: u64) {
        match revocation {
            Revocation::One { jti, expires_s } => {
                let kept = Kept { second: expires_s, since_own_ms: own_ms };
                match self.tokens.iter_mut().find(|(known, _)| *known == jti) {
                    Some((_, known)) => *known = Kept { second: expires_s.max(known.second), ..kept },
                    None => self.tokens.push((jti, kept)),
                }
            }
            Revocation::AllTo { issued_s } => {
                let second = self.all_to.map_or(issued_s, |all_to| issued_s.max(all_to.second));
                *self = Self { tokens: Vec::new(), all_to: Some(Kept { second, since_own_ms: own_ms }) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: u64 = 86_400;
    const BOUNDS: RevocationBounds = RevocationBounds { holders_max: 2, tokens_max: 3, life_s_max: DAY_S };
    const START_S: u64 = 1_771_111_111;

    fn jti(number: u8) -> Jti {
        Jti([number; 16])
    }

    /// So many seconds after the start, by both clocks.
    fn at(second: u64) -> TwoClocks {
        TwoClocks { wall_ms: (START_S + second) * 1_000, own_ms: second * 1_000 }
    }

    fn life(second: u64) -> (u64, u64) {
        (START_S + second, START_S + second + DAY_S)
    }

    #[test]
    fn a_holder_whose_room_is_used_up_loses_all_that_it_was_given_and_no_other_holder_anything() {
        let mut list = Revocations::new(BOUNDS);
        for number in 1..=3 {
            let written = list.revoke('a', jti(number), life(0), at(10));
            assert_eq!(written, Some(Revocation::One { jti: jti(number), expires_s: life(0).1 }));
        }
        assert!(list.has(&'a', &jti(1), life(0).0) && !list.has(&'a', &jti(4), life(0).0));
        assert!(!list.has(&'b', &jti(1), life(0).0), "a name is its holder's");
        let written = list.revoke('a', jti(4), life(1), at(20));
        assert_eq!(written, Some(Revocation::AllTo { issued_s: START_S + 50 }));
        for number in [1, 4, 99] {
            assert!(list.has(&'a', &jti(number), START_S + 50) && !list.has(&'a', &jti(number), START_S + 51));
        }
        assert!(list.revoke('b', jti(1), life(0), at(20)).is_some() && !list.has(&'b', &jti(2), START_S));
        assert_eq!(list.revoke('c', jti(1), life(0), at(20)), None, "there is no room for another holder");
        // What is written down says the same again.
        let mut again = Revocations::new(BOUNDS);
        list.all().for_each(|(holder, revocation)| again.restore(holder, revocation, 0));
        let sorted = |list: &Revocations<char>| {
            let mut all: Vec<_> = list.all().collect();
            all.sort_unstable();
            all
        };
        assert_eq!(sorted(&list), sorted(&again));
        assert!(list.revoke('c', jti(1), life(0), at(DAY_S + 60 + 50)).is_some(), "room comes back after a day");
    }

    #[test]
    fn nothing_is_forgotten_before_both_clocks_say_so() {
        for (wall, own, is_forgotten) in [
            (DAY_S + 59, 2 * DAY_S, false),
            (2 * DAY_S, DAY_S + 59, false),
            (365 * DAY_S, 1, false),
            (0, 365 * DAY_S, false),
            (DAY_S + 60, DAY_S + 60, true),
        ] {
            let mut list = Revocations::new(BOUNDS);
            list.revoke('a', jti(1), life(0), at(0)).expect("room");
            list.forget(TwoClocks { wall_ms: at(wall).wall_ms, own_ms: at(own).own_ms });
            assert_eq!(list.has(&'a', &jti(1), life(0).0), !is_forgotten, "{wall} {own}");
            assert_eq!(list.all().count(), usize::from(!is_forgotten));
        }
    }

    #[test]
    fn the_later_of_two_ends_is_kept_and_one_that_was_issued_ahead_is_among_all() {
        let mut list = Revocations::new(BOUNDS);
        list.revoke('a', jti(1), life(0), at(0)).expect("room");
        assert!(list.covers(&'a', &jti(1), life(0)) && !list.covers(&'a', &jti(1), life(5)));
        list.revoke('a', jti(1), life(5), at(5)).expect("room");
        list.revoke('a', jti(1), life(0), at(5)).expect("room");
        assert!(list.covers(&'a', &jti(1), life(5)) && list.all().count() == 1);
        for number in [2, 3] {
            list.revoke('a', jti(number), life(1_000), at(5)).expect("room");
        }
        assert_eq!(list.revoke('a', jti(4), life(0), at(6)), Some(Revocation::AllTo { issued_s: life(1_030).0 }));
        assert!(list.covers(&'a', &jti(9), life(1_030)) && !list.covers(&'a', &jti(9), life(1_031)));
    }
}
