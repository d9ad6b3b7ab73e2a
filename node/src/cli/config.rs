//! `thronosd config`: are the settings right, and what do they come to.

use std::path::Path;

use clap::Subcommand;

use super::{HomeArgument, Refusal, SettingArguments, read_config, sources};
use crate::config::{Config, older_names};
use crate::home::HomeError;
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
                check_settings(&config, genesis.map(|(genesis, _)| genesis.network))?;
                let password = Path::new(&config.node.password_file);
                if !config.node.password_file.is_empty() && !config.node.read_only && home.validator_key_file().exists()
                {
                    std::fs::metadata(password).map_err(|error| HomeError::Io {
                        what: "read",
                        path: password.to_owned(),
                        error,
                    })?;
                }
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
