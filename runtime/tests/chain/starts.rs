//! What `genesis::check` accepts starts a chain: block 0 can be made of it, and a block on that. What it should accept it does,
//! and what breaks a rule of its own it refuses.
//!
//! Geneses are drawn whole, within the rules and at their edges. Then they are spoiled in one known way, or any of their
//! values are set to others, of which nobody says beforehand whether they are right.

use std::sync::LazyLock;

use crypto::bls::SecretKey;
use crypto::ids;
use execution::{edit_section, set_section};
use genesis::{GenesisError, check, parse, to_json};
use mining::{Mining, MiningParameters};
use proptest::prelude::*;
use tokens::{GenesisAsset, Tokens, TokensParameters};
use types::{
    Address, Amount, Asset, AssetId, ByteString, Genesis, GenesisBalance, GenesisValidator, Limits, List, Network,
    Parameters, PeerKey, Power, THR, TimeMs, Timing, VIBE, WBTC, WBTC_CAP,
};

use crate::harness::{Chain, ECOSYSTEM};

const VALIDATORS_MAX: usize = 5;
const HUNDRED_YEARS_MS: u64 = 100 * 366 * 86_400_000;

/// Keys in rising order, with their validators: proofs of possession are slow to make.
static VALIDATORS: LazyLock<Vec<(SecretKey, GenesisValidator)>> = LazyLock::new(|| {
    let mut all: Vec<_> = (1..).take(VALIDATORS_MAX).map(made).collect();
    all.sort_by_key(|(_, validator)| validator.key);
    all
});

fn made(number: u8) -> (SecretKey, GenesisValidator) {
    let secret = SecretKey::from_ikm(&[number; 32]);
    let (key, possession) = (secret.public_key().to_bytes(), secret.prove_possession().to_bytes());
    let (account, peer) = (Address([0xa0 + number; 20]), PeerKey([number; 32]));
    (secret, GenesisValidator { key, possession, power: Power(1), account, peer })
}

/// Whole numbers where rules begin and end: small ones, powers of two and their neighbours, and any.
fn numbers() -> impl Strategy<Value = u64> {
    let near = |power: u32, step: u64| (1_u64 << power).wrapping_add(step).wrapping_sub(1);
    prop_oneof![
        2 => 0_u64..70,
        4 => (0_u32..64, 0_u64..3).prop_map(move |(power, step)| near(power, step)),
        1 => prop::sample::select(vec![1_000, 86_400, 86_401, HUNDRED_YEARS_MS, HUNDRED_YEARS_MS + 1, u64::MAX]),
        1 => any::<u64>(),
    ]
}

fn spans(least: u64) -> impl Strategy<Value = u64> {
    prop_oneof![2 => least..least + 10_000, 1 => Just(least), 1 => Just(HUNDRED_YEARS_MS), 1 => least..HUNDRED_YEARS_MS]
}

fn timing() -> impl Strategy<Value = Timing> {
    let pairs = ((spans(1), spans(1)), (spans(0), spans(1)), (spans(1), spans(2)));
    (pairs, spans(1), spans(1), spans(1)).prop_map(|((delta, interval, bound), epoch, seed, validity)| Timing {
        delta_ms: delta.0.min(delta.1),
        delta_max_ms: delta.0.max(delta.1),
        block_interval_min_ms: interval.0.min(interval.1),
        block_interval_empty_ms: interval.0.max(interval.1),
        epoch_length_ms: epoch,
        seed_interval_ms: seed,
        block_ahead_max_ms: bound.0.min(bound.1 - 1),
        block_behind_max_ms: bound.1,
        validity_max_ms: validity,
    })
}

/// The work chain of a test network.
fn mining() -> impl Strategy<Value = MiningParameters> {
    let spacing = (spans(2), 0_u64..100, spans(0), spans(1));
    let clocks = (60_u32..=86_400, 60_u32..=86_400);
    let shares = (1_u32..=256, 1_u32..=64, 256_u32..=65_536);
    let bits = (0x19_u32..=0x1e, 1_u32..0x80).prop_map(|(size, mantissa)| size << 24 | mantissa << 16 | 0x1234);
    (spacing, clocks, shares, bits, numbers(), 1..=u64::MAX).prop_map(
        |((spacing_ms, part, longer, anchor_age_max_ms), (behind, ahead), shares, launch_bits, reward, halving)| {
            MiningParameters {
                launch_bits,
                spacing_ms,
                half_life_ms: spacing_ms.max(longer),
                spacing_min_ms: (spacing_ms / 200 * part).max(1),
                anchor_age_max_ms,
                header_behind_max_s: behind,
                header_ahead_max_s: ahead,
                share_factor: shares.0,
                window_works: shares.1,
                shares_per_work_max: shares.2,
                reward: Amount(reward.into()),
                halving_interval: halving,
                ..MiningParameters::with_beneficiary(ECOSYSTEM)
            }
        },
    )
}

