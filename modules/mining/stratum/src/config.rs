//! What the operator decides.
//!
//! It must not know files or environment: the node reads them. Invariant: a [`Config`] that passed
//! [`Config::check`] keeps every limit of the crate.

use std::collections::BTreeSet;

use pow::Difficulty;
use serde::Deserialize;
use types::{Address, Network};

use crate::limits::IDLE_MS_MIN;
use crate::vardiff::Bounds;

/// How the miners of a port are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Payment {
    /// Each miner's own address stands in its coinbase; the chain pays it by rule.
    Solo,
    /// The operator's address stands in every coinbase; lighter shares are accounted for and paid by the operator.
    Pplns {
        /// The operator's address.
        operator: Address,
    },
}

/// One port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Who is paid.
    pub payment: Payment,
    /// The difficulty of a machine of which nothing is known.
    #[serde(default = "difficulty_start")]
    pub difficulty_start: Difficulty,
    /// The lowest difficulty.
    #[serde(default = "difficulty_min")]
    pub difficulty_min: Difficulty,
    /// The highest difficulty; never above that of a share of the chain.
    #[serde(default = "difficulty_max")]
    pub difficulty_max: Difficulty,
}

impl Port {
    /// A port with the default difficulties.
    #[must_use]
    pub fn new(payment: Payment) -> Self {
        Self {
            payment,
            difficulty_start: difficulty_start(),
            difficulty_min: difficulty_min(),
            difficulty_max: difficulty_max(),
        }
    }

    /// The bounds of a difficulty, given that of a share of the chain: no miner may overlook one.
    #[must_use]
    pub fn bounds(&self, share: Difficulty) -> Bounds {
        Bounds { min: self.difficulty_min, max: self.difficulty_max.min(share) }
    }
}

/// The settings of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whose addresses are paid.
    pub network: Network,
    /// The ports, by index.
    pub ports: Vec<Port>,
    /// A word in every coinbase.
    #[serde(default = "tag")]
    pub tag: String,
    /// The first byte of every extranonce1, for those who tell servers apart by it. That no two give out the same work is `builder`'s.
    #[serde(default)]
    pub instance: u8,
    /// Four bytes in every coinbase that no other server has, so that no two of them give out the same work.
    #[serde(default)]
    pub builder: [u8; 4],
    /// Who may mine here; everybody, if it is missing.
    #[serde(default)]
    pub allow: Option<BTreeSet<Address>>,
    /// Whether each login waits for a verdict from outside.
    #[serde(default)]
    pub asks_admission: bool,
    /// The lowest level of a device that may mine here; 0 for everybody, with or without a device.
    #[serde(default)]
    pub require_level: u8,
    /// Most connections.
    #[serde(default = "connections_max")]
    pub connections_max: usize,
    /// Most connections from one IP address.
    #[serde(default = "connections_per_ip_max")]
    pub connections_per_ip_max: usize,
    /// A connection that says nothing for so many milliseconds is closed.
    #[serde(default = "idle_ms")]
    pub idle_ms: u64,
    /// Width of the window of pooled shares, in works.
    #[serde(default = "window_works")]
    pub window_works: u32,
}

fn difficulty_start() -> Difficulty {
    Difficulty::ONE
}

fn difficulty_min() -> Difficulty {
    Difficulty::from_billionths(1_000).expect("a millionth is within the bounds")
}

fn difficulty_max() -> Difficulty {
    Difficulty::MAX
}

fn tag() -> String {
    "Thronos".to_owned()
}

const fn connections_max() -> usize {
    16_384
}

const fn connections_per_ip_max() -> usize {
    1_024
}

const fn idle_ms() -> u64 {
    1_800_000
}

const fn window_works() -> u32 {
    8
}

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No port.
    #[error("there is no port: give at least one in `ports`")]
    NoPort,
    /// The lowest difficulty is above the highest.
    #[error("port {0}: `difficulty_min` is above `difficulty_max`")]
    Difficulty(usize),
    /// The idle timeout is too short.
    #[error("`idle_ms` is {0}, and machines may be silent for {IDLE_MS_MIN} ms: give at least that")]
    Idle(u64),
    /// The tag is too long or not printable.
    #[error("`tag` must be at most {max} printable ASCII characters", max = pow::coinbase::TAG_BYTES_MAX)]
    Tag,
    /// A limit of zero.
    #[error("`{0}` must be at least 1")]
    Zero(&'static str),
}

impl Config {
    /// The defaults with these ports.
    #[must_use]
    pub fn new(network: Network, ports: Vec<Port>) -> Self {
        Self {
            network,
            ports,
            tag: tag(),
            instance: 0,
            builder: [0; 4],
            allow: None,
            asks_admission: false,
            require_level: 0,
            connections_max: connections_max(),
            connections_per_ip_max: connections_per_ip_max(),
            idle_ms: idle_ms(),
            window_works: window_works(),
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`ConfigError`], the first in the order of the fields.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.ports.is_empty() {
            return Err(ConfigError::NoPort);
        }
        if let Some(index) = self.ports.iter().position(|port| port.difficulty_min > port.difficulty_max) {
            return Err(ConfigError::Difficulty(index));
        }
        if self.tag.len() > pow::coinbase::TAG_BYTES_MAX || !self.tag.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        {
            return Err(ConfigError::Tag);
        }
        let sizes =
            [("connections_max", self.connections_max), ("connections_per_ip_max", self.connections_per_ip_max)];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(ConfigError::Zero(name));
        }
        if self.idle_ms < IDLE_MS_MIN {
            return Err(ConfigError::Idle(self.idle_ms));
        }
        if self.window_works == 0 { Err(ConfigError::Zero("window_works")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_nobody_knows_or_that_breaks_a_limit_is_refused() {
        let read = |text: &str| serde_json::from_str::<Config>(text);
        let good = r#"{"network":"test","ports":[{"payment":"solo","difficulty_min":"0.5"}]}"#;
        let config = read(good).expect("a config");
        assert_eq!(config.check(), Ok(()));
        assert!(read(&good.replace("network", "netwrok")).is_err());
        assert!(read(&good.replace("\"0.5\"", "\"0.5\",\"x\":1")).is_err());
        let broken = [
            (Config { ports: Vec::new(), ..config.clone() }, ConfigError::NoPort),
            (Config { idle_ms: 599_999, ..config.clone() }, ConfigError::Idle(599_999)),
            (Config { tag: "x".repeat(41), ..config.clone() }, ConfigError::Tag),
            (Config { tag: "\n".to_owned(), ..config.clone() }, ConfigError::Tag),
            (Config { connections_max: 0, ..config.clone() }, ConfigError::Zero("connections_max")),
            (Config { window_works: 0, ..config }, ConfigError::Zero("window_works")),
        ];
        for (config, error) in broken {
            assert_eq!(config.check(), Err(error));
        }
    }
}
