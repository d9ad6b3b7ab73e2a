//! The same worthless transactions by gossip, which every node would check and pass on for free.

use std::time::Duration;

use serde_json::json;
use types::Amount;

use super::unpayable_api::idle_stays_idle;
use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::forge::{NEVER, Terms, list, pauper};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "unpayable-gossip",
    rows: "B1, B2, T1",
    about: "transactions without money or price by gossip, in lists of one hundred",
    deed: "lists",
    weight: 5.0,
    begin,
    after: |siege, _| idle_stays_idle(siege),
    ..Attack::PLAIN
};

/// The first accounts belong to the attack at the API.
const FIRST: u64 = 1_000;
const LISTS: u64 = 60;
const PER_LIST: u64 = 100;
/// Lists to each victim a second.
const RATE: u32 = 5;

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    let forge = siege.forge()?;
    let terms = |nonce: u64| Terms { nonce, valid_until: NEVER, fee_max: Amount::ZERO, tip: Amount::ZERO };
    let of = |account: u64| {
        let key = pauper(FIRST + account);
        list((0..PER_LIST).map(|nonce| forge.transfer(&key, terms(nonce))).collect::<Outcome<_>>()?)
    };
    let lists = (0..LISTS).map(of).collect::<Outcome<Vec<_>>>()?;
    let file = peers::write_payloads(siege, "unpayable-lists", &lists)?;
    peers::begin(siege, time, "list_gossiper", &[0, 2, 4], &json!({ "payloads": file, "rate": RATE }))
}
