//! Requests for what costs the API most, whose asker goes before the answer.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use super::idle_crowd::others_are_answered;
use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand};
use crate::hostile::siege::Siege;
use crate::hostile::sockets::{self, connect, count};

pub(super) const ATTACK: Attack = Attack {
    name: "deserter",
    rows: "D3",
    about: "about 600 requests a second for whole blocks, pages of blocks, histories and proofs at the API of node 0, none of whose answers is waited for",
    deed: "asked",
    hand: Hand::PlainSockets,
    weight: 3.0,
    begin,
    during: others_are_answered,
    ..Attack::PLAIN
};

const CROWD: usize = 60;
const PAUSE: Duration = Duration::from_millis(100);

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let (from, port) = (siege.source, siege.api_port(0));
    // Alice pays and is paid all the time: her history is the longest.
    let alice = siege.network.wallets.alice.key.address().to_text(types::Network::Test);
    let routes = [
        "/api/v1/blocks?limit=100".to_owned(),
        "/api/v1/blocks/latest".to_owned(),
        format!("/api/v1/accounts/{alice}/transactions?limit=100"),
        format!("/api/v1/accounts/{alice}/proof"),
    ];
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        while !stop.is_wished() {
            let mut held: Vec<TcpStream> = Vec::new();
            for route in routes.iter().cycle().take(CROWD) {
                let Ok(mut stream) = connect(from, port) else {
                    count(&mut deeds, "refused");
                    continue;
                };
                let request = format!("GET {route} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
                count(&mut deeds, if stream.write_all(request.as_bytes()).is_ok() { "asked" } else { "cut_off" });
                held.push(stream);
            }
            // All go together.
            drop(held);
            let _ = stop.pause(PAUSE);
        }
        deeds
    })
}
