//! The section `[mining]` of `config.toml`, and what of it the Stratum port takes.
//!
//! It must not know miners. Invariant: what is wrong is refused with the name of the setting.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use pow::Difficulty;
use service::plain_file::{self, Takes};
use service::{Bound, Refusal, settings};
use stratum::limits::{BESIDE_MAX, HANDSHAKES_MAX};
use stratum::service::Socket;
use stratum::service::rustls::pki_types::pem::PemObject;
use stratum::service::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use stratum::service::rustls::{self, ServerConfig};
use stratum::{Config, Payment, Port};
use types::{Address, Network, PeerKey};

settings! {
    /// The port for miners.
    pub struct MiningSettings in "mining" formerly ["stratum"] {
        /// Whether miners may connect by Stratum. What they find goes into blocks, whoever proposes them.
        enabled: bool = false;
        /// Address and port for miners. User name: the address to pay, a dot and a name for the machine; any password.
        /// Each miner's address stands in its own coinbase, so the chain pays it, not this node.
        listen: String = "0.0.0.0:3334", if |text| is_socket(text) => SOCKET;
        /// The same with TLS; empty for none.
        tls_listen: String = String::new(), if |text| text.is_empty() || is_socket(text) => SOCKET;
        /// File with the certificate chain for TLS, in PEM.
        tls_certificate: String = String::new();
        /// File with the certificate's key, in PEM.
        tls_key: String = String::new();
        /// Address and port for a pool: all coinbases pay `mining.pool_operator`, who owes the miners by their shares
        /// (PPLNS). Empty for none.
        pool_listen: String = String::new(), if |text| text.is_empty() || is_socket(text) => SOCKET;
        /// The address that all coinbases of the pool pay; it owes the miners.
        pool_operator: String = String::new();
        /// Whether the pool pays by itself what it owes, after each income and again each minute, from the account whose key
        /// `accounts.mining` names. Each payout is one transaction, whose fee that account pays.
        payouts: bool = false;
        /// Who is owed less than this waits, in µTHR.
        payout_least: u64 = 100_000, if |least| *least > 0 => "a number of at least 1";
        /// Difficulty with which a machine begins; it then follows the machine's rate. 1 is 2^32 hashes.
        difficulty: String = "1", if |text| is_difficulty(text) => DIFFICULTY;
        /// Lowest difficulty, for processors and small machines.
        difficulty_min: String = "0.000001", if |text| is_difficulty(text) => DIFFICULTY;
        /// A word in every coinbase, at most 40 printable characters of ASCII.
        tag: String = "Thronos", if |text| is_tag(text) => "at most 40 printable characters of ASCII";
        /// First byte of every extranonce1, for those who tell nodes apart by it. No two nodes give out the same work,
        /// whatever it is.
        instance: u64 = 0, if |number| *number <= 255 => "a number from 0 to 255";
        /// Addresses that may mine here; everybody when empty.
        allow: Vec<String> = Vec::new();
        /// The lowest level that a device must have to mine here, as the chain sees it at its login and each minute after it: 1 for one
        /// that its owner has accepted, 2 for one that has shown its work rate. A machine names its device by `v=DEVICE` in the
        /// password. 0 for everybody, with or without a device.
        require_level: u64 = 0, if |level| *level <= 2 => "a number from 0 to 2";
        /// Most miners that may be connected at once.
        connections_max: u64 = 16_384, if |max| (1..=1_000_000).contains(max) => "a number from 1 to 1000000";
        /// Most miners at once from one IP address.
        connections_per_ip_max: u64 = 1_024, if |max| (1..=1_000_000).contains(max) => "a number from 1 to 1000000";
        /// A miner that says nothing for so many seconds is let go.
        idle_s: u64 = 1_800, if |idle| (600..=86_400).contains(idle) => "a number from 600 to 86400";
    }
}

const SOCKET: &str = "an address and a port like 0.0.0.0:3334";
/// The longest file with a certificate chain or a key.
const PEM_BYTES_MAX: u64 = 1024 * 1024;
const DIFFICULTY: &str = "a difficulty like 1 or 0.00015";

fn is_socket(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
}

