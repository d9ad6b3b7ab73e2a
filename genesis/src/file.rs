//! `genesis.json`: the readable form.
//!
//! It has the keys of [`types::Genesis`] and differs in three things: addresses are text of the file's network, so that a person sees
//! whom a line pays and a copied address of another network is refused; modules stand by name; and a module's section is the module's
//! own JSON. On input hex and the older form of an address are read as well. The conversions below name every field, so the compiler
//! refuses a field that is forgotten here. Balances have a type of their own, because there may be two million of them.

use std::collections::BTreeMap;

use execution::readable::{self, UnreadJson};
use execution::{Registry, Sections, place};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{
    Address, Amount, AssetId, BlsPublicKey, BlsSignature, ByteString, FeeParameters, Genesis, GenesisAllowance,
    GenesisBalance, GenesisGrant, GenesisSection, GenesisValidator, Limits, List, ModuleId, Network, Parameters,
    PeerKey, Power, ProtocolVersion, TimeMs, Timing,
};

use crate::GenesisError;

/// The longest file that is read, in bytes: two million balances with room to spare.
pub const JSON_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Reads a genesis file. The rules between its values are for [`crate::check`].
///
/// # Errors
/// [`GenesisError`] that names the line, the key or the address that cannot be read.
pub fn parse(json: &str, registry: &Registry) -> Result<Genesis, GenesisError> {
    if json.len() > JSON_BYTES_MAX {
        return Err(GenesisError::TooLong { bytes: json.len(), bytes_max: JSON_BYTES_MAX });
    }
    let file: GenesisFile = serde_json::from_str(json).map_err(|error| {
        let error = error.to_string();
        GenesisError::Malformed(format!("{error}{}", readable::did_you_mean(&error)))
    })?;
    file.into_genesis(registry)
}

