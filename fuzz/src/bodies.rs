//! What strangers send to the service: bodies at every route that takes one, and tokens.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;
use service::http::Client;
use service::token::{API, Role, TokenAlgorithm, TokenKey, TokenKeys, TokenTerms};
use service::{Bound, Service};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use tryout::{Running, TryoutChain, ground};
use types::{ByteString, ChainId, TimeMs};
use verifyid::{DeviceId, Register, Registration, VerifyId, VerifyIdCall, key_id};
use verifyid_service::{VerifyIdService, VerifyIdSettings};

/// Every route that takes a body.
const ROUTES: [&str; 11] = [
    "/api/v1/verifyid/challenges",
    "/api/v1/verifyid/challenges/answer",
    "/api/v1/verifyid/hmac/enrol",
    "/api/v1/verifyid/hmac/answer",
    "/api/v1/verifyid/tpm/enrolments",
    "/api/v1/verifyid/tpm/activations",
    "/api/v1/verifyid/tpm/quotes",
    "/api/v1/verifyid/token",
    "/api/verify/challenge/create",
    "/api/verify/challenge/respond",
    "/api/verify/check",
];
/// For each purpose one text stands for a challenge that was given a moment ago.
const FRESH: [(&str, &str, &str); 5] = [
    ("CHALLENGE-PRESENCE", "presence", "https://fleet.example"),
    ("CHALLENGE-LOGIN", "login", "thr-device:"),
    ("CHALLENGE-ENROL", "enrol", "thr-hmac:"),
    ("CHALLENGE-KEYS", "tpm_enrol", ""),
    ("CHALLENGE-TPM", "tpm", "https://fleet.example"),
];
const OWNER: u8 = 2;
/// A certificate that may issue others.
const ROOT: &[u8] = include_bytes!("../seeds/tpm_certificate/issuer");

/// A service with everything that it may have, and one device.
struct World {
    runtime: Runtime,
    router: Router,
    device: DeviceId,
    chain: Arc<TryoutChain>,
    /// Each request is of another network, so that no lock ends the run.
    clients: AtomicU32,
    _running: Running,
    _home: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let chain = Arc::new(TryoutChain::new(vec![Box::new(VerifyId)]));
        let device = register(&chain);
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("service");
        std::fs::create_dir(&folder).expect("own folder");
        std::fs::write(home.path().join("root.der"), ROOT).expect("own folder");
        let runtime = Builder::new_current_thread().enable_all().build().expect("threads");
        let (router, running) = runtime.block_on(async { opened(&chain, &folder, &home.path().join("root.der")) });
        let clients = AtomicU32::new(0);
        Self { runtime, router, device, chain, clients, _running: running, _home: home }
    }

    fn ask(&self, path: &str, body: Vec<u8>) -> (u16, Value) {
        let request = Request::post(path).header("content-type", "application/json").body(Body::from(body));
        let mut request = request.expect("a path");
        let client = Ipv4Addr::from_bits(self.clients.fetch_add(0x100, Ordering::Relaxed));
        request.extensions_mut().insert(Client(IpAddr::V4(client)));
        let answer = self.router.clone().oneshot(request);
        self.runtime.block_on(async {
            let answer = answer.await.expect("a router answers everything");
            let status = answer.status().as_u16();
            let bytes = to_bytes(answer.into_body(), 1 << 20).await.expect("an answer in memory");
            (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
        })
    }

    /// The bytes with challenges in the place of the words that stand for them.
    fn with_challenges(&self, data: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(data) else { return data.to_vec() };
        let mut text = text.to_owned();
        for (word, purpose, audience) in FRESH {
            if text.contains(word) {
                text = text.replace(word, &self.challenge(purpose, audience));
            }
        }
        text.into_bytes()
    }

    fn challenge(&self, purpose: &str, audience: &str) -> String {
        let chain = service::chain::Chain::id(&*self.chain).0.to_string();
        let audience = match (purpose, audience) {
            ("tpm_enrol", _) => format!("thr-tpm-enrol:{}:{}", &chain[..8], "0".repeat(64)),
            (_, audience) if audience.ends_with(':') => format!("{audience}{}", &chain[..8]),
            (_, audience) => audience.to_owned(),
        };
        let question = serde_json::json!({"device": self.device.0, "audience": audience, "purpose": purpose});
        let (_, given) = self.ask(ROUTES[0], question.to_string().into_bytes());
        given["challenge"].as_str().unwrap_or_default().to_owned()
    }
}

fn register(chain: &TryoutChain) -> DeviceId {
    use service::chain::Chain;
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key().to_bytes();
    let device = DeviceId(key_id(1, &public));
    let (owner, valid_until) = (TryoutChain::user(OWNER), TimeMs(chain.now_ms() + 60_000));
    let statement = Registration { chain_id: chain.id(), device, owner, sender: owner, kind: 1, valid_until };
    let possession = ByteString::new(key.sign(&statement.to_bytes()).to_bytes().to_vec()).expect("64 bytes");
    let key = ByteString::new(public.to_vec()).expect("32 bytes");
    let register = Register { owner, kind: 1, algorithm: 1, key, valid_until, possession };
    assert_eq!(chain.send(OWNER, VerifyIdCall::Register(register).to_call().expect("short")), 0);
    device
}

