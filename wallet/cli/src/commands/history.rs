//! `thronos history`: an account's transactions, newest first.

use clap::Args;
use types::THR_DECIMALS;
use wallet::Result;
use wallet::calls::describe;
use wallet::cli::context::Context;
use wallet::cli::report::{Report, table};

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
        let client = context.client()?;
        let chain = context.chain(&client)?;
        let address = context.resolve(&self.account, chain.network())?;
        let answer = client.history(&address.to_text(chain.network()), self.cursor.as_deref(), self.limit)?;
        let mut rows = Vec::new();
        for entry in &answer.transactions {
            let does = entry.transaction.as_ref().map_or_else(
                || "moved by the block itself".to_owned(),
                |transaction| {
                    let calls = describe(&transaction.body, chain.network());
                    calls.into_iter().map(|call| call.sentence).collect::<Vec<_>>().join("; ")
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
            text += &format!("more: --cursor {cursor}\n");
        }
        Ok(Report::new(text, answer).unproven())
    }
}
