//! The examples of `docs/FORMATS.md`: what `testnet/peers/formats-vectors.json` records of a chain is what this code makes of it.
//!
//! Keys, calls, the policy, Merkle roots and prices hang on no chain and are taken from the file. Everything else is made here, from fixed
//! keys and times, and compared. After a change of formats the test says where the new file lies.

use std::path::Path;

use crypto::ecdsa_pure::SigningKey;
use crypto::jellyfish::{self, KeyHash};
use crypto::{ids, merkle};
use execution::{BlockOutcome, CheckedTransaction, KernelEvent, keys};
use genesis::LocalNetwork;
use mining::MiningCall;
use serde_json::{Value, json};
use tokens::{BatchTransfer, Burn, Create, Mint, Payment, TokensCall, Transfer};
use types::{
    Address, Amount, Asset, AssetId, Auth, AuthKind, Body, ByteString, Call, Canonical, Event, Header, List, ModuleId,
    MultisigPolicy, Nonce, PolicySignature, THR, TimeMs, Transaction, Witness,
};

use crate::harness::{Chain, ECOSYSTEM, ONE, User};
use crate::mining::{EASY_BITS, Want, proof};
use crate::system_calls::attendance;

const FILE: &str = "../testnet/peers/formats-vectors.json";
const ABOUT: &str = "Examples for docs/FORMATS.md, of a chain of four validators. The words are the well-known test words: nothing that they own is worth \
                     anything.";
const GOLD: AssetId = AssetId::FIRST_CUSTOM;
const MULTISIG_FUNDS: Amount = Amount(5_000_000);

/// A final block with what proves it.
struct Told {
    header: Header,
    body: Body,
    outcome: BlockOutcome,
    certificate: String,
}

/// The chain, and all of its blocks from the first.
struct Story {
    chain: Chain,
    policy: MultisigPolicy,
    told: Vec<Told>,
    blocks: Vec<(&'static str, usize)>,
    transactions: Vec<Value>,
}

fn hex_of(bytes: &[u8]) -> String {
    types::to_hex(bytes)
}

fn secret(file: &Value, place: usize) -> SigningKey {
    let digits = file["keys"][place]["secret"].as_str().expect("a secret");
    let bytes: Vec<u8> = hex::decode(digits).expect("hex");
    SigningKey::from_bytes(&bytes.try_into().expect("32 bytes")).expect("a key")
}

fn user(key: SigningKey) -> User {
    let public = key.public_key();
    User { key, public, address: ids::address_of_key(&public) }
}

impl Story {
    fn begin(file: &Value) -> Self {
        let users = vec![user(secret(file, 0)), user(secret(file, 1)), User::new(7)];
        let mut keys = [users[0].public, users[1].public, User::new(5).public];
        keys.sort();
        let policy = MultisigPolicy::new(2, keys.to_vec()).expect("two of three");
        let mut accounts: Vec<_> = users.iter().take(2).map(|user| (user.address, Amount(1_000 * ONE))).collect();
        accounts.push((ids::address_of_policy(&policy), MULTISIG_FUNDS));
        // Whatever modules there come to be: a chain of others has another id.
        let registry = execution::Registry::new(vec![Box::new(tokens::Tokens), Box::new(mining::Mining)]);
        let network = LocalNetwork {
            name: "thronos-local".to_owned(),
            time: TimeMs(1_795_899_582_436),
            ecosystem: ECOSYSTEM,
            validators: crate::harness::genesis().validators.to_vec(),
            accounts,
        };
        let mut genesis = genesis::local_network(&registry, network).expect("a sound genesis");
        execution::edit_section::<mining::Mining>(&mut genesis, |mining| mining.launch_bits = EASY_BITS);
        let mut chain = Chain::under(registry, genesis);
        chain.users = users;
        Self { chain, policy, told: Vec::new(), blocks: Vec::new(), transactions: Vec::new() }
    }

    fn tell(&mut self, header: &Header, body: &execution::CheckedBody) {
        let outcome = self.chain.apply(header, body);
        let certificate = attendance(&self.chain, &[0, 1, 3], |_| {}).certificate;
        let (header, body) = (header.clone(), Body::clone(body.body()));
        self.told.push(Told { header, body, outcome, certificate: hex_of(&certificate.to_canonical()) });
    }

