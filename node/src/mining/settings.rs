//! From the operator's `[stratum]` to what the service takes, and the sockets bound before anything runs.
//!
//! It must not know miners. Invariant: what is wrong is refused with the name of the setting.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use pow::Difficulty;
use stratum::service::rustls::pki_types::pem::PemObject;
use stratum::service::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use stratum::service::rustls::{self, ServerConfig};
use stratum::service::{ServiceError, Socket};
use stratum::{Config, Payment, Port};
use types::{Address, Network, PeerKey};

use super::MiningError;
use crate::config::StratumSettings;
use crate::plain_file::{self, Takes};

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value is not what it should be.
    #[error("`stratum.{key}` is `{found}`: {expected}")]
    Value {
        /// The setting.
        key: &'static str,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// A value is missing that another one needs.
    #[error("`stratum.{key}` is empty, and `stratum.{needed_by}` needs it: {expected}")]
    Missing {
        /// The setting.
        key: &'static str,
        /// What needs it.
        needed_by: &'static str,
        /// What should stand there.
        expected: &'static str,
    },
    /// A port is taken, or not ours.
    #[error(
        "cannot listen on {address} for miners: {error}; stop what uses it, or choose another with `stratum.{key}`"
    )]
    Listen {
        /// The setting.
        key: &'static str,
        /// The address.
        address: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("`stratum.tls_certificate` and `stratum.tls_key` cannot be used: {0}")]
    Tls(String),
}

/// Sockets that are bound, and what each serves.
pub(crate) struct BoundPorts {
    sockets: Vec<(TcpListener, usize, Option<Arc<ServerConfig>>)>,
}

impl BoundPorts {
    /// Binds what the settings name.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub(crate) fn bind(settings: &StratumSettings) -> Result<Self, SettingsError> {
        let mut sockets = vec![(bind("listen", &settings.listen)?, 0, None)];
        if !settings.tls_listen.is_empty() {
            sockets.push((bind("tls_listen", &settings.tls_listen)?, 0, Some(tls(settings)?)));
        }
        if !settings.pool_listen.is_empty() {
            sockets.push((bind("pool_listen", &settings.pool_listen)?, 1, None));
        }
        Ok(Self { sockets })
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|(listener, _, _)| listener.local_addr().ok()).collect()
    }

    /// For the service; within its runtime.
    pub(super) fn into_sockets(self) -> Result<Vec<Socket>, MiningError> {
        let to_socket = |(listener, port, tls): (TcpListener, usize, Option<Arc<ServerConfig>>)| {
            let listener = tokio::net::TcpListener::from_std(listener).map_err(ServiceError::Disk)?;
            Ok(Socket { listener, port, tls })
        };
        self.sockets.into_iter().map(to_socket).collect()
    }
}

fn bind(key: &'static str, address: &str) -> Result<TcpListener, SettingsError> {
    let listen = |error| SettingsError::Listen { key, address: address.to_owned(), error };
    let listener = TcpListener::bind(address).map_err(listen)?;
    listener.set_nonblocking(true).map_err(listen)?;
    Ok(listener)
}

fn tls(settings: &StratumSettings) -> Result<Arc<ServerConfig>, SettingsError> {
    let wrong = |error: &dyn std::fmt::Display| SettingsError::Tls(error.to_string());
    let (certificate, key) = (pem("tls_certificate", settings)?, pem("tls_key", settings)?);
    let chain =
        CertificateDer::pem_slice_iter(&certificate).collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| wrong(&error))?;
    // Named, because another part of the program may bring a second one.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
    config.map(Arc::new).map_err(|error| wrong(&error))
}

/// The longest file with a certificate chain or a key.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// What a file in PEM holds that a setting names.
fn pem(key: &'static str, settings: &StratumSettings) -> Result<Vec<u8>, SettingsError> {
    let path = if key == "tls_key" { &settings.tls_key } else { &settings.tls_certificate };
    if path.is_empty() {
        return Err(SettingsError::Missing { key, needed_by: "tls_listen", expected: "a file in PEM" });
    }
    plain_file::read(Path::new(path), PEM_BYTES_MAX, Takes::File)
        .map_err(|error| SettingsError::Tls(format!("cannot read {path}: {error}")))
}

/// Looks at the settings as a start does, but for the ports. Without a network addresses may be of any.
pub(crate) fn check(settings: &StratumSettings, network: Option<Network>) -> Result<(), MiningError> {
    let networks = network.map_or_else(|| vec![Network::Test, Network::Main], |network| vec![network]);
    let mut checked = Ok(());
    for network in networks {
        let config = service_config(settings, network, PeerKey([0; 32]));
        checked =
            config.map_err(MiningError::from).and_then(|config| Ok(config.check().map_err(ServiceError::from)?));
        if checked.is_ok() {
            break;
        }
    }
    checked?;
    if !settings.tls_listen.is_empty() {
        tls(settings)?;
    }
    Ok(())
}

/// What the service takes: port 0 pays each miner by the chain's rules, port 1, if there is one, the operator.
pub(super) fn service_config(
    settings: &StratumSettings,
    network: Network,
    own: PeerKey,
) -> Result<Config, SettingsError> {
    let mut ports = vec![port(settings, Payment::Solo)?];
    if !settings.pool_listen.is_empty() {
        if settings.pool_operator.is_empty() {
            let expected = "the address that all coinbases of the pool pay";
            return Err(SettingsError::Missing { key: "pool_operator", needed_by: "pool_listen", expected });
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

fn port(settings: &StratumSettings, payment: Payment) -> Result<Port, SettingsError> {
    let difficulty = |key: &'static str, text: &str| {
        let wrong = |error: &dyn std::fmt::Display| SettingsError::Value {
            key,
            found: text.to_owned(),
            expected: error.to_string(),
        };
        Difficulty::parse(text).map_err(|error| wrong(&error))
    };
    Ok(Port {
        difficulty_start: difficulty("difficulty", &settings.difficulty)?,
        difficulty_min: difficulty("difficulty_min", &settings.difficulty_min)?,
        ..Port::new(payment)
    })
}

fn address(key: &'static str, text: &str, network: Network) -> Result<Address, SettingsError> {
    Address::parse(text, network).map_err(|error| SettingsError::Value {
        key,
        found: text.to_owned(),
        expected: format!("an address like {}1…; {error}", network.prefix()),
    })
}
