//! Multiaddresses: read, taken apart, and put before the address policy.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use socket2::{Domain, Socket, Type};

use super::config::NetworkError;
use super::identity::key_of;
use crate::address_policy::{AddressPolicy, AddressRefusal, PrivateAddresses};

/// Longest multiaddress that is kept, in bytes.
const ADDRESS_BYTES_MAX: usize = 256;

/// The ways that there are.
const SPOKEN: &str = "this node speaks /tcp/PORT and /udp/PORT/quic-v1 only";

pub(super) fn parse(text: &str) -> Result<Multiaddr, NetworkError> {
    let parsed: Result<Multiaddr, _> = text.parse();
    parsed.map_err(|error| NetworkError::Address { text: text.to_owned(), reason: error.to_string() })
}

/// The address without its `/p2p/…`, and the peer it named.
pub(super) fn split_peer(address: &Multiaddr) -> (Multiaddr, Option<PeerId>) {
    let mut bare = address.clone();
    match bare.pop() {
        Some(Protocol::P2p(peer)) => (bare, Some(peer)),
        _ => (address.clone(), None),
    }
}

/// An address that somebody may be reached at.
pub(super) fn to_dial(text: &str) -> Result<Multiaddr, NetworkError> {
    let address = parse(text)?;
    match undialable(&address) {
        None => Ok(address),
        Some(reason) => Err(NetworkError::Unusable { text: text.to_owned(), what: "dialled", reason }),
    }
}

/// An address of this machine that others may reach it at.
pub(super) fn to_listen(text: &str) -> Result<Multiaddr, NetworkError> {
    let address = parse(text)?;
    let unusable = |reason: &str| {
        Err(NetworkError::Unusable { text: text.to_owned(), what: "listened on", reason: reason.to_owned() })
    };
    let mut parts = address.iter();
    match parts.next() {
        Some(Protocol::Ip4(_) | Protocol::Ip6(_)) => {}
        _ => return unusable("it does not begin with /ip4/ or /ip6/"),
    }
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Protocol::Tcp(_)), None, None) | (Some(Protocol::Udp(_)), Some(Protocol::QuicV1), None) => Ok(address),
        _ => unusable(SPOKEN),
    }
}

/// An address that others are told to reach this node at: whether it is one for them, they decide, as long as it is one at all.
pub(super) fn to_tell(text: &str) -> Result<Multiaddr, NetworkError> {
    let address = parse(text)?;
    let reason = match host_and_port(&address) {
        Ok((Some(ip), _)) if is_no_single_host(ip) => {
            format!("{ip} is not the address of a host; name the one at which others reach this node")
        }
        Ok((_, Some(0))) => AddressRefusal::NoPort.to_string(),
        Ok(_) => return Ok(address),
        Err(reason) => reason,
    };
    Err(NetworkError::Unusable { text: text.to_owned(), what: "dialled", reason })
}

/// Whether an address names all hosts, or a group of them.
fn is_no_single_host(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// Why nobody will ever be reached at an address, if that can be seen.
fn undialable(address: &Multiaddr) -> Option<String> {
    let (host, port) = match host_and_port(address) {
        Ok(found) => found,
        Err(reason) => return Some(reason),
    };
    // The operator's word makes a private address right, and nothing a wrong one.
    let policy = AddressPolicy::new(PrivateAddresses::Allowed);
    let refusal = match (host, port) {
        (Some(ip), Some(port)) => policy.check(ip, port).err(),
        (None, port) => (port == Some(0)).then_some(AddressRefusal::NoPort),
        (Some(_), None) => None,
    };
    refusal.map(|refusal| refusal.to_string())
}

/// Where an address leads, as far as it says, if it is of a form that can be dialled; a name tells no IP address, and may tell no port.
fn host_and_port(address: &Multiaddr) -> Result<(Option<IpAddr>, Option<u16>), String> {
    let (bare, peer) = split_peer(address);
    if peer.is_some_and(|peer| key_of(&peer).is_none()) {
        return Err("its peer id is not that of an Ed25519 key, like 12D3KooW…".to_owned());
    }
    let mut parts = bare.iter();
    let ip = match parts.next() {
        Some(Protocol::Dnsaddr(_)) if bare.iter().count() == 1 => return Ok((None, None)),
        Some(Protocol::Dnsaddr(_)) => return Err("behind a /dnsaddr/ stands a /p2p/ at most".to_owned()),
        Some(Protocol::Ip4(ip)) => Some(IpAddr::from(ip)),
        Some(Protocol::Ip6(ip)) => Some(IpAddr::from(ip)),
        Some(Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)) => None,
        _ => return Err("it does not begin with /ip4/, /ip6/, /dns/, /dns4/, /dns6/ or /dnsaddr/".to_owned()),
    };
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Protocol::Tcp(port)), None, None) | (Some(Protocol::Udp(port)), Some(Protocol::QuicV1), None) => {
            Ok((ip, Some(port)))
        }
        _ => Err(SPOKEN.to_owned()),
    }
}

/// An address with the peer that it names.
pub(super) fn of_peer(text: &str) -> Result<(Multiaddr, PeerId), NetworkError> {
    let address = to_dial(text)?;
    let peer = split_peer(&address).1.filter(|peer| key_of(peer).is_some());
    peer.map(|peer| (address, peer)).ok_or_else(|| NetworkError::Nobody(text.to_owned()))
}

