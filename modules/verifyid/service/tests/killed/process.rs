//! The process that is killed: the service as the node runs it, with its routes at a socket and its files in a folder, on a copy of the chain.
//!
//! It hears of the chain by its input and says by its output where it listens and what its account sends. It must not know that it is killed.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::{Extension, Router};
use service::account::{DeedError, Past, ServiceAccount, Unfit};
use service::chain::Later;
use service::http::{Client, Routes};
use service::outbox::{DeedEnd, DeedState};
use service::{Ground, Service};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tryout::{Running, TryoutChain, ground};
use types::{Address, Amount, Call, Hash32, Nonce};
use verifyid_service::{VerifyIdService, VerifyIdSettings};

use crate::chain::{Line, VERIFIER, call_text, first};

/// A thread that works with files does so many of these calls before anything else: more than any other thread does at all. So what is counted
/// above is of that thread alone.
pub const CALLS_BEFORE: usize = 64;

/// How the process works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// As in a node.
    Many,
    /// All that meets a file in one thread, in one order, so that its calls can be counted.
    One,
}

impl Threads {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Many => "many",
            Self::One => "one",
        }
    }

    fn runtime(self) -> Runtime {
        let runtime = match self {
            Self::Many => Builder::new_multi_thread().worker_threads(2).enable_all().build(),
            Self::One => {
                Builder::new_current_thread().max_blocking_threads(1).on_thread_start(count_up).enable_all().build()
            }
        };
        runtime.expect("threads")
    }
}

fn count_up() {
    for _ in 0..CALLS_BEFORE {
        let nothing = OpenOptions::new().write(true).open("/dev/null");
        nothing.and_then(|mut nothing| nothing.write_all(b"x")).expect("there is always room for nothing");
    }
}

/// What it is told when it starts.
#[derive(Clone, Debug)]
pub struct Start {
    /// The service's folder.
    pub folder: PathBuf,
    /// No two starts have the same.
    pub number: u64,
    pub threads: Threads,
}

impl Start {
    pub fn arguments(&self) -> [String; 3] {
        [self.folder.display().to_string(), self.number.to_string(), self.threads.name().to_owned()]
    }

    fn read(arguments: &[String]) -> Option<Self> {
        let [folder, number, threads] = arguments else { return None };
        let threads = [Threads::Many, Threads::One].into_iter().find(|one| one.name() == threads)?;
        Some(Self { folder: PathBuf::from(folder), number: number.parse().ok()?, threads })
    }
}

/// Lives until it is killed.
///
/// # Panics
/// Something is not as it must be; whoever waits for a kill sees that it was none.
pub fn live(arguments: &[String]) {
    let start = Start::read(arguments).expect("a folder, a number and how it works");
    let chain = Arc::new(first());
    let (ended, account_ended) = watch::channel(BTreeMap::new());
    let (present, is_present) = oneshot::channel();
    let copied = Arc::clone(&chain);
    std::thread::spawn(move || follow(&copied, &ended, present));
    let account = Arc::new(SentAccount { chain: Arc::clone(&chain), ended: account_ended });
    start.threads.runtime().block_on(async {
        is_present.await.expect("its history is told");
        serve(&start, &chain, account).await;
    });
}

async fn serve(start: &Start, chain: &Arc<TryoutChain>, account: Arc<SentAccount>) {
    let entropy = crypto::hash::sha256(&start.number.to_le_bytes());
    let ground = Ground { entropy, account: Some(account), ..ground(chain, &start.folder) };
    let most = VerifyIdSettings::default();
    let settings = VerifyIdSettings { enabled: true, challenges_per_minute_max: 1_000_000, batch_seconds: 1, ..most };
    let opening = tokio::task::spawn_blocking(move || VerifyIdService::open(&settings, ground, Vec::new()));
    let opened = opening.await.expect("it does not panic").expect("whatever a kill has left is no hindrance");
    let service = opened.expect("it is enabled");
    let router = router(&Service::routes(&service));
    let mut running = Running::start(service);
    running.ready().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    say(&format!("at {} {}\n", listener.local_addr().expect("bound").port(), std::process::id()));
    axum::serve(listener, router).await.expect("it serves until it is killed");
}

