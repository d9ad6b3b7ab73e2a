//! Statistics as JSON, in the two shapes that dashboards know: ckpool's files and public-pool's REST answers.
//!
//! It must not know HTTP. Invariants: no floats; numbers that need a point are decimal texts made from integers, and
//! stand in the JSON as numbers where the shape wants numbers; names are those of a [`crate::WorkerName`].

use std::collections::{BTreeMap, BTreeSet};

use pow::{Difficulty, Target, U256};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use types::{Address, Amount};

use crate::book::Tally;
use crate::rates::HashRates;
use crate::server::Server;
use crate::worker::WorkerName;

/// The difficulty of the best hash, as a whole number of pool difficulty 1 with up to nine decimals.
fn best(hash: Option<[u8; 32]>) -> Box<RawValue> {
    let target = hash.and_then(|hash| Target::from_uint(U256::from_be_bytes(hash)));
    number(&target.map_or_else(|| "0".to_owned(), |target| target.difficulty().to_string()))
}

fn number(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("a decimal number is JSON")
}

/// A sum of weights in units of pool difficulty 1, as a number: below a million with its decimals, because small machines may take days
/// to one, above rounded down, because programs read no more than fifteen digits.
fn sum_value(billionths: u128) -> Value {
    let whole = billionths.checked_div(Difficulty::ONE.billionths()).unwrap_or(0);
    if whole >= 1_000_000 {
        return whole_value(whole);
    }
    serde_json::from_str(&Amount(billionths).to_decimal(9)).expect("a decimal number is JSON")
}

const fn seconds(ms: u64) -> u64 {
    match ms.checked_div(1_000) {
        Some(seconds) => seconds,
        None => 0,
    }
}

/// Three significant digits and a letter, such as `1.23T`.
#[must_use]
pub fn suffixed(rate: u128) -> String {
    let (mut unit, mut letter): (u128, &str) = (1, "");
    for next in ["K", "M", "G", "T", "P", "E", "Z"] {
        let thousand = unit.saturating_mul(1_000);
        if rate < thousand {
            break;
        }
        (unit, letter) = (thousand, next);
    }
    let whole = rate.checked_div(unit).unwrap_or(0);
    let thousandths = rate.saturating_mul(1_000).checked_div(unit).and_then(|all| all.checked_rem(1_000)).unwrap_or(0);
    let digits = format!("{thousandths:03}");
    let kept = match whole {
        _ if unit == 1 => "",
        100.. => "",
        10..=99 => digits.get(..1).unwrap_or_default(),
        _ => digits.get(..2).unwrap_or_default(),
    };
    let kept = kept.trim_end_matches('0');
    if kept.is_empty() { format!("{whole}{letter}") } else { format!("{whole}.{kept}{letter}") }
}

fn rates(rates: &HashRates) -> [(&'static str, Value); 5] {
    [
        ("hashrate1m", suffixed(rates.minute).into()),
        ("hashrate5m", suffixed(rates.five_minutes).into()),
        ("hashrate1hr", suffixed(rates.hour).into()),
        ("hashrate1d", suffixed(rates.day).into()),
        ("hashrate7d", suffixed(rates.week).into()),
    ]
}

/// ckpool's fields of one tally, as text, so that decimals keep their digits.
fn ckpool_fields(tally: &Tally, now_ms: u64) -> BTreeMap<&'static str, Value> {
    let mut fields: BTreeMap<&'static str, Value> = rates(&tally.rates.read(now_ms)).into_iter().collect();
    fields.insert("lastshare", seconds(tally.last_ms).into());
    fields.insert("shares", sum_value(tally.billionths));
    fields.insert("bestshare", value_of(&best(tally.best)));
    fields.insert("bestever", value_of(&best(tally.best_ever)));
    fields
}

/// A whole number as JSON; what does not fit 64 bits is cut.
fn whole_value(number: u128) -> Value {
    u64::try_from(number).unwrap_or(u64::MAX).into()
}

/// A decimal as a JSON text, since a number with a point would become a float here.
fn value_of(raw: &RawValue) -> Value {
    raw.get().parse::<u64>().map_or_else(|_| Value::from(raw.get()), Value::from)
}

/// The sum of several tallies of one address.
fn merged<'a>(tallies: impl Iterator<Item = &'a Tally>, now_ms: u64) -> (Tally, HashRates) {
    let (mut sum, mut speed) = (Tally::default(), HashRates::default());
    for tally in tallies {
        sum.shares = sum.shares.saturating_add(tally.shares);
        sum.billionths = sum.billionths.saturating_add(tally.billionths);
        sum.last_ms = sum.last_ms.max(tally.last_ms);
        sum.best = lower(sum.best, tally.best);
        sum.best_ever = lower(sum.best_ever, tally.best_ever);
        let read = tally.rates.read(now_ms);
        speed.minute = speed.minute.saturating_add(read.minute);
        speed.five_minutes = speed.five_minutes.saturating_add(read.five_minutes);
        speed.hour = speed.hour.saturating_add(read.hour);
        speed.day = speed.day.saturating_add(read.day);
        speed.week = speed.week.saturating_add(read.week);
    }
    (sum, speed)
}

