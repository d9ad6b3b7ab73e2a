//! The shell over real sockets: plain, TLS, restart, drain, and what a stranger may cost.
#![allow(clippy::disallowed_methods)] // Real sockets need a real clock.

#[path = "../examples/made_up/mod.rs"]
mod made_up;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pow::{CompactBits, Difficulty, WorkHeader, merkle, sha256d};
use serde_json::Value;
use stratum::service::{
    Admission, FolderShares, Later, NoReceipt, Ports, ProofSink, ReceiptsError, ReceiptsFolder, Service, Socket, rustls,
};
use stratum::{
    AttestTerms, Book, Config, Entry, Event, KeptProofs, MiningDevice, NotBegun, Payment, Port, Proof, Refusal, Server,
    Settlement, Share, Template, Verdict, Worker, WorkerName, ledger,
};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use types::{Address, Hash32, Network, SystemCall};

const DEADLINE: Duration = Duration::from_secs(20);

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

fn template(work_height: u64) -> Template {
    made_up::template(work_height, [work_height as u8; 32], 0x207f_ffff, (now_ms() / 1_000) as u32)
}

/// A chain that tells which proofs it got.
struct Chain(mpsc::UnboundedSender<Proof>);

impl ProofSink for Chain {
    fn call(&self, proof: &Proof) -> Option<SystemCall> {
        Some(made_up::call(proof))
    }

    fn submit(&self, proof: &Proof, _: SystemCall) -> Later<Verdict> {
        let verdict = if proof.is_work { Verdict::Work } else { Verdict::Share };
        self.0.send(proof.clone()).expect("the test listens");
        Box::pin(async move { verdict })
    }
}

/// Only workers called `good`.
struct Good;

impl Admission for Good {
    fn ask(
        &self,
        worker: Worker,
        _: std::net::IpAddr,
        device: Option<String>,
    ) -> Later<Result<Option<MiningDevice>, Refusal>> {
        Box::pin(async move {
            match (worker.name.as_str(), device.as_deref()) {
                ("good", None) => Ok(None),
                ("good", Some("thrtdev1good")) => Ok(Some(MiningDevice { id: Hash32([4; 32]), level: 1 })),
                ("good", Some(_)) => Err(Refusal::UnknownDevice),
                _ => Err(Refusal::NotAllowed),
            }
        })
    }
}

struct Pool {
    service: Service,
    address: std::net::SocketAddr,
    /// Where TLS is spoken at that address: one that speaks none.
    plain: std::net::SocketAddr,
    proofs: mpsc::UnboundedReceiver<Proof>,
    templates: watch::Sender<Option<Arc<Template>>>,
    /// What is told to the operator's log.
    events: Arc<Mutex<Vec<Event>>>,
}

