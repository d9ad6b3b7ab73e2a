//! `thronos wallet`: make, import and keep keys.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wallet::cli::context::Context;
use wallet::cli::output::{is_done, note};
use wallet::cli::passwords::new_password;
use wallet::cli::report::{Report, lines, table};
use wallet::home::NamedKey;
use wallet::keys::{AccountKey, KeyPath, Mnemonic, WordCount};
use wallet::keystore::Secret;
use wallet::keystore::file::read_private;
use wallet::{Error, Result, cause};
use zeroize::Zeroizing;

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new key and show its words once
    New(New),
    /// Take over words or a bare key
    Import(Import),
    /// List all accounts of this wallet
    List,
    /// Show an account's address
    Address(Named),
    /// Show the words or the bare key
    Export(Export),
    /// Seal a key file with another password
    Password(ChangePassword),
}

/// Where a key stands below its words.
#[derive(Debug, Args)]
pub struct PathArgs {
    /// Account in the path m/44'/5523538'/ACCOUNT'/0/INDEX
    #[arg(long, default_value_t = 0)]
    account: u32,
    /// Index in the path
    #[arg(long, default_value_t = 0)]
    index: u32,
    /// The whole path, instead of account and index
    #[arg(long, conflicts_with_all = ["account", "index"])]
    path: Option<String>,
    /// Read a BIP-39 passphrase from a file with mode 0600
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// What a new key is to be called, with or without the flag.
#[derive(Debug, Args)]
pub struct NewName {
    /// Name of the key in this wallet [default: default]
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The same as a flag
    #[arg(long = "name", value_name = "NAME", conflicts_with = "name", hide = true)]
    name_flag: Option<String>,
}

impl NewName {
    fn as_str(&self) -> &str {
        self.name.as_deref().or(self.name_flag.as_deref()).unwrap_or("default")
    }
}

/// `wallet new`
#[derive(Debug, Args)]
pub struct New {
    #[command(flatten)]
    name: NewName,
    /// How many words
    #[arg(long, default_value = "24", value_parser = ["12", "24"])]
    words: String,
    #[command(flatten)]
    path: PathArgs,
    /// Answer yes: the words are written down
    #[arg(long)]
    yes: bool,
}

/// `wallet import`
#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    name: NewName,
    /// Read the words from a file with mode 0600 instead of the terminal
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    mnemonic_file: Option<PathBuf>,
    /// Take a bare key, 64 hexadecimal digits, from a file with mode 0600
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    path: PathArgs,
}

/// A command on one account.
#[derive(Debug, Args)]
pub struct Named {
    /// Name of the account
    #[arg(default_value = "default")]
    name: String,
}

/// `wallet export`
#[derive(Debug, Args)]
pub struct Export {
    /// Name of the key
    #[arg(default_value = "default")]
    name: String,
    /// Answer yes: nobody is looking
    #[arg(long)]
    yes: bool,
}

/// `wallet password`
#[derive(Debug, Args)]
pub struct ChangePassword {
    /// Name of the key
    #[arg(default_value = "default")]
    name: String,
    /// Read the new password from a file with mode 0600
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::New(new) => new.run(context),
            Self::Import(import) => import.run(context),
            Self::List => list(context),
            Self::Address(named) => named.run(context),
            Self::Export(export) => export.run(context),
            Self::Password(change) => change.run(context),
        }
    }
}

impl PathArgs {
    fn path(&self) -> Result<KeyPath> {
        self.path.as_deref().map_or_else(|| KeyPath::account(self.account, self.index), str::parse)
    }

    fn passphrase(&self) -> Result<Zeroizing<String>> {
        let Some(file) = &self.passphrase_file else { return Ok(Zeroizing::new(String::new())) };
        one_line(file)
    }

    fn secret(&self, mnemonic: Mnemonic) -> Result<Secret> {
        Ok(Secret::Mnemonic { mnemonic, passphrase: self.passphrase()?, path: self.path()? })
    }
}

