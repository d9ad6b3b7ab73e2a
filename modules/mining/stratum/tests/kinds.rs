//! All kinds of machines side by side in one pool, over real sockets: each is credited what it hashed. FAULTS RM-POOL.
//!
//! What was hashed is counted, not timed: machines hash for real, at difficulties at which a share takes some ten to some hundred
//! hashes. The clock of the pool is set by hand, so that difficulties follow rates as they do in hours of mining, and so that
//! nothing depends on how busy the computer is.

#[path = "kinds/machine.rs"]
mod machine;
#[path = "kinds/pool.rs"]
mod pool;
mod rig;

use machine::{ANYTHING, Found, Habit, Machine};
use pool::Pool;
use types::Address;

/// How far a kind's credit may be from what it hashed.
const TOLERANCE: f64 = 0.05;
/// What chance may make of it: one deviation, so that the tolerance is four of them.
const CHANCE: f64 = 0.012_5;
/// Hashes of one unit of difficulty.
const HASHES_PER_BILLIONTH: f64 = 4.295_032_833;
const ROUND_MS: u64 = 10_000;
const ROUNDS: u64 = 3_200;
/// A work takes so many rounds.
const WORK_ROUNDS: u64 = 12;
/// Difficulties that are suggested, in billionths.
const RUNGS: [u128; 4] = [2, 8, 32, 64];
/// More than any machine here could ever meet.
const FAR_ABOVE: u128 = 1_000_000_000_000_000_000;

/// What a machine does other than to hash and tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Play {
    TakesWhatComes,
    Climbs,
    Descends,
    Wanders,
    /// Loses its connection before it could tell, and takes up its session.
    Resumes,
    /// Hands in everything twice, and again on a new connection.
    Repeats,
    /// Holds back the last shares of a work: in turn until the grace period, and until after it.
    ComesLate,
    /// Suggests what it can never meet, and connects again.
    Boasts,
}

/// What is to be known of a kind.
struct Plan {
    name: &'static str,
    play: Play,
    /// So many machines under one name.
    count: usize,
    /// Of each of them, in each round.
    hashes: u64,
    habit: Habit,
}

struct Kind {
    plan: Plan,
    address: Address,
    machines: Vec<Machine>,
    held: Vec<Found>,
    /// Hashes for what was handed in too late.
    late_hashes: u64,
}

fn user(address: Address) -> String {
    format!("{}.rig", address.to_legacy_text())
}

impl Kind {
    async fn enter(pool: &Pool, address: Address, plan: Plan) -> Self {
        let mut machines = Vec::new();
        for _ in 0..plan.count {
            machines.push(Machine::connect(pool, &user(address), plan.habit).await);
        }
        Self { plan, address, machines, held: Vec::new(), late_hashes: 0 }
    }

    async fn play(&mut self, pool: &Pool, round: u64) -> Vec<Found> {
        let mut told = Vec::new();
        for index in 0..self.machines.len() {
            told.extend(self.play_one(pool, index, round).await);
        }
        told
    }

    /// Gives back what it told.
    async fn play_one(&mut self, pool: &Pool, index: usize, round: u64) -> Vec<Found> {
        let (machine, hashes, name) = (&mut self.machines[index], self.plan.hashes, self.plan.name);
        match self.plan.play {
            Play::TakesWhatComes => {
                // Where there are several, one at a time connects anew.
                if index > 0 && round % 40 == 8 * index as u64 {
                    machine.come_back(pool, false).await;
                }
            }
            Play::Climbs | Play::Descends | Play::Wanders => {
                // Two in a round, because requests are counted.
                for step in [2 * round, 2 * round + 1] {
                    let rung = match self.plan.play {
                        Play::Climbs => step,
                        Play::Descends => u64::MAX - step,
                        _ => step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40,
                    };
                    machine.suggest(RUNGS[rung as usize % RUNGS.len()]).await;
                    let found = machine.hash(hashes / 2);
                    assert_all(0, &machine.tell(&found).await, name);
                }
                return Vec::new();
            }
            Play::Resumes if round.is_multiple_of(5) => {
                let found = machine.hash(hashes);
                machine.come_back(pool, true).await;
                assert_all(0, &machine.tell(&found).await, name);
                return found;
            }
            Play::Repeats => {
                let found = machine.hash(hashes);
                assert_all(0, &machine.tell(&found).await, name);
                assert_all(22, &machine.tell(&found).await, name);
                if round.is_multiple_of(5) {
                    machine.come_back(pool, true).await;
                    assert_all(22, &machine.tell(&found).await, name);
                }
                return found;
            }
            Play::Boasts if round.is_multiple_of(40) => machine.suggest(FAR_ABOVE).await,
            Play::Boasts if round % 40 == 1 => machine.come_back(pool, false).await,
            Play::ComesLate => return self.come_late(round).await,
            Play::Resumes | Play::Boasts => {}
        }
        let machine = &mut self.machines[index];
        let found = machine.hash(hashes);
        assert_all(0, &machine.tell(&found).await, name);
        found
    }