async fn pool(folder: &std::path::Path, config: Config, tls: Option<Arc<rustls::ServerConfig>>) -> Pool {
    let (sender, proofs) = mpsc::unbounded_channel();
    let (templates, work) = watch::channel(Some(Arc::new(template(1))));
    let shares = Box::new(FolderShares::open(folder).expect("a folder"));
    let events = Arc::new(Mutex::new(Vec::new()));
    let ports = Ports {
        work,
        proofs: Arc::new(Chain(sender)),
        shares,
        receipts: Some(ReceiptsFolder::open(folder.join("receipts")).expect("a folder")),
        events: Box::new({
            let events = events.clone();
            move |event: &Event| events.lock().expect("nobody panicked").push(event.clone())
        }),
        admission: Some(Arc::new(Good)),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let beside = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let plain = beside.local_addr().expect("bound");
    let sockets = vec![Socket { listener, port: 0, tls }, Socket { listener: beside, port: 0, tls: None }];
    let service = Service::start(config, [1; 32], sockets, ports, now_ms).expect("a service");
    Pool { service, address, plain, proofs, templates, events }
}

fn config() -> Config {
    let port = Port {
        difficulty_start: Difficulty::MIN,
        difficulty_min: Difficulty::MIN,
        ..Port::new(Payment::Pplns { operator: Address([9; 20]) })
    };
    Config::new(Network::Test, vec![port])
}

fn user(name: &str) -> String {
    format!("{}.{name}", Address([1; 20]).to_legacy_text())
}

/// A client that awaits lines with a deadline.
struct Client<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    async fn say(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\n").as_bytes()).await.expect("sent");
        self.stream.flush().await.expect("sent");
    }

    /// The next line that `wanted` accepts, nothing if the server closed.
    async fn hear(&mut self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(DEADLINE, self.stream.read_line(&mut line)).await.expect("in time");
            if read.ok()? == 0 {
                return None;
            }
            let value: Value = serde_json::from_str(&line).expect("JSON");
            if wanted(&value) {
                return Some(value);
            }
        }
    }

    async fn ask(&mut self, id: u64, method: &str, params: &str) -> Value {
        self.say(&format!(r#"{{"id":{id},"method":"{method}","params":{params}}}"#)).await;
        self.hear(|line| line["id"] == id).await.expect("an answer")
    }

    /// Logs in and gives back the parameters of a share.
    async fn share(&mut self, name: &str, skip: usize) -> String {
        let subscribed = self.ask(1, "mining.subscribe", "[]").await;
        let granted = self.ask(2, "mining.authorize", &format!(r#"["{}","x"]"#, user(name))).await;
        assert_eq!(granted["result"], true);
        let job = self.hear(|line| line["method"] == "mining.notify").await.expect("a job");
        let params = &job["params"];
        let bytes = |value: &Value| hex::decode(value.as_str().expect("a text")).expect("hex");
        let number = |value: &Value| u32::from_str_radix(value.as_str().expect("a text"), 16).expect("hex");
        let extranonce1 = bytes(&subscribed["result"][1]);
        let coinbase = [bytes(&params[2]), extranonce1, vec![0; 8], bytes(&params[3])].concat();
        let previous: Vec<u8> =
            bytes(&params[1]).chunks(4).flat_map(|word| word.iter().rev().copied().collect::<Vec<u8>>()).collect();
        let time = number(&params[7]);
        let header = |nonce| WorkHeader {
            version: number(&params[5]),
            previous: previous.clone().try_into().expect("32 bytes"),
            merkle_root: merkle::fold(sha256d(&coinbase), &[]),
            time,
            bits: CompactBits(number(&params[6])),
            nonce,
        };
        let target = Difficulty::MIN.target();
        let nonce = (0..u32::MAX).filter(|nonce| target.is_met_by(&header(*nonce).hash())).nth(skip).expect("many");
        let job = params[0].as_str().expect("a text");
        format!(r#"["{}","{job}","0000000000000000","{time:08x}","{nonce:08x}"]"#, user(name))
    }
}

async fn connect(pool: &Pool) -> Client<TcpStream> {
    Client::new(TcpStream::connect(pool.address).await.expect("a connection"))
}

#[tokio::test]
async fn a_share_travels_from_the_socket_to_the_chain_and_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut pool = pool(folder.path(), config(), None).await;
    let mut client = connect(&pool).await;
    let share = client.share("rig", 0).await;
    assert_eq!(client.ask(3, "mining.submit", &share).await["result"], true);
    assert_eq!(client.ask(4, "mining.submit", &share).await["error"][0], 22);
    let proof = tokio::time::timeout(DEADLINE, pool.proofs.recv()).await.expect("in time").expect("a proof");
    assert!(proof.work_height == 1 && proof.worker.name.as_str() == "rig");
    let income = pool.service.handle().income(Hash32([1; 32]), 1_000, 0).await;
    assert_eq!(income, Some(Ok(0)), "one address gets all of it");
    assert!(matches!(pool.service.handle().income(Hash32([1; 32]), 1_000, 0).await, Some(Err(_))));
    let payment = Settlement { reference: Hash32([2; 32]), address: Address([1; 20]), amount: 1_500_000 };
    let refused = pool.service.handle().paid(payment).await.expect("it runs").expect_err("it is more than is owed");
    assert_eq!(refused.to_string(), "1.5 THR are to be paid, and 0.001 THR are owed");
    // Stopped without any notice: the runtime drops the tasks, the ledger is what was synced.
    let book = pool.service.handle().ask(|server| server.book().clone()).await.expect("an answer");
    let told = pool.events.lock().expect("nobody panicked").clone();
    assert!(!told.iter().any(|event| matches!(event, Event::Refused(_))), "who asked was told: {told:?}");
    let stored =
        stratum::service::Shares::load(&mut FolderShares::open(folder.path()).expect("a folder")).expect("read");
    assert_eq!(ledger::recover(&stored).expect("a ledger").book, book);
    pool.service.stop().await.expect("a clean stop");
    let pool = self::pool(folder.path(), config(), None).await;
    let again = pool.service.handle().ask(|server| server.book().clone()).await.expect("an answer");
    assert_eq!((again.all().shares, again.owed()[&Address([1; 20])]), (1, 1_000));
    pool.service.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn a_new_work_reaches_the_miner_at_once_and_a_stop_asks_it_to_reconnect() {
    let folder = tempfile::tempdir().expect("a folder");
    let pool = pool(folder.path(), config(), None).await;
    let mut client = connect(&pool).await;
    client.share("rig", 0).await;
    pool.templates.send_replace(Some(Arc::new(template(2))));
    let job = client.hear(|line| line["method"] == "mining.notify").await.expect("a job");
    assert_eq!(job["params"][1], "02".repeat(32));
    let (stopped, heard) = tokio::join!(pool.service.stop(), async {
        let asked = client.hear(|line| line["method"] == "client.reconnect").await;
        (asked, client.hear(|_| true).await)
    });
    stopped.expect("a clean stop");
    assert!(heard.0.is_some() && heard.1.is_none(), "asked, then closed");
}

#[tokio::test]
async fn a_tls_hello_on_the_plain_port_and_anything_but_json_are_closed_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let pool = pool(folder.path(), config(), None).await;
    for bytes in [&[0x16, 3, 1, 2, 0][..], b"GET / HTTP/1.1\r\n", &[b'{'; 20_000], &[b'\n'; 500]] {
        let mut stream = TcpStream::connect(pool.address).await.expect("a connection");
        // The server may close while more is being sent.
        let _ = stream.write_all(bytes).await;
        let mut rest = Vec::new();
        let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("in time");
        assert!(rest.is_empty(), "{read:?}");
    }
    let closed =
        pool.service.handle().ask(|server| server.metrics().connections_closed.clone()).await.expect("an answer");
    assert_eq!(closed.values().sum::<u64>(), 4);
    let left = pool.service.handle().ask(Server::connections).await;
    assert!(left.expect("an answer") <= 4);
    pool.service.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn admission_is_asked_of_outside() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.asks_admission = true;
    let pool = pool(folder.path(), config, None).await;
    let mut client = connect(&pool).await;
    client.ask(1, "mining.subscribe", "[]").await;
    assert_eq!(client.ask(2, "mining.authorize", &format!(r#"["{}","x"]"#, user("bad"))).await["error"][0], 24);
    assert_eq!(client.ask(3, "mining.authorize", &format!(r#"["{}","x"]"#, user("good"))).await["result"], true);
    pool.service.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn a_device_is_asked_about_outside_and_its_attestation_begins_by_the_handle() {
    let folder = tempfile::tempdir().expect("a folder");
    let pool = pool(folder.path(), config(), None).await;
    let mut client = connect(&pool).await;
    client.ask(1, "mining.subscribe", "[]").await;
    let login = |device: &str| format!(r#"["{}","v={device}"]"#, user("good"));
    assert_eq!(client.ask(2, "mining.authorize", &login("thrtdev1bad")).await["error"][0], 24);
    assert_eq!(client.ask(3, "mining.authorize", &login("thrtdev1good")).await["result"], true);
    let (device, handle) = (Hash32([4; 32]), pool.service.handle());
    let terms = AttestTerms {
        device,
        owner: Address([1; 20]),
        class: 1,
        beacon: 7,
        binding: Hash32([6; 32]),
        difficulty: Difficulty::ONE,
        shares: 2,
        until_ms: now_ms() + 60_000,
        ends_ms: now_ms() + 90_000,
    };
    let over = AttestTerms { until_ms: 1, ..terms };
    assert_eq!(handle.attest(over).await, Some(Err(NotBegun::Over)));
    assert_eq!(handle.attest(terms).await, Some(Ok(())));
    let told = handle.ask(move |server| server.attestation(&device)).await.flatten().expect("it was begun");
    assert_eq!((told.terms, told.shares, told.connections), (terms, 0, 1));
    pool.service.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn a_miner_speaks_tls_on_the_port_that_does() {
    let (server, client) = certified();
    let folder = tempfile::tempdir().expect("a folder");
    let pool = pool(folder.path(), config(), Some(server)).await;
    let stream = TcpStream::connect(pool.address).await.expect("a connection");
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let stream = tokio_rustls::TlsConnector::from(client).connect(name, stream).await.expect("a handshake");
    let mut client = Client::new(stream);
    let share = client.share("rig", 3).await;
    assert_eq!(client.ask(3, "mining.submit", &share).await["result"], true);
    pool.service.stop().await.expect("a clean stop");
}

/// What serves TLS, and what believes it.
fn certified() -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let certificate = certified.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.key_pair.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a good pair");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).expect("a root");
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

/// Waits until the other side has closed.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("in time");
    assert!(rest.is_empty(), "{read:?}");
}

// FAULTS RM10
#[tokio::test]
async fn silent_connections_to_the_port_with_tls_take_no_place_of_a_miner() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { connections_max: 3, ..config() };
    let (server, client) = certified();
    let pool = pool(folder.path(), config, Some(server)).await;
    let mut held = Vec::new();
    for _ in 0..200 {
        held.push(TcpStream::connect(pool.address).await.expect("a connection"));
    }
    // They are accepted in their order, so all others were before.
    closed(held.last_mut().expect("many")).await;
    let mut miner = Client::new(TcpStream::connect(pool.plain).await.expect("a connection"));
    let share = miner.share("rig", 0).await;
    assert_eq!(miner.ask(3, "mining.submit", &share).await["result"], true);
    let turned_away =
        pool.service.handle().ask(|server| server.metrics().connections_closed.clone()).await.expect("an answer");
    let expected = 200 - stratum::limits::HANDSHAKES_PER_SOURCE_MAX as u64;
    assert_eq!(turned_away.get(&stratum::CloseReason::FullForIp), Some(&expected), "{turned_away:?}");
    // Handshakes that do not come are given up soon, and the port is free for those that do.
    closed(&mut held[0]).await;
    closed(&mut held[60]).await;
    let stream = TcpStream::connect(pool.address).await.expect("a connection");
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let stream = tokio_rustls::TlsConnector::from(client).connect(name, stream).await.expect("a handshake");
    assert_eq!(Client::new(stream).ask(1, "mining.ping", "[]").await["result"], "pong");
    pool.service.stop().await.expect("a clean stop");
}

// FAULTS RM10
#[tokio::test]
async fn silent_connections_give_way_to_a_miner_and_one_address_has_no_more_than_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { connections_max: 3, connections_per_ip_max: 4, ..config() };
    let pool = pool(folder.path(), config, None).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(pool.address).await.expect("a connection"));
    }
    let mut miner = connect(&pool).await;
    let share = miner.share("rig", 0).await;
    assert_eq!(miner.ask(3, "mining.submit", &share).await["result"], true);
    closed(&mut held[0]).await;
    for _ in 0..8 {
        held.push(TcpStream::connect(pool.address).await.expect("a connection"));
    }
    // Two places are left beside the miner's.
    let turned_away = async {
        loop {
            let closed = pool.service.handle().ask(|server| server.metrics().connections_closed.clone()).await;
            let closed = closed.expect("an answer");
            if closed.values().sum::<u64>() == 9 {
                break closed;
            }
        }
    };
    let turned_away = tokio::time::timeout(DEADLINE, turned_away).await.expect("in time");
    assert!(turned_away.contains_key(&stratum::CloseReason::GaveWay), "{turned_away:?}");
    assert_eq!(miner.ask(4, "mining.ping", "[]").await["result"], "pong", "whoever mines stays");
    pool.service.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn a_disk_that_fails_stops_the_service_and_no_share_is_confirmed() {
    struct Broken(FolderShares);
    impl stratum::service::Shares for Broken {
        fn load(&mut self) -> std::io::Result<ledger::Stored> {
            self.0.load()
        }
        fn append(&mut self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::Error::other("no space"))
        }
        fn checkpoint(&mut self, snapshot: &[u8]) -> std::io::Result<()> {
            self.0.checkpoint(snapshot)
        }
        fn set_aside(&mut self) -> std::io::Result<Vec<String>> {
            self.0.set_aside()
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (sender, _proofs) = mpsc::unbounded_channel();
    let (_templates, work) = watch::channel(Some(Arc::new(template(1))));
    let shares = Box::new(Broken(FolderShares::open(folder.path()).expect("a folder")));
    let ports = Ports {
        work,
        proofs: Arc::new(Chain(sender)),
        shares,
        receipts: None,
        events: Box::new(|_| {}),
        admission: None,
    };
    let mut service = Service::start(config(), [1; 32], Vec::new(), ports, now_ms).expect("a service");
    let failed = tokio::time::timeout(DEADLINE, service.failed()).await.expect("in time");
    assert!(failed.expect_err("the first work has to be written").to_string().contains("no space"));
    service.stop().await.expect("the fault was told");
}

/// A disk that syncs when the test says how that ends.
struct Gate {
    shares: FolderShares,
    begun: mpsc::UnboundedSender<()>,
    ends: std::sync::mpsc::Receiver<std::io::Result<()>>,
}

impl stratum::service::Shares for Gate {
    fn load(&mut self) -> std::io::Result<ledger::Stored> {
        self.shares.load()
    }
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.begun.send(()).expect("the test listens");
        self.ends.recv().expect("the test says so")?;
        self.shares.append(bytes)
    }
    fn checkpoint(&mut self, snapshot: &[u8]) -> std::io::Result<()> {
        self.shares.checkpoint(snapshot)
    }
    fn set_aside(&mut self) -> std::io::Result<Vec<String>> {
        self.shares.set_aside()
    }
}

// FAULTS HV2
#[tokio::test]
async fn what_is_told_of_the_book_is_on_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shares = FolderShares::open(folder.path()).expect("a folder");
    let worker = Worker { address: Address([1; 20]), name: WorkerName::from_untrusted("rig") };
    let share = Share { time_ms: 1, work_height: 1, worker, hash: [7; 32], billionths: 9, is_pooled: true };
    let work = Entry::Work { work_height: 1, window_billionths: 1_000 };
    for (sequence, entry) in [(1, work), (2, Entry::Share(share))] {
        stratum::service::Shares::append(&mut shares, &ledger::encode(sequence, &entry)).expect("a disk");
    }
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (end, ends) = std::sync::mpsc::channel();
    let (sender, _proofs) = mpsc::unbounded_channel();
    let (_templates, work) = watch::channel(Some(Arc::new(template(2))));
    let ports = Ports {
        work,
        proofs: Arc::new(Chain(sender)),
        shares: Box::new(Gate { shares, begun, ends }),
        receipts: None,
        events: Box::new(|_| {}),
        admission: None,
    };
    let mut service = Service::start(config(), [1; 32], Vec::new(), ports, now_ms).expect("a service");
    assert_eq!((service.at_start().sequence, service.at_start().incomes), (2, 0), "before anything was added");
    // While the new work is written an income and a question arrive, in this order.
    tokio::time::timeout(DEADLINE, begins.recv()).await.expect("in time").expect("it runs");
    let (handle, other) = (service.handle(), service.handle());
    let income = tokio::spawn(async move { handle.income(Hash32([3; 32]), 5, 0).await });
    tokio::task::yield_now().await;
    let asked = tokio::spawn(async move { other.ask(|server| server.book().incomes()).await });
    tokio::task::yield_now().await;
    end.send(Ok(())).expect("it waits");
    tokio::time::timeout(DEADLINE, begins.recv()).await.expect("in time").expect("it runs");
    end.send(Err(std::io::Error::other("no space"))).expect("it waits");
    let told = tokio::time::timeout(DEADLINE, asked).await.expect("in time").expect("no panic");
    assert_eq!((told, income.await.expect("no panic").is_none()), (None, true), "the next start does not have it");
    assert!(service.failed().await.is_err());
}

// FAULTS HT11
#[tokio::test]
async fn a_damaged_ledger_stops_nobody_and_is_kept_and_what_is_whole_of_it_counts() {
    type Damage = fn(&mut Vec<u8>);
    let damage: [(&str, Damage, u64); 3] = [
        ("shares.snapshot", |bytes| bytes.truncate(20), 0),
        ("shares.journal", |bytes| bytes.extend([0xa5; 64]), 1),
        ("shares.journal", |bytes| bytes.fill(0xff), 0),
    ];
    for (file, change, shares) in damage {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(file);
        let mut first = FolderShares::open(folder.path()).expect("a folder");
        stratum::service::Shares::checkpoint(&mut first, &ledger::snapshot(&Book::default(), &KeptProofs::default()))
            .expect("a disk");
        let worker = Worker { address: Address([1; 20]), name: WorkerName::from_untrusted("rig") };
        let work = Entry::Work { work_height: 1, window_billionths: 1_000 };
        let share = Share { time_ms: 1, work_height: 1, worker, hash: [7; 32], billionths: 1, is_pooled: false };
        for (sequence, entry) in [(1, work), (2, Entry::Share(share))] {
            stratum::service::Shares::append(&mut first, &ledger::encode(sequence, &entry)).expect("a disk");
        }
        let mut bytes = std::fs::read(&path).expect("it is there");
        change(&mut bytes);
        std::fs::write(&path, &bytes).expect("own folder");
        let (heard, events) = std::sync::mpsc::channel();
        let (sender, _proofs) = mpsc::unbounded_channel();
        let (_templates, work) = watch::channel(None);
        let ports = Ports {
            work,
            proofs: Arc::new(Chain(sender)),
            shares: Box::new(FolderShares::open(folder.path()).expect("a folder")),
            receipts: None,
            events: Box::new(move |event| drop(heard.send(event.clone()))),
            admission: None,
        };
        let service = Service::start(config(), [1; 32], Vec::new(), ports, now_ms).expect("it starts all the same");
        let Ok(Event::LedgerDamaged { kept, .. }) = events.try_recv() else { panic!("{file}: it says so") };
        let is_there = |name: &String| name.contains(file) && std::fs::read(name).is_ok_and(|found| found == bytes);
        assert!(kept.iter().any(is_there), "{kept:?}");
        let found = service.handle().ask(|server| server.book().all().shares).await.expect("it runs");
        assert_eq!(found, shares, "{file}");
        service.stop().await.expect("a clean stop");
    }
}

// FAULTS RM5
#[tokio::test]
async fn a_receipt_of_a_closed_work_is_proven_also_after_a_stop_and_after_a_crash_before_it_was_written() {
    let (folder, crashed) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let first = pool(folder.path(), config(), None).await;
    let mut client = connect(&first).await;
    let share = client.share("rig", 0).await;
    assert_eq!(client.ask(3, "mining.submit", &share).await["result"], true);
    let handle = first.service.handle();
    assert!(matches!(handle.prove(1, Address([1; 20])).await, Err(NoReceipt::NotKept(1))), "it is not closed");
    first.templates.send_replace(Some(Arc::new(template(2))));
    client.hear(|line| line["method"] == "mining.notify" && line["params"][1] == "02".repeat(32)).await.expect("a job");
    let proven = handle.prove(1, Address([1; 20])).await.expect("at once, written or not");
    assert!(proven.receipt.is_in(&proven.root, &proven.proof) && proven.receipt.work_height == 1);
    assert_eq!(proven.receipt.weight, proven.receipt.weight_total);
    assert!(matches!(handle.prove(1, Address([2; 20])).await, Err(NoReceipt::NotInWindow(1))));
    assert!(matches!(handle.prove(7, Address([1; 20])).await, Err(NoReceipt::NotKept(7))));
    // What a crash at this moment leaves, with no receipts written.
    for name in ["shares.snapshot", "shares.journal"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).expect("own folders");
    }
    first.service.stop().await.expect("a clean stop");
    for folder in [&folder, &crashed] {
        let second = pool(folder.path(), config(), None).await;
        let handle = second.service.handle();
        assert_eq!(handle.prove(1, Address([1; 20])).await.expect("it is kept"), proven);
        second.service.stop().await.expect("a clean stop");
        let path = folder.path().join("receipts/1");
        let mut bytes = std::fs::read(&path).expect("it is there");
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).expect("own folder");
        let third = pool(folder.path(), config(), None).await;
        let handle = third.service.handle();
        let damaged = handle.prove(1, Address([1; 20])).await.expect_err("it is damaged");
        assert!(matches!(damaged, NoReceipt::Unreadable(ReceiptsError::Damaged { .. })), "{damaged}");
        assert!(!handle.receipts().contains(&1));
        third.service.stop().await.expect("a clean stop");
    }
}
