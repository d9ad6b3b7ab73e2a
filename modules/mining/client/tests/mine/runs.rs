//! Whole runs over real sockets: shares that count, pools that break off, refuse, or send nonsense.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lanes::sha256d::Kernel;
use mining_client::mine::run::{HAPPENINGS_MAX, Happening, run};
use mining_client::mine::show::{Show, Told};
use mining_client::mine::trust::Trust;
use mining_client::mine::{Login, Options, Payee, Pays, Pool, Summary};
use serde_json::Value;
use types::Network;

use crate::pool::{PAYEE, Stream, Talk, TestPool};

/// Keeps what it is told.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Value>>>);

impl Show for Recorder {
    fn tell(&mut self, told: &Told<'_>) {
        self.0.lock().expect("whole").push(told.json());
    }
}

impl Recorder {
    /// What was told in a field of all events of that name.
    pub fn texts(&self, event: &str, field: &str) -> Vec<String> {
        let events = self.0.lock().expect("whole");
        events.iter().filter(|told| told["event"] == event).map(|told| told[field].to_string()).collect()
    }
}

/// A worker for the account that the pool pays.
fn login() -> Login {
    let payee = Payee { address: PAYEE, network: Some(Network::Main) };
    Login { user: format!("{payee}.desk"), password: "x".to_owned(), pays: Pays::Only(payee) }
}

pub fn options(port: u16, shares: u64) -> Options {
    Options {
        pool: Pool { host: "127.0.0.1".to_owned(), port, trust: None },
        login: login(),
        kernel: Kernel::best(),
        threads: 2,
        time_max: Some(Duration::from_secs(120)),
        shares_max: Some(shares),
    }
}

fn mine(options: Options) -> (wallet::Result<Summary>, Recorder) {
    let recorder = Recorder::default();
    let summary = run(options, sync_channel(HAPPENINGS_MAX), &mut recorder.clone());
    (summary, recorder)
}

#[test]
fn shares_count_and_nothing_is_tried_twice_though_all_jobs_are_alike() {
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        let pool = TestPool::start(|talk| {
            talk.shares_per_job = 100;
            talk.serve(usize::MAX);
        });
        let (summary, recorder) = mine(Options { kernel, ..options(pool.port, 1_000) });
        let summary = summary.expect("the pool is honest");
        let seen = pool.seen.lock().expect("whole");
        assert_eq!((summary.accepted, &seen.wrong), (1_000, &Vec::new()), "{kernel}");
        assert!(seen.shares >= 1_000 && summary.hashes > 1_000_000, "{kernel} {summary:?}");
        assert_eq!(seen.users, [login().user]);
        assert!(recorder.texts("job", "id").len() >= 10);
        assert!(
            recorder.texts("rejected", "why").iter().all(|why| why.contains("Job not found")),
            "only what was on its way"
        );
    }
}

#[test]
fn a_connection_that_breaks_is_tried_again_with_an_extranonce_of_its_own() {
    let pool = TestPool::start(|talk| talk.serve(if talk.number == 0 { 5 } else { usize::MAX }));
    let (summary, recorder) = mine(options(pool.port, 30));
    assert!(summary.expect("the pool comes back").accepted >= 30);
    assert!(recorder.texts("lost", "why").iter().all(|why| why.contains("the pool closed the connection")));
    assert_eq!(recorder.texts("lost", "again_s"), ["1"]);
    assert_eq!(pool.seen.lock().expect("whole").users.len(), 2);
}

