//! `thronosd keys`: the public halves of this node's keys, and another password for the secret one.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use journal::{Doubt, Position};
use types::{Epoch, Genesis, View};

use super::{HomeArgument, Refusal, hint, sources};
use crate::config::{Config, Sources};
use crate::home::{Home, write_file};
use crate::keys::{
    NetworkKey, Password, PasswordSource, ValidatorEntry, ValidatorKey, choose_new_password, find_password,
};
use crate::shell::{Allowed, above_words, allow_votes_above, lost_key};
use service::plain_file::{self, Takes};

/// The longest entry of a validator.
pub(super) const ENTRY_BYTES_MAX: u64 = 16 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Show the public keys. With --json: what `thronosd genesis add-validator --entry` takes.
    Show {
        #[command(flatten)]
        home: HomeArgument,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Say above which view this node may vote, while it is stopped: after its log and lease were lost, or another machine
    /// voted with its key. Raises the bound, never lowers it.
    AllowVotes {
        #[command(flatten)]
        home: HomeArgument,
        /// No vote at or below this view: at or above everything that this key may have signed on any machine. Where more than a third of
        /// the power is bound, none may be bound at or above the view in which the network stands: docs/OPERATING.md says what then.
        #[arg(long, value_name = "EPOCH:VIEW")]
        above: String,
        /// No other machine runs with this key, and none has signed above that view.
        #[arg(long, required = true)]
        i_have_checked: bool,
    },
    /// Write `keys/validator-entry.json` again from the validator key: what a genesis takes of it.
    Entry {
        #[command(flatten)]
        home: HomeArgument,
        /// File with the password of the validator key (mode 0600).
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Encrypt the validator key under another password.
    Password {
        #[command(flatten)]
        home: HomeArgument,
        /// File with the present password (mode 0600).
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// File with the new password (mode 0600).
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<PathBuf>,
    },
}

impl Keys {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        match self {
            Self::Show { home, json } => show(&home.home()?, json),
            Self::AllowVotes { home, above, i_have_checked: _ } => allow_votes(&home.home()?, &above),
            Self::Entry { home, password_file } => entry_anew(&home.home()?, password_file),
            Self::Password { home, password_file, new_password_file } => {
                change_password(&home.home()?, password_file, new_password_file)
            }
        }
    }
}

fn show(home: &Home, json: bool) -> Result<(), Refusal> {
    home.check()?;
    let network = NetworkKey::read(&home.network_key_file())?;
    let validator = home.validator_key_file();
    if json {
        existing_key(home)?;
        // The possession was written down when the key was made, so that no password is needed here.
        say!("{}", serde_json::to_string_pretty(&own_entry(home)?).expect("an entry has a JSON form"));
        return Ok(());
    }
    say!("network identity {}", crate::peer_id::text(&network.peer_key()?));
    say!("network key      {}", network.peer_key()?);
    if validator.exists() {
        say!("validator key    {}", ValidatorKey::read_public(&validator)?);
        return Ok(());
    }
    match lost_key(home)? {
        Some(lost) => say!("validator key    lost: {}", hint::as_typed(&lost.to_string())),
        None => say!("validator key    none: this node follows the chain and does not vote"),
    }
    Ok(())
}

/// What was written down for a genesis in this home.
fn own_entry(home: &Home) -> Result<ValidatorEntry, Refusal> {
    let (path, remedy) = (home.validator_entry_file(), "`thronosd keys entry` writes it again with the key's password");
    if !path.exists() {
        return Err(Refusal::new("entry_missing", format!("{} is missing: {remedy}", path.display())));
    }
    read_entry(&path).map_err(|refusal| Refusal { message: format!("{}; {remedy}", refusal.message), ..refusal })
}

fn entry_anew(home: &Home, password_file: Option<PathBuf>) -> Result<(), Refusal> {
    home.check()?;
    let key = open_key(home, password_file)?;
    let network = NetworkKey::read(&home.network_key_file())?;
    let path = home.validator_entry_file();
    write_entry(&path, &key.entry(network.peer_key()?))?;
    say!("{}", path.display());
    Ok(())
}

/// Opens the validator key, with the password of this file or of the one that the settings name.
fn open_key(home: &Home, password_file: Option<PathBuf>) -> Result<ValidatorKey, Refusal> {
    let sources = sources(home, Vec::new())?;
    let config = Config::read(&sources)?;
    // What is missing is said before a password is asked for.
    let path = existing_key(home)?;
    unlock(&path, password_file, &config, &sources)
}

/// Opens a validator key with the password of the file that `--password-file` names, else that of the settings, else as ever. What is
/// wrong with the file is told with who names it.
pub(super) fn unlock(
    key: &Path,
    option: Option<PathBuf>,
    config: &Config,
    sources: &Sources,
) -> Result<ValidatorKey, Refusal> {
    let configured = Some(&config.node.password_file).filter(|file| !file.is_empty()).map(PathBuf::from);
    let named_by = match &option {
        Some(_) => "`--password-file`".to_owned(),
        None => format!("`node.password_file` of {}", sources.place_of("node.password_file")),
    };
    let source = PasswordSource::new(option.or(configured));
    let password = find_password(&source).map_err(|error| {
        let named = if source.file.is_some() { format!("{named_by}: ") } else { String::new() };
        let refusal = Refusal::from(error);
        Refusal { message: format!("{named}{}", refusal.message), ..refusal }
    })?;
    ValidatorKey::read(key, &password).map_err(|error| error.with_password_from(source.place(&named_by)).into())
}

