//! `thronos history`: an account's transactions, newest first.

use clap::Args;
use types::THR_DECIMALS;
use wallet::calls::{describe, describe_events};
use wallet::cli::context::Context;
use wallet::cli::report::{Report, table};
use wallet::client::types::HistoryResponse;
use wallet::{NodeClient, Result};

/// Most entries that a node gives at once.
const PAGE: u32 = 100;

/// `history`
#[derive(Debug, Args)]
pub struct History {
    /// Address, or name of an account in this wallet
    account: String,
    /// How many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    /// Go on where the last answer ended
    #[arg(long)]
    cursor: Option<String>,
}

impl History {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        context.readable(&self.account)?;
        let client = context.client()?;
        let chain = context.chain_of_state(&client)?;
        let address = context.resolve(&self.account, chain.network())?.to_text(chain.network());
        let answer = pages(&client, &address, self.cursor.as_deref(), self.limit)?;
        let mut rows = Vec::new();
        for entry in &answer.transactions {
            let does = entry.transaction.as_ref().map_or_else(
                || "moved by the block itself".to_owned(),
                |transaction| {
                    let calls = describe(&transaction.body, chain.network()).into_iter().map(|call| call.sentence);
                    let events = describe_events(&entry.receipt, chain.network());
                    let brought = events.into_iter().filter_map(|event| event.sentence);
                    calls.chain(brought).collect::<Vec<_>>().join("; ")
                },
            );
            rows.push(vec![
                entry.height.to_string(),
                entry.receipt.name.clone(),
                entry.receipt.fee.to_decimal(THR_DECIMALS),
                entry.id.to_string(),
                does,
            ]);
        }
        let mut text = table(&["block", "result", "fee", "id", "does"], &rows);
        if let Some(cursor) = &answer.cursor {
            text += &format!("more: `thronos history {} --limit {} --cursor {cursor}`\n", self.account, self.limit);
        }
        Ok(Report::new(text, answer).unproven())
    }
}

/// So many entries, asked for page by page.
fn pages(client: &NodeClient, address: &str, cursor: Option<&str>, limit: u32) -> Result<HistoryResponse> {
    let mut all = HistoryResponse { transactions: Vec::new(), cursor: cursor.map(str::to_owned) };
    loop {
        let left = limit.saturating_sub(u32::try_from(all.transactions.len()).unwrap_or(u32::MAX));
        let page = client.history(address, all.cursor.as_deref(), left.min(PAGE))?;
        let is_last = page.transactions.is_empty() || page.cursor.is_none() || left <= PAGE;
        all.transactions.extend(page.transactions);
        all.cursor = page.cursor;
        if is_last {
            return Ok(all);
        }
    }
}
