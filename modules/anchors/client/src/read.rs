//! `thronos anchor show` and `verify`: what stands under a name since when, and whether a file is that.

use std::path::PathBuf;

use anchors::PutAnswer;
use clap::Args;
use serde_json::json;
use types::{Hash32, Network};
use wallet::cli::record::ProvenRecord;
use wallet::cli::report::{lines, when};
use wallet::cli::{Context, Report};
use wallet::{Error, Result};

use crate::found::{self, PutName};

/// What an anchor shows, and what it does not.
const MEANING: &str = "it existed before that time; who made it an anchor does not say";

/// An account's name of a digest.
#[derive(Debug, Args)]
pub struct NamedPut {
    /// Whose: an address, or a name of this wallet
    account: String,
    /// What the key is one of
    namespace: String,
    /// Which one
    key: String,
}

/// `anchor show`
#[derive(Debug, Args)]
pub struct ShowPut {
    #[command(flatten)]
    named: NamedPut,
}

/// `anchor verify`
#[derive(Debug, Args)]
pub struct VerifyPut {
    #[command(flatten)]
    named: NamedPut,
    /// The file
    #[arg(required_unless_present = "digest", conflicts_with = "digest")]
    file: Option<PathBuf>,
    /// The digest itself, 64 hexadecimal digits
    #[arg(long, value_name = "HEX")]
    digest: Option<Hash32>,
}

impl NamedPut {
    fn find(&self, context: &Context) -> Result<(PutAnswer, ProvenRecord, Network)> {
        let name = PutName { namespace: &self.namespace, key: &self.key };
        name.check()?;
        context.readable(&self.account)?;
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        let account = context.resolve(&self.account, chain.network())?;
        let (put, record) = found::find(context, &client, &mut chain, (account, name))?;
        let put = put.ok_or_else(|| {
            let whose = account.to_text(chain.network());
            let until = format!("block {} (before {})", record.height, when(record.time()));
            let message = format!("it is proven that {whose} has put nothing under this name up to {until}");
            let hint = format!(
                "check the account and the name; `thronos ask anchors puts account={whose} namespace={}` lists what there is",
                self.namespace
            );
            Error::new("not_anchored", message, hint)
        })?;
        Ok((put, record, chain.network()))
    }
}

impl ShowPut {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let (put, record, network) = self.named.find(context)?;
        let mut rows = found::rows(&put, network);
        rows.push(("means:", MEANING.to_owned()));
        rows.extend(record.rows());
        let mut json = found::document(&put, network);
        record.add_to(&mut json);
        Ok(Report::new(lines(&rows), json))
    }
}

impl VerifyPut {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let digest = found::digest(self.file.as_deref(), self.digest)?;
        let (put, record, network) = self.named.find(context)?;
        if put.digest != digest {
            let since = format!("block {}, {}", put.height, when(put.time));
            let message =
                format!("it differs: its digest is {digest}, and what was anchored, since {since}, is {}", put.digest);
            return Err(Error::new(
                "digest_differs",
                message,
                "this is not what was anchored under this name, or it was changed since",
            ));
        }
        let mut rows = vec![("same:", format!("this is what was anchored; {MEANING}"))];
        rows.extend(found::rows(&put, network));
        rows.extend(record.rows());
        let mut json = found::document(&put, network);
        json["is_same"] = json!(true);
        record.add_to(&mut json);
        Ok(Report::new(lines(&rows), json))
    }
}
