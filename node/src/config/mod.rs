//! `config.toml`: what an operator may set, with one list of settings from which file, flags and environment follow.
//!
//! Precedence: flag, then environment (`THRONOS_` and the name in capitals, `THRONOS_API_LISTEN`), then file, then default.
//! An unknown key is an error that names it: a typo must never silently leave a default in force. Nothing here is part of the
//! chain; what all nodes must agree on stands in the genesis.

mod accounts;
mod former;
mod places;
mod sections;

use std::collections::BTreeMap;

use service::Settings;
pub use service::Value;
use service::settings::AnySection;
pub use service::settings::SettingValue;

pub use accounts::{AccountFiles, AccountSettings};
pub use former::{in_present_names, older_names};
pub(crate) use places::DEFAULTS;
pub use sections::{
    ApiSettings, DiskSettings, LogFormat, LogSettings, MetricsSettings, NetworkSettings, NodeSettings, PoolSettings,
    StoreSettings,
};

use crate::services::SERVICES;

/// Everything an operator may set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// One section for each service.
    pub services: ServiceSections,
    /// `accounts.…`
    pub accounts: AccountSettings,
    /// `log.…`
    pub log: LogSettings,
}

/// The sections of the services, in the order of their list.
#[derive(Debug)]
pub struct ServiceSections(Vec<Box<dyn AnySection>>);

impl Default for ServiceSections {
    fn default() -> Self {
        Self(SERVICES.iter().map(|entry| (entry.section)()).collect())
    }
}

impl Clone for ServiceSections {
    fn clone(&self) -> Self {
        Self(self.0.iter().map(|section| section.boxed()).collect())
    }
}

impl PartialEq for ServiceSections {
    fn eq(&self, other: &Self) -> bool {
        let values = |sections: &Self| sections.0.iter().map(|section| section.entries()).collect::<Vec<_>>();
        values(self) == values(other)
    }
}

impl Eq for ServiceSections {}

impl ServiceSections {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &dyn AnySection> {
        self.0.iter().map(|section| &**section)
    }

    /// The section of one type, if a service has it.
    #[must_use]
    pub fn get<S: Settings>(&self) -> Option<&S> {
        self.0.iter().find_map(|section| section.as_any().downcast_ref())
    }

    /// The same, to change it.
    pub fn get_mut<S: Settings>(&mut self) -> Option<&mut S> {
        self.0.iter_mut().find_map(|section| section.as_any_mut().downcast_mut())
    }
}

/// A setting of any section, with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSetting {
    /// `section.key`.
    pub name: String,
    /// The section.
    pub section: &'static str,
    /// The rest.
    pub entry: SettingValue,
}

impl NamedSetting {
    /// The environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(&self.name)
    }
}

/// The environment variable of a name.
fn variable(name: &str) -> String {
    format!("THRONOS_{}", name.replace('.', "_").to_ascii_uppercase())
}

/// How a file begins that must have an end.
const BEGINNING: &str = "# Settings of this node, down to the line `# end`.";
/// Its last line: without it the file was cut.
const END: &str = "# end";

