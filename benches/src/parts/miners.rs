//! What miners cost finality: single transfers on a network with nothing else to do, while a thousand machines mine at one of its
//! nodes, and while strangers attack the port besides.
//!
//! Shares of the chain are so easy here that the machines find as many as work heights take: a work as often as the chain allows
//! one, and a thousand shares between two.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use testnet::devnet::{Failure, LocalNetwork, Outcome, Plan};

use super::latency;
use crate::blocks::Blocks;
use crate::figures::{Figures, Findings, per, percentile};
use crate::ground::{Ground, VALIDATORS};
use crate::hostile::Hostile;
use crate::machines::Machines;
use crate::presigned::Crowd;

const ACCOUNTS: usize = 100;
/// Works take 2^20 hashes on average, and shares 2^14.
const LAUNCH_BITS: u32 = 0x1e10_0000;
/// After an attack, until its connections are closed.
const SETTLE: Duration = Duration::from_secs(5);
/// Connections that the node lets in: all machines and all strangers.
const CONNECTIONS_MAX: usize = 12_000;

/// What is measured, and how much of it.
struct Case {
    transfers: usize,
    machines: usize,
    silent: usize,
    /// So many times longer under attack.
    attack: usize,
}

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let case = Case {
        transfers: ground.options.size(300, 60),
        machines: ground.options.size(1_000, 100),
        silent: ground.options.size(10_000, 500),
        attack: ground.options.size(4, 1),
    };
    let crowd = Crowd::new(ACCOUNTS);
    let mut plan = Plan { accounts: crowd.balances(), ..ground.plan(&ground.options.home, VALIDATORS)? };
    plan.services = vec![mining_trial::TRIAL.name];
    plan.settings.extend([
        "mining.difficulty=0.000001".to_owned(),
        "mining.difficulty_min=0.000001".to_owned(),
        format!("mining.connections_max={CONNECTIONS_MAX}"),
        format!("mining.connections_per_ip_max={CONNECTIONS_MAX}"),
    ]);
    let mut network = ground.create(plan, |genesis| {
        execution::edit_section::<mining::Mining>(genesis, |mining| mining.launch_bits = LAUNCH_BITS);
    })?;
    network.start(|_, _| {})?;
    let mut trial = Trial { ground, blocks: Blocks::follow(&network)?, crowd, network: &network };
    let runs = (0..ground.options.runs()).map(|_| trial.run(&case)).collect::<Outcome<_>>();
    drop(trial);
    network.stop_all()?;
    runs.map(Findings::Whole)
}

struct Trial<'a> {
    ground: &'a Ground<'a>,
    network: &'a LocalNetwork,
    blocks: Blocks,
    crowd: Crowd,
}

impl Trial<'_> {
    fn run(&mut self, case: &Case) -> Outcome<Figures> {
        let port = SocketAddr::from((Ipv4Addr::LOCALHOST, mining_trial::miners_port(self.network.plan.ports, 0)));
        self.ground.stop.pause(SETTLE)?;
        let calm = self.latencies(case.transfers)?;
        let machines = Machines::start(port, case.machines)?;
        let (begun, accepted, proofs) = (Instant::now(), accepted(&machines), self.proofs()?);
        let mined = self.latencies(case.transfers)?;
        let seconds = begun.elapsed().as_secs_f64();
        let shares = per((self::accepted(&machines) - accepted) as f64, seconds);
        let counted = per((self.proofs()? - proofs) as f64, seconds);
        let (before, hostile) = (self::accepted(&machines), Hostile::start(port, case.silent)?);
        let begun = Instant::now();
        let attacked = self.latencies(case.transfers * case.attack)?;
        let seconds = begun.elapsed().as_secs_f64();
        machines.check()?;
        let under_attack = per((self::accepted(&machines) - before) as f64, seconds);
        let left = hostile.still_silent();
        if left < hostile.silent || under_attack * 2.0 < shares {
            return Err(Failure::new(format!(
                "under attack {left} of {} silent connections are left, and {under_attack:.0} of {shares:.0} shares a second",
                hostile.silent
            )));
        }
        let ratio = |times: &[f64], part: f64| per(percentile(times, part), percentile(&calm, part));
        Ok(Figures::from([
            ("calm_p50_ms", percentile(&calm, 0.50)),
            ("calm_p99_ms", percentile(&calm, 0.99)),
            ("mined_p50_ms", percentile(&mined, 0.50)),
            ("mined_p99_ms", percentile(&mined, 0.99)),
            ("attacked_p50_ms", percentile(&attacked, 0.50)),
            ("attacked_p99_ms", percentile(&attacked, 0.99)),
            ("mined_ratio_p50", ratio(&mined, 0.50)),
            ("mined_ratio_p99", ratio(&mined, 0.99)),
            ("attacked_ratio_p50", ratio(&attacked, 0.50)),
            ("attacked_ratio_p99", ratio(&attacked, 0.99)),
            ("machines", case.machines as f64),
            ("shares_per_s", shares),
            ("shares_per_s_attacked", under_attack),
            ("shares_in_blocks_per_s", counted),
            ("attempts_per_s", per(hostile.attempts.load(Ordering::Relaxed) as f64, seconds)),
            ("attack_s", seconds),
            ("silent_connections", hostile.silent as f64),
            ("silent_connections_left", left as f64),
        ]))
    }

    /// Of single transfers, in milliseconds, sorted.
    fn latencies(&mut self, transfers: usize) -> Outcome<Vec<f64>> {
        latency::transfers(self.ground, self.network, &self.blocks, &mut self.crowd, transfers)
    }

    /// Proofs that stand in blocks, by the chain's own count.
    fn proofs(&self) -> Outcome<u64> {
        let node = self.network.nodes.first().ok_or_else(|| Failure::new("there are no nodes"))?;
        Ok(mining_client::info(node.client())?.shares_total)
    }
}

fn accepted(machines: &Machines) -> u64 {
    machines.counts.accepted.load(Ordering::Relaxed)
}
