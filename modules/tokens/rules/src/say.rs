//! What a call does, in one sentence for who is to sign it.
//!
//! It must not know how addresses and amounts are written. Text of others is escaped, so that it cannot pretend to be ours.

use execution::Words;

use crate::call::TokensCall;

/// One sentence about a call.
pub(crate) fn say(call: &TokensCall, words: &dyn Words) -> String {
    match call {
        TokensCall::Transfer(transfer) => {
            let memo = String::from_utf8_lossy(&transfer.memo).escape_debug().to_string();
            let memo = if memo.is_empty() { memo } else { format!(", memo \"{memo}\"") };
            let amount = words.amount(transfer.asset, transfer.amount);
            format!("transfer {amount} to {}{memo}", words.address(transfer.to))
        }
        TokensCall::BatchTransfer(batch) => {
            let payments = batch.payments.iter();
            let all = payments
                .map(|payment| {
                    format!("{} to {}", words.amount(batch.asset, payment.amount), words.address(payment.to))
                })
                .collect::<Vec<_>>();
            format!("transfer {}", all.join(", "))
        }
        TokensCall::Create(create) => {
            let symbol = String::from_utf8_lossy(&create.asset.symbol).escape_debug().to_string();
            let minter = create.asset.minter.map_or_else(|| "nobody".to_owned(), |minter| words.address(minter));
            let cap = create.asset.cap.to_decimal(create.asset.decimals);
            let initial = create.initial.to_decimal(create.asset.decimals);
            format!("create asset {symbol}, cap {cap}, first issue {initial}, minter {minter}")
        }
        TokensCall::Mint(mint) => {
            format!("mint {} to {}", words.amount(mint.asset, mint.amount), words.address(mint.to))
        }
        TokensCall::Burn(burn) => format!("burn {}", words.amount(burn.asset, burn.amount)),
    }
}
