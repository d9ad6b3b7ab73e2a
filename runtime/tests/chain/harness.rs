//! A chain in memory with known keys: it builds, validates and applies blocks, and checks every invariant after each.

use std::sync::Arc;

use crypto::bls::SecretKey;
use crypto::ecdsa_pure::SigningKey;
use crypto::ids;
use execution::{
    AccountTouch, BlockOutcome, BuildRequest, Built, CheckedBody, CheckedTransaction, InvalidBlock, MemoryState,
    NextBlock, Registry, Reject,
};
use tokens::TokensCall;
use types::{
    Address, Amount, Auth, AuthKind, Body, Call, ChainId, Genesis, GenesisBalance, GenesisValidator, Hash32, Header,
    List, Network, Nonce, Parameters, PeerKey, Power, ProtocolVersion, Secp256k1Key, SystemCall, THR, TimeMs,
    Transaction, TransactionBody, ValidatorIndex, View, Witness,
};

use crate::probe::Probe;

/// Block time of height 0.
pub const START: TimeMs = TimeMs(1_700_000_000_000);
/// What every user owns at the start, in µTHR.
pub const FUNDS: Amount = Amount(1_000_000_000_000);
/// Gets half of every fee.
pub const ECOSYSTEM: Address = Address([0xec; 20]);
/// One THR.
pub const ONE: u128 = 1_000_000;

/// Somebody with a key.
pub struct User {
    pub key: SigningKey,
    pub public: Secp256k1Key,
    pub address: Address,
}

impl User {
    pub fn new(number: u8) -> Self {
        let key = SigningKey::from_bytes(&[number + 1; 32]).expect("a small scalar");
        let public = key.public_key();
        Self { key, public, address: ids::address_of_key(&public) }
    }

    /// Signs a body as it is.
    pub fn sign(&self, chain: ChainId, body: TransactionBody) -> Transaction {
        let id = ids::transaction_id(chain, &body);
        let signature = self.key.sign(id.as_bytes());
        let auths = List::new(vec![Auth::Single { key: self.public, signature }]).expect("one proof");
        Transaction { body, witness: Witness { auths } }
    }
}

/// A chain and its people.
pub struct Chain {
    pub registry: Registry,
    pub genesis: Genesis,
    pub chain_id: ChainId,
    pub header: Header,
    /// In order of the set.
    pub validators: Vec<SecretKey>,
    pub users: Vec<User>,
    pub state: MemoryState,
    pub root: Hash32,
    /// View of the next block.
    pub view: View,
    /// From one block to the next, in milliseconds.
    pub step_ms: u64,
}

pub fn registry() -> Registry {
    Registry::new(vec![Box::new(tokens::Tokens), Box::new(Probe), Box::new(mining::Mining)])
}

fn validator_keys() -> Vec<SecretKey> {
    let mut keys: Vec<_> = (1..=4).map(|number| SecretKey::from_ikm(&[number; 32])).collect();
    keys.sort_by_key(|key| key.public_key().to_bytes());
    keys
}

/// Four validators, eight users with THR, the default numbers.
pub fn genesis() -> Genesis {
    let validators = (1..).zip(validator_keys()).map(|(number, key)| GenesisValidator {
        key: key.public_key().to_bytes(),
        possession: key.prove_possession().to_bytes(),
        power: Power(1),
        account: Address([0xa0 + number; 20]),
        peer: PeerKey([number; 32]),
    });
    let mut balances: Vec<_> =
        (0..8).map(|number| GenesisBalance { address: User::new(number).address, asset: THR, amount: FUNDS }).collect();
    balances.sort_by_key(|balance| balance.address);
    Genesis {
        version: ProtocolVersion(1),
        name: types::ByteString::new(b"test".to_vec()).expect("short"),
        network: Network::Test,
        time: START,
        parameters: Parameters::with_ecosystem(ECOSYSTEM),
        modules: registry().default_sections(Network::Test, ECOSYSTEM),
        balances: List::new(balances).expect("few"),
        grants: List::default(),
        allowances: List::default(),
        validators: List::new(validators.collect()).expect("few"),
    }
}

impl Chain {
    pub fn new() -> Self {
        Self::of(genesis())
    }

    pub fn of(genesis: Genesis) -> Self {
        Self::under(registry(), genesis)
    }

    /// A chain of these modules.
    pub fn under(registry: Registry, genesis: Genesis) -> Self {
        let chain_id = ids::chain_id(&genesis);
        let first = registry.genesis(&genesis, chain_id).expect("a good genesis");
        let mut state = MemoryState::default();
        state.apply(&first.outcome.changes);
        state.apply_pages(&first.outcome.pages);
        registry.check_invariants(&state).expect("the genesis adds up");
        Self {
            registry,
            genesis,
            chain_id,
            header: first.header,
            validators: validator_keys(),
            users: (0..8).map(User::new).collect(),
            state,
            root: first.outcome.state_root,
            view: View(1),
            step_ms: 1_000,
        }
    }

    pub fn next(&self) -> NextBlock {
        NextBlock::read(&self.state)
    }

    /// The time of the next block.
    pub fn time(&self) -> TimeMs {
        self.next().tip.time.saturating_add(self.step_ms)
    }

    pub fn nonce(&self, user: usize) -> Nonce {
        self.registry.account(&self.state, &self.users[user].address).nonce
    }

