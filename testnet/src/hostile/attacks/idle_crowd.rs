//! Connections to the API that say nothing, or half of a request, more than it has places for.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand, Wrongs};
use crate::hostile::siege::Siege;
use crate::hostile::sockets::{self, connect, count, is_open};

pub(super) const ATTACK: Attack = Attack {
    name: "idle-crowd",
    rows: "D2",
    about: "1,100 connections to the API of node 0, idle or in the middle of a request; others must be answered all the same",
    deed: "opened",
    hand: Hand::PlainSockets,
    weight: 3.0,
    begin,
    during: others_are_answered,
    ..Attack::PLAIN
};

const CONNECTIONS: usize = 1_100;
const HALF: &[u8] = b"POST /api/v1/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n";
/// Between two rounds in which those are opened anew that were closed.
const PAUSE: Duration = Duration::from_millis(200);

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let (from, port) = (siege.source, siege.api_port(0));
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        let mut held: Vec<Option<TcpStream>> = std::iter::repeat_with(|| None).take(CONNECTIONS).collect();
        while !stop.is_wished() {
            for (number, place) in held.iter_mut().enumerate() {
                if stop.is_wished() {
                    break;
                }
                if place.as_ref().is_some_and(is_open) {
                    continue;
                }
                *place = connect(from, port).ok();
                count(&mut deeds, if place.is_some() { "opened" } else { "refused" });
                if let Some(stream) = place.as_mut().filter(|_| number % 2 == 0) {
                    let _ = stream.write_all(HALF);
                }
            }
            let _ = stop.pause(PAUSE);
        }
        deeds
    })
}

/// Asks from another address, each time over a connection of its own.
pub(super) fn others_are_answered(siege: &mut Siege) -> Outcome<Wrongs> {
    let (port, probes) = (siege.api_port(0), siege.network.plan.ports.metrics(0));
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).build();
    let mut wrongs = Wrongs::new();
    for route in ["livez", "readyz", "metrics", "api/v1/status"] {
        if let Err(error) = config.new_agent().get(format!("http://127.0.0.1:{port}/{route}")).call() {
            wrongs.push(format!("/{route} of node 0 is not answered: {error}"));
        }
    }
    if let Err(error) = config.new_agent().get(format!("http://127.0.0.1:{probes}/metrics")).call() {
        wrongs.push(format!("/metrics of node 0 is not answered on its own listener: {error}"));
    }
    Ok(wrongs)
}
