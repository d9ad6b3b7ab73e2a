//! Eighty connections to each validator that are opened and say nothing.

use std::net::TcpStream;
use std::time::Duration;

use super::crowd::validator_comes_back;
use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand};
use crate::hostile::siege::{Siege, VALIDATORS};
use crate::hostile::sockets::{self, connect, count, is_open};

pub(super) const ATTACK: Attack = Attack {
    name: "half-open",
    rows: "C2",
    about: "80 silent TCP connections to each validator; a restarted validator must get in all the same",
    deed: "opened",
    hand: Hand::PlainSockets,
    weight: 4.0,
    begin,
    during: validator_comes_back,
    ..Attack::PLAIN
};

const PER_VICTIM: usize = 80;
/// Between two looks at which of them the victims have closed.
const LOOK: Duration = Duration::from_millis(50);

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let ports: Vec<u16> = (0..VALIDATORS).map(|node| siege.peer_port(node)).collect();
    let from = siege.source;
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        let mut held: Vec<(u16, Option<TcpStream>)> =
            ports.iter().flat_map(|port| std::iter::repeat_with(|| (*port, None)).take(PER_VICTIM)).collect();
        while !stop.is_wished() {
            for (port, place) in &mut held {
                if stop.is_wished() {
                    break;
                }
                if place.as_ref().is_some_and(is_open) {
                    continue;
                }
                *place = connect(from, *port).ok();
                count(&mut deeds, if place.is_some() { "opened" } else { "refused" });
            }
            let _ = stop.pause(LOOK);
        }
        deeds
    })
}
