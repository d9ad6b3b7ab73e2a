//! `thronos mining` and `thronos claim`: the work chain, what an account has earned there, and moving it to the account.

use clap::{Args, Subcommand};
use mining::{Earned, MiningCall, PAID_UNASKED_BELOW, WorkInfo};
use serde_json::json;
use types::{Amount, THR_DECIMALS};
use wallet::cli::context::Context;
use wallet::cli::report::{Report, ago, lines, when};
use wallet::cli::submit::{TransactionArgs, carry_out, now};
use wallet::{Error, Result};

use super::receipt::ReceiptArgs;
use crate::node;

/// `mining`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Mining {
    /// Address, or name of an account in this wallet: also show what it has earned
    account: Option<String>,
    #[command(subcommand)]
    of_pool: Option<OfPool>,
}

#[derive(Debug, Subcommand)]
enum OfPool {
    /// Show what a pool counted for an account, and check it against the root that everybody sees
    Receipt(ReceiptArgs),
}

/// `claim`
#[derive(Debug, Args)]
pub struct Claim {
    #[command(flatten)]
    transaction: TransactionArgs,
}

fn thr(amount: Amount) -> String {
    format!("{} THR", amount.to_decimal(THR_DECIMALS))
}

/// What those do who cannot pay for a claim.
fn paid_unasked() -> String {
    let below = thr(PAID_UNASKED_BELOW);
    format!("mine on: the next share brings an account of less than {below} what it is owed, without a claim")
}

impl Mining {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        if let Some(OfPool::Receipt(receipt)) = &self.of_pool {
            return receipt.run(context);
        }
        self.account.as_deref().map_or(Ok(()), |account| context.readable(account))?;
        let client = context.client()?;
        let info = node::info(&client)?;
        let mut text = info_lines(&info);
        let mut json = json!({ "chain": info });
        if let Some(account) = &self.account {
            let chain = context.chain(&client)?;
            let address = context.resolve(account, chain.network())?.to_text(chain.network());
            let earned = node::account(&client, &address)?;
            text += &account_lines(&address, &earned);
            text += &lines(&[("claimed:", format!("`thronos history {account}` tells what each claim brought"))]);
            json["address"] = json!(address);
            json["account"] = json!(earned);
        }
        Ok(Report::new(text, json).unproven())
    }
}

fn info_lines(info: &WorkInfo) -> String {
    let unknown = || "unknown".to_owned();
    let difficulty = info.difficulty.map_or_else(unknown, |difficulty| difficulty.to_string());
    let hashes = info.hashes_expected.clone().unwrap_or_else(unknown);
    let age_ms = now().0.saturating_sub(info.last_time.0);
    let works = match info.works {
        0 => "none yet".to_owned(),
        works => format!("{works}, the last at {}, {}", when(info.last_time), ago(age_ms)),
    };
    lines(&[
        ("works:", works),
        ("difficulty:", format!("{difficulty}, {hashes} hashes")),
        ("next pays:", thr(info.reward)),
        ("paid so far:", thr(info.issued)),
        ("shares:", format!("{} since the last work, {} in the window", info.shares, info.window_shares)),
        ("unclaimed:", format!("{} of all miners together", thr(info.unclaimed))),
    ])
}

fn account_lines(address: &str, earned: &Earned) -> String {
    let part = |text: &str| text.parse::<u128>().unwrap_or_default();
    // Tenths of a percent, rounded down.
    let of_window = part(&earned.weight).saturating_mul(1_000).checked_div(part(&earned.window_weight)).unwrap_or(0);
    lines(&[
        ("address:", address.to_owned()),
        ("claimable:", thr(earned.claimable)),
        ("of the window:", format!("{}.{} %", of_window / 10, of_window % 10)),
    ])
}

impl Claim {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        if !self.transaction.offline {
            let sender = context.sender(&self.transaction.from)?;
            let client = context.client()?;
            let chain = context.chain(&client)?;
            if node::account(&client, &sender.address.to_text(chain.network()))?.claimable.is_zero() {
                let message = format!("`{}` has earned less than one µTHR since its last claim", sender.name);
                return Err(Error::new(
                    "nothing_to_claim",
                    message,
                    format!("nothing was sent; `thronos mining {}` shows what it has earned", sender.name),
                ));
            }
        }
        carry_out(context, &self.transaction, vec![MiningCall::Claim.to_call()], &[]).map_err(|error| {
            let is_poor = error.own_code() == "insufficient_balance";
            if is_poor { Error { hint: paid_unasked(), ..error } } else { error }
        })
    }
}
