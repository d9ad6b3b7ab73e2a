//! Wrong proofs of work that name somebody else as the one to be paid.

use std::io::{Read, Write};
use std::time::Duration;

use testnet::devnet::{Failure, Outcome};
use testnet::hostile::sockets::{self, connect, count};
use testnet::hostile::{Attack, Begun, Deeds, Hand, Siege, Wrongs};

pub(super) const ATTACK: Attack = Attack {
    name: "slanderer",
    rows: "D4",
    about: "wrong proofs of work at the API of node 0 that name another as payee, who must not be refused for them",
    deed: "banned",
    hand: Hand::PlainSockets,
    weight: 2.0,
    begin,
    during: the_named_one_is_heard,
    ..Attack::PLAIN
};

const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(5);

/// A proof with all its parts whose hash meets no target.
fn wrong_proof(siege: &Siege) -> Outcome<String> {
    let payee = siege.network.wallets.alice.key.address().to_text(types::Network::Test);
    let first = siege.network.nodes.first().ok_or_else(|| Failure::new("there is no node 0"))?;
    let task = first.client().get_at::<serde_json::Value>(&format!("/api/v1/mining/work?address={payee}"));
    let task = task.map_err(|error| Failure::new(format!("no work from node 0: {error}")))?;
    let text = |name: &str| task[name].as_str().unwrap_or_default().to_owned();
    let coinbase = format!("{}{}{}", text("coinbase1"), "07".repeat(12), text("coinbase2"));
    let version =
        hex::encode(u32::try_from(task["version"].as_u64().unwrap_or_default()).unwrap_or_default().to_le_bytes());
    let time = hex::encode(u32::try_from(task["time"].as_u64().unwrap_or_default()).unwrap_or_default().to_le_bytes());
    let bits = u32::from_str_radix(&text("bits"), 16).unwrap_or_default();
    // The root is not the coinbase's.
    let header =
        format!("{version}{}{}{time}{}00000000", text("previous"), "ab".repeat(32), hex::encode(bits.to_le_bytes()));
    let anchor = &task["anchor"]["height"];
    Ok(serde_json::json!({ "header": header, "coinbase": coinbase, "branch": [], "anchor": anchor }).to_string())
}

/// The API of node 0.
fn api_port(siege: &Siege) -> u16 {
    siege.network.plan.ports.api(0)
}

/// The status and the body of an answer.
fn hand_in(from: std::net::Ipv4Addr, port: u16, proof: &str) -> std::io::Result<String> {
    let mut stream = connect(from, port)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = proof.len();
    let head = format!(
        "POST /api/v1/mining/submit HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(proof.as_bytes())?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let (from, port, proof) = (siege.source, api_port(siege), wrong_proof(siege)?);
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        while !stop.is_wished() {
            match hand_in(from, port, &proof) {
                Ok(answer) if answer.contains("\"banned\"") => count(&mut deeds, "banned"),
                Ok(answer) if answer.contains(" 422 ") => count(&mut deeds, "refused"),
                Ok(_) => count(&mut deeds, "answered_otherwise"),
                Err(_) => count(&mut deeds, "unanswered"),
            }
            let _ = stop.pause(PAUSE);
        }
        deeds
    })
}

/// The one who is named hands in from its own machine, and is judged by its own proof.
fn the_named_one_is_heard(siege: &mut Siege) -> Outcome<Wrongs> {
    let proof = wrong_proof(siege)?;
    let own = hand_in(std::net::Ipv4Addr::LOCALHOST, api_port(siege), &proof);
    Ok(match own {
        Ok(answer) if answer.contains(" 422 ") => Wrongs::new(),
        Ok(answer) => {
            vec![format!("who is named is not judged by its own proof: {}", answer.lines().next().unwrap_or_default())]
        }
        Err(error) => vec![format!("who is named is not answered: {error}")],
    })
}
