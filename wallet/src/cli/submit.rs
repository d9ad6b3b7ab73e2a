//! The way of every transaction that a command makes: envelope, fee, signature, and where it goes.
//!
//! Whatever can be refused before a password is asked for is refused there. A multisig sender's transaction goes to a file.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Value, json};
use types::{Amount, AuthKind, Call, Hash32, Nonce, THR, THR_DECIMALS, TimeMs, Transaction, TransactionBody, Weight};

use super::context::{AssetChoice, Context, Sender, check_new, write_new};
use super::handing_in::{forget, send, tell_unfinished, with_file};
use super::report::{Report, lines, when};
use super::span;
use crate::calls::{describe, reject_words, weigh};
use crate::client::types::ReceiptResponse;
use crate::delivery::{Bytes, Whereabouts, taken_by_another};
use crate::finality::FinalTransaction;
use crate::transaction::{Envelope, build, sign_transaction, signature_by};
use crate::{Chain, Error, NodeClient, Result, TransactionFile};

/// How long beyond its validity a transaction is waited for.
const PATIENCE_BEYOND: Duration = Duration::from_secs(30);
/// So far may the newest block be ahead of this machine's clock, in milliseconds.
const CLOCK_AHEAD_MS_MAX: u64 = 120_000;

/// How often a transaction is signed with a new nonce, because another wallet took the one before.
const NONCE_TRIES: u32 = 4;

/// What every command that makes a transaction may be told.
#[derive(Clone, Debug, Args)]
pub struct TransactionArgs {
    /// Name of the account in this wallet that acts and pays
    #[arg(long, value_name = "NAME")]
    pub from: String,
    /// THR for the proposer, to be served first
    #[arg(long, value_name = "THR", allow_negative_numbers = true)]
    pub tip: Option<String>,
    /// Most THR that may be taken as fee [default: what the node suggests]
    #[arg(long, value_name = "THR", allow_negative_numbers = true)]
    pub fee_max: Option<String>,
    /// Nonce of the transaction [default: the account's next]
    #[arg(long, allow_negative_numbers = true)]
    pub nonce: Option<u64>,
    /// How long it may wait to be included
    #[arg(long, default_value = "10m", value_name = "SPAN")]
    pub valid_for: String,
    /// Send it although a dry run says that it would be rejected, and its fee be lost
    #[arg(long, conflicts_with_all = ["dry_run", "offline", "out"])]
    pub force: bool,
    /// Show what would happen, without sending
    #[arg(long, conflicts_with_all = ["no_wait", "offline", "out"])]
    pub dry_run: bool,
    /// Return as soon as the node has taken it
    #[arg(long, conflicts_with_all = ["offline", "out"])]
    pub no_wait: bool,
    /// Ask no node: needs --nonce, --fee-max and a known genesis; writes a file
    #[arg(long, requires = "out")]
    pub offline: bool,
    /// Write the transaction to a file instead of sending it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl TransactionArgs {
    /// What the command may use: no node where none is to be asked.
    pub fn within(&self, context: &Context) -> Context {
        Context { offline: self.offline, ..context.clone() }
    }
}

