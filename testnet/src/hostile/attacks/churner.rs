//! Connections that are opened and closed at once, a hundred a second to each node.

use std::time::Duration;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand};
use crate::hostile::siege::Siege;
use crate::hostile::sockets::{self, connect, count};

pub(super) const ATTACK: Attack = Attack {
    name: "churner",
    rows: "P5",
    about: "a hundred connections a second to each node, closed at once",
    deed: "opened",
    hand: Hand::PlainSockets,
    begin,
    ..Attack::PLAIN
};

const PAUSE: Duration = Duration::from_millis(10);

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let ports: Vec<u16> = siege.running().into_iter().map(|node| siege.peer_port(node)).collect();
    let from = siege.source;
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        while stop.pause(PAUSE).is_ok() {
            for port in &ports {
                count(&mut deeds, if connect(from, *port).is_ok() { "opened" } else { "refused" });
            }
        }
        deeds
    })
}
