//! A node of a network of one validator, in this process, on ports that the system chooses.
#![allow(dead_code)]

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crypto::ecdsa_pure::SigningKey;
use node::config::{Config, Sources};
use node::home::{Home, write_file};
use node::keys::{AccountKeys, NetworkKey, ValidatorKey};
use node::shell::Measure;
use node::{Node, NodeOptions};
use tempfile::TempDir;
use tokens::TokensCall;
use types::{
    Address, Amount, Auth, AuthKind, Canonical, ChainId, Genesis, GenesisValidator, List, Nonce, Power, THR, TimeMs,
    Transaction, TransactionBody, Witness,
};

/// What the funded account begins with, in µTHR.
pub const FUNDS: Amount = Amount(1_000_000_000);
const SEED: [u8; 32] = [7; 32];
/// What does not come in this time never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node with its home and a funded account.
pub struct Running {
    pub node: Node,
    pub directory: TempDir,
    pub chain: ChainId,
    pub agent: ureq::Agent,
}

/// Asks again and again until an answer is right; gives that answer.
pub fn until(agent: &ureq::Agent, url: &str, is_right: impl Fn(u16, &serde_json::Value) -> bool) -> serde_json::Value {
    let end = Instant::now() + PATIENCE;
    loop {
        let (status, answer) = get(agent, url);
        if is_right(status, &answer) {
            return answer;
        }
        assert!(Instant::now() < end, "{url} still answers {status} {answer}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Status and JSON, or text, of an answer.
pub fn get(agent: &ureq::Agent, url: &str) -> (u16, serde_json::Value) {
    let mut answer = agent.get(url).call().expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().expect("text");
    (status, serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text)))
}

pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("small")
}

/// The key of the funded account, or of a stranger.
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32]).expect("a key")
}

pub fn address(key: &SigningKey) -> Address {
    crypto::ids::address_of_key(&key.public_key())
}

pub fn validator_key() -> ValidatorKey {
    ValidatorKey::from_secret(crypto::bls::SecretKey::from_ikm(&SEED))
}

pub fn genesis() -> Genesis {
    let network = NetworkKey::from_seed(SEED);
    let entry = validator_key().entry(network.peer_key().expect("a seed"));
    let validator = GenesisValidator {
        key: entry.key,
        possession: entry.possession,
        power: Power(1),
        account: address(&key(9)),
        peer: entry.peer,
    };
    let network = genesis::LocalNetwork {
        name: "test".to_owned(),
        time: TimeMs(now_ms() - 1_000),
        ecosystem: address(&key(8)),
        validators: vec![validator],
        accounts: vec![(address(&key(1)), FUNDS)],
    };
    genesis::local_network(&runtime::registry(), network).expect("a sound genesis")
}

pub fn make_home(root: &Path, genesis: &Genesis, settings: &[(&str, &str)]) -> (Home, Config) {
    let home = Home::new(root.join("home"));
    home.create().expect("a directory");
    let local = "127.0.0.1:0";
    let flags = [("network.listen", "/ip4/127.0.0.1/tcp/0"), ("api.listen", local), ("metrics.listen", local)];
    let flags = flags.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let config = Config::read(&Sources { flags: flags.collect(), ..Sources::default() }).expect("sound settings");
    write_file(&home.config_file(), config.to_toml().as_bytes()).expect("a file");
    write_file(&home.genesis_file(), genesis::to_json(genesis, &runtime::registry()).as_bytes()).expect("a file");
    NetworkKey::from_seed(SEED).write(&home.network_key_file()).expect("a file");
    (home, config)
}

pub fn start(settings: &[(&str, &str)]) -> Running {
    let directory = tempfile::tempdir().expect("a directory");
    let genesis = genesis();
    let (home, config) = make_home(directory.path(), &genesis, settings);
    let node = start_in(home, config);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    Running { node, directory, chain: genesis::chain_id(&genesis), agent }
}

