//! `thronos anchor put`: puts the digest of a file under a name.

use std::path::PathBuf;

use anchors::{AnchorsCall, PutDigest};
use clap::Args;
use serde_json::json;
use types::{ByteString, Call, Hash32, THR, THR_DECIMALS};
use wallet::calls::checked_call;
use wallet::cli::context::AssetChoice;
use wallet::cli::report::{lines, when};
use wallet::cli::submit::{TransactionArgs, carry_out};
use wallet::cli::{Context, Report};
use wallet::{Error, Result};

use crate::found::{self, PutName};

/// `anchor put`
#[derive(Debug, Args)]
pub struct Put {
    /// What the key is one of, such as `export`: 1 to 16 lower-case letters, digits, points, hyphens or underscores
    namespace: String,
    /// Which one: 1 to 64 visible characters of ASCII
    key: String,
    /// The file; its SHA-256 is put on the chain, and nothing else of it
    #[arg(required_unless_present = "digest", conflicts_with = "digest")]
    file: Option<PathBuf>,
    /// The digest itself, 64 hexadecimal digits
    #[arg(long, value_name = "HEX")]
    digest: Option<Hash32>,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// The call that puts a digest under a name of the sender's.
///
/// # Errors
/// What the rules reject whatever the state is: `malformed_namespace`, `malformed_put_key`.
pub fn put_call(namespace: &str, key: &str, digest: Hash32) -> Result<Call> {
    PutName { namespace, key }.check()?;
    let namespace = ByteString::new(namespace.as_bytes().to_vec()).expect("a namespace that was checked is short");
    let key = ByteString::new(key.as_bytes().to_vec()).expect("a key that was checked is short");
    checked_call(AnchorsCall::Put(PutDigest { namespace, key, digest }).to_call())
}

impl Put {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        let digest = found::digest(self.file.as_deref(), self.digest)?;
        let call = put_call(&self.namespace, &self.key, digest)?;
        let sender = context.sender(&self.transaction.from)?.address;
        let chain = if self.transaction.offline {
            context.known_chain()?
        } else {
            let client = context.client()?;
            let mut chain = context.chain(&client)?;
            let name = PutName { namespace: &self.namespace, key: &self.key };
            let (put, record) = found::find(context, &client, &mut chain, (sender, name))?;
            if let Some(put) = put {
                let since = format!("block {}, {}", put.height, when(put.time));
                if put.digest != digest {
                    let message = format!("another digest stands under this name since {since}: {}", put.digest);
                    return Err(Error::new(
                        "anchor_conflict",
                        message,
                        "the first one stays: choose another key; nothing was sent",
                    ));
                }
                return Ok(there_already(&found::document(&put, chain.network()), &since, &record));
            }
            chain
        };
        let fee = found::rules(&chain)?.record_fee;
        context.note(&format!(
            "{digest} is put under `{} {}`, and burns {} THR",
            self.namespace,
            self.key,
            fee.to_decimal(THR_DECIMALS)
        ));
        let thr = AssetChoice { id: THR, symbol: "THR".to_owned(), decimals: THR_DECIMALS };
        carry_out(context, &self.transaction, vec![call], &[(thr, fee)]).map_err(with_advice)
    }
}

/// The digest stands there: nothing has to be sent, and nothing is burned.
fn there_already(put: &serde_json::Value, since: &str, record: &wallet::cli::record::ProvenRecord) -> Report {
    let mut rows = vec![("there already:", format!("since {since}; nothing was sent"))];
    rows.extend(record.rows());
    let mut json = put.clone();
    json["status"] = json!("there_already");
    record.add_to(&mut json);
    Report::new(lines(&rows), json)
}

/// What to do where somebody with the same account was faster.
fn with_advice(error: Error) -> Error {
    let is_conflict = error.own_code() == "anchor_conflict" || error.message.contains(" (anchor_conflict): ");
    if is_conflict && !error.is_of_node {
        return Error {
            hint: format!("{}; see what stands there with `thronos anchor show ACCOUNT NAMESPACE KEY`", error.hint),
            ..error
        };
    }
    error
}