fn lower(left: Option<[u8; 32]>, right: Option<[u8; 32]>) -> Option<[u8; 32]> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, other) => one.or(other),
    }
}

/// ckpool's `pool.status`, its three lines as one object.
#[must_use]
pub fn ckpool_pool(server: &Server) -> Value {
    let now_ms = server.now_ms();
    let (book, metrics) = (server.book(), server.metrics());
    let users: BTreeSet<Address> = server.clients().map(|client| client.worker.address).collect();
    let workers = server.clients().count();
    let minute_ago = now_ms.saturating_sub(60_000);
    let is_idle = |worker| book.workers().get(worker).is_none_or(|tally| tally.last_ms < minute_ago);
    let idle = server.clients().filter(|client| is_idle(client.worker)).count();
    let mut fields = ckpool_fields(book.all(), now_ms);
    fields.remove("shares");
    fields.insert("runtime", seconds(now_ms.saturating_sub(server.started_ms())).into());
    fields.insert("lastupdate", seconds(now_ms).into());
    fields.insert("Users", users.len().into());
    fields.insert("Workers", workers.into());
    fields.insert("Idle", idle.into());
    fields.insert("accepted", sum_value(book.all().billionths));
    fields.insert("rejected", metrics.shares_refused.into());
    json!(fields)
}

/// ckpool's `users/<address>`; nothing for an address that nobody mined for.
#[must_use]
pub fn ckpool_user(server: &Server, address: Address) -> Option<Value> {
    let now_ms = server.now_ms();
    let connected = server.clients().filter(|client| client.worker.address == address);
    let workers = connected.count();
    let own = || server.book().workers().iter().filter(|(worker, _)| worker.address == address);
    if own().next().is_none() && workers == 0 {
        return None;
    }
    let (sum, speed) = merged(own().map(|(_, tally)| tally), now_ms);
    let mut fields = ckpool_fields(&sum, now_ms);
    fields.extend(rates(&speed));
    let user = address.to_text(server.config().network);
    let worker = |(worker, tally): (&crate::worker::Worker, &Tally)| {
        let mut fields = ckpool_fields(tally, now_ms);
        fields.insert("workername", format!("{user}.{}", worker.name).into());
        json!(fields)
    };
    fields.insert("workers", workers.into());
    fields.insert("authorised", seconds(own().map(|(_, tally)| tally.first_ms).min().unwrap_or(now_ms)).into());
    fields.insert("worker", own().map(worker).collect::<Vec<Value>>().into());
    Some(json!(fields))
}

/// public-pool's `/api/info`.
#[must_use]
pub fn public_info(server: &Server) -> Value {
    let now_ms = server.now_ms();
    let mut agents: BTreeMap<&str, (u64, Option<[u8; 32]>, u128)> = BTreeMap::new();
    for client in server.clients() {
        let entry = agents.entry(client.agent.as_str()).or_default();
        entry.0 = entry.0.saturating_add(1);
        if let Some(tally) = server.book().workers().get(client.worker) {
            entry.1 = lower(entry.1, tally.best_ever);
            entry.2 = entry.2.saturating_add(tally.rates.read(now_ms).five_minutes);
        }
    }
    let agents: Vec<Value> = agents
        .into_iter()
        .map(|(agent, (count, hash, rate))| {
            json!({
                "userAgent": agent, "count": count.to_string(), "bestDifficulty": best(hash).get(),
                "totalHashRate": rate.to_string(),
            })
        })
        .collect();
    let mut scores: Vec<_> = server
        .book()
        .workers()
        .values()
        .filter_map(|tally| tally.best_ever.map(|hash| (hash, tally.last_ms)))
        .collect();
    scores.sort_unstable();
    let scores: Vec<Value> = scores
        .into_iter()
        .take(10)
        .map(|(hash, last_ms)| json!({ "updatedAt": timestamp(last_ms), "bestDifficulty": best(Some(hash)).get() }))
        .collect();
    json!({ "blockData": [], "userAgents": agents, "highScores": scores, "uptime": timestamp(server.started_ms()) })
}

/// public-pool's `/api/pool`. `work_height` is the height in the chain of works.
#[must_use]
pub fn public_pool(server: &Server) -> Value {
    let rates = server.book().all().rates.read(server.now_ms());
    json!({
        "totalHashRate": whole_value(rates.five_minutes), "blockHeight": server.book().work_height(),
        "totalMiners": server.clients().count(), "blocksFound": server.book().found(), "fee": 0,
    })
}

/// public-pool's `/api/network`: the chain of works as if it were Bitcoin's.
#[must_use]
pub fn public_network(server: &Server, chain: &str) -> Value {
    let Some(template) = server.work() else {
        return json!({ "chain": chain, "blocks": 0, "warnings": "no work yet" });
    };
    let difficulty = Target::from_compact(template.bits).map_or(Difficulty::MIN, Target::difficulty);
    json!({
        "blocks": template.work_height, "difficulty": difficulty.to_string(), "bits": format!("{:08x}", template.bits.0),
        "chain": chain, "pooledtx": 0, "warnings": "",
    })
}

