//! `thronos device show` and `prove`: what the chain has of a device, proven from the genesis on.

use clap::Args;
use serde_json::{Value, json};
use types::{Network, TimeMs};
use verifyid::{DeviceAnswer, Status, device_key};
use wallet::Result;
use wallet::cli::report::when;
use wallet::cli::{Context, Report};

use crate::say::{lines, say};
use crate::{naming, node};

/// `device show`
#[derive(Debug, Args)]
pub struct ShowDevice {
    /// The device: its id, or the name or path of its key
    device: String,
}

/// `device prove`
#[derive(Debug, Args)]
pub struct ProveDevice {
    /// The device: its id, or the name or path of its key
    device: String,
}

impl ShowDevice {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        naming::readable(context, &self.device)?;
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        let id = naming::device(context, &self.device, chain.network())?;
        let known = node::device(context, &client, &mut chain, (id, &self.device))?;
        let owner = naming::account_of(context, known.answer.owner);
        let mut rows = rows(&known.answer, known.record.time(), chain.network(), owner.as_deref());
        rows.extend(known.record.rows());
        let mut json = document(&known.answer, known.record.time(), chain.network(), owner.as_deref());
        known.record.add_to(&mut json);
        Ok(Report::new(lines(&rows), json))
    }
}

impl ProveDevice {
    pub(super) fn run(&self, context: &Context) -> Result<Report> {
        naming::readable(context, &self.device)?;
        let client = context.client()?;
        let mut chain = context.chain(&client)?;
        let id = naming::device(context, &self.device, chain.network())?;
        let (answer, record) = node::find_device(context, &client, &mut chain, id)?;
        let value = record.value.as_deref().map(hex::encode);
        let none = say!("no_device_id_was_ever_registered");
        let mut rows = vec![
            ("device:", id.to_text(chain.network())),
            ("key in the state:", hex::encode(device_key(&id))),
            ("proven:", value.clone().unwrap_or(none)),
            ("state root:", record.header.header.state_root.to_string()),
        ];
        rows.extend(record.rows());
        let mut json = json!({
            "device": id.to_text(chain.network()), "key_hex": hex::encode(device_key(&id)), "value_hex": value,
            "is_registered": answer.is_some(),
            "record": answer.map(|answer| {
                let owner = naming::account_of(context, answer.owner);
                document(&answer, record.time(), chain.network(), owner.as_deref())
            }),
        });
        record.add_to(&mut json);
        Ok(Report::new(lines(&rows), json))
    }
}

/// What a device is good for, in words.
pub(super) fn level_words(answer: &DeviceAnswer) -> String {
    match answer.level {
        Some(level) => level.to_string(),
        None => say!("none"),
    }
}

/// The name by which the chain calls a kind, a status or an algorithm.
pub(super) fn name(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn rows(answer: &DeviceAnswer, now: TimeMs, network: Network, owner: Option<&str>) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("device:", answer.device.to_text(network)),
        ("kind:", name(answer.kind)),
        ("owner:", answer.owner.to_text(network)),
        ("counted on:", answer.customer.to_text(network)),
        ("status:", name(answer.status)),
        ("level:", level_words(answer)),
        ("why not more:", why_not_more(answer, now, network, owner)),
        ("key id:", format!("{}, {}", answer.key_id, name(answer.algorithm))),
        ("rotation:", say!("changed", time = say!("counted_times", count = answer.rotation))),
    ];
    rows.extend(expiries(answer, now).into_iter().map(|(_, name, until)| (name, when(until))));
    if let Some(to) = answer.offered_to {
        rows.push(("offered to:", to.to_text(network)));
    }
    if let (Some(key), Some(from)) = (answer.announced_key, answer.announced_from) {
        rows.push(("announced key:", say!("can_begin_from_on", key, value = when(from))));
    }
    rows.push((
        "registered:",
        say!("in_block", registered_height = answer.registered_height, value = when(answer.registered)),
    ));
    let verified = if answer.verified.0 == 0 { say!("never") } else { when(answer.verified) };
    rows.push(("verified:", verified));
    rows
}

/// What lapses when: a name for programs, one for people, and the time.
fn expiries(answer: &DeviceAnswer, now: TimeMs) -> Vec<(&'static str, &'static str, TimeMs)> {
    let all = [
        ("work", "work rate until:", Some(answer.work_until)),
        ("tpm", "TPM until:", Some(answer.tpm_until)),
        ("vendor", "certificate until:", Some(answer.vendor_until)),
        ("hold", "held until:", Some(answer.hold_until)),
        ("offer", "offered until:", answer.offered_until),
    ];
    all.into_iter().filter_map(|(name, told, until)| Some((name, told, until.filter(|until| *until > now)?))).collect()
}

/// The number that its owner or the authority gave; 0 is none.
fn reason(number: u8) -> String {
    if number == 0 { String::new() } else { say!("reason", number) }
}

/// Why a device has no higher level, in a sentence.
fn why_not_more(answer: &DeviceAnswer, now: TimeMs, network: Network, owner: Option<&str>) -> String {
    match (answer.status, answer.level) {
        (Status::Revoked, _) => say!("revoked_good", reason = reason(answer.reason)),
        (Status::Suspended, _) => {
            say!("suspended_only_authority_can_reinstate", reason = reason(answer.reason))
        }
        (_, None) => say!("verifier_holds_until", value = when(answer.hold_until)),
        (_, Some(0)) => {
            let device = answer.device.to_text(network);
            let owner = owner.unwrap_or("NAME");
            say!("its_owner_has_not_accepted_owner", device, owner)
        }
        (_, Some(4)) => say!("highest"),
        (_, Some(3)) => say!("authority_has_not_certified_its_maker"),
        (_, Some(2)) => say!("authority_has_certified_neither_tpm_nor"),
        (_, Some(_)) if answer.kind.mines() && answer.work_until <= now => {
            say!("has_shown_no_rate_hashes_still")
        }
        (_, Some(_)) => say!("authority_has_certified_neither_tpm_nor"),
    }
}

fn document(answer: &DeviceAnswer, now: TimeMs, network: Network, owner: Option<&str>) -> Value {
    let mut json = json!(answer);
    json["device"] = json!(answer.device.to_text(network));
    json["owner"] = json!(answer.owner.to_text(network));
    json["customer"] = json!(answer.customer.to_text(network));
    json["offered_to"] = json!(answer.offered_to.map(|to| to.to_text(network)));
    json["why_not_more"] = json!(wallet::cli::typed::as_typed(&why_not_more(answer, now, network, owner)));
    let expires: serde_json::Map<_, _> =
        expiries(answer, now).into_iter().map(|(name, _, until)| (name.to_owned(), json!(until))).collect();
    json["expires"] = Value::Object(expires);
    json
}
