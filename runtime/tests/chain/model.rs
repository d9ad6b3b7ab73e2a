//! The ledger against a plain map: random transactions of every kind, compared after every block.

use std::collections::BTreeMap;
use std::sync::Arc;

use execution::{CheckedTransaction, KernelReject};
use proptest::prelude::*;
use tokens::{BatchTransfer, Burn, Create, Mint, Payment, TokensCall};
use types::{
    Address, Amount, Asset, AssetId, Auth, ByteString, Call, List, Nonce, Secp256k1Signature, THR, Transaction, Witness,
};

use crate::harness::{Chain, ECOSYSTEM, FUNDS};
use crate::probe::ProbeCall;

const USERS: usize = 8;

/// One thing that a transaction tries; users and assets by number.
#[derive(Clone, Debug)]
enum Op {
    Transfer { asset: u64, to: usize, amount: u128 },
    Batch { asset: u64, to: Vec<usize>, amount: u128 },
    Create { cap: u128, initial: u128, minter: usize },
    Mint { asset: u64, to: usize, amount: u128 },
    Burn { asset: u64, amount: u128 },
    Lock { asset: u64, amount: u128 },
    Release { asset: u64, to: usize, amount: u128 },
    Fail,
}

/// A sender, what it tries, and its tip.
type Attempt = (usize, Vec<Op>, u64);

fn amounts() -> impl Strategy<Value = u128> {
    prop_oneof![
        4 => Just(1_u128),
        24 => 1_u128..5_000,
        4 => 1_u128..FUNDS.0,
        1 => Just(FUNDS.0),
        1 => Just(u128::MAX),
        1 => Just(u128::MAX / 2 + 1),
    ]
}

fn ops() -> impl Strategy<Value = Op> {
    // Number 0 is THR; 1 to 3 are custom assets, which do not exist at first and belong to few.
    let asset = || prop_oneof![5 => Just(0_u64), 3 => 1_u64..4];
    let custom = 1_u64..4;
    let user = 0..USERS;
    prop_oneof![
        12 => (asset(), user.clone(), amounts()).prop_map(|(asset, to, amount)| Op::Transfer { asset, to, amount }),
        2 => (asset(), prop::collection::vec(user.clone(), 1..5), amounts())
            .prop_map(|(asset, to, amount)| Op::Batch { asset, to, amount }),
        1 => (amounts(), amounts(), 0_usize..2)
            .prop_map(|(cap, initial, minter)| Op::Create { cap: cap.max(100_000), initial: initial.min(cap), minter }),
        4 => (custom, user.clone(), amounts()).prop_map(|(asset, to, amount)| Op::Mint { asset, to, amount }),
        2 => (asset(), amounts()).prop_map(|(asset, amount)| Op::Burn { asset, amount }),
        2 => (asset(), amounts()).prop_map(|(asset, amount)| Op::Lock { asset, amount }),
        2 => (asset(), user, amounts()).prop_map(|(asset, to, amount)| Op::Release { asset, to, amount }),
        1 => Just(Op::Fail),
    ]
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let tip = prop_oneof![3 => Just(0_u64), 1 => 0_u64..100_000];
    let sender = prop_oneof![1 => 0_usize..2, 2 => 0..USERS];
    let ops = prop_oneof![3 => prop::collection::vec(ops(), 1), 1 => prop::collection::vec(ops(), 2..4)];
    prop::collection::vec((sender, ops, tip), 1..60)
}

fn asset_id(number: u64) -> AssetId {
    if number == 0 { THR } else { AssetId(999 + number) }
}

/// The plain ledger.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    owned: BTreeMap<(AssetId, Address), u128>,
    escrow: BTreeMap<AssetId, u128>,
    /// Cap, issued, burned.
    supply: BTreeMap<AssetId, (u128, u128, u128)>,
    minters: BTreeMap<AssetId, Address>,
    assets: u64,
}

impl Model {
    fn take(&mut self, asset: AssetId, from: Address, amount: u128) -> Option<()> {
        let owned = self.owned.entry((asset, from)).or_default();
        *owned = owned.checked_sub(amount)?;
        Some(())
    }

    fn give(&mut self, asset: AssetId, to: Address, amount: u128) {
        *self.owned.entry((asset, to)).or_default() += amount;
    }

    fn issue(&mut self, asset: AssetId, to: Address, amount: u128) -> Option<()> {
        let (cap, issued, _) = self.supply.get_mut(&asset)?;
        let sum = issued.checked_add(amount).filter(|sum| *sum <= *cap)?;
        *issued = sum;
        self.give(asset, to, amount);
        Some(())
    }