    /// A block with these, and what it is an example of.
    fn block(&mut self, what: Option<&'static str>, transactions: &[CheckedTransaction], proofs: &[types::SystemCall]) {
        let attended = (!self.told.is_empty()).then(|| attendance(&self.chain, &[0, 1, 2, 3], |_| {}));
        let mut request = self.chain.request(transactions);
        request.attendance = attended.filter(|_| what == Some("a seed and an attendance"));
        request.system_calls = proofs;
        let built = self.chain.registry.build(&self.chain.state, self.chain.root, &request).expect("a seed is given");
        assert_eq!(built.body.facts().len(), transactions.len(), "all fit");
        self.tell(&built.header, &built.body);
        if let Some(what) = what {
            self.blocks.push((what, self.told.len() - 1));
        }
    }

    fn nothing(&mut self) {
        self.block(None, &[], &[]);
    }

    /// A signed transaction, noted as an example.
    fn sign(&mut self, what: &str, by: usize, ahead: u64, calls: Vec<Call>) -> CheckedTransaction {
        let nonce = Nonce(self.chain.nonce(by).0 + ahead);
        let checked = self.chain.signed(by, self.chain.body(by, nonce, calls)).expect("a good transaction");
        let name = ["first", "second"].get(by).copied();
        self.note(&format!("{what}, single key"), &checked, name);
        checked
    }

    /// Signed by the first and the second of the policy's three keys.
    fn sign_together(&mut self, what: &str, call: Call) -> CheckedTransaction {
        let sender = ids::address_of_policy(&self.policy);
        let mut body = self.chain.body(0, self.chain.registry.account(&self.chain.state, &sender).nonce, vec![call]);
        (body.sender, body.auth) = (sender, AuthKind::Multisig);
        let id = ids::transaction_id(self.chain.chain_id, &body);
        let place = |user: &User| self.policy.keys().iter().position(|key| *key == user.public).expect("in the policy");
        let sign = |user: &User| PolicySignature {
            key: u8::try_from(place(user)).expect("few"),
            signature: user.key.sign(id.as_bytes()),
        };
        let mut signatures: Vec<_> = self.chain.users.iter().take(2).map(sign).collect();
        signatures.sort_by_key(|signature| signature.key);
        let policy = self.policy.clone();
        let auth = Auth::Multisig { policy, signatures: List::new(signatures).expect("two") };
        let transaction = Transaction { body, witness: Witness { auths: List::new(vec![auth]).expect("one") } };
        let checked = self.chain.registry.check(self.chain.chain_id, transaction.into()).expect("good form");
        self.chain.registry.check_signatures(&checked).expect("good signatures");
        self.note(&format!("{what}, multisig"), &checked, None);
        checked
    }