    async fn come_late(&mut self, round: u64) -> Vec<Found> {
        let machine = &mut self.machines[0];
        let found = machine.hash(self.plan.hashes);
        let is_too_late = round / WORK_ROUNDS % 2 == 1;
        match round % WORK_ROUNDS {
            0 if !is_too_late => assert_all(0, &machine.tell(&std::mem::take(&mut self.held)).await, self.plan.name),
            1 if is_too_late => assert_all(21, &machine.tell(&std::mem::take(&mut self.held)).await, self.plan.name),
            11 => {
                // Told in the work that follows.
                self.late_hashes += if is_too_late { 0 } else { self.plan.hashes };
                self.held = found;
                return Vec::new();
            }
            _ => {}
        }
        assert_all(0, &machine.tell(&found).await, self.plan.name);
        found
    }

    fn hashes(&self) -> u64 {
        self.machines.iter().map(|machine| machine.hashes).sum::<u64>() - self.late_hashes
    }

    /// One deviation of its credit, in parts of it.
    fn chance(&self) -> f64 {
        let asked: u128 = self.machines.iter().map(|machine| machine.asked).sum();
        (asked as f64 * HASHES_PER_BILLIONTH).sqrt() / self.hashes() as f64
    }
}

fn assert_all(wanted: u64, codes: &[u64], name: &str) {
    assert!(codes.iter().all(|code| *code == wanted), "{name}: {codes:?}, and not {wanted}");
}

/// The kinds. Whoever comes late stands first, so that its turn is within the grace period.
async fn kinds(pool: &Pool) -> Vec<Kind> {
    let plain = Habit::default();
    let silent = |tells_from| Habit { tells_from, ..plain };
    let list = [
        ("comes late", Play::ComesLate, 1, 160, plain),
        ("takes what comes", Play::TakesWhatComes, 1, 160, plain),
        ("many of one name", Play::TakesWhatComes, 5, 50, plain),
        // As a Block Erupter, which tells no share below 1 and has a rate that asks for 0.3.
        ("silent below", Play::TakesWhatComes, 4, 200, silent(64)),
        ("silent below about what fits it", Play::TakesWhatComes, 1, 240, silent(20)),
        ("climbs", Play::Climbs, 1, 280, plain),
        ("descends", Play::Descends, 1, 280, plain),
        ("wanders", Play::Wanders, 1, 280, plain),
        ("resumes", Play::Resumes, 1, 160, plain),
        ("repeats", Play::Repeats, 1, 160, plain),
        ("boasts", Play::Boasts, 3, 240, plain),
        ("rolls versions", Play::TakesWhatComes, 1, 160, Habit { rolls_versions: true, ..plain }),
        ("rolls times", Play::TakesWhatComes, 1, 160, Habit { rolls_times: true, ..plain }),
    ];
    let mut kinds = Vec::new();
    for (number, (name, play, count, hashes, habit)) in (1..).zip(list) {
        kinds.push(Kind::enter(pool, Address([number; 20]), Plan { name, play, count, hashes, habit }).await);
    }
    kinds
}

/// Who hashes nothing and hands in what others found, or what nobody did.
struct Cheat {
    machine: Machine,
    /// Connected in the name of the one that it copies.
    twin: Machine,
}

const CHEAT: Address = Address([0xcc; 20]);
const FLOOD: Address = Address([0xcd; 20]);

impl Cheat {
    async fn enter(pool: &Pool, victim: &Kind) -> Self {
        let machine = Machine::connect(pool, &user(CHEAT), Habit::default()).await;
        let twin = Machine::connect(pool, &user(victim.address), Habit::default()).await;
        Self { machine, twin }
    }