// FAULTS RM11
#[test]
fn a_pool_that_sends_to_a_dead_port_is_found_again_at_the_port_that_was_named() {
    let dead = tryout::free_port();
    let pool = TestPool::start(move |talk| match talk.number {
        // Before anybody is let in, and after it.
        0 => {
            talk.say(&format!(r#"{{"id":null,"method":"client.reconnect","params":["",{dead},1]}}"#));
            while talk.hear().is_some() {}
        }
        1 => {
            talk.serve(3);
            talk.say(&format!(r#"{{"id":null,"method":"client.reconnect","params":["127.0.0.1","{dead}",1]}}"#));
            while talk.hear().is_some() {}
        }
        _ => talk.serve(usize::MAX),
    });
    let (summary, recorder) = mine(options(pool.port, 10));
    assert!(summary.expect("the pool is found again").accepted >= 10);
    let ports = recorder.texts("connecting", "port");
    let expected = [pool.port, dead, pool.port, dead, pool.port].map(|port| port.to_string());
    assert_eq!(ports, expected);
    let why = recorder.texts("lost", "why");
    assert!(why.iter().any(|why| why.contains("refused")), "{why:?}");
    assert!(why.iter().all(|why| !why.contains("os error")), "{why:?}");
}

#[test]
fn nonsense_ends_the_connection_and_the_next_pool_is_as_good_as_any() {
    let pool = TestPool::start(|talk| match talk.number {
        0 => {
            talk.say(&"x".repeat(40_000));
            while talk.hear().is_some() {}
        }
        1 => {
            talk.say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[-1]}");
            while talk.hear().is_some() {}
        }
        _ => talk.serve(usize::MAX),
    });
    let (summary, recorder) = mine(options(pool.port, 3));
    assert!(summary.expect("the third connection is good").accepted >= 3);
    let why = recorder.texts("lost", "why");
    assert!(why[0].contains("more than 16384 bytes") && why[1].contains("mining.set_difficulty"), "{why:?}");
    assert_eq!(recorder.texts("lost", "again_s"), ["1", "2"]);
}

#[test]
fn a_pool_that_does_not_let_in_ends_the_run_with_its_reason() {
    let pool = TestPool::start(|talk| {
        while let Some(request) = talk.hear() {
            let id = &request["id"];
            match request["method"].as_str() {
                Some("mining.subscribe") => {
                    talk.say(&format!("{{\"id\":{id},\"result\":[[],\"00\",4],\"error\":null}}"))
                }
                Some("mining.authorize") => {
                    talk.say(&format!("{{\"id\":{id},\"result\":null,\"error\":[24,\"who are you\",null]}}"));
                }
                _ => talk.say(&format!("{{\"id\":{id},\"result\":null,\"error\":[20,\"no\",null]}}")),
            }
        }
    });
    let error = mine(options(pool.port, 1)).0.expect_err("nobody is let in");
    assert_eq!(error.code, "pool_refused");
    assert!(error.message.contains("who are you (24)"), "{error}");
    // The commonest reason: an address of another network.
    let other = PAYEE.to_text(Network::Test);
    assert!(error.hint.contains(&other), "{error:?}");
}

#[test]
fn a_worker_that_was_let_in_before_tries_again_when_it_is_banned() {
    let pool = TestPool::start(|talk| match talk.number {
        0 => talk.serve(5),
        1 => {
            while let Some(request) = talk.hear() {
                let id = &request["id"];
                talk.say(&format!("{{\"id\":{id},\"result\":null,\"error\":[24,\"banned for a while\",null]}}"));
            }
        }
        _ => talk.serve(usize::MAX),
    });
    let (summary, recorder) = mine(options(pool.port, 10));
    assert!(summary.expect("the ban ends").accepted >= 10);
    assert!(recorder.texts("lost", "why")[1].contains("banned for a while (24)"));
}

#[test]
fn without_a_pool_the_time_ends_the_run_and_says_what_was_wrong() {
    let port = tryout::free_port();
    let asked = Options { time_max: Some(Duration::from_secs(2)), ..options(port, 1) };
    let error = mine(asked).0.expect_err("nobody listens");
    assert_eq!(error.code, "pool_unreachable");
    assert!(error.message.contains("refused") && !error.message.contains("os error"), "{error}");
}

#[test]
fn what_the_other_end_said_last_is_the_reason_even_if_it_took_nothing() {
    for _ in 0..3 {
        // As a node's API does: it answers in its own way and closes, with the miner's lines unread.
        let pool = TestPool::start(|talk| talk.say("HTTP/1.1 400 Bad Request\r\n\r"));
        let (ended, recorder) = mine(Options { time_max: Some(Duration::from_millis(900)), ..options(pool.port, 1) });
        assert_eq!(ended.expect_err("no pool").code, "pool_unreachable");
        let why = recorder.texts("lost", "why");
        assert!(!why.is_empty() && why.iter().all(|why| why.contains("it speaks HTTP")), "{why:?}");
    }
}

#[test]
fn the_person_ends_a_run_at_any_time() {
    let pool = TestPool::start(|talk| talk.serve(usize::MAX));
    let (sender, receiver) = sync_channel(HAPPENINGS_MAX);
    sender.send(Happening::Interrupted).expect("there is room");
    let summary = run(options(pool.port, u64::MAX), (sender, receiver), &mut Recorder::default());
    assert_eq!(summary.expect("an end is no error").accepted, 0);
}

/// A certificate of its own making, and what trusts it. One that may sign others is what `openssl req -x509` makes.
pub fn certified(is_authority: bool) -> (Arc<rustls::ServerConfig>, Trust) {
    let mut parameters = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    if is_authority {
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    let key_pair = rcgen::KeyPair::generate().expect("a key");
    let cert = parameters.self_signed(&key_pair).expect("a certificate");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("roots.pem");
    std::fs::write(&path, cert.pem()).expect("own directory");
    let trust = Trust::new(Some(&path)).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key_pair.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("the key fits");
    (Arc::new(config), trust)
}

// FAULTS RM8
#[test]
fn shares_count_over_tls_and_a_stranger_s_certificate_is_not_believed() {
    for is_authority in [false, true] {
        count_over_tls(is_authority);
    }
}

fn count_over_tls(is_authority: bool) {
    let (config, trust) = certified(is_authority);
    let (_, other) = certified(is_authority);
    let wrap = move |socket| {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).expect("a connection");
        Box::new(rustls::StreamOwned::new(connection, socket)) as Box<dyn Stream>
    };
    let serve = |talk: &mut Talk| {
        if talk.number > 1 {
            talk.serve(usize::MAX);
        } else {
            while talk.hear().is_some() {}
        }
    };
    let pool = TestPool::start_over(wrap, serve);
    let stranger = Trust::new(None).expect("built in");
    let with = |trust: &Trust, time_ms| {
        let plain = options(pool.port, 50);
        let time_max = Some(Duration::from_millis(time_ms));
        Options { pool: Pool { trust: Some(trust.clone()), ..plain.pool.clone() }, time_max, ..plain }
    };
    for stranger in [stranger, other] {
        let error = mine(with(&stranger, 2_500)).0.expect_err("the certificate is of no authority");
        assert!(error.code == "pool_unreachable" && error.message.contains("`--tls-roots`"), "{error}");
    }
    assert!(mine(with(&trust, 120_000)).0.expect("the certificate is known").accepted >= 50);
}
