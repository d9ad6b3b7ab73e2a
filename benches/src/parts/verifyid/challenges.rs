//! Challenges at a fixed pace, whatever the node takes: each is due at its time, and what it waits for is counted from there.
//!
//! Beside it single transfers show what that costs finality. The node's memory is compared with that of a validator that asks nobody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use testnet::devnet::{Failure, LocalNetwork, NodeProcess, Outcome, Person, Plan, Stop, prepare};
use types::{ByteString, TimeMs};
use verifyid::{
    Algorithm, Allowance, DeviceId, Kind, Register, Registration, TokenRequest, VerifyId, VerifyIdCall, key_id,
};

use super::connection::Connection;
use crate::blocks::Blocks;
use crate::figures::{Figures, per, percentile, sorted};
use crate::ground::{Ground, VALIDATORS};
use crate::meter::{cpu_time, resident_mib};
use crate::parts::latency;
use crate::presigned::Crowd;

const ACCOUNTS: usize = 100;
/// Devices that take turns.
const DEVICES: u8 = 16;
/// Connections that take turns: so many verifications may be under way at once.
const CONNECTIONS: usize = 24;
const AUDIENCE: &str = "https://fleet.example";
const ASK: &str = "/api/v1/verifyid/challenges";
const ANSWER: &str = "/api/v1/verifyid/challenges/answer";
/// A registration must be final within this.
const PATIENCE: Duration = Duration::from_secs(20);
/// A device's word holds so long, in milliseconds.
const WORD_MS: u64 = 10_000;

/// How many a second, and for how long.
struct Pace {
    per_s: u64,
    count: u64,
    transfers: usize,
}

pub(super) fn measure(ground: &Ground<'_>, runs: usize) -> Outcome<Vec<Figures>> {
    // 300,000 answers are remembered at the end: one is for six minutes.
    let pace =
        Pace { per_s: 1_000, count: ground.options.size(300_000, 5_000), transfers: ground.options.size(1_000, 60) };
    (0..runs).map(|_| run(ground, &pace)).collect()
}

fn run(ground: &Ground<'_>, pace: &Pace) -> Outcome<Figures> {
    let mut crowd = Crowd::new(ACCOUNTS);
    let mut plan = Plan { accounts: crowd.balances(), ..ground.plan(&ground.options.home, VALIDATORS)? };
    plan.services = vec![verifyid_trial::TRIAL.name];
    plan.settings.extend([
        "verifyid.give_tokens=true".to_owned(),
        "verifyid.customer_challenges_per_minute_max=1000000".to_owned(),
    ]);
    let mut network = ground.create(plan, |genesis| {
        execution::edit_section::<VerifyId>(genesis, |rules| {
            rules.free = Allowance { devices: Allowance::UNLIMITED, verifications: Allowance::UNLIMITED };
        });
    })?;
    network.start(|_, _| {})?;
    let blocks = Blocks::follow(&network)?;
    let devices: Vec<Device> = (0..DEVICES).map(Device::new).collect();
    let customer = network.wallets.alice.clone();
    devices.iter().try_for_each(|device| register(&mut network, &customer, device))?;
    let token = token(&network, &customer)?;
    let calm = latency::transfers(ground, &network, &blocks, &mut crowd, pace.transfers.min(300))?;
    let before = Used::of(&network)?;
    let begun = Instant::now();
    let api = network.node(0)?.api().to_owned();
    let load = Load { api: &api, token: &token, devices: &devices, pace, begun, next: AtomicU64::new(0) };
    let stop = &ground.stop;
    let (busy, times) = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| load.work(stop))).collect();
        let busy = latency::transfers(ground, &network, &blocks, &mut crowd, pace.transfers);
        let times: Outcome<Vec<_>> =
            workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect();
        (busy, times)
    });
    let (busy, times) = (busy?, times?);
    let seconds = begun.elapsed().as_secs_f64();
    let spent = Used::of(&network)?.since(&before);
    network.stop_all()?;
    let asked = sorted(times.iter().flat_map(|times| times.asked.iter().copied()), 1_000.0);
    let verified = sorted(times.iter().flat_map(|times| times.verified.iter().copied()), 1_000.0);
    let ratio = |part: f64| per(percentile(&busy, part), percentile(&calm, part));
    Ok(Figures::from([
        ("verifications", verified.len() as f64),
        ("verifications_per_s", per(verified.len() as f64, seconds)),
        ("asked_p50_ms", percentile(&asked, 0.50)),
        ("asked_p99_ms", percentile(&asked, 0.99)),
        ("verified_p50_ms", percentile(&verified, 0.50)),
        ("verified_p99_ms", percentile(&verified, 0.99)),
        ("cpu_us_per_verification", per(spent.cpu.as_secs_f64() * 1_000_000.0, verified.len() as f64)),
        ("memory_mb", spent.memory_mib),
        ("calm_p50_ms", percentile(&calm, 0.50)),
        ("calm_p99_ms", percentile(&calm, 0.99)),
        ("busy_p50_ms", percentile(&busy, 0.50)),
        ("busy_p99_ms", percentile(&busy, 0.99)),
        ("finality_ratio_p50", ratio(0.50)),
        ("finality_ratio_p99", ratio(0.99)),
    ]))
}

