//! `thronos asset`: create, mint, burn and show assets.

use clap::{Args, Subcommand};
use tokens::{Burn, Create, Mint, Tokens, TokensCall};
use types::{Amount, Asset, AssetId, ByteString};
use wallet::calls::checked_call;
use wallet::cli::context::{AssetChoice, Context};
use wallet::cli::report::{Report, table};
use wallet::cli::submit::{TransactionArgs, carry_out};
use wallet::client::types::AssetResponse;
use wallet::{Error, Result};

/// What can be done with assets.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an asset; it gets the next free number
    Create(CreateArgs),
    /// Issue new units; only the asset's minter may
    Mint(MintArgs),
    /// Destroy own units
    Burn(BurnArgs),
    /// Show one asset, or all
    Show(ShowArgs),
}

/// `asset create`
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// 1 to 16 capitals and digits
    #[arg(long)]
    symbol: String,
    /// Digits behind the point
    #[arg(long, default_value_t = 6)]
    decimals: u8,
    /// Most that may ever be issued
    #[arg(long, allow_negative_numbers = true)]
    cap: String,
    /// Issued at once to the creator
    #[arg(long, default_value = "0", allow_negative_numbers = true)]
    initial: String,
    /// Who may mint: an address or a name [default: nobody]
    #[arg(long)]
    minter: Option<String>,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `asset mint`
#[derive(Debug, Args)]
pub struct MintArgs {
    /// Symbol or number
    #[arg(long)]
    asset: String,
    /// Who gets it: an address or a name
    #[arg(long)]
    to: String,
    /// How much, such as 1.5
    #[arg(long, allow_negative_numbers = true)]
    amount: String,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `asset burn`
#[derive(Debug, Args)]
pub struct BurnArgs {
    /// Symbol or number
    #[arg(long)]
    asset: String,
    /// How much, such as 1.5
    #[arg(long, allow_negative_numbers = true)]
    amount: String,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// `asset show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Symbol or number [default: all]
    asset: Option<String>,
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        match self {
            Self::Create(create) => create.run(context),
            Self::Mint(mint) => mint.run(context),
            Self::Burn(burn) => burn.run(context),
            Self::Show(show) => show.run(context),
        }
    }
}

impl CreateArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        let symbol = ByteString::new(self.symbol.clone().into_bytes()).map_err(|_| {
            Error::new(
                "malformed_symbol",
                format!("the symbol has {} bytes", self.symbol.len()),
                "a symbol has at most 16",
            )
        })?;
        if self.decimals > types::limits::ASSET_DECIMALS_MAX {
            return Err(Error::new(
                "too_many_decimals",
                format!("{} decimals", self.decimals),
                "an asset has at most 18",
            ));
        }
        self.minter.as_deref().map_or(Ok(()), |minter| context.readable(minter))?;
        let chain = if self.transaction.offline { context.known_chain()? } else { context.any_chain()? };
        // Its number is not known yet, and does not matter for reading amounts.
        let choice = AssetChoice { id: AssetId::MAX, symbol: self.symbol.clone(), decimals: self.decimals };
        let minter = self.minter.as_deref().map(|minter| context.resolve(minter, chain.network())).transpose()?;
        let asset = Asset { symbol, decimals: self.decimals, minter, cap: choice.amount(&self.cap)? };
        let call =
            checked_call(TokensCall::Create(Create { asset, initial: choice.amount(&self.initial)? }).to_call())?;
        let thr = context.asset("THR")?;
        let section = execution::section::<Tokens>(chain.genesis());
        let fee = section.map(|tokens| tokens.asset_creation_fee).ok_or_else(|| {
            Error::new("no_assets", "this chain has no module `tokens`", "ask another chain's node with --node URL")
        })?;
        carry_out(context, &self.transaction, vec![call], &[(thr, fee)])
    }
}

impl MintArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        context.readable(&self.to)?;
        let asset = context.asset(&self.asset)?;
        let chain = if self.transaction.offline { context.known_chain()? } else { context.any_chain()? };
        let to = context.resolve(&self.to, chain.network())?;
        let call = checked_call(
            TokensCall::Mint(Mint { asset: asset.id, to, amount: asset.amount(&self.amount)? }).to_call(),
        )?;
        carry_out(context, &self.transaction, vec![call], &[])
    }
}

impl BurnArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        let asset = context.asset(&self.asset)?;
        let amount = asset.amount(&self.amount)?;
        let call = checked_call(TokensCall::Burn(Burn { asset: asset.id, amount }).to_call())?;
        carry_out(context, &self.transaction, vec![call], &[(asset, amount)])
    }
}

impl ShowArgs {
    fn run(&self, context: &Context) -> Result<Report> {
        let client = context.client()?;
        let assets = match &self.asset {
            Some(asset) => vec![client.asset(context.asset(asset)?.id)?],
            None => client.assets()?.assets,
        };
        let row = |asset: &AssetResponse| {
            let shown = |amount: Amount| {
                if amount == Amount::MAX { "none".to_owned() } else { amount.to_decimal(asset.decimals) }
            };
            vec![
                asset.id.to_string(),
                asset.symbol.clone(),
                asset.decimals.to_string(),
                shown(asset.issued),
                shown(asset.burned),
                shown(asset.cap),
                asset.minter.clone().unwrap_or_else(|| "nobody".to_owned()),
            ]
        };
        let rows: Vec<_> = assets.iter().map(row).collect();
        let text = table(&["number", "symbol", "decimals", "issued", "burned", "cap", "minter"], &rows);
        Ok(Report::new(text, assets).unproven())
    }
}
