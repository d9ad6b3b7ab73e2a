//! Transactions that no block can take, handed in at the API: from accounts that own nothing, with tips that are never paid, a fee
//! of nothing and a time that never comes.

use std::time::{Duration, Instant};

use types::Amount;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand, Wrongs};
use crate::hostile::forge::{NEVER, Terms, pauper};
use crate::hostile::siege::{Siege, mallory};
use crate::hostile::sockets;

pub(super) const ATTACK: Attack = Attack {
    name: "unpayable-api",
    rows: "B1, T1",
    about: "4,000 transactions without money, price or end, handed in at the API",
    deed: "handed_in",
    hand: Hand::Ours,
    weight: 5.0,
    begin,
    after: |siege, _| idle_stays_idle(siege),
    ..Attack::PLAIN
};

const PAUPERS: u64 = 63;
/// The number of the one who is no pauper.
const OWNER: u64 = u64::MAX;
/// More than any honest transfer gives.
const PROMISED: Amount = Amount(10_000_000);
const NONCES: u64 = 64;
/// Accounts come together, so that no place in a queue is left.
const BATCH: usize = 256;
/// Between two batches: about a thousand transactions a second.
const PAUSE: Duration = Duration::from_millis(250);

/// An idle chain has a block every two seconds; so many in as many seconds show that something drives it.
const IDLE_LOOK: Duration = Duration::from_secs(3);
const IDLE_BLOCKS_MAX: u64 = 12;
/// What is under way ends first.
const IDLE_SETTLE: Duration = Duration::from_millis(1_500);

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let clients = (0..siege.network.nodes.len()).map(|node| siege.client(node)).collect::<Outcome<Vec<_>>>()?;
    let forge = siege.forge()?;
    let later = siege.time()?.saturating_add(3_600_000);
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        let owner = mallory();
        // Who has money promises a tip that nobody will ever see, because the fee is not paid; who has none promises nothing.
        let terms = |number: u64, nonce| Terms {
            nonce,
            valid_until: if nonce % 2 == 0 { NEVER } else { later },
            fee_max: Amount::ZERO,
            tip: if number == OWNER { PROMISED } else { Amount::ZERO },
        };
        let paupers = (0..PAUPERS).map(|number| (number, pauper(number)));
        let senders: Vec<_> = std::iter::once((OWNER, owner)).chain(paupers).collect();
        let all = senders.iter().flat_map(|(number, key)| (0..NONCES).map(move |nonce| (*number, key, nonce)));
        // Signed batch by batch, so that the first one leaves at once.
        let mut forged = all.filter_map(|(number, key, nonce)| forge.transfer(key, terms(number, nonce)).ok());
        for client in clients.iter().cycle() {
            let batch: Vec<_> = forged.by_ref().take(BATCH).collect();
            if batch.is_empty() || stop.is_wished() {
                break;
            }
            *deeds.entry("handed_in".to_owned()).or_default() += batch.len() as u64;
            match client.submit_batch(forge.chain.id(), &batch) {
                Ok(answer) => {
                    *deeds.entry("accepted".to_owned()).or_default() += u64::from(answer.accepted);
                    for error in answer.results.into_iter().filter_map(|result| result.error) {
                        sockets::count(&mut deeds, &format!("refused_{}", error.code));
                    }
                }
                Err(_) => sockets::count(&mut deeds, "batches_refused"),
            }
            let _ = stop.pause(PAUSE);
        }
        // What was taken lies there as long as the attack lasts.
        while stop.pause(PAUSE).is_ok() {}
        deeds
    })
}

/// With nothing to do that can be done, blocks come as seldom as on an idle chain.
pub(super) fn idle_stays_idle(siege: &mut Siege) -> Outcome<Wrongs> {
    siege.pulse.rest(true);
    siege.network.stop.pause(IDLE_SETTLE)?;
    let before = siege.client(0)?.status()?.final_height;
    let begun = Instant::now();
    siege.network.stop.pause(IDLE_LOOK)?;
    let after = siege.client(0)?.status()?.final_height;
    siege.pulse.rest(false);
    let blocks = after.0.saturating_sub(before.0);
    let sentence = format!("with no transfer going on, {blocks} blocks came in {:.1} s", begun.elapsed().as_secs_f32());
    Ok(if blocks > IDLE_BLOCKS_MAX { vec![sentence] } else { Wrongs::new() })
}
