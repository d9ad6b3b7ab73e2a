//! public-pool's REST answers, with its controllers' keys and types: `count`, `totalHashRate` of a program and `bestDifficulty` of a
//! session are texts there, every other number is a number, and times are ISO 8601.

use std::collections::BTreeMap;

use pow::{Difficulty, Target};
use serde_json::{Value, json};
use types::Address;

use crate::server::Server;
use crate::worker::{Worker, WorkerName};

use super::{best, lower, sum, timestamp, whole_value};

/// What stands for a program that does not tell its name.
const UNNAMED: &str = "Other";
/// How many addresses the list of the best has.
const SCORES: usize = 10;

/// The machines of one program.
#[derive(Default)]
struct Machines {
    count: u64,
    best: Option<[u8; 32]>,
    rate: u128,
}

/// public-pool's `/api/info`: programs that mine here, the best hashes, works found since the start.
#[must_use]
pub fn public_info(server: &Server) -> Value {
    json!({
        "blockData": found(server), "userAgents": agents(server), "highScores": scores(server),
        "uptime": timestamp(server.started_ms()),
    })
}

fn found(server: &Server) -> Vec<Value> {
    let work = |work: &crate::server::FoundWork| {
        json!({
            "height": work.work_height, "minerAddress": work.worker.address.to_text(server.config().network),
            "worker": work.worker.name.as_str(), "sessionId": hex::encode(work.extranonce1),
        })
    };
    server.found().map(work).collect()
}

fn agents(server: &Server) -> Vec<Value> {
    let now_ms = server.now_ms();
    let mut agents: BTreeMap<&str, Machines> = BTreeMap::new();
    for client in server.clients() {
        let name = client.agent.as_str();
        let machines = agents.entry(if name.is_empty() { UNNAMED } else { name }).or_default();
        machines.count = machines.count.saturating_add(1);
        machines.best = lower(machines.best, client.tally.best_ever);
        machines.rate = machines.rate.saturating_add(client.tally.rates.read(now_ms).five_minutes);
    }
    let mut agents: Vec<(&str, Machines)> = agents.into_iter().collect();
    agents.sort_by_key(|(_, machines)| std::cmp::Reverse(machines.rate));
    let agent = |(name, machines): (&str, Machines)| {
        json!({
            "userAgent": name, "count": machines.count.to_string(), "bestDifficulty": sum(best(machines.best)),
            "totalHashRate": machines.rate.to_string(),
        })
    };
    agents.into_iter().map(agent).collect()
}

/// The best hash of each address, the best first. Which program found it is not kept.
fn scores(server: &Server) -> Vec<Value> {
    let mut addresses: BTreeMap<Address, (Option<[u8; 32]>, u64)> = BTreeMap::new();
    for (worker, tally) in server.book().workers() {
        let (hash, last_ms) = addresses.entry(worker.address).or_default();
        *hash = lower(*hash, tally.best_ever);
        *last_ms = (*last_ms).max(tally.last_ms);
    }
    let mut scores: Vec<_> = addresses.into_values().filter(|(hash, _)| hash.is_some()).collect();
    scores.sort_unstable();
    let score = |(hash, last_ms)| {
        json!({
            "updatedAt": timestamp(last_ms), "bestDifficulty": sum(best(hash)), "bestDifficultyUserAgent": null,
        })
    };
    scores.into_iter().take(SCORES).map(score).collect()
}

/// public-pool's `/api/pool`. `blockHeight` is the height in the chain of works; `blocksFound` are those since the start.
#[must_use]
pub fn public_pool(server: &Server) -> Value {
    let rates = server.book().all().rates.read(server.now_ms());
    json!({
        "totalHashRate": whole_value(rates.five_minutes), "blockHeight": server.book().work_height(),
        "totalMiners": server.clients().count(), "blocksFound": found(server), "fee": 0,
    })
}

