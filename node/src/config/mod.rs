//! `config.toml`: what an operator may set, with one list of settings from which file, flags and environment follow.
//!
//! Precedence: flag, then environment (`THRONOS_` and the name in capitals, `THRONOS_API_LISTEN`), then file, then default.
//! An unknown key is an error that names it: a typo must never silently leave a default in force. Nothing here is part of the
//! chain; what all nodes must agree on stands in the genesis.

mod settings;
mod value;

pub use settings::{SETTINGS, Setting};
pub use value::Value;

use std::collections::BTreeMap;

/// Everything an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `network.…`
    pub network: NetworkSettings,
    /// `api.…`
    pub api: ApiSettings,
    /// `metrics.…`
    pub metrics: MetricsSettings,
    /// `node.…`
    pub node: NodeSettings,
    /// `pool.…`
    pub pool: PoolSettings,
    /// `store.…`
    pub store: StoreSettings,
    /// `disk.…`
    pub disk: DiskSettings,
    /// `stratum.…`
    pub stratum: StratumSettings,
    /// `log.…`
    pub log: LogSettings,
}

/// The port for miners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StratumSettings {
    /// Whether there is one.
    pub enabled: bool,
    /// Address and port for machines that are paid by the chain's rules.
    pub listen: String,
    /// The same with TLS; empty for none.
    pub tls_listen: String,
    /// File with the certificate chain, in PEM.
    pub tls_certificate: String,
    /// File with its key, in PEM.
    pub tls_key: String,
    /// Address and port for machines that the operator pays; empty for none.
    pub pool_listen: String,
    /// Whose address stands in the pool's coinbases.
    pub pool_operator: String,
    /// The difficulty of a machine of which nothing is known.
    pub difficulty: String,
    /// The lowest difficulty.
    pub difficulty_min: String,
    /// A word in every coinbase.
    pub tag: String,
    /// The first byte of every extranonce1.
    pub instance: u64,
    /// Who may mine; everybody when empty.
    pub allow: Vec<String>,
    /// Most connections.
    pub connections_max: u64,
    /// Most connections from one IP address.
    pub connections_per_ip_max: u64,
    /// A connection that says nothing for so many seconds is closed.
    pub idle_s: u64,
}

/// How the node meets its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Multiaddresses to listen on.
    pub listen: Vec<String>,
    /// Multiaddresses under which others reach this node, if they differ.
    pub external: Vec<String>,
    /// Multiaddresses that are dialled for ever.
    pub bootstrap: Vec<String>,
    /// Multiaddresses of peers that are dialled for ever and always admitted.
    pub persistent: Vec<String>,
    /// Peer ids of peers whose addresses are told to nobody.
    pub private: Vec<String>,
    /// Whether nobody but persistent peers is dialled or admitted.
    pub only_persistent: bool,
    /// Whether loopback and private addresses told by peers may be dialled.
    pub private_addresses: bool,
    /// Most peers beside the validators.
    pub peers_max: u64,
    /// Most of them from one address.
    pub peers_per_address_max: u64,
    /// Memory above which strangers are refused, in MiB; 0 for what the machine has to give.
    pub memory_max_mib: u64,
}

/// How the node is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiSettings {
    /// Address and port of HTTP.
    pub listen: String,
    /// Names under which the API may be asked beside loopback and the listening address.
    pub hosts: Vec<String>,
    /// Origins of web pages that may ask.
    pub origins: Vec<String>,
    /// Addresses of reverse proxies, whose word on whom they ask for is taken.
    pub trusted_proxies: Vec<String>,
    /// Most streams at once.
    pub streams_max: u64,
}

/// How the node is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Address and port of a listener for health and metrics only; empty for none.
    pub listen: String,
}

/// What the node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSettings {
    /// Whether every write is refused.
    pub read_only: bool,
    /// Threads that check and execute.
    pub workers: u64,
    /// File with the password of the validator key.
    pub password_file: String,
}

/// How much may wait for a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Most transactions.
    pub transactions_max: u64,
    /// Most bytes.
    pub bytes_max: u64,
}

/// How the store uses the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// Memory for blocks of the database, in MiB.
    pub cache_mib: u64,
}

/// What is kept free of the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskSettings {
    /// Below so many MiB the node takes nothing more in.
    pub reserve_mib: u64,
}

