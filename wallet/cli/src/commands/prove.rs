//! `thronos prove`: what became of a transaction, one receipt of a block, or a value of the state, proven from the genesis on.
//!
//! Everything that is told was checked; what the proof does not reach is not told.

use clap::{Args, Subcommand};
use execution::keys::of_module;
use execution::readable::nearest;
use execution::{KERNEL, KERNEL_NAME};
use serde_json::{Value, json};
use types::{Hash32, Height, ModuleId, Network, Receipt, THR_DECIMALS};

use wallet::cli::Context;
use wallet::cli::report::{Report, lines};
use wallet::cli::submit::{body_json, body_lines, finality};
use wallet::cli::typed::as_typed;
use wallet::proof::{ProvenReceipt, WhichReceipt, check_receipt, check_state};
use wallet::{Chain, CheckedHeader, Error, Result};

/// `prove`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prove what became of a transaction
    Tx(OfTransaction),
    /// Prove one receipt of a block
    Receipt(OfBlock),
    /// Prove what a module keeps under a key, or that it keeps nothing there
    State(State),
}

/// `prove tx`
#[derive(Debug, Args)]
pub struct OfTransaction {
    /// The transaction's id
    id: String,
}

/// `prove receipt`
#[derive(Debug, Args)]
pub struct OfBlock {
    /// The block
    height: u64,
    /// The receipt's place: 0 is the block's own, that of its first transaction is 1
    index: u32,
}

/// `prove state`
#[derive(Debug, Args)]
pub struct State {
    /// The module's name or number
    module: String,
    /// The module's key in hexadecimal digits, without the module's number (two bytes) that stands before it in the state
    key: String,
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Tx(OfTransaction { id }) => {
                let id =
                    id.parse().map_err(|_| bad("bad_id", id, "a transaction's id", "give 64 hexadecimal digits"))?;
                receipt(context, WhichReceipt::Transaction(id))
            }
            Self::Receipt(OfBlock { height, index }) => {
                receipt(context, WhichReceipt::Receipt(Height(*height), *index))
            }
            Self::State(asked) => asked.run(context),
        }
    }
}

fn bad(code: &'static str, given: &str, what: &str, hint: &str) -> Error {
    let shown: String = given.chars().take(80).collect();
    Error::new(code, format!("`{shown}` is not {what}"), hint)
}

fn receipt(context: &Context, asked: WhichReceipt) -> Result<Report> {
    let client = context.client()?;
    let chain = context.chain(&client)?;
    let answer = match asked {
        WhichReceipt::Transaction(id) => client.transaction_proof(&id)?,
        WhichReceipt::Receipt(height, index) => client.receipt_proof(height, index)?,
    };
    let proven = check_receipt(&chain, &answer, asked)?;
    context.remember(&chain, &proven.header)?;
    let ProvenReceipt { height, place: (index, count), receipt, transaction, header } = &proven;
    let body = transaction.as_ref().map(|transaction| &transaction.body);
    let mut text = body.map(|body| body_lines(&chain, body, receipt.id)).unwrap_or_default();
    let result = match (receipt.is_ok(), reject_name(receipt)) {
        (true, _) => "ok".to_owned(),
        (false, Some(name)) => format!("rejected: {name}"),
        (false, None) => format!("rejected with the code {}", receipt.code),
    };
    text += &lines(&[
        ("proven:", format!("receipt {index} of {count} of block {height}, counted from 0")),
        ("result:", result),
        ("fee:", format!("{} THR", receipt.fee.to_decimal(THR_DECIMALS))),
        ("events:", receipt.events.len().to_string()),
        ("in:", finality(header.header.height.0, header.signers, header.validators)),
    ]);
    let json = json!({
        "height": height, "index": index, "count": count, "id": (receipt.id != Hash32::ZERO).then_some(receipt.id),
        "receipt": receipt_document(receipt, chain.network()), "transaction": body.map(|body| body_json(&chain, body, receipt.id)),
        "in": header_document(header), "checked": true,
    });
    Ok(Report::new(text, json))
}

