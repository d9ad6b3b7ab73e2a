//! 130 identities from one address that take every place of a node.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Wrongs};
use crate::hostile::peers;
use crate::hostile::siege::{Siege, VALIDATORS};

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

fn begin(siege: &Siege, time: Duration) -> Outcome<Begun> {
    peers::begin(siege, time, "crowd", &[0], &json!({ "identities": IDENTITIES }))
}

fn during(siege: &mut Siege) -> Outcome<Wrongs> {
    let mut wrongs = validator_comes_back(siege)?;
    wrongs.extend(newcomer_is_let_in(siege)?);
    Ok(wrongs)
}

/// A fresh node that knows the address of node 0 only follows the chain soon.
fn newcomer_is_let_in(siege: &mut Siege) -> Outcome<Wrongs> {
    let stop = siege.network.stop.clone();
    let mut newcomer = siege.network.newcomer()?;
    newcomer.start()?;
    let ready = newcomer.wait_ready(WELCOME_PATIENCE, &stop);
    newcomer.kill()?;
    Ok(ready.err().map(|failure| format!("an honest newcomer is kept out: {failure}")).into_iter().collect())
}

/// A validator that is killed and started again takes part soon.
pub(super) fn validator_comes_back(siege: &mut Siege) -> Outcome<Wrongs> {
    let stop = siege.network.stop.clone();
    let last = VALIDATORS - 1;
    siege.network.node(last)?.kill()?;
    siege.network.node(last)?.start()?;
    let begun = Instant::now();
    let back = siege.network.node(last)?.wait_ready(WELCOME_PATIENCE, &stop);
    if let Err(failure) = back {
        return Ok(vec![format!("a restarted validator is kept out: {failure}")]);
    }
    // It is among them when the newest block reaches it.
    let height = siege.client(0)?.status()?.final_height;
    let left = WELCOME_PATIENCE.saturating_sub(begun.elapsed());
    let came = siege.network.wait_height(last, height, left);
    Ok(came.err().map(|failure| format!("a restarted validator is kept out: {failure}")).into_iter().collect())
}
