//! A node for tests: it speaks the API over a real socket, on a chain whose validators' keys the test holds, and can be told to lie.
//!
//! A transaction that it takes stands in one block, and the next commits to its receipt.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use types::{Amount, Canonical, Hash32, Header, Receipt, Transaction, Weight};
use wallet::client::types as api;

use crate::chain_maker::{ChainMaker, certify, set_hash, to_set, validators};
use crate::evidence::{answer, is_receipt_proof, receipt_proof};
use crate::pool_node::{mining_info, receipts_answer};
use crate::script::{Act, Script, answer_about_others};

/// What the node does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    Honest,
    /// The stream route is not there.
    NoStream,
    /// Certificates of two of four.
    NoQuorum,
    /// The block's header commits to an empty body.
    OtherBody,
    /// The next block commits to other receipts than are shown.
    OtherReceipts,
    /// Another chain's id in the status.
    OtherChain,
    /// The transaction's call is rejected.
    Rejects,
    /// Block 1 ends the epoch, and the transaction stands in block 2, of other validators.
    NextSet,
    /// As before, but the node names validators of its own making.
    ForgedSet,
    /// It takes the transaction and closes the connection without an answer.
    LosesAnswer,
    /// It closes the connection without an answer and takes nothing.
    Deaf,
    /// It takes one transaction after the other, each with the account's next nonce.
    Queues,
    /// As before, and three times somebody else is faster.
    Races,
    /// It takes the transaction, knows nothing of it afterwards, and names a time long after its validity.
    Forgets,
    /// It takes the transaction, and no block becomes final any more.
    Stands,
    /// The transaction's call is rejected, and the receipt says that the nonce was used.
    MisnamesReceipt,
}

struct World {
    maker: ChainMaker,
    conduct: Conduct,
    /// Address text, nonce and THR of the one account that is known.
    account: (String, u64, Amount),
    included: Mutex<Option<Transaction>>,
    news: Condvar,
    lies: Mutex<Lies>,
    /// Nonces that were taken, by whom of two.
    queue: Mutex<Vec<(u64, bool)>>,
    script: Mutex<Script>,
    /// What the stream says again and again, if anything.
    drag: Mutex<Option<&'static [u8]>>,
    /// What was handed in, each once.
    posted: Mutex<Vec<Hash32>>,
}

/// What the node changes in its answers, and which it has given.
#[derive(Default)]
struct Lies {
    /// In the answer to this question, what stands at this place.
    told: Option<(String, String)>,
    /// Whether every text ends with lines of another's making.
    is_forging: bool,
    given: Vec<(String, Value)>,
}

/// Changes one value: a number, a digit, a letter, a truth value; a list loses its first element.
fn bend(value: &mut Value) {
    match value {
        Value::Null => *value = json!(1),
        Value::Bool(truth) => *truth = !*truth,
        Value::Number(number) => *value = json!(number.as_u64().map_or(7, |number| number.wrapping_add(1))),
        Value::String(text) => {
            let last = text.pop();
            text.push(if last == Some('1') { '2' } else { '1' });
        }
        Value::Array(list) => drop((!list.is_empty()).then(|| list.remove(0))),
        Value::Object(fields) => fields.clear(),
    }
}

/// What looks like lines of a wallet that has checked something, behind each kind of character that may end or turn a line.
pub const FORGED: &str =
    "x\nforged:   ok (checked)\rforged:\u{2028}forged:\u{85}forged:\u{202e}forged:\u{1b}[1Gforged:";

/// Ends every text that is free with lines of another's making.
fn forge(value: &mut Value) {
    const FREE: [&str; 15] = [
        "name",
        "message",
        "hint",
        "sentence",
        "code",
        "chain_name",
        "node_version",
        "role",
        "symbol",
        "peer_id",
        "minter",
        "legacy",
        "address",
        "cursor",
        "kind",
    ];
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if FREE.contains(&name.as_str()) => text.push_str(FORGED),
                    other => forge(other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(forge),
        _ => {}
    }
}

