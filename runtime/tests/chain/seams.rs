//! What the kernel lends a module and what it withholds: pots, allowances, backed assets, audits, other modules' state, and everybody's
//! money.

use std::sync::Arc;

use borsh::BorshDeserialize;
use execution::{BlockOutcome, Elsewhere, Fault, KernelReject, Module, Registry};
use proptest::prelude::*;
use tokens::{Burn, Mint, Tokens, TokensCall};
use types::{Amount, Asset, AssetId, Genesis, GenesisAllowance, GenesisGrant, List, Network, THR, WBTC};

use crate::harness::{Chain, ECOSYSTEM, FUNDS, ONE, genesis};
use crate::vault::{Deed, FIGURE, Symbols, VAULT, Vault, VaultCall, VaultReject};

/// Joins the vault's port with the tokens: the one place that knows both.
struct TokensSymbols;

impl Symbols for TokensSymbols {
    fn symbol(&self, there: &mut Elsewhere<'_>, asset: AssetId) -> Option<Vec<u8>> {
        let key = tokens::asset_key(asset);
        let bytes = there.of(Tokens::ID)?.get(&key[2..])?;
        Some(Asset::try_from_slice(&bytes).ok()?.symbol.to_vec())
    }
}

pub fn vault() -> Vault {
    Vault { symbols: &TokensSymbols }
}

fn registry() -> Registry {
    Registry::new(vec![Box::new(Tokens), Box::new(mining::Mining), Box::new(vault())])
}

fn genesis_with_vault() -> Genesis {
    let mut genesis = genesis();
    genesis.modules = registry().default_sections(Network::Test, ECOSYSTEM);
    genesis
}

fn chain() -> Chain {
    Chain::under(registry(), genesis_with_vault())
}

fn pot(chain: &Chain, asset: AssetId, pot: &[u8]) -> u128 {
    chain.registry.view(&chain.state, VAULT).expect("it runs").escrowed(asset, pot).0
}

/// Executes a block with one call, which stops the machine.
fn fault(chain: &Chain, call: &VaultCall) -> Fault {
    let transaction = chain.transaction(0, chain.nonce(0).0, vec![call.to_call()]);
    let built = chain.build(&[transaction]);
    chain.validate(&built.header, &built.body).expect("the block itself is valid");
    chain.registry.apply(&chain.state, chain.root, &built.header, &built.body).expect_err("the machine stops")
}

fn rejects(outcome: &BlockOutcome) -> Vec<u32> {
    let own = outcome.receipts[0].events.iter().filter(|event| event.module == execution::KERNEL);
    own.filter_map(|event| match borsh::from_slice(&event.body).expect("an event of the kernel") {
        execution::KernelEvent::Rejected { code, .. } => Some(code),
        _ => None,
    })
    .collect()
}

#[test]
fn pots_are_filled_moved_between_and_emptied_without_passing_through_an_account() {
    let mut chain = chain();
    let issued = |chain: &Chain| chain.registry.supply(&chain.state, THR).expect("THR");
    let before = issued(&chain);
    let to = chain.users[3].address;
    let steps = [
        (VaultCall::Fill { asset: THR, pot: 1, amount: Amount(50) }, 0, (50, 0)),
        (VaultCall::Move { asset: THR, from: 1, to: 2, amount: Amount(20) }, 0, (30, 20)),
        (
            VaultCall::Move { asset: THR, from: 1, to: 2, amount: Amount(31) },
            KernelReject::InsufficientEscrow.code(),
            (30, 20),
        ),
        (VaultCall::Empty { asset: THR, pot: 2, amount: Amount(5) }, 0, (30, 15)),
        (VaultCall::Release { asset: THR, pot: 1, to, amount: Amount(30) }, 0, (0, 15)),
        (
            VaultCall::Fill { asset: THR, pot: 1, amount: chain.genesis.parameters.thr_cap },
            KernelReject::CapExceeded.code(),
            (0, 15),
        ),
    ];
    for (call, code, held) in steps {
        assert_eq!(chain.run(0, vec![call.to_call()]), code, "{call:?}");
        assert_eq!((pot(&chain, THR, &[1]), pot(&chain, THR, &[2])), held, "{call:?}");
    }
    assert_eq!(chain.thr(&to), Amount(FUNDS.0 + 30));
    assert_eq!(issued(&chain).issued.0, before.issued.0 + 50);
    assert!(issued(&chain).burned.0 >= before.burned.0 + 5);
}

