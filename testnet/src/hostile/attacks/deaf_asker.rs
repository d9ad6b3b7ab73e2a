//! Strangers that ask for much and read nothing.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "deaf-asker",
    rows: "P5",
    about: "20 questions a second for large answers that are never read, from two strangers to each of two nodes",
    deed: "questions",
    weight: 4.0,
    begin,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "deaf_asker", &[0, 1], &json!({ "peers": 2 }))
}
