//! `thronos sign`, `broadcast`, `verify`: a transaction on its way in a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use types::THR_DECIMALS;

use crate::calls::describe;
use crate::cli::context::{Context, check_new, read_bounded, write_new};
use crate::cli::handing_in::send;
use crate::cli::report::{Report, lines};
use crate::delivery::Bytes;
use crate::keystore::file::{Existing, write_private};
use crate::transaction::signature_by;
use crate::{Error, Result, TransactionFile};

/// Longest wait for a transaction whose validity is not looked at.
const PATIENCE: Duration = Duration::from_secs(660);
/// Far more than any transaction file has.
const FILE_BYTES_MAX: usize = 1 << 20;

/// `sign`
#[derive(Debug, Args)]
pub struct Sign {
    /// The transaction file
    file: PathBuf,
    /// Name of the key to sign with
    #[arg(long, alias = "with", value_name = "NAME")]
    from: String,
    /// Write to another file instead of changing this one
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Sign calls too that this wallet cannot read
    #[arg(long)]
    blind: bool,
}

/// `broadcast`
#[derive(Debug, Args)]
pub struct Broadcast {
    /// The transaction file
    file: PathBuf,
    /// Return as soon as the node has taken it
    #[arg(long)]
    no_wait: bool,
}

/// `verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// The transaction file
    file: PathBuf,
}

impl Sign {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let mut file = read(context, &self.file)?;
        self.out.as_deref().map(check_new).transpose()?;
        let public = context.home.key(&self.from)?.header.public_key;
        let may_sign = file.policy.as_ref().map_or_else(
            || crypto::ids::address_of_key(&public) == file.body.sender,
            |policy| policy.keys().contains(&public),
        );
        if !may_sign {
            let message =
                format!("the key `{}` may not sign for {}", self.from, file.body.sender.to_text(file.network));
            return Err(Error::new("wrong_key", message, "sign with the sender's key, or with a key of its policy"));
        }
        context.note(&describe_file(&file, None).render(false));
        self.check_calls(context, &file)?;
        let key = context.unlock(&self.from)?;
        let signature = signature_by(&key, file.chain_id, &file.body);
        file.add(key.public_key(), signature)?;
        match &self.out {
            Some(out) => write_new(out, &file.to_json())?,
            None => write_private(&self.file, file.to_json().as_bytes(), Existing::Replace)?,
        }
        Ok(describe_file(&file, Some(self.out.as_ref().unwrap_or(&self.file))))
    }
}

impl Sign {
    /// Nobody signs what nobody can name, unless told so, with the bytes in sight.
    fn check_calls(&self, context: &Context, file: &TransactionFile) -> Result<()> {
        let described = describe(&file.body, file.network);
        let unknown: Vec<_> =
            file.body.calls.iter().zip(&described).filter(|(_, described)| described.kind == "unknown").collect();
        let Some((_, first)) = unknown.first() else { return Ok(()) };
        if !self.blind {
            let message = format!("this wallet cannot tell what it would sign: {}", first.sentence);
            let hint = "use a newer wallet; or give `--blind` if somebody you trust has told you what the bytes mean";
            return Err(Error::new("unknown_call", message, hint));
        }
        for (call, _) in unknown {
            context.note(&format!("signed blindly: module {}, bytes {}", call.module, hex::encode(&*call.body)));
        }
        Ok(())
    }
}

impl Broadcast {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let file = read(context, &self.file)?;
        let transaction = file.to_transaction()?;
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        if file.chain_id != chain.id() {
            return Err(chain.other_chain(file.chain_id));
        }
        // Nobody knows whether these bytes have left before, so no refusal of them is the first answer.
        let patience = (!self.no_wait).then_some(PATIENCE);
        Ok(send(context, &client, &mut chain, &transaction, (Bytes::Known, patience), None)?)
    }
}

impl Verify {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let file = read(context, &self.file)?;
        if file.is_complete() {
            crate::transaction::verify_transaction(file.chain_id, &file.to_transaction()?)?;
        }
        Ok(describe_file(&file, None))
    }
}

/// Reads a file; when a chain is known, one of another chain is refused.
pub fn read(context: &Context, path: &Path) -> Result<TransactionFile> {
    let file = TransactionFile::parse(&read_bounded(path, FILE_BYTES_MAX)?)?;
    match context.known_chain() {
        Ok(chain) if chain.id() != file.chain_id => Err(chain.other_chain(file.chain_id)),
        Ok(_) => Ok(file),
        Err(error) if error.code == "genesis_needed" => Ok(file),
        Err(error) => Err(error),
    }
}

/// What a file would do and how far it is signed; `written` names the file when it was just written.
pub fn describe_file(file: &TransactionFile, written: Option<&Path>) -> Report {
    let (signed, needed) = (file.signers().count(), file.signatures_needed());
    let state = if file.is_complete() { "complete" } else { "incomplete" };
    let calls = describe(&file.body, file.network);
    let sentences: Vec<_> = calls.iter().map(|call| call.sentence.as_str()).collect();
    let mut pairs = vec![
        ("id:", file.id().to_string()),
        ("chain:", file.chain_id.to_string()),
        ("from:", file.body.sender.to_text(file.network)),
        ("does:", sentences.join("; ")),
        ("nonce:", file.body.nonce.to_string()),
        ("fee max:", format!("{} THR", file.body.fee_max.to_decimal(THR_DECIMALS))),
        ("tip:", format!("{} THR", file.body.tip.to_decimal(THR_DECIMALS))),
        ("signatures:", format!("{signed} of {needed}, {state}, each checked")),
    ];
    if let Some(path) = written {
        pairs.push(("file:", path.display().to_string()));
    }
    let json = json!({
        "id": file.id(), "chain_id": file.chain_id, "sender": file.body.sender.to_text(file.network), "calls": calls,
        "nonce": file.body.nonce, "fee_max": file.body.fee_max, "tip": file.body.tip, "valid_until": file.body.valid_until,
        "signatures": signed, "signatures_needed": needed, "complete": file.is_complete(),
        "signers": file.signers().collect::<Vec<_>>(), "file": written.map(|path| path.display().to_string()),
    });
    Report::new(lines(&pairs), json)
}