/// The host and port, when the address begins with an IP address.
pub(super) fn ip_and_port(address: &Multiaddr) -> Option<(IpAddr, u16)> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some((ip, port)),
        _ => None,
    }
}

/// Whether an address to listen on is free. The library shares a TCP port with whoever shares it too, which is how a second node
/// on the same machine would take half of the first one's connections.
pub(super) fn try_to_bind(address: &Multiaddr) -> io::Result<()> {
    let Some((ip, port)) = ip_and_port(address) else { return Ok(()) };
    let is_tcp = address.iter().any(|part| matches!(part, Protocol::Tcp(_)));
    let kind = if is_tcp { Type::STREAM } else { Type::DGRAM };
    let target = SocketAddr::new(ip, port);
    let socket = Socket::new(Domain::for_address(target), kind, None)?;
    if ip.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // What an ended process left behind does not count; what listens does.
    socket.set_reuse_address(is_tcp)?;
    socket.bind(&target.into())
}

/// Makes a configured address an exception of the policy.
pub(super) fn allow(policy: &mut AddressPolicy, address: &Multiaddr) {
    if let Some((ip, port)) = ip_and_port(address) {
        policy.allow(ip, port);
    }
}

/// Whether an address that a peer told us is worth keeping. Names are not: only the operator may give names.
pub(super) fn is_worth_keeping(policy: &AddressPolicy, address: &Multiaddr) -> bool {
    address.len() <= ADDRESS_BYTES_MAX
        && ip_and_port(address).is_some_and(|(ip, port)| policy.check(ip, port).is_ok())
        && !address.iter().any(|part| matches!(part, Protocol::P2pCircuit))
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RF6
    #[test]
    fn an_address_at_which_nobody_will_ever_be_is_refused_with_the_reason() {
        let peer = libp2p::identity::Keypair::generate_ed25519().public().to_peer_id();
        for good in [
            "/ip4/1.2.3.4/tcp/1",
            "/ip4/127.0.0.1/udp/26700/quic-v1",
            "/ip6/2606:4700::1/udp/1/quic-v1",
            "/dns4/seed.example/tcp/26700",
            "/dns/seed.example/udp/26700/quic-v1",
            "/dnsaddr/seed.example",
        ] {
            assert!(to_dial(good).is_ok() && to_dial(&format!("{good}/p2p/{peer}")).is_ok(), "{good}");
        }
        for (wrong, reason) in [
            ("/unix/tmp", "does not begin with"),
            ("/memory/7", "does not begin with"),
            ("/ip4/1.2.3.4", "speaks"),
            ("/ip4/1.2.3.4/udp/1", "speaks"),
            ("/ip4/1.2.3.4/tcp/1/ws", "speaks"),
            ("/ip4/1.2.3.4/udp/1/quic", "speaks"),
            ("/ip4/1.2.3.4/tcp/0", "port 0"),
            ("/dns4/seed.example/tcp/0", "port 0"),
            ("/ip4/0.0.0.0/tcp/1", "not the address of a host"),
            ("/ip6/ff02::1/tcp/1", "not the address of a host"),
            ("/dnsaddr/seed.example/tcp/1", "at most"),
        ] {
            let error = to_dial(wrong).expect_err(wrong).to_string();
            assert!(error.contains(reason) && error.contains(wrong), "{error}");
        }
        for good in ["/ip4/0.0.0.0/tcp/0", "/ip6/::/udp/26700/quic-v1"] {
            assert!(to_listen(good).is_ok(), "{good}");
        }
        for wrong in
            ["/dns4/localhost/tcp/1", "/unix/tmp", "/ip4/1.2.3.4/tcp/1/ws", "/ip4/1.2.3.4/udp/1", "/ip4/1.2.3.4"]
        {
            let error = to_listen(wrong).expect_err(wrong).to_string();
            assert!(error.contains("cannot be listened on") && error.contains(wrong), "{error}");
        }
        assert!(to_tell("/ip4/203.0.113.7/tcp/1").is_ok(), "an example is of the right form");
        for (wrong, reason) in [
            ("/ip4/0.0.0.0/tcp/26700", "name the one at which others reach this node"),
            ("/ip6/::/udp/26700/quic-v1", "not the address of a host"),
            ("/ip4/224.0.0.1/tcp/1", "not the address of a host"),
            ("/ip4/255.255.255.255/tcp/1", "not the address of a host"),
            ("/ip4/1.2.3.4/tcp/0", "port 0"),
            ("/dns4/node.example/tcp/0", "port 0"),
        ] {
            let error = to_tell(wrong).expect_err(wrong).to_string();
            assert!(error.contains(reason) && error.contains(wrong), "{error}");
        }
        assert!(to_tell("/ip4/203.0.113.7/tcp/1/ws").is_err() && to_dial("/ip4/203.0.113.7/tcp/1").is_err());
        let relayed = format!("/ip4/1.2.3.4/tcp/1/p2p/{peer}/p2p-circuit/p2p/{peer}");
        assert!(to_dial(&relayed).expect_err("it leads through somebody").to_string().contains("speaks"));
        let foreign = format!("/ip4/1.2.3.4/tcp/1/p2p/{}", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
        assert!(to_dial(&foreign).expect_err("another kind of key").to_string().contains("Ed25519"));
    }
}