/// Makes a transaction of calls that give `spent` away, and does with it what the arguments say.
pub fn carry_out(
    context: &Context,
    args: &TransactionArgs,
    calls: Vec<Call>,
    spent: &[(AssetChoice, Amount)],
) -> Result<Report> {
    let sender = context.sender(&args.from)?;
    args.out.as_deref().map(check_new).transpose()?;
    if args.offline {
        let chain = context.known_chain()?;
        let body = offline_body(&chain, args, &sender, calls)?;
        return to_file(context, args, &chain, &sender, body);
    }
    if sender.policy.is_some() && args.out.is_none() && !args.dry_run {
        let message = format!("`{}` is a multisig account: its transaction goes to a file to be signed", sender.name);
        return Err(Error::new("out_needed", message, "give `--out FILE`, then sign and merge it"));
    }
    let client = context.client()?;
    let mut chain = context.chain(&client)?;
    let body = online_body(&client, &chain, args, &sender, calls.clone(), spent)?;
    if args.out.is_some() {
        return to_file(context, args, &chain, &sender, body);
    }
    if sender.policy.is_some() {
        return Ok(shown_body(&chain, &sender, &body));
    }
    let key = context.unlock(&sender.name)?;
    if args.dry_run {
        let nonce = body.nonce;
        let tried = simulate(&client, &chain, &sign_transaction(&key, chain.id(), body)?);
        return tried.map_err(|error| explain_gap(error, &sender.name, nonce));
    }
    let patience = Duration::from_millis(span::parse(&args.valid_for)?).saturating_add(PATIENCE_BEYOND);
    let patience = (!args.no_wait).then_some(patience);
    let mut tries = if args.nonce.is_some() { 1 } else { NONCE_TRIES };
    if args.nonce.is_none() {
        tell_unfinished(context, &chain, &sender.address, &calls);
    }
    loop {
        tries -= 1;
        // Commands at the same time take one nonce after the other.
        let lock = context.home.lock_account(&sender.address)?;
        let body = online_body(&client, &chain, args, &sender, calls.clone(), spent)?;
        let transaction = sign_transaction(&key, chain.id(), body)?;
        if !args.force {
            refuse_what_fails(&client, &chain, &transaction)?;
        }
        match send(context, &client, &mut chain, &transaction, (Bytes::New, patience), Some(lock), None) {
            Err(stopped) if args.nonce.is_none() && stopped.outcome == Whereabouts::NonceTaken => {
                context.note(&format!("{}; waiting for the proof of it", stopped.error.message));
                // Signed anew without a proof it could be paid twice: who calls the nonce taken may have handed this one on.
                let kept = context.home.sent_path(&crypto::ids::transaction_id(chain.id(), &transaction.body))?;
                let proven = taken_by_another(&client, &mut chain, &transaction);
                proven.map_err(|error| with_file(error, &kept))?;
                forget(context, &chain, &transaction);
                if tries == 0 {
                    let message = format!("another wallet with the key of `{}` takes each nonce first", sender.name);
                    return Err(Error::new(
                        "nonce_taken",
                        message,
                        "nothing was sent; try again when the other one rests",
                    ));
                }
            }
            done => return Ok(done?),
        }
    }
}

/// A call that would be rejected costs its fee and does nothing. Where a dry run says so, nothing is sent.
fn refuse_what_fails(client: &NodeClient, chain: &Chain, transaction: &Transaction) -> Result<()> {
    // What waits in the pool is no part of a dry run: one that cannot be made says nothing.
    let Ok(answer) = client.simulate(chain.id(), transaction) else { return Ok(()) };
    let receipt = answer.receipt;
    if receipt.code == 0 {
        return Ok(());
    }
    let (name, sentence) = reject_words(receipt.code);
    let message = format!(
        "a dry run at the node would reject the call {} with code {} ({name}): {sentence}; its fee would be lost",
        receipt.call, receipt.code
    );
    Err(Error::new("would_be_rejected", message, "nothing was sent; `--force` sends it all the same"))
}

/// What became of a final transaction; a rejected one is an error, because what it was sent for did not happen.
pub fn final_report(done: &FinalTransaction) -> Result<Report> {
    if done.receipt.code != 0 {
        let fee = done.receipt.fee.to_decimal(THR_DECIMALS);
        let (id, height, receipt) = (done.id, done.block.header.height, &done.receipt);
        // A receipt holds a number; what that means is said in this wallet's words, not in the node's.
        let (name, sentence) = reject_words(receipt.code);
        let what = format!("its call {} was rejected with code {} ({name}): {sentence}", receipt.call, receipt.code);
        if !done.receipt_checked {
            let message = format!(
                "the transaction {id} is final in block {height}, and the node says that {what}; it says that a fee of {fee} THR was paid"
            );
            let hint = format!(
                "the next block proves it or not: look with `thronos tx {id}`, at another node too with `--node`"
            );
            return Err(Error::new("result_unproven", message, hint));
        }
        let message =
            format!("the transaction {id} is final in block {height}, but {what}; a fee of {fee} THR was paid");
        return Err(Error::new(name, message, "nothing else was changed"));
    }
    Ok(Report::new(final_lines(done), final_json(done)))
}

