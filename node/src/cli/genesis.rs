//! `thronosd genesis`: a genesis file, step by step. Every step leaves a file that the next can read; `validate` says whether it
//! can start a chain, and makes its block 0 to know.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Subcommand, ValueEnum};
use genesis::GenesisError;
use types::{
    Address, Amount, AssetId, BlsPublicKey, BlsSignature, ByteString, Genesis, GenesisBalance, GenesisValidator, List,
    Network, PeerKey, Power, TimeMs, counted,
};

use super::Refusal;
use super::keys::ENTRY_BYTES_MAX;
use crate::home::{parse_genesis, read_genesis, write_file};
use crate::keys::ValidatorEntry;
use crate::shell::StartError;
use service::plain_file::{self, Takes};

/// What a chain may be called.
const NAME_RULE: &str = "a chain's name has 1 to 64 lower-case letters, digits and hyphens; nothing was written";
/// The power of all validators is below this.
const POWER_END: u64 = 1 << 60;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum NetworkName {
    Main,
    Test,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GenesisVerb {
    /// Begin a file, with default parameters and nobody in it.
    New {
        /// Where to write.
        file: PathBuf,
        /// The chain's name: 1 to 64 lower-case letters, digits and hyphens.
        #[arg(long)]
        name: String,
        /// Which addresses the chain uses.
        #[arg(long, value_enum, default_value = "test")]
        network: NetworkName,
        /// Account that gets the half of every fee that is not burned.
        #[arg(long, value_name = "ADDRESS")]
        ecosystem: String,
        /// Block time of height 0, in ms since 1970 [default: now].
        #[arg(long, value_name = "MS")]
        time: Option<u64>,
    },
    /// Add a validator, from its entry file or from its three values.
    AddValidator {
        /// The genesis file.
        file: PathBuf,
        /// What the validator's operator got from `thronosd keys show --json`.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "possession", "peer"])]
        entry: Option<PathBuf>,
        /// Consensus key, 192 hexadecimal digits.
        #[arg(long, requires = "possession", requires = "peer")]
        key: Option<BlsPublicKey>,
        /// Proof of possession of the key, 96 hexadecimal digits.
        #[arg(long)]
        possession: Option<BlsSignature>,
        /// Network key, 64 hexadecimal digits.
        #[arg(long)]
        peer: Option<PeerKey>,
        /// Weight of its vote.
        #[arg(long, default_value_t = 1)]
        power: u64,
        /// Account for its tips and rewards.
        #[arg(long, value_name = "ADDRESS")]
        account: String,
    },
    /// Add an amount to an account.
    AddBalance {
        /// The genesis file.
        file: PathBuf,
        /// The account.
        address: String,
        /// How much: THR like `1.5`, of other assets base units.
        amount: String,
        /// Number of the asset; 0 is THR.
        #[arg(long, default_value_t = 0)]
        asset: u64,
    },
    /// Check whether the file can start a chain.
    Validate {
        /// The genesis file.
        file: PathBuf,
    },
    /// Print the id of the chain that the file starts.
    Hash {
        /// The genesis file.
        file: PathBuf,
    },
}

impl GenesisVerb {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        match self {
            Self::New { file, name, network, ecosystem, time } => new(&file, name, network, &ecosystem, time),
            Self::AddValidator { file, entry, key, possession, peer, power, account } => {
                let (key, possession, peer) = match (entry, key.zip(possession).zip(peer)) {
                    (Some(path), _) => read_entry(&path)?,
                    (None, Some(((key, possession), peer))) => (key, possession, peer),
                    _ => return Err(Refusal::new("usage", "give --entry FILE, or --key, --possession and --peer")),
                };
                change(&file, |genesis| {
                    let account = address(&account, genesis.network)?;
                    add_validator(genesis, GenesisValidator { key, possession, power: Power(power), account, peer })
                })
            }
            Self::AddBalance { file, address: text, amount, asset } => change(&file, |genesis| {
                let account = address(&text, genesis.network)?;
                add_balance(genesis, account, AssetId(asset), &amount)
            }),
            Self::Validate { file } => validate(&file),
            Self::Hash { file } => {
                say!("{}", genesis::chain_id(&read_startable(&file)?));
                Ok(())
            }
        }
    }
}

