//! `thronosd config`: are the settings right, and what do they come to.

use std::path::Path;

use clap::Subcommand;
use types::Network;

use super::{HomeArgument, Refusal, SettingArguments, read_config, sources};
use crate::config::{Config, DEFAULTS, Sources, older_names};
use crate::keys::{AccountKeyError, PasswordSource, check_account_key};
use crate::shell::{check_accounts, check_settings};

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
                home.check()?;
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
    check_settings(config, network).and_then(|()| check_accounts(config)).map_err(|error| {
        let named: Vec<String> = error.settings().into_iter().map(str::to_owned).collect();
        let refusal = Refusal::from(error);
        // A service says in its words which of its settings it means.
        let named = if named.is_empty() { settings_in(&refusal.message, config) } else { named };
        let mut places: Vec<String> = Vec::new();
        for place in named.iter().map(|name| sources.place_of(name)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        if places.len() > 1 {
            places.retain(|place| place != DEFAULTS);
        }
        let message = match places.is_empty() {
            true => refusal.message,
            false => format!("{}: {}", places.join(" and "), refusal.message),
        };
        Refusal { message, ..refusal }
    })
}

/// The settings that a message names in backquotes.
fn settings_in(message: &str, config: &Config) -> Vec<String> {
    let names = config.settings().into_iter().map(|setting| setting.name);
    names.filter(|name| message.contains(&format!("`{name}`"))).collect()
}

/// Looks at the files with keys and passwords that a start would read, by the same rules; a password is not tried.
pub(super) fn check_files(config: &Config, sources: &Sources, is_validator: bool) -> Result<(), Refusal> {
    if config.node.read_only {
        return Ok(());
    }
    let password = &config.node.password_file;
    if is_validator && !password.is_empty() {
        check_password_file("node.password_file", Path::new(password), sources)?;
    }
    config.accounts.files().into_iter().try_for_each(|account| {
        let setting = format!("accounts.{}", account.service);
        check_is_there(&setting, &account.key, sources)?;
        check_account_key(account.service, &account.key).map_err(|error| match error {
            AccountKeyError::Key { .. } => at_place(&setting, error.into(), sources),
            error => at_setting(&setting, error.into(), sources),
        })?;
        let password = account.password.as_deref();
        password.map_or(Ok(()), |file| check_password_file(&format!("{setting}_password_file"), file, sources))
    })
}

fn check_is_there(setting: &str, file: &Path, sources: &Sources) -> Result<(), Refusal> {
    std::fs::metadata(file).map(drop).map_err(|error| {
        let (place, file) = (sources.place_of(setting), file.display());
        Refusal::new("home_io", format!("{place}: `{setting}` names {file}, which cannot be read: {error}; name a file that is there, and that this user may read"))
    })
}

fn check_password_file(setting: &str, file: &Path, sources: &Sources) -> Result<(), Refusal> {
    check_is_there(setting, file, sources)?;
    let source = PasswordSource::new(Some(file.to_owned()));
    source.check().map_err(|error| at_setting(setting, error.into(), sources))
}

/// What is wrong with the file that a setting names.
fn at_setting(setting: &str, refusal: Refusal, sources: &Sources) -> Refusal {
    let message = format!("`{setting}`: {}", refusal.message);
    at_place(setting, Refusal { message, ..refusal }, sources)
}

/// The same where the words name the setting.
fn at_place(setting: &str, refusal: Refusal, sources: &Sources) -> Refusal {
    Refusal { message: format!("{}: {}", sources.place_of(setting), refusal.message), ..refusal }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RT15
    #[test]
    fn the_settings_that_a_message_names_are_found_and_nothing_else_is() {
        let config = Config::default();
        let named =
            settings_in("`mining.allow` is `network.lisen`: an address; see mining.tag and `[mining]`", &config);
        assert_eq!(named, ["mining.allow"]);
        let named = settings_in("`mining.payouts` is true: name `accounts.mining`", &config);
        assert_eq!(named, ["mining.payouts", "accounts.mining"]);
    }
}