    fn destroy(&mut self, asset: AssetId, from: Address, amount: u128) -> Option<()> {
        self.take(asset, from, amount)?;
        self.supply.get_mut(&asset).expect("what is owned has a supply").2 += amount;
        Some(())
    }

    /// Does one thing, or nothing that counts.
    fn run(&mut self, op: &Op, sender: Address, users: &[Address], creation_fee: u128) -> Option<()> {
        match op {
            Op::Transfer { asset, to, amount } => {
                self.take(asset_id(*asset), sender, *amount)?;
                self.give(asset_id(*asset), users[*to], *amount);
            }
            Op::Batch { asset, to, amount } => {
                for to in to {
                    self.take(asset_id(*asset), sender, *amount)?;
                    self.give(asset_id(*asset), users[*to], *amount);
                }
            }
            Op::Create { cap, initial, minter } => {
                self.destroy(THR, sender, creation_fee)?;
                self.assets += 1;
                let asset = asset_id(self.assets);
                self.supply.insert(asset, (*cap, 0, 0));
                self.minters.insert(asset, users[*minter]);
                self.issue(asset, sender, *initial)?;
            }
            Op::Mint { asset, to, amount } => {
                let minter = *self.minters.get(&asset_id(*asset))?;
                (minter == sender).then_some(())?;
                self.issue(asset_id(*asset), users[*to], *amount)?;
            }
            Op::Burn { asset, amount } => self.destroy(asset_id(*asset), sender, *amount)?,
            Op::Lock { asset, amount } => {
                self.take(asset_id(*asset), sender, *amount)?;
                *self.escrow.entry(asset_id(*asset)).or_default() += amount;
            }
            Op::Release { asset, to, amount } => {
                let held = self.escrow.entry(asset_id(*asset)).or_default();
                *held = held.checked_sub(*amount)?;
                self.give(asset_id(*asset), users[*to], *amount);
            }
            Op::Fail => return None,
        }
        Some(())
    }

    /// All fees and tips first, then every transaction, all or nothing.
    fn block(
        &mut self,
        attempts: &[&Attempt],
        fees: &[u128],
        proposer: Address,
        users: &[Address],
        creation_fee: u128,
    ) -> Vec<bool> {
        for ((sender, _, tip), fee) in attempts.iter().zip(fees) {
            self.take(THR, users[*sender], fee + u128::from(*tip)).expect("a built block's fees are payable");
            self.supply.get_mut(&THR).expect("THR").2 += fee - fee / 2;
            self.give(THR, ECOSYSTEM, fee / 2);
            self.give(THR, proposer, u128::from(*tip));
        }
        let mut succeeded = Vec::new();
        for (sender, ops, _) in attempts {
            let mut after = self.clone();
            let done = ops.iter().try_for_each(|op| after.run(op, users[*sender], users, creation_fee)).is_some();
            if done {
                *self = after;
            }
            succeeded.push(done);
        }
        succeeded
    }
}

fn call_of(op: &Op, users: &[Address]) -> Call {
    let call = match op {
        Op::Transfer { asset, to, amount } => TokensCall::transfer(asset_id(*asset), users[*to], Amount(*amount)),
        Op::Batch { asset, to, amount } => {
            let payments = to.iter().map(|to| Payment { to: users[*to], amount: Amount(*amount) }).collect();
            TokensCall::BatchTransfer(BatchTransfer {
                asset: asset_id(*asset),
                payments: List::new(payments).expect("few"),
            })
        }
        Op::Create { cap, initial, minter } => {
            let symbol = ByteString::new(b"X".to_vec()).expect("short");
            let asset = Asset { symbol, decimals: 0, minter: Some(users[*minter]), cap: Amount(*cap) };
            TokensCall::Create(Create { asset, initial: Amount(*initial) })
        }
        Op::Mint { asset, to, amount } => {
            TokensCall::Mint(Mint { asset: asset_id(*asset), to: users[*to], amount: Amount(*amount) })
        }
        Op::Burn { asset, amount } => TokensCall::Burn(Burn { asset: asset_id(*asset), amount: Amount(*amount) }),
        Op::Lock { asset, amount } => {
            return ProbeCall::Lock { asset: asset_id(*asset), pot: 0, amount: Amount(*amount) }.to_call();
        }
        Op::Release { asset, to, amount } => {
            let (asset, to, amount) = (asset_id(*asset), users[*to], Amount(*amount));
            return ProbeCall::Release { asset, pot: 0, to, amount }.to_call();
        }
        Op::Fail => return ProbeCall::Fail.to_call(),
    };
    call.to_call()
}