/// Writes a genesis file, indented, ending with a line feed.
///
/// # Panics
/// A section is not of a module of the registry: [`parse`] and the builder make none, and [`crate::check`] refuses it.
#[must_use]
pub fn to_json(genesis: &Genesis, registry: &Registry) -> String {
    let file = GenesisFile::of(genesis, registry);
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
    #[serde(deserialize_with = "crate::sections::read")]
    modules: BTreeMap<String, Value>,
    balances: Vec<BalanceFile>,
    #[serde(default)]
    grants: Vec<GrantFile>,
    #[serde(default)]
    allowances: Vec<AllowanceFile>,
    validators: Vec<ValidatorFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParametersFile {
    timing: Timing,
    fees: FeesFile,
    limits: Limits,
    thr_cap: Amount,
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
struct BalanceFile {
    address: String,
    asset: AssetId,
    amount: Amount,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantFile {
    module: String,
    pot: String,
    asset: AssetId,
    amount: Amount,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowanceFile {
    module: String,
    account: String,
    asset: AssetId,
    share_ppm: u32,
    span_ms: u64,
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

/// Reads a file's texts: addresses of its network and names of modules.
struct Reader<'a> {
    network: Network,
    registry: &'a Registry,
}

impl Reader<'_> {
    fn address(&self, text: &str, place: impl FnOnce() -> String) -> Result<Address, GenesisError> {
        let shortened = || text.chars().take(100).collect();
        readable::read_address(text, self.network).map_err(|error| GenesisError::Address {
            place: place(),
            text: shortened(),
            error,
        })
    }

    fn module(&self, name: &str, place: impl FnOnce() -> String) -> Result<ModuleId, GenesisError> {
        let found = self.registry.module_named(name).map(execution::AnyModule::id);
        found.ok_or_else(|| {
            let names = self.registry.modules().map(execution::AnyModule::name);
            let name: String = name.chars().take(100).collect();
            GenesisError::NoModule { place: place(), hint: readable::nearest(&name, names), name }
        })
    }

    fn sections(&self, sections: BTreeMap<String, Value>) -> Result<Sections, GenesisError> {
        let mut read = Vec::new();
        for (name, json) in sections {
            let id = self.module(&name, || "modules".to_owned())?;
            let Some(module) = self.registry.module(id) else { continue };
            let bytes = module.section().read_json(json, self.network).map_err(|unread| match unread {
                UnreadJson::Address { key, text, error } => {
                    GenesisError::Address { place: place(&name, &key), text, error }
                }
                UnreadJson::Value { key, why } => GenesisError::Unread { place: place(&name, &key), why },
            })?;
            let body = ByteString::new(bytes).map_err(|bytes| GenesisError::Section {
                place: place(&name, ""),
                value: format!("{} bytes long", bytes.len()),
                rule: "a section has at most 1048576 bytes".to_owned(),
            })?;
            read.push(GenesisSection { module: id, body });
        }
        read.sort_by_key(|section| section.module);
        list(read, "modules")
    }
}

fn list<T, const MAX: usize>(values: Vec<T>, place: &'static str) -> Result<List<T, MAX>, GenesisError> {
    List::new(values).map_err(|values| GenesisError::TooMany { place, count: values.len(), count_max: MAX })
}

fn ascii<const MAX: usize>(
    text: String,
    place: &'static str,
    rule: &'static str,
) -> Result<ByteString<MAX>, GenesisError> {
    let wrong = |value: &str| {
        let shown: String = value.chars().take(100).collect();
        GenesisError::Parameter { place, value: format!("`{shown}`"), rule }
    };
    if !text.is_ascii() {
        return Err(wrong(&text));
    }
    ByteString::new(text.into_bytes()).map_err(|bytes| wrong(&String::from_utf8_lossy(&bytes)))
}

impl GenesisFile {
    fn of(genesis: &Genesis, registry: &Registry) -> Self {
        let Genesis { version, name, network, time, parameters, modules, balances, grants, allowances, validators } =
            genesis;
        let text = |address: Address| address.to_text(*network);
        let named = |id: ModuleId| registry.module(id).expect("the sections are of modules of the registry");
        let section = |GenesisSection { module, body }: &GenesisSection| {
            let module = named(*module);
            let json = module.section().write_json(body, *network);
            (module.name().to_owned(), json.expect("the section is the module's"))
        };
        let name_of = |id: ModuleId| named(id).name().to_owned();
        let balance = |GenesisBalance { address, asset, amount }: &GenesisBalance| BalanceFile {
            address: text(*address),
            asset: *asset,
            amount: *amount,
        };
        let grant = |GenesisGrant { module, pot, asset, amount }: &GenesisGrant| GrantFile {
            module: name_of(*module),
            pot: String::from_utf8_lossy(pot).into_owned(),
            asset: *asset,
            amount: *amount,
        };
        let allowance = |allowance: &GenesisAllowance| {
            let GenesisAllowance { module, account, asset, share_ppm, span_ms } = *allowance;
            AllowanceFile { module: name_of(module), account: text(account), asset, share_ppm, span_ms }
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
            modules: modules.iter().map(section).collect(),
            balances: balances.iter().map(balance).collect(),
            grants: grants.iter().map(grant).collect(),
            allowances: allowances.iter().map(allowance).collect(),
            validators: validators.iter().map(validator).collect(),
        }
    }

    fn into_genesis(self, registry: &Registry) -> Result<Genesis, GenesisError> {
        let Self { version, name, network, time, parameters, modules, balances, grants, allowances, validators } = self;
        let reader = Reader { network, registry };
        let balance = |(place, file): (usize, BalanceFile)| {
            let owner = reader.address(&file.address, || format!("balances[{place}].address"))?;
            Ok(GenesisBalance { address: owner, asset: file.asset, amount: file.amount })
        };
        let grant = |(place, GrantFile { module, pot, asset, amount }): (usize, GrantFile)| {
            let module = reader.module(&module, || format!("grants[{place}].module"))?;
            let pot = ascii(pot, "grants[].pot", "a pot's name has at most 64 ASCII characters")?;
            Ok(GenesisGrant { module, pot, asset, amount })
        };
        let allowance = |(place, file): (usize, AllowanceFile)| {
            let AllowanceFile { module, account, asset, share_ppm, span_ms } = file;
            let module = reader.module(&module, || format!("allowances[{place}].module"))?;
            let account = reader.address(&account, || format!("allowances[{place}].account"))?;
            Ok(GenesisAllowance { module, account, asset, share_ppm, span_ms })
        };
        let validator = |(place, file): (usize, ValidatorFile)| {
            let ValidatorFile { key, possession, power, account, peer } = file;
            let account = reader.address(&account, || format!("validators[{place}].account"))?;
            Ok(GenesisValidator { key, possession, power, account, peer })
        };
        Ok(Genesis {
            version,
            name: ascii(name, "name", "a chain's name has 1 to 64 lower-case letters, digits and hyphens")?,
            network,
            time,
            parameters: parameters.into_parameters(&reader)?,
            modules: reader.sections(modules)?,
            balances: list(collect(balances, balance)?, "balances")?,
            grants: list(collect(grants, grant)?, "grants")?,
            allowances: list(collect(allowances, allowance)?, "allowances")?,
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
        let Parameters { timing, fees, limits, thr_cap } = parameters.clone();
        let FeeParameters { price_floor, weight_target_per_s, excess_per_e, ecosystem } = fees;
        let fees = FeesFile { price_floor, weight_target_per_s, excess_per_e, ecosystem: text(ecosystem) };
        Self { timing, fees, limits, thr_cap }
    }

    fn into_parameters(self, reader: &Reader<'_>) -> Result<Parameters, GenesisError> {
        let Self { timing, fees, limits, thr_cap } = self;
        let FeesFile { price_floor, weight_target_per_s, excess_per_e, ecosystem } = fees;
        let ecosystem = reader.address(&ecosystem, || "parameters.fees.ecosystem".to_owned())?;
        let fees = FeeParameters { price_floor, weight_target_per_s, excess_per_e, ecosystem };
        Ok(Parameters { timing, fees, limits, thr_cap })
    }
}
