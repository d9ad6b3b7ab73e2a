//! `thronosd init`: makes a home, and completes one that lacks something.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use types::Genesis;

use super::config::{check_files, check_sources};
use super::genesis::read_startable;
use super::keys::{new_password, read_entry, write_entry};
use super::{HomeArgument, Refusal, SettingArguments, hint};
use crate::config::{Config, Sources, in_present_names};
use crate::home::{Home, HomeError, HomeLock, write_file};
use crate::keys::{KeyFileError, NetworkKey, Password, PasswordSource, ValidatorEntry, ValidatorKey};
use crate::shell::lost_key;

#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    home: HomeArgument,
    /// Make a validator key, encrypted with a password.
    #[arg(long)]
    validator: bool,
    /// Make keys anew that this home has lost: the node gets another peer id, and with --validator it becomes another validator.
    #[arg(long)]
    new_keys: bool,
    /// Genesis of the network to join; it is checked and copied.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// File with the password of the validator key (mode 0600). Its path is written into config.toml as `node.password_file`, so
    /// that a start finds it.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingArguments,
}

impl Init {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        let home = self.home.home()?;
        home.check_owner()?;
        // Nothing is changed under a node that runs.
        let lock = home.lock_as_it_is().map_err(|error| self.held(&home, error))?;
        check_present(&home)?;
        // Everything that may be refused is looked at before anything is written.
        let genesis =
            self.genesis.as_deref().map(|path| given_genesis(path).map(|genesis| (path, genesis))).transpose()?;
        let mut flags = self.settings.pairs()?;
        if let Some(file) = &self.password_file {
            flags.push(("node.password_file".to_owned(), absolute(file)?));
        }
        let (sources, config) = settings_of(&home, flags)?;
        let settings = what_to_write(&home, &sources, &config)?;
        let network = genesis.as_ref().map(|(_, genesis)| genesis.network);
        check_sources(&config, &sources, network)?;
        check_files(&config, &sources, self.validator || home.validator_key_file().exists())?;
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
        self.check_lost_keys(&home, config.node.read_only)?;
        check_keys(&home, config.node.read_only)?;
        let validator = self.new_validator_key(&home, &config, &sources)?;
        let was_used = was_used(&home);
        home.create()?;
        let _lock = match lock {
            Some(lock) => lock,
            None => lock_new(&home, sources.file.is_some())?,
        };
        if let Some(settings) = settings {
            write_file(&home.config_file(), settings.as_bytes())?;
            say!("settings         {}", home.config_file().display());
        }
        let network = network_key(&home, was_used)?;
        if let Some((key, password)) = validator {
            // Its lease comes first: a key that is found without one may have signed anything.
            let former = home.begin_lease(key.public())?;
            key.write_new(&home.validator_key_file(), &password)?;
            say!("validator key    {}", key.public());
            if let Some(former) = former {
                say!("former lease     {}, kept for as long as its key may be found again", former.display());
            }
            let entry = home.validator_entry_file();
            write_entry(&entry, &key.entry(network.peer_key()?))?;
            say!("for the genesis  {}", entry.display());
        }
        if let Some((_, genesis)) = genesis {
            write_file(&home.genesis_file(), genesis::to_json(&genesis, &runtime::registry()).as_bytes())?;
        }
        let root = hint::quoted(&home.root().display().to_string());
        if home.genesis_file().exists() {
            say!("chain            {}", home.read_genesis()?.1);
            say!("next: thronosd run --home {root}");
        } else {
            say!("chain            none yet");
            say!("next: thronosd init --home {root} --genesis FILE, with the network's genesis");
        }
        Ok(())
    }

    /// Who wants to change settings of a node that runs hears how that is done.
    fn held(&self, home: &Home, error: HomeError) -> Refusal {
        let refusal = Refusal::from(error);
        if refusal.code != "home_locked" || self.settings.pairs().is_ok_and(|pairs| pairs.is_empty()) {
            return refusal;
        }
        let file = home.config_file().display().to_string();
        let next = "to change a setting under a node that runs, edit";
        let how = "and have the node read it again by SIGHUP, as `systemctl reload thronosd` does";
        Refusal { message: format!("{}; {next} {file} {how}", refusal.message), ..refusal }
    }

    /// Whoever knows this node knows it by its keys, so lost ones are not replaced without a word.
    fn check_lost_keys(&self, home: &Home, is_read_only: bool) -> Result<(), Refusal> {
        let network = home.network_key_file();
        if !self.new_keys && was_used(home) && !network.exists() {
            return Err(KeyFileError::lost_network(&network).into());
        }
        // Who only follows needs no key; another one is made on request alone.
        let needs_none = is_read_only && !self.validator;
        if needs_none || (self.new_keys && self.validator) {
            return Ok(());
        }
        lost_key(home)?.map_or(Ok(()), |lost| Err(lost.into()))
    }

    fn new_validator_key(
        &self,
        home: &Home,
        config: &Config,
        sources: &Sources,
    ) -> Result<Option<(ValidatorKey, Password)>, Refusal> {
        if !self.validator {
            return Ok(None);
        }
        let path = home.validator_key_file();
        if path.exists() {
            return Err(KeyFileError::Exists(path.display().to_string()).into());
        }
        let configured = Some(&config.node.password_file).filter(|file| !file.is_empty()).map(PathBuf::from);
        // The next start takes the password from the file that the settings name.
        let named_by = match &self.password_file {
            Some(_) => "`--password-file`".to_owned(),
            None => format!("`node.password_file` of {}", sources.place_of("node.password_file")),
        };
        let source = PasswordSource::new(self.password_file.clone().or(configured));
        let password = new_password(&source, "--password-file", &named_by)?;
        Ok(Some((ValidatorKey::generate()?, password)))
    }
}

