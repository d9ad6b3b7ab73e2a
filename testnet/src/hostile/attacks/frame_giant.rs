//! Strangers that send frames of 4 MiB on streams that belong to validators.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "frame-giant",
    rows: "C5",
    about: "frames of 4 MiB from strangers on the streams of validators, two to each of two nodes",
    deed: "connections",
    weight: 4.0,
    begin,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "frame_giant", &[0, 1], &json!({ "peers": 2 }))
}
