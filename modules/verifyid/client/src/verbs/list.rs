//! `thronos device list`: the devices of an account, and those that wait for it.

use clap::Args;
use serde_json::{Value, json};
use types::{Address, Network};
use verifyid::{DeviceAnswer, DeviceId};
use wallet::cli::{Context, Report};
use wallet::{Error, NodeClient, Result};

use super::show::{level_words, name};
use crate::say::{say, table};
use crate::{naming, node};

/// Each device is asked for, so a page is short.
const PAGE_MAX: usize = 100;

/// `device list`
#[derive(Debug, Args)]
pub struct ListDevices {
    /// Address, or name of an account in this wallet [default: every account of this wallet]
    account: Option<String>,
    /// Begin with this device, of an account with more than a page of them
    #[arg(long, value_name = "DEVICE", requires = "account")]
    start: Option<String>,
    /// At most so many of each list
    #[arg(long, default_value_t = 100, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=PAGE_MAX as u64))]
    limit: u64,
}

/// A device in the list of an account.
struct Entry {
    account: String,
    is_waiting: bool,
    answer: DeviceAnswer,
}

impl ListDevices {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        self.account.as_deref().map_or(Ok(()), |account| context.readable(account))?;
        let client = context.client()?;
        let network = context.chain_of_state(&client)?.network();
        let start = self.start.as_deref().map(|start| naming::device(context, start, network)).transpose()?;
        let limit = usize::try_from(self.limit).unwrap_or(PAGE_MAX).min(PAGE_MAX);
        let mut entries = Vec::new();
        let mut is_cut = false;
        for account in self.accounts(context, network)? {
            for which in ["devices", "waiting"] {
                let ids = node::ids(&client, which, &account.to_text(network), (start, limit))?;
                is_cut |= ids.len() == limit;
                entries.extend(described(&client, &account, network, (which == "waiting", ids))?);
            }
        }
        Ok(told(&entries, network, is_cut))
    }

    fn accounts(&self, context: &Context, network: Network) -> Result<Vec<Address>> {
        if let Some(account) = &self.account {
            return Ok(vec![context.resolve(account, network)?]);
        }
        let mut accounts = Vec::new();
        for name in context.home.key_names()?.into_iter().chain(context.home.policy_names()?) {
            accounts.push(context.sender(&name)?.address);
        }
        if accounts.is_empty() {
            let message = say!("there_are_no_accounts", directory = context.home.directory().display());
            return Err(Error::new("no_accounts", message, say!("give_address_make_account")));
        }
        Ok(accounts)
    }
}

fn described(
    client: &NodeClient,
    account: &Address,
    network: Network,
    (is_waiting, ids): (bool, Vec<DeviceId>),
) -> Result<Vec<Entry>> {
    let entry = |id| {
        let answer = node::told_device(client, id)?;
        if (answer.owner, answer.accepted) != (*account, !is_waiting) {
            let message = say!("node_lists_device_says_another_account");
            return Err(Error::new("bad_answer", message, say!("try_again_ask_another_node")));
        }
        Ok(Entry { account: account.to_text(network), is_waiting, answer })
    };
    ids.into_iter().map(entry).collect()
}

fn told(entries: &[Entry], network: Network, is_cut: bool) -> Report {
    let row = |entry: &Entry| {
        let answer = &entry.answer;
        let state = if entry.is_waiting { say!("waits_its_owner") } else { name(answer.status) };
        vec![answer.device.to_text(network), name(answer.kind), level_words(answer), state, entry.account.clone()]
    };
    let rows: Vec<_> = entries.iter().map(row).collect();
    let mut text = table(&["device", "kind", "level", "status", "owner"], &rows);
    if is_cut {
        text += &format!("{}\n", say!("there_may_more_begin_last_one"));
    }
    let document = |entry: &Entry| {
        let answer = &entry.answer;
        json!({
            "device": answer.device.to_text(network), "kind": answer.kind, "level": answer.level, "status": answer.status,
            "owner": entry.account, "is_waiting": entry.is_waiting, "rotation": answer.rotation, "key_id": answer.key_id,
        })
    };
    let devices: Vec<Value> = entries.iter().map(document).collect();
    Report::new(text, json!({"devices": devices, "may_have_more": is_cut})).unproven()
}
