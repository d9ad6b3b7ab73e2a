//! A chain of one validator with this module alone, and devices with keys of every algorithm.

use std::sync::Arc;

use crypto::bls::SecretKey;
use crypto::ecdsa_pure::SigningKey;
use crypto::ids;
use ed25519_dalek::Signer;
use execution::{BuildRequest, CheckedTransaction, MemoryState, ModuleView, NextBlock, Registry};
use k256::ecdsa::signature::hazmat::PrehashSigner;
use types::{
    Address, Amount, Auth, AuthKind, ByteString, ChainId, Genesis, GenesisBalance, GenesisValidator, Hash32, List,
    Network, Parameters, PeerKey, Power, ProtocolVersion, Secp256k1Key, THR, TimeMs, Transaction, TransactionBody,
    ValidatorIndex, View, Witness,
};
use verifyid::{
    CancelRotation, DeviceAnswer, DeviceId, KeyBytes, Register, Registration, Rotate, Rotation, SignatureBytes, Take,
    VerifyId, VerifyIdCall, VerifyIdParameters, VerifyIdReject,
};

/// Block time of height 0: 14 November 2023.
pub const START: TimeMs = TimeMs(1_700_000_000_000);
/// A day.
pub const DAY_MS: u64 = 86_400_000;
/// What every user owns at the start, in µTHR.
const FUNDS: Amount = Amount(1_000_000_000_000);
/// So many users.
pub const USERS: usize = 8;
/// The user who is the authority.
pub const AUTHORITY: usize = 0;
/// The user who verifies from the beginning.
pub const VERIFIER: usize = 1;
/// Somebody.
pub const ALICE: usize = 2;
/// Somebody else.
pub const BOB: usize = 3;
/// A third.
pub const CAROL: usize = 4;

struct User {
    key: SigningKey,
    public: Secp256k1Key,
    address: Address,
}

impl User {
    fn new(number: u8) -> Self {
        let key = SigningKey::from_bytes(&[number + 1; 32]).expect("a small scalar");
        let public = key.public_key();
        Self { key, public, address: ids::address_of_key(&public) }
    }
}

/// A key of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub u8);

impl Key {
    /// Every third is of one algorithm.
    pub const fn algorithm(self) -> u8 {
        self.0 % 3 + 1
    }

    fn secret(self) -> [u8; 32] {
        let mut secret = [0x40; 32];
        secret[31] = self.0 + 1;
        secret
    }

    pub fn bytes(self) -> KeyBytes {
        let bytes = match self.algorithm() {
            1 => ed25519_dalek::SigningKey::from_bytes(&self.secret()).verifying_key().to_bytes().to_vec(),
            2 => {
                let key = k256::ecdsa::SigningKey::from_slice(&self.secret()).expect("a scalar");
                key.verifying_key().to_sec1_point(true).as_bytes().to_vec()
            }
            _ => {
                let key = p256::ecdsa::SigningKey::from_slice(&self.secret()).expect("a scalar");
                key.verifying_key().to_sec1_point(true).as_bytes().to_vec()
            }
        };
        ByteString::new(bytes).expect("at most 33 bytes")
    }

    pub fn id(self) -> Hash32 {
        verifyid::key_id(self.algorithm(), &self.bytes())
    }

    pub fn sign(self, message: &[u8]) -> SignatureBytes {
        let digest = crypto::hash::sha256(message);
        let bytes = match self.algorithm() {
            1 => ed25519_dalek::SigningKey::from_bytes(&self.secret()).sign(message).to_bytes().to_vec(),
            2 => {
                let key = k256::ecdsa::SigningKey::from_slice(&self.secret()).expect("a scalar");
                let signature: k256::ecdsa::Signature = key.sign_prehash(&digest).expect("it signs");
                signature.normalize_s().to_bytes().to_vec()
            }
            _ => {
                let key = p256::ecdsa::SigningKey::from_slice(&self.secret()).expect("a scalar");
                let signature: p256::ecdsa::Signature = key.sign_prehash(&digest).expect("it signs");
                signature.normalize_s().to_bytes().to_vec()
            }
        };
        ByteString::new(bytes).expect("64 bytes")
    }
}

/// Takes a device with its key of this rotation.
pub const fn take(device: DeviceId, rotation: u32) -> VerifyIdCall {
    VerifyIdCall::Take(Take { device, rotation })
}

/// A chain and its people.
pub struct Chain {
    pub registry: Registry,
    pub chain_id: ChainId,
    pub state: MemoryState,
    users: Vec<User>,
    validator: SecretKey,
    root: Hash32,
    view: View,
    /// From one block to the next, in milliseconds.
    pub step_ms: u64,
}

/// A genesis with this module alone.
pub fn genesis(registry: &Registry, change: impl FnOnce(&mut VerifyIdParameters)) -> Genesis {
    let key = SecretKey::from_ikm(&[1; 32]);
    let validator = GenesisValidator {
        key: key.public_key().to_bytes(),
        possession: key.prove_possession().to_bytes(),
        power: Power(1),
        account: Address([0xa0; 20]),
        peer: PeerKey([1; 32]),
    };
    let user = |number: usize| User::new(u8::try_from(number).expect("few")).address;
    let mut balances: Vec<_> =
        (0..USERS).map(|number| GenesisBalance { address: user(number), asset: THR, amount: FUNDS }).collect();
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
    execution::edit_section::<VerifyId>(&mut genesis, |numbers| {
        numbers.authority = user(AUTHORITY);
        numbers.verifiers = List::new(vec![user(VERIFIER)]).expect("one");
        change(numbers);
    });
    genesis
}

