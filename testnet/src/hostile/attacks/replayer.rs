//! The same genuine votes again and again, each time as a new message.

use std::time::Duration;

use serde_json::json;

use super::framer::turned_validator;
use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Scene};
use crate::hostile::peers;
use crate::hostile::siege::Siege;

pub(super) const ATTACK: Attack = Attack {
    name: "replayer",
    rows: "B4",
    about: "genuine votes, repeated 500 times a second to each of two validators",
    deed: "repeats",
    scene: Scene::LastAway,
    weight: 6.0,
    begin,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    let mut task = turned_validator(siege)?;
    task["rate"] = json!(500);
    peers::begin(siege, time, "replayer", &[0, 1], &task)
}