    fn note(&mut self, what: &str, checked: &CheckedTransaction, signed_by: Option<&str>) {
        let floor = u128::from(self.chain.genesis.parameters.fees.price_floor);
        let fee = execution::fee::fee(floor, checked.weight);
        self.transactions.push(json!({
            "what": what,
            "body": hex_of(&borsh::to_vec(&checked.transaction.body).expect("memory")),
            "witness": hex_of(&borsh::to_vec(&checked.transaction.witness).expect("memory")),
            "id": checked.id,
            "wid": checked.wid,
            "weight": checked.weight,
            "fee": fee.to_string(),
            "signed_by": signed_by,
        }));
    }
}

fn memo(text: &str) -> ByteString<{ tokens::MEMO_BYTES_MAX }> {
    ByteString::new(text.as_bytes().to_vec()).expect("short")
}

/// A few minutes in which everything happens once.
fn tell_all(file: &Value) -> Story {
    let mut story = Story::begin(file);
    let [first, second, miner] = [0, 1, 2].map(|user: usize| story.chain.users[user].address);
    story.nothing();
    story.block(Some("nothing"), &[], &[]);
    let transfer =
        TokensCall::Transfer(Transfer { asset: THR, to: second, amount: Amount(1_500_000), memo: memo("hello") });
    let sent = story.sign("transfer, with memo", 0, 0, vec![transfer.to_call()]);
    story.block(Some("a transfer"), &[sent], &[]);
    let symbol = ByteString::new(b"GOLD".to_vec()).expect("short");
    let asset = Asset { symbol, decimals: 2, minter: Some(first), cap: Amount(100_000) };
    let create =
        story.sign("create", 0, 0, vec![TokensCall::Create(Create { asset, initial: Amount::ZERO }).to_call()]);
    story.block(None, &[create], &[]);
    let mint = TokensCall::Mint(Mint { asset: GOLD, to: first, amount: Amount(1_000) });
    let mint = story.sign("mint", 0, 0, vec![mint.to_call()]);
    let burn = story.sign("burn", 0, 1, vec![TokensCall::Burn(Burn { asset: GOLD, amount: Amount(125) }).to_call()]);
    let plain = story.sign("transfer", 1, 0, vec![TokensCall::transfer(THR, first, Amount(7)).to_call()]);
    story.block(None, &[mint, burn, plain], &[]);
    let payments = [second, miner].map(|to| Payment { to, amount: Amount(25) }).to_vec();
    let batch = BatchTransfer { asset: THR, payments: List::new(payments).expect("two") };
    let batch = story.sign("batch_transfer", 0, 0, vec![TokensCall::BatchTransfer(batch).to_call()]);
    let too_much = TokensCall::Burn(Burn { asset: GOLD, amount: Amount(876) }).to_call();
    let moved = TokensCall::transfer(THR, second, Amount(1)).to_call();
    let rejected = story.sign("transfer and burn", 0, 1, vec![moved, too_much]);
    story.block(Some("two transactions, of which one is rejected"), &[batch, rejected], &[]);
    assert!(!story.told.last().expect("told").outcome.receipts[2].is_ok(), "too much was burned");
    let proofs = [(Want::Work, 1), (Want::Share, 2), (Want::Share, 3)];
    let proofs: Vec<_> = proofs.into_iter().map(|(want, extra)| proof(&story.chain, miner, want, extra)).collect();
    story.block(Some("a work and shares"), &[], &proofs);
    let together = TokensCall::transfer(THR, miner, Amount(ONE)).to_call();
    let together = story.sign_together("transfer", together);
    story.block(Some("a multisig transfer"), &[together], &[]);
    for extra in 4..6 {
        let work = proof(&story.chain, miner, Want::Work, extra);
        story.block(None, &[], &[work]);
    }
    let claim = story.sign("claim", 2, 0, vec![MiningCall::Claim.to_call()]);
    story.block(Some("a claim"), &[claim], &[]);
    while !story.chain.next().seed_is_due(story.chain.time()) {
        story.nothing();
    }
    story.block(Some("a seed and an attendance"), &[], &[]);
    while !story.chain.next().is_last(story.chain.time()) {
        story.nothing();
    }
    story.block(Some("an epoch's last block"), &[], &[]);
    story.nothing();
    // The programs of the page take the first two for blocks that do not follow each other.
    story.blocks.sort_by_key(|(what, _)| *what == "nothing");
    story
}

fn block_vector(story: &Story, what: &str, place: usize) -> Value {
    let (this, next) = (&story.told[place], &story.told[place + 1]);
    let receipts: Vec<_> = this.outcome.receipts.iter().map(|receipt| hex_of(&receipt.to_canonical())).collect();
    json!({
        "what": what,
        "height": this.header.height,
        "header": hex_of(&this.header.to_canonical()),
        "hash": this.outcome.hash,
        "certificate": this.certificate,
        "body": hex_of(&this.body.to_canonical()),
        "body_root": this.header.body_root,
        "receipts": receipts,
        "receipts_root": this.outcome.receipts_root,
        "next_header": hex_of(&next.header.to_canonical()),
        "next_certificate": next.certificate,
    })
}

/// Numbers as text, because they may have 128 bits; symbols as the page's programs show bytes.
fn texts(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Array(parts) => parts.into_iter().map(texts).collect(),
        Value::Object(fields) => {
            let text = |(name, part): (String, Value)| match part.as_str() {
                Some(symbol) if name == "symbol" => (name, json!(hex_of(symbol.as_bytes()))),
                Some(bits) if name == "next_bits" => {
                    let number = u32::from_str_radix(bits, 16).expect("nBits are hex");
                    (name, json!(number.to_string()))
                }
                _ => (name, texts(part)),
            };
            Value::Object(fields.into_iter().map(text).collect())
        }
        other => other,
    }
}

