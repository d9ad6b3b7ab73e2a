//! The list of settings: one entry per key. File, flags, environment, help and errors are derived from it.

use std::net::SocketAddr;

use super::{Config, LogFormat, Value};

/// One setting.
pub struct Setting {
    /// `section.key`.
    pub name: &'static str,
    /// What it means, for the generated file.
    pub about: &'static str,
    get: fn(&Config) -> Value,
    set: fn(&mut Config, Value) -> Result<(), &'static str>,
}

impl Setting {
    /// What stands before the dot.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(section, _)| section)
    }

    /// What stands behind the dot.
    #[must_use]
    pub fn key(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }

    /// The environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("THRONOS_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// The present value.
    #[must_use]
    pub fn get(&self, config: &Config) -> Value {
        (self.get)(config)
    }

    /// Changes the value, or says what is expected.
    pub(super) fn set(&self, config: &mut Config, value: Value) -> Result<(), String> {
        (self.set)(config, value).map_err(
            |expected| {
                if expected.is_empty() { self.expected(config) } else { expected.to_owned() }
            },
        )
    }

    /// The kind of value, for an error.
    pub(super) fn expected(&self, config: &Config) -> String {
        self.get(config).kind().to_owned()
    }
}

/// Stands for "a value of the right kind".
const KIND: &str = "";

macro_rules! take {
    ($kind:ident, $($field:ident).+) => {
        take!($kind, $($field).+, |_| true, KIND)
    };
    ($kind:ident, $($field:ident).+, $rule:expr, $expected:expr) => {
        |config, value| match value {
            Value::$kind(value) => {
                let rule: fn(&_) -> bool = $rule;
                if !rule(&value) {
                    return Err($expected);
                }
                config.$($field).+ = value;
                Ok(())
            }
            _ => Err(KIND),
        }
    };
}

