//! The sections of `config.toml` that are the node's own: one entry per key, from which everything else follows.

use std::net::SocketAddr;

use service::settings;
use service::settings::SettingType;

use super::Value;

settings! {
    /// How the node meets its peers.
    pub struct NetworkSettings in "network" {
        /// Where peers reach this node: multiaddresses, QUIC (udp) and TCP. Port 0 lets the system choose.
        listen: Vec<String> = texts(&["/ip4/0.0.0.0/udp/26700/quic-v1", "/ip4/0.0.0.0/tcp/26700"]),
            if |all| are_multiaddresses(all) => MULTIADDRESSES;
        /// Addresses under which others reach this node, if they differ from the above (behind NAT, for instance).
        external: Vec<String> = Vec::new(), if |all| are_multiaddresses(all) => MULTIADDRESSES;
        /// Peers through which this node finds the network; they are dialled for ever.
        bootstrap: Vec<String> = Vec::new(), if |all| are_multiaddresses(all) => MULTIADDRESSES;
        /// Peers that are dialled for ever and always admitted: multiaddresses with the peer id behind them.
        persistent: Vec<String> = Vec::new(),
            if |all| all.iter().all(|one| is_multiaddress(one) && peer_of(one).is_some())
                => "multiaddresses with a peer id, like /ip4/203.0.113.7/udp/26700/quic-v1/p2p/12D3KooW…";
        /// Peer ids of peers whose addresses are told to nobody: a validator behind this node, for instance.
        private: Vec<String> = Vec::new(),
            if |all| all.iter().all(|one| crate::peer_id::parse(one).is_some()) => "peer ids like 12D3KooW…";
        /// Whether nobody but the persistent peers is dialled or admitted: for a validator behind sentries.
        only_persistent: bool = false;
        /// Whether loopback and private addresses that peers tell may be dialled: for networks of one machine or house.
        private_addresses: bool = false;
        /// Most peers beside the validators.
        peers_max: u64 = 64, if |max| (1..=10_000).contains(max) => "a number from 1 to 10000";
        /// Most peers beside the validators that come from one IPv4 address or one IPv6 /64. Of a private address, behind which
        /// many may be, half of all.
        peers_per_address_max: u64 = 8, if |max| (1..=10_000).contains(max) => "a number from 1 to 10000";
        /// Memory of this process above which peers that are no validators are refused and sent away, in MiB. 0: three quarters of
        /// what the machine or its container has.
        memory_max_mib: u64 = 0,
            if |max| *max == 0 || (128..=1 << 24).contains(max) => "0, or a number from 128 to 16777216";
    }
}

settings! {
    /// How the node is asked.
    pub struct ApiSettings in "api" {
        /// Address and port of the HTTP API. Anybody who reaches it may submit transactions and read everything.
        listen: String = "127.0.0.1:26701",
            if |text| text.parse::<SocketAddr>().is_ok() => "an address and a port like 127.0.0.1:26701";
        /// Host names under which the API may be asked, beside loopback and the listening address (against DNS rebinding).
        hosts: Vec<String> = Vec::new(),
            if |all| all.iter().all(|one| is_host_name(one)) => "names alone, like api.example, without scheme, port and path";
        /// Origins of web pages that may use the API from a browser, like https://explorer.example.
        origins: Vec<String> = Vec::new(),
            if |all| all.iter().all(|one| is_origin(one))
                => "origins as a browser sends them, like https://explorer.example or http://localhost:3000: scheme, host, port, no path";
        /// IP addresses of reverse proxies before the API: whom they name last in X-Forwarded-For is the client. Of others the header
        /// counts for nothing.
        trusted_proxies: Vec<String> = Vec::new(),
            if |all| all.iter().all(|one| one.parse::<std::net::IpAddr>().is_ok()) => "IP addresses like 127.0.0.1";
        /// Most event streams and WebSockets at once.
        streams_max: u64 = 256, if |max| (1..=100_000).contains(max) => "a number from 1 to 100000";
    }
}

settings! {
    /// How the node is watched.
    pub struct MetricsSettings in "metrics" {
        /// Address and port of a listener for /livez, /readyz, /metrics, /version, /api/health and /api/v1/status only, which the API cannot
        /// starve. Empty for none; the API serves them too.
        listen: String = "127.0.0.1:26709", if |text| text.is_empty() || is_socket(text) => SOCKET;
    }
}

settings! {
    /// What the node is.
    pub struct NodeSettings in "node" {
        /// Follow the chain and refuse every write with 403 read_only_replica. A validator's key is not used.
        read_only: bool = false;
        /// Threads that check signatures and execute blocks.
        workers: u64 = 2, if |count| (1..=256).contains(count) => "a number from 1 to 256";
        /// File with the password of the validator key, readable by its owner only. When empty: the systemd credential
        /// `thronos-password`, else the terminal is asked.
        password_file: String = String::new();
    }
}

