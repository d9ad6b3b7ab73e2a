//! Tokens that were taken back, until they would have ended by themselves.
//!
//! It must not know where the list is kept. Invariant: bounded in entries; one that is full refuses and forgets nothing that still matters.

use std::collections::HashMap;

use super::claims::Jti;
use super::kind::LEEWAY_S;

/// The list.
#[derive(Clone, Debug)]
pub struct Revocations {
    entries_max: usize,
    /// With the second in which each would have ended.
    entries: HashMap<Jti, u64>,
}

impl Revocations {
    /// An empty list of at most so many.
    #[must_use]
    pub fn new(entries_max: usize) -> Self {
        Self { entries_max, entries: HashMap::new() }
    }

    /// Takes a token back that ends in this second since 1970; false where there is no room, so that the holder's version must be raised instead.
    #[must_use]
    pub fn revoke(&mut self, jti: Jti, expires_s: u64, now_ms: u64) -> bool {
        let now_s = now_ms / 1_000;
        self.entries.retain(|_, expires_s| now_s < expires_s.saturating_add(LEEWAY_S));
        if self.entries.len() >= self.entries_max && !self.entries.contains_key(&jti) {
            return false;
        }
        let entry = self.entries.entry(jti).or_default();
        *entry = expires_s.max(*entry);
        true
    }

    /// Whether it was taken back.
    #[must_use]
    pub fn has(&self, jti: &Jti) -> bool {
        self.entries.contains_key(jti)
    }

    /// All of them with the seconds in which they would have ended, for whoever keeps the list.
    pub fn all(&self) -> impl Iterator<Item = (Jti, u64)> {
        self.entries.iter().map(|(jti, expires_s)| (*jti, *expires_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_bounded_and_forgets_only_what_is_over() {
        let mut list = Revocations::new(2);
        let jti = |number| Jti([number; 16]);
        assert!(list.revoke(jti(1), 100, 0) && list.revoke(jti(2), 200, 0) && list.revoke(jti(1), 90, 0));
        assert!(!list.revoke(jti(3), 300, 129_999), "no room, and nothing that is over");
        assert!(list.has(&jti(1)) && list.has(&jti(2)) && !list.has(&jti(3)));
        assert!(list.revoke(jti(3), 300, 130_000), "the first is over by more than the clocks may be apart");
        let mut all: Vec<_> = list.all().collect();
        all.sort_unstable();
        assert_eq!(all, [(jti(2), 200), (jti(3), 300)]);
    }
}
