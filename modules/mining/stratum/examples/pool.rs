//! A pool without a chain, to point a miner's program at: every template is made up, and works follow one another as
//! fast as they are found.
//!
//! `cargo run --release -p stratum --features service --example pool -- 127.0.0.1:3334 [difficulty]`
#![allow(clippy::disallowed_methods, clippy::print_stdout)] // A program at the edge: it has a clock and a terminal.

mod made_up;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use pow::Difficulty;
use stratum::service::{FolderShares, Later, Ports, ProofSink, Service, Socket};
use stratum::{Config, Payment, Port, Proof, Template, Verdict};
use tokio::sync::watch;
use types::{Network, SystemCall};

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

fn template(work_height: u64, previous: [u8; 32]) -> Template {
    made_up::template(work_height, previous, 0x1e10_0000, u32::try_from(now_ms() / 1_000).unwrap_or(u32::MAX))
}

/// Every work is taken, and the next one builds on it.
struct Chain(watch::Sender<Option<Arc<Template>>>);

impl ProofSink for Chain {
    fn call(&self, proof: &Proof) -> Option<SystemCall> {
        Some(made_up::call(proof))
    }

    fn submit(&self, proof: &Proof, _: SystemCall) -> Later<Verdict> {
        println!(
            "work {} by {}: {}",
            proof.work_height,
            proof.worker.name,
            if proof.is_work { "work" } else { "share" }
        );
        if proof.is_work {
            self.0.send_replace(Some(Arc::new(template(proof.work_height + 1, proof.hash))));
        }
        let verdict = if proof.is_work { Verdict::Work } else { Verdict::Share };
        Box::pin(async move { verdict })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:3334".to_owned());
    let difficulty = Difficulty::parse(&arguments.next().unwrap_or_else(|| "0.001".to_owned()))?;
    let port = Port { difficulty_start: difficulty, ..Port::new(Payment::Solo) };
    let (templates, work) = watch::channel(Some(Arc::new(template(1, [0; 32]))));
    let folder = tempfile::tempdir()?;
    let ports = Ports {
        work,
        proofs: Arc::new(Chain(templates)),
        shares: Box::new(FolderShares::open(folder.path())?),
        receipts: None,
        events: Box::new(|event| println!("{event:?}")),
        admission: None,
    };
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on {}", listener.local_addr()?);
    let sockets = vec![Socket { listener, port: 0, tls: None }];
    let service = Service::start(Config::new(Network::Test, vec![port]), [3; 32], sockets, ports, now_ms)?;
    let handle = service.handle();
    let mut ticks = tokio::time::interval(std::time::Duration::from_secs(5));
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            _ = ticks.tick() => {
                let told = handle.ask(|server| (stratum::report::ckpool_pool(server), server.metrics().clone())).await;
                if let Some((pool, metrics)) = told {
                    println!("{pool} refused {:?}", metrics.refused);
                }
            }
        }
    }
    Ok(service.stop().await?)
}