settings! {
    /// How much may wait for a block.
    pub struct PoolSettings in "pool" {
        /// Most transactions that wait for a block.
        transactions_max: u64 = 100_000, if |max| (1..=10_000_000).contains(max) => "a number from 1 to 10000000";
        /// Most bytes of transactions that wait for a block.
        bytes_max: u64 = 64 * 1024 * 1024, if |max| *max >= 1 << 20 => "a number of at least 1048576";
    }
}

settings! {
    /// How the store uses the machine.
    pub struct StoreSettings in "store" {
        /// Memory for the database's cache, in MiB.
        cache_mib: u64 = 16, if |max| (1..=1 << 20).contains(max) => "a number from 1 to 1048576";
    }
}

settings! {
    /// What is kept free of the disk.
    pub struct DiskSettings in "disk" {
        /// Room that is kept free on the disk of the data, in MiB. With less the node takes nothing more in, does not vote
        /// and answers from what it has; it goes on by itself when there is room. 0 for none.
        reserve_mib: u64 = 256, if |max| *max <= 1 << 24 => "a number from 0 to 16777216";
    }
}

settings! {
    /// What is written to standard error.
    pub struct LogSettings in "log" {
        /// What is logged: error, warn, info, debug or trace, also per part (`info,node=debug`).
        filter: String = "info", if |text| is_filter(text) => "a filter like `info` or `info,node=debug`";
        /// pretty for people, json for machines: one object per line.
        format: LogFormat = LogFormat::Pretty;
    }
}

const MULTIADDRESSES: &str = "multiaddresses like /ip4/203.0.113.7/udp/26700/quic-v1";

const SOCKET: &str = "an address and a port like 127.0.0.1:26709";

fn is_socket(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
}

/// Of RFC 6454: a scheme, a host and perhaps a port. A slash at its end is put up with.
fn is_origin(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        let mut letters = scheme.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    };
    text.strip_suffix('/').unwrap_or(text).split_once("://").is_some_and(|(scheme, rest)| {
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (rest, None),
        };
        is_scheme(scheme) && is_host(host) && port.is_none_or(|port| port.parse::<u16>().is_ok())
    })
}

/// An IP address in brackets, if it is one of IPv6, or a name.
fn is_host(text: &str) -> bool {
    match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok()),
        None => is_host_name(text),
    }
}

/// Letters, digits, hyphens, underscores and dots.
fn is_host_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    !text.is_empty() && text.chars().all(is_plain)
}

fn are_multiaddresses(all: &[String]) -> bool {
    all.iter().all(|one| is_multiaddress(one))
}

/// A look at the form; the network judges the rest.
fn is_multiaddress(text: &str) -> bool {
    let mut parts = text.split('/');
    let known = ["ip4", "ip6", "dns", "dns4", "dns6", "dnsaddr"];
    parts.next() == Some("")
        && parts.next().is_some_and(|first| known.contains(&first))
        && parts.all(|part| !part.is_empty())
}

/// The peer that a multiaddress names at its end.
fn peer_of(text: &str) -> Option<types::PeerKey> {
    crate::peer_id::parse(text.rsplit_once("/p2p/")?.1)
}

fn is_filter(text: &str) -> bool {
    // A bare word that is no level would name a part of the program, and silence all others.
    let is_level =
        |part: &str| part.contains(['=', '[']) || part.parse::<tracing::level_filters::LevelFilter>().is_ok();
    let is_known = text.split(',').all(|part| is_level(part.trim()));
    is_known && !text.is_empty() && text.parse::<tracing_subscriber::filter::EnvFilter>().is_ok()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl SettingType for LogFormat {
    const EXPECTED: &'static str = "`pretty` or `json`";

    fn to_value(&self) -> Value {
        let text = match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        };
        Value::Text(text.to_owned())
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) if text == "pretty" => Some(Self::Pretty),
            Value::Text(text) if text == "json" => Some(Self::Json),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RT17
    #[test]
    fn an_origin_is_what_a_browser_sends_and_a_host_is_a_name_alone() {
        for good in [
            "https://explorer.example",
            "https://explorer.example/",
            "http://localhost:3000",
            "http://[::1]:8080",
            "http://127.0.0.1",
            "chrome-extension://abcdefghijklmnop",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for wrong in [
            "",
            "foo",
            "*",
            "explorer.example",
            "https://",
            "https://*.example",
            "https://explorer.example/app",
            "https://a.example, https://b.example",
            "https://user@explorer.example",
            "http://localhost:port",
            "http://[::1",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
        assert!(is_host_name("api.example") && is_host_name("xn--bcher-kva.example") && is_host_name("node-1"));
        for wrong in ["", "https://api.example", "api.example:443", "api.example/", "*.example", "a b"] {
            assert!(!is_host_name(wrong), "{wrong}");
        }
    }
}