/// public-pool's `/api/client/:address`.
#[must_use]
pub fn public_client(server: &Server, address: Address) -> Value {
    let now_ms = server.now_ms();
    let own = server.book().workers().iter().filter(|(worker, _)| worker.address == address);
    let (sum, _) = merged(own.map(|(_, tally)| tally), now_ms);
    let workers: Vec<Value> = server
        .clients()
        .filter(|client| client.worker.address == address)
        .map(|client| {
            let tally = server.book().workers().get(client.worker).cloned().unwrap_or_default();
            json!({
                "sessionId": client.extranonce1.map(hex::encode).unwrap_or_default(), "name": client.worker.name.as_str(),
                "bestDifficulty": best(tally.best_ever).get(), "hashRate": whole_value(tally.rates.read(now_ms).five_minutes),
                "startTime": timestamp(client.opened_ms), "lastSeen": timestamp(client.heard_ms),
            })
        })
        .collect();
    json!({ "bestDifficulty": best(sum.best_ever).get(), "workersCount": workers.len(), "workers": workers })
}

/// public-pool's `/api/client/:address/:worker`; nothing for a worker that nobody knows.
#[must_use]
pub fn public_worker(server: &Server, address: Address, name: &str) -> Option<Value> {
    let worker = crate::worker::Worker { address, name: WorkerName::from_untrusted(name) };
    let tally = server.book().workers().get(&worker)?;
    let rate = tally.rates.read(server.now_ms()).five_minutes;
    let point = json!({ "label": timestamp(server.now_ms()), "data": whole_value(rate) });
    Some(json!({ "name": worker.name.as_str(), "bestDifficulty": best(tally.best_ever).get(), "chartData": [point] }))
}

/// ISO 8601 in UTC from milliseconds since 1970 (days to a date as in Howard Hinnant's `civil_from_days`).
#[must_use]
pub fn timestamp(ms: u64) -> String {
    let part =
        |number: u64, unit: u64, of: u64| number.checked_div(unit).and_then(|all| all.checked_rem(of)).unwrap_or(0);
    let days = ms.checked_div(86_400_000).unwrap_or(0).saturating_add(719_468);
    let (era, day_of_era) = (days.checked_div(146_097).unwrap_or(0), days.checked_rem(146_097).unwrap_or(0));
    let leaps = part(day_of_era, 36_524, u64::MAX).saturating_sub(part(day_of_era, 146_096, u64::MAX));
    let year_of_era = day_of_era
        .saturating_sub(part(day_of_era, 1_460, u64::MAX))
        .saturating_add(leaps)
        .checked_div(365)
        .unwrap_or(0);
    let before = year_of_era.saturating_mul(365).saturating_add(year_of_era >> 2);
    let day_of_year = day_of_era.saturating_sub(before.saturating_sub(part(year_of_era, 100, u64::MAX)));
    let month = day_of_year.saturating_mul(5).saturating_add(2).checked_div(153).unwrap_or(0);
    let first = month.saturating_mul(153).saturating_add(2).checked_div(5).unwrap_or(0);
    let day = day_of_year.saturating_sub(first).saturating_add(1);
    let month = if month < 10 { month.saturating_add(3) } else { month.saturating_sub(9) };
    let year = year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(u64::from(month <= 2));
    let (hour, minute, second) = (part(ms, 3_600_000, 24), part(ms, 60_000, 60), part(ms, 1_000, 60));
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", part(ms, 1, 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_with_three_digits_and_a_letter() {
        let cases: [(u128, &str); 8] = [
            (0, "0"),
            (999, "999"),
            (1_000, "1K"),
            (1_230, "1.23K"),
            (12_345_678, "12.3M"),
            (333_000_000, "333M"),
            (1_480_000_000_000, "1.48T"),
            (u128::MAX, "340282366920938463463374607431768211455"),
        ];
        for (rate, text) in &cases[..7] {
            assert_eq!(suffixed(*rate), *text);
        }
        assert!(suffixed(u128::MAX).ends_with('Z'));
    }

    #[test]
    fn sums_below_a_million_are_told_with_their_decimals() {
        let cases = [
            (0, "0"),
            (1, "0.000000001"),
            (732_000_000, "0.732"),
            (5_000_000_000, "5"),
            (999_999_999_999_999, "999999.999999999"),
            (1_000_000_999_999_999, "1000000"),
        ];
        for (billionths, text) in cases {
            let told: f64 = sum_value(billionths).to_string().parse().expect("a number");
            assert_eq!(told, text.parse::<f64>().expect("a number"), "{billionths}");
        }
        assert_eq!(sum_value(u128::MAX), Value::from(u64::MAX));
    }

    #[test]
    fn timestamps_are_right_at_the_edges_of_years() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(timestamp(ms), text);
        }
    }
}
