//! `genesis.json`: the readable form.
//!
//! It has the keys of [`types::Genesis`] and differs in one thing: addresses are text of the file's network, so that a person sees
//! whom a line pays and a copied address of another network is refused. On input hex and the older form are read as well.
//! The conversions below name every field, so the compiler refuses a field that is forgotten here.

use serde::{Deserialize, Serialize};
use types::{
    Address, Amount, Asset, AssetId, BlsPublicKey, BlsSignature, FeeParameters, Genesis, GenesisAsset, GenesisBalance,
    GenesisValidator, Limits, List, MiningParameters, Network, Parameters, PeerKey, Power, ProtocolVersion, TimeMs,
    Timing,
};

use crate::GenesisError;

/// The longest file that is read, in bytes: two million balances with room to spare.
pub const JSON_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Reads a genesis file. The rules between its values are for [`crate::check`].
///
/// # Errors
/// [`GenesisError`] that names the line, or the address, that cannot be read.
pub fn parse(json: &str) -> Result<Genesis, GenesisError> {
    if json.len() > JSON_BYTES_MAX {
        return Err(GenesisError::TooLong { bytes: json.len(), bytes_max: JSON_BYTES_MAX });
    }
    let file: GenesisFile = serde_json::from_str(json).map_err(|error| GenesisError::Malformed(error.to_string()))?;
    file.into_genesis()
}