/// Why the settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML.
    #[error("{place} is not valid TOML, {reason}")]
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
    /// A setting under its older and its present name.
    #[error("{place}: `{former}` is the older name of `{key}`, and both stand there: remove `{former}`")]
    Twice {
        /// The file.
        place: String,
        /// The present name.
        key: String,
        /// The older one.
        former: String,
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
            Self::Twice { .. } => "config_twice",
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
    /// Every section, in the order of the file.
    #[must_use]
    pub fn sections(&self) -> Vec<&dyn AnySection> {
        let Self { network, api, metrics, node, pool, store, disk, services, accounts, log } = self;
        let before: [&dyn AnySection; 7] = [network, api, metrics, node, pool, store, disk];
        let last: [&dyn AnySection; 2] = [accounts, log];
        before.into_iter().chain(services.iter()).chain(last).collect()
    }

    fn sections_mut(&mut self) -> Vec<&mut (dyn AnySection + 'static)> {
        let Self { network, api, metrics, node, pool, store, disk, services, accounts, log } = self;
        let before: [&mut (dyn AnySection + 'static); 7] = [network, api, metrics, node, pool, store, disk];
        let last: [&mut (dyn AnySection + 'static); 2] = [accounts, log];
        let services = services.0.iter_mut().map(|section| &mut **section);
        before.into_iter().chain(services).chain(last).collect()
    }

    /// Every setting with its present value, in the order of the file.
    #[must_use]
    pub fn settings(&self) -> Vec<NamedSetting> {
        let of_section = |section: &dyn AnySection| {
            let name = section.name();
            let entries = section.entries().into_iter();
            entries.map(move |entry| NamedSetting { name: format!("{name}.{}", entry.key), section: name, entry })
        };
        self.sections().into_iter().flat_map(of_section).collect()
    }

    /// Reads all sources.
    ///
    /// # Errors
    /// [`ConfigError`] that names the place and the key.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some((place, text)) = &sources.file {
            config.take_file(place, text)?;
        }
        let names = config.names();
        if let Some(name) = sources.environment.keys().find(|name| !is_variable(name, &names)) {
            return Err(ConfigError::UnknownVariable { name: name.clone() });
        }
        for name in names {
            let variable = variable(&name);
            if let Some(text) = sources.environment.get(&variable) {
                config.take_text(&format!("environment variable {variable}"), &name, text)?;
            }
        }
        for (key, text) in &sources.flags {
            config.take_text("command line", key, text)?;
        }
        Ok(config)
    }

    /// Changes one setting by its name.
    ///
    /// # Errors
    /// [`ConfigError`] when there is no such setting, or the value is refused.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        self.take_text("a program", name, text)
    }

    /// Takes the settings of these names from another, and names those of the rest in which the two differ.
    pub fn take(&mut self, other: &Self, names: &[&str]) -> Vec<String> {
        let pairs = self.settings().into_iter().zip(other.settings());
        let differ = pairs.filter(|(own, new)| own != new).map(|(_, new)| new);
        let (taken, rest): (Vec<_>, Vec<_>) = differ.partition(|setting| names.contains(&setting.name.as_str()));
        for NamedSetting { section, entry, .. } in taken {
            let section = self.sections_mut().into_iter().find(|one| one.name() == section);
            // The other one has taken it.
            let _ = section.and_then(|section| section.set(entry.key, entry.value));
        }
        rest.into_iter().map(|setting| setting.name).collect()
    }

    /// Every name that a setting has or had: those of older files first, so that the present one has the last word.
    fn names(&self) -> Vec<String> {
        let of_section = |section: &dyn AnySection| {
            let entries = section.entries();
            let sections = section.former().iter().copied().chain([section.name()]);
            let names = sections.flat_map(|name| entries.iter().map(move |entry| format!("{name}.{}", entry.key)));
            names.collect::<Vec<_>>()
        };
        self.sections().into_iter().flat_map(of_section).collect()
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
            reason: what_is_wrong(text, &error),
        })?;
        let mut given = BTreeMap::new();
        for (section, content) in table {
            let toml::Value::Table(keys) = content else {
                return Err(ConfigError::UnknownKey { place: place.to_owned(), key: section });
            };
            if keys.is_empty() && !self.sections().iter().any(|one| is_called(*one, &section)) {
                return Err(ConfigError::UnknownKey { place: place.to_owned(), key: section });
            }
            for (key, value) in keys {
                let name = format!("{section}.{key}");
                let entry = self.find(place, &name)?;
                if let Some(other) = given.insert(self.present_name(&name), name.clone()) {
                    return Err(self.twice(place, [other, name]));
                }
                let value = Value::from_toml(&value).ok_or(entry.expected);
                self.put(place, &name, value, key_text(&name, text))?;
            }
        }
        Ok(())
    }

    /// The name of a setting that is called so, or was.
    fn present_name(&self, name: &str) -> String {
        let (section, key) = name.split_once('.').unwrap_or((name, ""));
        let present = self.sections().into_iter().find(|one| is_called(*one, section)).map(AnySection::name);
        format!("{}.{key}", present.unwrap_or(section))
    }

    /// Two names of one setting, one of them an older one.
    fn twice(&self, place: &str, names: [String; 2]) -> ConfigError {
        let [first, second] = names;
        let key = self.present_name(&first);
        let former = if first == key { second } else { first };
        ConfigError::Twice { place: place.to_owned(), key, former }
    }

    fn take_text(&mut self, place: &str, name: &str, text: &str) -> Result<(), ConfigError> {
        let entry = self.find(place, name)?;
        let value = entry.value.parse_alike(text).ok_or(entry.expected);
        self.put(place, name, value, format!("`{text}`"))
    }

    fn find(&self, place: &str, name: &str) -> Result<SettingValue, ConfigError> {
        let (section, key) = name.split_once('.').unwrap_or((name, ""));
        let section = self.sections().into_iter().find(|one| is_called(*one, section));
        let entry = section.and_then(|section| section.entries().into_iter().find(|entry| entry.key == key));
        entry.ok_or_else(|| ConfigError::UnknownKey { place: place.to_owned(), key: name.to_owned() })
    }

    /// Changes a setting that was found.
    fn put(
        &mut self,
        place: &str,
        name: &str,
        value: Result<Value, &'static str>,
        found: String,
    ) -> Result<(), ConfigError> {
        let (section, key) = name.split_once('.').unwrap_or((name, ""));
        let set = |value| {
            let section = self.sections_mut().into_iter().find(|one| is_called(*one, section));
            section.and_then(|section| section.set(key, value)).unwrap_or(Ok(()))
        };
        value.and_then(set).map_err(|expected| ConfigError::Value {
            place: place.to_owned(),
            key: name.to_owned(),
            found,
            expected: expected.to_owned(),
        })
    }

    /// The file with every setting and what it means; read again it gives these settings.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "{BEGINNING} Every key may be left out; the defaults stand in the comments.\n\
             # Precedence: flag, then environment (THRONOS_ and the name in capitals), then this file.\n",
        );
        let mut section = "";
        for (setting, usual) in self.settings().into_iter().zip(Self::default().settings()) {
            if setting.section != section {
                section = setting.section;
                text.push_str(&format!("\n[{section}]\n"));
            }
            for line in setting.entry.about.lines() {
                text.push_str(&format!("# {}\n", line.trim()));
            }
            text.push_str(&format!("# Default: {}\n", usual.entry.value));
            text.push_str(&format!("{} = {}\n", setting.entry.key, setting.entry.value));
        }
        text.push_str(&format!("\n{END}\n"));
        text
    }
}