fn router(routes: &Routes) -> Router {
    let mut router = Router::new();
    for route in routes.own.iter().chain(&routes.foreign) {
        for at in route.paths() {
            router = router.route(at, route.handlers());
        }
    }
    router.layer(Extension(Client(IpAddr::V4(Ipv4Addr::LOCALHOST))))
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(line.as_bytes()).and_then(|()| output.flush()).expect("somebody listens");
}

/// Has what happened to the chain happen to its copy. Ends the process when nobody tells it anything more.
fn follow(chain: &TryoutChain, ended: &watch::Sender<BTreeMap<Hash32, DeedEnd>>, present: oneshot::Sender<()>) {
    let mut present = Some(present);
    for line in std::io::stdin().lines() {
        let line = line.expect("lines of text");
        match Line::read(&line).unwrap_or_else(|| panic!("no line: {line}")) {
            Line::Pass => chain.pass(),
            Line::Called { user, code, call } => {
                if chain.send(user, call) != code {
                    // The copy is none.
                    std::process::exit(3);
                }
            }
            Line::Present => present.take().into_iter().for_each(|present| present.send(()).expect("it waits")),
            Line::Ended { key, end } => ended.send_modify(|ended| {
                ended.insert(key, end);
            }),
        }
    }
    std::process::exit(4);
}

/// The account, whose deeds the holder of the chain carries out once each.
struct SentAccount {
    chain: Arc<TryoutChain>,
    ended: watch::Receiver<BTreeMap<Hash32, DeedEnd>>,
}

impl ServiceAccount for SentAccount {
    fn address(&self) -> Address {
        TryoutChain::user(VERIFIER)
    }

    fn balance(&self) -> Option<Amount> {
        None
    }

    fn trouble(&self) -> Option<String> {
        None
    }

    fn past(&self) -> Past {
        Past::Used
    }

    fn begin(&self) -> Later<'_, ()> {
        Box::pin(async {})
    }

    fn trust(&self, _: Nonce) -> Later<'_, bool> {
        Box::pin(async { true })
    }

    /// What was sent may always be included still.
    fn abandon(&self, _: Hash32) -> Later<'_, Option<bool>> {
        Box::pin(async { Some(false) })
    }

    fn is_used_elsewhere(&self) -> Later<'_, Option<bool>> {
        Box::pin(async { Some(false) })
    }

    fn seen(&self) -> Later<'_, Option<Nonce>> {
        Box::pin(async { None })
    }

    fn known(&self) -> Later<'_, Option<Nonce>> {
        Box::pin(async { None })
    }

    fn fits(&self, mut calls: Vec<Call>) -> Later<'_, Result<(), Unfit>> {
        let code = self.chain.would_end(VERIFIER, calls.pop().expect("one call"));
        let fits = if code == 0 { Ok(()) } else { Err(Unfit::Now(format!("it would end with {code}"))) };
        Box::pin(async { fits })
    }

    fn payments(&self, _: &[(Address, Amount)]) -> Vec<Call> {
        Vec::new()
    }

    fn send(&self, key: Hash32, mut calls: Vec<Call>) -> Later<'_, Result<DeedEnd, DeedError>> {
        say(&format!("send {key} {}\n", call_text(&calls.pop().expect("one call"))));
        let mut ended = self.ended.clone();
        Box::pin(async move {
            let found = ended.wait_for(|ended| ended.contains_key(&key)).await.map_err(|_| DeedError::Stopping)?;
            Ok(*found.get(&key).expect("it was looked for"))
        })
    }

    fn state_of(&self, _: Hash32) -> Later<'_, Option<DeedState>> {
        Box::pin(async { None })
    }

    fn forget(&self, key: Hash32) -> Later<'_, ()> {
        say(&format!("forget {key}\n"));
        Box::pin(async {})
    }
}