/// The routes of a service that runs.
fn opened(chain: &Arc<TryoutChain>, folder: &Path, root: &Path) -> (Router, Running) {
    let settings = VerifyIdSettings {
        enabled: true,
        challenges_per_minute_max: 1_000_000,
        give_tokens: true,
        hmac_devices: true,
        tpm_roots: vec![root.display().to_string()],
        ..VerifyIdSettings::default()
    };
    let opened = VerifyIdService::open(&settings, ground(chain, folder), Vec::<Bound>::new());
    let service = opened.expect("nothing forbids it").expect("it is enabled");
    let routes = Service::routes(&service);
    let mut router = Router::new();
    for route in routes.own.iter().chain(&routes.foreign) {
        for at in route.paths() {
            router = router.route(at, route.handlers());
        }
    }
    (router, Running::start(service))
}

/// A body: the first byte says at which route, and words in it stand for challenges of every purpose. It is never our fault, and whatever is refused has a code.
pub fn verifyid_body(data: &[u8]) {
    static WORLD: OnceLock<Mutex<World>> = OnceLock::new();
    let Some((first, rest)) = data.split_first() else { return };
    let world = WORLD.get_or_init(|| Mutex::new(World::new())).lock().unwrap_or_else(PoisonError::into_inner);
    let path = ROUTES[usize::from(*first) % ROUTES.len()];
    let (status, answer) = world.ask(path, world.with_challenges(rest));
    // It remembers only so many answers, within six minutes.
    let is_full = (status, &answer["code"]) == (503, &Value::from("too_many_answers"));
    assert!(status < 500 || is_full, "{path} {status} {answer}");
    let is_good = (200..300).contains(&status);
    assert_eq!(is_good, answer["code"].as_str().is_none(), "{path} {status} {answer}");
}

/// Anybody's token is known of nobody.
struct Everybody;

impl service::token::Holders for Everybody {
    fn is_revoked(&self, _: &service::token::Claims) -> bool {
        false
    }

    fn version(&self, _: &str, _: Role) -> Option<u64> {
        Some(0)
    }
}

/// A token: as it stands, and signed by the right key with what stands before the first line's end as its header and the rest as what it says. What is taken
/// is within its terms.
pub fn service_token(data: &[u8]) {
    const NOW_MS: u64 = 1_771_111_111_000;
    let chain = ChainId(types::Hash32([0x11; 32]));
    let key = TokenKey::new(TokenAlgorithm::EdDsa, zeroize::Zeroizing::new([9; 32]), NOW_MS);
    let keys = TokenKeys::new(key);
    let (issuer, audience) = (TokenTerms::issuer(chain), TokenTerms::audience("thr-verify", chain));
    let terms = TokenTerms { kind: API, issuer, audience, roles: &[Role::Verifier] };
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(terms.verify(&keys, text, &Everybody, NOW_MS).is_err(), "a token that nobody signed is taken");
    }
    let place = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, payload) = (&data[..place], data.get(place + 1..).unwrap_or_default());
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = SigningKey::from_bytes(&[9; 32]).sign(signed.as_bytes()).to_bytes();
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    if let Ok(claims) = terms.verify(&keys, &token, &Everybody, NOW_MS) {
        let now_s = NOW_MS / 1_000;
        assert!(claims.expires_s.saturating_sub(claims.issued_s) <= API.life_s_max, "{claims:?}");
        assert!(claims.role == Role::Verifier && claims.expires_s + 30 > now_s && claims.issued_s <= now_s + 30);
        assert!(claims.device.is_none() && !claims.subject.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_body_of_the_seeds_is_read_at_its_route() {
        let world = World::new();
        for entry in std::fs::read_dir("seeds/verifyid_body").expect("they are there") {
            let seed = std::fs::read(entry.expect("a file").path()).expect("a file");
            verifyid_body(&seed);
            let body = world.with_challenges(&seed[1..]);
            assert!(!String::from_utf8_lossy(&body).contains("CHALLENGE"), "a challenge was given");
            let (status, answer) = world.ask(ROUTES[usize::from(seed[0])], body);
            assert!(answer["code"] != "malformed_json" && status != 404, "{} {status} {answer}", seed[0]);
        }
    }

    #[test]
    fn a_good_token_is_taken_and_none_with_a_bit_flipped_is_out_of_its_terms() {
        let seed = include_bytes!("../seeds/service_token/signed");
        for place in 0..seed.len() {
            service_token(&seed[..place]);
            for bit in 0..8 {
                let mut bent = seed.to_vec();
                bent[place] ^= 1 << bit;
                service_token(&bent);
            }
        }
    }
}
