//! Homes of validators and the genesis that names them, with the same code as `thronosd init` and `thronosd genesis`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crypto::bls::SecretKey;
use crypto::ids::address_of_key;
use genesis::GenesisBuilder;
use node::config::{Config, Sources};
use node::home::Home;
use node::keys::{NetworkKey, ValidatorKey};
use types::{Address, Amount, ChainId, Genesis, GenesisValidator, Power, TimeMs};
use wallet::AccountKey;
use wallet::home::WalletHome;

use super::layout::write_private;
use super::{Failure, Fronts, Layout, Outcome, Ports, Service, Weather};
use crate::trial::{self, Transfers, Trial, Trials};

/// Nothing that is waited for takes more ways between nodes, one after the other: handshakes, views that are given up until
/// their timers have grown long enough, and with a leader missing some more of them.
const WAYS_MAX: u32 = 100;

/// What a network is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it lies.
    pub layout: Layout,
    /// Where its nodes listen.
    pub ports: Ports,
    /// How many validators it has.
    pub validators: usize,
    /// Accounts with their µTHR.
    pub accounts: Vec<(Address, Amount)>,
    /// Settings for `thronosd run --set`, for every node.
    pub settings: Vec<String>,
    /// What the features of the list bring along.
    pub trials: Trials,
    /// The names of those whose services run at its nodes.
    pub services: Vec<&'static str>,
    /// How the lines of the relay are through which alone its nodes reach each other, if there is one.
    pub weather: Option<Weather>,
    /// Where they reach each other then.
    pub fronts: Fronts,
    /// How long ago the chain began, so that blocks made in advance have a time that is over.
    pub age_ms: u64,
    /// Entropy of the first validators' consensus keys, for a program that signs in their place; the others get the system's.
    pub key_entropy: Vec<[u8; 32]>,
}

/// The account that gets the tips of validator `index`. Its key is public: nobody earns a living on a local network.
#[must_use]
pub fn validator_account(index: usize) -> Address {
    let mut secret = [0_u8; 32];
    secret[0] = 1;
    secret[24..].copy_from_slice(&(index as u64 + 1).to_be_bytes());
    let key = AccountKey::from_secret(&secret).expect("a small number is a key of the curve");
    address_of_key(&key.public_key())
}

/// The settings of a node that was here before, or those of a new one.
fn present_settings(home: &Home) -> Outcome<Config> {
    let path = home.config_file();
    if !path.exists() {
        return Ok(Config::default());
    }
    let file = Some((path.display().to_string(), home.read_config()?));
    Config::read(&Sources { file, ..Sources::default() }).map_err(|error| {
        let what = "mend it, or remove the file, and it is written anew";
        Failure::new(format!("{error}: {what}"))
    })
}

/// The account that gets the half of every fee that is not burned.
#[must_use]
pub fn ecosystem_account() -> Address {
    validator_account(usize::from(u16::MAX))
}

impl Plan {
    /// A network that begins now, with nothing special about it: no service of a feature runs.
    #[must_use]
    pub fn new(layout: Layout, ports: Ports, validators: usize, trials: Trials) -> Self {
        Self {
            layout,
            ports,
            validators,
            accounts: Vec::new(),
            settings: Vec::new(),
            trials,
            services: Vec::new(),
            weather: None,
            fronts: Fronts::default(),
            age_ms: 0,
            key_entropy: Vec::new(),
        }
    }

