//! Bytes that are no protocol: on the TCP port, and in datagrams on the port of QUIC.

use std::io::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand};
use crate::hostile::siege::Siege;
use crate::hostile::sockets::{self, connect, count};
use crate::soak::Chance;

pub(super) const ATTACK: Attack = Attack {
    name: "garbage",
    rows: "P2",
    about: "garbage and cut handshakes on TCP, and 2,000 datagrams a second of it on the port of QUIC",
    deed: "datagrams",
    hand: Hand::PlainSockets,
    begin,
    ..Attack::PLAIN
};

const PAUSE: Duration = Duration::from_millis(20);
/// Datagrams to each victim from pause to pause.
const DATAGRAMS: usize = 40;
const DATAGRAM_BYTES: usize = 1_200;
/// The longest piece of garbage on TCP.
const GARBAGE_BYTES: usize = 70_000;
const MULTISTREAM: &[u8] = b"\x13/multistream/1.0.0\n";
const NOISE: &[u8] = b"\x07/noise\n\xff\xff";
/// A long header of QUIC's first version, as handshakes have it.
const QUIC_INITIAL: [u8; 6] = [0xc3, 0, 0, 0, 1, 8];

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let ports: Vec<u16> = siege.running().into_iter().map(|node| siege.peer_port(node)).collect();
    let from = siege.source;
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        let mut chance = Chance::new(2);
        let socket = UdpSocket::bind((from, 0)).ok();
        while stop.pause(PAUSE).is_ok() {
            for port in &ports {
                let piece = garbage(&mut chance);
                if let Ok(mut stream) = connect(from, *port) {
                    let _ = stream.set_write_timeout(Some(PAUSE));
                    // The node may hang up in the middle.
                    let _ = stream.write_all(&piece);
                    count(&mut deeds, "connections");
                }
                for _ in 0..DATAGRAMS {
                    let datagram = datagram(&mut chance);
                    let sent = socket
                        .as_ref()
                        .is_some_and(|socket| socket.send_to(&datagram, (Ipv4Addr::LOCALHOST, *port)).is_ok());
                    count(&mut deeds, if sent { "datagrams" } else { "datagrams_not_sent" });
                }
            }
        }
        deeds
    })
}

fn noise(chance: &mut Chance, length: usize) -> Vec<u8> {
    (0..length.div_ceil(8)).flat_map(|_| chance.next().to_le_bytes()).take(length).collect()
}

fn garbage(chance: &mut Chance) -> Vec<u8> {
    let length = chance.below(GARBAGE_BYTES) + 1;
    let rest = noise(chance, length);
    match chance.below(4) {
        0 => b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        1 => [MULTISTREAM, &rest].concat(),
        2 => [MULTISTREAM, NOISE, &rest].concat(),
        _ => rest,
    }
}

fn datagram(chance: &mut Chance) -> Vec<u8> {
    let length = chance.below(DATAGRAM_BYTES) + 1;
    let rest = noise(chance, length);
    if chance.below(2) == 0 { rest } else { [&QUIC_INITIAL[..], &rest].concat() }
}
