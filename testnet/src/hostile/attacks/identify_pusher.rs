//! One stranger that says 420 times a second where it lives, elsewhere each time.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "identify-pusher",
    rows: "C1",
    about: "420 identify pushes a second with a hundred new addresses each, to two validators",
    deed: "pushes",
    weight: 8.0,
    begin,
    ..Attack::PLAIN
};

/// Pushes a second to each victim.
const RATE: u32 = 420;

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "identify_pusher", &[0, 1], &json!({ "rate": RATE }))
}
