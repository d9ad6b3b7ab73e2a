//! A node for the tests of a feature's commands: it serves a made-up chain with real rules over a real socket, and can be told to lie;
//! and a person who types commands of one family.
//!
//! What is handed in stands in a block at once. A value of the state is proven as the only one of a tree, by a header of its own that
//! the chain's one validator signs.

#![allow(dead_code, reason = "each feature uses a part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as Task, Poll, Waker};

use crypto::bls::SecretKey;
use crypto::jellyfish::{KeyHash, Leaf, Proof, ValueHash};
use serde_json::{Value, json};
use service::chain::{Chain, Later};
use tryout::TryoutChain;
use types::{Address, Amount, Canonical, Hash32, Header, Height, ModuleId, Network, TimeMs, Transaction};
use wallet::cli::{Context, Family};
use wallet::home::WalletHome;
use wallet::keystore::Secret;
use wallet::password::Password;
use wallet::{AccountKey, Error};

use crate::chain_maker::{ChainMaker, certify};

/// The headers of proofs are of heights that no block of a test has.
const PROOFS_FROM: u64 = 1_000_000;

type Bend = (String, Box<dyn Fn(&mut Value) + Send>);
type Service = (String, Box<dyn FnMut(&str, &Value) -> (u16, Value) + Send>);

struct World {
    chain: TryoutChain,
    validator: SecretKey,
    proofs: AtomicU64,
    bend: Mutex<Option<Bend>>,
    services: Mutex<Vec<Service>>,
    dry_run: Mutex<Option<u32>>,
    asked: Mutex<Vec<String>>,
}

/// The node.
pub struct TryoutNode {
    pub url: String,
    world: Arc<World>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is ready at once, as everything of a chain in memory is.
fn ready<T>(mut later: Later<'_, T>) -> T {
    match later.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a chain in memory waits for nobody"),
    }
}

impl TryoutNode {
    pub fn start(chain: TryoutChain) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let world = Arc::new(World {
            chain,
            validator: SecretKey::from_ikm(&[1; 32]),
            proofs: AtomicU64::new(PROOFS_FROM),
            bend: Mutex::default(),
            services: Mutex::default(),
            dry_run: Mutex::default(),
            asked: Mutex::default(),
        });
        let served = Arc::clone(&world);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let world = Arc::clone(&served);
                std::thread::spawn(move || world.serve(&connection));
            }
        });
        Self { url, world }
    }

    pub fn chain(&self) -> &TryoutChain {
        &self.world.chain
    }

    /// From now on answers to what begins so are changed.
    pub fn bends(&self, begin: &str, bend: impl Fn(&mut Value) + Send + 'static) {
        *held(&self.world.bend) = Some((begin.to_owned(), Box::new(bend)));
    }

    /// From now on whatever is posted to a path that begins so, or asked of it, is answered by this, which takes the path and the body:
    /// null where something is asked.
    pub fn serves(&self, begin: &str, service: impl FnMut(&str, &Value) -> (u16, Value) + Send + 'static) {
        held(&self.world.services).clear();
        self.serves_too(begin, service);
    }

    /// The same, and what was told before goes on for other paths.
    pub fn serves_too(&self, begin: &str, service: impl FnMut(&str, &Value) -> (u16, Value) + Send + 'static) {
        held(&self.world.services).push((begin.to_owned(), Box::new(service)));
    }

    /// From now on dry runs end with this code; before, none can be made.
    pub fn dry_runs_say(&self, code: u32) {
        *held(&self.world.dry_run) = Some(code);
    }

    /// What was asked since this was called last.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut held(&self.world.asked))
    }

    /// The code of a transaction that was handed in, by what the command printed.
    pub fn code_of(&self, done: &Value) -> u32 {
        let id: Hash32 = done["id"].as_str().expect("an id").parse().expect("64 digits");
        self.world.chain.transaction(&id).expect("it is there").expect("it is in a block").code
    }
}

