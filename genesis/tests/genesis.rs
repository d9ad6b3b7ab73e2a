//! A genesis reads back as it was written, keeps its id, and is refused with a sentence when it breaks a rule.

use crypto::bls::SecretKey;
use execution::Registry;
use genesis::{
    GenesisBuilder, GenesisError, LocalNetwork, chain_id, check, faults_tolerated, local_network, parse, to_json,
    warnings,
};
use mining::Mining;
use serde_json::{Value, json};
use tokens::Tokens;
use types::{
    Address, Amount, Asset, AssetId, ByteString, Genesis, GenesisValidator, List, Network, PeerKey, Power, THR, TimeMs,
};

fn registry() -> Registry {
    Registry::new(vec![Box::new(Tokens), Box::new(Mining)])
}

fn validator(seed: u8) -> GenesisValidator {
    let key = SecretKey::from_ikm(&[seed; 32]);
    GenesisValidator {
        key: key.public_key().to_bytes(),
        possession: key.prove_possession().to_bytes(),
        power: Power(1),
        account: Address([seed; 20]),
        peer: PeerKey([seed; 32]),
    }
}

fn four() -> Genesis {
    local_network(
        &registry(),
        LocalNetwork {
            name: "thronos-local".to_owned(),
            time: TimeMs(1_767_225_600_000),
            ecosystem: Address([0xec; 20]),
            validators: (1..=4).map(validator).collect(),
            accounts: vec![(Address([0xa2; 20]), Amount(2_000_000)), (Address([0xa1; 20]), Amount(1_000_000))],
        },
    )
    .expect("four validators and two accounts")
}

/// The genesis as JSON, changed, and read and checked again.
fn with(change: impl FnOnce(&mut Value)) -> Result<Genesis, GenesisError> {
    let mut value: Value = serde_json::from_str(&to_json(&four(), &registry())).expect("JSON");
    change(&mut value);
    let genesis = parse(&value.to_string(), &registry())?;
    check(&genesis, &registry())?;
    Ok(genesis)
}

#[test]
fn a_genesis_reads_back_as_it_was_written() {
    let genesis = four();
    let json = to_json(&genesis, &registry());
    assert!(json.contains("\"thrt1"), "addresses are text of the network");
    assert!(json.contains("\"amount\": \"1000000\""), "amounts are strings");
    assert_eq!(parse(&json, &registry()), Ok(genesis.clone()));
}

#[test]
fn the_chain_id_of_a_fixed_genesis_never_changes() {
    assert_eq!(chain_id(&four()).to_string(), "73ac7f785e1091db6004ba03528cbf5faabacb2cc7733d30e18c890db72c7b59");
}

#[test]
fn every_spelling_of_an_address_gives_the_same_chain() {
    let id = chain_id(&four());
    let account = Address([0xa1; 20]);
    for text in [hex::encode(account.0), account.to_legacy_text(), account.to_text(Network::Test).to_ascii_uppercase()]
    {
        let genesis = with(|value| value["balances"][0]["address"] = json!(text)).expect("another spelling");
        assert_eq!(chain_id(&genesis), id, "{text}");
    }
}

#[test]
fn every_number_is_part_of_the_chains_identity() {
    let id = chain_id(&four());
    for place in [
        "/time",
        "/parameters/timing/delta_ms",
        "/parameters/fees/weight_target_per_s",
        "/parameters/limits/block_weight_max",
        "/modules/mining/half_life_ms",
    ] {
        let changed = with(|value| {
            let number = value.pointer_mut(place).expect("the place exists");
            *number = json!(number.as_u64().expect("a number") + 1);
        });
        assert_ne!(chain_id(&changed.expect("one more is still allowed")), id, "{place}");
    }
}

// FAULTS C10
#[test]
fn a_validator_without_possession_of_its_key_is_refused() {
    let other = validator(9);
    let stolen = with(|value| value["validators"][2]["possession"] = json!(other.possession.to_string()));
    assert!(matches!(stolen, Err(GenesisError::Possession { place: 2, .. })), "{stolen:?}");
    // A rogue key: the point is fine, nobody can prove it.
    let rogue = with(|value| {
        value["validators"][3]["key"] = json!(other.key.to_string());
        let list = value["validators"].as_array_mut().expect("a list");
        list.sort_by_key(|entry| entry["key"].as_str().expect("text").to_owned());
    });
    assert!(matches!(rogue, Err(GenesisError::Possession { .. })), "{rogue:?}");
    for (key, what) in [("c0".to_owned() + &"00".repeat(95), "the identity"), ("ff".repeat(96), "no point")] {
        let refused = with(|value| {
            value["validators"][0]["key"] = json!(key);
            let list = value["validators"].as_array_mut().expect("a list");
            list.sort_by_key(|entry| entry["key"].as_str().expect("text").to_owned());
        });
        assert!(matches!(refused, Err(GenesisError::Possession { .. })), "{what}: {refused:?}");
    }
}

