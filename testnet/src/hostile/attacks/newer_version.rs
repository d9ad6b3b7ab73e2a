//! A validator of a later version, which says things that this one does not know. It is honest: nothing may be held against it.

use std::time::Duration;

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Scene, Wrongs};
use crate::hostile::peers;
use crate::hostile::siege::{Siege, VALIDATORS};

pub(super) const ATTACK: Attack = Attack {
    name: "newer-version",
    rows: "C6",
    about: "a pinned validator that says unknown kinds of messages on every stream and topic, and stays a peer",
    deed: "unknown_messages",
    scene: Scene::LastAway,
    weight: 3.0,
    begin,
    after,
    ..Attack::PLAIN
};

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    let seed = hex::encode(siege.network_seed(VALIDATORS - 1)?);
    peers::begin(siege, time, "newer_version", &[0, 1, 4], &json!({ "seed": seed }))
}

fn after(_: &mut Siege, deeds: &Deeds) -> Outcome<Wrongs> {
    let thrown_out = deeds.get("thrown_out").copied().unwrap_or_default();
    let sentence = || format!("a validator of a newer version was thrown out {thrown_out} times");
    Ok(if thrown_out > 0 { vec![sentence()] } else { Wrongs::new() })
}
