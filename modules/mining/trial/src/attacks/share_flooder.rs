//! Miners that send what is no share, and the same share again and again, over many connections.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use testnet::devnet::Outcome;
use testnet::hostile::sockets::{self, connect, count, is_open};
use testnet::hostile::{Attack, Begun, Deeds, Hand, Siege, Wrongs};

use crate::local::miners_port;

pub(super) const ATTACK: Attack = Attack {
    name: "share-flooder",
    rows: "D6, W7",
    about: "100 miners at the port of node 0 that send wrong shares, half lines and lines without an end; an honest one must get its job",
    deed: "lines",
    hand: Hand::PlainSockets,
    weight: 3.0,
    begin,
    during: an_honest_miner_gets_its_job,
    ..Attack::PLAIN
};

const MINERS: usize = 100;
const PATIENCE: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(20);
const HONEST_PATIENCE: Duration = Duration::from_secs(5);
const SUBSCRIBE: &str = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"flood/1\"]}\n";

fn authorize(user: &str) -> String {
    format!("{{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"{user}\",\"x\"]}}\n")
}

/// What is sent one after the other: a wrong share, again, one for a job that never was, nonsense, and half a line.
fn lines(user: &str) -> [String; 5] {
    let share = |job: &str, nonce: &str| {
        format!(
            "{{\"id\":4,\"method\":\"mining.submit\",\"params\":[\"{user}\",\"{job}\",\"0000000000000000\",\"00000000\",\"{nonce}\"]}}\n"
        )
    };
    [
        share("1", "00000000"),
        share("1", "00000000"),
        share("ffff", "12345678"),
        "{\"id\":[],\n".to_owned(),
        "x".repeat(2_048),
    ]
}

fn begin(siege: &Siege, _: Duration) -> Outcome<Begun> {
    let (from, port) = (siege.source, miners_port(siege.network.plan.ports, 0));
    let payee = siege.network.wallets.bob.key.address().to_text(types::Network::Test);
    sockets::begin(move |stop| {
        let mut deeds = Deeds::new();
        let mut held: Vec<Option<TcpStream>> = std::iter::repeat_with(|| None).take(MINERS).collect();
        let sent = lines(&format!("{payee}.flood"));
        for turn in 0_usize.. {
            for place in &mut held {
                if stop.is_wished() {
                    return deeds;
                }
                if !place.as_ref().is_some_and(is_open) {
                    *place = connect(from, port).ok();
                    count(&mut deeds, if place.is_some() { "opened" } else { "refused" });
                    if let Some(stream) = place {
                        let _ = stream.set_write_timeout(Some(PATIENCE));
                        let greeting = format!("{SUBSCRIBE}{}", authorize(&format!("{payee}.flood")));
                        let _ = stream.write_all(greeting.as_bytes());
                    }
                }
                let line = &sent[turn % sent.len()];
                let Some(stream) = place else { continue };
                count(&mut deeds, if stream.write_all(line.as_bytes()).is_ok() { "lines" } else { "cut_off" });
            }
            let _ = stop.pause(PAUSE);
        }
        deeds
    })
}

fn an_honest_miner_gets_its_job(siege: &mut Siege) -> Outcome<Wrongs> {
    let payee = siege.network.wallets.alice.key.address().to_text(types::Network::Test);
    Ok(match first_job(miners_port(siege.network.plan.ports, 0), &payee) {
        Ok(()) => Wrongs::new(),
        Err(error) => vec![format!("an honest miner gets no job from node 0: {error}")],
    })
}

fn first_job(port: u16, payee: &str) -> std::io::Result<()> {
    let mut stream = connect(Ipv4Addr::LOCALHOST, port)?;
    stream.set_read_timeout(Some(HONEST_PATIENCE))?;
    stream.write_all(format!("{SUBSCRIBE}{}", authorize(&format!("{payee}.honest"))).as_bytes())?;
    for line in BufReader::new(stream).lines() {
        if line?.contains("mining.notify\",\"params\":[\"") {
            return Ok(());
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}
