//! ckpool's files: `pool.status`, three objects on three lines, and `users/<address>`.

use std::collections::BTreeSet;

use pow::Target;
use serde_json::{Map, Value};
use types::Address;

use crate::book::Tally;
use crate::rates::HashRates;
use crate::server::Server;
use crate::worker::{Worker, WorkerName};

use super::{best, decimal, lower, seconds, suffixed, sum};

/// How long a machine is silent before it counts as idle.
const IDLE_AFTER_MS: u64 = 60_000;

/// ckpool's `pool.status` as it stands in that file: three objects, one on a line: who mines, hash rates, shares.
#[must_use]
pub fn ckpool_status(server: &Server) -> String {
    [miners(server), speeds(server), shares(server)].map(|part| format!("{}\n", Value::Object(part))).concat()
}

/// [`ckpool_status`] as one object.
#[must_use]
pub fn ckpool_pool(server: &Server) -> Value {
    let mut fields = miners(server);
    fields.extend(speeds(server));
    fields.extend(shares(server));
    fields.into()
}

fn miners(server: &Server) -> Map<String, Value> {
    let now_ms = server.now_ms();
    let users: BTreeSet<Address> = server.clients().map(|client| client.worker.address).collect();
    let idle_since_ms = now_ms.saturating_sub(IDLE_AFTER_MS);
    let mut fields = Map::new();
    set(&mut fields, "runtime", seconds(now_ms.saturating_sub(server.started_ms())));
    set(&mut fields, "lastupdate", seconds(now_ms));
    set(&mut fields, "Users", users.len());
    set(&mut fields, "Workers", server.clients().count());
    set(&mut fields, "Idle", server.clients().filter(|client| client.tally.last_ms < idle_since_ms).count());
    set(&mut fields, "Disconnected", server.resumable());
    fields
}

fn speeds(server: &Server) -> Map<String, Value> {
    let mut fields = Map::new();
    set_rates(&mut fields, &server.book().all().rates.read(server.now_ms()));
    let speed = server.speed();
    set(&mut fields, "hashrate15m", suffixed(speed.quarter_hour));
    set(&mut fields, "hashrate6hr", suffixed(speed.six_hours));
    fields
}

fn shares(server: &Server) -> Map<String, Value> {
    let (all, refused) = (server.book().all(), server.metrics().billionths_refused);
    let target = server.work().and_then(|template| Target::from_compact(template.bits).ok());
    let per_work = target.map_or(0, |target| target.difficulty().billionths());
    let hundredths_percent = all.billionths.saturating_mul(10_000).checked_div(per_work).unwrap_or(0);
    let mut fields = Map::new();
    set(&mut fields, "diff", decimal(hundredths_percent, 2));
    set(&mut fields, "accepted", sum(all.billionths));
    set(&mut fields, "rejected", sum(refused));
    set(&mut fields, "bestshare", decimal(best(all.best), 9));
    set(&mut fields, "bestever", sum(best(all.best_ever)));
    let names = ["SPS1m", "SPS5m", "SPS15m", "SPS1h"];
    for (name, billionths) in names.into_iter().zip(server.speed().shares) {
        set(&mut fields, name, decimal(billionths.checked_div(1_000_000).unwrap_or(0), 3));
    }
    fields
}

/// ckpool's `users/<address>`; nothing for an address that nobody mined for. A worker stands in it once, with all of its connections.
#[must_use]
pub fn ckpool_user(server: &Server, address: Address) -> Option<Value> {
    let now_ms = server.now_ms();
    let connected = || server.clients().filter(|client| client.worker.address == address);
    let known = || server.book().workers().iter().filter(|(worker, _)| worker.address == address);
    let names: BTreeSet<&WorkerName> =
        known().map(|(worker, _)| &worker.name).chain(connected().map(|client| &client.worker.name)).collect();
    if names.is_empty() {
        return None;
    }
    let user = address.to_text(server.config().network);
    let worker = |name: &WorkerName| {
        let tally = server.book().workers().get(&Worker { address, name: name.clone() }).cloned().unwrap_or_default();
        let mut fields = Map::new();
        set(&mut fields, "workername", format!("{user}.{name}"));
        set_rates(&mut fields, &tally.rates.read(now_ms));
        set_shares(&mut fields, &tally);
        Value::Object(fields)
    };
    let workers: Vec<Value> = names.into_iter().map(worker).collect();
    let (tally, speed) = merged(known().map(|(_, tally)| tally), now_ms);
    let began = known().map(|(_, tally)| tally.first_ms).chain(connected().map(|client| client.opened_ms)).min();
    let mut fields = Map::new();
    set_rates(&mut fields, &speed);
    set_shares(&mut fields, &tally);
    set(&mut fields, "workers", connected().count());
    set(&mut fields, "authorised", seconds(began.unwrap_or(now_ms)));
    set(&mut fields, "worker", workers);
    Some(fields.into())
}

fn set(fields: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    fields.insert(name.to_owned(), value.into());
}

fn set_rates(fields: &mut Map<String, Value>, rates: &HashRates) {
    set(fields, "hashrate1m", suffixed(rates.minute));
    set(fields, "hashrate5m", suffixed(rates.five_minutes));
    set(fields, "hashrate1hr", suffixed(rates.hour));
    set(fields, "hashrate1d", suffixed(rates.day));
    set(fields, "hashrate7d", suffixed(rates.week));
}

fn set_shares(fields: &mut Map<String, Value>, tally: &Tally) {
    set(fields, "lastshare", seconds(tally.last_ms));
    set(fields, "shares", sum(tally.billionths));
    set(fields, "bestshare", decimal(best(tally.best), 9));
    set(fields, "bestever", sum(best(tally.best_ever)));
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