    /// Makes keys, genesis and settings of all validators. The directory exists and is marked.
    ///
    /// # Errors
    /// When the file system refuses, or the genesis with these rules.
    pub fn make(&self, rules: impl FnOnce(&mut Genesis)) -> Outcome<(Genesis, ChainId)> {
        let mut validators = Vec::new();
        for index in 0..self.validators {
            validators.push(self.make_keys(index)?);
        }
        let registry = runtime::registry();
        let mut local = genesis::local_network(
            &registry,
            genesis::LocalNetwork {
                name: "thronos-local".to_owned(),
                time: TimeMs(now()?.0.saturating_sub(self.age_ms)),
                ecosystem: ecosystem_account(),
                validators,
                accounts: self.accounts.clone(),
            },
        )?;
        rules(&mut local);
        let made = GenesisBuilder::from_genesis(&registry, &local).build()?;
        let json = genesis::to_json(&made, &registry);
        write_private(&self.layout.genesis(), &json)?;
        for index in 0..self.validators {
            write_private(&Home::new(self.layout.node(index)).genesis_file(), &json)?;
        }
        // These wallets know their chain from the start and need not take it from a node.
        write_private(&WalletHome::new(self.layout.wallet()).genesis_path(), &json)?;
        let chain_id = genesis::chain_id(&made);
        self.layout.mark(chain_id, self.validators)?;
        Ok((made, chain_id))
    }

    fn make_keys(&self, index: usize) -> Outcome<GenesisValidator> {
        let home = Home::new(self.layout.node(index));
        home.create()?;
        let validator = match self.key_entropy.get(index) {
            Some(entropy) => ValidatorKey::from_secret(SecretKey::from_ikm(entropy)),
            None => ValidatorKey::generate()?,
        };
        validator.write_new(&home.validator_key_file(), &self.layout.node_password())?;
        home.begin_lease(validator.public())?;
        let network = NetworkKey::generate()?;
        network.write(&home.network_key_file())?;
        let entry = validator.entry(network.peer_key()?);
        Ok(GenesisValidator {
            key: entry.key,
            possession: entry.possession,
            power: Power(1),
            account: validator_account(index),
            peer: entry.peer,
        })
    }

    /// Writes into every validator's settings what this network gives it: the ports, the other validators and the services. Done at
    /// each start, as ports may be chosen anew. What a person changed beside that is kept.
    ///
    /// # Errors
    /// When the file system refuses, or what a person wrote is no settings.
    pub fn write_settings(&self) -> Outcome<()> {
        for index in 0..self.validators {
            let home = Home::new(self.layout.node(index));
            let mut config = present_settings(&home)?;
            config.network.listen = self.listen(index);
            config.network.bootstrap = self.bootstrap_for(index)?;
            config.network.external = self.external(index);
            config.network.private_addresses = self.weather.is_none();
            config.api.listen = format!("127.0.0.1:{}", self.ports.api(index));
            config.metrics.listen = format!("127.0.0.1:{}", self.ports.metrics(index));
            for trial in self.trials {
                for (name, value) in (trial.local.settings)(self.ports, index, self.service(trial)) {
                    config.set(name, &value).map_err(|error| Failure::new(error.to_string()))?;
                }
            }
            config.node.password_file = self.layout.password().display().to_string();
            write_private(&home.config_file(), &config.to_toml())?;
        }
        Ok(())
    }

    /// A patience that is enough on this machine, with what the relay's lines take added.
    #[must_use]
    pub fn patience(&self, base: Duration) -> Duration {
        let ways = self.weather.map(|weather| weather.longest() * WAYS_MAX * weather.tries());
        base + ways.unwrap_or_default()
    }

    /// Checks that nobody uses the ports of node `index`.
    ///
    /// # Errors
    /// Names the port and how to choose others.
    pub fn check_ports(&self, index: usize) -> Outcome<()> {
        self.ports.check_free(index)?;
        let running = self.trials.iter().filter(|trial| self.service(trial) == Service::On);
        running.flat_map(|trial| self.service_ports(trial, index)).try_for_each(|port| self.ports.check(index, port))
    }

    /// Whether nobody uses the ports that the service of a feature needs.
    #[must_use]
    pub fn are_ports_free(&self, trial: &Trial) -> bool {
        let is_free = |index: usize| self.service_ports(trial, index).all(|port| self.ports.check(index, port).is_ok());
        (0..self.validators).all(is_free)
    }