/// Whether a section has this name, or had it in older files.
fn is_called(section: &dyn AnySection, name: &str) -> bool {
    section.name() == name || section.former().contains(&name)
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

/// What is wrong with a file and what to do, in one line.
fn what_is_wrong(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let next = match message.starts_with("duplicate key") {
        true => {
            "it stands further up already, as every setting does in a file that `thronosd init` wrote: change it there, and remove this line"
        }
        false => "mend that line; `thronosd config print --defaults` shows how every setting is written",
    };
    let before = error.span().and_then(|span| text.get(..span.start));
    let Some(before) = before else { return format!("{message}; {next}") };
    let number = before.matches('\n').count() + 1;
    let line: String = text.lines().nth(number - 1).unwrap_or_default().trim().chars().take(80).collect();
    format!("line {number}, `{line}`: {message}; {next}")
}

/// ` (did you mean …?)` when a known key is close.
fn nearest(key: &str) -> String {
    let near = |setting: &NamedSetting| distance(key, &setting.name).min(distance(key, setting.entry.key));
    let best = Config::default().settings().into_iter().map(|setting| (near(&setting), setting.name)).min();
    match best {
        Some((steps, name)) if steps <= 3 => format!(" (did you mean `{name}`?)"),
        _ => String::new(),
    }
}

fn nearest_variable(name: &str) -> String {
    let variables = Config::default().settings().into_iter().map(|setting| setting.variable());
    let best = variables.map(|variable| (distance(name, &variable), variable)).min();
    match best {
        Some((steps, variable)) if steps <= 3 => format!(" (did you mean `{variable}`?)"),
        _ => String::new(),
    }
}

/// Whether an environment variable is a setting, or read by a command of the daemon or the client.
fn is_variable(name: &str, settings: &[String]) -> bool {
    !name.starts_with("THRONOS_")
        || COMMAND_VARIABLES.contains(&name)
        || settings.iter().any(|setting| variable(setting) == name)
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
