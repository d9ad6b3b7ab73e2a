//! Building a genesis step by step, and the one of a local network.
//!
//! The builder takes validators and balances in any order and adds up balances of the same account; [`GenesisBuilder::build`]
//! sorts and checks. Keys and times come from the caller.

use std::collections::BTreeMap;

use types::{
    Address, Amount, Asset, AssetId, ByteString, Genesis, GenesisAsset, GenesisBalance, GenesisValidator, List,
    Network, Parameters, THR, TimeMs,
};

use crate::{GenesisError, PROTOCOL_VERSION, check};

/// Collects what a chain begins with.
#[derive(Clone, Debug)]
pub struct GenesisBuilder {
    name: String,
    network: Network,
    time: TimeMs,
    parameters: Parameters,
    assets: BTreeMap<AssetId, Asset>,
    balances: BTreeMap<(Address, AssetId), Amount>,
    validators: Vec<GenesisValidator>,
}

impl GenesisBuilder {
    /// Begins with default parameters; `ecosystem` gets the half of every fee that is not burned.
    #[must_use]
    pub fn new(name: impl Into<String>, network: Network, time: TimeMs, ecosystem: Address) -> Self {
        Self {
            name: name.into(),
            network,
            time,
            parameters: Parameters::with_ecosystem(ecosystem),
            assets: BTreeMap::new(),
            balances: BTreeMap::new(),
            validators: Vec::new(),
        }
    }

    /// Begins with an existing genesis, to add to it.
    #[must_use]
    pub fn from_genesis(genesis: &Genesis) -> Self {
        Self {
            name: String::from_utf8_lossy(&genesis.name).into_owned(),
            network: genesis.network,
            time: genesis.time,
            parameters: genesis.parameters.clone(),
            assets: genesis.assets.iter().map(|custom| (custom.id, custom.asset.clone())).collect(),
            balances: genesis.balances.iter().map(|entry| ((entry.address, entry.asset), entry.amount)).collect(),
            validators: genesis.validators.to_vec(),
        }
    }

    /// Changes the rules in numbers.
    #[must_use]
    pub fn parameters(mut self, change: impl FnOnce(&mut Parameters)) -> Self {
        change(&mut self.parameters);
        self
    }

    /// Adds a validator.
    #[must_use]
    pub fn validator(mut self, validator: GenesisValidator) -> Self {
        self.validators.push(validator);
        self
    }

    /// Adds an amount to an account.
    #[must_use]
    pub fn balance(mut self, address: Address, asset: AssetId, amount: Amount) -> Self {
        let balance = self.balances.entry((address, asset)).or_default();
        // A sum that does not fit is above every cap, so the check refuses it.
        *balance = balance.checked_add(amount).unwrap_or(Amount::MAX);
        self
    }

    /// Adds µTHR to an account.
    #[must_use]
    pub fn thr(self, address: Address, amount: Amount) -> Self {
        self.balance(address, THR, amount)
    }

    /// Adds a custom asset; a second one of the same number replaces the first.
    #[must_use]
    pub fn asset(mut self, id: AssetId, asset: Asset) -> Self {
        self.assets.insert(id, asset);
        self
    }

    /// Sorts and checks.
    ///
    /// # Errors
    /// [`GenesisError`] of the first rule that is broken.
    pub fn build(mut self) -> Result<Genesis, GenesisError> {
        self.validators.sort_unstable_by_key(|validator| validator.key);
        let balance = |((address, asset), amount)| GenesisBalance { address, asset, amount };
        let balances = self.balances.into_iter().map(balance).filter(|entry| !entry.amount.is_zero());
        let name = ByteString::new(self.name.into_bytes()).map_err(|bytes| GenesisError::Parameter {
            place: "name",
            value: format!("{} long", types::counted(bytes.len() as u64, "byte")),
            rule: "a chain's name has 1 to 64 lower-case letters, digits and hyphens",
        })?;
        let genesis = Genesis {
            version: PROTOCOL_VERSION,
            name,
            network: self.network,
            time: self.time,
            parameters: self.parameters,
            assets: list(self.assets.into_iter().map(|(id, asset)| GenesisAsset { id, asset }).collect(), "assets")?,
            balances: list(balances.collect(), "balances")?,
            validators: list(self.validators, "validators")?,
        };
        check(&genesis)?;
        Ok(genesis)
    }
}

fn list<T, const MAX: usize>(values: Vec<T>, place: &'static str) -> Result<List<T, MAX>, GenesisError> {
    List::new(values).map_err(|values| GenesisError::TooMany { place, count: values.len(), count_max: MAX })
}

/// What a local network begins with.
#[derive(Clone, Debug)]
pub struct LocalNetwork {
    /// The chain's name.
    pub name: String,
    /// Block time of height 0.
    pub time: TimeMs,
    /// Gets the half of every fee that is not burned.
    pub ecosystem: Address,
    /// The validators, whose keys the caller made.
    pub validators: Vec<GenesisValidator>,
    /// Accounts with their µTHR.
    pub accounts: Vec<(Address, Amount)>,
}

/// The genesis of a network on one machine: Δ 100 ms, blocks as soon as there is something to put in, epochs of 60 s, works every
/// 2 s with a half-life of 30 s and at least 0.2 s apart, test addresses.
///
/// # Errors
/// [`GenesisError`] of the first rule that is broken.
pub fn local_network(network: LocalNetwork) -> Result<Genesis, GenesisError> {
    let LocalNetwork { name, time, ecosystem, validators, accounts } = network;
    let builder = GenesisBuilder::new(name, Network::Test, time, ecosystem).parameters(|parameters| {
        parameters.timing.delta_ms = 100;
        parameters.timing.block_interval_min_ms = 0;
        parameters.timing.epoch_length_ms = 60_000;
        parameters.mining.spacing_ms = 2_000;
        parameters.mining.half_life_ms = 30_000;
        parameters.mining.spacing_min_ms = 200;
    });
    let builder = validators.into_iter().fold(builder, GenesisBuilder::validator);
    accounts.into_iter().fold(builder, |builder, (address, amount)| builder.thr(address, amount)).build()
}