impl World {
    fn serve(&self, connection: &TcpStream) {
        let mut reader = BufReader::new(connection);
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).is_err() {
            return;
        }
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the whole body");
        let mut parts = first.split(' ');
        let (method, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        held(&self.asked).push(format!("{method} {path}"));
        let (status, mut answer) = self.answer(method, path, &body);
        if let Some((_, bend)) = held(&self.bend).as_ref().filter(|(begin, _)| path.starts_with(begin.as_str())) {
            bend(&mut answer);
        }
        let body = answer.to_string();
        let _ = write!(
            &mut &*connection,
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
    }

    fn answer(&self, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        if let Some((_, service)) = held(&self.services)
            .iter_mut()
            .find(|(begin, _)| format!("/{}", parts.join("/")).starts_with(begin.as_str()))
        {
            let body = if method == "POST" { serde_json::from_slice(body).expect("JSON") } else { Value::Null };
            return service(path, &body);
        }
        let refused = |code: &str| (404, json!({"code": code, "message": "the node has its reasons", "hint": ""}));
        match (method, parts.as_slice()) {
            ("GET", ["status"]) => (200, self.status()),
            ("GET", ["genesis"]) => {
                let json = genesis::to_json(self.chain.genesis(), self.chain.registry());
                (200, serde_json::from_str(&json).expect("JSON"))
            }
            ("GET", ["fees", "estimate"]) => {
                let weight: u64 = query.trim_start_matches("weight=").parse().expect("a number");
                let (fee, fee_max) = (Amount(weight.into()), Amount(u128::from(weight) * 4));
                let price = "4294967296";
                (
                    200,
                    json!({"price": price, "price_floor": price, "weight": weight, "fee": fee, "fee_max": fee_max, "tip": "0"}),
                )
            }
            ("GET", ["accounts", address]) => (200, self.account(address)),
            ("GET", ["state", module, key, "proof"]) => (200, self.proof(module, key)),
            ("POST", ["transactions", "simulate"]) => {
                let code = *held(&self.dry_run);
                code.map_or_else(|| refused("no_dry_runs"), |code| (200, self.dry_run(&read(body), code)))
            }
            ("POST", ["transactions"]) => match ready(self.chain.submit(read(body))) {
                Ok(id) => (202, json!({"id": id})),
                Err(refused) => (422, json!({"code": refused.code, "message": refused.sentence, "hint": "look again"})),
            },
            ("GET", [module, name]) => {
                let pairs: Vec<(&str, String)> = query
                    .split('&')
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(name, value)| (name, value.to_owned()))
                    .collect();
                self.chain.ask(module, name, &pairs).map_or_else(|_| refused("not_found"), |answer| (200, answer))
            }
            _ => refused("not_found"),
        }
    }

    fn head(&self) -> Header {
        self.chain.state().expect("it is there").head.header
    }

    fn status(&self) -> Value {
        let head = self.head();
        json!({
            "chain_id": self.chain.id(), "chain_name": "tryout", "network": "test", "node_version": "0.1.0", "protocol_version": 1,
            "role": "validator", "height": head.height, "final_height": head.height, "certified_height": head.height,
            "final_hash": Hash32::ZERO, "epoch": 0, "view": 3, "time": head.time, "price": "4294967296",
            "voting": {"voting": true, "sentence": "voting as validator 0 of 1", "index": 0}, "peers": 0, "peer_id": "x",
            "mempool_transactions": 0, "syncing": false, "health": {"ready": true, "final_age_ms": 4, "troubles": []},
        })
    }

    fn account(&self, text: &str) -> Value {
        let address = Address::parse(text, Network::Test).expect("an address");
        let state = self.chain.state().expect("it is there");
        let account = self.chain.registry().account(state.view.as_ref(), &address);
        json!({"address": text, "legacy": "THR", "nonce": account.nonce, "pending_nonce": account.nonce,
            "balances": [{"asset": 0, "symbol": "THR", "decimals": 6, "amount": account.thr}]})
    }

