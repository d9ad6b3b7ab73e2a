//! `thronos history`: an account's transactions, newest first.

use clap::Args;
use types::{Network, THR_DECIMALS};
use wallet::calls::{DescribedEvent, describe, describe_events};
use wallet::cli::context::Context;
use wallet::cli::report::{Report, table};
use wallet::client::types::{HistoryEntry, HistoryResponse};
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
        let (mut rows, mut entries) = (Vec::new(), Vec::new());
        for entry in &answer.transactions {
            let events = describe_events(&entry.receipt, chain.network());
            let does = does(entry, &events, &address, chain.network());
            let mut document = serde_json::to_value(entry).expect("an entry was read from JSON");
            document["events"] = serde_json::json!(events);
            entries.push(document);
            rows.push(vec![
                entry.height.to_string(),
                entry.receipt.name.clone(),
                entry.receipt.fee.to_decimal(THR_DECIMALS),
                entry.transaction.as_ref().map_or_else(|| "-".to_owned(), |_| entry.id.to_string()),
                does,
            ]);
        }
        let mut text = table(&["block", "result", "fee", "id", "does"], &rows);
        if let Some(cursor) = &answer.cursor {
            text += &format!("more: `thronos history {} --limit {} --cursor {cursor}`\n", self.account, self.limit);
        }
        let json = serde_json::json!({ "transactions": entries, "cursor": answer.cursor });
        Ok(Report::new(text, json).unproven())
    }
}

/// What a transaction does and what it brought; of a block, what it brought this account, as it may have paid many.
fn does(entry: &HistoryEntry, events: &[DescribedEvent], address: &str, network: Network) -> String {
    let brought = events.iter().filter_map(|event| event.sentence.clone());
    let Some(transaction) = &entry.transaction else {
        let own: Vec<_> = brought.filter(|sentence| sentence.contains(address)).collect();
        return if own.is_empty() { "moved by the block itself".to_owned() } else { own.join("; ") };
    };
    let calls = describe(&transaction.body, network).into_iter().map(|call| call.sentence);
    calls.chain(brought).collect::<Vec<_>>().join("; ")
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