/// All settings, in the order of the file.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "network.listen",
        about: "Where peers reach this node: multiaddresses, QUIC (udp) and TCP. Port 0 lets the system choose.",
        get: |config| Value::List(config.network.listen.clone()),
        set: take!(
            List,
            network.listen,
            |all: &Vec<String>| all.iter().all(|one| is_multiaddress(one)),
            MULTIADDRESSES
        ),
    },
    Setting {
        name: "network.external",
        about: "Addresses under which others reach this node, if they differ from the above (behind NAT, for instance).",
        get: |config| Value::List(config.network.external.clone()),
        set: take!(
            List,
            network.external,
            |all: &Vec<String>| all.iter().all(|one| is_multiaddress(one)),
            MULTIADDRESSES
        ),
    },
    Setting {
        name: "network.bootstrap",
        about: "Peers through which this node finds the network; they are dialled for ever.",
        get: |config| Value::List(config.network.bootstrap.clone()),
        set: take!(
            List,
            network.bootstrap,
            |all: &Vec<String>| all.iter().all(|one| is_multiaddress(one)),
            MULTIADDRESSES
        ),
    },
    Setting {
        name: "network.persistent",
        about: "Peers that are dialled for ever and always admitted: multiaddresses with the peer id behind them.",
        get: |config| Value::List(config.network.persistent.clone()),
        set: take!(
            List,
            network.persistent,
            |all: &Vec<String>| all.iter().all(|one| is_multiaddress(one) && peer_of(one).is_some()),
            "multiaddresses with a peer id, like /ip4/203.0.113.7/udp/26700/quic-v1/p2p/12D3KooW…"
        ),
    },
    Setting {
        name: "network.private",
        about: "Peer ids of peers whose addresses are told to nobody: a validator behind this node, for instance.",
        get: |config| Value::List(config.network.private.clone()),
        set: take!(
            List,
            network.private,
            |all: &Vec<String>| all.iter().all(|one| crate::peer_id::parse(one).is_some()),
            "peer ids like 12D3KooW…"
        ),
    },
    Setting {
        name: "network.only_persistent",
        about: "Whether nobody but the persistent peers is dialled or admitted: for a validator behind sentries.",
        get: |config| Value::Switch(config.network.only_persistent),
        set: take!(Switch, network.only_persistent),
    },
    Setting {
        name: "network.private_addresses",
        about: "Whether loopback and private addresses that peers tell may be dialled: for networks of one machine or house.",
        get: |config| Value::Switch(config.network.private_addresses),
        set: take!(Switch, network.private_addresses),
    },
    Setting {
        name: "network.peers_max",
        about: "Most peers beside the validators.",
        get: |config| Value::Number(config.network.peers_max),
        set: take!(Number, network.peers_max, |max| (1..=10_000).contains(max), "a number from 1 to 10000"),
    },
    Setting {
        name: "network.peers_per_address_max",
        about: "Most peers beside the validators that come from one IPv4 address or one IPv6 /64. Of a private address, behind which\n\
                many may be, half of all.",
        get: |config| Value::Number(config.network.peers_per_address_max),
        set: take!(Number, network.peers_per_address_max, |max| (1..=10_000).contains(max), "a number from 1 to 10000"),
    },
    Setting {
        name: "network.memory_max_mib",
        about: "Memory of this process above which peers that are no validators are refused and sent away, in MiB. 0: three quarters of\n\
                what the machine or its container has.",
        get: |config| Value::Number(config.network.memory_max_mib),
        set: take!(
            Number,
            network.memory_max_mib,
            |max| *max == 0 || (128..=1 << 24).contains(max),
            "0, or a number from 128 to 16777216"
        ),
    },
    Setting {
        name: "api.listen",
        about: "Address and port of the HTTP API. Anybody who reaches it may submit transactions and read everything.",
        get: |config| Value::Text(config.api.listen.clone()),
        set: take!(
            Text,
            api.listen,
            |text: &String| text.parse::<SocketAddr>().is_ok(),
            "an address and a port like 127.0.0.1:26701"
        ),
    },
    Setting {
        name: "api.hosts",
        about: "Host names under which the API may be asked, beside loopback and the listening address (against DNS rebinding).",
        get: |config| Value::List(config.api.hosts.clone()),
        set: take!(List, api.hosts),
    },
    Setting {
        name: "api.origins",
        about: "Origins of web pages that may use the API from a browser, like https://explorer.example.",
        get: |config| Value::List(config.api.origins.clone()),
        set: take!(List, api.origins),
    },
    Setting {
        name: "api.trusted_proxies",
        about: "IP addresses of reverse proxies before the API: whom they name last in X-Forwarded-For is the client. Of others the header\n\
                counts for nothing.",
        get: |config| Value::List(config.api.trusted_proxies.clone()),
        set: take!(
            List,
            api.trusted_proxies,
            |all: &Vec<String>| all.iter().all(|one| one.parse::<std::net::IpAddr>().is_ok()),
            "IP addresses like 127.0.0.1"
        ),
    },
    Setting {
        name: "api.streams_max",
        about: "Most event streams and WebSockets at once.",
        get: |config| Value::Number(config.api.streams_max),
        set: take!(Number, api.streams_max, |max| (1..=100_000).contains(max), "a number from 1 to 100000"),
    },
    Setting {
        name: "metrics.listen",
        about: "Address and port of a listener for /livez, /readyz, /metrics, /version and /api/v1/status only, which the API cannot\n\
                starve. Empty for none; the API serves them too.",
        get: |config| Value::Text(config.metrics.listen.clone()),
        set: take!(Text, metrics.listen, |text: &String| text.is_empty() || is_socket(text), SOCKET),
    },
    Setting {
        name: "node.read_only",
        about: "Follow the chain and refuse every write with 403 read_only_replica. A validator's key is not used.",
        get: |config| Value::Switch(config.node.read_only),
        set: take!(Switch, node.read_only),
    },
    Setting {
        name: "node.workers",
        about: "Threads that check signatures and execute blocks.",
        get: |config| Value::Number(config.node.workers),
        set: take!(Number, node.workers, |count| (1..=256).contains(count), "a number from 1 to 256"),
    },
    Setting {
        name: "node.password_file",
        about: "File with the password of the validator key, readable by its owner only. When empty: the systemd credential\n\
                `thronos-password`, else the terminal is asked.",
        get: |config| Value::Text(config.node.password_file.clone()),
        set: take!(Text, node.password_file),
    },
    Setting {
        name: "pool.transactions_max",
        about: "Most transactions that wait for a block.",
        get: |config| Value::Number(config.pool.transactions_max),
        set: take!(Number, pool.transactions_max, |max| (1..=10_000_000).contains(max), "a number from 1 to 10000000"),
    },
    Setting {
        name: "pool.bytes_max",
        about: "Most bytes of transactions that wait for a block.",
        get: |config| Value::Number(config.pool.bytes_max),
        set: take!(Number, pool.bytes_max, |max| *max >= 1 << 20, "a number of at least 1048576"),
    },
    Setting {
        name: "store.cache_mib",
        about: "Memory for the database's cache, in MiB.",
        get: |config| Value::Number(config.store.cache_mib),
        set: take!(Number, store.cache_mib, |max| (1..=1 << 20).contains(max), "a number from 1 to 1048576"),
    },
    Setting {
        name: "disk.reserve_mib",
        about: "Room that is kept free on the disk of the data, in MiB. With less the node takes nothing more in, does not vote\n\
                and answers from what it has; it goes on by itself when there is room. 0 for none.",
        get: |config| Value::Number(config.disk.reserve_mib),
        set: take!(Number, disk.reserve_mib, |max| *max <= 1 << 24, "a number from 0 to 16777216"),
    },
    Setting {
        name: "stratum.enabled",
        about: "Whether miners may connect by Stratum. What they find goes into blocks, whoever proposes them.",
        get: |config| Value::Switch(config.stratum.enabled),
        set: take!(Switch, stratum.enabled),
    },
    Setting {
        name: "stratum.listen",
        about: "Address and port for miners. User name: the address to pay, a dot and a name for the machine; any password.\n\
                Each miner's address stands in its own coinbase, so the chain pays it, not this node.",
        get: |config| Value::Text(config.stratum.listen.clone()),
        set: take!(Text, stratum.listen, |text: &String| is_socket(text), SOCKET),
    },
    Setting {
        name: "stratum.tls_listen",
        about: "The same with TLS; empty for none.",
        get: |config| Value::Text(config.stratum.tls_listen.clone()),
        set: take!(Text, stratum.tls_listen, |text: &String| text.is_empty() || is_socket(text), SOCKET),
    },
    Setting {
        name: "stratum.tls_certificate",
        about: "File with the certificate chain for TLS, in PEM.",
        get: |config| Value::Text(config.stratum.tls_certificate.clone()),
        set: take!(Text, stratum.tls_certificate),
    },
    Setting {
        name: "stratum.tls_key",
        about: "File with the certificate's key, in PEM.",
        get: |config| Value::Text(config.stratum.tls_key.clone()),
        set: take!(Text, stratum.tls_key),
    },
    Setting {
        name: "stratum.pool_listen",
        about: "Address and port for a pool: all coinbases pay `stratum.pool_operator`, who owes the miners by their shares\n\
                (PPLNS). Empty for none.",
        get: |config| Value::Text(config.stratum.pool_listen.clone()),
        set: take!(Text, stratum.pool_listen, |text: &String| text.is_empty() || is_socket(text), SOCKET),
    },
    Setting {
        name: "stratum.pool_operator",
        about: "The address that all coinbases of the pool pay; it owes the miners.",
        get: |config| Value::Text(config.stratum.pool_operator.clone()),
        set: take!(Text, stratum.pool_operator),
    },
    Setting {
        name: "stratum.difficulty",
        about: "Difficulty with which a machine begins; it then follows the machine's rate. 1 is 2^32 hashes.",
        get: |config| Value::Text(config.stratum.difficulty.clone()),
        set: take!(Text, stratum.difficulty, |text: &String| is_difficulty(text), DIFFICULTY),
    },
    Setting {
        name: "stratum.difficulty_min",
        about: "Lowest difficulty, for processors and small machines.",
        get: |config| Value::Text(config.stratum.difficulty_min.clone()),
        set: take!(Text, stratum.difficulty_min, |text: &String| is_difficulty(text), DIFFICULTY),
    },
    Setting {
        name: "stratum.tag",
        about: "A word in every coinbase, at most 40 printable characters of ASCII.",
        get: |config| Value::Text(config.stratum.tag.clone()),
        set: take!(Text, stratum.tag, |text: &String| is_tag(text), "at most 40 printable characters of ASCII"),
    },
    Setting {
        name: "stratum.instance",
        about: "First byte of every extranonce1, for those who tell nodes apart by it. No two nodes give out the same work,\n\
                whatever it is.",
        get: |config| Value::Number(config.stratum.instance),
        set: take!(Number, stratum.instance, |number| *number <= 255, "a number from 0 to 255"),
    },
    Setting {
        name: "stratum.allow",
        about: "Addresses that may mine here; everybody when empty.",
        get: |config| Value::List(config.stratum.allow.clone()),
        set: take!(List, stratum.allow),
    },
    Setting {
        name: "stratum.connections_max",
        about: "Most miners that may be connected at once.",
        get: |config| Value::Number(config.stratum.connections_max),
        set: take!(Number, stratum.connections_max, |max| (1..=1_000_000).contains(max), "a number from 1 to 1000000"),
    },
    Setting {
        name: "stratum.connections_per_ip_max",
        about: "Most miners at once from one IP address.",
        get: |config| Value::Number(config.stratum.connections_per_ip_max),
        set: take!(
            Number,
            stratum.connections_per_ip_max,
            |max| (1..=1_000_000).contains(max),
            "a number from 1 to 1000000"
        ),
    },
    Setting {
        name: "stratum.idle_s",
        about: "A miner that says nothing for so many seconds is let go.",
        get: |config| Value::Number(config.stratum.idle_s),
        set: take!(Number, stratum.idle_s, |idle| (600..=86_400).contains(idle), "a number from 600 to 86400"),
    },
    Setting {
        name: "log.filter",
        about: "What is logged: error, warn, info, debug or trace, also per part (`info,node=debug`).",
        get: |config| Value::Text(config.log.filter.clone()),
        set: take!(Text, log.filter, |text: &String| is_filter(text), "a filter like `info` or `info,node=debug`"),
    },
    Setting {
        name: "log.format",
        about: "pretty for people, json for machines: one object per line.",
        get: |config| Value::Text(config.log.format.as_str().to_owned()),
        set: |config, value| match value {
            Value::Text(text) => {
                LogFormat::parse(&text).map(|format| config.log.format = format).ok_or("`pretty` or `json`")
            }
            _ => Err("`pretty` or `json`"),
        },
    },
];

const MULTIADDRESSES: &str = "multiaddresses like /ip4/203.0.113.7/udp/26700/quic-v1";

const SOCKET: &str = "an address and a port like 0.0.0.0:3334";
const DIFFICULTY: &str = "a difficulty like 1 or 0.00015";

fn is_socket(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
}

fn is_difficulty(text: &str) -> bool {
    pow::Difficulty::parse(text).is_ok()
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

fn is_tag(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn is_filter(text: &str) -> bool {
    !text.is_empty() && text.parse::<tracing_subscriber::filter::EnvFilter>().is_ok()
}

impl LogFormat {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "pretty" => Some(Self::Pretty),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}
