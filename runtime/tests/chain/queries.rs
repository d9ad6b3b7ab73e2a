//! Questions about the state, and a genesis that is refused.

use std::collections::BTreeMap;

use execution::{ArgumentKind, GenesisError, Module, QueryError, Registry, Words, set_section};
use serde_json::json;
use tokens::{GenesisAsset, Tokens, TokensParameters};
use types::{Amount, Asset, AssetId, ByteString, Genesis, GenesisBalance, List, THR, VIBE};

use crate::harness::{Chain, ECOSYSTEM, FUNDS, genesis, registry};

fn arguments(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn modules_and_kernel_answer_by_name() {
    let chain = Chain::new();
    let ask =
        |module, name, pairs: &[(&str, &str)]| chain.registry.query(&chain.state, module, name, &arguments(pairs));
    let thr = ask("tokens", "asset", &[("id", "0")]).expect("known");
    assert_eq!((thr["asset"]["symbol"].as_str(), thr["issued"].as_str()), (Some("THR"), Some("8000000000000")));
    let all = ask("tokens", "assets", &[("from", "1")]).expect("known");
    assert_eq!(all.as_array().map(Vec::len), Some(2), "VIBE and WBTC");
    let address = hex_of(&chain.users[0].address);
    let balance = ask("tokens", "balance", &[("asset", "0"), ("address", &address)]).expect("known");
    assert_eq!(balance["amount"], json!(FUNDS));
    assert_eq!(ask("kernel", "supply", &[("asset", "0")]).expect("known")["burned"], json!("0"));
    assert_eq!(ask("kernel", "next-block", &[]).expect("known")["height"], json!(1));
    for (module, name, pairs) in [
        ("tokens", "nothing", vec![]),
        ("nothing", "asset", vec![]),
        ("kernel", "nothing", vec![]),
        ("tokens", "asset", vec![]),
        ("tokens", "asset", vec![("id", "-1")]),
        ("tokens", "asset", vec![("id", "55")]),
        ("tokens", "assets", vec![("limit", "many")]),
        ("tokens", "balance", vec![("asset", "0"), ("address", "bob")]),
        ("kernel", "supply", vec![("asset", "55")]),
        ("kernel", "supply", vec![]),
    ] {
        let answer: Result<_, QueryError> = ask(module, name, &pairs);
        assert!(answer.is_err(), "{module} {name} {pairs:?}");
    }
}

#[test]
fn an_argument_that_a_question_does_not_take_is_named_with_what_was_probably_meant() {
    let chain = Chain::new();
    let ask = |module: &str, name: &str, pairs: &[(&str, &str)]| {
        chain.registry.query(&chain.state, module, name, &arguments(pairs)).expect_err("refused").to_string()
    };
    assert_eq!(ask("tokens", "assets", &[("form", "1")]), "there is no argument `form`; did you mean `from`?");
    assert_eq!(ask("mining", "info", &[("from", "1")]), "there is no argument `from`");
    let missing = "the argument `address` is missing or wrong: expected an address";
    assert_eq!(ask("mining", "account", &[]), missing);
    assert_eq!(ask("kernel", "supply", &[("asset", "+1")]), ask("kernel", "supply", &[]));
}

#[test]
fn every_question_that_is_described_has_an_answer_or_says_what_is_not_there() {
    let chain = Chain::new();
    let address = hex_of(&chain.users[0].address);
    let mut count = 0;
    for (module, query) in chain.registry.queries() {
        let value = |kind| match kind {
            ArgumentKind::Number => "0".to_owned(),
            ArgumentKind::Address => address.clone(),
            ArgumentKind::Hash => "00".repeat(32),
            ArgumentKind::Text => "text".to_owned(),
            ArgumentKind::Form(_) => "01".repeat(32),
        };
        let all = query.arguments.iter().map(|argument| (argument.name.to_owned(), value(argument.kind))).collect();
        let answer = chain.registry.query(&chain.state, module, query.name, &all);
        assert!(matches!(&answer, Ok(_) | Err(QueryError::NotFound(_))), "{module} {}: {answer:?}", query.name);
        count += 1;
    }
    assert_eq!(count, 10);
}

#[test]
fn typed_answers_are_what_the_questions_answer() {
    let chain = Chain::new();
    let ask = |module: &str, name: &str, pairs: &[(&str, &str)]| {
        chain.registry.query(&chain.state, module, name, &arguments(pairs)).expect("an answer")
    };
    let mining = chain.registry.view(&chain.state, <mining::Mining as Module>::ID).expect("it runs");
    assert_eq!(ask("mining", "terms", &[]), json!(mining::work_terms(&mining)));
    assert_eq!(ask("mining", "info", &[]), json!(mining::info(&mining)));
    let told: mining::WorkInfo = serde_json::from_value(ask("mining", "info", &[])).expect("the typed answer");
    assert_eq!(told, mining::info(&mining));
    let tokens = chain.registry.view(&chain.state, Tokens::ID).expect("it runs");
    assert_eq!(ask("tokens", "asset", &[("id", "1")]), json!(tokens::known(&tokens, VIBE)));
    assert!(chain.registry.view(&chain.state, types::ModuleId(99)).is_none());
}

struct Plain;

impl Words for Plain {
    fn address(&self, address: types::Address) -> String {
        hex_of(&address)
    }

    fn amount(&self, asset: AssetId, amount: Amount) -> String {
        format!("{amount} of {asset}")
    }

    fn time(&self, time: types::TimeMs) -> String {
        format!("{time} ms")
    }
}

#[test]
fn a_call_is_said_and_weighed_by_its_module_and_what_no_module_knows_is_not() {
    let chain = Chain::new();
    let transfer = chain.transfer(0, 0, 1, 5);
    let call = &transfer.transaction.body.calls[0];
    let to = hex_of(&chain.users[1].address);
    assert_eq!(chain.registry.say_call(call, &Plain), Some(format!("transfer 5 of 0 to {to}")));
    assert_eq!(chain.registry.weigh_call(call), Ok(tokens::TRANSFER_WEIGHT));
    let claim = mining::MiningCall::Claim.to_call();
    assert_eq!(chain.registry.say_call(&claim, &Plain).as_deref(), Some("claim what mining has earned"));
    let memo = ByteString::new(b"\x1b[2J \"}".to_vec()).expect("short");
    let (asset, to, amount) = (THR, chain.users[1].address, Amount(5));
    let escaped = tokens::TokensCall::Transfer(tokens::Transfer { asset, to, amount, memo }).to_call();
    let said = chain.registry.say_call(&escaped, &Plain).expect("a call");
    assert!(said.ends_with(", memo \"\\u{1b}[2J \\\"}\""), "{said}");
    for (module, body) in [(99, vec![0]), (1, vec![9, 9]), (3, vec![7])] {
        let unknown = types::Call { module: types::ModuleId(module), body: ByteString::new(body).expect("short") };
        assert_eq!(chain.registry.say_call(&unknown, &Plain), None);
        assert!(chain.registry.weigh_call(&unknown).is_err());
    }
}

#[test]
fn calls_and_events_are_told_in_words() {
    let mut chain = Chain::new();
    let transfer = chain.transfer(0, 0, 1, 5);
    let call = &transfer.transaction.body.calls[0];
    let told = chain.registry.describe_call(call.module, &call.body).expect("a call");
    assert_eq!(told["transfer"]["amount"], json!("5"));
    assert_eq!(chain.registry.describe_call(call.module, &[9, 9]), None);
    let outcome = chain.block(&[transfer]);
    let told = chain.registry.describe_event(&outcome.receipts[1].events[0]).expect("an event");
    assert_eq!(told["transferred"]["amount"], json!("5"));
    let told = chain.registry.describe_event(&outcome.receipts[0].events[0]).expect("an event of the kernel");
    assert_eq!(told["fees_shared"]["tips"], json!("0"));
}

/// Every text in a value, however deep.
fn texts(value: &serde_json::Value) -> Vec<&str> {
    match value {
        serde_json::Value::String(text) => vec![text],
        serde_json::Value::Array(items) => items.iter().flat_map(texts).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// One event of each kind, from the examples of the page.
fn examples() -> Vec<types::Event> {
    let file = include_str!("../../../testnet/peers/formats-vectors.json");
    let file: serde_json::Value = serde_json::from_str(file).expect("JSON");
    let event = |example: &serde_json::Value| {
        let number = |name: &str| u16::try_from(example[name].as_u64().expect("a number")).expect("small");
        let body = hex::decode(example["bytes"].as_str().expect("hex")).expect("hex");
        let (module, kind) = (types::ModuleId(number("module")), number("kind"));
        types::Event { module, kind, body: ByteString::new(body).expect("short") }
    };
    file["events"].as_array().expect("a list").iter().map(event).collect()
}

#[test]
fn accounts_in_events_are_shown_as_the_network_writes_them_and_nothing_else_is_changed() {
    let registry = runtime::registry();
    let mut addresses = 0;
    for event in examples() {
        let (plain, shown) = (registry.describe_event(&event), registry.show_event(&event, types::Network::Test));
        let (plain, shown) = (plain.expect("an event"), shown.expect("an event"));
        for (before, after) in texts(&plain).into_iter().zip(texts(&shown)) {
            let is_account = before.len() == 40 && before.bytes().all(|digit| digit.is_ascii_hexdigit());
            addresses += usize::from(is_account);
            assert!(
                if is_account { after.starts_with("thrt1") } else { before == after },
                "{event:?}: {before} {after}"
            );
        }
    }
    assert!(addresses > 5, "{addresses}");
}

#[test]
fn what_a_claim_or_a_work_brought_is_said_by_its_event_and_what_a_call_said_is_not_said_again() {
    let registry = runtime::registry();
    let said: Vec<_> = examples().iter().filter_map(|event| registry.say_event(event, &Plain)).collect();
    let [work, claim] = said.as_slice() else { panic!("{said:?}") };
    assert!(work.starts_with("work ") && work.contains(" to its finder "), "{work}");
    assert!(claim.starts_with("mining paid ") && claim.contains(" to "), "{claim}");
    let cut = types::Event { module: types::ModuleId(3), kind: 3, body: ByteString::new(vec![2]).expect("short") };
    assert_eq!(registry.say_event(&cut, &Plain), None);
}

#[test]
fn every_kind_of_event_is_described_by_its_number_and_the_name_under_which_it_is_told() {
    let file = include_str!("../../../testnet/peers/formats-vectors.json");
    let file: serde_json::Value = serde_json::from_str(file).expect("JSON");
    let registry = runtime::registry();
    let described: Vec<_> = registry.events().map(|(module, _, kind)| (module.0, kind.kind, kind.name)).collect();
    // The page's examples hold one event of each kind.
    let examples: Vec<_> = file["events"].as_array().expect("a list").iter().collect();
    let told = |example: &&serde_json::Value| {
        let number = |name: &str| u16::try_from(example[name].as_u64().expect("a number")).expect("small");
        let body = hex::decode(example["bytes"].as_str().expect("hex")).expect("hex");
        let (module, kind) = (types::ModuleId(number("module")), number("kind"));
        let event = types::Event { module, kind, body: ByteString::new(body).expect("short") };
        let name = registry.describe_event(&event)?.as_object()?.keys().next()?.clone();
        Some((module.0, kind, name))
    };
    let told: Vec<_> = examples.iter().map(|example| told(example).expect("an event")).collect();
    // A module of which the page says nothing is its own affair.
    let pinned: std::collections::BTreeSet<u16> = told.iter().map(|(module, ..)| *module).collect();
    assert!(pinned.len() > 2, "the kernel and the modules of every chain: {pinned:?}");
    let described = described.into_iter().filter(|(module, ..)| pinned.contains(module));
    let described: Vec<_> = described.map(|(module, kind, name)| (module, kind, name.to_owned())).collect();
    assert_eq!(told, described);
}

fn hex_of(address: &types::Address) -> String {
    address.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn refused(change: impl FnOnce(&mut Genesis)) -> GenesisError {
    let mut genesis = genesis();
    change(&mut genesis);
    let registry: Registry = registry();
    registry.genesis(&genesis, crypto::ids::chain_id(&genesis)).map(|_| ()).expect_err("it must be refused")
}

fn with_balance(genesis: &mut Genesis, asset: AssetId, amount: u128) {
    let mut balances = genesis.balances.to_vec();
    balances.push(GenesisBalance { address: ECOSYSTEM, asset, amount: Amount(amount) });
    balances.sort_by_key(|balance| (balance.address, balance.asset));
    genesis.balances = List::new(balances).expect("few");
}

#[test]
fn a_genesis_that_breaks_a_rule_of_the_ledger_is_refused() {
    let cap = genesis().parameters.thr_cap;
    let room = cap.0 - 8 * FUNDS.0;
    let mut full = genesis();
    with_balance(&mut full, THR, room);
    let chain = Chain::of(full);
    assert_eq!(
        chain.registry.supply(&chain.state, THR).expect("THR").issuable(),
        Amount::ZERO,
        "at the cap is allowed"
    );
    assert_eq!(refused(|genesis| with_balance(genesis, THR, room + 1)), GenesisError::AboveCap { asset: THR, cap });
    assert_eq!(refused(|genesis| with_balance(genesis, THR, u128::MAX)), GenesisError::AboveCap { asset: THR, cap });
    assert_eq!(refused(|genesis| with_balance(genesis, AssetId(1_000), 1)), GenesisError::UnknownAsset(AssetId(1_000)));
    let twice = refused(|genesis| {
        let mut balances = genesis.balances.to_vec();
        balances.insert(1, balances[0]);
        genesis.balances = List::new(balances).expect("few");
    });
    assert_eq!(twice, GenesisError::BalanceOrder(1));
    assert!(matches!(refused(|genesis| genesis.version.0 = 2), GenesisError::Version(_)));
    assert!(matches!(refused(|genesis| genesis.validators = List::default()), GenesisError::Validators(_)));
    for spoil in [
        |genesis: &mut Genesis| genesis.parameters.fees.price_floor = 0,
        |genesis: &mut Genesis| genesis.parameters.fees.excess_per_e = 0,
        |genesis: &mut Genesis| genesis.parameters.fees.weight_target_per_s = 0,
        |genesis: &mut Genesis| {
            genesis.parameters.fees.price_floor = u64::MAX;
            genesis.parameters.fees.excess_per_e = 1 << 33;
        },
    ] {
        assert!(matches!(refused(spoil), GenesisError::FeeZero(_) | GenesisError::FeeProduct));
    }
    let above = refused(|genesis| genesis.parameters.limits.body_bytes_max += 1);
    assert!(matches!(above, GenesisError::Limit { name: "body_bytes_max", .. }));
    let asset = |id| {
        let symbol = ByteString::new(b"GOLD".to_vec()).expect("short");
        GenesisAsset { id: AssetId(id), asset: Asset { symbol, decimals: 2, minter: None, cap: Amount(5) } }
    };
    for ids in [vec![999], vec![1_000, 1_000], vec![u64::MAX]] {
        let assets = ids.iter().map(|id| asset(*id)).collect();
        let error = refused(|genesis| set_section::<Tokens>(genesis, &tokens_with(assets)));
        assert!(matches!(error, GenesisError::Section(_)), "{ids:?}");
    }
}

fn tokens_with(assets: Vec<GenesisAsset>) -> TokensParameters {
    TokensParameters { asset_creation_fee: Amount(1), assets: List::new(assets).expect("few") }
}

#[test]
fn a_genesis_may_hold_vibe_and_custom_assets() {
    let mut genesis = genesis();
    let symbol = ByteString::new(b"GOLD".to_vec()).expect("short");
    let asset = Asset { symbol, decimals: 2, minter: None, cap: Amount(5) };
    set_section::<Tokens>(&mut genesis, &tokens_with(vec![GenesisAsset { id: AssetId(1_005), asset }]));
    with_balance(&mut genesis, VIBE, 9);
    with_balance(&mut genesis, AssetId(1_005), 5);
    let chain = Chain::of(genesis);
    let account = chain.registry.account(&chain.state, &ECOSYSTEM);
    let owned: Vec<_> = account.balances.iter().map(|balance| (balance.asset.0, balance.amount.0)).collect();
    assert_eq!(owned, [(1, 9), (1_005, 5)]);
}
