//! Questions about mining, and the typed functions that answer them.

use execution::{Argument, ArgumentKind, ModuleQuery, ModuleView, QueryArguments, QueryError, SCAN_MAX, argument};
use pow::Target;
use serde_json::{Value, json};
use types::{Address, THR};

use crate::answers::{Earned, WindowShare, WorkInfo};
use crate::emission::{scheduled, scheduled_total};
use crate::fine::Fine;
use crate::genesis::MiningParameters;
use crate::keys;
use crate::records::{Miner, Share, Tip, Window, decode, view};
use crate::template::{GraceTerms, WorkTerms};

const LIMIT_DEFAULT: usize = 100;

/// What can be asked.
pub(crate) const QUERIES: &[ModuleQuery] = &[
    ModuleQuery { name: "terms", about: "What the next work, and shares for it, must meet.", arguments: &[] },
    ModuleQuery { name: "info", about: "The work chain: works, difficulty, rewards, the window.", arguments: &[] },
    ModuleQuery {
        name: "window",
        about: "Shares of the window, the oldest first.",
        arguments: &[
            Argument::optional("from", ArgumentKind::Number, "the number of the first share"),
            Argument::optional("limit", ArgumentKind::Number, "how many at most; 100 unless given, never above 1024"),
        ],
    },
    ModuleQuery {
        name: "account",
        about: "What an account has earned and not claimed.",
        arguments: &[Argument::required("address", ArgumentKind::Address, "the account")],
    },
];

/// Answers one question.
pub(crate) fn answer(state: &ModuleView<'_>, name: &str, arguments: &QueryArguments) -> Result<Value, QueryError> {
    match name {
        "terms" => Ok(json!(work_terms(state))),
        "info" => Ok(json!(info(state))),
        "window" => {
            let from = argument(arguments, "from", ArgumentKind::Number)?.unwrap_or_default();
            let limit: Option<u64> = argument(arguments, "limit", ArgumentKind::Number)?;
            let limit = limit.map_or(LIMIT_DEFAULT, |limit| usize::try_from(limit).unwrap_or(SCAN_MAX));
            Ok(json!(shares(state, from, limit)))
        }
        "account" => {
            let wrong = QueryError::Argument { argument: "address", expected: ArgumentKind::Address.expected() };
            let address = argument(arguments, "address", ArgumentKind::Address)?.ok_or(wrong)?;
            Ok(json!(account(state, &address)))
        }
        _ => Err(QueryError::Unknown(name.to_owned())),
    }
}

fn tip(state: &ModuleView<'_>) -> Tip {
    view(state, &keys::tip()).expect("the genesis wrote this record, and no block removes it")
}

fn window(state: &ModuleView<'_>) -> Window {
    view(state, &keys::window()).unwrap_or_default()
}

/// What the next work, and shares for it, must meet.
///
/// # Panics
/// On a chain without this module.
#[must_use]
pub fn work_terms(state: &ModuleView<'_>) -> WorkTerms {
    let (tip, rules) = (tip(state), MiningParameters::view(state));
    let grace = tip.grace.map(|(previous, terms)| GraceTerms {
        work_height: tip.work_height,
        previous,
        bits: terms.bits,
        shares: terms.shares,
    });
    let wait = if tip.work_height > 0 { rules.spacing_min_ms } else { 0 };
    WorkTerms {
        work_height: tip.work_height.saturating_add(1),
        previous: tip.hash,
        bits: tip.next.bits,
        share_factor: rules.share_factor,
        work_from: tip.time.saturating_add(wait),
        anchor_age_max_ms: rules.anchor_age_max_ms,
        shares: tip.next.shares,
        shares_max: rules.shares_per_work_max,
        grace,
    }
}