pub struct TestNode {
    pub url: String,
    world: Arc<World>,
}

impl TestNode {
    pub fn start(maker: ChainMaker, conduct: Conduct, account: (String, u64, Amount)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let world = Arc::new(World {
            maker,
            conduct,
            account,
            included: Mutex::new(None),
            news: Condvar::new(),
            lies: Mutex::default(),
            queue: Mutex::default(),
            script: Mutex::default(),
            drag: Mutex::default(),
            posted: Mutex::default(),
        });
        let served = Arc::clone(&world);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let world = Arc::clone(&served);
                std::thread::spawn(move || world.serve(connection));
            }
        });
        Self { url, world }
    }

    /// From now on the node changes what stands at a place of its answers to a question.
    pub fn lie(&self, about: &str, place: &str) {
        self.world.lies.lock().expect("no panic while held").told = Some((about.to_owned(), place.to_owned()));
    }

    /// From now on every free text of its answers ends with lines that look like this wallet's.
    pub fn forges_lines(&self) {
        self.world.lies.lock().expect("no panic while held").is_forging = true;
    }

    /// From now on its stream says nothing but this, again and again.
    pub fn drags(&self, text: &'static [u8]) {
        *self.world.drag.lock().expect("no panic while held") = Some(text);
    }

    /// The answers that it gave since it was last asked, as it would give them without a lie.
    pub fn given(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.world.lies.lock().expect("no panic while held").given)
    }

    /// What the node does with the next request that begins so, or with all of them.
    pub fn acts(&self, begin: &'static str, act: Act, lasts: bool) {
        self.world.script.lock().expect("no panic while held").add(begin, act, lasts);
    }

    /// The transactions that were handed in, each once.
    pub fn posted(&self) -> Vec<Hash32> {
        self.world.posted.lock().expect("no panic while held").clone()
    }

    /// The nonces of this wallet's transactions that the node took.
    pub fn queued(&self) -> Vec<u64> {
        let queue = self.world.queue.lock().expect("no panic while held");
        queue.iter().filter(|(_, is_ours)| *is_ours).map(|(nonce, _)| *nonce).collect()
    }

    /// What the node took, if anything.
    pub fn taken(&self) -> Option<Transaction> {
        self.world.included.lock().expect("no panic while held").clone()
    }
}

impl World {
    fn serve(&self, connection: TcpStream) {
        let mut reader = BufReader::new(&connection);
        let mut first = String::new();
        if reader.read_line(&mut first).is_err() {
            return;
        }
        let mut length = 0;
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
        let (path, query) = path
            .strip_prefix("/api/v1")
            .unwrap_or(path)
            .split_once('?')
            .unwrap_or((path.trim_start_matches("/api/v1"), ""));
        if path == "/stream" && self.conduct != Conduct::NoStream {
            return self.stream(&connection);
        }
        let is_handed_in = (method, path) == ("POST", "/transactions");
        if is_handed_in {
            self.note(&read(&body));
        }
        let act = self.script.lock().expect("no panic while held").take(&format!("{method} {path}"));
        if act.is_none() && is_handed_in && self.says_nothing(&body) {
            return;
        }
        let answer = match act {
            Some(act) => self.act(act, path, &body),
            None => Some(self.answer(method, path, query, &body)),
        };
        let Some((status, mut answer)) = answer else { return };
        let mut lies = self.lies.lock().expect("no panic while held");
        lies.given.push((path.to_owned(), answer.clone()));
        if let Some((_, place)) = lies.told.as_ref().filter(|(about, _)| about == path) {
            answer.pointer_mut(place).map(bend);
        }
        if lies.is_forging {
            forge(&mut answer);
        }
        drop(lies);
        let mut answer = answer.to_string();
        if self.conduct == Conduct::MisnamesReceipt {
            answer = answer.replace("insufficient_balance", "nonce_used");
        }
        let _ = respond(&connection, status, &answer);
    }

