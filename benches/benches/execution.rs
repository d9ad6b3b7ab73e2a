//! What every validator does with every transfer beside its signature, step by step: `cargo bench -p benches --bench execution`.
//!
//! Ten thousand accounts in memory, blocks of 1,000 transfers between accounts chosen uniformly; figures are per transfer when
//! divided by that number, which criterion does under `thrpt`.

mod settings;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use benches::fixture::Fixture;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crypto::ecdsa_pure::SigningKey;
use crypto::ids;
use execution::{
    BuildRequest, Built, CheckedBody, CheckedTransaction, Layered, MemoryState, Registry, StateView, keys,
};
use tokens::TokensCall;
use types::{
    Address, Amount, Auth, AuthKind, Body, Canonical, ChainId, Epoch, Hash32, List, Nonce, Secp256k1Key, THR, TimeMs,
    Transaction, TransactionBody, ValidatorIndex, View, Witness,
};

const ACCOUNTS: u32 = 10_000;
const TRANSFERS: usize = 1_000;
const FUNDS: Amount = Amount(1_000_000_000);

/// A chain and one full block of it.
struct Ground {
    registry: Registry,
    chain: ChainId,
    state: MemoryState,
    root: Hash32,
    checked: Vec<CheckedTransaction>,
    built: Built,
}

struct User {
    key: SigningKey,
    public: Secp256k1Key,
    address: Address,
}

fn user(number: u32) -> User {
    let mut secret = [5; 32];
    secret[28..].copy_from_slice(&number.to_be_bytes());
    let key = SigningKey::from_bytes(&secret).expect("below the order of the group");
    let public = key.public_key();
    User { key, public, address: ids::address_of_key(&public) }
}

/// Numbers without a pattern, the same at every start (xorshift64).
fn picks() -> impl FnMut() -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::from(ACCOUNTS)).expect("a small number")
    }
}

/// Signed transfers between users chosen uniformly, each sender's nonces in order.
fn transfers(users: &[User], chain: ChainId, start: TimeMs) -> Vec<Transaction> {
    let (mut pick, mut nonces) = (picks(), BTreeMap::new());
    let mut transfer = || {
        let (place, to) = (pick(), pick());
        let (from, nonce): (&User, &mut u64) = (&users[place], nonces.entry(place).or_default());
        let call = TokensCall::transfer(THR, users[to].address, Amount(5)).to_call();
        let body = TransactionBody {
            version: types::TRANSACTION_VERSION,
            sender: from.address,
            auth: AuthKind::Single,
            nonce: Nonce(*nonce),
            valid_until: start.saturating_add(600_000),
            fee_max: Amount(100_000),
            tip: Amount(1),
            payer: None,
            calls: List::new(vec![call]).expect("one call"),
        };
        *nonce += 1;
        let signature = from.key.sign(ids::transaction_id(chain, &body).as_bytes());
        let auths = List::new(vec![Auth::Single { key: from.public, signature }]).expect("one proof");
        Transaction { body, witness: Witness { auths } }
    };
    (0..TRANSFERS).map(|_| transfer()).collect()
}

fn ground() -> Ground {
    let users: Vec<User> = (0..ACCOUNTS).map(user).collect();
    let (genesis, secrets) = Fixture::genesis(users.iter().map(|user| (user.address, FUNDS)).collect());
    let chain = ids::chain_id(&genesis);
    let registry = runtime::registry();
    let first = registry.genesis(&genesis, chain).expect("the genesis of the benches is right");
    let mut state = MemoryState::default();
    state.apply(&first.outcome.changes);
    state.apply_pages(&first.outcome.pages);
    let check = |one| registry.check(chain, Arc::new(one)).expect("its form is right");
    let checked: Vec<CheckedTransaction> = transfers(&users, chain, genesis.time).into_iter().map(check).collect();
    let seed = secrets.first().expect("there are validators").sign(&ids::seed_preimage(chain, Epoch::ZERO, View(1)));
    let request = BuildRequest {
        view: View(1),
        time: genesis.time.saturating_add(1_000),
        proposer: ValidatorIndex(0),
        seed: Some(seed.to_bytes()),
        attendance: None,
        system_calls: &[],
        candidates: &checked,
    };
    let root = first.outcome.state_root;
    let built = registry.build(&state, root, &request).expect("the seed is given");
    assert_eq!(built.body.facts().len(), TRANSFERS, "all fit into one block");
    Ground { registry, chain, state, root, checked, built }
}

