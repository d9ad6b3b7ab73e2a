//! The chain: one validator, a few users with THR, a block at a word.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crypto::bls::SecretKey;
use crypto::ecdsa_pure::SigningKey;
use crypto::ids;
use execution::{
    AnyModule, BlockOutcome, BuildRequest, Built, CheckedTransaction, MemoryState, NextBlock, QueryArguments,
    QueryError, Registry, Reject, StateView,
};
use genesis::{GenesisBuilder, GenesisError};
use serde_json::Value;
use service::chain::{
    Chain, ChainBlock, Head, IncludedTransaction, Later, NodeStanding, Reason, Refused, StateAt, Unavailable,
};
use tokio::sync::watch;
use types::{
    Address, Amount, Auth, AuthKind, Body, Call, ChainId, Event, Genesis, GenesisValidator, Hash32, Height, List,
    Network, Nonce, PeerKey, Power, SystemCall, TRANSACTION_VERSION, TimeMs, Transaction, TransactionBody,
    ValidatorIndex, View, Witness,
};

/// How many users there are.
pub const USERS: u8 = 8;
/// What each of them has at the start: 1,000,000 THR, in µTHR.
const FUNDS: Amount = Amount(1_000_000_000_000);
/// Gets half of every fee.
const ECOSYSTEM: Address = Address([0xec; 20]);
/// Block time of height 0.
const START: TimeMs = TimeMs(1_700_000_000_000);
/// From one block to the next, in milliseconds.
const STEP_MS: u64 = 1_000;
/// How long a transaction is valid, in milliseconds.
const VALID_MS: u64 = 600_000;

/// A chain in memory.
pub struct TryoutChain {
    registry: Registry,
    genesis: Genesis,
    id: ChainId,
    validator: SecretKey,
    books: Mutex<Books>,
    heads: watch::Sender<Height>,
}

/// What changes with every block.
struct Books {
    state: MemoryState,
    root: Hash32,
    view: View,
    blocks: Vec<Arc<ChainBlock>>,
}

impl TryoutChain {
    /// A chain that begins with these modules and the defaults of their sections.
    ///
    /// # Panics
    /// The modules cannot begin.
    #[must_use]
    pub fn new(modules: Vec<Box<dyn AnyModule>>) -> Self {
        Self::with(modules, |_| ()).expect("defaults are good")
    }

    /// The same with a genesis that is changed first, such as by [`execution::edit_section`].
    ///
    /// # Errors
    /// What the genesis is refused for.
    ///
    /// # Panics
    /// The modules cannot begin with a genesis that was not refused.
    pub fn with(modules: Vec<Box<dyn AnyModule>>, change: impl FnOnce(&mut Genesis)) -> Result<Self, GenesisError> {
        let registry = Registry::new(modules);
        let validator = SecretKey::from_ikm(&[1; 32]);
        let entry = GenesisValidator {
            key: validator.public_key().to_bytes(),
            possession: validator.prove_possession().to_bytes(),
            power: Power(1),
            account: Address([0xa0; 20]),
            peer: PeerKey([1; 32]),
        };
        let mut builder = GenesisBuilder::new(&registry, "tryout", Network::Test, START, ECOSYSTEM).validator(entry);
        for user in 0..USERS {
            builder = builder.thr(Self::user(user), FUNDS);
        }
        let mut genesis = builder.build()?;
        change(&mut genesis);
        genesis::check(&genesis, &registry)?;
        let id = ids::chain_id(&genesis);
        let first = registry.genesis(&genesis, id).expect("a genesis that was checked");
        let mut state = MemoryState::default();
        state.apply(&first.outcome.changes);
        state.apply_pages(&first.outcome.pages);
        registry.check_invariants(&state).expect("every invariant holds at the start");
        let block = ChainBlock {
            hash: ids::header_hash(&first.header),
            header: first.header,
            body: Arc::new(Body::default()),
            receipts: Arc::new(first.outcome.receipts),
        };
        let books = Books { state, root: first.outcome.state_root, view: View(1), blocks: vec![Arc::new(block)] };
        let heads = watch::Sender::new(Height::ZERO);
        Ok(Self { registry, genesis, id, validator, books: Mutex::new(books), heads })
    }

    /// The account of a user, from 0 on.
    #[must_use]
    pub fn user(user: u8) -> Address {
        ids::address_of_key(&key_of(user).public_key())
    }