    /// Proves what stands under a key now, or that nothing does, by a header half a second behind the newest block.
    fn proof(&self, module: &str, key: &str) -> Value {
        let module = ModuleId(module.parse().expect("a number"));
        let key = execution::keys::of_module(module, &hex::decode(key).expect("hexadecimal digits"));
        let state = self.chain.state().expect("it is there");
        let value = state.view.get(&key).map(|value| value.to_vec());
        let shown: &[u8] = value.as_deref().unwrap_or_default();
        // Of a key that is not there, the only value of the tree stands elsewhere.
        let place = if value.is_some() { key.as_slice() } else { b"elsewhere" };
        let leaf = Leaf { key_hash: KeyHash::of(place), value_hash: ValueHash::of(shown) };
        let height = Height(self.proofs.fetch_add(1, Ordering::Relaxed));
        let time = TimeMs(state.head.header.time.0 + 500);
        let header = Header { state_root: Hash32(leaf.hash()), height, time, ..state.head.header };
        let certificate =
            certify(self.chain.id(), std::slice::from_ref(&self.validator), ChainMaker::finalize(&header), &[0]);
        json!({"height": height.0 - 1, "key_hex": hex::encode(key), "value_hex": value.map(hex::encode),
            "proof_hex": hex::encode(borsh::to_vec(&Proof { leaf: Some(leaf), siblings: vec![] }).expect("memory")),
            "header_hex": hex::encode(header.to_canonical()), "certificate_hex": hex::encode(certificate.to_canonical())})
    }

    fn dry_run(&self, transaction: &Transaction, code: u32) -> Value {
        let id = crypto::ids::transaction_id(self.chain.id(), &transaction.body);
        let receipt = json!({"id": id, "code": code, "name": "as_the_node_says", "message": "as the node says", "call": 0,
            "weight": 1_200, "fee": "1200", "events": []});
        json!({"id": id, "height": 0, "receipt": receipt})
    }
}

fn read(body: &[u8]) -> Transaction {
    let request: wallet::client::types::SubmitRequest = serde_json::from_slice(body).expect("a request");
    Transaction::from_canonical(&hex::decode(request.transaction).expect("hex")).expect("a transaction")
}

/// A person with a wallet of their own, who types commands of one family.
pub struct Person {
    directory: tempfile::TempDir,
    family: Family,
    pub context: Context,
}

impl Person {
    /// The keys of these users, which are called so.
    pub fn new(node: &TryoutNode, family: Family, users: &[(&str, u8)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let home = WalletHome::new(directory.path().join("wallet"));
        let password_file = directory.path().join("password");
        wallet::keystore::file::write_private(
            &password_file,
            b"a long password\n",
            wallet::keystore::file::Existing::Keep,
        )
        .expect("own directory");
        let password = Password::obtain(Some(&password_file), "").expect("it is there");
        for (name, user) in users {
            let key = AccountKey::from_secret(&[user + 1; 32]).expect("in range");
            home.add_key(name, &Secret::Key(key), &password).expect("own directory");
        }
        let mut context = Context::new(home, node.url.clone());
        context.password_file = Some(password_file);
        Self { directory, family, context }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A file of theirs.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).expect("own directory");
        plain(&path)
    }

    fn typed(&self, arguments: &[&str], as_json: bool) -> Result<String, Error> {
        let program = self.family.describe(clap::Command::new("thronos").subcommand_required(true));
        let matches = program.try_get_matches_from([&["thronos"], arguments].concat());
        let matches = matches.map_err(|error| Error::new("usage", error.to_string(), "see --help"))?;
        Ok(self.family.run(&matches, &self.context)?.render(as_json))
    }

    /// What a command prints for programs.
    pub fn good(&self, arguments: &[&str]) -> Value {
        let text = self.typed(arguments, true).unwrap_or_else(|error| panic!("{arguments:?}: {error:?}"));
        serde_json::from_str(&text).expect("one JSON document")
    }

    /// What a command prints for people.
    pub fn said(&self, arguments: &[&str]) -> String {
        self.typed(arguments, false).unwrap_or_else(|error| panic!("{arguments:?}: {error:?}"))
    }

    /// Why a command is refused.
    pub fn error(&self, arguments: &[&str]) -> Error {
        let error = match self.typed(arguments, true) {
            Ok(text) => panic!("{arguments:?} is not refused: {text}"),
            Err(error) => error,
        };
        assert!(!error.hint.is_empty() && error.message.len() > 5, "an error says what to do next: {error:?}");
        error
    }

    /// The code of that.
    pub fn bad(&self, arguments: &[&str]) -> String {
        self.error(arguments).own_code().to_owned()
    }
}

pub fn plain(path: &Path) -> String {
    path.to_str().expect("plain").to_owned()
}
