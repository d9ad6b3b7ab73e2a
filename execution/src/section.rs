//! A module's section of the genesis: its own type, its own rules, its own bytes.
//!
//! It must not know a module. A chain begins with the modules whose sections are there; what a section says, its module writes into its state
//! at block 0 and reads there. In `genesis.json` it stands under `modules.NAME`, with addresses as text.

use std::marker::PhantomData;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{
    Address, Amount, AssetId, ByteString, Canonical, Genesis, GenesisSection, List, ModuleId, Network, limits,
};

use crate::module::{AnyModule, Module};
use crate::readable::{self, UnreadJson};
use crate::registry::Registry;

/// A rule between the numbers of a section that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Where: keys and numbers of the section, joined by points.
    pub key: String,
    /// What stands there.
    pub value: String,
    /// What the rule is.
    pub rule: String,
}

impl Breach {
    /// A rule that does not hold for a value.
    pub fn new(key: impl Into<String>, value: impl std::fmt::Display, rule: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.to_string(), rule: rule.into() }
    }

    /// Nothing, if the rule holds.
    ///
    /// # Errors
    /// The breach.
    pub fn unless(
        holds: bool,
        key: &'static str,
        value: impl std::fmt::Display,
        rule: &'static str,
    ) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(key, value, rule)) }
    }
}

/// A [`Breach`] with the module in whose section it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}` is {value}: {rule}")]
pub struct SectionError {
    /// `modules.NAME` and the key.
    pub place: String,
    /// What stands there.
    pub value: String,
    /// What the rule is.
    pub rule: String,
}

/// An asset that a section begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedAsset {
    /// Its number.
    pub asset: AssetId,
    /// Most base units that may ever be issued.
    pub cap: Amount,
}

/// What a module's chain begins with: its section of `genesis.json`, under `modules`.
pub trait Section: Canonical + Serialize + DeserializeOwned + 'static {
    /// Where addresses stand, as JSON pointers, `*` for every element: people read and write them as text of the network.
    const ADDRESSES: &'static [&'static str] = &[];

    /// The defaults; `beneficiary` gets what belongs to nobody else.
    fn new(network: Network, beneficiary: Address) -> Self;

    /// The defaults of a network on one machine, where people watch and wait.
    #[must_use]
    fn local(beneficiary: Address) -> Self {
        Self::new(Network::Test, beneficiary)
    }

    /// Checks every number. `house` is the whole genesis: validators, times, balances, other sections' bytes.
    ///
    /// # Errors
    /// The first breach.
    fn check(&self, house: &Genesis) -> Result<(), Breach>;

    /// The assets that the module begins with this section.
    fn assets(&self) -> Vec<OpenedAsset> {
        Vec::new()
    }

    /// What is allowed but probably not meant, as sentences.
    fn warnings(&self, _house: &Genesis) -> Vec<String> {
        Vec::new()
    }
}

/// The section of a module that has nothing to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoNumbers {}

impl Canonical for NoNumbers {
    const BYTES_MAX: usize = 0;
}

impl Section for NoNumbers {
    fn new(_: Network, _: Address) -> Self {
        Self {}
    }

    fn check(&self, _: &Genesis) -> Result<(), Breach> {
        Ok(())
    }
}

/// A section's type as the kernel holds it. Implemented for every [`Section`]; nothing else should implement it.
pub trait SectionRules: Send + Sync {
    /// [`Section::new`], as bytes.
    fn default_bytes(&self, network: Network, beneficiary: Address) -> Vec<u8>;
    /// [`Section::local`], as bytes.
    fn local_bytes(&self, beneficiary: Address) -> Vec<u8>;
    /// Reads `modules.NAME` of a file.
    ///
    /// # Errors
    /// What cannot be read, and where.
    fn read_json(&self, json: Value, network: Network) -> Result<Vec<u8>, UnreadJson>;
    /// Writes `modules.NAME` of a file; nothing if the bytes are no such section.
    fn write_json(&self, bytes: &[u8], network: Network) -> Option<Value>;
    /// Decodes and gives it to [`Section::check`].
    ///
    /// # Errors
    /// As there, and malformed bytes.
    fn check(&self, bytes: &[u8], house: &Genesis) -> Result<(), Breach>;
    /// [`Section::assets`]; none if the bytes are no such section.
    fn assets(&self, bytes: &[u8]) -> Vec<OpenedAsset>;
    /// [`Section::warnings`]; none if the bytes are no such section.
    fn warnings(&self, bytes: &[u8], house: &Genesis) -> Vec<String>;
}

/// Stands for a section's type.
pub(crate) struct SectionType<S>(pub(crate) PhantomData<fn() -> S>);

impl<S: Section> SectionRules for SectionType<S> {
    fn default_bytes(&self, network: Network, beneficiary: Address) -> Vec<u8> {
        S::new(network, beneficiary).to_canonical()
    }

    fn local_bytes(&self, beneficiary: Address) -> Vec<u8> {
        S::local(beneficiary).to_canonical()
    }

    fn read_json(&self, json: Value, network: Network) -> Result<Vec<u8>, UnreadJson> {
        readable::read::<S>(json, S::ADDRESSES, network).map(|section| section.to_canonical())
    }

    fn write_json(&self, bytes: &[u8], network: Network) -> Option<Value> {
        Some(readable::write(&S::from_canonical(bytes).ok()?, S::ADDRESSES, network))
    }

    fn check(&self, bytes: &[u8], house: &Genesis) -> Result<(), Breach> {
        let unread = |error: types::DecodeError| Breach::new("", format!("{} bytes", bytes.len()), error.to_string());
        S::from_canonical(bytes).map_err(unread)?.check(house)
    }

