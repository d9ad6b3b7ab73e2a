//! The rules between the values of a genesis.
//!
//! One function per group, in the order of the file; the first breach is reported. What is allowed but probably not meant comes
//! from [`warnings`].

use std::collections::BTreeMap;

use crypto::bls::PublicKey;
use execution::Registry;
use types::canary::{Canary, planted};
use types::{
    Amount, AssetId, Genesis, GenesisValidator, Limits, Network, Parameters, ProtocolVersion, THR, TimeMs, Timing,
    Validator, ValidatorSet, limits,
};

use crate::GenesisError;
use crate::builder::grant_order;

/// The rules that this software begins a chain with.
pub const PROTOCOL_VERSION: ProtocolVersion = execution::PROTOCOL_VERSION;

/// No span in the rules is longer than this: a hundred years.
const SPAN_MS_MAX: u64 = 100 * 366 * 86_400_000;
/// The end of the year 9999.
const TIME_MAX: TimeMs = TimeMs(253_402_300_800_000);
/// One µTHR per weight: the cheapest transfer, above 1,000 weight, then costs at least 0.001 THR.
const PRICE_FLOOR_MAIN: u64 = 1 << 32;

/// Checks every rule: the chain's own here, and each module's by the module.
///
/// # Errors
/// The first [`GenesisError`] in the order of the file.
pub fn check(genesis: &Genesis, registry: &Registry) -> Result<(), GenesisError> {
    check_identity(genesis)?;
    check_timing(&genesis.parameters.timing)?;
    check_fees(genesis.network, &genesis.parameters)?;
    check_limits(&genesis.parameters.limits)?;
    registry.check_sections(genesis)?;
    check_shares(genesis, registry)?;
    check_balances(genesis, registry)?;
    check_allowances(genesis, registry)?;
    check_validators(genesis)
}

/// The validator set of the first epochs.
///
/// # Errors
/// [`GenesisError`] when the validators do not make a set.
pub fn validator_set(genesis: &Genesis) -> Result<ValidatorSet, GenesisError> {
    check_members(genesis)?;
    let member = |validator: &GenesisValidator| {
        let GenesisValidator { key, possession: _, power, account, peer } = *validator;
        Validator { key, power, account, peer }
    };
    let members = genesis.validators.iter().map(member).collect();
    Ok(ValidatorSet::new(members).expect("members, keys, peers and power were checked above"))
}

/// How many validators may stop at the same time, whichever they are, with a quorum still left.
#[must_use]
pub fn faults_tolerated(genesis: &Genesis) -> usize {
    let Ok(set) = validator_set(genesis) else { return 0 };
    let mut powers: Vec<u64> = set.validators().iter().map(|validator| validator.power.0).collect();
    powers.sort_unstable_by_key(|power| std::cmp::Reverse(*power));
    let mut left = set.power_total();
    let survives = |power: &u64| {
        left = left.saturating_sub(*power);
        set.is_quorum(left)
    };
    powers.iter().map(survives).take_while(|survived| *survived).count()
}

/// What is allowed but probably not meant, as sentences.
#[must_use]
pub fn warnings(genesis: &Genesis, registry: &Registry) -> Vec<String> {
    let mut warnings = Vec::new();
    if faults_tolerated(genesis) == 0 {
        warnings.push(format!(
            "no validator may fail: with {} of them and this power, the loss of the strongest leaves no quorum. \
             Four validators of equal power tolerate one fault, seven tolerate two",
            genesis.validators.len()
        ));
    }
    if genesis.parameters.fees.ecosystem.0 == [0; 20] {
        warnings.push(
            "the ecosystem account is the zero address, whose key nobody has: half of every fee is lost".to_owned(),
        );
    }
    if genesis.parameters.fees.price_floor < PRICE_FLOOR_MAIN {
        warnings.push(
            "the price floor is below one µTHR per weight: the cheapest transfer costs less than 0.001 THR".to_owned(),
        );
    }
    warnings.extend(registry.section_warnings(genesis));
    if !genesis.balances.iter().any(|balance| balance.asset == THR) {
        warnings.push("no account has THR, so nobody can pay a fee until some is earned".to_owned());
    }
    warnings
}

