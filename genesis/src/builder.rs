//! Building a genesis step by step, and the one of a local network.
//!
//! The builder takes validators and balances in any order and adds up balances of the same account; [`GenesisBuilder::build`]
//! sorts and checks. Keys and times come from the caller.

use std::collections::BTreeMap;

use execution::{Module, Registry, Sections};
use types::{
    Address, Amount, AssetId, ByteString, Genesis, GenesisAllowance, GenesisBalance, GenesisGrant, GenesisValidator,
    List, Network, Parameters, THR, TimeMs,
};

use crate::{GenesisError, PROTOCOL_VERSION, check};

/// Collects what a chain begins with.
#[derive(Clone, Debug)]
pub struct GenesisBuilder {
    registry: Registry,
    name: String,
    /// Everything but the name, the balances and the validators, which are sorted at the end.
    begun: Genesis,
    balances: BTreeMap<(Address, AssetId), Amount>,
    grants: Vec<GenesisGrant>,
    allowances: Vec<GenesisAllowance>,
    validators: Vec<GenesisValidator>,
}

impl GenesisBuilder {
    /// Begins with default parameters and every module of the registry; `ecosystem` gets the half of every fee that is not burned, and
    /// what belongs to nobody else.
    #[must_use]
    pub fn new(
        registry: &Registry,
        name: impl Into<String>,
        network: Network,
        time: TimeMs,
        ecosystem: Address,
    ) -> Self {
        let begun = empty(network, time, ecosystem, registry.default_sections(network, ecosystem));
        Self {
            registry: registry.clone(),
            name: name.into(),
            begun,
            balances: BTreeMap::new(),
            grants: Vec::new(),
            allowances: Vec::new(),
            validators: Vec::new(),
        }
    }

    /// Begins with an existing genesis, to add to it.
    #[must_use]
    pub fn from_genesis(registry: &Registry, genesis: &Genesis) -> Self {
        Self {
            registry: registry.clone(),
            name: String::from_utf8_lossy(&genesis.name).into_owned(),
            begun: genesis.clone(),
            balances: genesis.balances.iter().map(|entry| ((entry.address, entry.asset), entry.amount)).collect(),
            grants: genesis.grants.to_vec(),
            allowances: genesis.allowances.to_vec(),
            validators: genesis.validators.to_vec(),
        }
    }

    /// Changes the rules in numbers.
    #[must_use]
    pub fn parameters(mut self, change: impl FnOnce(&mut Parameters)) -> Self {
        change(&mut self.begun.parameters);
        self
    }

    /// Changes a module's section.
    ///
    /// # Panics
    /// The section becomes longer than 1 MiB.
    #[must_use]
    pub fn module<M: Module>(mut self, change: impl FnOnce(&mut M::Genesis)) -> Self {
        execution::edit_section::<M>(&mut self.begun, change);
        self
    }

    /// Begins the chain without a module.
    ///
    /// # Panics
    /// Never: what is left is no more than what was there.
    #[must_use]
    pub fn without<M: Module>(mut self) -> Self {
        let mut sections = std::mem::take(&mut self.begun.modules).into_vec();
        sections.retain(|section| section.module != M::ID);
        self.begun.modules = List::new(sections).expect("no more than before");
        self
    }

    /// Gives a module something in a pot.
    #[must_use]
    pub fn grant(mut self, grant: GenesisGrant) -> Self {
        self.grants.push(grant);
        self
    }

    /// Lets a module take something of an account.
    #[must_use]
    pub fn allowance(mut self, allowance: GenesisAllowance) -> Self {
        self.allowances.push(allowance);
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
        self.grants.sort_by(|left, right| grant_order(left).cmp(&grant_order(right)));
        self.allowances.sort_by_key(|entry| (entry.module, entry.account, entry.asset));
        let genesis = Genesis {
            name,
            balances: list(balances.collect(), "balances")?,
            grants: list(self.grants, "grants")?,
            allowances: list(self.allowances, "allowances")?,
            validators: list(self.validators, "validators")?,
            ..self.begun
        };
        check(&genesis, &self.registry)?;
        Ok(genesis)
    }
}

/// A genesis with nobody in it and without a name: default parameters and these sections.
#[must_use]
pub fn empty(network: Network, time: TimeMs, ecosystem: Address, modules: Sections) -> Genesis {
    Genesis {
        version: PROTOCOL_VERSION,
        name: ByteString::default(),
        network,
        time,
        parameters: Parameters::with_ecosystem(ecosystem),
        modules,
        balances: List::default(),
        grants: List::default(),
        allowances: List::default(),
        validators: List::default(),
    }
}

/// Grants come in this order.
pub(crate) fn grant_order(grant: &GenesisGrant) -> (types::ModuleId, &[u8], AssetId) {
    (grant.module, &grant.pot, grant.asset)
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

/// The genesis of a network on one machine: Δ 100 ms, blocks as soon as there is something to put in, epochs of 60 s, test addresses,
/// and every module of the registry as it is for people who watch and wait.
///
/// # Errors
/// [`GenesisError`] of the first rule that is broken.
pub fn local_network(registry: &Registry, network: LocalNetwork) -> Result<Genesis, GenesisError> {
    let LocalNetwork { name, time, ecosystem, validators, accounts } = network;
    let mut builder = GenesisBuilder::new(registry, name, Network::Test, time, ecosystem).parameters(|parameters| {
        parameters.timing.delta_ms = 100;
        parameters.timing.block_interval_min_ms = 0;
        parameters.timing.epoch_length_ms = 60_000;
        parameters.timing.seed_interval_ms = 1_000;
    });
    builder.begun.modules = registry.local_sections(ecosystem);
    let builder = validators.into_iter().fold(builder, GenesisBuilder::validator);
    accounts.into_iter().fold(builder, |builder, (address, amount)| builder.thr(address, amount)).build()
}
