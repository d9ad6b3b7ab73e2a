//! `thronos tx`, `block`, `status`, `validators`, `fee`: what happens on the chain.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use types::{Amount, Epoch, Hash32, THR_DECIMALS, Weight, counted};
use wallet::chain::CheckedHeader;
use wallet::cli::context::Context;
use wallet::cli::report::{Report, lines, table, when};
use wallet::cli::submit::{body_json, body_lines, final_json, final_lines, finality, receipt_json};
use wallet::cli::typed::quoted_path;
use wallet::client::types::{BlockResponse, TransactionStatus};
use wallet::delivery::{superseded, superseded_error, what_is_over};
use wallet::finality::{check_block, check_content, check_transaction};
use wallet::{Chain, Error, NodeClient, Result, TransactionFile};

use crate::adapters::payment_weight;

/// `tx`
#[derive(Debug, Args)]
pub struct Tx {
    /// The transaction's id; of one that can never be included, or is not known, the exit code is 1
    id: String,
}

/// `block`
#[derive(Debug, Args)]
pub struct Block {
    /// Height, hash, or `latest`
    #[arg(default_value = "latest")]
    which: String,
}

/// `status`
#[derive(Debug, Args)]
pub struct Status {}

/// `validators`
#[derive(Debug, Args)]
pub struct Validators {
    /// The epoch [default: the present one]
    #[arg(long)]
    epoch: Option<u64>,
}

/// `fee`
#[derive(Debug, Args)]
pub struct Fee {
    /// Weight of the transaction [default: that of a transfer]
    #[arg(long)]
    weight: Option<u64>,
}

impl Tx {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let id: Hash32 = self.id.parse().map_err(|why| {
            let shown: String = self.id.chars().take(80).collect();
            Error::new(
                "bad_id",
                format!("`{shown}` is not a transaction's id: {why}"),
                "give the id that `send` printed",
            )
        })?;
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        let response = client.transaction(&id, Duration::ZERO)?;
        if response.id != id {
            return Err(Error::new("bad_answer", "the node answers about another transaction", "ask another node"));
        }
        let body = response.transaction.as_ref().map(|transaction| &transaction.body);
        let body = body.filter(|body| crypto::ids::transaction_id(chain.id(), body) == id);
        let (mut text, mut json) = (format!("id:  {id}\n"), json!({"id": id}));
        if let Some(body) = body {
            (text, json) = (body_lines(&chain, body, id), body_json(&chain, body, id));
        }
        match response.status {
            TransactionStatus::Unknown => {
                let kept = context.home.sent(&id).filter(|file| file.id() == id && file.chain_id == chain.id());
                let message = format!("the node does not know a transaction {id}");
                Err(match kept {
                    Some(file) => unknown_and_kept(context, &client, &mut chain, &file, message)?,
                    None => Error::new(
                        "unknown_transaction",
                        message,
                        "check the id; it may have expired, or the node may be behind",
                    ),
                })
            }
            TransactionStatus::Pending => {
                json["status"] = json!("pending");
                Ok(Report::new(text + "pending: not final yet\n", json).unproven())
            }
            TransactionStatus::Final => {
                let done = check_transaction(&client, &mut chain, &response, None, None)?;
                context.remember(&chain, &done.block)?;
                context.home.forget_sent(&id);
                json["finality"] = final_json(&done);
                json["status"] = json!("final");
                let receipt = if done.receipt_checked { receipt_json(&done.receipt) } else { Value::Null };
                json["receipt"] = receipt;
                json["as_the_node_says"] = json!({"receipt": done.receipt});
                Ok(Report::new(text + &final_lines(&done), json))
            }
        }
    }
}

/// What is told of a transaction that this wallet keeps and the node does not know. It is kept on, so that the same is told again.
fn unknown_and_kept(
    context: &Context,
    client: &NodeClient,
    chain: &mut Chain,
    file: &TransactionFile,
    message: String,
) -> Result<Error> {
    let (id, until) = (file.id(), file.body.valid_until);
    if let Ok(transaction) = file.to_transaction() {
        // Another one in its place says more than that it has expired.
        let other = superseded(client, chain, &transaction);
        let over = match other {
            Some(other) => Some(superseded_error(chain, &transaction, &other)),
            None => what_is_over(client, chain, &transaction)?,
        };
        if let Some(error) = over {
            return Ok(error);
        }
    }
    let path = context.home.sent_path(&id)?;
    let hint = format!(
        "this wallet keeps it in {}: blocks may include it until {}, so do not sign it anew; hand in the same bytes again with \
         `thronos broadcast {}`, or look at another node",
        path.display(),
        when(until),
        quoted_path(&path)
    );
    Ok(Error::new("unknown_transaction", message, hint))
}