fn refuse_unless(
    holds: bool,
    place: &'static str,
    value: impl std::fmt::Display,
    rule: &'static str,
) -> Result<(), GenesisError> {
    if holds { Ok(()) } else { Err(GenesisError::Parameter { place, value: value.to_string(), rule }) }
}

/// Checks what a chain is called and when it begins.
///
/// # Errors
/// [`GenesisError::Parameter`] that names the value.
pub fn check_identity(genesis: &Genesis) -> Result<(), GenesisError> {
    let version = genesis.version;
    refuse_unless(version == PROTOCOL_VERSION, "version", version, "this software begins chains with version 1")?;
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let name = String::from_utf8_lossy(&genesis.name);
    let is_name = !genesis.name.is_empty() && genesis.name.iter().all(plain);
    let rule = "a chain's name has 1 to 64 lower-case letters, digits and hyphens";
    refuse_unless(is_name, "name", format!("`{name}`"), rule)?;
    refuse_unless(genesis.time < TIME_MAX, "time", genesis.time, "give milliseconds since 1970, before the year 10000")
}

fn check_timing(timing: &Timing) -> Result<(), GenesisError> {
    let Timing {
        delta_ms,
        delta_max_ms,
        block_interval_min_ms,
        block_interval_empty_ms,
        epoch_length_ms,
        seed_interval_ms,
        block_ahead_max_ms,
        block_behind_max_ms,
        validity_max_ms,
    } = *timing;
    let spans = [
        (delta_ms, 1, "parameters.timing.delta_ms"),
        (delta_max_ms, 1, "parameters.timing.delta_max_ms"),
        (block_interval_min_ms, 0, "parameters.timing.block_interval_min_ms"),
        (block_interval_empty_ms, 1, "parameters.timing.block_interval_empty_ms"),
        (epoch_length_ms, 1, "parameters.timing.epoch_length_ms"),
        (seed_interval_ms, 1, "parameters.timing.seed_interval_ms"),
        (block_ahead_max_ms, 1, "parameters.timing.block_ahead_max_ms"),
        (block_behind_max_ms, 1, "parameters.timing.block_behind_max_ms"),
        (validity_max_ms, 1, "parameters.timing.validity_max_ms"),
    ];
    for (span, least, place) in spans {
        refuse_unless(span >= least, place, span, "it must be above zero")?;
        refuse_unless(span <= SPAN_MS_MAX, place, span, "it must be at most a hundred years")?;
    }
    refuse_unless(
        delta_ms <= delta_max_ms,
        "parameters.timing.delta_ms",
        delta_ms,
        "it must be at most `delta_max_ms`",
    )?;
    refuse_unless(
        block_interval_min_ms <= block_interval_empty_ms,
        "parameters.timing.block_interval_min_ms",
        block_interval_min_ms,
        "it must be at most `block_interval_empty_ms`",
    )?;
    refuse_unless(
        block_ahead_max_ms < block_behind_max_ms,
        "parameters.timing.block_ahead_max_ms",
        block_ahead_max_ms,
        "it must be below `block_behind_max_ms`, or an honest proposal could be too old before it is too new",
    )
}

fn check_fees(network: Network, parameters: &Parameters) -> Result<(), GenesisError> {
    let fees = &parameters.fees;
    let floor = fees.price_floor;
    refuse_unless(floor > 0, "parameters.fees.price_floor", floor, "it must be above zero, or transactions are free")?;
    let target = fees.weight_target_per_s;
    refuse_unless(target > 0, "parameters.fees.weight_target_per_s", target, "it must be above zero")?;
    let excess = fees.excess_per_e;
    refuse_unless(excess > 0, "parameters.fees.excess_per_e", excess, "it must be above zero")?;
    // The series of the price needs room above its first term.
    let is_computable = u128::from(floor).saturating_mul(u128::from(excess)) < 1 << 96;
    let rule = "its product with `price_floor` must be below 2^96, or no price could be computed";
    refuse_unless(is_computable, "parameters.fees.excess_per_e", excess, rule)?;
    let cap = parameters.thr_cap;
    refuse_unless(!cap.is_zero(), "parameters.thr_cap", cap, "it must be above zero")?;
    if network == Network::Main {
        let rule = "on the main network it is at least 4294967296, so that the cheapest transfer costs 0.001 THR";
        refuse_unless(floor >= PRICE_FLOOR_MAIN, "parameters.fees.price_floor", floor, rule)?;
        let rule = "on the main network it is 21000001000000 (21,000,001 THR); only test networks may set another cap";
        refuse_unless(cap == Parameters::THR_CAP, "parameters.thr_cap", cap, rule)?;
    }
    Ok(())
}

