//! A pool behind a socket, whose clock is set by hand: the tokio service with its ledger in memory.
//!
//! Its port pays by credit, so that what each address is owed of an income tells what it was credited.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pow::Difficulty;
use stratum::ledger::Stored;
use stratum::service::{Later, Ports, ProofSink, Service, Shares, Socket};
use stratum::{Config, Metrics, Payment, Port, Proof, Template, Verdict};
use tokio::net::TcpListener;
use tokio::sync::watch;
use types::{Address, ByteString, Hash32, ModuleId, Network, SystemCall};

use crate::rig::{OPERATOR, START_MS, template};

/// The highest difficulty of the port, in billionths: at most so much hangs on one share.
pub const DIFFICULTY_MAX: u128 = 1_024;

static NOW_MS: AtomicU64 = AtomicU64::new(START_MS);

fn now_ms() -> u64 {
    NOW_MS.load(Ordering::SeqCst)
}

/// A ledger that is kept nowhere.
struct Nowhere;

impl Shares for Nowhere {
    fn load(&mut self) -> io::Result<Stored> {
        Ok(Stored::default())
    }
    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn checkpoint(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn set_aside(&mut self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// A chain that takes every proof as a share.
struct Chain;

impl ProofSink for Chain {
    fn call(&self, _: &Proof) -> Option<SystemCall> {
        Some(SystemCall { module: ModuleId(3), body: ByteString::default() })
    }

    fn submit(&self, _: &Proof, _: SystemCall) -> Later<Verdict> {
        Box::pin(async { Verdict::Share })
    }
}

/// The pool.
pub struct Pool {
    pub address: SocketAddr,
    pub work: Arc<Template>,
    service: Service,
    templates: watch::Sender<Option<Arc<Template>>>,
}

impl Pool {
    pub async fn start() -> Self {
        let billionths = |number| Difficulty::from_billionths(number).expect("above zero");
        let port = Port {
            difficulty_start: billionths(16),
            difficulty_min: Difficulty::MIN,
            difficulty_max: billionths(DIFFICULTY_MAX),
            ..Port::new(Payment::Pplns { operator: OPERATOR })
        };
        let work = Arc::new(template(1));
        let (templates, receiver) = watch::channel(Some(Arc::clone(&work)));
        let ports = Ports {
            work: receiver,
            proofs: Arc::new(Chain),
            receipts: None,
            shares: Box::new(Nowhere),
            events: Box::new(|_| {}),
            admission: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let sockets = vec![Socket { listener, port: 0, tls: None }];
        let config = Config::new(Network::Test, vec![port]);
        let service = Service::start(config, [1; 32], sockets, ports, now_ms).expect("a service");
        Self { address, work, service, templates }
    }

    /// The clock goes on, and the server looks at it.
    pub async fn wait(&self, ms: u64) {
        NOW_MS.fetch_add(ms, Ordering::SeqCst);
        self.service.handle().tick().await.expect("a service");
    }

    /// The chain goes on to the next work.
    pub fn next_work(&mut self) {
        self.work = Arc::new(template(self.work.work_height + 1));
        self.templates.send_replace(Some(Arc::clone(&self.work)));
    }

    /// Waits until the pool knows that the connection with this extranonce1 is gone.
    pub async fn gone(&self, extranonce1: &[u8]) {
        let handle = self.service.handle();
        let is_open = |extranonce1: Vec<u8>| {
            let is_it =
                move |client: stratum::Client<'_>| client.extranonce1.is_some_and(|open| open[..] == extranonce1);
            handle.ask(move |server| server.clients().any(is_it))
        };
        while is_open(extranonce1.to_vec()).await.expect("a service") {
            tokio::task::yield_now().await;
        }
    }

    /// What addresses are owed, in base units.
    pub async fn owed(&self, addresses: Vec<Address>) -> Vec<u128> {
        let owed = move |server: &stratum::Server| {
            let owed = |address| server.book().owed().get(address).copied().unwrap_or(0);
            addresses.iter().map(owed).collect()
        };
        self.service.handle().ask(owed).await.expect("a service")
    }

    /// The operator receives an income.
    pub async fn income(&self, amount: u128) {
        let income = self.service.handle().income(Hash32([1; 32]), amount, 0).await;
        assert!(matches!(income, Some(Ok(_))), "{income:?}");
    }

    /// What was credited to an address, in billionths.
    pub async fn credited(&self, address: Address) -> u128 {
        let credited = move |server: &stratum::Server| {
            let workers = server.book().workers().iter();
            workers.filter(|(worker, _)| worker.address == address).map(|(_, tally)| tally.billionths).sum()
        };
        self.service.handle().ask(credited).await.expect("a service")
    }

    pub async fn metrics(&self) -> Metrics {
        self.service.handle().ask(|server| server.metrics().clone()).await.expect("a service")
    }

    pub async fn stop(self) {
        self.service.stop().await.expect("a clean stop");
    }
}
