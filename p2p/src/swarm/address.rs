//! Multiaddresses: read, taken apart, and put before the address policy.

use std::io;
use std::net::{IpAddr, SocketAddr};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use socket2::{Domain, Socket, Type};

use super::config::NetworkError;
use super::identity::key_of;
use crate::address_policy::AddressPolicy;

/// Longest multiaddress that is kept, in bytes.
const ADDRESS_BYTES_MAX: usize = 256;

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

/// An address with the peer that it names.
pub(super) fn of_peer(text: &str) -> Result<(Multiaddr, PeerId), NetworkError> {
    let address = parse(text)?;
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