fn reject_name(receipt: &Receipt) -> Option<&'static str> {
    runtime::registry().describe_reject(receipt.code).map(|found| found.name)
}

/// A receipt for programs, with what its events say.
fn receipt_document(receipt: &Receipt, network: Network) -> Value {
    let registry = runtime::registry();
    let event = |event: &types::Event| {
        json!({
            "module": event.module, "kind": event.kind, "body": hex::encode(&*event.body), "fields": registry.show_event(event, network),
        })
    };
    json!({
        "code": receipt.code, "name": if receipt.is_ok() { Some("ok") } else { reject_name(receipt) }, "call": receipt.call,
        "weight": receipt.weight, "fee": receipt.fee, "events": receipt.events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn header_document(header: &CheckedHeader) -> Value {
    json!({
        "height": header.header.height, "hash": header.hash, "time": header.header.time, "epoch": header.header.epoch,
        "validators_signed": header.signers, "validators": header.validators,
    })
}

impl State {
    fn run(&self, context: &Context) -> Result<Report> {
        let module = module_id(&self.module)?;
        let key = hex::decode(&self.key).ok().filter(|key| !key.is_empty());
        let key =
            key.ok_or_else(|| bad("bad_key", &self.key, "a key of a module", "give its bytes in hexadecimal digits"))?;
        let client = context.client()?;
        let chain: Chain = context.chain(&client)?;
        let answer = client.state_proof(&module.to_string(), &key)?;
        let proven = check_state(&chain, &answer, &of_module(module, &key))?;
        let (presence, newer) = context.presence(&chain, &proven.header.header)?;
        context.remember(&chain, &proven.header)?;
        let (header, value) = (&proven.header, proven.value.as_deref().map(hex::encode));
        let hint = number_in_front(&self.module, module, &key).filter(|_| value.is_none());
        let mut rows = vec![
            ("module:", module.to_string()),
            ("key:", hex::encode(&key)),
            ("proven:", value.clone().unwrap_or_else(|| "there is nothing under this key".to_owned())),
            ("after:", format!("block {}", proven.height)),
            ("state root:", header.header.state_root.to_string()),
            ("in:", finality(header.header.height.0, header.signers, header.validators)),
        ];
        rows.extend(presence);
        let mut text = lines(&rows);
        let mut json = json!({
            "module": module, "key": hex::encode(&key), "value": value, "height": proven.height,
            "state_root": header.header.state_root, "in": header_document(header), "checked": true,
        });
        if let Some(newer) = newer {
            json["older_than"] = json!(newer);
        }
        if let Some(hint) = hint {
            text += &format!("note: {hint}\n");
            json["hint"] = json!(as_typed(&hint));
        }
        Ok(Report::new(text, json))
    }
}

/// What is told of a key that begins with its module's own number, as keys of the state do: it was asked for with the number twice.
fn number_in_front(typed: &str, module: ModuleId, key: &[u8]) -> Option<String> {
    let number = module.0.to_be_bytes();
    let behind = key.strip_prefix(&number).filter(|behind| !behind.is_empty())?;
    Some(format!(
        "this key begins with {}, the number of the module itself, which is put in front of it once more; if it is a key of the \
         state, ask without it: `thronos prove state {typed} {}`",
        hex::encode(number),
        hex::encode(behind)
    ))
}

/// A module by its name or number.
fn module_id(text: &str) -> Result<ModuleId> {
    let registry = runtime::registry();
    let by_number = || text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?.map(ModuleId);
    let by_name = || registry.modules().find(|module| module.name() == text).map(|module| module.id());
    let kernel = || (text == KERNEL_NAME).then_some(KERNEL);
    by_number().or_else(by_name).or_else(kernel).ok_or_else(|| {
        let names = std::iter::once(KERNEL_NAME).chain(registry.modules().map(|module| module.name()));
        let shown: String = text.chars().take(80).collect();
        let message = format!("there is no module `{shown}`{}", nearest(text, names));
        let example = registry.modules().next().map_or(KERNEL_NAME, |module| module.name());
        Error::new("unknown_module", message, format!("give a module's name, such as `{example}`, or its number"))
    })
}