fn is_tag(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn is_difficulty(text: &str) -> bool {
    Difficulty::parse(text).is_ok()
}

/// The sockets that the settings ask for.
pub(crate) fn sockets(settings: &MiningSettings) -> Vec<service::WantedSocket> {
    let all =
        [("listen", &settings.listen), ("tls_listen", &settings.tls_listen), ("pool_listen", &settings.pool_listen)];
    // What is no address was refused when it was read; what is empty is not wanted.
    let socket =
        |(key, text): (&'static str, &String)| Some(service::WantedSocket { key, address: text.parse().ok()? });
    all.into_iter().filter_map(socket).collect()
}

/// Bound sockets with what each serves: port 0 pays by the chain's rules, port 1, if there is one, the operator. Within a runtime.
///
/// # Errors
/// [`Refusal`] when the certificate cannot be used.
pub(crate) fn into_sockets(settings: &MiningSettings, bound: Vec<Bound>) -> Result<Vec<Socket>, Refusal> {
    let mut sockets = Vec::new();
    for Bound { key, listener } in bound {
        let (port, tls) = match key {
            "tls_listen" => (0, Some(tls(settings)?)),
            "pool_listen" => (1, None),
            _ => (0, None),
        };
        let listener = tokio::net::TcpListener::from_std(listener);
        let listener = listener.map_err(|error| Refusal::new("mining", format!("the port for miners: {error}")))?;
        sockets.push(Socket { listener, port, tls });
    }
    Ok(sockets)
}

fn wrong(key: &str, found: &str, expected: impl std::fmt::Display) -> Refusal {
    Refusal::new("mining_settings", format!("`mining.{key}` is `{found}`: {expected}"))
}

/// How many files the sockets may need.
pub(crate) fn files_max(settings: &MiningSettings) -> u64 {
    let handshakes = if settings.tls_listen.is_empty() { 0 } else { HANDSHAKES_MAX };
    settings.connections_max.saturating_add((BESIDE_MAX + handshakes) as u64)
}

/// What is wrong with the settings as a whole. Without a network addresses may be of any.
///
/// # Errors
/// [`Refusal`] with the name of the setting.
pub(crate) fn check(settings: &MiningSettings, network: Option<Network>) -> Result<(), Refusal> {
    let check = |network| {
        let config = port_config(settings, network, PeerKey([0; 32]))?;
        config.check().map_err(|error| Refusal::new("mining_settings", format!("`[mining]`: {error}")))
    };
    match network {
        Some(network) => check(network)?,
        None => check(Network::Test).or_else(|_| check(Network::Main))?,
    }
    if settings.tls_listen.is_empty() { check_pair(settings) } else { tls(settings).map(drop) }
}

fn tls(settings: &MiningSettings) -> Result<Arc<ServerConfig>, Refusal> {
    let MiningSettings { tls_certificate, tls_key, .. } = settings;
    let (certificate, key) = (pem("tls_certificate", tls_certificate)?, pem("tls_key", tls_key)?);
    let chain = certificates(&certificate).map_err(|why| useless("tls_certificate", tls_certificate, why))?;
    let key = private_key(&key).map_err(|why| useless("tls_key", tls_key, why))?;
    check_private(tls_key).map_err(|why| useless("tls_key", tls_key, why))?;
    // Named, because another part of the program may bring a second one.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
    config.map(Arc::new).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            useless("tls_key", tls_key, format!("it is not the key of the certificate in {tls_certificate}"))
        }
        error => {
            let message = format!("`mining.tls_certificate` and `mining.tls_key` cannot be used: {error}");
            Refusal::new("mining_settings", message)
        }
    })
}

fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| format!("it is damaged: {error}"))?;
    match (chain.is_empty(), PrivateKeyDer::from_pem_slice(bytes)) {
        (false, _) => Ok(chain),
        (true, Ok(_)) => {
            Err("it holds a private key, which `mining.tls_key` should name, and no certificate".to_owned())
        }
        (true, Err(_)) => Err("it holds no certificate in PEM form".to_owned()),
    }
}

fn private_key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(bytes).map_err(|_| match CertificateDer::from_pem_slice(bytes) {
        Ok(_) => "it holds a certificate, which `mining.tls_certificate` should name, and no private key".to_owned(),
        Err(_) => "it holds no private key in PEM form".to_owned(),
    })
}