/// The lines about a final transaction.
pub fn final_lines(done: &FinalTransaction) -> String {
    let block = &done.block;
    let result = match done.receipt.code {
        0 => "ok".to_owned(),
        code => format!("rejected with code {code}: {}", reject_words(code).0),
    };
    let proof = if done.receipt_checked { "checked" } else { "as the node says; its proof comes with the next block" };
    let mut pairs = vec![
        ("final:", finality(block.header.height.0, block.signers, block.validators)),
        ("id:", done.id.to_string()),
        ("block:", block.hash.to_string()),
        ("result:", format!("{result} ({proof})")),
        ("fee:", format!("{} THR", done.receipt.fee.to_decimal(THR_DECIMALS))),
    ];
    let told = if done.receipt_checked { "" } else { ", as the node says" };
    let sentences = done.events.iter().filter_map(|event| event.sentence.as_ref());
    pairs.extend(sentences.map(|sentence| ("brought:", format!("{sentence}{told}"))));
    if let Some(latency) = done.latency {
        pairs.push(("latency:", format!("{} ms", latency.as_millis())));
    }
    if let Some(stood) = done.stood {
        pairs.push(("chain:", format!("stood for {} s, as the node said", stood.as_secs())));
    }
    lines(&pairs)
}

/// `block 812, 3 of 4 validators, checked by this wallet`.
pub fn finality(height: u64, signers: usize, validators: usize) -> String {
    let validators = types::counted(validators as u64, "validator");
    format!("block {height}, {signers} of {validators}, checked by this wallet")
}