#[test]
fn duplicate_validators_are_refused_by_name() {
    for what in ["key", "peer", "account"] {
        let refused = with(|value| {
            let first = value["validators"][0][what].clone();
            value["validators"][1][what] = first;
        });
        let error = refused.expect_err(what);
        assert!(
            matches!(&error, GenesisError::DuplicateValidator { first: 0, second: 1, what: named, .. } if *named == what),
            "{error:?}"
        );
        assert!(error.to_string().contains(&format!("the same {what}")), "{error}");
    }
}

#[test]
fn a_genesis_without_quorum_is_refused_and_one_without_tolerance_is_warned_of() {
    let none = with(|value| value["validators"] = json!([])).expect_err("nobody can vote");
    assert_eq!((none.code(), &none), ("genesis_without_quorum", &GenesisError::NoValidators));
    for (powers, tolerated) in [
        (vec![1], 0),
        (vec![1, 1, 1], 0),
        (vec![1, 1, 1, 1], 1),
        (vec![1; 7], 2),
        (vec![1; 10], 3),
        (vec![5, 1, 1, 1], 0),
        (vec![3, 3, 3, 1, 1, 1], 1),
    ] {
        let builder = GenesisBuilder::new(&registry(), "test", Network::Test, TimeMs(1), Address([1; 20]))
            .thr(Address([1; 20]), Amount(1));
        let members =
            powers.iter().zip(1_u8..).map(|(power, seed)| GenesisValidator { power: Power(*power), ..validator(seed) });
        let genesis = members.fold(builder, GenesisBuilder::validator).build().expect("a set");
        assert_eq!(faults_tolerated(&genesis), tolerated, "{powers:?}");
        assert_eq!(
            warnings(&genesis, &registry()).is_empty(),
            tolerated > 0,
            "{powers:?}: {:?}",
            warnings(&genesis, &registry())
        );
    }
}

type Change = fn(&mut Value);

/// Every change is refused with its code, in one sentence that holds one of the named parts.
fn refuse_all(table: &[(&str, &str, Change)]) {
    for (code, part, change) in table {
        let error = with(change).expect_err(part);
        assert_eq!(error.code(), *code, "{error}");
        let text = error.to_string();
        assert!(part.split('|').any(|part| text.contains(part)), "`{part}` is not in: {text}");
        assert!(text.len() < 500, "one sentence, not a book: {text}");
    }
}

#[test]
fn numbers_of_the_work_chain_outside_their_ranges_are_refused() {
    refuse_all(&[
        ("genesis_malformed", "modules.mining.bits`: there is no such key; did you mean `launch_bits`?", |v| {
            v["modules"]["mining"]["bits"] = json!(1)
        }),
        ("genesis_malformed", "missing field `reward`", |v| {
            drop(v["modules"]["mining"].as_object_mut().expect("object").remove("reward"));
        }),
        ("genesis_address", "modules.mining.ai_pool", |v| v["modules"]["mining"]["ai_pool"] = json!("thr1qqqq")),
        ("genesis_address", "modules.mining.validators", |v| v["modules"]["mining"]["validators"] = json!("")),
        ("genesis_address", "modules.mining.ecosystem", |v| {
            v["modules"]["mining"]["ecosystem"] = json!(Address([7; 20]).to_text(Network::Main));
        }),
        ("genesis_parameter", "launch_bits", |v| v["modules"]["mining"]["launch_bits"] = json!(0x0492_3456)),
        ("genesis_parameter", "launch_bits", |v| v["modules"]["mining"]["launch_bits"] = json!(0xff12_3456_u32)),
        ("genesis_parameter", "between 2^191 and 2^247", |v| {
            v["modules"]["mining"]["launch_bits"] = json!(0x207f_ffff);
        }),
        ("genesis_parameter", "shortest form", |v| v["modules"]["mining"]["launch_bits"] = json!(0x1f00_1000)),
        ("genesis_parameter", "spacing_ms", |v| v["modules"]["mining"]["spacing_ms"] = json!(0)),
        ("genesis_parameter", "hundred years", |v| v["modules"]["mining"]["half_life_ms"] = json!(u64::MAX)),
        ("genesis_parameter", "half of `spacing_ms`", |v| v["modules"]["mining"]["spacing_min_ms"] = json!(1_001)),
        ("genesis_parameter", "at least `spacing_ms`", |v| v["modules"]["mining"]["half_life_ms"] = json!(1_999)),
        ("genesis_parameter", "anchor_age_max_ms", |v| v["modules"]["mining"]["anchor_age_max_ms"] = json!(0)),
        ("genesis_parameter", "header_behind_max_s", |v| {
            v["modules"]["mining"]["header_behind_max_s"] = json!(59);
        }),
        ("genesis_parameter", "header_ahead_max_s", |v| {
            v["modules"]["mining"]["header_ahead_max_s"] = json!(86_401);
        }),
        ("genesis_parameter", "share_factor", |v| v["modules"]["mining"]["share_factor"] = json!(0)),
        ("genesis_parameter", "window_works", |v| v["modules"]["mining"]["window_works"] = json!(65)),
        ("genesis_parameter", "shares_per_work_max", |v| {
            v["modules"]["mining"]["shares_per_work_max"] = json!(63);
        }),
        ("genesis_parameter", "below 2^64", |v| v["modules"]["mining"]["reward"] = json!("18446744073709551616")),
        ("genesis_parameter", "halving_interval", |v| v["modules"]["mining"]["halving_interval"] = json!(0)),
    ]);
}