/// The password of a new key, by an option of the command; what is wrong with its file is told with what names that.
pub(super) fn new_password(source: &PasswordSource, option: &'static str, named_by: &str) -> Result<Password, Refusal> {
    choose_new_password(source, option).map_err(|error| {
        let refusal = Refusal::from(error);
        match &source.file {
            Some(_) => Refusal { message: format!("{named_by}: {}", refusal.message), ..refusal },
            None => refusal,
        }
    })
}

/// Writes down what a genesis takes of a key.
pub(super) fn write_entry(path: &Path, entry: &ValidatorEntry) -> Result<(), Refusal> {
    let json = serde_json::to_string_pretty(entry).expect("an entry has a JSON form");
    Ok(write_file(path, format!("{json}\n").as_bytes())?)
}

/// What was written down for a genesis when the key was made.
pub(super) fn read_entry(path: &Path) -> Result<ValidatorEntry, Refusal> {
    let text = plain_file::read_text(path, ENTRY_BYTES_MAX, Takes::File).map_err(|error| {
        let hint = "`thronosd init --validator` writes it when it makes the key";
        Refusal::new("no_validator_key", format!("cannot read {}: {error}; {hint}", path.display()))
    })?;
    serde_json::from_str(&text).map_err(|error| Refusal::new("key_malformed", format!("{}: {error}", path.display())))
}

fn allow_votes(home: &Home, above: &str) -> Result<(), Refusal> {
    let place = above.split_once(':').and_then(|(epoch, view)| Some((epoch.parse().ok()?, view.parse().ok()?)));
    let Some((epoch, view)) = place else {
        return Err(Refusal::new(
            "usage",
            format!("`{above}` is no place: write --above EPOCH:VIEW, two whole numbers"),
        ));
    };
    home.check()?;
    let key = ValidatorKey::read_public(&existing_key(home)?)?;
    let position = Position { epoch: Epoch(epoch), view: View(view) };
    check_place(&home.read_genesis()?.0, position)?;
    match allow_votes_above(home, key, position)? {
        Allowed::Raised(bound) => {
            say!("this node votes only {}; /readyz shows for a day that this was said", above_words(bound));
            let next = "start it, and see by `thronosd status` whether it votes. Where it does not, and the network stands in a view that \
                        is not above that place, see docs/OPERATING.md, `When something of a home is lost or damaged`";
            say!("{}", hint::as_typed(next));
        }
        Allowed::Already(bound) => {
            let told = format!(
                "nothing changed: this node votes only {} already, and a bound is never lowered. Where it is too high, and you know \
                 up to where the key signed, move {} and {} away and say that place: \
                 `thronosd keys allow-votes --above EPOCH:VIEW --i-have-checked`",
                above_words(bound),
                home.log().display(),
                home.lease().display()
            );
            say!("{}", hint::as_typed(&told));
        }
        Allowed::Below(reach, doubt) => return Err(below(home, reach, doubt)),
    }
    Ok(())
}

/// The refusal of a place below what the home itself knows.
fn below(home: &Home, reach: Position, doubt: Doubt) -> Refusal {
    let Position { epoch, view } = reach;
    let message = match doubt {
        Doubt::Twin(_) => format!(
            "nothing changed: another machine votes with this key, and up to view {view} of epoch {epoch} at least it, or this home, may \
             have signed. Stop that machine for good; it may have signed in every view until then, so say the view in which the network \
             stands after that (`thronosd status` of a node that follows it), or a later one"
        ),
        _ => format!(
            "nothing changed: this home was copied, and by its lease, or by a word that was said here before, the key may have signed \
             up to view {view} of epoch {epoch}, so a word on an earlier place does not count; a start votes above that by itself. If \
             you know that it signed less, move {} and {} away and say it again",
            home.log().display(),
            home.lease().display()
        ),
    };
    Refusal::new("bound_below_lease", message)
}

/// The file of the validator key.
fn existing_key(home: &Home) -> Result<PathBuf, Refusal> {
    let path = home.validator_key_file();
    if path.exists() {
        return Ok(path);
    }
    if let Some(lost) = lost_key(home)? {
        return Err(lost.into());
    }
    let message = format!(
        "this home has no validator key ({} is missing), so there is nothing that votes: name a validator's home with `--home`, or put \
         the key back from its copy",
        path.display()
    );
    Err(Refusal::new("no_validator_key", message))
}

/// A bound is never lowered, so a slip of the hand would silence the key for good: refuses places where the chain cannot be yet.
/// Epochs last as long as the genesis says, and a view a millisecond at least.
fn check_place(genesis: &Genesis, place: Position) -> Result<(), Refusal> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let age_ms = u64::try_from(now).unwrap_or(u64::MAX).saturating_sub(genesis.time.0);
    let epochs = age_ms.checked_div(genesis.parameters.timing.epoch_length_ms).unwrap_or(u64::MAX).saturating_add(2);
    if place.epoch.0 <= epochs && place.view.0 <= age_ms.max(1_000) {
        return Ok(());
    }
    let message = format!(
        "the chain cannot be at view {} of epoch {} yet, and a bound is never lowered: take the place that the status of a node \
         which follows the chain shows",
        place.view, place.epoch
    );
    Err(Refusal::new("implausible_place", message))
}

fn change_password(home: &Home, present: Option<PathBuf>, new: Option<PathBuf>) -> Result<(), Refusal> {
    home.check()?;
    let key = open_key(home, present)?;
    // A credential of systemd is the present password, so it is not looked for here.
    let source = PasswordSource { file: new, credentials: None };
    let password = new_password(&source, "--new-password-file", "`--new-password-file`")?;
    key.write(&home.validator_key_file(), &password)?;
    say!("the validator key is encrypted under the new password; change the password file to match");
    Ok(())
}
