//! Frames of the multiplexer that broke other implementations.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "frame-smuggler",
    rows: "P3",
    about: "frames of Yamux above the window, windows that overflow, four thousand streams at once",
    deed: "frames",
    weight: 2.0,
    begin,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "frame_smuggler", &[0, 1, 4], &json!({}))
}