#[test]
fn a_hostile_file_is_refused_with_the_place_and_a_stable_code() {
    let main_address = Address([7; 20]).to_text(Network::Main);
    assert!(main_address.starts_with("thr1"));
    let table: &[(&str, &str, Change)] = &[
        ("genesis_malformed", "unknown field `surprise`", |v| v["surprise"] = json!(1)),
        ("genesis_malformed", "unknown field `delta`", |v| v["parameters"]["timing"]["delta"] = json!(1)),
        ("genesis_malformed", "missing field `time`", |v| drop(v.as_object_mut().expect("object").remove("time"))),
        ("genesis_malformed", "negative", |v| v["balances"][0]["amount"] = json!("-1")),
        ("genesis_malformed", "plain decimal", |v| v["balances"][0]["amount"] = json!("1e3")),
        ("genesis_malformed", "string", |v| v["balances"][0]["amount"] = json!(5)),
        ("genesis_malformed", "hexadecimal", |v| v["validators"][0]["key"] = json!("00")),
        ("genesis_malformed", "unknown variant", |v| v["network"] = json!("prod")),
        ("genesis_malformed", "invalid value", |v| v["time"] = json!(-5)),
        ("genesis_address", "balances[0].address", |v| v["balances"][0]["address"] = json!("thr1qqqq")),
        ("genesis_address", "other network|main network", |v| {
            v["parameters"]["fees"]["ecosystem"] = json!(Address([7; 20]).to_text(Network::Main));
        }),
        ("genesis_parameter", "`version` is 2", |v| v["version"] = json!(2)),
        ("genesis_parameter", "`name`", |v| v["name"] = json!("")),
        ("genesis_parameter", "`name`", |v| v["name"] = json!("Ünïcode")),
        ("genesis_parameter", "`name`", |v| v["name"] = json!("a".repeat(65))),
        ("genesis_parameter", "`name`", |v| v["name"] = json!("with space")),
        ("genesis_parameter", "`time`", |v| v["time"] = json!(u64::MAX)),
        ("genesis_parameter", "delta_ms` is 0", |v| v["parameters"]["timing"]["delta_ms"] = json!(0)),
        ("genesis_parameter", "at most `delta_max_ms`", |v| v["parameters"]["timing"]["delta_ms"] = json!(9_000)),
        ("genesis_parameter", "epoch_length_ms", |v| v["parameters"]["timing"]["epoch_length_ms"] = json!(0)),
        ("genesis_parameter", "seed_interval_ms", |v| v["parameters"]["timing"]["seed_interval_ms"] = json!(0)),
        ("genesis_parameter", "hundred years", |v| v["parameters"]["timing"]["validity_max_ms"] = json!(u64::MAX)),
        ("genesis_parameter", "block_behind_max_ms", |v| {
            v["parameters"]["timing"]["block_ahead_max_ms"] = json!(15_000)
        }),
        ("genesis_parameter", "block_interval_empty_ms", |v| {
            v["parameters"]["timing"]["block_interval_min_ms"] = json!(2_001)
        }),
        ("genesis_parameter", "price_floor", |v| v["parameters"]["fees"]["price_floor"] = json!(0)),
        ("genesis_parameter", "weight_target", |v| v["parameters"]["fees"]["weight_target_per_s"] = json!(0)),
        ("genesis_parameter", "excess_per_e", |v| v["parameters"]["fees"]["excess_per_e"] = json!(0)),
        ("genesis_parameter", "4194304", |v| v["parameters"]["limits"]["body_bytes_max"] = json!(4_194_305)),
        ("genesis_parameter", "one transaction", |v| v["parameters"]["limits"]["body_bytes_max"] = json!(550_000)),
        ("genesis_parameter", "system_bytes_max", |v| v["parameters"]["limits"]["system_bytes_max"] = json!(1)),
        ("genesis_parameter", "block_weight_max", |v| v["parameters"]["limits"]["block_weight_max"] = json!(65_535)),
        ("genesis_parameter", "thr_cap", |v| v["parameters"]["thr_cap"] = json!("0")),
        ("genesis_cap_exceeded", "asset 0", |v| v["balances"][0]["amount"] = json!("21000001000000")),
        ("genesis_cap_exceeded", "asset 0", |v| v["balances"][1]["amount"] = json!(u128::MAX.to_string())),
        ("genesis_balance", "zero", |v| v["balances"][0]["amount"] = json!("0")),
        ("genesis_balance", "no such asset", |v| v["balances"][0]["asset"] = json!(1_000)),
        ("genesis_order", "balances[1]", |v| v["balances"][1] = v["balances"][0].clone()),
        ("genesis_order", "balances[1]", |v| v["balances"].as_array_mut().expect("a list").reverse()),
        ("genesis_order", "validators[", |v| v["validators"].as_array_mut().expect("a list").reverse()),
        ("genesis_power", "validators[1].power", |v| v["validators"][1]["power"] = json!(0)),
        ("genesis_power", "2^60", |v| v["validators"][1]["power"] = json!(1_u64 << 60)),
    ];
    refuse_all(table);
    for text in ["", "{", "[]", "null", "{}garbage", "{\"version\":1,\"version\":1}"] {
        assert!(matches!(parse(text, &registry()), Err(GenesisError::Malformed(_))), "{text}");
    }
    let trailing = to_json(&four(), &registry()) + "x";
    assert!(matches!(parse(&trailing, &registry()), Err(GenesisError::Malformed(_))));
}

