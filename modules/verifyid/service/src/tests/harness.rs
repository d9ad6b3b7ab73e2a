//! A chain with devices, clocks that stand until a test moves them, and a service that can be stopped and opened again.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use ed25519_dalek::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use serde_json::{Value, json};
use service::http::{Client, Routes};
use service::{Ground, Service, ServiceAccount};
use tempfile::TempDir;
use tower::ServiceExt;
use tryout::{Running, TryoutChain, ground};
use types::{ByteString, Hash32, List, TimeMs};
use verifyid::{DeviceId, KeyBytes, Out, Register, Registration, VerifyId, VerifyIdCall};

use crate::clocks::Clocks;
use crate::examiner::moment::{BootId, Moment};
use crate::{VerifyIdService, VerifyIdSettings};

pub(super) const ASK: &str = "/api/v1/verifyid/challenges";
pub(super) const ANSWER: &str = "/api/v1/verifyid/challenges/answer";
/// The user who is the authority.
pub(super) const AUTHORITY: u8 = 0;
/// The user who verifies.
pub(super) const VERIFIER: u8 = 1;
/// The user whose the devices are.
pub(super) const OWNER: u8 = 2;
pub(super) const AUDIENCE: &str = "https://fleet.example";
pub(super) const HOUR_MS: u64 = 3_600_000;

/// A device with its key: an even number for Ed25519, an odd one for P-256.
#[derive(Clone, Copy, Debug)]
pub(super) struct Device(pub(super) u8);

impl Device {
    fn secret(self) -> [u8; 32] {
        [self.0 + 0x21; 32]
    }

    fn algorithm(self) -> u8 {
        if self.0.is_multiple_of(2) { 1 } else { 3 }
    }

    fn p256(self) -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&self.secret()).expect("a scalar")
    }

    pub(super) fn key(self) -> KeyBytes {
        let bytes = match self.algorithm() {
            1 => ed25519_dalek::SigningKey::from_bytes(&self.secret()).verifying_key().to_bytes().to_vec(),
            _ => self.p256().verifying_key().to_sec1_point(true).as_bytes().to_vec(),
        };
        ByteString::new(bytes).expect("at most 33 bytes")
    }

    pub(super) fn id(self) -> DeviceId {
        DeviceId(verifyid::key_id(self.algorithm(), &self.key()))
    }

    pub(super) fn sign(self, message: &[u8]) -> [u8; 64] {
        match self.algorithm() {
            1 => ed25519_dalek::SigningKey::from_bytes(&self.secret()).sign(message).to_bytes(),
            _ => {
                let signature: p256::ecdsa::Signature =
                    self.p256().sign_prehash(&crypto::hash::sha256(message)).expect("it signs");
                signature.normalize_s().to_bytes().into()
            }
        }
    }
}

/// Clocks that a test sets.
#[derive(Clone)]
pub(super) struct HandClocks(Arc<Mutex<Moment>>);

impl HandClocks {
    pub(super) fn set(&self, change: impl FnOnce(&mut Moment)) {
        change(&mut self.0.lock().expect("nobody panics"));
    }

    pub(super) fn pass(&self, ms: u64) {
        self.set(|now| (now.wall_ms, now.boot_ms) = (now.wall_ms + ms, now.boot_ms + ms));
    }
}

impl Clocks for HandClocks {
    fn now(&self) -> Moment {
        *self.0.lock().expect("nobody panics")
    }
}

/// A place where a service lives, again and again.
pub(super) struct World {
    pub(super) chain: Arc<TryoutChain>,
    pub(super) clocks: HandClocks,
    pub(super) folder: TempDir,
    pub(super) settings: VerifyIdSettings,
    /// The service's account, if it has one.
    pub(super) account: Option<Arc<dyn ServiceAccount>>,
    /// How often it was opened: of each start the system's random bytes are others.
    pub(super) starts: AtomicU8,
}

/// A service that lives.
pub(super) struct Lives {
    pub(super) routes: Routes,
    pub(super) running: Running,
}

impl World {
    /// With two devices that their owner has accepted.
    pub(super) fn new() -> Self {
        let change = |genesis: &mut types::Genesis| {
            execution::edit_section::<VerifyId>(genesis, |numbers| {
                numbers.authority = TryoutChain::user(AUTHORITY);
                numbers.verifiers = List::new(vec![TryoutChain::user(VERIFIER)]).expect("one");
            });
        };
        let chain = Arc::new(TryoutChain::with(vec![Box::new(VerifyId)], change).expect("a good genesis"));
        let now = Moment { wall_ms: 1_771_111_111_000, boot_ms: 5_000_000, boot: BootId([9; 16]) };
        let world = Self {
            chain,
            clocks: HandClocks(Arc::new(Mutex::new(now))),
            folder: tempfile::tempdir().expect("a directory"),
            settings: VerifyIdSettings {
                enabled: true,
                challenges_per_minute_max: 1_000_000,
                ..VerifyIdSettings::default()
            },
            account: None,
            starts: AtomicU8::new(0),
        };
        [Device(0), Device(1)].into_iter().for_each(|device| world.register(device));
        world
    }