fn event_vectors(story: &Story) -> Vec<Value> {
    let made = |event: &KernelEvent| {
        let body = ByteString::new(borsh::to_vec(event).expect("memory")).expect("short");
        Event { module: execution::KERNEL, kind: event.kind(), body }
    };
    let by_hand = [
        KernelEvent::Rejected { module: ModuleId(3), code: 196_638 },
        KernelEvent::VersionFixed { version: types::ProtocolVersion(2), epoch: types::Epoch(9) },
        KernelEvent::ModuleStarted { module: ModuleId(5) },
    ];
    let receipts = story.told.iter().flat_map(|told| told.outcome.receipts.iter());
    let mut seen = std::collections::BTreeMap::new();
    for event in receipts.flat_map(|receipt| receipt.events.iter()) {
        seen.entry((event.module, event.kind)).or_insert_with(|| (event.clone(), ""));
    }
    for event in by_hand.iter().map(made) {
        seen.insert((event.module, event.kind), (event, " (made by hand)"));
    }
    let told = |(event, made): &(Event, &str)| {
        let fields = story.chain.registry.describe_event(event).expect("a known event");
        let name = fields.as_object().and_then(|fields| fields.keys().next()).expect("one kind").clone();
        json!({
            "what": format!("{name}{made}"),
            "module": event.module,
            "kind": event.kind,
            "bytes": hex_of(&event.body),
            "fields": texts(fields),
        })
    };
    seen.values().map(told).collect()
}

/// What is proven of the state before the newest block, by its header.
fn proof_vectors(story: &Story) -> Vec<Value> {
    let first = story.chain.users[0].address;
    let newest = story.told.last().expect("told");
    let (state, root) = (rebuild(story), newest.header.state_root);
    let never = Address(std::array::from_fn(|place| u8::try_from(place).expect("small")));
    let prove = |key: &[u8]| jellyfish::prove(&state, root.0, &KeyHash::of(key));
    let empty = (0_u8..=u8::MAX).map(|byte| Address([byte; 20]));
    let empty = empty.into_iter().find(|address| prove(&keys::account(address)).leaf.is_none());
    let cases = [
        ("an account's nonce and THR", Some(first), 0),
        ("an account's balance of a created asset", Some(first), GOLD.0),
        ("absence: an asset that the account does not have", Some(first), 77),
        ("absence: an account that was never used", Some(never), 0),
        ("an asset", None, GOLD.0),
        ("absence: shown by an empty place", empty, 0),
    ];
    assert!(empty.is_some(), "a small tree has empty places");
    let told = |(what, address, asset): (&str, Option<Address>, u64)| {
        let asset_id = AssetId(asset);
        let key = match address {
            None => tokens::asset_key(asset_id),
            Some(address) if asset == 0 => keys::account(&address).to_vec(),
            Some(address) => keys::balance(asset_id, &address).to_vec(),
        };
        let value = execution::StateView::get(&state, &key).map(|value| value.to_vec());
        let proof = prove(&key);
        jellyfish::verify(&root.0, &key, value.as_deref(), &proof).expect("a good proof");
        json!({
            "what": what,
            "address": address,
            "asset": asset,
            "height": newest.header.height.0 - 1,
            "key": hex_of(&key),
            "value": value.as_deref().map(hex_of),
            "fields": value.as_deref().map(|value| fields_of(value, address.is_none(), asset)),
            "proof": hex_of(&borsh::to_vec(&proof).expect("memory")),
            "state_root": root,
            "header": hex_of(&newest.header.to_canonical()),
            "certificate": newest.certificate,
        })
    };
    cases.into_iter().map(told).collect()
}

fn fields_of(value: &[u8], is_asset: bool, asset: u64) -> Value {
    if is_asset {
        return texts(json!(borsh::from_slice::<Asset>(value).expect("an asset")));
    }
    if asset != 0 {
        return json!({ "amount": borsh::from_slice::<Amount>(value).expect("an amount") });
    }
    let account: execution::AccountRecord = borsh::from_slice(value).expect("an account");
    json!({ "nonce": account.nonce.0.to_string(), "thr": account.thr })
}

