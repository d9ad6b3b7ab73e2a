//! What a node says of devices and customers, and what it proves.
//!
//! A device is proven by its key in the state. Lists and plans are the node's word; they are read strictly, and an answer about
//! something else than what was asked is refused. It must not know a command.

use execution::{Module, QueryArguments};
use serde::de::DeserializeOwned;
use serde_json::Value;
use types::Address;
use verifyid::{CustomerAnswer, DeviceAnswer, DeviceId, VerifyId, VerifyIdParameters, device_key, read_device};
use wallet::cli::Context;
use wallet::cli::record::ProvenRecord;
use wallet::cli::report::when;
use wallet::{Chain, Error, NodeClient, Result};

use crate::naming;
use crate::say::say;

/// A device as the state has it, and the proof of it.
#[derive(Clone, Debug)]
pub(crate) struct KnownDevice {
    pub(crate) answer: DeviceAnswer,
    pub(crate) record: ProvenRecord,
}

/// What the state has of a device, proven; nothing if it is proven that there is no such device.
pub(crate) fn find_device(
    context: &Context,
    client: &NodeClient,
    chain: &mut Chain,
    id: DeviceId,
) -> Result<(Option<DeviceAnswer>, ProvenRecord)> {
    let record = context.proven_record(client, chain, VerifyId::ID, &device_key(&id))?;
    let Some(bytes) = &record.value else { return Ok((None, record)) };
    let answer = read_device(&id, bytes, record.time()).ok_or_else(|| {
        let message = say!("proven_device_has_form_wallet_does");
        Error::new("unknown_record", message, say!("use_newer_wallet"))
    })?;
    Ok((Some(answer), record))
}

/// The same of a device that has to be there, and that was named so on the command line.
pub(crate) fn device(
    context: &Context,
    client: &NodeClient,
    chain: &mut Chain,
    (id, named): (DeviceId, &str),
) -> Result<KnownDevice> {
    let (answer, record) = find_device(context, client, chain, id)?;
    let answer = answer.ok_or_else(|| {
        let text = id.to_text(chain.network());
        let until = say!("block_before", height = record.height, value = when(record.time()));
        let message = say!("proven_no_device_was_registered_up", text, until);
        let key = if naming::looks_like_id(named) { "KEY" } else { named };
        let hint = say!("register_later_key_device_made", key);
        Error::new("unknown_device", message, hint)
    })?;
    Ok(KnownDevice { answer, record })
}

/// The numbers of the module, from the genesis that is trusted: no block changes them.
pub(crate) fn rules(chain: &Chain) -> Result<VerifyIdParameters> {
    execution::section::<VerifyId>(chain.genesis()).ok_or_else(|| {
        let message = say!("chain_has_no_module_devices");
        Error::new("no_devices", message, say!("ask_another_chain_s_node_node"))
    })
}

/// Ids of the devices that an account owns, or that wait for it, none below `from`; the node's word.
pub(crate) fn ids(
    client: &NodeClient,
    which: &str,
    owner: &str,
    (from, limit): (Option<DeviceId>, usize),
) -> Result<Vec<DeviceId>> {
    let mut arguments =
        QueryArguments::from([("owner".to_owned(), owner.to_owned()), ("limit".to_owned(), limit.to_string())]);
    if let Some(from) = from {
        arguments.insert("from".to_owned(), from.0.to_string());
    }
    let ids: Vec<DeviceId> = read(client.query(VerifyId::NAME, which, &arguments)?)?;
    let begins = ids.first().is_none_or(|first| from.is_none_or(|from| *first >= from));
    let is_asked = begins && ids.len() <= limit && ids.is_sorted_by(|a, b| a < b);
    if is_asked { Ok(ids) } else { Err(bad_answer(&say!("list_other_devices_than_those_were"))) }
}

/// What a node says of a device; its word.
pub(crate) fn told_device(client: &NodeClient, id: DeviceId) -> Result<DeviceAnswer> {
    let arguments = QueryArguments::from([("device".to_owned(), id.0.to_string())]);
    let answer: DeviceAnswer = read(client.query(VerifyId::NAME, "device", &arguments)?)?;
    if answer.device == id { Ok(answer) } else { Err(bad_answer(&say!("another_device_than_one_was_asked"))) }
}

/// What a node says of an account's plan; its word.
pub(crate) fn customer(client: &NodeClient, chain: &Chain, account: Address) -> Result<CustomerAnswer> {
    let address = account.to_text(chain.network());
    let arguments = QueryArguments::from([("address".to_owned(), address)]);
    read(client.query(VerifyId::NAME, "customer", &arguments)?)
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T> {
    serde_json::from_value(answer).map_err(|error| bad_answer(&say!("something_cannot_read", error)))
}

fn bad_answer(what: &str) -> Error {
    Error::new("bad_answer", say!("node_shows", what), say!("node_lying_another_version_ask_another"))
}
