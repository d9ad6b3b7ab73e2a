//! 1,060 identities with low keys that want the address book for themselves.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Wrongs};
use crate::hostile::peers;
use crate::hostile::siege::{Siege, VALIDATORS};

pub(super) const ATTACK: Attack = Attack {
    name: "book-filler",
    rows: "C3",
    about: "1,060 identities, one after the other, each with an address for the book of node 0",
    deed: "identities",
    weight: 10.0,
    begin,
    after,
    ..Attack::PLAIN
};

const IDENTITIES: u32 = 1_060;
/// So many strangers are more than what is written of a book; with fewer there is room for all.
const ENOUGH: u64 = 300;
/// The book is written within this after a change.
const WRITTEN: Duration = Duration::from_secs(5);

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "book_filler", &[0], &json!({ "identities": IDENTITIES }))
}

/// The honest nodes stand in the book that node 0 writes.
fn after(siege: &mut Siege, deeds: &Deeds) -> Outcome<Wrongs> {
    if deeds.get("identities").is_none_or(|identities| *identities < ENOUGH) {
        return Ok(Wrongs::new());
    }
    siege.network.stop.pause(WRITTEN)?;
    let book = std::fs::read_to_string(siege.address_book(0)).unwrap_or_default();
    let honest = siege.honest_peers()?;
    let missing: Vec<String> = honest
        .iter()
        .enumerate()
        .filter(|(node, peer)| *node > 0 && !book.contains(&peer.to_string()))
        .map(|(node, _)| if node < VALIDATORS { format!("validator {node}") } else { format!("follower {node}") })
        .collect();
    let sentence = || format!("not in the address book of node 0 any more: {}", missing.join(", "));
    Ok(if missing.is_empty() { Wrongs::new() } else { vec![sentence()] })
}
