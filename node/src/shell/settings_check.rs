//! What a start refuses for its settings alone, so that `thronosd config check` finds it too.
//!
//! It opens no port and asks no peer. Whoever has a start refuse a setting has it refused here, by its name.

use std::net::{IpAddr, SocketAddr};

use p2p::NetworkConfig;
use types::{ChainId, Hash32, Network};

use super::start_error::StartError;
use crate::config::{Config, NetworkSettings};
use crate::services;

/// Looks at settings as a start does. Without a genesis it is not known yet of which network addresses must be.
///
/// # Errors
/// [`StartError`], as the start would.
pub fn check_settings(config: &Config, network: Option<Network>) -> Result<(), StartError> {
    check_peers(&config.network)?;
    services::check(&config.services, network)?;
    let doors = doors(config);
    let pairs =
        doors.iter().enumerate().flat_map(|(place, one)| doors.iter().skip(place + 1).map(move |other| (one, other)));
    for ((first, address), (second, other)) in pairs {
        // A port of peers is shared by the system: one of all addresses may stand beside one of a single address.
        let is_shared = first == PEERS && second == PEERS && address != other;
        if meet(*address, *other) && !is_shared {
            let (first, second) = (first.clone(), second.clone());
            return Err(StartError::SamePort { first, second, address: *other });
        }
    }
    Ok(())
}

/// Looks whether each service that sends by itself has an account named, unless nothing may be sent.
///
/// # Errors
/// [`StartError`], as the start would.
pub fn check_accounts(config: &Config) -> Result<(), StartError> {
    if config.node.read_only {
        return Ok(());
    }
    Ok(services::check_accounts(&config.services, &config.accounts)?)
}

/// Looks at the addresses of peers, list by list, and whether anybody may be a peer at all.
fn check_peers(settings: &NetworkSettings) -> Result<(), StartError> {
    let none = || NetworkConfig { listen: Vec::new(), ..NetworkConfig::new(ChainId(Hash32::ZERO), [0; 32]) };
    for (setting, addresses) in [
        (PEERS, NetworkConfig { listen: settings.listen.clone(), ..none() }),
        ("network.external", NetworkConfig { external: settings.external.clone(), ..none() }),
        ("network.bootstrap", NetworkConfig { bootstrap: settings.bootstrap.clone(), ..none() }),
        ("network.persistent", NetworkConfig { persistent: settings.persistent.clone(), ..none() }),
    ] {
        addresses.check().map_err(|error| StartError::Setting { setting, error })?;
    }
    if settings.only_persistent && settings.persistent.is_empty() {
        return Err(StartError::NobodyAdmitted);
    }
    Ok(())
}

/// The setting of the listeners for peers.
const PEERS: &str = "network.listen";

/// What listens on TCP, and where. The listener for health gives way by itself where nobody has chosen its address.
fn doors(config: &Config) -> Vec<(String, SocketAddr)> {
    let mut texts = vec![("api.listen", config.api.listen.clone())];
    if config.metrics.listen != Config::default().metrics.listen {
        texts.push(("metrics.listen", config.metrics.listen.clone()));
    }
    let peers = config.network.listen.iter().filter_map(|text| Some((PEERS, tcp_address(text)?)));
    let given = texts.iter().filter_map(|(name, text)| Some((*name, text.parse().ok()?)));
    let own = given.chain(peers).map(|(name, address)| (name.to_owned(), address));
    own.chain(services::listeners(&config.services)).collect()
}

/// Of `/ip4/127.0.0.1/tcp/26700`.
fn tcp_address(text: &str) -> Option<SocketAddr> {
    let mut parts = text.split('/').skip(2);
    let ip: IpAddr = parts.next()?.parse().ok()?;
    let port = (parts.next()? == "tcp").then(|| parts.next())??.parse().ok()?;
    Some(SocketAddr::new(ip, port))
}

/// Whether two cannot listen at once.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let is_same = one.ip() == other.ip();
    let is_all = |ip: IpAddr, of: IpAddr| ip.is_unspecified() && ip.is_ipv4() == of.is_ipv4();
    let overlap = is_same || is_all(one.ip(), other.ip()) || is_all(other.ip(), one.ip());
    one.port() != 0 && one.port() == other.port() && overlap
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_listeners_meet_at_one_port_of_one_address_or_of_all_and_the_system_gives_each_its_own() {
        let at = |text: &str| text.parse::<SocketAddr>().expect("an address");
        for (one, other, expected) in [
            ("127.0.0.1:1", "127.0.0.1:1", true),
            ("127.0.0.1:1", "127.0.0.1:2", false),
            ("127.0.0.1:1", "127.0.0.2:1", false),
            ("0.0.0.0:1", "127.0.0.2:1", true),
            ("127.0.0.2:1", "0.0.0.0:1", true),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("[::]:1", "[::1]:1", true),
        ] {
            assert_eq!(meet(at(one), at(other)), expected, "{one} {other}");
        }
        assert_eq!(tcp_address("/ip4/127.0.0.1/tcp/7"), Some(at("127.0.0.1:7")));
        assert_eq!(tcp_address("/ip6/::1/tcp/7"), Some(at("[::1]:7")));
        assert_eq!(tcp_address("/ip4/127.0.0.1/udp/7/quic-v1"), None);
    }
}