// FAULTS MS1
#[test]
fn a_module_moves_nobodys_money_that_did_not_sign() {
    let mut chain = chain();
    let [thief, victim] = [0, 1].map(|user: usize| chain.users[user].address);
    let amount = Amount(7);
    let stolen = chain.run(0, vec![VaultCall::Steal { from: victim, amount }.to_call()]);
    assert_eq!(stolen, KernelReject::NotSigned.code());
    for deed in [
        Deed::Transfer { from: victim, to: thief, amount },
        Deed::Burn { from: victim, amount },
        Deed::Lock { from: victim, amount },
        // Not even that of who signed a call of the same block: it has been carried out.
        Deed::Lock { from: thief, amount },
        Deed::Draw { from: victim, amount },
    ] {
        let before = chain.thr(&victim);
        let transaction = chain.transaction(0, chain.nonce(0).0, vec![VaultCall::AtEnd(deed).to_call()]);
        let outcome = chain.block(&[transaction]);
        let refused =
            if matches!(deed, Deed::Draw { .. }) { KernelReject::NotAllowed } else { KernelReject::NotSigned };
        assert_eq!(rejects(&outcome), [refused.code()], "{deed:?}");
        assert_eq!(chain.thr(&victim), before, "{deed:?}");
    }
}

const DAY_MS: u64 = 86_400_000;

/// A chain whose vault may draw a twentieth of an account a day.
fn chain_with_allowance() -> Chain {
    let mut genesis = genesis_with_vault();
    genesis.parameters.timing.validity_max_ms = 10 * DAY_MS;
    let account = crate::harness::User::new(1).address;
    let allowance = GenesisAllowance { module: VAULT, account, asset: THR, share_ppm: 50_000, span_ms: DAY_MS };
    genesis.allowances = List::new(vec![allowance]).expect("one");
    Chain::under(registry(), genesis)
}

#[test]
fn an_allowance_of_the_genesis_is_a_share_of_the_account_per_span_and_no_more() {
    let mut chain = chain_with_allowance();
    let account = chain.users[1].address;
    let twentieth = FUNDS.0 / 20;
    let draw = |chain: &mut Chain, amount: u128| {
        let deed = Deed::Draw { from: account, amount: Amount(amount) };
        let transaction = chain.transaction(0, chain.nonce(0).0, vec![VaultCall::AtEnd(deed).to_call()]);
        let outcome = chain.block(&[transaction]);
        rejects(&outcome).is_empty()
    };
    assert!(!draw(&mut chain, twentieth + 1), "more than the share");
    assert!(draw(&mut chain, twentieth - 5));
    // The deed is tried at the end of every block, so the first block of the next span draws again.
    assert!(!draw(&mut chain, 6), "what is left of the day is 5");
    assert_eq!(pot(&chain, THR, b"drawn"), twentieth - 5);
    chain.step_ms = DAY_MS;
    assert!(draw(&mut chain, 6), "a new day");
    let left = FUNDS.0 - (twentieth - 5);
    assert_eq!(chain.thr(&account).0, left - 6);
    chain.step_ms = 1_000;
    assert!(!draw(&mut chain, left / 20), "the day's share is of what was there when it began, less what was drawn");
    assert!(draw(&mut chain, left / 20 - 6));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However often and whenever it draws, a module never gets more than the share of each span.
    #[test]
    fn no_series_of_draws_takes_more_than_the_share_of_each_span(
        draws in prop::collection::vec((0_u128..2 * FUNDS.0 / 20, 1_u64..DAY_MS), 1..12),
    ) {
        let mut chain = chain_with_allowance();
        let account = chain.users[1].address;
        let (mut day, mut at_dawn, mut drawn) = (u64::MAX, 0, 0);
        for (amount, step_ms) in draws {
            chain.step_ms = step_ms;
            let today = (chain.time().0 - chain.genesis.time.0) / DAY_MS;
            if today != day {
                (day, at_dawn, drawn) = (today, chain.thr(&account).0, 0);
            }
            let before = chain.thr(&account).0;
            let deed = VaultCall::AtEnd(Deed::Draw { from: account, amount: Amount(amount) });
            let transaction = chain.transaction(0, chain.nonce(0).0, vec![deed.to_call()]);
            let outcome = chain.block(&[transaction]);
            let taken = before - chain.thr(&account).0;
            prop_assert_eq!(taken, if rejects(&outcome).is_empty() { amount } else { 0 });
            prop_assert_eq!(rejects(&outcome).is_empty(), drawn + amount <= at_dawn / 20);
            drawn += taken;
            prop_assert!(drawn <= at_dawn / 20);
        }
    }
}