#[test]
fn an_asset_that_breaks_a_rule_is_refused() {
    let asset = |id: u64, symbol: &str, decimals: u8, cap: &str| json!({"id": id, "asset": {"symbol": symbol, "decimals": decimals, "minter": null, "cap": cap}});
    assert!(
        with(|v| v["modules"]["tokens"]["assets"] =
            json!([asset(1_000, "GOLD1", 18, "5"), asset(1_001, "SILVER", 0, "5")]))
        .is_ok()
    );
    for (part, assets) in [
        ("from 1000", json!([asset(999, "GOLD", 2, "5")])),
        ("symbol", json!([asset(1_000, "", 2, "5")])),
        ("symbol", json!([asset(1_000, "gold", 2, "5")])),
        ("symbol", json!([asset(1_000, "1GOLD", 2, "5")])),
        ("symbol", json!([asset(1_000, "ABCDEFGHIJKLMNOPQ", 2, "5")])),
        ("taken", json!([asset(1_000, "THR", 2, "5")])),
        ("taken", json!([asset(1_000, "GOLD", 2, "5"), asset(1_001, "GOLD", 2, "5")])),
        ("18 decimals", json!([asset(1_000, "GOLD", 19, "5")])),
        ("cap of zero", json!([asset(1_000, "GOLD", 2, "0")])),
        ("assets[1]", json!([asset(1_001, "GOLD", 2, "5"), asset(1_000, "ORE", 2, "5")])),
        (
            "modules.tokens.assets[0].asset.x`: there is no such key",
            json!([{"id": 1_000, "asset": {"symbol": "A", "decimals": 1, "minter": null, "cap": "1", "x": 1}}]),
        ),
    ] {
        let error = with(|v| v["modules"]["tokens"]["assets"] = assets).expect_err(part);
        assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
    }
    let over = with(|v| {
        v["modules"]["tokens"]["assets"] = json!([asset(1_000, "GOLD", 2, "5")]);
        v["balances"][0]["asset"] = json!(1_000);
    });
    assert!(matches!(over, Err(GenesisError::CapExceeded { asset: 1_000, cap: 5, .. })), "{over:?}");
    // The caps of the chain's own assets stand in no file: more WBTC than there is bitcoin can never be backed.
    let unbacked = with(|v| {
        v["balances"][0]["asset"] = json!(2);
        v["balances"][0]["amount"] = json!("2100000000000001");
    });
    let sentence = unbacked.expect_err("above the cap").to_string();
    assert!(sentence.contains("its cap is 2100000000000000") && !sentence.contains("raise"), "{sentence}");
}

