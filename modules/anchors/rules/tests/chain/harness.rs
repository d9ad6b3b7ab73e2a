//! A chain of one validator with this module alone, people on it, and the keys of AI services.

use std::collections::BTreeMap;
use std::sync::Arc;

use anchors::{
    Anchors, AnchorsCall, AnchorsParameters, AnchorsReject, AttestAi, AttestationPayload, PayloadBytes,
    RegisterService, ServicePayload,
};
use crypto::bls::SecretKey;
use crypto::ecdsa_pure::SigningKey;
use crypto::ids;
use execution::{BuildRequest, CheckedTransaction, MemoryState, ModuleView, NextBlock, QueryError, Registry, Reject};
use serde_json::Value;
use types::{
    Address, Amount, Auth, AuthKind, ByteString, ChainId, Event, Genesis, GenesisBalance, GenesisValidator, Hash32,
    List, Network, Parameters, PeerKey, Power, ProtocolVersion, Secp256k1Key, THR, TimeMs, Transaction,
    TransactionBody, ValidatorIndex, View, Weight, Witness,
};

/// Block time of height 0: 14 November 2023.
pub const START: TimeMs = TimeMs(1_700_000_000_000);
/// What most users own at the start, in µTHR.
const FUNDS: Amount = Amount(1_000_000_000_000);
/// What one of them owns: enough for a few transactions, and for no record.
const FEW: Amount = Amount(9_900);
/// So many users.
pub const USERS: usize = 4;
/// Somebody.
pub const ALICE: usize = 0;
/// Somebody else.
pub const BOB: usize = 1;
/// Somebody without money.
pub const POOR: usize = 3;

struct User {
    key: SigningKey,
    public: Secp256k1Key,
    address: Address,
}

impl User {
    fn new(number: usize) -> Self {
        let number = u8::try_from(number).expect("few");
        let key = SigningKey::from_bytes(&[number + 1; 32]).expect("a small scalar");
        let public = key.public_key();
        Self { key, public, address: ids::address_of_key(&public) }
    }
}

/// The key of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceKey(pub u8);

impl ServiceKey {
    pub fn secret(self) -> SigningKey {
        SigningKey::from_bytes(&[self.0 + 0x40; 32]).expect("a scalar")
    }

    pub fn public(self) -> Secp256k1Key {
        self.secret().public_key()
    }
}

/// A payload as a call has it.
pub fn payload(bytes: Vec<u8>) -> PayloadBytes {
    ByteString::new(bytes).expect("it can be read at all")
}

/// A name as a call has it.
pub fn string<const MAX: usize>(text: &str) -> ByteString<MAX> {
    ByteString::new(text.as_bytes().to_vec()).expect("short enough")
}

/// A registration of these bytes.
pub fn register_bytes(bytes: Vec<u8>, key: ServiceKey) -> RegisterService {
    let txid = ServicePayload::txid(&bytes);
    RegisterService { payload: payload(bytes), txid, signature: key.secret().sign(txid.as_bytes()) }
}

/// A registration of a service.
pub fn register(service: &str, scopes: &str, key: ServiceKey, created_at: u64) -> RegisterService {
    let (scopes, service) = (scopes.to_owned(), service.to_owned());
    register_bytes(ServicePayload { created_at, key: key.public(), scopes, service }.to_bytes(), key)
}

/// An attestation of these bytes.
pub fn attest_bytes(account: Address, service: &str, bytes: Vec<u8>, key: ServiceKey) -> AttestAi {
    let txid = AttestationPayload::txid(service, &bytes);
    let signature = key.secret().sign(txid.as_bytes());
    AttestAi { account, payload: payload(bytes), txid, public_key: key.public(), signature }
}

/// What a service attests.
pub fn attested(service: &str, created_at: u64, model: u8) -> AttestationPayload {
    let hashes = BTreeMap::from([("model_sha256", Hash32([model; 32]))]);
    AttestationPayload { artifact_type: "model".to_owned(), created_at, service: service.to_owned(), hashes }
}

/// An attestation.
pub fn attest(account: Address, service: &str, (created_at, model): (u64, u8), key: ServiceKey) -> AttestAi {
    attest_bytes(account, service, attested(service, created_at, model).to_bytes(), key)
}

/// A chain and its people.
pub struct Chain {
    pub registry: Registry,
    chain_id: ChainId,
    state: MemoryState,
    users: Vec<User>,
    validator: SecretKey,
    root: Hash32,
    view: View,
    /// What the last block's transactions reported.
    pub events: Vec<Event>,
    /// From one block to the next, in milliseconds.
    pub step_ms: u64,
}