// FAULTS MS2
#[test]
fn a_backed_asset_is_its_backers_alone_and_there_is_exactly_what_backs_it() {
    let mut chain = chain();
    let [alice, bob] = [0, 1].map(|user: usize| chain.users[user].address);
    let issue = |amount, noted| VaultCall::Issue { to: alice, amount: Amount(amount), noted: Amount(noted) };
    assert_eq!(chain.run(0, vec![issue(500, 500).to_call()]), 0);
    assert_eq!(chain.run(0, vec![TokensCall::transfer(WBTC, bob, Amount(200)).to_call()]), 0, "owners move it");
    let burn = TokensCall::Burn(Burn { asset: WBTC, amount: Amount(1) }).to_call();
    assert_eq!(chain.run(0, vec![burn]), KernelReject::NotBacker.code());
    assert_eq!(chain.run(1, vec![VaultCall::Redeem { amount: Amount(200) }.to_call()]), 0);
    let supply = chain.registry.supply(&chain.state, WBTC).expect("WBTC");
    assert_eq!((supply.circulating(), supply.backer), (Amount(300), Some(VAULT)));
    let unbacked = Fault::Unbacked { asset: WBTC, module: VAULT };
    assert_eq!(fault(&chain, &issue(10, 9)), unbacked);
    assert_eq!(fault(&chain, &issue(10, 11)), unbacked);
    assert_eq!(chain.run(0, vec![issue(10, 10).to_call()]), 0);
    let mint = TokensCall::Mint(Mint { asset: WBTC, to: alice, amount: Amount(1) }).to_call();
    assert_ne!(chain.run(0, vec![mint]), 0);
}

#[test]
fn a_genesis_funds_no_backed_asset_and_binds_none_that_is_not_there() {
    let funded = |asset| {
        let mut genesis = genesis_with_vault();
        genesis.grants = List::new(vec![GenesisGrant {
            module: VAULT,
            pot: types::ByteString::new(b"pot".to_vec()).expect("short"),
            asset,
            amount: Amount(3),
        }])
        .expect("one");
        genesis
    };
    let start = |genesis: &Genesis| registry().genesis(genesis, crypto::ids::chain_id(genesis)).map(drop);
    assert!(start(&funded(THR)).is_ok());
    assert!(start(&funded(WBTC)).is_err());
    assert!(genesis::check(&funded(THR), &registry()).is_ok());
    let error = genesis::check(&funded(WBTC), &registry()).expect_err("backed").to_string();
    assert!(error.contains("only its backer issues it"), "{error}");
    let mut without = genesis_with_vault();
    let sections = without.modules.iter().filter(|section| section.module != Tokens::ID).cloned().collect();
    without.modules = List::new(sections).expect("fewer");
    assert_eq!(start(&without), Err(execution::GenesisError::Unbacked(WBTC)));
}