    /// Hands in the shares of another connection, as they are and for jobs of its own.
    async fn play(&mut self, copied: &[Found]) {
        assert_all(21, &self.machine.tell(copied).await, "the cheat");
        assert_all(21, &self.twin.tell(copied).await, "the cheat's twin");
        let job = self.machine.job().id.clone();
        let own = copied.iter().map(|found| Found { job: job.clone(), version_bits: None, ..found.clone() });
        // What counts by chance would be a share as good as any; what does not, is one of another's extranonce or too light.
        let light: Vec<Found> = own.filter(|found| !self.machine.would_count(found)).take(1).collect();
        assert_all(23, &self.machine.tell(&light).await, "the cheat");
    }

    /// Asks for the session of one that is connected.
    async fn steal(&self, pool: &Pool, victim: &Machine) {
        let mut thief = Machine::connect(pool, &user(CHEAT), Habit::default()).await;
        let answer = thief.ask(&[("mining.subscribe", serde_json::json!(["kinds", victim.session]))]).await;
        assert_ne!(answer[0]["result"][1], hex::encode(&victim.extranonce1));
    }
}

/// A worker that hands in light shares without end is banned, alone of all at its IP address.
async fn flood(pool: &Pool) {
    let mut machine = Machine::connect(pool, &user(FLOOD), Habit::default()).await;
    let job = machine.job().clone();
    let any = (0..).map(|nonce| Found {
        job: job.id.clone(),
        extranonce2: "00".repeat(8),
        time: job.time,
        nonce,
        version_bits: None,
    });
    let light: Vec<Found> = any.filter(|found| !machine.would_count(found)).take(40).collect();
    assert_eq!(machine.tell(&light).await, [23; 13], "then the connection is closed");
}

// FAULTS RM-POOL
#[tokio::test]
async fn every_kind_of_machine_is_credited_what_it_hashed_and_whoever_hashes_nothing_is_credited_nothing() {
    let mut pool = Pool::start().await;
    pool.wait(0).await;
    let mut kinds = kinds(&pool).await;
    let mut cheat = Cheat::enter(&pool, &kinds[1]).await;
    for round in 0..ROUNDS {
        if round > 0 && round.is_multiple_of(WORK_ROUNDS) {
            pool.next_work();
        }
        let machines = kinds.iter_mut().flat_map(|kind| &mut kind.machines);
        let mut machines: Vec<&mut Machine> = machines.chain([&mut cheat.machine, &mut cheat.twin]).collect();
        for machine in &mut machines {
            machine.say(&[ANYTHING]).await;
        }
        for machine in machines {
            machine.take_up(&pool).await;
        }
        let turn_ms = ROUND_MS / kinds.len() as u64;
        let mut copied = Vec::new();
        for kind in &mut kinds {
            let told = kind.play(&pool, round).await;
            if kind.plan.play == Play::TakesWhatComes {
                copied.extend(told.into_iter().take(1));
            }
            pool.wait(turn_ms).await;
        }
        cheat.play(&copied).await;
    }
    cheat.steal(&pool, &kinds[1].machines[0]).await;
    flood(&pool).await;
    assert_due(&pool, &kinds).await;
    pool.stop().await;
}

async fn assert_due(pool: &Pool, kinds: &[Kind]) {
    let metrics = pool.metrics().await;
    assert_eq!(metrics.bans, 1, "the flood's");
    pool.income(1_000_000_000_000).await;
    let addresses = kinds.iter().map(|kind| kind.address).chain([CHEAT, FLOOD]).collect();
    let owed = pool.owed(addresses).await;
    assert_eq!(owed[kinds.len()..], [0, 0], "who hashes nothing is owed nothing");
    let (all_owed, all_hashes) = (owed.iter().sum::<u128>(), kinds.iter().map(Kind::hashes).sum::<u64>());
    let mut unfair = Vec::new();
    for (kind, owed) in kinds.iter().zip(owed) {
        let hashes = kind.hashes() as f64;
        let credited = pool.credited(kind.address).await as f64 * HASHES_PER_BILLIONTH / hashes;
        let paid = owed as f64 / all_owed as f64 / (hashes / all_hashes as f64);
        let says = format!("{}: {credited:.3} credited, {paid:.3} paid, chance {:.4}", kind.plan.name, kind.chance());
        println!("{says}, {} hashes", kind.hashes());
        let due = 1.0 - TOLERANCE..=1.0 + TOLERANCE;
        if !due.contains(&credited) || !due.contains(&paid) || kind.chance() > CHANCE {
            unfair.push(says);
        }
    }
    assert!(unfair.is_empty(), "{unfair:#?}");
}