fn new(file: &Path, name: String, network: NetworkName, ecosystem: &str, time: Option<u64>) -> Result<(), Refusal> {
    if file.exists() {
        return Err(Refusal::new("genesis_exists", format!("{} exists already: choose another name", file.display())));
    }
    let network = match network {
        NetworkName::Main => Network::Main,
        NetworkName::Test => Network::Test,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let name = ByteString::new(name.into_bytes()).map_err(|name| {
        let message = format!("`--name` has {} bytes: {NAME_RULE}", name.len());
        Refusal::new("genesis_parameter", message)
    })?;
    let time = TimeMs(time.unwrap_or(u64::try_from(now).unwrap_or(u64::MAX)));
    let ecosystem = address(ecosystem, network)?;
    let modules = runtime::registry().default_sections(network, ecosystem);
    let begun = Genesis { name, ..genesis::empty(network, time, ecosystem, modules) };
    genesis::check_identity(&begun).map_err(unfit)?;
    save(file, &begun)
}

/// What is refused before anything is written.
fn unfit(error: GenesisError) -> Refusal {
    Refusal::new(error.code(), format!("{error}; nothing was written"))
}

fn read_entry(path: &Path) -> Result<(BlsPublicKey, BlsSignature, PeerKey), Refusal> {
    let malformed = |error: String| {
        let remedy = "give `keys/validator-entry.json` of the validator's home, or what `thronosd keys show --json` prints there";
        Refusal::new("genesis_malformed", format!("{} is no validator's entry: {error}; {remedy}", path.display()))
    };
    let text =
        plain_file::read_text(path, ENTRY_BYTES_MAX, Takes::Pipe).map_err(|error| malformed(error.to_string()))?;
    let entry: ValidatorEntry = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    Ok((entry.key, entry.possession, entry.peer))
}

fn add_validator(genesis: &mut Genesis, validator: GenesisValidator) -> Result<(), Refusal> {
    let known = crypto::bls::PublicKey::parse(&validator.key);
    if !known.is_ok_and(|key| key.verify_possession(&validator.possession)) {
        let message =
            format!("the proof of possession does not prove the key {}: take both from one entry", validator.key);
        return Err(Refusal::new("genesis_possession", message));
    }
    let mut all = std::mem::take(&mut genesis.validators).into_vec();
    if let Some((what, value)) = all.iter().find_map(|other| shared(other, &validator, genesis.network)) {
        let message = format!(
            "a validator with the {what} {value} is in the file already, and every validator needs its own: give another, or take that \
             one out of the file"
        );
        return Err(Refusal::new("genesis_duplicate_validator", message));
    }
    let power = all.iter().fold(validator.power.0, |sum, other| sum.saturating_add(other.power.0));
    if validator.power.0 == 0 || power >= POWER_END {
        let rule = "it must be above zero, and the power of all validators below 2^60";
        return Err(Refusal::new("genesis_power", format!("`--power` is {}: {rule}", validator.power.0)));
    }
    all.push(validator);
    all.sort_unstable_by_key(|validator| validator.key);
    genesis.validators = List::new(all)
        .map_err(|all| Refusal::new("genesis_too_many", format!("{} validators are too many", all.len())))?;
    Ok(())
}

/// What two validators share that must be each one's own.
fn shared(one: &GenesisValidator, other: &GenesisValidator, network: Network) -> Option<(&'static str, String)> {
    if one.key == other.key {
        return Some(("key", one.key.to_string()));
    }
    if one.peer == other.peer {
        return Some(("network key", one.peer.to_string()));
    }
    (one.account == other.account).then(|| ("account", one.account.to_text(network)))
}

fn add_balance(genesis: &mut Genesis, address: Address, asset: AssetId, text: &str) -> Result<(), Refusal> {
    let amount = match asset {
        types::THR => Amount::parse_decimal(text, types::THR_DECIMALS),
        _ => Amount::parse_base_units(text),
    };
    let amount = amount.map_err(|error| Refusal::new("amount", format!("`{text}` is no amount: {error}")))?;
    if amount.is_zero() {
        return Err(Refusal::new(
            "amount",
            format!("the amount is `{text}`, which is nothing: give more, or leave it out"),
        ));
    }
    let mut all = std::mem::take(&mut genesis.balances).into_vec();
    match all.iter_mut().find(|entry| (entry.address, entry.asset) == (address, asset)) {
        Some(entry) => {
            let sum = entry.amount.checked_add(amount);
            entry.amount = sum.ok_or_else(|| Refusal::new("amount", "the sum does not fit 128 bits"))?;
        }
        None => all.push(GenesisBalance { address, asset, amount }),
    }
    all.sort_unstable_by_key(|entry| (entry.address, entry.asset));
    genesis.balances = List::new(all)
        .map_err(|all| Refusal::new("genesis_too_many", format!("{} balances are too many", all.len())))?;
    genesis::check_balances(genesis, &runtime::registry()).map_err(unfit)
}

fn validate(file: &Path) -> Result<(), Refusal> {
    let genesis = read_startable(file)?;
    say!("{} starts chain {}", file.display(), genesis::chain_id(&genesis));
    let faults = genesis::faults_tolerated(&genesis);
    say!("{}, of which {faults} may fail", counted(genesis.validators.len() as u64, "validator"));
    for warning in genesis::warnings(&genesis, &runtime::registry()) {
        say!("warning: {warning}");
    }
    Ok(())
}

fn change(file: &Path, change: impl FnOnce(&mut Genesis) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let mut genesis = parse_genesis(file)?;
    change(&mut genesis)?;
    save(file, &genesis)
}

/// Reads a genesis and makes its block 0, as every node does at its first start: what is accepted here is not refused there.
pub(super) fn read_startable(file: &Path) -> Result<Genesis, Refusal> {
    let genesis = read_genesis(file)?;
    let started = start(&genesis);
    started.map_err(|error| Refusal::new("genesis", format!("{}: {error}", file.display())))?;
    Ok(genesis)
}

fn start(genesis: &Genesis) -> Result<(), StartError> {
    let _ = runtime::registry().genesis(genesis, genesis::chain_id(genesis))?;
    Ok(())
}

/// Writes the file and says what it still lacks.
fn save(file: &Path, genesis: &Genesis) -> Result<(), Refusal> {
    write_file(file, genesis::to_json(genesis, &runtime::registry()).as_bytes())?;
    let checked = genesis::check(genesis, &runtime::registry()).map_err(|error| error.to_string());
    match checked.and_then(|()| start(genesis).map_err(|error| error.to_string())) {
        Ok(()) => say!("{} is complete; chain id {}", file.display(), genesis::chain_id(genesis)),
        Err(error) => say!("{} is written, but cannot start a chain yet: {error}", file.display()),
    }
    Ok(())
}

fn address(text: &str, network: Network) -> Result<Address, Refusal> {
    Address::parse(text, network).map_err(|error| Refusal::new("genesis_address", format!("`{text}`: {error}")))
}