/// public-pool's `/api/network`: the chain of works as if it were Bitcoin's. `networkhashps` is 0 until a work was seen from its
/// beginning to its end; blocks of works have neither weight nor transactions.
#[must_use]
pub fn public_network(server: &Server, chain: &str) -> Value {
    let template = server.work();
    let bits = template.map(|template| template.bits);
    let difficulty = bits.and_then(|bits| Target::from_compact(bits).ok()).map_or(Difficulty::MIN, Target::difficulty);
    json!({
        "blocks": template.map_or(0, |template| template.work_height), "difficulty": sum(difficulty.billionths()),
        "bits": bits.map(|bits| format!("{:08x}", bits.0)).unwrap_or_default(),
        "networkhashps": whole_value(server.network_rate().unwrap_or(0)), "chain": chain,
        "currentblockweight": 0, "currentblocktx": 0, "pooledtx": 0,
        "warnings": if template.is_some() { "" } else { "no work yet" },
    })
}

/// public-pool's `/api/client/:address`: every connection by itself, with its own rate and best hash.
#[must_use]
pub fn public_client(server: &Server, address: Address) -> Value {
    let now_ms = server.now_ms();
    let known = server.book().workers().iter().filter(|(worker, _)| worker.address == address);
    let hash = known.fold(None, |hash, (_, tally)| lower(hash, tally.best_ever));
    let clients = server.clients().filter(|client| client.worker.address == address);
    let session = |client: crate::server::Client<'_>| {
        json!({
            "sessionId": client.extranonce1.map(hex::encode).unwrap_or_default(), "name": client.worker.name.as_str(),
            "bestDifficulty": two_places(best(client.tally.best_ever)),
            "hashRate": whole_value(client.tally.rates.read(now_ms).five_minutes),
            "startTime": timestamp(client.opened_ms), "lastSeen": timestamp(client.heard_ms),
        })
    };
    let workers: Vec<Value> = clients.map(session).collect();
    json!({ "bestDifficulty": sum(best(hash)), "workersCount": workers.len(), "workers": workers })
}

/// public-pool's `/api/client/:address/chart`: the rate of all workers of an address. It has one point: now.
#[must_use]
pub fn public_chart(server: &Server, address: Address) -> Value {
    let now_ms = server.now_ms();
    let known = server.book().workers().iter().filter(|(worker, _)| worker.address == address);
    let rates = known.map(|(_, tally)| tally.rates.read(now_ms).five_minutes);
    point(now_ms, rates.fold(0, u128::saturating_add))
}

/// A chart of one point.
fn point(now_ms: u64, rate: u128) -> Value {
    json!([{ "label": timestamp(now_ms), "data": whole_value(rate) }])
}

/// public-pool's `/api/client/:address/:worker`, all connections of that name together; nothing for a worker that nobody knows. As
/// there, a worker named `chart` is hidden by the address's chart.
#[must_use]
pub fn public_worker(server: &Server, address: Address, name: &str) -> Option<Value> {
    let now_ms = server.now_ms();
    let worker = Worker { address, name: WorkerName::from_untrusted(name) };
    let tally = server.book().workers().get(&worker).cloned();
    let is_connected = || server.clients().any(|client| *client.worker == worker);
    let tally = tally.or_else(|| is_connected().then(Default::default))?;
    let rate = tally.rates.read(now_ms).five_minutes;
    Some(json!({
        "name": worker.name.as_str(), "bestDifficulty": sum(best(tally.best_ever)), "chartData": point(now_ms, rate),
    }))
}

/// Billionths as a text with two digits after the point.
fn two_places(billionths: u128) -> String {
    let hundredths = billionths.saturating_add(5_000_000).checked_div(10_000_000).unwrap_or(0);
    let (whole, rest) = (hundredths.checked_div(100).unwrap_or(0), hundredths.checked_rem(100).unwrap_or(0));
    format!("{whole}.{rest:02}")
}