/// The work chain.
#[must_use]
pub fn info(state: &ModuleView<'_>) -> WorkInfo {
    let (tip, rules, window) = (tip(state), MiningParameters::view(state), window(state));
    let next = tip.work_height.saturating_add(1);
    let target = Target::from_compact(tip.next.bits).ok();
    let supply = state.supply(THR).map(|supply| supply.issuable()).unwrap_or_default();
    WorkInfo {
        works: tip.work_height,
        last_hash: tip.hash,
        last_time: tip.time,
        bits: tip.next.bits,
        difficulty: target.map(Target::difficulty),
        hashes_expected: target.map(|target| target.expected_hashes().to_string()),
        reward: scheduled(&rules, next).min(supply),
        issued: tip.issued,
        shares: tip.next.shares.into(),
        shares_total: window.next,
        window_shares: window.next.saturating_sub(window.first),
        window_weight: window.weight.to_string(),
        unclaimed: state.escrowed(THR, keys::POT),
        spacing_ms: rules.spacing_ms,
    }
}

/// At most `limit` (and [`SCAN_MAX`]) shares of the window, the oldest first, none with a number below `from`.
#[must_use]
pub fn shares(state: &ModuleView<'_>, from: u64, limit: usize) -> Vec<WindowShare> {
    let pairs = state.scan(&keys::shares(), &keys::share(from), limit);
    let describe = |(key, value): &(Vec<u8>, Vec<u8>)| {
        let share: Share = decode(value);
        let number = key.strip_prefix(&keys::shares()).and_then(|number| number.try_into().ok());
        WindowShare { number: number.map(u64::from_be_bytes), payee: share.payee, weight: share.weight.to_string() }
    };
    pairs.iter().map(describe).collect()
}

/// What an account has earned and not claimed.
#[must_use]
pub fn account(state: &ModuleView<'_>, address: &Address) -> Earned {
    let (miner, window): (Miner, Window) = (view(state, &keys::miner(address)).unwrap_or_default(), window(state));
    Earned {
        claimable: miner.owed_at(window.earned).whole(),
        weight: miner.weight.to_string(),
        window_weight: window.weight.to_string(),
    }
}

/// The window's weight is that of its shares and of its payees; the pot holds, to the last fraction, what is owed and what is not
/// yet divided; and the works were paid no more than the schedule. Slow: it reads every share and payee.
pub(crate) fn check_sums(state: &ModuleView<'_>) -> Result<(), String> {
    let (tip, window) = (tip(state), window(state));
    let mut share_weight: u128 = 0;
    let mut count: u64 = 0;
    each(state, &keys::shares(), |value| {
        share_weight = share_weight.saturating_add(decode::<Share>(value).weight);
        count = count.saturating_add(1);
    });
    let (mut miner_weight, mut owed) = (0_u128, window.rest);
    each(state, &keys::miners(), |value| {
        let miner: Miner = decode(value);
        miner_weight = miner_weight.saturating_add(miner.weight);
        owed = owed.plus(miner.owed_at(window.earned));
    });
    if count != window.next.saturating_sub(window.first) {
        return Err(format!("the window counts {} to {}, {count} shares are there", window.first, window.next));
    }
    if share_weight != window.weight || miner_weight != window.weight {
        let sum = window.weight;
        return Err(format!("the window weighs {sum}, its shares {share_weight}, its payees {miner_weight}"));
    }
    let pot = state.escrowed(THR, keys::POT);
    if owed != Fine::of(pot) {
        return Err(format!("the pot holds {pot}, owed and undivided are {owed:?}"));
    }
    let scheduled = scheduled_total(&MiningParameters::view(state), tip.work_height);
    if tip.issued > scheduled {
        return Err(format!("{} works were paid {}, the schedule gives {scheduled}", tip.work_height, tip.issued));
    }
    Ok(())
}

/// Hands over every value under a prefix.
fn each(state: &ModuleView<'_>, prefix: &[u8], mut take: impl FnMut(&[u8])) {
    let mut from = prefix.to_vec();
    loop {
        let page = state.scan(prefix, &from, SCAN_MAX);
        let Some((last, _)) = page.last() else { return };
        from = [last.as_slice(), &[0]].concat();
        page.iter().for_each(|(_, value)| take(value));
    }
}