/// Takes a home that was made a moment ago. What was looked at before was free for all: another command may have made the same home.
fn lock_new(home: &Home, had_settings: bool) -> Result<HomeLock, Refusal> {
    let lock = home.lock_unmarked()?;
    if home.config_file().exists() != had_settings {
        let what = "another command made this home at the same time; nothing was changed";
        return Err(Refusal::new("home_locked", format!("{what}: see what it has with `thronosd keys show`")));
    }
    Ok(lock)
}

/// Looks at a home that is there as a start does.
fn check_present(home: &Home) -> Result<(), HomeError> {
    if home.config_file().exists() && home.keys().is_dir() { home.check() } else { Ok(()) }
}

/// Looks at the keys that are there as a start does, as far as that goes without a password.
fn check_keys(home: &Home, is_read_only: bool) -> Result<(), KeyFileError> {
    let (network, validator) = (home.network_key_file(), home.validator_key_file());
    if network.exists() {
        NetworkKey::read(&network)?;
    }
    if validator.exists() && !is_read_only {
        ValidatorKey::read_public(&validator)?;
    }
    Ok(())
}

/// The genesis of `--genesis`.
fn given_genesis(path: &Path) -> Result<Genesis, Refusal> {
    read_startable(path).map_err(|refusal| Refusal { message: format!("`--genesis`: {}", refusal.message), ..refusal })
}

/// Whether a node ran here, or its keys were given to others: by any trace that is left. Settings that lie ready in a new home are
/// none, nor is a genesis before there are keys, nor what an `init` leaves that was cut short.
fn was_used(home: &Home) -> bool {
    let has_run = fs::read_dir(home.data())
        .is_ok_and(|mut found| found.any(|entry| entry.is_ok_and(|entry| entry.file_name() != "lock")));
    let was_made = home.keys().exists() && home.genesis_file().exists();
    has_run || was_made || home.validator_key_file().exists() || home.validator_entry_file().exists()
}

/// The network identity, made if there is none; with whether the home was used before this command, whose own traces are none.
fn network_key(home: &Home, was_used: bool) -> Result<NetworkKey, Refusal> {
    let path = home.network_key_file();
    let is_new = !path.exists();
    if is_new {
        NetworkKey::generate()?.write(&path)?;
    }
    let network = NetworkKey::read(&path)?;
    let entry = home.validator_entry_file();
    if is_new && entry.exists() {
        // What is given to a genesis names the identity as it is.
        let former = read_entry(&entry)?;
        let peer = network.peer_key()?;
        write_entry(&entry, &ValidatorEntry { peer, peer_id: Some(crate::peer_id::text(&peer)), ..former })?;
    }
    let note = match (is_new, was_used) {
        (true, true) => " (new: tell it to whoever names the former one, as in `network.persistent` or a genesis)",
        (true, false) => " (new)",
        (false, _) => "",
    };
    say!("network identity {}{note}", crate::peer_id::text(&network.peer_key()?));
    Ok(network)
}

/// The settings of a home with what was typed, and where each stands.
fn settings_of(home: &Home, flags: Vec<(String, String)>) -> Result<(Sources, Config), Refusal> {
    let path = home.config_file();
    let content = path.exists().then(|| home.read_config()).transpose()?;
    let file = content.map(|content| (path.display().to_string(), content));
    let sources = Sources { file, flags, ..Sources::default() };
    let config = Config::read(&sources)?;
    Ok((sources, config))
}

/// What has to be written as settings, if anything: a new file, or the one that is there with what was typed. One that a person has
/// edited is left to that person.
fn what_to_write(home: &Home, sources: &Sources, config: &Config) -> Result<Option<String>, Refusal> {
    let wanted = config.to_toml();
    let Some((_, content)) = &sources.file else { return Ok(Some(wanted)) };
    let present = Config::read(&Sources { file: sources.file.clone(), ..Sources::default() })?.to_toml();
    if wanted == present {
        return Ok(None);
    }
    if in_present_names(content) != present {
        let given: String = sources
            .flags
            .iter()
            .map(|(key, value)| format!(" --set {}", hint::quoted(&format!("{key}={value}"))))
            .collect();
        let message = format!(
            "{} was edited, or written by another version, so nothing was changed there: write these settings there yourself, or give \
             them to each start: `thronosd run{given}`",
            home.config_file().display()
        );
        return Err(Refusal::new("config_exists", message));
    }
    Ok(Some(wanted))
}

fn absolute(path: &Path) -> Result<String, Refusal> {
    let full = fs::canonicalize(path).map_err(|error| {
        Refusal::new(
            "password_missing",
            format!(
                "`--password-file`: cannot read {}: {error}; name a file that is there, or leave it out to be asked",
                path.display()
            ),
        )
    })?;
    full.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Refusal::new("password_missing", format!("{} is not UTF-8", full.display())))
}