    fn assets(&self, bytes: &[u8]) -> Vec<OpenedAsset> {
        S::from_canonical(bytes).map(|section| section.assets()).unwrap_or_default()
    }

    fn warnings(&self, bytes: &[u8], house: &Genesis) -> Vec<String> {
        S::from_canonical(bytes).map(|section| section.warnings(house)).unwrap_or_default()
    }
}

/// The sections of a genesis, in order.
pub type Sections = List<GenesisSection, { limits::GENESIS_MODULES_MAX }>;

/// The bytes of a module's section, if it has one.
#[must_use]
pub fn section_bytes(genesis: &Genesis, module: ModuleId) -> Option<&[u8]> {
    let found = genesis.modules.iter().find(|section| section.module == module)?;
    Some(&found.body)
}

/// A module's section, if it has one that can be read.
#[must_use]
pub fn section<M: Module>(genesis: &Genesis) -> Option<M::Genesis> {
    M::Genesis::from_canonical(section_bytes(genesis, M::ID)?).ok()
}

/// Puts a module's section in the place of the one that was there.
///
/// # Panics
/// The section is longer than 1 MiB, or it would be the 65th.
pub fn set_section<M: Module>(genesis: &mut Genesis, section: &M::Genesis) {
    let mut sections = std::mem::take(&mut genesis.modules).into_vec();
    sections.retain(|section| section.module != M::ID);
    sections.push(section_of(M::ID, section.to_canonical()));
    sections.sort_by_key(|section| section.module);
    genesis.modules = List::new(sections).expect("a registry has at most 64 modules");
}

/// Changes a module's section; one that is not there begins with the defaults.
///
/// # Panics
/// As [`set_section`].
pub fn edit_section<M: Module>(genesis: &mut Genesis, change: impl FnOnce(&mut M::Genesis)) {
    let defaults = || M::Genesis::new(genesis.network, genesis.parameters.fees.ecosystem);
    let mut section = section::<M>(genesis).unwrap_or_else(defaults);
    change(&mut section);
    set_section::<M>(genesis, &section);
}

/// A section by its bytes.
///
/// # Panics
/// It is longer than 1 MiB.
fn section_of(module: ModuleId, bytes: Vec<u8>) -> GenesisSection {
    GenesisSection { module, body: ByteString::new(bytes).expect("a section is bounded far below 1 MiB") }
}

impl Registry {
    /// The defaults of every module that a chain begins with; `beneficiary` gets what belongs to nobody else.
    ///
    /// # Panics
    /// A module's defaults are longer than 1 MiB: they are code, not input.
    #[must_use]
    pub fn default_sections(&self, network: Network, beneficiary: Address) -> Sections {
        self.make_sections(|module| module.section().default_bytes(network, beneficiary))
    }

    /// As [`Registry::default_sections`], for a network on one machine.
    ///
    /// # Panics
    /// As there.
    #[must_use]
    pub fn local_sections(&self, beneficiary: Address) -> Sections {
        self.make_sections(|module| module.section().local_bytes(beneficiary))
    }

    fn make_sections(&self, bytes: impl Fn(&dyn AnyModule) -> Vec<u8>) -> Sections {
        let sections = self.modules().map(|module| section_of(module.id(), bytes(module)));
        List::new(sections.collect()).expect("a registry has at most 64 modules")
    }

    /// Checks that the sections are those of modules of this registry, in order, and that each keeps its module's rules.
    ///
    /// # Errors
    /// The first breach.
    pub fn check_sections(&self, genesis: &Genesis) -> Result<(), SectionError> {
        let mut previous = None;
        for GenesisSection { module: id, body } in &genesis.modules {
            let refuse = |place: String, rule: &str| {
                Err(SectionError { place, value: format!("module {id}"), rule: rule.to_owned() })
            };
            let Some(module) = self.module(*id) else {
                return refuse("modules".to_owned(), "this program has no such module; install a release that has it");
            };
            if previous >= Some(*id) {
                return refuse(
                    "modules".to_owned(),
                    "sections come in rising order of the modules' numbers, each once",
                );
            }
            previous = Some(*id);
            module.section().check(body, genesis).map_err(|Breach { key, value, rule }| SectionError {
                place: place(module.name(), &key),
                value,
                rule,
            })?;
        }
        Ok(())
    }

    /// The assets that the sections begin, in order of the modules.
    #[must_use]
    pub fn assets_of(&self, genesis: &Genesis) -> Vec<OpenedAsset> {
        let known = |section: &GenesisSection| Some((self.module(section.module)?, section.body.clone()));
        genesis.modules.iter().filter_map(known).flat_map(|(module, body)| module.section().assets(&body)).collect()
    }

    /// The assets that modules of this genesis back.
    #[must_use]
    pub fn backed_in(&self, genesis: &Genesis) -> Vec<AssetId> {
        let modules = genesis.modules.iter().filter_map(|section| self.module(section.module));
        modules.flat_map(|module| module.backed().iter().map(|backed| backed.asset)).collect()
    }

    /// What the modules find strange in a genesis, as sentences.
    #[must_use]
    pub fn section_warnings(&self, genesis: &Genesis) -> Vec<String> {
        let warnings = |section: &GenesisSection| {
            let module = self.module(section.module);
            module.map(|module| module.section().warnings(&section.body, genesis)).unwrap_or_default()
        };
        genesis.modules.iter().flat_map(warnings).collect()
    }

    /// The module with this name.
    #[must_use]
    pub fn module_named(&self, name: &str) -> Option<&dyn AnyModule> {
        self.modules().find(|module| module.name() == name)
    }
}

/// `modules.NAME` and a key of it.
#[must_use]
pub fn place(module: &str, key: &str) -> String {
    if key.is_empty() { format!("modules.{module}") } else { format!("modules.{module}.{key}") }
}