impl Block {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        let block = client.block(&self.which)?;
        // The first block has no certificate: it follows from the genesis.
        let checked = if block.header.height.0 == 0 { None } else { Some(check_block(&client, &mut chain, &block)?) };
        let (header, hash) =
            checked.as_ref().map_or((&block.header, block.hash), |checked| (&checked.header, checked.hash));
        let is_other = self.which.parse::<u64>().is_ok_and(|height| height != header.height.0)
            || self
                .which
                .parse::<Hash32>()
                .is_ok_and(|asked| asked != hash || asked != crypto::ids::header_hash(header));
        if is_other {
            return Err(Error::new(
                "bad_answer",
                "the node answers with another block than the one asked for",
                "ask another node",
            ));
        }
        let mut receipts_checked = false;
        let (mut presence, mut newer) = (Vec::new(), None);
        if let Some(checked) = &checked {
            receipts_checked = check_content(&client, &mut chain, &block, checked)?;
            if self.which == "latest" {
                (presence, newer) = context.presence(&chain, &checked.header)?;
            }
            context.remember(&chain, checked)?;
        }
        let state = checked.as_ref().map_or_else(
            || "block 0, as the node says".to_owned(),
            |checked| finality(checked.header.height.0, checked.signers, checked.validators),
        );
        let mut rows = vec![
            ("final:", state),
            ("hash:", hash.to_string()),
            ("parent:", header.parent.to_string()),
            ("time:", when(header.time)),
            ("epoch, view:", format!("{}, {}", header.epoch, header.view)),
            ("proposer:", format!("validator {}", header.proposer)),
            ("state root:", format!("{} (after the parent)", header.state_root)),
            ("transactions:", block.transactions.len().to_string()),
        ];
        rows.extend(presence);
        let ids: String = block.transactions.iter().map(|entry| format!("  {}\n", entry.id)).collect();
        let mut json = block_json(&block, checked.as_ref(), receipts_checked);
        if let Some(newer) = newer {
            json["older_than"] = json!(newer);
        }
        Ok(Report::new(lines(&rows) + &ids, json))
    }
}

/// A block for programs: what was checked stands by itself, and what nothing proves under its own name.
fn block_json(block: &BlockResponse, checked: Option<&CheckedHeader>, receipts_checked: bool) -> Value {
    let mut json = serde_json::to_value(block).expect("answers are texts, numbers and lists");
    let mut unproven = json!({"body_bytes": json["body_bytes"].take()});
    let receipts = json["receipts"].take();
    if receipts_checked {
        let words = |receipt: &Value| json!({"name": receipt["name"], "message": receipt["message"]});
        unproven["receipts"] = receipts.as_array().into_iter().flatten().map(words).collect();
        json["receipts"] = json!(block.receipts.iter().map(receipt_json).collect::<Vec<_>>());
    } else {
        unproven["receipts"] = receipts;
    }
    if let Some(fields) = json.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    json["finality_checked"] = json!(checked.is_some());
    json["receipts_checked"] = json!(receipts_checked);
    json["validators_signed"] = json!(checked.map(|checked| checked.signers));
    json["as_the_node_says"] = unproven;
    json
}

impl Status {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let client = context.client()?;
        // What the person trusts is held against the node; without that, its word is told as such.
        if context.genesis.is_some() || context.checkpoint.is_some() {
            context.chain(&client)?;
        }
        let status = client.status()?;
        let age = |ms: u64| format!(", {}.{} s ago", ms / 1_000, ms % 1_000 / 100);
        let age = status.health.as_ref().map(|health| age(health.final_age_ms)).unwrap_or_default();
        let mut rows = vec![
            ("voting:", status.voting.sentence.clone()),
            ("chain:", format!("{} ({})", status.chain_name, status.chain_id)),
            ("node:", format!("{} {}, {}", status.role, status.node_version, counted(status.peers.into(), "peer"))),
            ("final:", format!("block {}, {}{age}", status.final_height, status.final_hash)),
            ("epoch, view:", format!("{}, {}", status.epoch, status.view)),
            ("pool:", counted(status.mempool_transactions.into(), "transaction")),
            ("syncing:", if status.syncing { "yes" } else { "no" }.to_owned()),
        ];
        for trouble in status.health.iter().flat_map(|health| &health.troubles) {
            let weight = if trouble.forbids_ready { "not ready:" } else { "warning:" };
            rows.push((weight, trouble.sentence.clone()));
        }
        Ok(Report::new(lines(&rows), status).unproven())
    }
}

impl Validators {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let answer = context.client()?.validators(self.epoch.map(Epoch))?;
        let row = |member: &wallet::client::types::ValidatorResponse| {
            vec![
                member.index.to_string(),
                member.power.to_string(),
                member.account.clone(),
                member.key.to_string().chars().take(16).collect(),
                member.peer_id.clone(),
            ]
        };
        let rows: Vec<_> = answer.validators.iter().map(row).collect();
        let text = format!(
            "epoch {}, power {}, set {}\n{}",
            answer.epoch,
            answer.power_total,
            answer.validators_hash,
            table(&["index", "power", "account", "key", "peer"], &rows)
        );
        Ok(Report::new(text, answer).unproven())
    }
}

impl Fee {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let weight = self.weight.map_or_else(payment_weight, |weight| Ok(Weight(weight)))?;
        let estimate = context.client()?.fee_estimate(weight)?;
        let thr = |amount: Amount| format!("{} THR", amount.to_decimal(THR_DECIMALS));
        let text = lines(&[
            ("fee now:", format!("{} for weight {weight}", thr(estimate.fee))),
            ("fee max:", format!("{} to be safe for a minute", thr(estimate.fee_max))),
            ("tip:", thr(estimate.tip)),
        ]);
        Ok(Report::new(text, estimate).unproven())
    }
}