    pub fn thr(&self, address: &Address) -> Amount {
        self.registry.account(&self.state, address).thr
    }

    /// A body that pays whatever the fee is and is valid for ten minutes.
    pub fn body(&self, user: usize, nonce: Nonce, calls: Vec<Call>) -> TransactionBody {
        TransactionBody {
            version: 1,
            sender: self.users[user].address,
            auth: AuthKind::Single,
            nonce,
            valid_until: self.time().saturating_add(600_000),
            fee_max: Amount(100 * ONE),
            tip: Amount::ZERO,
            payer: None,
            calls: List::new(calls).expect("at most 16 calls"),
        }
    }

    /// Signs and checks a body.
    pub fn signed(&self, user: usize, body: TransactionBody) -> Result<CheckedTransaction, Reject> {
        let transaction = self.users[user].sign(self.chain_id, body);
        let checked = self.registry.check(self.chain_id, Arc::new(transaction))?;
        self.registry.check_signatures(&checked)?;
        Ok(checked)
    }

    /// A signed transaction with these calls.
    pub fn transaction(&self, user: usize, nonce: u64, calls: Vec<Call>) -> CheckedTransaction {
        self.signed(user, self.body(user, Nonce(nonce), calls)).expect("a good transaction")
    }

    /// A signed transfer of THR between users.
    pub fn transfer(&self, from: usize, nonce: u64, to: usize, amount: u128) -> CheckedTransaction {
        let call = TokensCall::transfer(THR, self.users[to].address, Amount(amount)).to_call();
        self.transaction(from, nonce, vec![call])
    }

    /// What a proposer would ask for, with the seed that it always may give.
    pub fn request<'a>(&self, candidates: &'a [CheckedTransaction]) -> BuildRequest<'a> {
        let proposer = self.view.0 % self.validators.len() as u64;
        BuildRequest {
            view: self.view,
            time: self.time(),
            proposer: ValidatorIndex(u16::try_from(proposer).expect("few validators")),
            seed: Some(self.seed(self.view, usize::try_from(proposer).expect("few validators"))),
            attendance: None,
            system_calls: &[],
            candidates,
        }
    }

    /// A validator's part of the seed.
    pub fn seed(&self, view: View, validator: usize) -> types::BlsSignature {
        let preimage = ids::seed_preimage(self.chain_id, self.next().epoch.number, view);
        self.validators[validator].sign(&preimage).to_bytes()
    }

    pub fn build(&self, candidates: &[CheckedTransaction]) -> Built {
        self.registry.build(&self.state, self.root, &self.request(candidates)).expect("a seed is given")
    }

    pub fn validate(&self, header: &Header, body: &CheckedBody) -> Result<(), InvalidBlock> {
        self.registry.validate(&self.state, self.root, header, body)
    }

    /// Judges a block with this body, whose header is otherwise right.
    pub fn judge(&self, system_calls: Vec<SystemCall>, transactions: Vec<Transaction>) -> Result<(), InvalidBlock> {
        let (header, body) = self.assemble(system_calls, transactions);
        let checked = self.registry.check_body(&header, Arc::new(body))?;
        self.validate(&header, &checked)
    }

    /// A block with this body, valid or not.
    pub fn assemble(&self, system_calls: Vec<SystemCall>, transactions: Vec<Transaction>) -> (Header, Body) {
        let mut header = self.build(&[]).header;
        let id = |transaction: &Transaction| ids::transaction_id(self.chain_id, &transaction.body);
        let wids: Vec<_> = transactions.iter().map(|item| ids::witness_id(id(item), &item.witness)).collect();
        header.body_root = ids::body_root(&system_calls, &wids);
        let system_calls = List::new(system_calls).expect("few");
        (header, Body { system_calls, transactions: List::new(transactions).expect("few") })
    }

    /// Validates and applies a block, and checks every invariant after it.
    pub fn apply(&mut self, header: &Header, body: &CheckedBody) -> BlockOutcome {
        self.validate(header, body).expect("a valid block");
        let outcome = self.registry.apply(&self.state, self.root, header, body).expect("no fault");
        let in_order = |pair: &[AccountTouch]| (pair[0].receipt, pair[0].address) < (pair[1].receipt, pair[1].address);
        assert!(
            outcome.accounts_touched.windows(2).all(in_order),
            "touches come in order of receipts, without repeats"
        );
        self.state.apply(&outcome.changes);
        self.state.apply_pages(&outcome.pages);
        self.root = outcome.state_root;
        self.header = header.clone();
        self.view = if self.next().tip.is_last { View(1) } else { self.view.next() };
        self.registry.check_invariants(&self.state).expect("every invariant holds after every block");
        outcome
    }

    /// Builds and applies a block that must hold all of these.
    pub fn block(&mut self, transactions: &[CheckedTransaction]) -> BlockOutcome {
        let built = self.build(transactions);
        assert_eq!(built.body.facts().len(), transactions.len(), "all candidates fit");
        self.apply(&built.header, &built.body)
    }

    /// Runs one transaction in a block of its own and gives its receipt's code.
    pub fn run(&mut self, user: usize, calls: Vec<Call>) -> u32 {
        let transaction = self.transaction(user, self.nonce(user).0, calls);
        self.block(&[transaction]).receipts[1].code
    }
}