#[test]
fn the_main_network_keeps_its_cap_and_its_price_floor() {
    let main = || {
        GenesisBuilder::new(&registry(), "thronos", Network::Main, TimeMs(1), Address([1; 20])).validator(validator(1))
    };
    assert!(main().build().is_ok());
    let cap = main().parameters(|parameters| parameters.thr_cap = Amount(1)).build();
    assert!(matches!(cap, Err(GenesisError::Parameter { place: "parameters.thr_cap", .. })), "{cap:?}");
    let floor = main().parameters(|parameters| parameters.fees.price_floor = 1).build();
    assert!(matches!(floor, Err(GenesisError::Parameter { place: "parameters.fees.price_floor", .. })), "{floor:?}");
}

#[test]
fn the_builder_sorts_adds_up_and_continues() {
    let account = Address([3; 20]);
    let genesis = GenesisBuilder::from_genesis(&registry(), &four())
        .thr(account, Amount(1))
        .thr(account, Amount(2))
        .validator(validator(5))
        .module::<Tokens>(|tokens| {
            let asset = Asset { symbol: symbol("ORE"), decimals: 2, minter: Some(account), cap: Amount(100) };
            tokens.add(AssetId(1_000), asset);
        })
        .balance(account, AssetId(1_000), Amount(7))
        .build()
        .expect("all rules hold");
    assert_eq!(genesis.validators.len(), 5);
    assert!(genesis.validators.is_sorted_by_key(|validator| validator.key));
    let of_account: Vec<_> = genesis
        .balances
        .iter()
        .filter(|entry| entry.address == account)
        .map(|entry| (entry.asset, entry.amount))
        .collect();
    assert_eq!(of_account, [(THR, Amount(3)), (AssetId(1_000), Amount(7))]);
    assert_eq!(parse(&to_json(&genesis, &registry()), &registry()), Ok(genesis.clone()));
    let over = GenesisBuilder::from_genesis(&registry(), &genesis).thr(account, Amount::MAX).build();
    assert!(matches!(over, Err(GenesisError::CapExceeded { asset: 0, .. })), "{over:?}");
}

fn symbol(text: &str) -> ByteString<16> {
    ByteString::new(text.as_bytes().to_vec()).expect("short")
}

#[test]
fn a_list_that_is_too_long_is_refused() {
    let assets: Vec<Value> = (0..1_001_u64)
        .map(|n| json!({"id": 1_000 + n, "asset": {"symbol": format!("A{n}"), "decimals": 1, "minter": null, "cap": "1"}}))
        .collect();
    let refused = with(|v| v["modules"]["tokens"]["assets"] = json!(assets));
    let sentence = refused.expect_err("too many").to_string();
    assert!(sentence.contains("`modules.tokens.assets`: 1001 values, at most 1000 are allowed"), "{sentence}");
    assert!(List::<u8, 1>::new(vec![1, 2]).is_err());
}

fn names(error: &Result<Genesis, GenesisError>) -> String {
    error.as_ref().expect_err("refused").to_string()
}

#[test]
fn a_section_or_key_that_is_not_there_is_named_with_what_was_probably_meant() {
    let module = with(|v| v["modules"]["minning"] = json!({}));
    assert_eq!(names(&module), "`modules`: there is no module `minning` in this program; did you mean `mining`?");
    let module = with(|v| v["modules"]["bridge"] = json!({}));
    assert_eq!(names(&module), "`modules`: there is no module `bridge` in this program");
    let key = with(|v| v["modules"]["mining"]["spacing"] = json!(5));
    assert_eq!(names(&key), "`modules.mining.spacing`: there is no such key; did you mean `spacing_ms`?");
    let kind = with(|v| v["modules"]["mining"]["spacing_ms"] = json!("5"));
    assert_eq!(names(&kind), "`modules.mining.spacing_ms`: invalid type: string \"5\", expected u64");
    let number = with(|v| v["modules"]["mining"]["spacing_ms"] = json!(0));
    assert_eq!(names(&number), "`modules.mining.spacing_ms` is 0: it must be above zero");
    let minter = with(|v| {
        let asset = json!({"symbol": "ORE", "decimals": 1, "minter": "thrt1q", "cap": "5"});
        v["modules"]["tokens"]["assets"] = json!([{"id": 1_000, "asset": asset}]);
    });
    assert!(names(&minter).starts_with("`modules.tokens.assets[0].asset.minter` is `thrt1q`"), "{minter:?}");
    let house = with(|v| v["parameters"]["thr_kap"] = json!("1"));
    assert!(names(&house).contains("did you mean `thr_cap`?"), "{house:?}");
}