/// Without a real signature: this suite is about the ledger, and execution never looks at one.
fn unsigned(chain: &Chain, attempt: &Attempt, nonce: Nonce, users: &[Address]) -> CheckedTransaction {
    let (user, ops, tip) = attempt;
    let mut body = chain.body(*user, nonce, ops.iter().map(|op| call_of(op, users)).collect());
    body.tip = Amount(u128::from(*tip));
    let auth = Auth::Single { key: chain.users[*user].public, signature: Secp256k1Signature::ZERO };
    let witness = Witness { auths: List::new(vec![auth]).expect("one") };
    chain.registry.check(chain.chain_id, Arc::new(Transaction { body, witness })).expect("good in form")
}

fn compare(chain: &Chain, model: &Model, everybody: &[Address]) {
    for address in everybody {
        let account = chain.registry.account(&chain.state, address);
        let mut real: BTreeMap<AssetId, u128> = account.balances.iter().map(|one| (one.asset, one.amount.0)).collect();
        real.extend((account.thr.0 > 0).then_some((THR, account.thr.0)));
        let planned: BTreeMap<AssetId, u128> = model
            .owned
            .iter()
            .filter(|((_, owner), amount)| owner == address && **amount > 0)
            .map(|((asset, _), amount)| (*asset, *amount))
            .collect();
        assert_eq!(real, planned, "{address:?}");
    }
    for (asset, (cap, issued, burned)) in &model.supply {
        let supply = chain.registry.supply(&chain.state, *asset).expect("known");
        assert_eq!((supply.cap.0, supply.issued.0, supply.burned.0), (*cap, *issued, *burned), "{asset}");
    }
}

const CREATION_FEE: Amount = Amount(1_234_567);

fn run(blocks: &[Vec<Attempt>]) -> usize {
    let mut genesis = crate::harness::genesis();
    genesis.parameters.timing.seed_interval_ms = u64::MAX;
    genesis.parameters.timing.epoch_length_ms = 7_000;
    execution::edit_section::<tokens::Tokens>(&mut genesis, |tokens| tokens.asset_creation_fee = CREATION_FEE);
    let mut chain = Chain::of(genesis);
    let users: Vec<Address> = chain.users.iter().map(|user| user.address).collect();
    let accounts = chain.genesis.validators.iter().map(|validator| validator.account);
    let everybody: Vec<Address> = users.iter().copied().chain(accounts).chain([ECOSYSTEM]).collect();
    let mut model = Model::default();
    model.supply.insert(THR, (chain.genesis.parameters.thr_cap.0, 8 * FUNDS.0, 0));
    model.owned.extend(users.iter().map(|user| ((THR, *user), FUNDS.0)));
    let mut count = 0;
    for attempts in blocks {
        let mut nonces: BTreeMap<usize, u64> = (0..USERS).map(|user| (user, chain.nonce(user).0)).collect();
        let candidates: Vec<CheckedTransaction> = attempts
            .iter()
            .map(|attempt| {
                let nonce = nonces.get_mut(&attempt.0).expect("a user");
                *nonce += 1;
                unsigned(&chain, attempt, Nonce(*nonce - 1), &users)
            })
            .collect();
        let built = chain.build(&candidates);
        let taken: Vec<&Attempt> = candidates
            .iter()
            .zip(attempts)
            .filter(|(candidate, _)| built.body.facts().iter().any(|facts| facts.id == candidate.id))
            .map(|(_, attempt)| attempt)
            .collect();
        let block = chain.next().info(built.header.time, built.header.proposer).expect("in the set");
        let outcome = chain.apply(&built.header, &built.body);
        let fees: Vec<u128> = outcome.receipts[1..].iter().map(|receipt| receipt.fee.0).collect();
        let exact = |weight: u64| (block.price * u128::from(weight)).div_ceil(1 << 32);
        assert!(built.body.facts().iter().zip(&fees).all(|(facts, fee)| exact(facts.weight.0) == *fee));
        let expected = model.block(&taken, &fees, block.proposer_account, &users, CREATION_FEE.0);
        let real: Vec<bool> = outcome.receipts[1..].iter().map(types::Receipt::is_ok).collect();
        assert_eq!(real, expected);
        assert!(outcome.receipts.iter().all(|receipt| receipt.code != KernelReject::AmountOverflow.code()));
        compare(&chain, &model, &everybody);
        count += taken.len();
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 500, ..ProptestConfig::with_cases(64) })]

    // FAULTS E1, E6
    #[test]
    fn any_sequence_of_transactions_leaves_what_a_plain_map_says(blocks in prop::collection::vec(attempts(), 8..24)) {
        run(&blocks);
    }
}
