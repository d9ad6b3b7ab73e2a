//! 130 identities from one address that take every place of a node.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Wrongs};
use crate::hostile::ground::{Ground, VALIDATORS};
use crate::hostile::peers;

pub(super) const ATTACK: Attack = Attack {
    name: "crowd",
    rows: "C2",
    about: "130 identities from one address; a newcomer and a restarted validator must find a place all the same",
    deed: "connections",
    weight: 6.0,
    begin,
    during,
    ..Attack::PLAIN
};

const IDENTITIES: u32 = 130;
/// Within this an honest newcomer, or a validator that was started again, is among the others.
const WELCOME_PATIENCE: Duration = Duration::from_secs(20);

fn begin(ground: &Ground, time: Duration) -> Outcome<Begun> {
    peers::begin(ground, time, "crowd", &[0], &json!({ "identities": IDENTITIES }))
}

fn during(ground: &mut Ground) -> Outcome<Wrongs> {
    let mut wrongs = validator_comes_back(ground)?;
    wrongs.extend(newcomer_is_let_in(ground)?);
    Ok(wrongs)
}

/// A fresh node that knows the address of node 0 only follows the chain soon.
fn newcomer_is_let_in(ground: &mut Ground) -> Outcome<Wrongs> {
    let stop = ground.network.stop.clone();
    let mut newcomer = ground.network.newcomer()?;
    newcomer.start()?;
    let ready = newcomer.wait_ready(WELCOME_PATIENCE, &stop);
    newcomer.kill()?;
    Ok(ready.err().map(|failure| format!("an honest newcomer is kept out: {failure}")).into_iter().collect())
}

/// A validator that is killed and started again takes part soon.
pub(super) fn validator_comes_back(ground: &mut Ground) -> Outcome<Wrongs> {
    let stop = ground.network.stop.clone();
    let last = VALIDATORS - 1;
    ground.network.node(last)?.kill()?;
    ground.network.node(last)?.start()?;
    let begun = Instant::now();
    let back = ground.network.node(last)?.wait_ready(WELCOME_PATIENCE, &stop);
    if let Err(failure) = back {
        return Ok(vec![format!("a restarted validator is kept out: {failure}")]);
    }
    // It is among them when the newest block reaches it.
    let height = ground.client(0)?.status()?.final_height;
    let left = WELCOME_PATIENCE.saturating_sub(begun.elapsed());
    let came = ground.network.wait_height(last, height, left);
    Ok(came.err().map(|failure| format!("a restarted validator is kept out: {failure}")).into_iter().collect())
}
