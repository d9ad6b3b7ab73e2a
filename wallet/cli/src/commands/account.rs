//! `thronos balance` and `thronos proof`: what an account has, as a node says or as the chain proves.

use clap::Args;
use execution::{AccountRecord, keys};
use serde_json::json;
use types::{Amount, THR};
use wallet::assets::display_name;
use wallet::cli::context::Context;
use wallet::cli::report::{Report, lines};
use wallet::cli::submit::finality;
use wallet::finality::check_value;
use wallet::{Error, Result};

/// `balance`
#[derive(Debug, Args)]
pub struct Balance {
    /// Address, or name of an account in this wallet [default: all accounts of this wallet]
    account: Option<String>,
}

/// `proof`
#[derive(Debug, Args)]
pub struct Proof {
    /// Address, or name of an account in this wallet
    account: String,
    /// Symbol or number of the asset
    #[arg(long, default_value = "THR")]
    asset: String,
}

impl Balance {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        self.account.as_deref().map_or(Ok(()), |account| context.readable(account))?;
        let client = context.client()?;
        let chain = context.chain_of_state(&client)?;
        let addresses = match &self.account {
            Some(account) => vec![context.resolve(account, chain.network())?],
            None => own_addresses(context)?,
        };
        let (mut text, mut answers) = (String::new(), Vec::new());
        for address in addresses {
            let account = client.account(&address.to_text(chain.network()))?;
            let amounts = account.balances.iter();
            let amounts: Vec<_> = amounts
                .map(|held| {
                    format!("{} {}", held.amount.to_decimal(held.decimals), display_name(held.asset, &held.symbol))
                })
                .collect();
            let amounts = if amounts.is_empty() { "nothing".to_owned() } else { amounts.join(", ") };
            text += &lines(&[
                ("address:", account.address.clone()),
                ("has:", amounts),
                ("next nonce:", account.pending_nonce.to_string()),
            ]);
            answers.push(account);
        }
        // One account is asked for in most cases, and then it is the answer itself.
        match (&self.account, answers.pop()) {
            (Some(_), Some(only)) => Ok(Report::new(text, only).unproven()),
            (_, last) => Ok(Report::new(text, answers.into_iter().chain(last).collect::<Vec<_>>()).unproven()),
        }
    }
}

fn own_addresses(context: &Context) -> Result<Vec<types::Address>> {
    let mut addresses = Vec::new();
    for name in context.home.key_names()? {
        addresses.push(context.home.key(&name)?.address());
    }
    for name in context.home.policy_names()? {
        addresses.push(context.sender(&name)?.address);
    }
    if addresses.is_empty() {
        let message = format!("there are no accounts in {}", context.home.directory().display());
        return Err(Error::new(
            "no_accounts",
            message,
            "give an address, or make an account with `thronos wallet new`",
        ));
    }
    Ok(addresses)
}

impl Proof {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        context.readable(&self.account)?;
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        let address = context.resolve(&self.account, chain.network())?;
        let asset = context.asset(&self.asset)?;
        let answer = client.proof(&address.to_text(chain.network()), asset.id)?;
        let key =
            if asset.id == THR { keys::account(&address).to_vec() } else { keys::balance(asset.id, &address).to_vec() };
        let proven = check_value(&client, &mut chain, &answer, &key)?;
        let (value, height, checked) = (proven.value, proven.height, proven.header);
        let (presence, newer) = context.presence(&chain, &checked.header)?;
        context.remember(&chain, &checked)?;
        let unreadable = |_| {
            let message = "the proven value cannot be read by this wallet: use a newer one";
            Error::new("wrong_proof", message, "the node is lying or damaged: ask another one")
        };
        let (amount, nonce) = match (value.as_deref(), asset.id == THR) {
            (None, _) => (Amount::ZERO, None),
            (Some(value), true) => {
                let record: AccountRecord = borsh::from_slice(value).map_err(unreadable)?;
                (record.thr, Some(record.nonce))
            }
            (Some(value), false) => (borsh::from_slice(value).map_err(unreadable)?, None),
        };
        let place = finality(checked.header.height.0, checked.signers, checked.validators);
        let mut rows = vec![
            ("proven:", format!("{} after block {height}", asset.shown(amount))),
            ("account:", address.to_text(chain.network())),
            ("state root:", checked.header.state_root.to_string()),
            ("in:", place),
        ];
        rows.extend(presence);
        let mut json = json!({
            "address": address.to_text(chain.network()), "asset": asset.id, "amount": amount, "nonce": nonce, "height": height,
            "state_root": checked.header.state_root, "header_height": checked.header.height, "header": checked.hash,
            "validators_signed": checked.signers, "validators": checked.validators, "checked": true,
            "time": checked.header.time,
        });
        if let Some(newer) = newer {
            json["older_than"] = json!(newer);
        }
        Ok(Report::new(lines(&rows), json))
    }
}