/// What is written to standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// What is logged, as `tracing` filters.
    pub filter: String,
    /// The form.
    pub format: LogFormat,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            network: NetworkSettings {
                listen: vec!["/ip4/0.0.0.0/udp/26700/quic-v1".to_owned(), "/ip4/0.0.0.0/tcp/26700".to_owned()],
                external: Vec::new(),
                bootstrap: Vec::new(),
                persistent: Vec::new(),
                private: Vec::new(),
                only_persistent: false,
                private_addresses: false,
                peers_max: 64,
                peers_per_address_max: 8,
                memory_max_mib: 0,
            },
            api: ApiSettings {
                listen: "127.0.0.1:26701".to_owned(),
                hosts: Vec::new(),
                origins: Vec::new(),
                trusted_proxies: Vec::new(),
                streams_max: 256,
            },
            metrics: MetricsSettings { listen: "127.0.0.1:26709".to_owned() },
            node: NodeSettings { read_only: false, workers: 2, password_file: String::new() },
            pool: PoolSettings { transactions_max: 100_000, bytes_max: 64 * 1024 * 1024 },
            store: StoreSettings { cache_mib: 16 },
            disk: DiskSettings { reserve_mib: 256 },
            stratum: StratumSettings {
                enabled: false,
                listen: "0.0.0.0:3334".to_owned(),
                tls_listen: String::new(),
                tls_certificate: String::new(),
                tls_key: String::new(),
                pool_listen: String::new(),
                pool_operator: String::new(),
                difficulty: "1".to_owned(),
                difficulty_min: "0.000001".to_owned(),
                tag: "Thronos".to_owned(),
                instance: 0,
                allow: Vec::new(),
                connections_max: 16_384,
                connections_per_ip_max: 1_024,
                idle_s: 1_800,
            },
            log: LogSettings { filter: "info".to_owned(), format: LogFormat::Pretty },
        }
    }
}

/// How a file begins that must have an end.
const BEGINNING: &str = "# Settings of this node, down to the line `# end`.";
/// Its last line: without it the file was cut.
const END: &str = "# end";

/// Why the settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML.
    #[error("{place} is not valid TOML: {reason}")]
    Syntax {
        /// The file.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// Something is missing that was there when it was written.
    #[error(
        "{place} {what}: it was cut; put a whole one back, let `thronosd init` write it anew after moving it away, or end it with the line `# end`"
    )]
    Cut {
        /// The file.
        place: String,
        /// How that shows.
        what: &'static str,
    },
    /// A key that means nothing.
    #[error("{place}: there is no setting `{key}`{}; `thronosd config print --defaults` lists all", nearest(key))]
    UnknownKey {
        /// Where it was found.
        place: String,
        /// The key.
        key: String,
    },
    /// An environment variable that means nothing.
    #[error(
        "environment: no setting and no command reads `{name}`{}; unset it, or see `thronosd config print --defaults` for the names",
        nearest_variable(name)
    )]
    UnknownVariable {
        /// The variable.
        name: String,
    },
    /// A value of the wrong kind or out of range.
    #[error("{place}: `{key}` is {found}, expected {expected}")]
    Value {
        /// Where it was found.
        place: String,
        /// The key.
        key: String,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
}

impl ConfigError {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "config_syntax",
            Self::Cut { .. } => "config_cut",
            Self::UnknownKey { .. } | Self::UnknownVariable { .. } => "config_unknown_key",
            Self::Value { .. } => "config_value",
        }
    }
}

/// Environment variables of commands: the daemon's home, and what the client `thronos` reads.
const COMMAND_VARIABLES: [&str; 3] = ["THRONOS_HOME", "THRONOS_NODE", "THRONOS_WALLET"];

/// Where settings come from, lowest precedence first.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Name and text of the file, if there is one.
    pub file: Option<(String, String)>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// `key=value` from the command line, in order.
    pub flags: Vec<(String, String)>,
}