/// The genesis of such a chain.
pub fn genesis(registry: &Registry, change: impl FnOnce(&mut AnchorsParameters)) -> Genesis {
    let key = SecretKey::from_ikm(&[1; 32]);
    let validator = GenesisValidator {
        key: key.public_key().to_bytes(),
        possession: key.prove_possession().to_bytes(),
        power: Power(1),
        account: Address([0xa0; 20]),
        peer: PeerKey([1; 32]),
    };
    let funded = |number: usize| GenesisBalance {
        address: User::new(number).address,
        asset: THR,
        amount: if number == POOR { FEW } else { FUNDS },
    };
    let mut balances: Vec<_> = (0..USERS).map(funded).collect();
    balances.sort_by_key(|balance| balance.address);
    let mut parameters = Parameters::with_ecosystem(Address([0xec; 20]));
    // No seed falls due, so that blocks hold nothing but what a test puts in.
    parameters.timing.seed_interval_ms = 100_000_000_000;
    let mut genesis = Genesis {
        version: ProtocolVersion(1),
        name: ByteString::new(b"test".to_vec()).expect("short"),
        network: Network::Test,
        time: START,
        parameters,
        modules: registry.default_sections(Network::Test, Address([0xec; 20])),
        balances: List::new(balances).expect("few"),
        grants: List::default(),
        allowances: List::default(),
        validators: List::new(vec![validator]).expect("one"),
    };
    execution::edit_section::<Anchors>(&mut genesis, change);
    genesis
}

/// The rules of such a chain.
pub fn registry() -> Registry {
    Registry::new(vec![Box::new(Anchors)])
}