    fn note(&self, transaction: &Transaction) {
        let id = crypto::ids::transaction_id(self.maker.id, &transaction.body);
        let mut posted = self.posted.lock().expect("no panic while held");
        if !posted.contains(&id) {
            posted.push(id);
        }
    }

    /// The answer of an act, if it gives one.
    fn act(&self, act: Act, path: &str, body: &[u8]) -> Option<(u16, Value)> {
        if matches!(act, Act::TakesSilently | Act::TakesAndRefuses(_) | Act::TakesAndSays(..)) {
            self.submit(body);
        }
        let refusal = |code: &str| json!({"code": code, "message": "the node has its reasons", "hint": ""});
        match act {
            Act::Silent | Act::TakesSilently => None,
            Act::TakesAndRefuses(code) => Some((422, refusal(code))),
            Act::TakesAndSays(code, message, hint) => {
                Some((422, json!({"code": code, "message": message, "hint": hint})))
            }
            Act::Busy => Some((503, refusal("busy"))),
            Act::KnowsNothing => {
                Some((200, json!({"id": path.trim_start_matches("/transactions/"), "status": "unknown"})))
            }
        }
    }

    fn stream(&self, mut connection: &TcpStream) {
        let _ = connection
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n: hello\n\n");
        if let Some(drag) = *self.drag.lock().expect("no panic while held") {
            while connection.write_all(drag).is_ok() {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            return;
        }
        let included = self.included.lock().expect("no panic while held");
        let waited = self.news.wait_timeout_while(included, Duration::from_secs(20), |included| included.is_none());
        let (included, _) = waited.expect("no panic while held");
        if let Some(transaction) = &*included {
            let event = json!(self.transaction(transaction));
            let _ = connection.write_all(format!("event: transaction\ndata: {event}\n\n").as_bytes());
        }
    }

    fn answer(&self, method: &str, path: &str, query: &str, body: &[u8]) -> (u16, Value) {
        let included = self.included.lock().expect("no panic while held").clone();
        if self.conduct == Conduct::Races {
            let queue = self.queue.lock().expect("no panic while held").clone();
            let others: Vec<u64> = queue.iter().filter(|(_, is_ours)| !is_ours).map(|(nonce, _)| *nonce).collect();
            if let Some(answer) = answer_about_others(&self.maker, &others, path) {
                return (200, answer);
            }
        }
        match (method, path) {
            ("GET", "/status") => (200, self.status()),
            ("GET", "/genesis") => (200, serde_json::from_str(&self.maker.genesis_json()).expect("JSON")),
            ("GET", "/fees/estimate") => (200, self.estimate(query)),
            ("POST", "/transactions") => self.submit(body),
            ("POST", "/transactions/simulate") => self.simulate(&read(body)),
            ("GET", "/blocks/latest") if included.is_some() => (200, json!(self.block(1, included.as_ref()))),
            ("GET", "/blocks/1") if included.is_some() => (200, json!(self.block(1, included.as_ref()))),
            ("GET", "/blocks/2") if included.is_some() => (200, json!(self.block(2, included.as_ref()))),
            ("GET", "/blocks/3") if included.is_some() && self.place() == 2 => {
                (200, json!(self.block(3, included.as_ref())))
            }
            ("GET", "/blocks") => (200, self.summaries(query, included.as_ref())),
            ("GET", "/validators") => (200, self.validators(query)),
            ("GET", path) if is_receipt_proof(path) => {
                let transaction = included.expect("asked only when there is one");
                let next = self.header(2, &transaction);
                (200, receipt_proof(&self.maker, &next, &self.receipts(&transaction), 1, Some(&transaction)))
            }
            ("GET", path) if path.starts_with("/transactions/") => match included {
                Some(transaction) => (200, json!(self.transaction(&transaction))),
                None => {
                    let status = if self.conduct == Conduct::Stands { "pending" } else { "unknown" };
                    (200, json!({"id": path.trim_start_matches("/transactions/"), "status": status}))
                }
            },
            ("GET", path) if path == format!("/accounts/{}", self.account.0) => (200, self.account_answer()),
            ("GET", "/assets/1000/proof") => (200, self.gold_proof()),
            ("GET", path) if path.starts_with("/accounts/") && path.ends_with("/proof") => (200, self.proof(path)),
            ("GET", path) if path.ends_with("/transactions") => self.history(query),
            ("GET", "/mining/info") => (200, mining_info()),
            ("GET", path) if path.starts_with("/mining/accounts/") => (200, self.mining_account(path)),
            ("GET", path) if path.starts_with("/mining/receipts") => match receipts_answer(path, &self.account.0) {
                Some(answer) => (200, answer),
                None => (
                    404,
                    json!({"code": "not_found", "message": "no receipt of this address", "hint": "look elsewhere"}),
                ),
            },
            ("GET", path) if answer(&self.maker, path).is_some() => (200, json!(answer(&self.maker, path))),
            ("GET", "/assets") => (200, json!({"assets": [self.gold()]})),
            ("GET", "/assets/1000") => (200, self.gold()),
            ("GET", path) if path.starts_with("/accounts/") => {
                (200, json!({"address": "x", "legacy": "x", "nonce": 0, "pending_nonce": 0, "balances": []}))
            }
            _ => (
                404,
                json!({"code": "not_found", "message": format!("there is no {path}\u{1b}[2J"), "hint": "look elsewhere"}),
            ),
        }
    }

    fn status(&self) -> Value {
        let chain_id =
            if self.conduct == Conduct::OtherChain { types::ChainId(Hash32([9; 32])) } else { self.maker.id };
        let mut troubles = vec![json!({"name": "no_final", "forbids_ready": true,
            "sentence": "no final block for 63 s while 1 transaction and 11 system calls could be included"})];
        if self.conduct == Conduct::Stands {
            let sentence = "no peer for 63 s: check `network.bootstrap`";
            troubles.push(json!({"name": "no_peer", "sentence": sentence, "forbids_ready": true}));
        }
        json!({
            "chain_id": chain_id, "chain_name": "wallet-test", "network": "test", "node_version": "0.1.0", "protocol_version": 1,
            "role": "validator", "height": 2, "final_height": 2, "certified_height": 1, "final_hash": Hash32::ZERO, "epoch": 0,
            "view": 3, "time": self.time(), "price": "4294967296",
            "voting": {"voting": true, "sentence": "voting as validator 0 of 4", "index": 0}, "peers": 3, "peer_id": "x",
            "mempool_transactions": 0, "syncing": false,
            "health": {"ready": false, "final_age_ms": 63_400, "troubles": troubles},
        })
    }

    /// What waits is no part of a dry run.
    fn simulate(&self, transaction: &Transaction) -> (u16, Value) {
        let (id, nonce) = (crypto::ids::transaction_id(self.maker.id, &transaction.body), transaction.body.nonce.0);
        if nonce > self.account.1 {
            let message = format!("the nonce {nonce} leaves a gap: {} is missing", self.account.1);
            return (422, json!({"code": "nonce_gap", "message": message, "hint": "send the missing nonces first"}));
        }
        (200, json!({"id": id, "height": 0, "receipt": shown(&self.receipt(id))}))
    }

    fn time(&self) -> types::TimeMs {
        if self.conduct == Conduct::Forgets { types::TimeMs(4_000_000_000_000) } else { self.maker.genesis.time }
    }

    /// Only the node's account has mined, a quarter of the window.
    fn mining_account(&self, path: &str) -> Value {
        if path.ends_with(&self.account.0) {
            return json!({"claimable": "6000000", "weight": "25", "window_weight": "100"});
        }
        json!({"claimable": "0", "weight": "0", "window_weight": "100"})
    }

    /// At most a hundred at once. An account that waits for ever has an endless history of what blocks moved.
    fn history(&self, query: &str) -> (u16, Value) {
        let number = |name: &str, from: &str| {
            let value = query.split('&').find_map(|part| part.strip_prefix(name)).unwrap_or_default();
            value.strip_prefix(from).unwrap_or_default().parse::<u64>().unwrap_or_default()
        };
        let (limit, page) = (number("limit=", ""), number("cursor=", "7."));
        if !(1..=100).contains(&limit) {
            return (400, json!({"code": "bad_limit", "message": "at most 100", "hint": ""}));
        }
        let entry = |height: u64| {
            json!({"id": Hash32::ZERO, "height": height, "index": null, "time": 1, "sender": null, "transaction": null,
                "receipt": shown(&Receipt { code: 0, ..self.receipt(Hash32::ZERO) })})
        };
        let count = if self.conduct == Conduct::Stands { limit } else { 0 };
        let entries: Vec<_> = (0..count).map(entry).collect();
        (200, json!({"transactions": entries, "cursor": format!("7.{}", page + 1)}))
    }

    fn account_answer(&self) -> Value {
        let (address, nonce, amount) = &self.account;
        let pending = nonce + self.queue.lock().expect("no panic while held").len() as u64;
        json!({"address": address, "legacy": "THR", "nonce": nonce, "pending_nonce": pending,
            "balances": [{"asset": 0, "symbol": "THR", "decimals": 6, "amount": amount}]})
    }

    fn estimate(&self, query: &str) -> Value {
        let weight: u64 = query.trim_start_matches("weight=").parse().expect("a number");
        json!({"price": "4294967296", "price_floor": "4294967296", "weight": weight, "fee": Amount(u128::from(weight)),
            "fee_max": Amount(u128::from(weight) * 4), "tip": "0"})
    }

    /// Whether what was handed in gets no answer.
    fn says_nothing(&self, body: &[u8]) -> bool {
        let is_first = self.included.lock().expect("no panic while held").is_none();
        match self.conduct {
            Conduct::Deaf => true,
            Conduct::LosesAnswer if is_first => {
                self.submit(body);
                true
            }
            _ => false,
        }
    }

    fn submit(&self, body: &[u8]) -> (u16, Value) {
        let transaction = read(body);
        if matches!(self.conduct, Conduct::Queues | Conduct::Races) {
            let (mut queue, id) = (
                self.queue.lock().expect("no panic while held"),
                crypto::ids::transaction_id(self.maker.id, &transaction.body),
            );
            let next = self.account.1 + queue.len() as u64;
            if self.conduct == Conduct::Races && queue.len() < 3 {
                queue.push((next, false));
                let message = "another transaction has this nonce, and pays as much";
                return (409, json!({"code": "replacement_underpriced", "message": message, "hint": "pay more"}));
            }
            if transaction.body.nonce.0 != next {
                return (
                    422,
                    json!({"code": "nonce_too_low", "message": format!("the next is {next}"), "hint": "sign again"}),
                );
            }
            queue.push((next, true));
            return (202, json!({"id": id}));
        }
        if matches!(self.conduct, Conduct::Forgets | Conduct::Stands) {
            return (202, json!({"id": crypto::ids::transaction_id(self.maker.id, &transaction.body)}));
        }
        if self.included.lock().expect("no panic while held").is_some() {
            let message = "the nonce 4 was used already, the next is 5";
            return (
                422,
                json!({"code": "nonce_too_low", "message": message, "hint": "sign again with the next nonce"}),
            );
        }
        if let Err(error) = wallet::transaction::verify_transaction(self.maker.id, &transaction) {
            return (400, json!(error));
        }
        let id = crypto::ids::transaction_id(self.maker.id, &transaction.body);
        *self.included.lock().expect("no panic while held") = Some(transaction);
        self.news.notify_all();
        (202, json!({"id": id}))
    }

    fn receipt(&self, id: Hash32) -> Receipt {
        let code = if matches!(self.conduct, Conduct::Rejects | Conduct::MisnamesReceipt) { 22 } else { 0 };
        Receipt { id, code, call: 0, weight: Weight(1_200), fee: Amount(1_200), events: types::List::default() }
    }

    fn receipts(&self, transaction: &Transaction) -> Vec<Receipt> {
        let own = Receipt { id: Hash32::ZERO, ..self.receipt(Hash32::ZERO) };
        vec![Receipt { code: 0, ..own }, self.receipt(crypto::ids::transaction_id(self.maker.id, &transaction.body))]
    }

    fn summaries(&self, query: &str, included: Option<&Transaction>) -> Value {
        let height: u64 = query.trim_start_matches("from=").trim_end_matches("&limit=1").parse().expect("a number");
        let header =
            included.map_or_else(|| self.maker.header(height, Hash32::ZERO), |included| self.header(height, included));
        json!({"next": null, "blocks": [{"height": height, "hash": crypto::ids::header_hash(&header), "time": header.time, "epoch": 0,
            "view": height, "proposer": 0, "transactions": 1, "header_hex": hex::encode(header.to_canonical())}]})
    }

    fn gold(&self) -> Value {
        json!({"id": 1000, "symbol": "GOLD", "decimals": 2, "minter": self.account.0, "cap": "100000", "issued": "500", "burned": "0"})
    }

    /// A state of one account, proven by header 9.
    fn proof(&self, path: &str) -> Value {
        let text = path.trim_start_matches("/accounts/").trim_end_matches("/proof");
        let address = types::Address::parse(text, types::Network::Test).expect("an address");
        let record = execution::AccountRecord { nonce: types::Nonce(self.account.1), thr: self.account.2 };
        self.proven(&execution::keys::account(&address), borsh::to_vec(&record).expect("memory"))
    }

    /// A state of one asset, which has two decimals, whatever the node says elsewhere.
    fn gold_proof(&self) -> Value {
        let symbol = types::ByteString::new(b"GOLD".to_vec()).expect("short");
        let asset = types::Asset { symbol, decimals: 2, minter: None, cap: Amount(100_000) };
        self.proven(&tokens::asset_key(types::AssetId(1_000)), borsh::to_vec(&asset).expect("memory"))
    }

    fn proven(&self, key: &[u8], value: Vec<u8>) -> Value {
        use crypto::jellyfish::{KeyHash, Leaf, Proof, ValueHash};
        let leaf = Leaf { key_hash: KeyHash::of(key), value_hash: ValueHash::of(&value) };
        let header = Header { state_root: Hash32(leaf.hash()), ..self.maker.header(9, Hash32([1; 32])) };
        let mut shown = value;
        if self.conduct == Conduct::OtherBody {
            *shown.last_mut().expect("a record has bytes") ^= 1;
        }
        json!({"height": 8, "key_hex": hex::encode(key), "value_hex": hex::encode(shown),
            "proof_hex": hex::encode(borsh::to_vec(&Proof { leaf: Some(leaf), siblings: vec![] }).expect("memory")),
            "header_hex": hex::encode(header.to_canonical()),
            "certificate_hex": hex::encode(self.maker.finality(&header).to_canonical())})
    }

    /// The block in which a transaction stands.
    fn place(&self) -> u64 {
        if matches!(self.conduct, Conduct::NextSet | Conduct::ForgedSet) { 2 } else { 1 }
    }

    fn validators(&self, query: &str) -> Value {
        assert_eq!(query, "epoch=1");
        let seeds = if self.conduct == Conduct::ForgedSet { 31..38 } else { 11..18 };
        let set = to_set(&validators(seeds).0);
        let member = |(index, member): (usize, &types::Validator)| {
            json!({"index": index, "key": member.key, "power": member.power, "peer": member.peer, "peer_id": "x",
                "account": member.account.to_text(types::Network::Test)})
        };
        let members: Vec<_> = set.validators().iter().enumerate().map(member).collect();
        json!({"epoch": 1, "validators_hash": crypto::ids::validator_set_hash(&set), "power_total": 7, "validators": members})
    }

    fn header(&self, height: u64, transaction: &Transaction) -> Header {
        let next = set_hash(&validators(11..18).0);
        if height < self.place() {
            return Header { next_validators_hash: Some(next), ..self.maker.header(height, Hash32::ZERO) };
        }
        let header = self.header_of_epoch(height, transaction);
        if self.place() == 1 {
            return header;
        }
        Header { epoch: types::Epoch(1), view: types::View(height - 1), validators_hash: next, ..header }
    }

    fn header_of_epoch(&self, height: u64, transaction: &Transaction) -> Header {
        if height == self.place() {
            let id = crypto::ids::transaction_id(self.maker.id, &transaction.body);
            let wid = crypto::ids::witness_id(id, &transaction.witness);
            let wids = if self.conduct == Conduct::OtherBody { vec![] } else { vec![wid] };
            return Header { body_root: crypto::ids::body_root(&[], &wids), ..self.maker.header(height, Hash32::ZERO) };
        }
        let parent = crypto::ids::header_hash(&self.header(height - 1, transaction));
        let mut receipts = self.receipts(transaction);
        if self.conduct == Conduct::OtherReceipts {
            receipts.pop();
        }
        Header { receipts_root: crypto::ids::receipts_root(&receipts), ..self.maker.header(height, parent) }
    }

    fn block(&self, height: u64, transaction: Option<&Transaction>) -> api::BlockResponse {
        let transaction = transaction.expect("asked only when there is one");
        let header = self.header(height, transaction);
        let statement = ChainMaker::finalize(&header);
        let certificate = match self.conduct {
            Conduct::NoQuorum => self.maker.certify(statement, &[0, 1]),
            _ if height < self.place() || self.place() == 1 => self.maker.certify(statement, &[0, 1, 3]),
            _ => certify(self.maker.id, &validators(11..18).1, statement, &[0, 1, 2, 3, 4]),
        };
        let id = crypto::ids::transaction_id(self.maker.id, &transaction.body);
        let entry = api::TransactionInBlock {
            id,
            wid: crypto::ids::witness_id(id, &transaction.witness),
            sender: self.account.0.clone(),
            transaction: transaction.clone(),
        };
        api::BlockResponse {
            hash: crypto::ids::header_hash(&header),
            body_bytes: 0,
            header_hex: hex::encode(header.to_canonical()),
            header,
            certificate_hex: Some(hex::encode(certificate.to_canonical())),
            certificate: Some(certificate),
            descendants_hex: vec![],
            system_calls: vec![],
            transactions: if height == self.place() { vec![entry] } else { vec![] },
            receipts: if height == self.place() {
                self.receipts(transaction).iter().map(shown).collect()
            } else {
                vec![]
            },
        }
    }

    fn transaction(&self, transaction: &Transaction) -> api::TransactionResponse {
        let block = self.block(self.place(), Some(transaction));
        let id = crypto::ids::transaction_id(self.maker.id, &transaction.body);
        api::TransactionResponse {
            id,
            status: api::TransactionStatus::Final,
            wid: Some(crypto::ids::witness_id(id, &transaction.witness)),
            height: Some(block.header.height),
            block: Some(block.hash),
            time: Some(block.header.time),
            index: Some(0),
            receipt: Some(shown(&self.receipt(id))),
            transaction: Some(transaction.clone()),
            header_hex: Some(block.header_hex),
            certificate_hex: block.certificate_hex,
            descendants_hex: block.descendants_hex,
        }
    }
}

fn read(body: &[u8]) -> Transaction {
    let request: api::SubmitRequest = serde_json::from_slice(body).expect("a request");
    Transaction::from_canonical(&hex::decode(request.transaction).expect("hex")).expect("a transaction")
}

fn shown(receipt: &Receipt) -> api::ReceiptResponse {
    let name = if receipt.code == 0 { "ok" } else { "insufficient_balance" };
    let message = if receipt.code == 0 { "" } else { "the account has less of the asset than the call moves" };
    api::ReceiptResponse {
        id: receipt.id,
        code: receipt.code,
        name: name.to_owned(),
        message: message.to_owned(),
        call: receipt.call,
        weight: receipt.weight,
        fee: receipt.fee,
        events: vec![],
    }
}

fn respond(mut connection: &TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let later = if status == 503 { "retry-after: 1\r\n" } else { "" };
    write!(
        connection,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{later}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
