//! Votes for views that nobody will reach in a thousand years, each well signed by a validator that turned.

use std::time::Duration;

use p2p::Channel;
use types::View;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand, Scene};
use crate::hostile::forge::nullify;
use crate::hostile::siege::{Siege, VALIDATORS};
use crate::hostile::sockets::count;
use crate::hostile::stranger::{self, Identity, Stranger};

pub(super) const ATTACK: Attack = Attack {
    name: "far-voter",
    rows: "B4",
    about: "genuine votes for views from 2^40 on, by gossip, 300 a second",
    deed: "votes",
    hand: Hand::Ours,
    scene: Scene::LastAway,
    traitor: true,
    weight: 4.0,
    begin,
    ..Attack::PLAIN
};

const FIRST_VIEW: u64 = 1 << 40;
const PER_TICK: u64 = 15;
const TICK: Duration = Duration::from_millis(50);
const SEED: [u8; 32] = [0xb4; 32];

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let last = VALIDATORS - 1;
    let chain = siege.network.chain.clone();
    let (key, signer) = (siege.validator_key(last)?, siege.places.get(last).copied().unwrap_or_default());
    stranger::begin(Identity::new(siege, SEED, &[0, 1, 4]), async move |peer: Stranger| {
        let mut deeds = Deeds::new();
        let mut pace = tokio::time::interval(TICK);
        let mut view = FIRST_VIEW;
        while !peer.stop.is_wished() {
            pace.tick().await;
            for _ in 0..PER_TICK {
                view += 1;
                let vote = stranger::bytes(nullify(&chain, &key, signer, View(view)));
                let published = peer.network.publish(Channel::Consensus, vote);
                count(&mut deeds, if published.is_ok() { "votes" } else { "votes_not_taken" });
            }
        }
        peer.network.shutdown().await;
        deeds
    })
}
