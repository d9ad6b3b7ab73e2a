//! `thronos send`: moves an asset to another account.

use clap::Args;
use types::Address;
use wallet::Result;
use wallet::cli::context::Context;
use wallet::cli::report::Report;
use wallet::cli::submit::{TransactionArgs, carry_out};

use crate::transfer::TransferRequest;

/// `send`
#[derive(Debug, Args)]
pub struct Send {
    /// Address, or name of an account in this wallet
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// How much, such as 1.5
    #[arg(long, allow_negative_numbers = true)]
    amount: String,
    /// Symbol or number of the asset
    #[arg(long, default_value = "THR")]
    asset: String,
    /// Anything to say; everybody can read it
    #[arg(long)]
    memo: Option<String>,
    /// Answer yes: an address of the older form, which has no checksum, is meant
    #[arg(long)]
    legacy_address: bool,
    #[command(flatten)]
    transaction: TransactionArgs,
}

impl Send {
    /// Sends it, or writes it where several keys have to sign.
    ///
    /// # Errors
    /// What it is refused for.
    pub fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        context.sender(&self.transaction.from)?;
        let asset = context.asset(&self.asset)?;
        let amount = asset.amount(&self.amount)?;
        let to = self.recipient(context)?;
        let memo = self.memo.clone().unwrap_or_default().into_bytes();
        let call = TransferRequest { to, asset: asset.id, amount, memo }.to_call()?;
        carry_out(context, &self.transaction, vec![call], &[(asset, amount)])
    }

    fn recipient(&self, context: &Context) -> Result<Address> {
        context.readable(&self.to)?;
        let chain = if self.transaction.offline { context.known_chain()? } else { context.any_chain()? };
        if let Some(address) = Address::parse_legacy(&self.to) {
            if !self.legacy_address {
                let text = address.to_text(chain.network());
                let question =
                    format!("{} is of the older form, without a checksum; it is {text}. Send to it?", self.to);
                context.confirm(&question, "--legacy-address")?;
            }
            return Ok(address);
        }
        context.resolve(&self.to, chain.network())
    }
}