/// Receipts with what proves them: by the next header, or by the one after that with both headers.
fn result_vectors(story: &Story) -> Vec<Value> {
    let named = |wanted: &str| story.blocks.iter().find(|(what, _)| *what == wanted).expect("it is told").1;
    let two = named("two transactions, of which one is rejected");
    let cases = [
        ("a transaction's receipt", two, 1, 0),
        ("a rejected transaction's receipt, by a descendant", two, 2, 1),
        ("a block's own receipt", named("nothing"), 0, 0),
    ];
    let told = |(what, place, index, further): (&str, usize, usize, usize)| {
        let (this, next) = (&story.told[place], &story.told[place + 1]);
        let (receipts, certified) = (&this.outcome.receipts, &story.told[place + 1 + further]);
        let path = ids::receipt_proof(receipts, index).expect("there is one");
        let between = &story.told[place + 2..place + 2 + further];
        let transaction = index.checked_sub(1).map(|place| hex_of(&this.body.transactions[place].to_canonical()));
        json!({
            "what": what,
            "height": this.header.height,
            "index": index,
            "count": receipts.len(),
            "id": receipts[index].id,
            "receipt": hex_of(&receipts[index].to_canonical()),
            "path": hex_of(&path.to_canonical()),
            "transaction": transaction,
            "header": hex_of(&next.header.to_canonical()),
            "descendants": between.iter().map(|told| hex_of(&told.header.to_canonical())).collect::<Vec<_>>(),
            "certificate": certified.certificate,
        })
    };
    cases.into_iter().map(told).collect()
}

/// The state after all blocks but the newest.
fn rebuild(story: &Story) -> execution::MemoryState {
    let first = story.chain.registry.genesis(&story.chain.genesis, story.chain.chain_id).expect("as before");
    let mut state = execution::MemoryState::default();
    let (_, rest) = story.told.split_last().expect("told");
    for outcome in std::iter::once(&first.outcome).chain(rest.iter().map(|told| &told.outcome)) {
        state.apply(&outcome.changes);
        state.apply_pages(&outcome.pages);
    }
    state
}

/// The whole file.
fn vectors(file: &Value) -> Value {
    let story = tell_all(file);
    let chain = &story.chain;
    let set = execution::validator_set(&chain.genesis).expect("a set");
    let genesis: Value = serde_json::from_str(&genesis::to_json(&chain.genesis, &chain.registry)).expect("JSON");
    let first = chain.registry.genesis(&chain.genesis, chain.chain_id).expect("a good genesis");
    let policy_address = ids::address_of_policy(&story.policy);
    json!({
        "about": ABOUT,
        "genesis": genesis,
        "genesis_bytes": hex_of(&chain.genesis.to_canonical()),
        "chain_id": chain.chain_id,
        "genesis_header": hex_of(&first.header.to_canonical()),
        "genesis_hash": first.outcome.hash,
        "validator_set": hex_of(&set.to_canonical()),
        "validators_hash": ids::validator_set_hash(&set),
        "keys": file["keys"],
        "transactions": story.transactions,
        "calls": file["calls"],
        "policy": [{
            "threshold": story.policy.threshold(),
            "keys": story.policy.keys(),
            "bytes": hex_of(&borsh::to_vec(&story.policy).expect("memory")),
            "address": policy_address,
            "test": policy_address.to_text(types::Network::Test),
            "main": policy_address.to_text(types::Network::Main),
            "legacy": policy_address.to_legacy_text(),
        }],
        "events": event_vectors(&story),
        "blocks": story.blocks.iter().map(|(what, place)| block_vector(&story, what, *place)).collect::<Vec<_>>(),
        "proofs": proof_vectors(&story),
        "results": result_vectors(&story),
        "merkle": file["merkle"],
        "prices": file["prices"],
    })
}

// FAULTS RT9
#[test]
#[allow(clippy::disallowed_methods, reason = "the recorded file is compared, and the new one is put beside the build")]
fn the_recorded_examples_of_the_page_are_what_this_code_makes() {
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(FILE).expect("the file")).expect("JSON");
    let made = vectors(&recorded);
    let empty = merkle::root(crypto::tags::TRANSACTIONS_TREE, &[]);
    assert_eq!(recorded["merkle"][0]["root"], json!(empty));
    if made != recorded {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats-vectors.json");
        let text = serde_json::to_string_pretty(&made).expect("JSON") + "\n";
        std::fs::write(&new, text).expect("a file");
        panic!("the formats have changed; where that is meant, copy {} to {FILE}", new.display());
    }
}