pub fn start_in(home: Home, config: Config) -> Node {
    start_on(home, config, None)
}

/// The same on a disk that has as much room as this says.
pub fn start_on(home: Home, config: Config, space: Option<Measure>) -> Node {
    start_with(home, config, AccountKeys::default(), space)
}

/// The same with accounts of services.
pub fn start_with(home: Home, config: Config, accounts: AccountKeys, space: Option<Measure>) -> Node {
    let network = NetworkKey::from_seed(SEED);
    let options = NodeOptions { home, config, validator: Some(validator_key()), network, accounts, space };
    Node::start(options).unwrap_or_else(|error| panic!("{error}"))
}

impl Running {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.node.api_address())
    }

    /// Status and JSON of an answer.
    pub fn get(&self, path: &str) -> (u16, serde_json::Value) {
        get(&self.agent, &self.url(path))
    }

    pub fn post(&self, path: &str, body: &str) -> (u16, serde_json::Value) {
        let request = self.agent.post(self.url(path)).header("content-type", "application/json");
        let mut answer = request.send(body).expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_json().expect("JSON"))
    }

    pub fn submit(&self, transaction: &Transaction) -> (u16, serde_json::Value) {
        self.post("/api/v1/transactions", &self.request(transaction))
    }

    pub fn request(&self, transaction: &Transaction) -> String {
        request(self.chain, transaction)
    }

    /// A transfer of 5 µTHR from account 1, changed before it is signed.
    pub fn transfer(&self, nonce: u64, change: impl FnOnce(&mut TransactionBody)) -> Transaction {
        transfer(self.chain, nonce, change)
    }

    /// Asks again and again until an answer is right; gives that answer.
    pub fn until(&self, path: &str, is_right: impl Fn(u16, &serde_json::Value) -> bool) -> serde_json::Value {
        until(&self.agent, &self.url(path), is_right)
    }

    /// Waits for a block: proofs that wait ride along with the transfer.
    pub fn next_block(&self, nonce: u64) {
        let (status, accepted) = self.submit(&self.transfer(nonce, |_| {}));
        assert_eq!(status, 202, "{accepted}");
        self.final_transaction(accepted["id"].as_str().expect("an id"));
    }

    /// Waits until a transaction is final.
    pub fn final_transaction(&self, id: &str) -> serde_json::Value {
        let (status, found) = self.get(&format!("/api/v1/transactions/{id}?wait=20000"));
        assert_eq!((status, found["status"].as_str()), (200, Some("final")), "{found}");
        found
    }
}

/// What hands a transaction in.
pub fn request(chain: ChainId, transaction: &Transaction) -> String {
    let transaction = hex::encode(transaction.to_canonical());
    serde_json::json!({ "chain_id": chain, "transaction": transaction }).to_string()
}

/// A transfer of 5 µTHR from account 1, changed before it is signed.
pub fn transfer(chain: ChainId, nonce: u64, change: impl FnOnce(&mut TransactionBody)) -> Transaction {
    let key = key(1);
    let call = TokensCall::transfer(THR, address(&self::key(2)), Amount(5)).to_call();
    let mut body = TransactionBody {
        version: types::TRANSACTION_VERSION,
        sender: address(&key),
        auth: AuthKind::Single,
        nonce: Nonce(nonce),
        valid_until: TimeMs(now_ms() + 60_000),
        fee_max: Amount(1_000_000),
        tip: Amount::ZERO,
        payer: None,
        calls: List::new(vec![call]).expect("one"),
    };
    change(&mut body);
    sign(&key, chain, body)
}

pub fn sign(key: &SigningKey, chain: ChainId, body: TransactionBody) -> Transaction {
    let id = crypto::ids::transaction_id(chain, &body);
    let auth = Auth::Single { key: key.public_key(), signature: key.sign(id.as_bytes()) };
    Transaction { body, witness: Witness { auths: List::new(vec![auth]).expect("one") } }
}
