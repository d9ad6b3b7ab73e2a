//! The control messages of gossip, in masses.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "control-spammer",
    rows: "P4",
    about: "subscriptions, grafts, prunes, offers and wishes of gossip in masses",
    deed: "control_messages",
    weight: 4.0,
    begin,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "control_spammer", &[0, 2, 4], &json!({ "rate": 30 }))
}
