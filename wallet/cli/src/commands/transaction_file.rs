//! `thronos sign`, `broadcast`, `verify`: a transaction on its way in a file.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wallet::calls::describe;
use wallet::cli::context::{Context, check_new, write_new};
use wallet::cli::file::{describe_file, read, signed_file};
use wallet::cli::handing_in::send;
use wallet::cli::report::Report;
use wallet::delivery::Bytes;
use wallet::keystore::file::{Existing, write_private};
use wallet::transaction::signature_by;
use wallet::{Error, Result, TransactionFile};

/// Longest wait for a transaction whose validity is not looked at.
const PATIENCE: Duration = Duration::from_secs(660);

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
        // Before the passphrase is asked for.
        context.note(describe_file(&file, None).render(false).trim_end());
        self.check_calls(context, &file)?;
        let key = context.unlock(&self.from)?;
        let signature = signature_by(&key, file.chain_id, &file.body);
        file.add(key.public_key(), signature)?;
        match &self.out {
            Some(out) => write_new(out, &file.to_json())?,
            None => write_private(&self.file, file.to_json().as_bytes(), Existing::Replace)?,
        }
        Ok(signed_file(&file, self.out.as_ref().unwrap_or(&self.file)))
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
        Ok(send(context, &client, &mut chain, &transaction, (Bytes::Known, patience), None, Some(&self.file))?)
    }
}

impl Verify {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let file = read(context, &self.file)?;
        if file.is_complete() {
            wallet::transaction::verify_transaction(file.chain_id, &file.to_transaction()?)?;
        }
        Ok(describe_file(&file, None))
    }
}
