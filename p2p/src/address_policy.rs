//! Which addresses may be dialled.
//!
//! Addresses come from strangers: without a rule, a peer could make this node knock at the private services of its
//! own network. This file must not know names or multiaddresses: it judges an IP address and a port, after any name
//! has been resolved, so that a name cannot point where an address may not.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a network of one machine or one house is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivateAddresses {
    /// Only public addresses and the configured ones.
    #[default]
    Refused,
    /// Loopback and private ranges too: local networks and tests.
    Allowed,
}

/// Why an address is not dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// Port 0 cannot be dialled.
    #[error("port 0 cannot be dialled")]
    NoPort,
    /// Unspecified, multicast, broadcast, documentation or reserved.
    #[error("{0} is not the address of a host")]
    NoHost(IpAddr),
    /// Loopback, private, shared, link-local or unique local.
    #[error("{0} is private, and only public addresses may be dialled here")]
    Private(IpAddr),
}

/// The rule and its exceptions.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    private: PrivateAddresses,
    configured: BTreeSet<(IpAddr, u16)>,
}

impl AddressPolicy {
    /// A rule without exceptions.
    #[must_use]
    pub const fn new(private: PrivateAddresses) -> Self {
        Self { private, configured: BTreeSet::new() }
    }

    /// Allows an address that the operator wrote down.
    pub fn allow(&mut self, ip: IpAddr, port: u16) {
        self.configured.insert((canonical(ip), port));
    }

    /// Judges an address.
    ///
    /// # Errors
    /// Why it is not dialled.
    pub fn check(&self, ip: IpAddr, port: u16) -> Result<(), AddressRefusal> {
        let ip = canonical(ip);
        if port == 0 {
            return Err(AddressRefusal::NoPort);
        }
        match (kind(ip), self.private) {
            (Kind::NoHost, _) => Err(AddressRefusal::NoHost(ip)),
            (Kind::Private, PrivateAddresses::Refused) if !self.configured.contains(&(ip, port)) => {
                Err(AddressRefusal::Private(ip))
            }
            _ => Ok(()),
        }
    }
}

enum Kind {
    Public,
    Private,
    NoHost,
}

fn kind(ip: IpAddr) -> Kind {
    match ip {
        IpAddr::V4(ip) => kind_v4(ip),
        IpAddr::V6(ip) => kind_v6(ip),
    }
}

/// Whether an address is loopback, private, shared, link-local or unique local.
pub(crate) fn is_private(ip: IpAddr) -> bool {
    matches!(kind(canonical(ip)), Kind::Private)
}

/// IPv4 addresses in IPv6 clothes are judged as what they are.
pub(crate) fn canonical(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    embedded_v4(v6).map_or(ip, IpAddr::V4)
}

/// Mapped (RFC 4291) and NAT64 (RFC 6052) addresses.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return Some(v4);
    }
    let [head @ .., a, b, c, d] = ip.octets();
    let nat64 = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    (head == nat64).then(|| Ipv4Addr::new(a, b, c, d))
}

fn kind_v4(ip: Ipv4Addr) -> Kind {
    let [a, b, c, _] = ip.octets();
    let reserved = a == 0 || a >= 240;
    let documentation = ip.is_documentation() || (a, b, c) == (192, 0, 0) || (a == 198 && (b & 0xfe) == 18);
    if reserved || documentation || ip.is_multicast() || ip.is_broadcast() {
        return Kind::NoHost;
    }
    let shared = a == 100 && (b & 0xc0) == 64;
    if ip.is_loopback() || ip.is_private() || ip.is_link_local() || shared { Kind::Private } else { Kind::Public }
}

fn kind_v6(ip: Ipv6Addr) -> Kind {
    let [first, second, ..] = ip.segments();
    let documentation = first == 0x2001 && second == 0x0db8;
    if ip.is_unspecified() || ip.is_multicast() || documentation {
        return Kind::NoHost;
    }
    let unique_local = (first & 0xfe00) == 0xfc00;
    let link_local = (first & 0xffc0) == 0xfe80;
    if ip.is_loopback() || unique_local || link_local {
        return Kind::Private;
    }
    // Only 2000::/3 is global unicast today; the rest is reserved.
    if (first & 0xe000) == 0x2000 { Kind::Public } else { Kind::NoHost }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    // FAULTS P10: addresses that point to private services.
    #[test]
    fn strangers_cannot_make_us_dial_private_services() {
        let policy = AddressPolicy::new(PrivateAddresses::Refused);
        let private = [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
        ];
        for text in private {
            assert!(matches!(policy.check(ip(text), 26_700), Err(AddressRefusal::Private(_))), "{text}");
        }
        for text in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1"] {
            assert_eq!(policy.check(ip(text), 26_700), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_never_dialled() {
        let policy = AddressPolicy::new(PrivateAddresses::Allowed);
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "::",
            "ff02::1",
            "2001:db8::1",
            "4000::1",
        ] {
            assert!(matches!(policy.check(ip(text), 1), Err(AddressRefusal::NoHost(_))), "{text}");
        }
        assert_eq!(policy.check(ip("127.0.0.1"), 0), Err(AddressRefusal::NoPort));
        assert_eq!(policy.check(ip("127.0.0.1"), 1), Ok(()));
    }

    #[test]
    fn a_configured_private_address_is_dialled_at_its_port_only() {
        let mut policy = AddressPolicy::new(PrivateAddresses::Refused);
        policy.allow(ip("10.0.0.5"), 26_700);
        assert_eq!(policy.check(ip("10.0.0.5"), 26_700), Ok(()));
        assert_eq!(policy.check(ip("::ffff:10.0.0.5"), 26_700), Ok(()));
        assert!(policy.check(ip("10.0.0.5"), 22).is_err());
        assert!(policy.check(ip("10.0.0.6"), 26_700).is_err());
    }
}
