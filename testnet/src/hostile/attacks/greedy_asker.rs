//! Strangers that ask for ranges of blocks without pause.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "greedy-asker",
    rows: "C5, P10",
    about: "questions for ranges of blocks, also beyond every height, 16 at a time from four strangers",
    deed: "questions",
    weight: 4.0,
    begin,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "greedy_asker", &[0, 1], &json!({ "peers": 2, "parallel": 16 }))
}