impl Config {
    /// Reads all sources.
    ///
    /// # Errors
    /// [`ConfigError`] that names the place and the key.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some((place, text)) = &sources.file {
            config.take_file(place, text)?;
        }
        if let Some(name) = sources.environment.keys().find(|name| !is_variable(name)) {
            return Err(ConfigError::UnknownVariable { name: name.clone() });
        }
        for setting in SETTINGS {
            let variable = setting.variable();
            if let Some(text) = sources.environment.get(&variable) {
                config.take_text(&format!("environment variable {variable}"), setting.name, text)?;
            }
        }
        for (key, text) in &sources.flags {
            config.take_text("command line", key, text)?;
        }
        Ok(config)
    }

    fn take_file(&mut self, place: &str, text: &str) -> Result<(), ConfigError> {
        if text.trim().is_empty() {
            return Err(ConfigError::Cut { place: place.to_owned(), what: "is empty" });
        }
        if text.starts_with(BEGINNING) && !text.lines().any(|line| line.trim() == END) {
            return Err(ConfigError::Cut { place: place.to_owned(), what: "has lost its end" });
        }
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
            place: place.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        for (section, content) in table {
            let toml::Value::Table(keys) = content else {
                return Err(ConfigError::UnknownKey { place: place.to_owned(), key: section });
            };
            if keys.is_empty() && !SETTINGS.iter().any(|setting| setting.section() == section) {
                return Err(ConfigError::UnknownKey { place: place.to_owned(), key: section });
            }
            for (key, value) in keys {
                let name = format!("{section}.{key}");
                let setting = find(place, &name)?;
                let value = Value::from_toml(&value);
                self.put(place, setting, value.ok_or_else(|| setting.expected(self)), key_text(&name, text))?;
            }
        }
        Ok(())
    }

    fn take_text(&mut self, place: &str, name: &str, text: &str) -> Result<(), ConfigError> {
        let setting = find(place, name)?;
        let value = setting.get(self).parse_alike(text).ok_or_else(|| setting.expected(self));
        self.put(place, setting, value, format!("`{text}`"))
    }

    fn put(
        &mut self,
        place: &str,
        setting: &Setting,
        value: Result<Value, String>,
        found: String,
    ) -> Result<(), ConfigError> {
        value.and_then(|value| setting.set(self, value)).map_err(|expected| ConfigError::Value {
            place: place.to_owned(),
            key: setting.name.to_owned(),
            found,
            expected,
        })
    }

    /// The file with every setting and what it means; read again it gives these settings.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "{BEGINNING} Every key may be left out; the defaults stand in the comments.\n\
             # Precedence: flag, then environment (THRONOS_ and the name in capitals), then this file.\n",
        );
        let defaults = Self::default();
        let mut section = "";
        for setting in SETTINGS {
            if setting.section() != section {
                section = setting.section();
                text.push_str(&format!("\n[{section}]\n"));
            }
            for line in setting.about.lines() {
                text.push_str(&format!("# {}\n", line.trim()));
            }
            let key = setting.key();
            text.push_str(&format!("# Default: {}\n", setting.get(&defaults)));
            text.push_str(&format!("{key} = {}\n", setting.get(self)));
        }
        text.push_str(&format!("\n{END}\n"));
        text
    }
}

fn find(place: &str, name: &str) -> Result<&'static Setting, ConfigError> {
    let unknown = || ConfigError::UnknownKey { place: place.to_owned(), key: name.to_owned() };
    SETTINGS.iter().find(|setting| setting.name == name).ok_or_else(unknown)
}

/// What the file says for a key, as it is written there, for the error.
fn key_text(name: &str, text: &str) -> String {
    let key = name.rsplit('.').next().unwrap_or(name);
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')));
    let value = line.and_then(|line| line.split_once('=')).map(|(_, value)| value.trim());
    value.map_or_else(|| "something else".to_owned(), |value| format!("`{value}`"))
}

/// `; did you mean …?` when a known key is close.
fn nearest(key: &str) -> String {
    let best = SETTINGS
        .iter()
        .map(|setting| (distance(key, setting.name).min(distance(key, setting.key())), setting.name))
        .min();
    match best {
        Some((steps, name)) if steps <= 3 => format!("; did you mean `{name}`?"),
        _ => String::new(),
    }
}

fn nearest_variable(name: &str) -> String {
    let best = SETTINGS.iter().map(|setting| (distance(name, &setting.variable()), setting.variable())).min();
    match best {
        Some((steps, variable)) if steps <= 3 => format!("; did you mean `{variable}`?"),
        _ => String::new(),
    }
}

/// Whether an environment variable is a setting, or read by a command of the daemon or the client.
fn is_variable(name: &str) -> bool {
    !name.starts_with("THRONOS_")
        || COMMAND_VARIABLES.contains(&name)
        || SETTINGS.iter().any(|setting| setting.variable() == name)
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (place, from) in left.chars().enumerate() {
        let mut before = place;
        let mut last = place + 1;
        row.first_mut().into_iter().for_each(|first| *first = last);
        for (cell, to) in row.iter_mut().skip(1).zip(&right) {
            last = (before + usize::from(from != *to)).min(*cell + 1).min(last + 1);
            before = std::mem::replace(cell, last);
        }
    }
    row.last().copied().unwrap_or_default()
}