fn parameters(network: Network) -> impl Strategy<Value = Parameters> {
    let floor = match network {
        Network::Main => 1_u64 << 32,
        Network::Test => 1,
    };
    let fees = (prop_oneof![1 => Just(floor), 2 => floor..=u64::MAX], 1..=u64::MAX, any::<u64>(), any::<bool>());
    let limits = (32_768_u32..=2 << 20, 0_u32..1 << 20, 65_536_u64..1 << 53);
    (timing(), fees, limits, 1..=u128::MAX).prop_map(
        move |(timing, (price_floor, weight_target_per_s, excess, is_most), limits, cap)| {
            let usual = Parameters::with_ecosystem(ECOSYSTEM);
            // With this one the product is just below 2^96.
            let excess_max = u64::try_from(((1_u128 << 96) - 1) / u128::from(price_floor)).unwrap_or(u64::MAX);
            let mut fees = usual.fees.clone();
            fees.excess_per_e = if is_most { excess_max } else { (excess % excess_max).max(1) };
            (fees.price_floor, fees.weight_target_per_s) = (price_floor, weight_target_per_s);
            let (system_bytes_max, more, block_weight_max) = limits;
            let body_bytes_max = system_bytes_max + 65_536 + more;
            let limits = Limits { body_bytes_max, block_weight_max, system_bytes_max };
            match network {
                Network::Main => Parameters { timing, fees, limits, ..usual },
                Network::Test => Parameters { timing, fees, limits, thr_cap: Amount(cap) },
            }
        },
    )
}

fn assets() -> impl Strategy<Value = Vec<GenesisAsset>> {
    let ids = prop::collection::btree_set(prop_oneof![2 => 1_000_u64..1_010, 1 => 1_000_u64..u64::MAX], 0..4);
    let rest = prop::collection::vec((0_u8..=18, any::<bool>(), 1..=u128::MAX), 4);
    (ids, rest).prop_map(|(ids, rest)| {
        let described = (b'A'..).zip(ids).zip(rest);
        let asset = |((letter, id), (decimals, has_minter, cap)): ((u8, u64), (u8, bool, u128))| {
            let symbol = ByteString::new(vec![letter; 16]).expect("16 bytes");
            let minter = has_minter.then_some(ECOSYSTEM);
            GenesisAsset { id: AssetId(id), asset: Asset { symbol, decimals, minter, cap: Amount(cap) } }
        };
        described.map(asset).collect()
    })
}

/// Balances of every asset, up to its cap and sometimes all of it.
fn balances(
    parameters: &Parameters,
    assets: &[GenesisAsset],
    parts: &[(u8, u8)],
    fills: bool,
) -> List<GenesisBalance, { types::limits::GENESIS_BALANCES_MAX }> {
    let mut caps = vec![(THR, parameters.thr_cap), (VIBE, Amount::MAX), (WBTC, WBTC_CAP)];
    caps.extend(assets.iter().map(|custom| (custom.id, custom.asset.cap)));
    let mut all = Vec::new();
    for (asset, cap) in caps {
        let mut left = cap.0;
        for (owner, part) in parts {
            let amount = left / 256 * u128::from(*part);
            left -= amount;
            all.push(GenesisBalance { address: Address([*owner; 20]), asset, amount: Amount(amount) });
        }
        let rest = if fills { left } else { 0 };
        all.push(GenesisBalance { address: Address([0xff; 20]), asset, amount: Amount(rest) });
    }
    all.sort_by_key(|balance| (balance.address, balance.asset));
    all.dedup_by_key(|balance| (balance.address, balance.asset));
    all.retain(|balance| !balance.amount.is_zero());
    List::new(all).expect("few")
}