    pub(super) fn register(&self, device: Device) {
        self.register_by(OWNER, device);
    }

    /// A user registers a device for the owner.
    pub(super) fn register_by(&self, user: u8, device: Device) {
        use service::chain::Chain;
        let (owner, sender) = (TryoutChain::user(OWNER), TryoutChain::user(user));
        let valid_until = TimeMs(self.chain.now_ms() + 60_000);
        let chain_id = self.chain.id();
        let statement = Registration { chain_id, device: device.id(), owner, sender, kind: 1, valid_until }.to_bytes();
        let possession = ByteString::new(device.sign(&statement).to_vec()).expect("64 bytes");
        let (algorithm, key) = (device.algorithm(), device.key());
        self.call(user, VerifyIdCall::Register(Register { owner, kind: 1, algorithm, key, valid_until, possession }));
    }

    pub(super) fn call(&self, user: u8, call: VerifyIdCall) {
        assert_eq!(self.chain.send(user, call.to_call().expect("short")), 0);
    }

    pub(super) fn suspend(&self, device: Device) {
        self.call(AUTHORITY, VerifyIdCall::Suspend(Out { device: device.id(), reason: 1 }));
    }

    pub(super) fn ground(&self) -> Ground {
        let entropy = [self.starts.fetch_add(1, Ordering::Relaxed); 32];
        Ground { entropy, account: self.account.clone(), ..ground(&self.chain, self.folder.path()) }
    }

    pub(super) fn opened(&self) -> VerifyIdService {
        VerifyIdService::on_clocks(&self.settings, self.ground(), Box::new(self.clocks.clone()))
            .expect("nothing forbids it")
    }

    pub(super) async fn lives(&self) -> Lives {
        let service = self.opened();
        let routes = Service::routes(&service);
        let mut running = Running::start(service);
        running.ready().await;
        Lives { routes, running }
    }
}

/// What a route answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answered {
    pub(super) fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

pub(super) fn router(routes: &Routes) -> axum::Router {
    let mut router = axum::Router::new();
    for route in routes.own.iter().chain(&routes.foreign) {
        for at in route.paths() {
            router = router.route(at, route.handlers());
        }
    }
    router
}

/// Asks as a client from an address.
pub(super) async fn send(routes: &Routes, client: &str, mut request: Request<Body>) -> Answered {
    request.extensions_mut().insert(Client(client.parse::<IpAddr>().expect("an address")));
    let answer = router(routes).oneshot(request).await.expect("a router answers everything");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.expect("an answer in memory");
    Answered { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

pub(super) async fn post_bytes(routes: &Routes, client: &str, path: &str, body: impl Into<Body>) -> Answered {
    let request = Request::post(path).header("content-type", "application/json").body(body.into()).expect("a path");
    send(routes, client, request).await
}

/// The same, asked for in these languages.
pub(super) async fn post_in(routes: &Routes, accepted: &str, path: &str, body: &str) -> Answered {
    let request = Request::post(path).header("content-type", "application/json").header("accept-language", accepted);
    send(routes, HERE, request.body(Body::from(body.to_owned())).expect("a path")).await
}

pub(super) async fn post(routes: &Routes, client: &str, path: &str, body: &Value) -> Answered {
    post_bytes(routes, client, path, body.to_string()).await
}

/// Whence answers come.
pub(super) const HERE: &str = "192.0.2.1";
/// Whence challenges are asked for.
pub(super) const ASKER: &str = "203.0.113.7";

/// What asks for a challenge.
pub(super) fn question(device: Device) -> Value {
    json!({ "device": device.id().0.to_string(), "audience": AUDIENCE, "purpose": "presence" })
}

/// A challenge for a device, asked for from a network that answers nothing wrong.
pub(super) async fn challenge(routes: &Routes, device: Device) -> Value {
    let given = post(routes, ASKER, ASK, &question(device)).await;
    assert_eq!(given.status, StatusCode::CREATED.as_u16(), "{given:?}");
    given.body
}

pub(super) fn preimage(challenge: &Value) -> Vec<u8> {
    hex::decode(challenge["preimage"].as_str().expect("digits")).expect("digits")
}

/// The answer of a device to a challenge.
pub(super) fn answer_of(device: Device, challenge: &Value) -> Value {
    signed(challenge, device, &preimage(challenge))
}

/// An answer that is signed over other bytes.
pub(super) fn signed(challenge: &Value, device: Device, message: &[u8]) -> Value {
    json!({ "challenge": challenge["challenge"], "answer": hex::encode(device.sign(message)) })
}

pub(super) async fn hand_in(routes: &Routes, answer: &Value) -> Answered {
    post(routes, HERE, ANSWER, answer).await
}

/// SHA-256 of a text.
pub(super) fn digest(text: &str) -> Hash32 {
    Hash32(crypto::hash::sha256(text.as_bytes()))
}