/// Refuses a key that everybody on the machine may read. A group may: some systems have one for the keys of servers.
fn check_private(path: &str) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    match about.permissions().mode() & 0o7777 {
        mode if mode & 0o007 != 0 => {
            Err(format!("everybody on this machine can read or change it (mode {mode:04o}): run `chmod 600 {path}`"))
        }
        _ => Ok(()),
    }
}

/// A file that is not what its setting should name.
fn useless(key: &str, path: &str, why: impl std::fmt::Display) -> Refusal {
    Refusal::new("mining_settings", format!("`mining.{key}` names {path}, which cannot be used: {why}"))
}

/// What a file in PEM holds that a setting names.
fn pem(key: &str, path: &str) -> Result<Vec<u8>, Refusal> {
    if path.is_empty() {
        return Err(missing(key, "tls_listen", "a file in PEM"));
    }
    plain_file::read(Path::new(path), PEM_BYTES_MAX, Takes::File).map_err(|error| {
        Refusal::new("mining_settings", format!("`mining.{key}` cannot be used: cannot read {path}: {error}"))
    })
}

/// Refuses one of two files that belong together without the other. With a port for TLS both are needed anyway.
fn check_pair(settings: &MiningSettings) -> Result<(), Refusal> {
    match (settings.tls_certificate.as_str(), settings.tls_key.as_str()) {
        ("", key) if !key.is_empty() => {
            Err(missing("tls_certificate", "tls_key", "the file with the key's certificate"))
        }
        (certificate, "") if !certificate.is_empty() => {
            Err(missing("tls_key", "tls_certificate", "the file with the certificate's private key"))
        }
        _ => Ok(()),
    }
}

fn missing(key: &str, needed_by: &str, expected: &str) -> Refusal {
    let message = format!("`mining.{key}` is empty, and `mining.{needed_by}` needs it: {expected}");
    Refusal::new("mining_settings", message)
}

/// What the Stratum port takes: port 0 pays each miner by the chain's rules, port 1, if there is one, the operator.
///
/// # Errors
/// [`Refusal`] with the name of the setting.
pub(crate) fn port_config(settings: &MiningSettings, network: Network, own: PeerKey) -> Result<Config, Refusal> {
    let mut ports = vec![port(settings, Payment::Solo)?];
    if !settings.pool_listen.is_empty() {
        if settings.pool_operator.is_empty() {
            let expected = "the address that all coinbases of the pool pay";
            return Err(missing("pool_operator", "pool_listen", expected));
        }
        let operator = address("pool_operator", &settings.pool_operator, network)?;
        ports.push(port(settings, Payment::Pplns { operator })?);
    }
    let allow = settings.allow.iter().map(|text| address("allow", text, network)).collect::<Result<_, _>>()?;
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Ok(Config {
        tag: settings.tag.clone(),
        builder: builder_of(own),
        instance: u8::try_from(settings.instance).unwrap_or(u8::MAX),
        allow: (!settings.allow.is_empty()).then_some(allow),
        require_level: u8::try_from(settings.require_level).unwrap_or(u8::MAX),
        connections_max: number(settings.connections_max),
        connections_per_ip_max: number(settings.connections_per_ip_max),
        idle_ms: settings.idle_s.saturating_mul(1_000),
        ..Config::new(network, ports)
    })
}

/// What stands in this node's coinbases alone, so that no two nodes give out the same work.
pub(crate) fn builder_of(own: PeerKey) -> [u8; 4] {
    let [first, second, third, fourth, ..] = own.0;
    [first, second, third, fourth]
}

fn port(settings: &MiningSettings, payment: Payment) -> Result<Port, Refusal> {
    let difficulty = |key, text: &str| Difficulty::parse(text).map_err(|error| wrong(key, text, error));
    Ok(Port {
        difficulty_start: difficulty("difficulty", &settings.difficulty)?,
        difficulty_min: difficulty("difficulty_min", &settings.difficulty_min)?,
        ..Port::new(payment)
    })
}

fn address(key: &str, text: &str, network: Network) -> Result<Address, Refusal> {
    Address::parse(text, network)
        .map_err(|error| wrong(key, text, format!("an address like {}1…; {error}", network.prefix())))
}