/// Writes a genesis file, indented, ending with a line feed.
#[must_use]
pub fn to_json(genesis: &Genesis) -> String {
    let file = GenesisFile::of(genesis);
    let mut json = serde_json::to_string_pretty(&file).expect("texts, numbers and lists always have a JSON form");
    json.push('\n');
    json
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GenesisFile {
    version: ProtocolVersion,
    name: String,
    network: Network,
    time: TimeMs,
    parameters: ParametersFile,
    assets: Vec<AssetFile>,
    balances: Vec<BalanceFile>,
    validators: Vec<ValidatorFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParametersFile {
    timing: Timing,
    fees: FeesFile,
    limits: Limits,
    thr_cap: Amount,
    asset_creation_fee: Amount,
    mining: MiningFile,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeesFile {
    price_floor: u64,
    weight_target_per_s: u64,
    excess_per_e: u64,
    ecosystem: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MiningFile {
    launch_bits: u32,
    spacing_ms: u64,
    half_life_ms: u64,
    spacing_min_ms: u64,
    anchor_age_max_ms: u64,
    header_behind_max_s: u32,
    header_ahead_max_s: u32,
    share_factor: u32,
    window_works: u32,
    shares_per_work_max: u32,
    reward: Amount,
    halving_interval: u64,
    ai_pool: String,
    validators: String,
    ecosystem: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetFile {
    id: AssetId,
    asset: AssetRestFile,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetRestFile {
    symbol: String,
    decimals: u8,
    minter: Option<String>,
    cap: Amount,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BalanceFile {
    address: String,
    asset: AssetId,
    amount: Amount,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidatorFile {
    key: BlsPublicKey,
    possession: BlsSignature,
    power: Power,
    account: String,
    peer: PeerKey,
}

/// Reads hex, the text form of `network`, or the older form.
fn address(text: &str, network: Network, place: impl FnOnce() -> String) -> Result<Address, GenesisError> {
    let mut bytes = [0; 20];
    if hex::decode_to_slice(text, &mut bytes).is_ok() {
        return Ok(Address(bytes));
    }
    let shortened = || text.chars().take(100).collect();
    Address::parse(text, network).map_err(|error| GenesisError::Address { place: place(), text: shortened(), error })
}

fn list<T, const MAX: usize>(values: Vec<T>, place: &'static str) -> Result<List<T, MAX>, GenesisError> {
    List::new(values).map_err(|values| GenesisError::TooMany { place, count: values.len(), count_max: MAX })
}

fn ascii<const MAX: usize>(
    text: String,
    place: &'static str,
    rule: &'static str,
) -> Result<types::ByteString<MAX>, GenesisError> {
    let wrong = |value: &str| {
        let shown: String = value.chars().take(100).collect();
        GenesisError::Parameter { place, value: format!("`{shown}`"), rule }
    };
    if !text.is_ascii() {
        return Err(wrong(&text));
    }
    types::ByteString::new(text.into_bytes()).map_err(|bytes| wrong(&String::from_utf8_lossy(&bytes)))
}

impl GenesisFile {
    fn of(genesis: &Genesis) -> Self {
        let Genesis { version, name, network, time, parameters, assets, balances, validators } = genesis;
        let text = |address: Address| address.to_text(*network);
        let asset = |GenesisAsset { id, asset }: &GenesisAsset| {
            let Asset { symbol, decimals, minter, cap } = asset;
            let symbol = String::from_utf8_lossy(symbol).into_owned();
            AssetFile {
                id: *id,
                asset: AssetRestFile { symbol, decimals: *decimals, minter: minter.map(text), cap: *cap },
            }
        };
        let balance = |GenesisBalance { address, asset, amount }: &GenesisBalance| BalanceFile {
            address: text(*address),
            asset: *asset,
            amount: *amount,
        };
        let validator = |GenesisValidator { key, possession, power, account, peer }: &GenesisValidator| ValidatorFile {
            key: *key,
            possession: *possession,
            power: *power,
            account: text(*account),
            peer: *peer,
        };
        Self {
            version: *version,
            name: String::from_utf8_lossy(name).into_owned(),
            network: *network,
            time: *time,
            parameters: ParametersFile::of(parameters, text),
            assets: assets.iter().map(asset).collect(),
            balances: balances.iter().map(balance).collect(),
            validators: validators.iter().map(validator).collect(),
        }
    }

    fn into_genesis(self) -> Result<Genesis, GenesisError> {
        let Self { version, name, network, time, parameters, assets, balances, validators } = self;
        let asset = |(place, AssetFile { id, asset }): (usize, AssetFile)| {
            let AssetRestFile { symbol, decimals, minter, cap } = asset;
            let minter =
                minter.map(|text| address(&text, network, || format!("assets[{place}].asset.minter"))).transpose()?;
            let symbol = ascii(symbol, "assets[].asset.symbol", "a symbol has at most 16 ASCII capitals and digits")?;
            Ok(GenesisAsset { id, asset: Asset { symbol, decimals, minter, cap } })
        };
        let balance = |(place, file): (usize, BalanceFile)| {
            let owner = address(&file.address, network, || format!("balances[{place}].address"))?;
            Ok(GenesisBalance { address: owner, asset: file.asset, amount: file.amount })
        };
        let validator = |(place, file): (usize, ValidatorFile)| {
            let ValidatorFile { key, possession, power, account, peer } = file;
            let account = address(&account, network, || format!("validators[{place}].account"))?;
            Ok(GenesisValidator { key, possession, power, account, peer })
        };
        Ok(Genesis {
            version,
            name: ascii(name, "name", "a chain's name has 1 to 64 lower-case letters, digits and hyphens")?,
            network,
            time,
            parameters: parameters.into_parameters(network)?,
            assets: list(collect(assets, asset)?, "assets")?,
            balances: list(collect(balances, balance)?, "balances")?,
            validators: list(collect(validators, validator)?, "validators")?,
        })
    }
}

fn collect<A, B>(
    from: Vec<A>,
    read: impl FnMut((usize, A)) -> Result<B, GenesisError>,
) -> Result<Vec<B>, GenesisError> {
    from.into_iter().enumerate().map(read).collect()
}

impl ParametersFile {
    fn of(parameters: &Parameters, text: impl Fn(Address) -> String) -> Self {
        let Parameters { timing, fees, limits, thr_cap, asset_creation_fee, mining } = parameters.clone();
        let FeeParameters { price_floor, weight_target_per_s, excess_per_e, ecosystem } = fees;
        let fees = FeesFile { price_floor, weight_target_per_s, excess_per_e, ecosystem: text(ecosystem) };
        Self { timing, fees, limits, thr_cap, asset_creation_fee, mining: MiningFile::of(&mining, text) }
    }

    fn into_parameters(self, network: Network) -> Result<Parameters, GenesisError> {
        let Self { timing, fees, limits, thr_cap, asset_creation_fee, mining } = self;
        let FeesFile { price_floor, weight_target_per_s, excess_per_e, ecosystem } = fees;
        let ecosystem = address(&ecosystem, network, || "parameters.fees.ecosystem".to_owned())?;
        let fees = FeeParameters { price_floor, weight_target_per_s, excess_per_e, ecosystem };
        let mining = mining.into_parameters(network)?;
        Ok(Parameters { timing, fees, limits, thr_cap, asset_creation_fee, mining })
    }
}

impl MiningFile {
    fn of(mining: &MiningParameters, text: impl Fn(Address) -> String) -> Self {
        Self {
            launch_bits: mining.launch_bits,
            spacing_ms: mining.spacing_ms,
            half_life_ms: mining.half_life_ms,
            spacing_min_ms: mining.spacing_min_ms,
            anchor_age_max_ms: mining.anchor_age_max_ms,
            header_behind_max_s: mining.header_behind_max_s,
            header_ahead_max_s: mining.header_ahead_max_s,
            share_factor: mining.share_factor,
            window_works: mining.window_works,
            shares_per_work_max: mining.shares_per_work_max,
            reward: mining.reward,
            halving_interval: mining.halving_interval,
            ai_pool: text(mining.ai_pool),
            validators: text(mining.validators),
            ecosystem: text(mining.ecosystem),
        }
    }

    fn into_parameters(self, network: Network) -> Result<MiningParameters, GenesisError> {
        let payee = |text: &str, key: &str| address(text, network, || format!("parameters.mining.{key}"));
        Ok(MiningParameters {
            launch_bits: self.launch_bits,
            spacing_ms: self.spacing_ms,
            half_life_ms: self.half_life_ms,
            spacing_min_ms: self.spacing_min_ms,
            anchor_age_max_ms: self.anchor_age_max_ms,
            header_behind_max_s: self.header_behind_max_s,
            header_ahead_max_s: self.header_ahead_max_s,
            share_factor: self.share_factor,
            window_works: self.window_works,
            shares_per_work_max: self.shares_per_work_max,
            reward: self.reward,
            halving_interval: self.halving_interval,
            ai_pool: payee(&self.ai_pool, "ai_pool")?,
            validators: payee(&self.validators, "validators")?,
            ecosystem: payee(&self.ecosystem, "ecosystem")?,
        })
    }
}