impl Chain {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut VerifyIdParameters)) -> Self {
        let registry = Registry::new(vec![Box::new(VerifyId)]);
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
            users: (0..USERS).map(|number| User::new(u8::try_from(number).expect("few"))).collect(),
            validator: SecretKey::from_ikm(&[1; 32]),
            root: first.outcome.state_root,
            view: View(1),
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

    fn signed(&self, user: usize, nonce: u64, call: &VerifyIdCall) -> CheckedTransaction {
        let body = TransactionBody {
            version: 1,
            sender: self.address(user),
            auth: AuthKind::Single,
            nonce: types::Nonce(nonce),
            valid_until: self.time().saturating_add(600_000),
            fee_max: Amount(100_000_000),
            tip: Amount::ZERO,
            payer: None,
            calls: List::new(vec![call.to_call().expect("it is short enough")]).expect("one"),
        };
        let signature = self.users[user].key.sign(ids::transaction_id(self.chain_id, &body).as_bytes());
        let auths = List::new(vec![Auth::Single { key: self.users[user].public, signature }]).expect("one proof");
        let transaction = Transaction { body, witness: Witness { auths } };
        let checked = self.registry.check(self.chain_id, Arc::new(transaction)).expect("a call that may succeed");
        self.registry.check_signatures(&checked).expect("signed");
        checked
    }

    /// One block with these calls, each in a transaction of its own; the codes of their receipts.
    pub fn block(&mut self, calls: &[(usize, VerifyIdCall)]) -> Vec<u32> {
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
        let ids: Vec<Hash32> = transactions.iter().map(|transaction| transaction.id).collect();
        let placed: Vec<Hash32> = built.body.facts().iter().map(|facts| facts.id).collect();
        let code = |id: &Hash32| {
            let place = placed.iter().position(|placed| placed == id).expect("it is in the block");
            outcome.receipts[outcome.receipts.len() - placed.len() + place].code
        };
        ids.iter().map(code).collect()
    }

    /// Runs one call in a block of its own: nothing, or why it was rejected.
    pub fn run(&mut self, user: usize, call: VerifyIdCall) -> Result<(), u32> {
        match self.block(&[(user, call)])[0] {
            0 => Ok(()),
            code => Err(code),
        }
    }

    /// Runs a call that must succeed.
    pub fn done(&mut self, user: usize, call: VerifyIdCall) {
        let told = format!("{call:?}");
        assert_eq!(self.run(user, call), Ok(()), "{told}");
    }

    /// Runs a call that must be rejected.
    pub fn refused(&mut self, user: usize, call: VerifyIdCall, reject: VerifyIdReject) {
        let told = format!("{call:?}");
        assert_eq!(self.run(user, call), Err(reject.code()), "{told}: {reject:?}");
    }

    /// Lets time pass until the next block.
    pub fn pass(&mut self, ms: u64) {
        let step_ms = std::mem::replace(&mut self.step_ms, ms);
        self.block(&[]);
        self.step_ms = step_ms;
    }

    pub fn view(&self) -> ModuleView<'_> {
        ModuleView::new(&self.state, <VerifyId as execution::Module>::ID)
    }

    pub fn device(&self, key: Key) -> DeviceAnswer {
        verifyid::device(&self.view(), &DeviceId(key.id())).expect("it is registered")
    }

    pub fn thr(&self, user: usize) -> u128 {
        self.registry.account(&self.state, &self.address(user)).thr.0
    }

    /// What registers a device of this key for `owner`, as its maker would.
    pub fn register(&self, sender: usize, owner: usize, key: Key, kind: u8) -> Register {
        let valid_until = self.time().saturating_add(60_000);
        let (owner, sender) = (self.address(owner), self.address(sender));
        let statement =
            Registration { chain_id: self.chain_id, device: DeviceId(key.id()), owner, sender, kind, valid_until };
        let possession = key.sign(&statement.to_bytes());
        Register { owner, kind, algorithm: key.algorithm(), key: key.bytes(), valid_until, possession }
    }

    /// What gives a device another key, signed by the old one too or not.
    pub fn rotate(&self, device: DeviceId, number: u32, (new, old): (Key, Option<Key>)) -> Rotate {
        let valid_until = self.time().saturating_add(60_000);
        let statement = Rotation { chain_id: self.chain_id, device, number, new_key: new.id(), valid_until };
        let bytes = statement.to_bytes();
        Rotate {
            device,
            algorithm: new.algorithm(),
            key: new.bytes(),
            valid_until,
            new_signature: new.sign(&bytes),
            old_signature: old.map(|old| old.sign(&bytes)),
        }
    }

    /// What drops an announced key, signed by the old one.
    pub fn cancel(&self, device: DeviceId, number: u32, new: Key, old: Key) -> CancelRotation {
        let valid_until = self.time().saturating_add(60_000);
        let statement = Rotation { chain_id: self.chain_id, device, number, new_key: new.id(), valid_until };
        CancelRotation { device, valid_until, signature: Some(old.sign(&statement.cancellation())) }
    }
}