#[test]
fn a_chain_may_begin_without_a_module_and_has_no_assets_of_it() {
    let genesis = GenesisBuilder::from_genesis(&registry(), &four()).without::<Mining>().build().expect("sound");
    assert_eq!(genesis.modules.len(), 1);
    assert_ne!(chain_id(&genesis), chain_id(&four()));
    let written = to_json(&genesis, &registry());
    assert!(!written.contains("spacing_ms"));
    assert_eq!(parse(&written, &registry()), Ok(genesis));
    let vibe = GenesisBuilder::from_genesis(&registry(), &four()).balance(Address([1; 20]), types::VIBE, Amount(1));
    assert!(vibe.clone().build().is_ok());
    assert_eq!(vibe.without::<Tokens>().build().expect_err("no VIBE").code(), "genesis_balance");
}

#[test]
fn a_section_of_a_module_that_this_program_lacks_is_refused() {
    let small = Registry::new(vec![Box::new(Tokens)]);
    let error = check(&four(), &small).expect_err("mining is missing");
    assert!(error.to_string().contains("install a release that has it"), "{error}");
    let error = parse(&to_json(&four(), &registry()), &small).expect_err("mining is missing");
    assert_eq!(error.code(), "genesis_module");
}

#[test]
fn grants_and_allowances_are_of_modules_that_run_in_order_and_within_the_caps() {
    let grant = |pot: &str, amount: &str| json!({"module": "mining", "pot": pot, "asset": 0, "amount": amount});
    let allowance = |share: u32| {
        let account = Address([0xec; 20]).to_text(Network::Test);
        json!({"module": "mining", "account": account, "asset": 0, "share_ppm": share, "span_ms": 86_400_000})
    };
    let sound = with(|v| {
        v["grants"] = json!([grant("bonus", "5"), grant("window", "7")]);
        v["allowances"] = json!([allowance(50_000)]);
    });
    let sound = sound.expect("in order and small");
    assert_eq!((sound.grants.len(), sound.allowances[0].share_ppm), (2, 50_000));
    assert_eq!(parse(&to_json(&sound, &registry()), &registry()), Ok(sound));
    refuse_all(&[
        ("genesis_module", "grants[0].module", |v| {
            v["grants"] = json!([{"module": "tokns", "pot": "a", "asset": 0, "amount": "1"}]);
        }),
        ("genesis_parameter", "at most 64", |v| {
            v["grants"] = json!([{"module": "tokens", "pot": "a".repeat(65), "asset": 0, "amount": "1"}]);
        }),
        ("genesis_entry", "no section", |v| {
            v["modules"].as_object_mut().expect("an object").remove("mining");
            v["grants"] = json!([{"module": "mining", "pot": "a", "asset": 0, "amount": "1"}]);
        }),
        ("genesis_entry", "no such asset", |v| {
            v["grants"] = json!([{"module": "mining", "pot": "a", "asset": 77, "amount": "1"}]);
        }),
        ("genesis_cap_exceeded", "asset 0", |v| {
            v["grants"] = json!([{"module": "mining", "pot": "a", "asset": 0, "amount": "21000001000000"}]);
        }),
        ("genesis_order", "grants[1]", |v| {
            let entry = json!({"module": "mining", "pot": "a", "asset": 0, "amount": "1"});
            v["grants"] = json!([entry, entry]);
        }),
    ]);
    for (share, span) in [(0, 1), (1_000_001, 1), (1, 0), (1, u64::MAX)] {
        let refused = with(|v| {
            v["allowances"] = json!([allowance(share)]);
            v["allowances"][0]["span_ms"] = json!(span);
        });
        assert_eq!(refused.expect_err("outside").code(), "genesis_entry");
    }
    let twice = with(|v| v["allowances"] = json!([allowance(1), allowance(1)]));
    assert_eq!(twice.expect_err("twice").code(), "genesis_order");
}