fn without_state(criterion: &mut Criterion, ground: &Ground) {
    let Ground { registry, chain, checked, built, .. } = ground;
    let mut group = criterion.benchmark_group("execution/without_state");
    group.throughput(Throughput::Elements(TRANSFERS as u64)).sample_size(20);
    let bytes: Vec<Vec<u8>> = checked.iter().map(|one| one.transaction.to_canonical()).collect();
    group.bench_function("decode", |bencher| {
        let decode = |bytes: &Vec<u8>| Transaction::from_canonical(black_box(bytes)).expect("canonical");
        bencher.iter(|| bytes.iter().map(decode).collect::<Vec<_>>());
    });
    let body = built.body.body().to_canonical();
    group.bench_function("decode_body", |bencher| {
        bencher.iter(|| Body::from_canonical(black_box(&body)).expect("canonical"));
    });
    group.bench_function("check", |bencher| {
        let check = |one: &CheckedTransaction| registry.check(*chain, Arc::clone(&one.transaction)).expect("good");
        bencher.iter(|| checked.iter().map(check).collect::<Vec<_>>());
    });
    group.bench_function("signatures_of_known_keys", |bencher| {
        bencher.iter(|| checked.iter().for_each(|one| registry.check_signatures(black_box(one)).expect("right")));
    });
    group.bench_function("check_body", |bencher| {
        bencher.iter(|| registry.check_body(black_box(&built.header), Arc::clone(built.body.body())).expect("good"));
    });
    let known: Vec<Arc<CheckedTransaction>> = checked.iter().cloned().map(Arc::new).collect();
    group.bench_function("body_from_checked", |bencher| {
        let calls = &built.body.body().system_calls;
        bencher.iter(|| CheckedBody::from_checked(&built.header, calls.clone(), black_box(&known)).expect("its root"));
    });
    group.finish();
}

fn on_state(criterion: &mut Criterion, ground: &Ground) {
    let Ground { registry, state, root, checked, built, .. } = ground;
    let (header, body) = (&built.header, &built.body);
    let mut group = criterion.benchmark_group("execution/on_state");
    group.throughput(Throughput::Elements(TRANSFERS as u64)).sample_size(20);
    group.bench_function("validate_with_one_seed", |bencher| {
        bencher.iter(|| registry.validate(state, *root, black_box(header), body).expect("it is valid"));
    });
    group.bench_function("execute", |bencher| {
        bencher.iter(|| registry.execute(state, black_box(header), body).expect("it can be executed"));
    });
    let execution = registry.execute(state, header, body).expect("it can be executed");
    group.bench_function("receipts_root", |bencher| {
        bencher.iter(|| ids::receipts_root(black_box(&execution.receipts)));
    });
    group.bench_function("tree_changes", |bencher| bencher.iter(|| black_box(&execution.changes).tree_changes()));
    group.bench_function("merge_of_two_blocks", |bencher| {
        let two = || (execution.changes.clone(), execution.changes.clone());
        bencher.iter_batched(
            two,
            |(mut first, later)| {
                first.merge(later);
                first
            },
            BatchSize::SmallInput,
        );
    });
    let outcome = Arc::new(registry.apply(state, *root, header, body).expect("it can be executed"));
    let layers = [Arc::clone(&outcome), Arc::clone(&outcome), outcome];
    let layered = Layered::new(state, &layers);
    group.bench_function("read_through_three_layers", |bencher| {
        let read = |one: &CheckedTransaction| layered.get(&keys::account(&one.transaction.body.sender));
        bencher.iter(|| checked.iter().map(read).collect::<Vec<_>>());
    });
    group.finish();
}

fn execution_steps(criterion: &mut Criterion) {
    let ground = ground();
    without_state(criterion, &ground);
    on_state(criterion, &ground);
}

criterion_group!(
    name = execution_benches;
    config = settings::settings();
    targets = execution_steps
);
criterion_main!(execution_benches);