/// Geneses that break no rule.
fn sound() -> impl Strategy<Value = Genesis> {
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789-".to_vec();
    let name = prop::collection::vec(prop::sample::select(letters), 1..=64);
    let network = prop_oneof![Just(Network::Main), Just(Network::Test)];
    let parameters = network.prop_flat_map(|network| (Just(network), parameters(network)));
    let parts = (prop::collection::vec((0_u8..8, any::<u8>()), 0..5), any::<bool>());
    let powers = prop::collection::vec(prop_oneof![Just(1_u64), 1_u64..1 << 57], 1..=VALIDATORS_MAX);
    let time = prop_oneof![Just(0_u64), Just(253_402_300_799_999), 0_u64..253_402_300_800_000];
    let sections = (mining(), assets(), any::<u128>());
    (name, parameters, sections, parts, powers, time).prop_map(
        |(name, (network, parameters), (mining, assets, creation_fee), (parts, fills), powers, time)| {
            let mut genesis = Genesis {
                name: ByteString::new(name).expect("at most 64"),
                balances: balances(&parameters, &assets, &parts, fills),
                validators: List::new(validators(&powers)).expect("few"),
                parameters,
                ..genesis::empty(network, TimeMs(time), ECOSYSTEM, List::default())
            };
            let is_main = network == Network::Main;
            let mining = if is_main { MiningParameters::with_beneficiary(ECOSYSTEM) } else { mining };
            set_section::<Mining>(&mut genesis, &mining);
            let assets = List::new(assets).expect("few");
            set_section::<Tokens>(&mut genesis, &TokensParameters { asset_creation_fee: Amount(creation_fee), assets });
            genesis
        },
    )
}

fn validators(powers: &[u64]) -> Vec<GenesisValidator> {
    let pairs = VALIDATORS.iter().zip(powers);
    pairs.map(|((_, validator), power)| GenesisValidator { power: Power(*power), ..validator.clone() }).collect()
}