#[test]
fn a_grant_lies_in_the_modules_pot_and_counts_as_issued() {
    let mut genesis = genesis_with_vault();
    let pot_name = types::ByteString::new(vec![7]).expect("short");
    let grant = GenesisGrant { module: VAULT, pot: pot_name, asset: THR, amount: Amount(40) };
    genesis.grants = List::new(vec![grant]).expect("one");
    let mut chain = Chain::under(registry(), genesis);
    assert_eq!(pot(&chain, THR, &[7]), 40);
    assert_eq!(chain.registry.supply(&chain.state, THR).expect("THR").issued.0, 8 * FUNDS.0 + 40);
    let to = chain.users[2].address;
    assert_eq!(chain.run(0, vec![VaultCall::Release { asset: THR, pot: 7, to, amount: Amount(40) }.to_call()]), 0);
}

// FAULTS MS3
#[test]
fn a_modules_audit_runs_after_every_block_writes_nothing_and_stops_the_machine() {
    let mut chain = chain();
    let sent = chain.transfer(1, 0, 2, ONE);
    chain.block(&[sent]);
    let vault = chain.registry.view(&chain.state, VAULT).expect("it runs");
    assert_eq!(vault.get(b"never-seen"), None);
    assert_eq!(vault.get(FIGURE), None);
    assert_eq!(fault(&chain, &VaultCall::Spoil), Fault::Audit { module: VAULT, breach: "the vault is spoiled" });
}

#[test]
fn a_module_reads_another_through_its_own_port_and_knows_when_it_is_not_there() {
    let mut chain = chain();
    let ask = |asset| VaultCall::Ask { asset: AssetId(asset) }.to_call();
    let transaction = chain.transaction(0, 0, vec![ask(1)]);
    let outcome = chain.block(&[transaction]);
    let told: Vec<u8> = borsh::from_slice(&outcome.receipts[1].events[0].body).expect("a symbol");
    assert_eq!(told, b"VIBE");
    assert_eq!(chain.run(0, vec![ask(77)]), VaultReject::NoSymbol.code());
    let mut there = chain.registry.view(&chain.state, VAULT).expect("it runs").elsewhere();
    assert_eq!(TokensSymbols.symbol(&mut there, WBTC), Some(b"WBTC".to_vec()), "and where nothing is written");
    assert!(there.of(types::ModuleId(99)).is_none());
    let pairs = there.of(Tokens::ID).expect("it runs").scan(&[0], &[], 2);
    assert_eq!(pairs.len(), 2);
}

#[test]
fn a_module_without_a_section_is_not_there() {
    let mut genesis = genesis_with_vault();
    let sections = genesis.modules.iter().filter(|section| section.module != mining::Mining::ID).cloned().collect();
    genesis.modules = List::new(sections).expect("fewer");
    let mut chain = Chain::under(registry(), genesis);
    let claim = chain.transaction(0, 0, vec![mining::MiningCall::Claim.to_call()]);
    let built = chain.build(std::slice::from_ref(&claim));
    assert_eq!(built.left_out.transactions, [(claim.id, KernelReject::UnknownModule.into())]);
    let transaction = types::Transaction::clone(&claim.transaction);
    let (header, body) = chain.assemble(Vec::new(), vec![transaction]);
    let checked = chain.registry.check_body(&header, Arc::new(body)).expect("it could be, elsewhere");
    assert!(chain.validate(&header, &checked).is_err(), "a block with it is invalid");
    let proof = types::SystemCall { module: mining::Mining::ID, body: types::ByteString::default() };
    assert!(chain.judge(vec![proof], Vec::new()).is_err());
    assert!(chain.registry.query(&chain.state, "mining", "info", &std::collections::BTreeMap::new()).is_err());
    let moved = chain.transfer(0, 0, 1, ONE);
    chain.block(&[moved]);
}
