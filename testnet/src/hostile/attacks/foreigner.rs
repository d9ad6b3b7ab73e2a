//! Peers of another chain that do not give up.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "foreigner",
    rows: "P10",
    about: "peers of another chain that come again and again",
    deed: "connections",
    weight: 2.0,
    begin,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "foreigner", &[0, 1, 4], &json!({}))
}
