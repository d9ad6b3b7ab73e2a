//! A node's port for miners: the real service on a real socket, over a chain that is made up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use pow::Difficulty;
use stratum::service::{FolderShares, Later, Ports, ProofSink, Service, Socket};
use stratum::{Config, Payment, Proof, Refusal, Template, Verdict};
use tokio::net::TcpListener;
use tokio::sync::watch;
use types::{Address, Network, SystemCall};

#[path = "../../../stratum/examples/made_up/mod.rs"]
mod made_up;

/// A difficulty of some four million hashes, so that nothing is a share by luck.
const DIFFICULTY: &str = "0.001";

/// Every proof counts.
struct Chain;

impl ProofSink for Chain {
    fn call(&self, proof: &Proof) -> Option<SystemCall> {
        Some(made_up::call(proof))
    }

    fn submit(&self, proof: &Proof, _: SystemCall) -> Later<Verdict> {
        let verdict = if proof.is_work { Verdict::Work } else { Verdict::Share };
        Box::pin(async move { verdict })
    }
}

/// A running port.
pub struct Port {
    service: Service,
    /// Where it listens.
    pub address: SocketAddr,
    /// The work that is handed out.
    pub work: watch::Sender<Option<Arc<Template>>>,
    _folder: tempfile::TempDir,
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

/// A work for real machines.
pub fn template(work_height: u64) -> Arc<Template> {
    let previous = [work_height as u8; 32];
    Arc::new(made_up::template(work_height, previous, 0x1d00_ffff, (now_ms() / 1_000) as u32))
}

impl Port {
    /// Listens for miners who are paid like that; with a certificate, over TLS.
    pub async fn start(payment: Payment, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (work, works) = watch::channel(Some(template(1)));
        let shares = Box::new(FolderShares::open(folder.path()).expect("a folder"));
        let ports = Ports {
            work: works,
            proofs: Arc::new(Chain),
            shares,
            receipts: None,
            events: Box::new(|_| {}),
            admission: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let difficulty = Difficulty::parse(DIFFICULTY).expect("in range");
        let port =
            stratum::Port { difficulty_start: difficulty, difficulty_min: difficulty, ..stratum::Port::new(payment) };
        let config = Config::new(Network::Main, vec![port]);
        let sockets = vec![Socket { listener, port: 0, tls }];
        let service = Service::start(config, [1; 32], sockets, ports, now_ms).expect("a service");
        Self { service, address, work, _folder: folder }
    }

    /// The shares of every account that has any; those of all accounts together are no more and no less.
    pub async fn credited(&self) -> BTreeMap<Address, u64> {
        let book = self.service.handle().ask(|server| server.book().clone()).await.expect("an answer");
        let mut credited = BTreeMap::new();
        for (worker, tally) in book.workers() {
            *credited.entry(worker.address).or_default() += tally.shares;
        }
        assert_eq!(credited.values().sum::<u64>(), book.all().shares);
        credited
    }

    /// What was refused, and how often.
    pub async fn refused(&self) -> BTreeMap<Refusal, u64> {
        self.service.handle().ask(|server| server.metrics().refused.clone()).await.expect("an answer")
    }

    /// Stops it.
    pub async fn stop(self) {
        self.service.stop().await.expect("a clean stop");
    }
}
