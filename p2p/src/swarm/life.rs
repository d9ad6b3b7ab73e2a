//! Which life of a peer a connection belongs to.
//!
//! A process that is killed says no farewell: its connections look alive for seconds, and whoever writes to them
//! writes into the void. So each start of a node has a number, told behind what the node calls itself, and a peer that
//! greets with another number than before has been started anew: what is left of its earlier life can go at once.
//!
//! The number is no secret and proves nothing: who lies about it loses nobody's connections but its own.

use std::hash::{BuildHasher, RandomState};

/// Stands between what a node calls itself and its life.
const MARK: &str = ";life=";

/// One run of a peer's process. Peers that do not name theirs have one life only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Life(u64);

impl Life {
    /// A life that no earlier one of this node shares, but by a chance of one in 2^64.
    pub(super) fn begin() -> Self {
        Self(RandomState::new().hash_one(MARK))
    }

    /// What a node calls itself, with its life.
    pub(super) fn behind(self, agent: &str) -> String {
        format!("{agent}{MARK}{:016x}", self.0)
    }

    /// Takes apart what a peer calls itself. Whatever is not a life is part of the name.
    pub(super) fn split(text: &str) -> (&str, Self) {
        let parts = text.rsplit_once(MARK).filter(|(_, life)| life.len() == 16);
        let parts = parts.and_then(|(agent, life)| Some((agent, u64::from_str_radix(life, 16).ok()?)));
        parts.map_or((text, Self::default()), |(agent, life)| (agent, Self(life)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_told_behind_the_name_and_differs_from_start_to_start() {
        let (one, two) = (Life::begin(), Life::begin());
        assert_ne!(one, two);
        assert_eq!(Life::split(&one.behind("thronosd/0.1.0")), ("thronosd/0.1.0", one));
        assert_eq!(Life::split(&one.behind("odd;life=00")), ("odd;life=00", one));
    }

    #[test]
    fn what_is_no_life_is_part_of_the_name() {
        for text in ["", "thronosd", ";life=", "a;life=xyz", "a;life=00000000000000zz", "a;life=0123456789abcdef0"] {
            assert_eq!(Life::split(text), (text, Life::default()), "{text}");
        }
    }
}