/// What can be set in a genesis.
type Place = (&'static str, fn(&mut Genesis, u64));

/// Every number of a genesis, and what is to be told apart.
const PLACES: &[Place] = &[
    ("version", |genesis, value| genesis.version.0 = narrow(value)),
    ("time", |genesis, value| genesis.time.0 = value),
    ("delta_ms", |genesis, value| genesis.parameters.timing.delta_ms = value),
    ("delta_max_ms", |genesis, value| genesis.parameters.timing.delta_max_ms = value),
    ("block_interval_min_ms", |genesis, value| genesis.parameters.timing.block_interval_min_ms = value),
    ("block_interval_empty_ms", |genesis, value| genesis.parameters.timing.block_interval_empty_ms = value),
    ("epoch_length_ms", |genesis, value| genesis.parameters.timing.epoch_length_ms = value),
    ("seed_interval_ms", |genesis, value| genesis.parameters.timing.seed_interval_ms = value),
    ("block_ahead_max_ms", |genesis, value| genesis.parameters.timing.block_ahead_max_ms = value),
    ("block_behind_max_ms", |genesis, value| genesis.parameters.timing.block_behind_max_ms = value),
    ("validity_max_ms", |genesis, value| genesis.parameters.timing.validity_max_ms = value),
    ("price_floor", |genesis, value| genesis.parameters.fees.price_floor = value),
    ("weight_target_per_s", |genesis, value| genesis.parameters.fees.weight_target_per_s = value),
    ("excess_per_e", |genesis, value| genesis.parameters.fees.excess_per_e = value),
    ("body_bytes_max", |genesis, value| genesis.parameters.limits.body_bytes_max = narrow(value)),
    ("block_weight_max", |genesis, value| genesis.parameters.limits.block_weight_max = value),
    ("system_bytes_max", |genesis, value| genesis.parameters.limits.system_bytes_max = narrow(value)),
    ("thr_cap", |genesis, value| genesis.parameters.thr_cap = wide(value)),
    ("asset_creation_fee", |genesis, value| tokens(genesis, |tokens| tokens.asset_creation_fee = wide(value))),
    ("launch_bits", |genesis, value| mine(genesis, |mining| mining.launch_bits = narrow(value))),
    ("spacing_ms", |genesis, value| mine(genesis, |mining| mining.spacing_ms = value)),
    ("half_life_ms", |genesis, value| mine(genesis, |mining| mining.half_life_ms = value)),
    ("spacing_min_ms", |genesis, value| mine(genesis, |mining| mining.spacing_min_ms = value)),
    ("anchor_age_max_ms", |genesis, value| mine(genesis, |mining| mining.anchor_age_max_ms = value)),
    ("header_behind_max_s", |genesis, value| mine(genesis, |mining| mining.header_behind_max_s = narrow(value))),
    ("header_ahead_max_s", |genesis, value| mine(genesis, |mining| mining.header_ahead_max_s = narrow(value))),
    ("share_factor", |genesis, value| mine(genesis, |mining| mining.share_factor = narrow(value))),
    ("window_works", |genesis, value| mine(genesis, |mining| mining.window_works = narrow(value))),
    ("shares_per_work_max", |genesis, value| mine(genesis, |mining| mining.shares_per_work_max = narrow(value))),
    ("reward", |genesis, value| mine(genesis, |mining| mining.reward = wide(value))),
    ("halving_interval", |genesis, value| mine(genesis, |mining| mining.halving_interval = value)),
    ("an asset's number", |genesis, value| asset(genesis, value, |custom| custom.id = AssetId(value))),
    ("an asset's decimals", |genesis, value| asset(genesis, value, |custom| custom.asset.decimals = narrow(value))),
    ("an asset's cap", |genesis, value| asset(genesis, value, |custom| custom.asset.cap = wide(value))),
    ("an asset's symbol", |genesis, value| asset(genesis, value, |custom| custom.asset.symbol = text(value))),
    ("a balance's asset", |genesis, value| balance(genesis, value, |entry| entry.asset = AssetId(value))),
    ("a balance's native asset", |genesis, value| balance(genesis, value, |entry| entry.asset.0 = value % 3)),
    ("a balance's amount", |genesis, value| balance(genesis, value, |entry| entry.amount = wide(value))),
    ("a balance's account", |genesis, value| balance(genesis, value, |entry| entry.address.0 = [narrow(value); 20])),
    ("a validator's power", |genesis, value| validator(genesis, value, |member| member.power = Power(value))),
    ("a validator's peer", |genesis, value| validator(genesis, value, |member| member.peer.0 = [narrow(value); 32])),
    ("a validator's account", |genesis, value| validator(genesis, value, |one| one.account.0 = [narrow(value); 20])),
    ("the name", |genesis, value| genesis.name = text(value)),
];

/// The number, as far as it fits.
fn narrow<T: TryFrom<u64> + Default>(value: u64) -> T {
    T::try_from(value).or_else(|_| T::try_from(value % 0x7f)).unwrap_or_default()
}

/// Small ones as they are, large ones far beyond.
fn wide(value: u64) -> Amount {
    let shift = if value >> 63 == 1 { 64 } else { 0 };
    Amount(u128::from(value) << shift)
}

fn text<const MAX: usize>(value: u64) -> ByteString<MAX> {
    let texts = ["", "THR", "WBTC", "thr", "A", "a-b", "A B", "A\0", "\u{e4}", "0A", "AAAAAAAAAAAAAAAA"];
    let text = texts[usize::try_from(value % texts.len() as u64).expect("small")];
    ByteString::new(text.as_bytes().to_vec()).expect("at most 16 bytes")
}

fn one_of<T, const MAX: usize>(list: &mut List<T, MAX>, value: u64, change: impl FnOnce(&mut T)) {
    let mut all = std::mem::take(list).into_vec();
    let count = all.len().max(1) as u64;
    if let Some(one) = all.get_mut(usize::try_from(value % count).expect("few")) {
        change(one);
    }
    *list = List::new(all).ok().expect("as many as before");
}

fn mine(genesis: &mut Genesis, change: impl FnOnce(&mut MiningParameters)) {
    edit_section::<Mining>(genesis, change);
}

fn tokens(genesis: &mut Genesis, change: impl FnOnce(&mut TokensParameters)) {
    edit_section::<Tokens>(genesis, change);
}

fn asset(genesis: &mut Genesis, value: u64, change: impl FnOnce(&mut GenesisAsset)) {
    tokens(genesis, |tokens| one_of(&mut tokens.assets, value, change));
}

fn balance(genesis: &mut Genesis, value: u64, change: impl FnOnce(&mut GenesisBalance)) {
    one_of(&mut genesis.balances, value, change);
}

fn validator(genesis: &mut Genesis, value: u64, change: impl FnOnce(&mut GenesisValidator)) {
    one_of(&mut genesis.validators, value, change);
}

/// A way to be wrong.
type Flaw = (&'static str, fn(&mut Genesis));

/// Ways each of which spoils every sound genesis.
const FLAWS: &[Flaw] = &[
    ("THR above its cap", |genesis| give(genesis, THR, genesis.parameters.thr_cap.0.saturating_add(1))),
    ("WBTC above its cap", |genesis| give(genesis, WBTC, WBTC_CAP.0 + 1)),
    ("an asset above its cap", |genesis| {
        create(genesis, 1_000, |asset| asset.cap = Amount(7));
        give(genesis, AssetId(1_000), 8);
    }),
    ("a sum that no number holds", |genesis| {
        give(genesis, VIBE, u128::MAX);
        give_to(0xfd, genesis, VIBE, 1);
    }),
    ("a balance of no asset", |genesis| give(genesis, AssetId(999), 1)),
    ("a balance of nothing", |genesis| give(genesis, THR, 0)),
    ("a balance twice", |genesis| edit(&mut genesis.balances, |all| all.push(*all.last().expect("one was given")))),
    ("balances out of order", |genesis| edit(&mut genesis.balances, |all| all.reverse())),
    ("an asset of the chain", |genesis| create(genesis, 2, |_| ())),
    ("the last asset", |genesis| create(genesis, u64::MAX, |_| ())),
    ("an asset twice", |genesis| {
        tokens(genesis, |tokens| edit(&mut tokens.assets, |all| all.push(all.last().expect("one was made").clone())));
    }),
    ("a symbol of the chain", |genesis| create(genesis, 1_000, |asset| asset.symbol = text(2))),
    ("a symbol of small letters", |genesis| create(genesis, 1_000, |asset| asset.symbol = text(3))),
    ("no symbol", |genesis| create(genesis, 1_000, |asset| asset.symbol = text(0))),
    ("too many decimals", |genesis| create(genesis, 1_000, |asset| asset.decimals = 19)),
    ("a cap of nothing", |genesis| create(genesis, 1_000, |asset| asset.cap = Amount::ZERO)),
    ("no validators", |genesis| edit(&mut genesis.validators, Vec::clear)),
    ("a validator twice", |genesis| edit(&mut genesis.validators, |all| all.push(all.last().expect("one").clone()))),
    ("validators out of order", |genesis| {
        genesis.validators = List::new(validators(&[1, 1]).into_iter().rev().collect()).expect("two");
    }),
    ("one peer for two", |genesis| two(genesis, |first, second| second.peer = first.peer)),
    ("one account for two", |genesis| two(genesis, |first, second| second.account = first.account)),
    ("another's proof of possession", |genesis| two(genesis, |first, second| second.possession = first.possession)),
    ("power of nothing", |genesis| validator(genesis, 0, |one| one.power = Power(0))),
    ("too much power", |genesis| two(genesis, |_, second| second.power = Power((1 << 60) - 1))),
    ("another version", |genesis| genesis.version.0 = 2),
    ("no name", |genesis| genesis.name = text(0)),
    ("a name of capitals", |genesis| genesis.name = text(1)),
    ("after the year 9999", |genesis| genesis.time.0 = 253_402_300_800_000),
    ("no span", |genesis| genesis.parameters.timing.epoch_length_ms = 0),
    ("a span of ages", |genesis| genesis.parameters.timing.validity_max_ms = HUNDRED_YEARS_MS + 1),
    ("a price of nothing", |genesis| genesis.parameters.fees.price_floor = 0),
    ("a price that cannot be computed", |genesis| {
        (genesis.parameters.fees.price_floor, genesis.parameters.fees.excess_per_e) = (1 << 32, u64::MAX);
        genesis.parameters.fees.price_floor += 1;
    }),
    ("a body above the format", |genesis| genesis.parameters.limits.body_bytes_max = (4 << 20) + 1),
    ("a body without room", |genesis| genesis.parameters.limits.body_bytes_max = 65_536),
    ("no weight", |genesis| genesis.parameters.limits.block_weight_max = 0),
    ("a target of nothing", |genesis| mine(genesis, |mining| mining.launch_bits = 0)),
    ("a negative target", |genesis| mine(genesis, |mining| mining.launch_bits = 0x1e80_0001)),
    ("no spacing", |genesis| mine(genesis, |mining| mining.spacing_ms = 0)),
    ("no half-life", |genesis| mine(genesis, |mining| mining.half_life_ms = 0)),
    ("a minute less", |genesis| mine(genesis, |mining| mining.header_ahead_max_s = 0)),
    ("no shares", |genesis| mine(genesis, |mining| mining.share_factor = 0)),
    ("too many works", |genesis| mine(genesis, |mining| mining.window_works = 65)),
    ("a reward that no number holds", |genesis| mine(genesis, |mining| mining.reward = Amount::MAX)),
    ("no halving", |genesis| mine(genesis, |mining| mining.halving_interval = 0)),
];

fn edit<T, const MAX: usize>(list: &mut List<T, MAX>, change: impl FnOnce(&mut Vec<T>)) {
    let mut all = std::mem::take(list).into_vec();
    change(&mut all);
    *list = List::new(all).ok().expect("few");
}

/// Adds a balance in its place, of an account that has none.
fn give(genesis: &mut Genesis, asset: AssetId, amount: u128) {
    give_to(0xfe, genesis, asset, amount);
}

fn give_to(owner: u8, genesis: &mut Genesis, asset: AssetId, amount: u128) {
    edit(&mut genesis.balances, |all| {
        all.push(GenesisBalance { address: Address([owner; 20]), asset, amount: Amount(amount) });
        all.sort_by_key(|balance| (balance.address, balance.asset));
    });
}

/// Adds an asset in its place, or in the place of another.
fn create(genesis: &mut Genesis, id: u64, change: impl FnOnce(&mut Asset)) {
    let mut asset = Asset { symbol: text(10), decimals: 0, minter: None, cap: Amount::MAX };
    change(&mut asset);
    genesis.balances = List::default();
    tokens(genesis, |tokens| tokens.add(AssetId(id), asset));
}

/// A set of two, changed.
fn two(genesis: &mut Genesis, change: impl FnOnce(&GenesisValidator, &mut GenesisValidator)) {
    let mut all = validators(&[1, 1]);
    let first = all[0].clone();
    change(&first, &mut all[1]);
    genesis.validators = List::new(all).expect("two");
}

/// Block 0, by the function and the modules that a node uses, and an empty block on it.
fn start(genesis: &Genesis) -> Result<(), execution::GenesisError> {
    let _ = runtime::registry().genesis(genesis, ids::chain_id(genesis))?;
    let secrets = VALIDATORS.iter().map(|(secret, _)| secret.clone());
    let mut chain = Chain { validators: secrets.collect(), ..Chain::of(genesis.clone()) };
    chain.validators.truncate(genesis.validators.len());
    let outcome = chain.block(&[]);
    assert_eq!(outcome.height, types::Height(1));
    Ok(())
}

/// As a node reads it: out of its file.
fn read_and_check(genesis: &Genesis) -> Result<(), GenesisError> {
    let registry = runtime::registry();
    let read = parse(&to_json(genesis, &registry), &registry)?;
    assert_eq!(&read, genesis, "it reads back as it was written");
    check(&read, &registry)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    // FAULTS RF4
    #[test]
    fn every_genesis_within_the_rules_is_accepted_and_starts_a_chain(genesis in sound()) {
        prop_assert_eq!(read_and_check(&genesis), Ok(()));
        prop_assert_eq!(start(&genesis), Ok(()));
    }

    // FAULTS RF4
    #[test]
    fn whatever_the_check_accepts_starts_a_chain(
        genesis in sound(),
        changes in prop::collection::vec((prop::sample::select(PLACES), numbers()), 1..4),
    ) {
        let mut genesis = genesis;
        changes.iter().for_each(|((_, set), value)| set(&mut genesis, *value));
        let names: Vec<_> = changes.iter().map(|((name, _), value)| (name, value)).collect();
        if read_and_check(&genesis).is_ok() {
            prop_assert_eq!(start(&genesis), Ok(()), "{:?}", names);
        }
    }

    // FAULTS RF4
    #[test]
    fn a_genesis_that_is_wrong_in_one_way_is_refused_whatever_else_it_says(genesis in sound()) {
        for (flaw, spoil) in FLAWS {
            let mut wrong = genesis.clone();
            if ["a balance twice", "balances out of order"].contains(flaw) {
                give(&mut wrong, THR, 1);
                give(&mut wrong, VIBE, 1);
            }
            if *flaw == "an asset twice" {
                create(&mut wrong, 1_000, |_| ());
            }
            spoil(&mut wrong);
            prop_assert!(read_and_check(&wrong).is_err(), "{}", flaw);
        }
    }
}