/// The same as JSON.
pub fn final_json(done: &FinalTransaction) -> Value {
    json!({
        "id": done.id,
        "status": "final",
        "height": done.block.header.height,
        "block": done.block.hash,
        "code": done.receipt.code,
        "name": if done.receipt.code == 0 { "ok" } else { "rejected" },
        "fee": done.receipt.fee,
        "events": done.events,
        "validators_signed": done.block.signers,
        "validators": done.block.validators,
        "finality_checked": true,
        "receipt_checked": done.receipt_checked,
        "latency_ms": done.latency.map(milliseconds),
        "no_block_ms": done.stood.map(milliseconds),
    })
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// What a receipt's root commits to, as JSON. Its name and message are the node's words.
pub fn receipt_json(receipt: &ReceiptResponse) -> Value {
    let mut json = json!(receipt);
    if let Some(fields) = json.as_object_mut() {
        fields.remove("name");
        fields.remove("message");
    }
    json
}

/// The THR of an option, which an error names.
fn thr(option: &str, text: &str) -> Result<Amount> {
    let asset = AssetChoice { id: THR, symbol: "THR".to_owned(), decimals: THR_DECIMALS };
    let named = |error: Error| Error { message: format!("`{option}`: {}", error.message), ..error };
    asset.amount(text).map_err(named)
}

/// The time of this machine.
#[must_use]
pub fn now() -> TimeMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimeMs(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The envelope without a fee; `now` is the later of the chain's time and this machine's.
fn envelope(chain: &Chain, args: &TransactionArgs, sender: &Sender, nonce: Nonce, now: TimeMs) -> Result<Envelope> {
    let span = span::parse(&args.valid_for)?;
    let longest = chain.genesis().parameters.timing.validity_max_ms;
    if span > longest {
        let message = format!(
            "a transaction may stay valid for at most {} s on this chain, not {} s",
            longest / 1_000,
            span / 1_000
        );
        return Err(Error::new("valid_too_long", message, "give a shorter `--valid-for`"));
    }
    Ok(Envelope {
        sender: sender.address,
        auth: if sender.policy.is_some() { AuthKind::Multisig } else { AuthKind::Single },
        nonce,
        valid_until: now.saturating_add(span),
        fee_max: Amount::ZERO,
        tip: args.tip.as_deref().map(|tip| thr("--tip", tip)).transpose()?.unwrap_or_default(),
    })
}

fn offline_body(chain: &Chain, args: &TransactionArgs, sender: &Sender, calls: Vec<Call>) -> Result<TransactionBody> {
    let (Some(nonce), Some(fee_max)) = (args.nonce, args.fee_max.as_deref()) else {
        let hint = "ask `thronos balance` and `thronos fee` on a machine with a connection";
        return Err(Error::new("offline_needs", "without a node, `--nonce` and `--fee-max` must be given", hint));
    };
    let mut envelope = envelope(chain, args, sender, Nonce(nonce), now())?;
    envelope.fee_max = thr("--fee-max", fee_max)?;
    let body = build(&envelope, calls)?;
    let least = fee_least(chain, weigh(&body, sender.policy.as_ref())?);
    if body.fee_max < least {
        let (given, least) = (body.fee_max.to_decimal(THR_DECIMALS), least.to_decimal(THR_DECIMALS));
        let message =
            format!("the highest fee allowed is {given} THR, and no such transaction ever costs less than {least} THR");
        return Err(Error::new(
            "fee_max_too_low",
            message,
            "give a higher `--fee-max`; `thronos fee` says what is safe",
        ));
    }
    Ok(body)
}

/// What a weight costs at the lowest price that the chain allows.
fn fee_least(chain: &Chain, weight: Weight) -> Amount {
    let price = u128::from(chain.genesis().parameters.fees.price_floor);
    // The price has 32 fractional bits; fees are rounded up.
    Amount(price.saturating_mul(u128::from(weight.0)).div_ceil(1 << 32))
}

fn online_body(
    client: &NodeClient,
    chain: &Chain,
    args: &TransactionArgs,
    sender: &Sender,
    calls: Vec<Call>,
    spent: &[(AssetChoice, Amount)],
) -> Result<TransactionBody> {
    let account = client.account(&sender.address.to_text(chain.network()))?;
    let nonce = args.nonce.map_or(account.pending_nonce, Nonce);
    if nonce < account.nonce {
        let message = format!("the nonce {nonce} was used already: the account's next is {}", account.pending_nonce);
        return Err(Error::new("nonce_used", message, "leave `--nonce` out"));
    }
    if nonce > account.pending_nonce {
        let missing = account.pending_nonce;
        let message = format!("the nonce {nonce} leaves a gap: {missing} is missing");
        return Err(Error::new(
            "nonce_gap",
            message,
            format!("send the transaction with nonce {missing} first, or leave `--nonce` out"),
        ));
    }
    let time = time_of(client.status()?.time, now())?;
    let mut body = build(&envelope(chain, args, sender, nonce, time)?, calls)?;
    let estimate = client.fee_estimate(weigh(&body, sender.policy.as_ref())?)?;
    let fee_max = args.fee_max.as_deref().map(|fee_max| thr("--fee-max", fee_max));
    body.fee_max = fee_max.transpose()?.unwrap_or(estimate.fee_max);
    if body.fee_max < estimate.fee {
        let (given, needed) = (body.fee_max.to_decimal(THR_DECIMALS), estimate.fee.to_decimal(THR_DECIMALS));
        let message = format!("the highest fee allowed is {given} THR, and the transaction costs {needed} THR now");
        return Err(Error::new("fee_max_too_low", message, "give a higher `--fee-max`, or leave it out"));
    }
    check_balances(&account.balances, &body, spent)?;
    Ok(body)
}

/// The time from which validity is reckoned: that of the newest block where it is ahead a little. A node that names a time far
/// ahead would make a transaction that stays valid for as long as it likes.
fn time_of(newest: TimeMs, own: TimeMs) -> Result<TimeMs> {
    let ahead_ms = newest.0.saturating_sub(own.0);
    if ahead_ms <= CLOCK_AHEAD_MS_MAX {
        return Ok(newest.max(own));
    }
    let message = format!("the node's newest block is {} s ahead of this machine's clock", ahead_ms / 1_000);
    Err(Error::new("clock_differs", message, "let NTP set the clock; if it is right, do not trust this node"))
}

/// A call that the account cannot pay for would be rejected on chain, and its fee be lost.
fn check_balances(
    balances: &[crate::client::types::BalanceResponse],
    body: &TransactionBody,
    spent: &[(AssetChoice, Amount)],
) -> Result<()> {
    let thr_asset = AssetChoice { id: THR, symbol: "THR".to_owned(), decimals: THR_DECIMALS };
    let mut needs = vec![(thr_asset, body.fee_max.checked_add(body.tip).unwrap_or(Amount::MAX))];
    for (asset, amount) in spent {
        match needs.iter_mut().find(|(needed, _)| needed.id == asset.id) {
            Some((_, sum)) => *sum = sum.checked_add(*amount).unwrap_or(Amount::MAX),
            None => needs.push((asset.clone(), *amount)),
        }
    }
    for (asset, needed) in needs {
        let entry = balances.iter().find(|balance| balance.asset == asset.id);
        let has = entry.map(|balance| balance.amount).unwrap_or_default();
        if has < needed {
            let with_fee = if asset.id == THR { " with the highest fee and the tip" } else { "" };
            let message =
                format!("this needs {}{with_fee}, and the account has {}", asset.shown(needed), asset.shown(has));
            return Err(Error::new(
                "insufficient_balance",
                message,
                "send less, or add to the account first; nothing was sent",
            ));
        }
    }
    Ok(())
}

/// Signs if one key is enough, and writes the file.
fn to_file(
    context: &Context,
    args: &TransactionArgs,
    chain: &Chain,
    sender: &Sender,
    body: TransactionBody,
) -> Result<Report> {
    let out = args.out.as_ref().ok_or_else(|| Error::new("out_needed", "no file was named", "give `--out FILE`"))?;
    let mut file = TransactionFile::unsigned(chain.id(), chain.network(), body, sender.policy.clone());
    if sender.policy.is_none() {
        let key = context.unlock(&sender.name)?;
        let signature = signature_by(&key, chain.id(), &file.body);
        file.add(key.public_key(), signature)?;
    }
    write_new(out, &file.to_json())?;
    Ok(super::file::describe_file(&file, Some(out)))
}

fn simulate(client: &NodeClient, chain: &Chain, transaction: &Transaction) -> Result<Report> {
    let id = crypto::ids::transaction_id(chain.id(), &transaction.body);
    let answer = client.simulate(chain.id(), transaction)?;
    let receipt = &answer.receipt;
    let (name, sentence) = reject_words(receipt.code);
    let result = if receipt.code == 0 {
        "ok".to_owned()
    } else {
        format!("rejected with code {} ({name}): {sentence}", receipt.code)
    };
    let mut text = body_lines(chain, &transaction.body, id);
    text += &lines(&[
        ("result:", format!("{result}, after block {}, as the node says; nothing was sent", answer.height)),
        ("weight:", format!("{}, as the node says", receipt.weight)),
        ("fee:", format!("{} THR, as the node says", receipt.fee.to_decimal(THR_DECIMALS))),
    ]);
    let mut json = body_json(chain, &transaction.body, id);
    json["status"] = json!("dry_run");
    json["receipt"] = json!(receipt);
    json["receipt_checked"] = json!(false);
    Ok(Report::new(text, json))
}

/// A dry run sees the final state only. The nonces that it misses are those of transactions which wait, and nobody has to send them.
fn explain_gap(error: Error, name: &str, nonce: Nonce) -> Error {
    if error.code != "nonce_gap" {
        return error;
    }
    let message = format!(
        "a dry run sees only what is final, and transactions of `{name}` before nonce {nonce} are still waiting to become so, as the node says"
    );
    let hint = "try again when they are final, in a moment as a rule; `thronos status` says how the chain is";
    Error::new("nonce_gap", message, hint)
}

fn shown_body(chain: &Chain, sender: &Sender, body: &TransactionBody) -> Report {
    let id = crypto::ids::transaction_id(chain.id(), body);
    let text =
        format!("{}`{}` is a multisig account; nothing was signed or sent\n", body_lines(chain, body, id), sender.name);
    Report::new(text, body_json(chain, body, id))
}

/// The lines about a body, decoded from what is signed.
pub fn body_lines(chain: &Chain, body: &TransactionBody, id: Hash32) -> String {
    let calls: Vec<_> = describe(body, chain.network()).into_iter().map(|call| call.sentence).collect();
    lines(&[
        ("id:", id.to_string()),
        ("from:", body.sender.to_text(chain.network())),
        ("does:", calls.join("; ")),
        ("nonce:", body.nonce.to_string()),
        ("fee max:", format!("{} THR", body.fee_max.to_decimal(THR_DECIMALS))),
        ("tip:", format!("{} THR", body.tip.to_decimal(THR_DECIMALS))),
        ("valid until:", format!("{} (time of the block)", when(body.valid_until))),
    ])
}

/// The same as JSON.
pub fn body_json(chain: &Chain, body: &TransactionBody, id: Hash32) -> Value {
    json!({
        "id": id,
        "chain_id": chain.id(),
        "sender": body.sender.to_text(chain.network()),
        "nonce": body.nonce,
        "fee_max": body.fee_max,
        "tip": body.tip,
        "valid_until": body.valid_until,
        "calls": describe(body, chain.network()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RE4
    #[test]
    fn validity_follows_the_own_clock_and_a_node_far_ahead_of_it_is_refused() {
        let own = TimeMs(1_800_000_000_000);
        let ahead = |ms: u64| TimeMs(own.0 + ms);
        assert_eq!(time_of(TimeMs(0), own), Ok(own), "an idle chain, or a node that is behind");
        assert_eq!(time_of(ahead(CLOCK_AHEAD_MS_MAX), own), Ok(ahead(CLOCK_AHEAD_MS_MAX)));
        for far in [ahead(CLOCK_AHEAD_MS_MAX + 1), ahead(315_360_000_000), TimeMs(u64::MAX)] {
            assert_eq!(time_of(far, own).expect_err("too far").code, "clock_differs");
        }
    }
}