    /// Has a user send a call, alone in a block of its own. Returns the code of its receipt, 0 when it was carried out; of a call that
    /// no state would take, the code for which it is refused before it is in a block.
    ///
    /// # Panics
    /// An invariant does not hold after the block.
    pub fn send(&self, user: u8, call: Call) -> u32 {
        let mut books = self.books();
        match self.sign(&books, user, call) {
            Ok(transaction) => {
                let receipts = self.add(&mut books, &[transaction]);
                receipts.get(1).map(|receipt| receipt.code).expect("the transaction has a receipt")
            }
            Err(reject) => reject.code(),
        }
    }

    /// How a call of a user would end in the next block, as [`TryoutChain::send`] says it; nothing is changed.
    #[must_use]
    pub fn would_end(&self, user: u8, call: Call) -> u32 {
        let books = self.books();
        match self.sign(&books, user, call) {
            Ok(transaction) => {
                let (_, outcome) = self.apply(&books, &[transaction]);
                outcome.receipts.get(1).map(|receipt| receipt.code).expect("the transaction has a receipt")
            }
            Err(reject) => reject.code(),
        }
    }

    /// Adds a block without transactions.
    ///
    /// # Panics
    /// An invariant does not hold after it.
    pub fn pass(&self) {
        self.add(&mut self.books(), &[]);
    }

    /// What a module answers after the newest block.
    ///
    /// # Errors
    /// As [`Registry::query`].
    pub fn ask(&self, module: &str, query: &str, arguments: &[(&str, String)]) -> Result<Value, QueryError> {
        let arguments: QueryArguments =
            arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.registry.query(&self.books().state, module, query, &arguments)
    }

    /// What the transactions of the newest block reported.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let books = self.books();
        let newest = books.blocks.last().expect("there is always block 0");
        newest.receipts.iter().skip(1).flat_map(|receipt| receipt.events.to_vec()).collect()
    }

    /// An account's THR, in µTHR.
    #[must_use]
    pub fn thr(&self, address: &Address) -> Amount {
        self.registry.account(&self.books().state, address).thr
    }

    /// The code of a reject, to compare with that of a receipt.
    #[must_use]
    pub fn code(reject: impl Into<Reject>) -> u32 {
        reject.into().code()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign(&self, books: &Books, user: u8, call: Call) -> Result<CheckedTransaction, Reject> {
        let (key, sender) = (key_of(user), Self::user(user));
        let body = TransactionBody {
            version: TRANSACTION_VERSION,
            sender,
            auth: AuthKind::Single,
            nonce: self.registry.account(&books.state, &sender).nonce,
            valid_until: NextBlock::read(&books.state).tip.time.saturating_add(VALID_MS),
            fee_max: Amount(100_000_000),
            tip: Amount::ZERO,
            payer: None,
            calls: List::new(vec![call]).expect("one call is few"),
        };
        let signature = key.sign(ids::transaction_id(self.id, &body).as_bytes());
        let auth = Auth::Single { key: key.public_key(), signature };
        let witness = Witness { auths: List::new(vec![auth]).expect("one proof is few") };
        let checked = self.registry.check(self.id, Arc::new(Transaction { body, witness }))?;
        self.registry.check_signatures(&checked)?;
        Ok(checked)
    }

    /// Builds and validates the next block of all of these, and says what it changes.
    fn apply(&self, books: &Books, transactions: &[CheckedTransaction]) -> (Built, BlockOutcome) {
        let next = NextBlock::read(&books.state);
        let seed = ids::seed_preimage(self.id, next.epoch.number, books.view);
        let request = BuildRequest {
            view: books.view,
            time: next.tip.time.saturating_add(STEP_MS),
            proposer: ValidatorIndex(0),
            seed: Some(self.validator.sign(&seed).to_bytes()),
            attendance: None,
            system_calls: &[],
            candidates: transactions,
        };
        let built = self.registry.build(&books.state, books.root, &request).expect("a seed is given");
        assert_eq!(built.body.facts().len(), transactions.len(), "{:?}", built.left_out.transactions);
        self.registry.validate(&books.state, books.root, &built.header, &built.body).expect("a valid block");
        let outcome = self.registry.apply(&books.state, books.root, &built.header, &built.body);
        (built, outcome.expect("no fault of the machine"))
    }

    /// Adds a block that holds all of these.
    fn add(&self, books: &mut Books, transactions: &[CheckedTransaction]) -> Arc<Vec<types::Receipt>> {
        let (built, outcome) = self.apply(books, transactions);
        books.state.apply(&outcome.changes);
        books.state.apply_pages(&outcome.pages);
        books.root = outcome.state_root;
        books.view = if NextBlock::read(&books.state).tip.is_last { View(1) } else { books.view.next() };
        self.registry.check_invariants(&books.state).expect("every invariant holds after every block");
        let receipts = Arc::new(outcome.receipts);
        let body = Arc::clone(built.body.body());
        let block = ChainBlock { hash: built.hash, header: built.header, body, receipts: Arc::clone(&receipts) };
        let height = block.header.height;
        books.blocks.push(Arc::new(block));
        self.heads.send_replace(height);
        receipts
    }
}