fn check_limits(chain: &Limits) -> Result<(), GenesisError> {
    let body = usize::try_from(chain.body_bytes_max).unwrap_or(usize::MAX);
    let system = usize::try_from(chain.system_bytes_max).unwrap_or(usize::MAX);
    let rule = "the format holds at most 4194304 bytes";
    refuse_unless(body <= limits::BODY_BYTES_MAX, "parameters.limits.body_bytes_max", body, rule)?;
    let rule = "it must hold at least one system call of 32768 bytes";
    refuse_unless(system >= limits::SYSTEM_CALL_BYTES_MAX, "parameters.limits.system_bytes_max", system, rule)?;
    let needed = system.saturating_add(limits::TRANSACTION_BYTES_MAX);
    let rule = "it must hold `system_bytes_max` and one transaction of 65536 bytes";
    refuse_unless(body >= needed, "parameters.limits.body_bytes_max", body, rule)?;
    let weight = chain.block_weight_max;
    let rule = "it must be at least 65536, the weight of the longest transaction's bytes, and below 2^53";
    let longest = u64::try_from(limits::TRANSACTION_BYTES_MAX).unwrap_or(u64::MAX);
    refuse_unless(weight >= longest && weight < 1 << 53, "parameters.limits.block_weight_max", weight, rule)
}

/// Every module's system calls have room in every block.
fn check_shares(genesis: &Genesis, registry: &Registry) -> Result<(), GenesisError> {
    let needed = registry.system_bytes(genesis.modules.iter().map(|section| section.module));
    let room = genesis.parameters.limits.system_bytes_max;
    if needed <= u64::from(room) {
        return Ok(());
    }
    let rule = format!("the modules' system calls of one block may take {needed} bytes, and each must find its room");
    Err(GenesisError::Section { place: "parameters.limits.system_bytes_max".to_owned(), value: room.to_string(), rule })
}

/// Checks that what is given out of each asset stays below its cap, and that every entry stands in its place.
///
/// # Errors
/// [`GenesisError`] that names the entry.
pub fn check_balances(genesis: &Genesis, registry: &Registry) -> Result<(), GenesisError> {
    let opened = registry.assets_of(genesis);
    let mut caps: BTreeMap<AssetId, Amount> = opened.iter().map(|opened| (opened.asset, opened.cap)).collect();
    caps.insert(THR, genesis.parameters.thr_cap);
    let backed = registry.backed_in(genesis);
    let mut totals: BTreeMap<AssetId, Amount> = BTreeMap::new();
    let mut previous = None;
    for (place, balance) in genesis.balances.iter().enumerate() {
        let (address, asset) = (balance.address.to_text(genesis.network), balance.asset);
        let refuse = |rule| Err(GenesisError::Balance { place, address, asset: asset.0, rule });
        if previous >= Some((balance.address, asset)) {
            return Err(GenesisError::Order { list: "balances", place, by: "the address's bytes, then the asset" });
        }
        previous = Some((balance.address, asset));
        if balance.amount.is_zero() {
            return refuse(ZERO);
        }
        let Some(cap) = caps.get(&asset).copied() else {
            return refuse(NO_ASSET);
        };
        if backed.contains(&asset) {
            return refuse(BACKED);
        }
        give_out(&mut totals, asset, balance.amount, cap)?;
    }
    let mut previous = None;
    for (place, grant) in genesis.grants.iter().enumerate() {
        let refuse = |rule| Err(GenesisError::Entry { list: "grants", place, rule });
        if previous.is_some_and(|previous| previous >= grant_order(grant)) {
            return Err(GenesisError::Order { list: "grants", place, by: "module, pot and asset" });
        }
        previous = Some(grant_order(grant));
        if execution::section_bytes(genesis, grant.module).is_none() {
            return refuse(NO_SECTION);
        }
        if grant.pot.is_empty() || !grant.pot.iter().all(u8::is_ascii_graphic) {
            return refuse("a pot's name is visible ASCII characters, so that the file can say it");
        }
        if grant.amount.is_zero() {
            return refuse(ZERO);
        }
        let Some(cap) = caps.get(&grant.asset).copied() else {
            return refuse(NO_ASSET);
        };
        if backed.contains(&grant.asset) {
            return refuse(BACKED);
        }
        give_out(&mut totals, grant.asset, grant.amount, cap)?;
    }
    Ok(())
}