/// The first line of a private file.
fn one_line(path: &Path) -> Result<Zeroizing<String>> {
    let text = read_private(path)?;
    // A mark of the byte order, as some editors write it, or a zero byte is no part of what was meant, and would give other keys.
    let line = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_end_matches(['\n', '\r']);
    if line.chars().any(|character| character.is_control() || character == '\u{feff}') {
        let message = format!("{} holds more than one line, or a character that cannot be typed", path.display());
        return Err(Error::new("bad_file", message, "write it anew, as one line of text"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

impl New {
    fn run(&self, context: &Context) -> Result<Report> {
        context.home.check_new_name(self.name.as_str())?;
        // What cannot be shown afterwards is not made: the words are seen only now.
        context.network()?;
        let words = if self.words == "12" { WordCount::Twelve } else { WordCount::TwentyFour };
        // Without a terminal nobody could say that the words are written down, unless told so.
        let interactive = std::io::stdin().is_terminal();
        if !interactive && !self.yes {
            let message =
                "the words are shown once and must be written down, and there is no terminal to confirm that on";
            return Err(Error::new("confirmation_needed", message, "give `--yes` if the output is kept safe"));
        }
        let mnemonic = Mnemonic::generate(words)?;
        let secret = self.path.secret(mnemonic.clone())?;
        let password = new_password("--password-file", context.password_file.as_deref())?;
        let shown = mnemonic.to_words();
        if !self.yes {
            // Whoever is asked is a person, whatever the answer's form is.
            note("Write these words down and keep them where nobody else finds them. They are shown only now:\n");
            note(&numbered(&shown));
            context.confirm("Are they written down?", "--yes")?;
        }
        context.home.add_key(self.name.as_str(), &secret, &password)?;
        let name = self.name.as_str();
        is_done(format!("the account is made: `thronos wallet export {name}` shows its words"));
        let key = context.home.key(name)?;
        let mut json = key_json(context, &key)?;
        let mut text = key_lines(context, &key)?;
        if self.yes {
            json["mnemonic"] = json!(*shown);
            text = format!("{}\n{text}", numbered(&shown));
        }
        Ok(Report::new(text, json))
    }
}

/// The words in rows of four with their numbers.
fn numbered(words: &str) -> String {
    let words: Vec<String> = words.split(' ').zip(1..).map(|(word, place)| format!("{place:2}. {word:10}")).collect();
    words.chunks(4).map(|row| format!("{}\n", row.join(" ").trim_end())).collect()
}

impl Import {
    fn run(&self, context: &Context) -> Result<Report> {
        context.home.check_new_name(self.name.as_str())?;
        context.network()?;
        let secret = match (&self.key_file, &self.mnemonic_file) {
            (Some(file), _) => Secret::Key(bare_key(&one_line(file)?)?),
            (None, Some(file)) => self.path.secret(Mnemonic::parse(&read_private(file)?)?)?,
            (None, None) => self.path.secret(ask_words()?)?,
        };
        let password = new_password("--password-file", context.password_file.as_deref())?;
        context.home.add_key(self.name.as_str(), &secret, &password)?;
        let key = context.home.key(self.name.as_str())?;
        Ok(Report::new(key_lines(context, &key)?, key_json(context, &key)?))
    }
}

fn bare_key(digits: &str) -> Result<AccountKey> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, bytes.as_mut_slice())
        .map_err(|_| Error::new("bad_key", "the key file does not hold 64 hexadecimal digits", "check the file"))?;
    AccountKey::from_secret(&bytes)
}

fn ask_words() -> Result<Mnemonic> {
    if !std::io::stdin().is_terminal() {
        let message = "the words are needed and there is no terminal to ask on";
        return Err(Error::new("mnemonic_needed", message, "give `--mnemonic-file FILE`, a file with mode 0600"));
    }
    let typed = rpassword::prompt_password("The 12 or 24 words, in one line (not shown): ").map(Zeroizing::new);
    let typed = typed.map_err(|error| {
        Error::new(
            "mnemonic_needed",
            format!("cannot read from the terminal: {}", cause(&error)),
            "give `--mnemonic-file FILE`, a file with mode 0600",
        )
    })?;
    Mnemonic::parse(&typed)
}

fn list(context: &Context) -> Result<Report> {
    // A genesis that cannot be read is no account's fault.
    context.network()?;
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    let names = context.home.key_names()?.into_iter().map(|name| (name, false));
    for (name, is_policy) in names.chain(context.home.policy_names()?.into_iter().map(|name| (name, true))) {
        let entry = if is_policy { policy_entry(context, &name) } else { key_entry(context, &name) };
        // One that cannot be read hides no other, and is not passed over: whoever misses an account would make a new one.
        let (row, entry) = entry.unwrap_or_else(|error| {
            let row = vec![name.clone(), "unreadable".to_owned(), format!("error[{}]: {}", error.code, error.message)];
            (row, json!({"name": name, "kind": "unreadable", "error": error}))
        });
        rows.push(row);
        json.push(entry);
    }
    if rows.is_empty() {
        let text =
            format!("no accounts in {} yet; make one with `thronos wallet new`", context.home.directory().display());
        return Ok(Report::new(text, json!([])));
    }
    Ok(Report::new(table(&["name", "kind", "address"], &rows), json))
}

/// A key's row and its document.
fn key_entry(context: &Context, name: &str) -> Result<(Vec<String>, Value)> {
    let key = context.home.key(name)?;
    let row = vec![key.name.clone(), "key".to_owned(), context.shown_address(key.address())?];
    Ok((row, key_json(context, &key)?))
}

/// The same of a multisig account.
fn policy_entry(context: &Context, name: &str) -> Result<(Vec<String>, Value)> {
    let policy = context.home.policy(name)?;
    let address = crypto::ids::address_of_policy(&policy);
    let kind = format!("{} of {}", policy.threshold(), policy.keys().len());
    let mut entry = context.address_json(address)?;
    entry["name"] = json!(name);
    entry["kind"] = json!("multisig");
    entry["threshold"] = json!(policy.threshold());
    entry["keys"] = json!(policy.keys());
    Ok((vec![name.to_owned(), kind, context.shown_address(address)?], entry))
}

impl Named {
    fn run(&self, context: &Context) -> Result<Report> {
        let sender = context.sender(&self.name)?;
        let text = context.shown_address(sender.address)?;
        let mut json = context.address_json(sender.address)?;
        json["name"] = json!(sender.name);
        Ok(Report::new(text, json))
    }
}

impl Export {
    fn run(&self, context: &Context) -> Result<Report> {
        context.home.key(&self.name)?;
        if !self.yes {
            context.confirm("The secret will be shown. Is nobody looking?", "--yes")?;
        }
        let password = context.password(&format!("Password of {}", self.name))?;
        Ok(match context.open_key(&self.name, &password)? {
            Secret::Mnemonic { mnemonic, passphrase, path } => {
                let words = mnemonic.to_words();
                let note = if passphrase.is_empty() { "" } else { "and a passphrase, which is not shown\n" };
                let text = format!("{}{note}path: {path}\n", numbered(&words));
                Report::new(
                    text,
                    json!({"mnemonic": *words, "has_passphrase": !passphrase.is_empty(), "path": path.to_string()}),
                )
            }
            Secret::Key(key) => {
                let digits = Zeroizing::new(hex::encode(key.to_secret().as_slice()));
                Report::new(digits.as_str(), json!({"key": *digits}))
            }
        })
    }
}

impl ChangePassword {
    fn run(&self, context: &Context) -> Result<Report> {
        context.home.key(&self.name)?;
        let old = context.password(&format!("Present password of {}", self.name))?;
        context.open_key(&self.name, &old)?;
        let new = new_password("--new-password-file", self.new_password_file.as_deref())?;
        context.home.change_password(&self.name, &old, &new)?;
        let text =
            format!("the key `{}` has a new password; copies of the old file still open with the old one", self.name);
        Ok(Report::new(text, json!({"name": self.name, "changed": true})))
    }
}

fn key_lines(context: &Context, key: &NamedKey) -> Result<String> {
    Ok(lines(&[
        ("name:", key.name.clone()),
        ("address:", context.shown_address(key.address())?),
        ("public key:", key.header.public_key.to_string()),
    ]))
}

fn key_json(context: &Context, key: &NamedKey) -> Result<Value> {
    let mut json = context.address_json(key.address())?;
    json["name"] = json!(key.name);
    json["kind"] = json!("key");
    json["public_key"] = json!(key.header.public_key);
    json["path"] = json!(key.header.path);
    Ok(json)
}
