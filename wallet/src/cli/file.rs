//! What is told of a transaction that lies in a file.
//!
//! It must not sign or send it.

use std::path::Path;

use serde_json::{Value, json};
use types::THR_DECIMALS;

use super::context::{Context, read_bounded};
use super::report::{Report, lines};
use crate::calls::{DescribedCall, describe};
use crate::{Result, TransactionFile};

/// Far more than any transaction file has.
const FILE_BYTES_MAX: usize = 1 << 20;

/// Reads a file; when a chain is known, one of another chain is refused.
///
/// # Errors
/// `file`, `other_chain`, and what is wrong with the file.
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
#[must_use]
pub fn describe_file(file: &TransactionFile, written: Option<&Path>) -> Report {
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
        ("signatures:", signatures(file)),
    ];
    if let Some(path) = written {
        pairs.push(("file:", path.display().to_string()));
    }
    Report::new(lines(&pairs), document(file, &calls, written))
}

/// What is told of a file that was signed a moment ago: what it does was said before.
#[must_use]
pub fn signed_file(file: &TransactionFile, written: &Path) -> Report {
    let pairs = [("signatures:", signatures(file)), ("file:", written.display().to_string())];
    Report::new(lines(&pairs), document(file, &describe(&file.body, file.network), Some(written)))
}

fn signatures(file: &TransactionFile) -> String {
    let state = if file.is_complete() { "complete" } else { "incomplete" };
    format!("{} of {}, {state}, each checked", file.signers().count(), file.signatures_needed())
}

fn document(file: &TransactionFile, calls: &[DescribedCall], written: Option<&Path>) -> Value {
    json!({
        "id": file.id(), "chain_id": file.chain_id, "sender": file.body.sender.to_text(file.network), "calls": calls,
        "nonce": file.body.nonce, "fee_max": file.body.fee_max, "tip": file.body.tip, "valid_until": file.body.valid_until,
        "signatures": file.signers().count(), "signatures_needed": file.signatures_needed(),
        "complete": file.is_complete(), "signers": file.signers().collect::<Vec<_>>(),
        "file": written.map(|path| path.display().to_string()),
    })
}