fn key_of(user: u8) -> SigningKey {
    assert!(user < USERS, "there are {USERS} users, from 0 on");
    SigningKey::from_bytes(&[user.saturating_add(1); 32]).expect("a small number is a key of the curve")
}

impl Chain for TryoutChain {
    fn id(&self) -> ChainId {
        self.id
    }

    fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn own_peer(&self) -> PeerKey {
        PeerKey([1; 32])
    }

    fn now_ms(&self) -> u64 {
        NextBlock::read(&self.books().state).tip.time.0
    }

    fn standing(&self) -> NodeStanding {
        NodeStanding { is_behind: false, is_read_only: false }
    }

    fn state(&self) -> Result<StateAt, Unavailable> {
        let books = self.books();
        let newest = books.blocks.last().ok_or(Unavailable::Unreadable)?;
        let head = Head { hash: newest.hash, header: newest.header.clone() };
        let view: Box<dyn StateView> = Box::new(books.state.clone());
        Ok(StateAt { head, view })
    }

    fn head(&self, height: Height) -> Result<Option<Head>, Unavailable> {
        let block = self.block(height)?;
        Ok(block.map(|block| Head { hash: block.hash, header: block.header.clone() }))
    }

    fn block(&self, height: Height) -> Result<Option<Arc<ChainBlock>>, Unavailable> {
        let place = usize::try_from(height.0).unwrap_or(usize::MAX);
        Ok(self.books().blocks.get(place).cloned())
    }

    fn transaction(&self, id: &Hash32) -> Result<Option<IncludedTransaction>, Unavailable> {
        let books = self.books();
        let found = books.blocks.iter().find_map(|block| {
            let receipt = block.receipts.iter().skip(1).find(|receipt| receipt.id == *id)?;
            Some(IncludedTransaction { id: *id, height: block.header.height, code: receipt.code })
        });
        Ok(found)
    }

    fn user_of_nonce(&self, sender: &Address, nonce: Nonce) -> Result<Option<IncludedTransaction>, Unavailable> {
        let books = self.books();
        let found = books.blocks.iter().find_map(|block| {
            let mut sent = block.body.transactions.iter().zip(block.receipts.iter().skip(1));
            let (_, receipt) = sent.find(|(one, _)| one.body.sender == *sender && one.body.nonce == nonce)?;
            Some(IncludedTransaction { id: receipt.id, height: block.header.height, code: receipt.code })
        });
        Ok(found)
    }

    fn heads(&self) -> watch::Receiver<Height> {
        self.heads.subscribe()
    }

    /// Puts it into a block of its own at once.
    fn submit(&self, transaction: Transaction) -> Later<'_, Result<Hash32, Refused>> {
        let id = ids::transaction_id(self.id, &transaction.body);
        let checked = self.registry.check(self.id, Arc::new(transaction));
        let checked = checked.and_then(|checked| self.registry.check_signatures(&checked).map(|()| checked));
        let taken = checked.map(|checked| drop(self.add(&mut self.books(), &[checked])));
        let refused = |reject: Reject| {
            let described = self.registry.describe(reject);
            let (code, sentence) = described.map_or(("rejected", ""), |found| (found.name, found.sentence));
            Refused { code, sentence: sentence.to_owned(), reason: Reason::Rule(reject) }
        };
        let answer = taken.map(|()| id).map_err(refused);
        Box::pin(async move { answer })
    }

    fn submit_system(&self, _: SystemCall) -> Later<'_, Result<(), Refused>> {
        Box::pin(async { Err(Unavailable::Busy.into()) })
    }
}
