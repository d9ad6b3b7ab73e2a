//! A genuine vote in a proposal that its signer never made, so that honest nodes turn against each other.

use std::time::Duration;

use serde_json::{Value, json};
use types::Canonical;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Scene, Wrongs};
use crate::hostile::peers;
use crate::hostile::siege::{Siege, VALIDATORS};

pub(super) const ATTACK: Attack = Attack {
    name: "framer",
    rows: "B3",
    about: "every vote that a turned validator hears, said again by strangers in four false proposals, also during a stall",
    deed: "false_proposals",
    scene: Scene::LastAway,
    weight: 6.0,
    begin,
    during: stall,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    let header = siege.client(0)?.block("latest")?.header;
    let mut task = turned_validator(siege)?;
    task["header"] = json!(hex::encode(header.to_canonical()));
    peers::begin(siege, time, "framer", &[0, 1, 2, 4], &task)
}

/// So long one more validator is held. While a view cannot end its votes are said again and again, and a false proposal of it comes in time.
const STALL: Duration = Duration::from_secs(3);
/// From then on those who were framed would not speak to each other.
const AFTERMATH: Duration = Duration::from_secs(2);
/// Who is held.
const HELD: usize = VALIDATORS - 2;

fn stall(siege: &mut Siege) -> Outcome<Wrongs> {
    siege.network.node(HELD)?.pause()?;
    let waited = siege.network.stop.pause(STALL);
    siege.network.node(HELD)?.resume()?;
    waited?;
    siege.network.stop.pause(AFTERMATH)?;
    Ok(Wrongs::new())
}

/// Where a validator that turned sits and listens: its identity, and the nodes that send it their votes.
pub(super) fn turned_validator(siege: &Siege) -> Outcome<Value> {
    let seats: Vec<String> = (0..VALIDATORS - 1).map(|node| siege.tcp_address(node)).collect();
    Ok(json!({ "seed": hex::encode(siege.network_seed(VALIDATORS - 1)?), "seats": seats }))
}
