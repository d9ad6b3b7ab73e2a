//! `thronosd init`: makes a home, and completes one that lacks something.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::genesis::read_startable;
use super::{HomeArgument, Refusal, SettingArguments};
use crate::config::{Config, Sources, in_present_names};
use crate::home::{Home, write_file};
use crate::keys::{NetworkKey, PasswordSource, ValidatorKey, choose_new_password};

#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    home: HomeArgument,
    /// Make a validator key, encrypted with a password.
    #[arg(long)]
    validator: bool,
    /// Genesis of the network to join; it is checked and copied.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// File with the password of the validator key (mode 0600).
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingArguments,
}

impl Init {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        let home = self.home.home()?;
        home.check_owner()?;
        // Everything that may be refused is looked at before anything is written.
        let genesis =
            self.genesis.as_deref().map(|path| read_startable(path).map(|genesis| (path, genesis))).transpose()?;
        let mut flags = self.settings.pairs()?;
        if let Some(file) = &self.password_file {
            flags.push(("node.password_file".to_owned(), absolute(file)?));
        }
        let settings = settings_of(&home, flags)?;
        if let Some((path, genesis)) = &genesis {
            let chain = genesis::chain_id(genesis);
            home.check_chain(chain)?;
            if home.genesis_file().exists() && home.read_genesis()?.1 != chain {
                let message = format!(
                    "{} belongs to another chain than {}: use another home for another chain",
                    home.genesis_file().display(),
                    path.display()
                );
                return Err(Refusal::new("home_of_another_chain", message));
            }
        }
        let validator = self.new_validator_key(&home)?;
        home.create()?;
        if let Some(settings) = settings {
            write_file(&home.config_file(), settings.as_bytes())?;
            say!("settings         {}", home.config_file().display());
        }
        if !home.network_key_file().exists() {
            NetworkKey::generate()?.write(&home.network_key_file())?;
        }
        let network = NetworkKey::read(&home.network_key_file())?;
        say!("network identity {}", crate::peer_id::text(&network.peer_key()?));
        if let Some((key, password)) = validator {
            key.write_new(&home.validator_key_file(), &password)?;
            home.begin_lease(key.public())?;
            say!("validator key    {}", key.public());
            let entry = home.keys().join("validator-entry.json");
            let json = serde_json::to_string_pretty(&key.entry(network.peer_key()?)).expect("an entry has a JSON form");
            write_file(&entry, format!("{json}\n").as_bytes())?;
            say!("for the genesis  {}", entry.display());
        }
        if let Some((_, genesis)) = genesis {
            write_file(&home.genesis_file(), genesis::to_json(&genesis, &runtime::registry()).as_bytes())?;
        }
        let root = home.root().display();
        if home.genesis_file().exists() {
            say!("chain            {}", home.read_genesis()?.1);
            say!("next: thronosd run --home {root}");
        } else {
            say!("chain            none yet");
            say!("next: thronosd init --home {root} --genesis FILE, with the network's genesis");
        }
        Ok(())
    }

    fn new_validator_key(&self, home: &Home) -> Result<Option<(ValidatorKey, crate::keys::Password)>, Refusal> {
        if !self.validator {
            return Ok(None);
        }
        let path = home.validator_key_file();
        if path.exists() {
            return Err(crate::keys::KeyFileError::Exists(path.display().to_string()).into());
        }
        let password = choose_new_password(&PasswordSource::new(self.password_file.clone()))?;
        Ok(Some((ValidatorKey::generate()?, password)))
    }
}

/// What has to be written as settings, if anything: a new file, or the one that is there with what was typed. One that a person has
/// edited is left to that person.
fn settings_of(home: &Home, flags: Vec<(String, String)>) -> Result<Option<String>, Refusal> {
    let path = home.config_file();
    let read = |file, flags| Config::read(&Sources { file, flags, ..Sources::default() });
    if !path.exists() {
        return Ok(Some(read(None, flags)?.to_toml()));
    }
    let content = home.read_config()?;
    let file = Some((path.display().to_string(), content.clone()));
    let (present, wanted) = (read(file.clone(), Vec::new())?.to_toml(), read(file, flags)?.to_toml());
    if wanted == present {
        return Ok(None);
    }
    if in_present_names(&content) != present {
        let message = format!(
            "{} was edited, or written by another version: write these settings there yourself, or give them to `run`",
            path.display()
        );
        return Err(Refusal::new("config_exists", message));
    }
    Ok(Some(wanted))
}

fn absolute(path: &std::path::Path) -> Result<String, Refusal> {
    let full = fs::canonicalize(path)
        .map_err(|error| Refusal::new("password_missing", format!("cannot read {}: {error}", path.display())))?;
    full.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Refusal::new("password_missing", format!("{} is not UTF-8", full.display())))
}
