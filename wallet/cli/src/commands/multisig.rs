//! `thronos multisig`: accounts that need several signatures.
//!
//! The way of a 2-of-3: `create` on every signer's machine from the same three keys, `propose` on one, `sign` on two, `merge` the
//! parts, `send`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use types::{MultisigPolicy, Secp256k1Key};
use wallet::cli::context::{Context, write_new};
use wallet::cli::file::{describe_file, read};
use wallet::cli::report::{Report, lines};
use wallet::{Error, Result};

use super::transaction_file::{Broadcast, Sign};
use crate::adapters::TypedPayment;

/// What can be done with multisig accounts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account of keys and a threshold
    Create(Create),
    /// Show an account's address and keys
    Address(Named),
    /// Write a transfer that waits for signatures (as `send --out FILE`)
    Propose(TypedPayment),
    /// Add a signature to a transaction file (as `thronos sign`)
    Sign(Sign),
    /// Put the signatures of several files together
    Merge(Merge),
    /// Hand a complete file to a node (as `thronos broadcast`)
    Send(Broadcast),
}

/// `multisig create`
#[derive(Debug, Args)]
pub struct Create {
    /// Name of the account in this wallet
    #[arg(value_name = "NAME", required_unless_present = "name_flag")]
    name: Option<String>,
    /// The same as a flag
    #[arg(long = "name", value_name = "NAME", conflicts_with = "name", hide = true)]
    name_flag: Option<String>,
    /// How many must sign
    #[arg(long)]
    threshold: u8,
    /// A key: 66 hexadecimal digits, or the name of a key in this wallet; give it once per signer
    #[arg(long = "key", required = true, value_name = "KEY")]
    keys: Vec<String>,
}

/// `multisig address`
#[derive(Debug, Args)]
pub struct Named {
    /// Name of the account
    name: String,
}

/// `multisig merge`
#[derive(Debug, Args)]
pub struct Merge {
    /// The files
    #[arg(required = true, num_args = 2..)]
    files: Vec<PathBuf>,
    /// Where the merged file goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Create(create) => create.run(context),
            Self::Address(named) => described(context, &named.name, &context.home.policy(&named.name)?),
            Self::Propose(propose) => propose.run(context),
            Self::Sign(sign) => sign.run(context),
            Self::Merge(merge) => merge.run(context),
            Self::Send(send) => send.run(context),
        }
    }
}

impl Create {
    fn run(&self, context: &Context) -> Result<Report> {
        let name = self.name.as_ref().or(self.name_flag.as_ref()).expect("one of the two is required");
        context.home.check_new_name(name)?;
        let keys = self.keys.iter().map(|key| public_key(context, key)).collect::<Result<Vec<_>>>()?;
        let policy = MultisigPolicy::new(self.threshold, keys);
        let policy = policy.map_err(|error| Error::new("bad_policy", error.to_string(), "nothing was written"))?;
        // What cannot be shown afterwards is not made.
        context.network()?;
        context.home.add_policy(name, &policy)?;
        described(context, name, &policy)
    }
}

fn public_key(context: &Context, text: &str) -> Result<Secp256k1Key> {
    if context.home.has_key(text) {
        return Ok(context.home.key(text)?.header.public_key);
    }
    let shown: String = text.chars().take(80).collect();
    let bad = |why: String| {
        let hint = "give the public key that `thronos wallet list --json` shows, or a name of this wallet";
        Error::new("bad_key", format!("`{shown}` is not a public key: {why}"), hint)
    };
    let key: Secp256k1Key = text.parse().map_err(bad)?;
    crypto::ecdsa::validate_key(&key).map_err(|error| bad(error.to_string()))?;
    Ok(key)
}

fn described(context: &Context, name: &str, policy: &MultisigPolicy) -> Result<Report> {
    let address = crypto::ids::address_of_policy(policy);
    let keys: Vec<_> = policy.keys().iter().map(ToString::to_string).collect();
    let mut rows = vec![
        ("name:", name.to_owned()),
        ("address:", context.shown_address(address)?),
        ("needs:", format!("{} of {}", policy.threshold(), types::counted(keys.len() as u64, "signature"))),
    ];
    // A value is on one line, so each key has a line of its own.
    let headings = std::iter::once("keys:").chain(std::iter::repeat(""));
    rows.extend(headings.zip(keys.iter().cloned()));
    let text = lines(&rows);
    let mut json = context.address_json(address)?;
    json["name"] = json!(name);
    json["kind"] = json!("multisig");
    json["threshold"] = json!(policy.threshold());
    json["keys"] = json!(keys);
    Ok(Report::new(text, json))
}

impl Merge {
    fn run(&self, context: &Context) -> Result<Report> {
        let mut files = self.files.iter().map(|path| read(context, path));
        let missing = || Error::new("bad_transaction_file", "no file was given", "give at least two");
        let mut merged = files.next().ok_or_else(missing)??;
        files.try_for_each(|file| merged.merge(file?))?;
        write_new(&self.out, &merged.to_json())?;
        Ok(describe_file(&merged, Some(&self.out)))
    }
}