impl Chain {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut AnchorsParameters)) -> Self {
        let registry = registry();
        let genesis = genesis(&registry, change);
        let chain_id = ids::chain_id(&genesis);
        let first = registry.genesis(&genesis, chain_id).expect("a good genesis");
        let mut state = MemoryState::default();
        state.apply(&first.outcome.changes);
        state.apply_pages(&first.outcome.pages);
        registry.check_invariants(&state).expect("the genesis adds up");
        Self {
            registry,
            chain_id,
            state,
            users: (0..USERS).map(User::new).collect(),
            validator: SecretKey::from_ikm(&[1; 32]),
            root: first.outcome.state_root,
            view: View(1),
            events: Vec::new(),
            step_ms: 1_000,
        }
    }

    pub fn address(&self, user: usize) -> Address {
        self.users[user].address
    }

    /// The time of the next block.
    pub fn time(&self) -> TimeMs {
        NextBlock::read(&self.state).tip.time.saturating_add(self.step_ms)
    }

    /// The same in seconds, as payloads have it.
    pub fn seconds(&self) -> u64 {
        self.time().0 / 1_000
    }

    fn signed(&self, user: usize, nonce: u64, call: &AnchorsCall) -> CheckedTransaction {
        let body = TransactionBody {
            version: 1,
            sender: self.address(user),
            auth: AuthKind::Single,
            nonce: types::Nonce(nonce),
            valid_until: self.time().saturating_add(600_000),
            fee_max: Amount(if user == POOR { 4_000 } else { 100_000 }),
            tip: Amount::ZERO,
            payer: None,
            calls: List::new(vec![call.to_call()]).expect("one"),
        };
        let signature = self.users[user].key.sign(ids::transaction_id(self.chain_id, &body).as_bytes());
        let auths = List::new(vec![Auth::Single { key: self.users[user].public, signature }]).expect("one proof");
        let transaction = Transaction { body, witness: Witness { auths } };
        let checked = self.registry.check(self.chain_id, Arc::new(transaction)).expect("a call that may succeed");
        self.registry.check_signatures(&checked).expect("signed");
        checked
    }

    /// One block with these calls, each in a transaction of its own; the codes of their receipts.
    pub fn block(&mut self, calls: &[(usize, AnchorsCall)]) -> Vec<u32> {
        let mut nonces: Vec<u64> =
            self.users.iter().map(|user| self.registry.account(&self.state, &user.address).nonce.0).collect();
        let mut transactions = Vec::new();
        for (user, call) in calls {
            transactions.push(self.signed(*user, nonces[*user], call));
            nonces[*user] += 1;
        }
        let epoch = NextBlock::read(&self.state).epoch.number;
        let seed = self.validator.sign(&ids::seed_preimage(self.chain_id, epoch, self.view)).to_bytes();
        let request = BuildRequest {
            view: self.view,
            time: self.time(),
            proposer: ValidatorIndex(0),
            seed: Some(seed),
            attendance: None,
            system_calls: &[],
            candidates: &transactions,
        };
        let built = self.registry.build(&self.state, self.root, &request).expect("a seed is given");
        assert_eq!(built.body.facts().len(), transactions.len(), "all fit");
        self.registry.validate(&self.state, self.root, &built.header, &built.body).expect("a valid block");
        let outcome = self.registry.apply(&self.state, self.root, &built.header, &built.body).expect("no fault");
        self.state.apply(&outcome.changes);
        self.state.apply_pages(&outcome.pages);
        self.root = outcome.state_root;
        self.view = if NextBlock::read(&self.state).tip.is_last { View(1) } else { self.view.next() };
        self.registry.check_invariants(&self.state).expect("every invariant holds after every block");
        // A builder may put senders in another order; each keeps the order of its own.
        let placed: Vec<Hash32> = built.body.facts().iter().map(|facts| facts.id).collect();
        let receipts = &outcome.receipts[outcome.receipts.len() - placed.len()..];
        self.events = receipts.iter().flat_map(|receipt| receipt.events.iter().cloned()).collect();
        let code = |transaction: &CheckedTransaction| {
            let place = placed.iter().position(|placed| *placed == transaction.id).expect("it is in the block");
            receipts[place].code
        };
        transactions.iter().map(code).collect()
    }

    /// Runs one call in a block of its own: nothing, or why it was rejected.
    pub fn run(&mut self, user: usize, call: AnchorsCall) -> Result<(), u32> {
        match self.block(&[(user, call)])[0] {
            0 => Ok(()),
            code => Err(code),
        }
    }

    /// Runs a call that must succeed and have an effect: it reports one event of this kind, and burns so much.
    pub fn done(&mut self, user: usize, call: AnchorsCall) -> Value {
        let told = format!("{call:?}");
        assert_eq!(self.run(user, call), Ok(()), "{told}");
        let [event] = &self.events[..] else { panic!("{told}: one event, not {:?}", self.events) };
        execution::Module::describe_event(&Anchors, event.kind, &event.body).expect("an event of this module")
    }

    /// Runs a call that succeeds and has no effect: no event, no burning, the same state but for the account that pays.
    pub fn idle(&mut self, user: usize, call: AnchorsCall) {
        let told = format!("{call:?}");
        let before = self.records();
        assert_eq!(self.run(user, call), Ok(()), "{told}");
        assert_eq!(self.events, [], "{told}");
        assert_eq!(self.records(), before, "{told}");
    }

    /// Runs a call that must be rejected, and changes nothing.
    pub fn refused(&mut self, user: usize, call: AnchorsCall, reject: AnchorsReject) {
        let told = format!("{call:?}");
        let before = self.records();
        assert_eq!(self.run(user, call), Err(reject.code()), "{told}: {reject:?}");
        assert_eq!(self.records(), before, "{told}");
    }

    /// Whether a call is refused before it is in a block, or what it weighs.
    pub fn judged(&self, call: &AnchorsCall) -> Result<Weight, Reject> {
        self.registry.weigh_call(&call.to_call())
    }

    /// What a call costs its sender in all, in µTHR.
    pub fn cost(&mut self, user: usize, call: AnchorsCall) -> u128 {
        let before = self.thr(user);
        assert_eq!(self.run(user, call), Ok(()));
        before - self.thr(user)
    }

    /// Every pair of the module's state.
    pub fn records(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let found = self.view().scan(&[], &[], execution::SCAN_MAX);
        assert!(found.len() < execution::SCAN_MAX, "a test's chain is small");
        found
    }

    /// Lets time pass until the next block.
    pub fn pass(&mut self, ms: u64) {
        let step_ms = std::mem::replace(&mut self.step_ms, ms);
        self.block(&[]);
        self.step_ms = step_ms;
    }

    pub fn view(&self) -> ModuleView<'_> {
        ModuleView::new(&self.state, <Anchors as execution::Module>::ID)
    }

    /// Asks a question as people do.
    pub fn ask(&self, name: &str, arguments: &[(&str, String)]) -> Result<Value, QueryError> {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.registry.query(&self.state, "anchors", name, &arguments)
    }

    pub fn thr(&self, user: usize) -> u128 {
        self.registry.account(&self.state, &self.address(user)).thr.0
    }
}