/// What the asking node has used more than a validator beside it.
struct Used {
    cpu: Duration,
    memory_mib: f64,
}

impl Used {
    fn of(network: &LocalNetwork) -> Outcome<Self> {
        let pids: Vec<u32> = network.nodes.iter().filter_map(NodeProcess::pid).collect();
        let [asking, beside, ..] = pids.as_slice() else { return Err(Failure::new("there are no two nodes")) };
        let cpu = cpu_time(*asking).saturating_sub(cpu_time(*beside));
        Ok(Self { cpu, memory_mib: resident_mib(*asking) - resident_mib(*beside) })
    }

    fn since(&self, before: &Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(before.cpu), memory_mib: self.memory_mib - before.memory_mib }
    }
}

/// A device with its key.
struct Device {
    key: SigningKey,
    id: DeviceId,
}

impl Device {
    fn new(number: u8) -> Self {
        let key = SigningKey::from_bytes(&[number + 1; 32]);
        let id = DeviceId(key_id(Algorithm::Ed25519 as u8, key.verifying_key().as_bytes()));
        Self { key, id }
    }
}

fn register(network: &mut LocalNetwork, owner: &Person, device: &Device) -> Outcome<()> {
    let client = network.node(0)?.client().clone();
    let (chain_id, valid_until) = (network.chain_id(), TimeMs(client.status()?.time.0 + WORD_MS));
    let (owner_address, kind) = (owner.address(), Kind::CpuMiner as u8);
    let statement =
        Registration { chain_id, device: device.id, owner: owner_address, sender: owner_address, kind, valid_until };
    let bytes = |bytes: &[u8]| ByteString::new(bytes.to_vec()).map_err(|_| Failure::new("a key is too long"));
    let possession = ByteString::new(device.key.sign(&statement.to_bytes()).to_bytes().to_vec())
        .map_err(|_| Failure::new("a signature is too long"))?;
    let key = bytes(device.key.verifying_key().as_bytes())?;
    let algorithm = Algorithm::Ed25519 as u8;
    let call = VerifyIdCall::Register(Register { owner: owner_address, kind, algorithm, key, valid_until, possession });
    let call = call.to_call().ok_or_else(|| Failure::new("a registration is too long"))?;
    let transaction = prepare(&client, &network.chain, &owner.key, call)?;
    let done = wallet::delivery::submit_and_wait(&client, &mut network.chain, &transaction, PATIENCE, &mut ())?;
    if done.receipt.code == 0 { Ok(()) } else { Err(Failure::new(format!("a registration: {}", done.receipt.name))) }
}

/// A customer's token of node 0.
fn token(network: &LocalNetwork, customer: &Person) -> Outcome<String> {
    let node = network.nodes.first().ok_or_else(|| Failure::new("there are no nodes"))?;
    let client = node.client();
    let keys: Value = client.get_at("/.well-known/jwks.json")?;
    let kid = keys["keys"][0]["kid"].as_str().ok_or_else(|| Failure::new("the key set names no key"))?;
    let issued = client.status()?.time;
    let statement = TokenRequest { chain_id: network.chain_id(), account: customer.address(), kid, issued };
    let signature = customer.key.sign(&types::Hash32(crypto::hash::sha256(&statement.to_bytes())));
    let question = json!({ "account": customer.text(), "public_key": customer.key.public_key().to_string(),
        "issued_at": issued.0, "signature": signature.to_string() });
    let given: Value = client.post_at("/api/v1/verifyid/token", &question)?;
    given["token"].as_str().map(str::to_owned).ok_or_else(|| Failure::new(format!("no token: {given}")))
}

/// What all workers do together.
struct Load<'a> {
    api: &'a str,
    token: &'a str,
    devices: &'a [Device],
    pace: &'a Pace,
    begun: Instant,
    next: AtomicU64,
}

/// How long each took, from when it was due.
#[derive(Default)]
struct Times {
    asked: Vec<Duration>,
    verified: Vec<Duration>,
}

impl Load<'_> {
    /// Takes what is due next, until all are done.
    fn work(&self, stop: &Stop) -> Outcome<Times> {
        let mut connection = Connection::new(self.api, self.token)?;
        let mut times = Times::default();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.pace.count {
                return Ok(times);
            }
            let due = self.begun + Duration::from_micros(number.saturating_mul(1_000_000) / self.pace.per_s.max(1));
            stop.pause(due.saturating_duration_since(Instant::now()))?;
            let turn = usize::try_from(number).unwrap_or_default() % self.devices.len().max(1);
            let device = self.devices.get(turn).ok_or_else(|| Failure::new("there are no devices"))?;
            let question = json!({ "device": device.id.0.to_string(), "audience": AUDIENCE, "purpose": "presence" });
            let asked = connection.post(ASK, &question, 201)?;
            times.asked.push(due.elapsed());
            let preimage = asked["preimage"].as_str().and_then(|digits| hex::decode(digits).ok());
            let preimage = preimage.ok_or_else(|| Failure::new("a challenge without a preimage"))?;
            let signature = hex::encode(device.key.sign(&preimage).to_bytes());
            connection.post(ANSWER, &json!({ "challenge": asked["challenge"], "answer": signature }), 200)?;
            times.verified.push(due.elapsed());
        }
    }
}
