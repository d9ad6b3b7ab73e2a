//! Bodies as long as any may be, handed in at the API by many at once.

use std::io::{Read, Write};
use std::time::Duration;

use super::idle_crowd::others_are_answered;
use crate::devnet::Outcome;
use crate::hostile::attack::{Attack, Begun, Deeds, Hand};
use crate::hostile::siege::Siege;
use crate::hostile::sockets::{self, connect, count};

pub(super) const ATTACK: Attack = Attack {
    name: "body-giants",
    rows: "D1",
    about: "64 connections at a time that send bodies of 8 MiB to the API of node 0",
    deed: "megabytes",
    hand: Hand::PlainSockets,
    weight: 3.0,
    begin,
    during: others_are_answered,
    ..Attack::PLAIN
};

const CONNECTIONS: usize = 64;
const BODY_BYTES: usize = 8 * 1024 * 1024;
static PIECE: [u8; 1024 * 1024] = [b'x'; 1024 * 1024];
/// The house's; those of features their trials name.
const ROUTES: [&str; 3] = ["/api/v1/transactions", "/api/v1/transactions/batch", "/api/v1/transactions/simulate"];
const PATIENCE: Duration = Duration::from_millis(50);
/// Between two rounds: what is refused at once would otherwise be nothing but connecting.
const PAUSE: Duration = Duration::from_millis(50);

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let (from, port) = (siege.source, siege.api_port(0));
    let of_features = siege.network.plan.trials.iter().flat_map(|trial| trial.attacks.bodies);
    let routes: Vec<&str> = ROUTES.iter().chain(of_features).copied().collect();
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        while !stop.is_wished() {
            let mut held = Vec::new();
            for route in routes.iter().cycle().take(CONNECTIONS) {
                let Ok(mut stream) = connect(from, port) else {
                    count(&mut deeds, "refused");
                    continue;
                };
                let _ = stream.set_write_timeout(Some(PATIENCE));
                let kind = if route.contains("batch") { "application/octet-stream" } else { "application/json" };
                let head = format!(
                    "POST {route} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {BODY_BYTES}\r\n\r\n"
                );
                if stream.write_all(head.as_bytes()).is_ok() {
                    held.push(stream);
                }
            }
            for _ in 0..BODY_BYTES / PIECE.len() {
                // Whoever was refused takes nothing more.
                held.retain_mut(|stream| {
                    let sent = stream.write_all(&PIECE).is_ok();
                    count(&mut deeds, if sent { "megabytes" } else { "cut_off" });
                    sent
                });
                if stop.is_wished() {
                    break;
                }
            }
            for mut stream in held {
                let _ = stream.set_read_timeout(Some(PATIENCE));
                if stream.read(&mut [0; 512]).is_ok_and(|bytes| bytes > 0) {
                    count(&mut deeds, "answered");
                }
            }
            let _ = stop.pause(PAUSE);
        }
        deeds
    })
}
