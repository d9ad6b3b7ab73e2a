//! Lengths that are no lengths, on every protocol.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "length-liar",
    rows: "P1",
    about: "lengths of 2^32 - 1, 0 and 2^63 on every protocol",
    deed: "lies",
    weight: 2.0,
    begin,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "length_liar", &[0, 1, 4], &json!({}))
}