    fn service_ports(&self, trial: &Trial, index: usize) -> impl Iterator<Item = u16> + use<> {
        (trial.local.ports)(self.ports, index).into_iter()
    }

    /// Whether the service of a feature runs.
    #[must_use]
    pub fn service(&self, trial: &Trial) -> Service {
        if self.services.contains(&trial.name) { Service::On } else { Service::Off }
    }

    /// How accounts give each other THR.
    ///
    /// # Errors
    /// When no trial of the list says so.
    pub fn transfers(&self) -> Outcome<Transfers> {
        let found = trial::transfers(self.trials);
        found.ok_or_else(|| Failure::new("no trial of the list says how accounts give each other THR"))
    }

    /// Where node `index` listens for peers.
    #[must_use]
    pub fn listen(&self, index: usize) -> Vec<String> {
        let port = self.ports.peers(index);
        let mut addresses = vec![quic(port)];
        if self.weather.is_none() {
            addresses.push(format!("/ip4/127.0.0.1/tcp/{port}"));
        }
        addresses
    }

    /// What node `index` tells others of where it is, if that is not where it listens. A node that is not allowed private
    /// addresses tells nothing else, and dials no address of this machine but those in its settings: the relay's.
    #[must_use]
    pub fn external(&self, index: usize) -> Vec<String> {
        self.fronts.port(None, index).map(quic).into_iter().collect()
    }

    /// Where node `index` is reached by another one, with its identity.
    ///
    /// # Errors
    /// When its network key cannot be read.
    pub fn multiaddress(&self, from: usize, index: usize) -> Outcome<String> {
        let key = NetworkKey::read(&Home::new(self.layout.node(index)).network_key_file())?;
        let peer = node::peer_id::text(&key.peer_key()?);
        let port = self.fronts.port(Some(from), index).unwrap_or_else(|| self.ports.peers(index));
        Ok(format!("{}/p2p/{peer}", quic(port)))
    }

    fn bootstrap_for(&self, index: usize) -> Outcome<Vec<String>> {
        (0..self.validators).filter(|other| *other != index).map(|other| self.multiaddress(index, other)).collect()
    }
}

fn quic(port: u16) -> String {
    format!("/ip4/127.0.0.1/udp/{port}/quic-v1")
}

fn now() -> Outcome<TimeMs> {
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| u64::try_from(since.as_millis()).ok());
    since.map(TimeMs).ok_or_else(|| Failure::new("the machine's clock stands before 1970: set it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_changed_in_a_nodes_settings_is_kept_and_what_the_network_gives_is_written_anew() {
        let directory = tempfile::tempdir().expect("a directory");
        let layout = Layout::new(&directory.path().join("network")).expect("a path");
        layout.create().expect("it is made");
        let first = Ports::new(27_700, 1).expect("there is room");
        let mut plan = Plan::new(layout, first, 1, &[]);
        plan.make_keys(0).expect("a home");
        plan.write_settings().expect("new settings");
        let home = Home::new(plan.layout.node(0));
        let text = home.read_config().expect("written");
        assert!(text.contains("enabled = false"), "a service that is off");
        write_private(&home.config_file(), &text.replacen("enabled = false", "enabled = true", 1)).expect("our own");
        plan.ports = Ports::new(27_800, 1).expect("there is room");
        plan.write_settings().expect("the same settings elsewhere");
        let kept = present_settings(&home).expect("sound");
        assert_eq!(kept.api.listen, format!("127.0.0.1:{}", plan.ports.api(0)));
        let changed = home.read_config().expect("written");
        assert!(changed.contains("enabled = true"), "{changed}");

        write_private(&home.config_file(), "[api]\nlisen = 1\n").expect("our own");
        let told = plan.write_settings().expect_err("no such setting").to_string();
        assert!(told.contains("config.toml") && told.contains("mend it"), "{told}");
    }
}
