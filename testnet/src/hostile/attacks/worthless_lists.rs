//! Lists in which one transaction is good and ninety-nine are worthless: unfunded, expired, with a gap, final long ago.

use std::time::Duration;

use serde_json::json;
use types::{Amount, TimeMs, Transaction};
use wallet::AccountKey;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::forge::{Terms, list, pauper};
use crate::hostile::peers;
use crate::hostile::siege::{Siege, mallory};

pub(super) const ATTACK: Attack = Attack {
    name: "worthless-lists",
    rows: "B2",
    about: "gossip of lists with one good transaction and 99 that are worth nothing",
    deed: "lists",
    weight: 4.0,
    begin,
    ..Attack::PLAIN
};

const LISTS: u64 = 80;
const WORTHLESS: u64 = 99;
const RATE: u32 = 8;
/// More than any transfer costs.
const FEE_MAX: Amount = Amount(1_000_000);
/// Beyond every gap that a pool bears.
const GAP: u64 = 1_000_000;

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    let now = siege.time()?;
    let later = now.saturating_add(600_000);
    let owner = mallory();
    let chain = &siege.network.chain;
    let next = siege.client(0)?.account(&owner.address().to_text(chain.network()))?.nonce.0;
    let forger = siege.forge()?;
    let forge = |from: &AccountKey, nonce, valid_until| {
        forger.transfer(from, Terms { nonce, valid_until, fee_max: FEE_MAX, tip: Amount::ZERO })
    };
    let worthless = |place: u64| -> Outcome<Transaction> {
        match place % 4 {
            0 => forge(&pauper(10_000 + place), 0, later),
            1 => forge(&owner, next + place, TimeMs(now.0.saturating_sub(1_000 + place))),
            2 => forge(&owner, GAP + place, later),
            // The first good one, which is final when it comes again.
            _ => forge(&owner, next, TimeMs(later.0 - place)),
        }
    };
    let of = |number: u64| -> Outcome<Vec<u8>> {
        let good = std::iter::once(forge(&owner, next + number, later));
        let rest = (0..WORTHLESS).map(|place| worthless(number * WORTHLESS + place));
        list(good.chain(rest).collect::<Outcome<_>>()?)
    };
    let lists = (0..LISTS).map(of).collect::<Outcome<Vec<_>>>()?;
    let file = peers::write_payloads(siege, "worthless-lists", &lists)?;
    peers::begin(siege, time, "list_gossiper", &[1, 4], &json!({ "payloads": file, "rate": RATE }))
}