const ZERO: &str = "the amount is zero: leave the entry out";
const NO_ASSET: &str =
    "there is no such asset: add it to the `assets` of the module that opens assets, below `modules`, first";
const BACKED: &str = "the asset is backed by a module, and only its backer issues it: leave the entry out";
const NO_SECTION: &str = "the module has no section in `modules`: it would never run";

fn give_out(
    totals: &mut BTreeMap<AssetId, Amount>,
    asset: AssetId,
    amount: Amount,
    cap: Amount,
) -> Result<(), GenesisError> {
    let total = totals.entry(asset).or_default();
    let sum = total.checked_add(amount);
    *total = sum.unwrap_or(Amount::MAX);
    match sum {
        Some(sum) if sum <= cap => Ok(()),
        _ => Err(GenesisError::CapExceeded { asset: asset.0, total: total.0, cap: cap.0 }),
    }
}

fn check_allowances(genesis: &Genesis, registry: &Registry) -> Result<(), GenesisError> {
    let opened = registry.assets_of(genesis);
    let mut previous = None;
    for (place, allowance) in genesis.allowances.iter().enumerate() {
        let refuse = |rule| Err(GenesisError::Entry { list: "allowances", place, rule });
        let order = (allowance.module, allowance.account, allowance.asset);
        if previous >= Some(order) {
            return Err(GenesisError::Order { list: "allowances", place, by: "module, account and asset" });
        }
        previous = Some(order);
        if execution::section_bytes(genesis, allowance.module).is_none() {
            return refuse(NO_SECTION);
        }
        if allowance.asset != THR && opened.iter().all(|opened| opened.asset != allowance.asset) {
            return refuse(NO_ASSET);
        }
        if !(1..=1_000_000).contains(&allowance.share_ppm) {
            return refuse("`share_ppm` must be between 1 and 1000000 (everything)");
        }
        if !(1..=SPAN_MS_MAX).contains(&allowance.span_ms) {
            return refuse("`span_ms` must be above zero and at most a hundred years");
        }
    }
    Ok(())
}

fn check_validators(genesis: &Genesis) -> Result<(), GenesisError> {
    check_members(genesis)?;
    for (place, validator) in genesis.validators.iter().enumerate() {
        let proven =
            |key: PublicKey| planted(Canary::PossessionSkipped) || key.verify_possession(&validator.possession);
        if !PublicKey::parse(&validator.key).is_ok_and(proven) {
            return Err(GenesisError::Possession { place, key: validator.key.to_string() });
        }
    }
    Ok(())
}

/// Everything about the members but their proofs.
fn check_members(genesis: &Genesis) -> Result<(), GenesisError> {
    let validators: &[GenesisValidator] = &genesis.validators;
    if validators.is_empty() {
        return Err(GenesisError::NoValidators);
    }
    refuse_duplicates(validators, "key", |validator| validator.key.to_string())?;
    refuse_duplicates(validators, "peer", |validator| validator.peer.to_string())?;
    refuse_duplicates(validators, "account", |validator| validator.account.to_text(genesis.network))?;
    let mut power_total: u64 = 0;
    let mut previous = None;
    for (place, validator) in validators.iter().enumerate() {
        if previous > Some(validator.key) {
            return Err(GenesisError::Order { list: "validators", place, by: "key" });
        }
        previous = Some(validator.key);
        let power = validator.power.0;
        power_total = power_total.saturating_add(power);
        if power == 0 || power_total >= 1 << 60 {
            return Err(GenesisError::Power { place, power });
        }
    }
    Ok(())
}

fn refuse_duplicates(
    validators: &[GenesisValidator],
    what: &'static str,
    value: impl Fn(&GenesisValidator) -> String,
) -> Result<(), GenesisError> {
    let mut seen = BTreeMap::new();
    for (second, validator) in validators.iter().enumerate() {
        let value = value(validator);
        if let Some(first) = seen.insert(value.clone(), second) {
            return Err(GenesisError::DuplicateValidator { first, second, what, value });
        }
    }
    Ok(())
}
