//! Whom the operator of this node wants to be connected to, and whom not. It must not know connections, sockets or clocks.

use std::collections::BTreeSet;
use std::fmt;

use types::PeerKey;

use crate::prefix::Prefix;

/// Most bans.
pub const BANS_MAX: usize = 1_024;

/// Whom an operator does not want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ban {
    /// One identity, wherever it is.
    Peer(PeerKey),
    /// Everybody at an IPv4 address or in an IPv6 /64, but validators and persistent peers.
    Address(Prefix),
}

/// Why somebody is not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwanted {
    /// The operator has banned it, or its address.
    Banned,
    /// Only persistent peers are wanted.
    Closed,
}

impl fmt::Display for Unwanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Banned => "the operator has banned it",
            Self::Closed => "only persistent peers are wanted here",
        })
    }
}

/// What the operator wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Always admitted, dialled for ever.
    pub persistent: BTreeSet<PeerKey>,
    /// Where these are is told to nobody.
    pub private: BTreeSet<PeerKey>,
    /// Nobody but persistent peers is dialled or admitted.
    pub only_persistent: bool,
    bans: BTreeSet<Ban>,
}

impl Wishes {
    /// Takes a ban; false when there are too many.
    pub fn ban(&mut self, ban: Ban) -> bool {
        let fits = self.bans.len() < BANS_MAX || self.bans.contains(&ban);
        if fits {
            self.bans.insert(ban);
        }
        fits
    }

    /// Lifts a ban; false when there was none.
    pub fn unban(&mut self, ban: &Ban) -> bool {
        self.bans.remove(ban)
    }

    /// Whether a peer may be connected, as far as the operator is concerned. `at` is where it is, as far as that is known.
    ///
    /// # Errors
    /// [`Unwanted`].
    pub fn admit(&self, peer: PeerKey, at: Option<Prefix>, is_validator: bool) -> Result<(), Unwanted> {
        if self.bans.contains(&Ban::Peer(peer)) {
            return Err(Unwanted::Banned);
        }
        if self.persistent.contains(&peer) {
            return Ok(());
        }
        if self.only_persistent {
            return Err(Unwanted::Closed);
        }
        let is_banned = at.is_some_and(|at| self.bans.contains(&Ban::Address(at)));
        if is_banned && !is_validator { Err(Unwanted::Banned) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> PeerKey {
        PeerKey([number; 32])
    }

    // FAULTS RF6
    #[test]
    fn a_ban_of_a_peer_holds_everywhere_and_one_of_an_address_spares_validators_and_persistent_peers() {
        let [here, there] = ["1.2.3.4", "5.6.7.8"].map(|ip| Prefix::of(ip.parse().expect("an address")));
        let mut wishes = Wishes { persistent: BTreeSet::from([peer(1)]), ..Wishes::default() };
        assert!(wishes.ban(Ban::Address(here)) && wishes.ban(Ban::Peer(peer(2))) && wishes.ban(Ban::Peer(peer(3))));
        for (who, at, is_validator, expected) in [
            (1, Some(here), false, Ok(())),
            (2, Some(there), false, Err(Unwanted::Banned)),
            (3, None, true, Err(Unwanted::Banned)),
            (4, Some(here), true, Ok(())),
            (5, Some(here), false, Err(Unwanted::Banned)),
            (5, Some(there), false, Ok(())),
        ] {
            assert_eq!(wishes.admit(peer(who), at, is_validator), expected, "{who}");
        }
        assert!(wishes.unban(&Ban::Peer(peer(2))) && !wishes.unban(&Ban::Peer(peer(2))));
        assert_eq!(wishes.admit(peer(2), Some(there), false), Ok(()));
    }

    // FAULTS RF6
    #[test]
    fn a_closed_node_wants_its_persistent_peers_only() {
        let wishes = Wishes { persistent: BTreeSet::from([peer(1)]), only_persistent: true, ..Wishes::default() };
        assert_eq!(wishes.admit(peer(1), None, false), Ok(()));
        assert_eq!(
            wishes.admit(peer(2), None, true),
            Err(Unwanted::Closed),
            "no validator either: the sentries speak for it"
        );
    }

    // FAULTS HB7
    #[test]
    fn bans_are_bounded_and_one_that_is_there_fits_always() {
        let mut wishes = Wishes::default();
        let ban = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&(number as u64).to_le_bytes());
            Ban::Peer(PeerKey(key))
        };
        assert!((0..BANS_MAX).all(|number| wishes.ban(ban(number))));
        assert!(!wishes.ban(ban(BANS_MAX)) && wishes.ban(ban(0)));
        assert_eq!(wishes.bans.len(), BANS_MAX);
    }
}
