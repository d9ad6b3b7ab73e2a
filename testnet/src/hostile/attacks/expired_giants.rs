//! Transactions of 55 KiB whose time is over, pushed straight to nodes that may keep what they have checked.

use std::time::Duration;

use p2p::Channel;
use types::{Amount, TimeMs};

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand};
use crate::hostile::forge::{Terms, list, pauper};
use crate::hostile::siege::Siege;
use crate::hostile::sockets::count;
use crate::hostile::stranger::{self, Identity, Stranger};

pub(super) const ATTACK: Attack = Attack {
    name: "expired-giants",
    rows: "B6",
    about: "expired transactions of 55 KiB, pushed straight to two nodes",
    deed: "messages_of_four",
    hand: Hand::Ours,
    weight: 8.0,
    begin,
    ..Attack::PLAIN
};

/// Transactions in one message, as many as fit.
const PER_MESSAGE: u64 = 4;
/// Between two messages to each victim: about 5 MiB a second.
const PAUSE: Duration = Duration::from_millis(40);
const SEED: [u8; 32] = [0xb6; 32];

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let forge = siege.forge()?;
    let over = TimeMs(siege.time()?.0.saturating_sub(60_000));
    let identity = Identity::new(siege, SEED, &[0, 1]);
    stranger::begin(identity, async move |peer: Stranger| {
        let mut deeds = Deeds::new();
        let key = pauper(20_000);
        let mut pace = tokio::time::interval(PAUSE);
        let mut nonce = 0;
        while !peer.stop.is_wished() {
            pace.tick().await;
            let terms = |nonce| Terms { nonce, valid_until: over, fee_max: Amount(1_000_000), tip: Amount::ZERO };
            let made: Outcome<Vec<_>> =
                (nonce..nonce + PER_MESSAGE).map(|nonce| forge.giant(&key, terms(nonce))).collect();
            nonce += PER_MESSAGE;
            let Ok(message) = made.and_then(list) else { break };
            let message = stranger::bytes(message);
            for victim in peer.network.peers() {
                let sent = peer.network.send(victim.peer, Channel::TransactionPush, message.clone());
                count(&mut deeds, if sent.is_ok() { "messages_of_four" } else { "messages_not_taken" });
            }
        }
        peer.network.shutdown().await;
        deeds
    })
}
