//! `thronosd config`: are the settings right, and what do they come to.

use std::path::Path;

use clap::Subcommand;
use types::Network;

use super::{HomeArgument, Refusal, SettingArguments, read_config, sources};
use crate::config::{Config, Sources, older_names};
use crate::shell::check_settings;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Check config.toml, environment and flags: says that they are fine, or what is wrong.
    Check {
        #[command(flatten)]
        home: HomeArgument,
        #[command(flatten)]
        settings: SettingArguments,
    },
    /// Print all settings as they come out of file, environment and flags, with what they mean.
    Print {
        #[command(flatten)]
        home: HomeArgument,
        #[command(flatten)]
        settings: SettingArguments,
        /// Print what holds where nothing is set, and read no home.
        #[arg(long, conflicts_with_all = ["bootstrap", "listen", "api", "settings"])]
        defaults: bool,
    },
}

impl ConfigVerb {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        match self {
            Self::Check { home, settings } => {
                let home = home.home()?;
                let sources = sources(&home, settings.pairs()?)?;
                let config = Config::read(&sources)?;
                let genesis = home.genesis_file().exists().then(|| home.read_genesis()).transpose()?;
                check_sources(&config, &sources, genesis.map(|(genesis, _)| genesis.network))?;
                check_files(&config, &sources, home.validator_key_file().exists())?;
                for older in older_names(&sources) {
                    say!("warning: {older}");
                }
                say!("{} is fine", home.config_file().display());
            }
            Self::Print { defaults: true, .. } => say!("{}", Config::default().to_toml().trim_end()),
            Self::Print { home, settings, defaults: false } => {
                say!("{}", read_config(&home.home()?, settings.pairs()?)?.to_toml().trim_end())
            }
        }
        Ok(())
    }
}

/// Looks at settings as a start does; what is refused is told with the place where it stands.
pub(super) fn check_sources(config: &Config, sources: &Sources, network: Option<Network>) -> Result<(), Refusal> {
    check_settings(config, network).map_err(|error| {
        let mut places: Vec<String> = error.settings().iter().map(|name| sources.place_of(name)).collect();
        // A service says which of its settings it means.
        places.extend(sources.file.iter().map(|(place, _)| place.clone()).filter(|_| error.settings().is_empty()));
        places.dedup();
        let refusal = Refusal::from(error);
        let message = match places.is_empty() {
            true => refusal.message,
            false => format!("{}: {}", places.join(" and "), refusal.message),
        };
        Refusal { message, ..refusal }
    })
}

/// Looks for the files with keys and passwords that a start would read.
pub(super) fn check_files(config: &Config, sources: &Sources, is_validator: bool) -> Result<(), Refusal> {
    if config.node.read_only {
        return Ok(());
    }
    let look = |setting: String, file: &Path| {
        let found = std::fs::metadata(file).map(drop);
        found.map_err(|error| {
            let (place, file) = (sources.place_of(&setting), file.display());
            Refusal::new("home_io", format!("{place}: `{setting}` names {file}, which cannot be read: {error}"))
        })
    };
    let password = &config.node.password_file;
    if is_validator && !password.is_empty() {
        look("node.password_file".to_owned(), Path::new(password))?;
    }
    config.accounts.files().into_iter().try_for_each(|account| {
        look(format!("accounts.{}", account.service), &account.key)?;
        let password = account.password.as_deref();
        password.map_or(Ok(()), |file| look(format!("accounts.{}_password_file", account.service), file))
    })
}
