//! Where a peer comes from, as far as addresses tell: what one party can have many of counts as one.
//!
//! One IPv4 address or one IPv6 /64 is what a household or a rented machine gets: a [`Prefix`]. An IPv4 /16 or an IPv6 /32 is what a
//! provider gets: a [`Group`]. This file must not know what is limited by them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address_policy::{canonical, is_private};

/// An IPv4 address or an IPv6 /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prefix {
    /// All four bytes.
    V4([u8; 4]),
    /// The first 64 bits.
    V6([u16; 4]),
}

/// An IPv4 /16 or an IPv6 /32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The first two bytes.
    V4([u8; 2]),
    /// The first 32 bits.
    V6([u16; 2]),
}

impl Prefix {
    /// Of whoever is not connected any more: no connection is there.
    pub const NOWHERE: Self = Self::V4([0; 4]);

    /// The prefix of an address; IPv4 in IPv6 clothes counts as what it is.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match canonical(ip) {
            IpAddr::V4(ip) => Self::V4(ip.octets()),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                Self::V6([a, b, c, d])
            }
        }
    }

    /// The group that it belongs to.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::V4([a, b, ..]) => Group::V4([a, b]),
            Self::V6([a, b, ..]) => Group::V6([a, b]),
        }
    }

    /// Its first address: the whole of it, written short.
    #[must_use]
    pub fn first(self) -> IpAddr {
        match self {
            Self::V4(bytes) => IpAddr::V4(Ipv4Addr::from(bytes)),
            Self::V6([a, b, c, d]) => IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)),
        }
    }

    /// Whether many machines may share it: behind a router, in one house, on one machine.
    #[must_use]
    pub fn is_private(self) -> bool {
        // The loopback address is the only private one that the last 64 bits decide.
        self == Self::V6([0; 4]) || is_private(self.first())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4([a, b, c, d]) => write!(formatter, "{a}.{b}.{c}.{d}"),
            Self::V6([a, b, c, d]) => write!(formatter, "{a:x}:{b:x}:{c:x}:{d:x}::/64"),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4([a, b]) => write!(formatter, "{a}.{b}.0.0/16"),
            Self::V6([a, b]) => write!(formatter, "{a:x}:{b:x}::/32"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        Prefix::of(text.parse().expect("an address"))
    }

    #[test]
    fn what_one_party_can_have_many_of_is_one_prefix() {
        assert_ne!(prefix("1.2.3.4"), prefix("1.2.3.5"));
        assert_eq!(prefix("1.2.3.4").group(), prefix("1.2.200.5").group());
        assert_eq!(prefix("2606:4700:1:2::1"), prefix("2606:4700:1:2:ffff::9"));
        assert_ne!(prefix("2606:4700:1:2::1"), prefix("2606:4700:1:3::1"));
        assert_eq!(prefix("2606:4700:1:2::1").group(), prefix("2606:4700:9::1").group());
        assert_eq!(prefix("::ffff:1.2.3.4"), prefix("1.2.3.4"));
        assert_eq!(prefix("2606:4700:1:2::1").to_string(), "2606:4700:1:2::/64");
        assert_eq!(prefix("1.2.3.4").group().to_string(), "1.2.0.0/16");
    }

    #[test]
    fn private_prefixes_are_known_as_such() {
        for text in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "::1", "fe80::1", "fd00::1"] {
            assert!(prefix(text).is_private(), "{text}");
        }
        for text in ["1.2.3.4", "2606:4700::1"] {
            assert!(!prefix(text).is_private(), "{text}");
        }
    }
}
