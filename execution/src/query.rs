//! Questions about the state, for people: accounts, the kernel's records, and what modules answer.
//!
//! It must not change anything. Amounts in JSON are strings of base units.

use serde::Serialize;
use serde_json::{Value, json};
use types::{Address, Amount, AssetId, Epoch, Event, ModuleId, Network, Nonce};

use crate::context::{ModuleView, SCAN_MAX, account_record};
use crate::event::KernelEvent;
use crate::keys;
use crate::module::{AnyModule, QueryArguments, QueryError};
use crate::next_block::NextBlock;
use crate::records::{self, AttendedRecord, RunningRecord, Supply};
use crate::registry::Registry;
use crate::system::KERNEL;
use crate::view::StateView;
use crate::words::{Argument, ArgumentKind, ModuleQuery};

/// What an account owns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// How many transactions it has had included; the next one carries this number.
    pub nonce: Nonce,
    /// Its THR, in µTHR.
    pub thr: Amount,
    /// Its other assets, in order of their numbers; at most [`SCAN_MAX`].
    pub balances: Vec<AssetBalance>,
}

/// What an account owns of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AssetBalance {
    /// The asset.
    pub asset: AssetId,
    /// How much, in base units.
    pub amount: Amount,
}

impl Registry {
    /// What an account owns; of an account never used, nothing.
    #[must_use]
    pub fn account(&self, view: &dyn StateView, address: &Address) -> Account {
        let record = account_record(view, address);
        let prefix = keys::balances_of(address);
        let balances = view.scan(&prefix, &[], SCAN_MAX).into_iter().filter_map(|(key, value)| {
            let asset = key.strip_prefix(prefix.as_slice())?.first_chunk()?;
            Some(AssetBalance { asset: AssetId(u64::from_be_bytes(*asset)), amount: records::decode(&value) })
        });
        Account { nonce: record.nonce, thr: record.thr, balances: balances.collect() }
    }

    /// What was issued and burned of an asset.
    #[must_use]
    pub fn supply(&self, view: &dyn StateView, asset: AssetId) -> Option<Supply> {
        records::read(view, &keys::supply(asset))
    }

    /// How often the validators of an epoch attended, for the last two epochs.
    #[must_use]
    pub fn attended(&self, view: &dyn StateView, epoch: Epoch) -> Option<AttendedRecord> {
        records::read(view, &keys::attended(epoch))
    }

    /// Answers a question to a module, by the names of both. The kernel answers `next-block` and `supply` (`asset`).
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn query(
        &self,
        view: &dyn StateView,
        module: &str,
        name: &str,
        arguments: &QueryArguments,
    ) -> Result<Value, QueryError> {
        let described = |queries: &[ModuleQuery]| queries.iter().find(|query| query.name == name).copied();
        let unknown = || QueryError::Unknown(name.to_owned());
        if module == KERNEL_NAME {
            described(KERNEL_QUERIES).ok_or_else(unknown)?.check(arguments)?;
            return self.query_kernel(view, name, arguments);
        }
        // Before a genesis there is no such record: then what needs no state, such as the form of a key, is answered by every module.
        let running: Option<RunningRecord> = records::read(view, &keys::running());
        let runs = |id| running.as_ref().is_none_or(|running| running.has(id));
        let found = self.module_named(module).filter(|found| runs(found.id()));
        let found = found.ok_or_else(|| QueryError::Unknown(module.to_owned()))?;
        described(found.queries()).ok_or_else(unknown)?.check(arguments)?;
        found.query(&ModuleView::new(view, found.id()), name, arguments)
    }

    /// What a module's own functions read of the state, if it runs there.
    #[must_use]
    pub fn view<'a>(&self, view: &'a dyn StateView, module: ModuleId) -> Option<ModuleView<'a>> {
        let running: RunningRecord = records::read_present(view, &keys::running());
        (self.module(module).is_some() && running.has(module)).then(|| ModuleView::new(view, module))
    }

    fn query_kernel(&self, view: &dyn StateView, name: &str, arguments: &QueryArguments) -> Result<Value, QueryError> {
        match name {
            "next-block" => {
                let next = NextBlock::read(view);
                Ok(json!({
                    "height": next.height(),
                    "epoch": next.epoch.number,
                    "epoch_start": next.epoch.start,
                    "version": next.epoch.version,
                    "price": next.price.to_string(),
                    "seed_mix": next.seed.mix,
                    "validators_hash": next.epoch.validators_hash,
                }))
            }
            "supply" => {
                let wrong = QueryError::Argument { argument: "asset", expected: "the number of an asset" };
                let asset = arguments.get("asset").and_then(|text| text.parse().ok()).map(AssetId).ok_or(wrong)?;
                let supply = self.supply(view, asset);
                let supply = supply.ok_or_else(|| QueryError::NotFound(format!("there is no asset {asset}")))?;
                Ok(json!({
                    "asset": asset,
                    "cap": supply.cap,
                    "issued": supply.issued,
                    "burned": supply.burned,
                    "circulating": supply.circulating(),
                }))
            }
            _ => Err(QueryError::Unknown(name.to_owned())),
        }
    }

    /// A call for people: its fields as JSON; `None` if the module is unknown or the bytes are no call of it.
    #[must_use]
    pub fn describe_call(&self, module: ModuleId, body: &[u8]) -> Option<Value> {
        self.module(module)?.describe_call(body)
    }

    /// An event for people: its fields as JSON; `None` if the module has no such event.
    #[must_use]
    pub fn describe_event(&self, event: &Event) -> Option<Value> {
        if event.module == KERNEL {
            let event: KernelEvent = borsh::from_slice(&event.body).ok()?;
            return serde_json::to_value(event).ok();
        }
        self.module(event.module)?.describe_event(event.kind, &event.body)
    }

    /// The same with accounts as this network writes them.
    #[must_use]
    pub fn show_event(&self, event: &Event, network: Network) -> Option<Value> {
        let mut fields = self.describe_event(event)?;
        let accounts = self.module(event.module).map(AnyModule::accounts);
        write_addresses(&mut fields, accounts.unwrap_or_default(), network);
        Some(fields)
    }

    /// What a module answers, or has in a record, with accounts as this network writes them.
    #[must_use]
    pub fn show_answer(&self, module: &str, mut answer: Value, network: Network) -> Value {
        let accounts = self.module_named(module).map(AnyModule::accounts);
        write_addresses(&mut answer, accounts.unwrap_or_default(), network);
        answer
    }
}

/// Writes the accounts in these fields, however deep, as the network does. What is no account there stays.
pub fn write_addresses(value: &mut Value, fields: &[&str], network: Network) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                if fields.contains(&name.as_str()) {
                    write_address(value, network);
                }
                write_addresses(value, fields, network);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| write_addresses(item, fields, network)),
        _ => {}
    }
}

fn write_address(value: &mut Value, network: Network) {
    match value {
        Value::String(text) => {
            if let Ok(address) = serde_json::from_value::<Address>(Value::String(text.clone())) {
                *text = address.to_text(network);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| write_address(item, network)),
        _ => {}
    }
}

/// The questions that the kernel answers.
pub const KERNEL_QUERIES: &[ModuleQuery] = &[
    ModuleQuery {
        name: "next-block",
        about: "What the next block builds on: height, epoch, price, seed.",
        arguments: &[],
    },
    ModuleQuery {
        name: "supply",
        about: "What was issued and burned of an asset.",
        arguments: &[Argument::required("asset", ArgumentKind::Number, "the asset's number; 0 is THR")],
    },
];

/// The kernel's name beside those of the modules.
pub const KERNEL_NAME: &str = "kernel";
