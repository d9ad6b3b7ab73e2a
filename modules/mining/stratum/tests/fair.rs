//! Whoever hashes as much is credited as much, whatever games are played with difficulties, sessions and connections.
//!
//! Miners hash for real, at difficulties at which a share takes a few hashes. FAULTS RD5.

mod rig;

use std::collections::{BTreeMap, BTreeSet};

use pow::Difficulty;
use rig::{Found, Miner, POOLED, Rig, WireJob, code, template, user};
use stratum::{Entry, Template};
use types::Hash32;

/// How far what was credited may be from what was done: chance makes it 1 %.
const TOLERANCE: f64 = 0.03;
const ROUNDS: u32 = 200;
/// Hashes per round and search space.
const HASHES: u32 = 300;
/// Difficulties that are played with, in billionths.
const RUNGS: [u32; 4] = [1, 4, 16, 64];

fn billionths(difficulty: Option<f64>) -> u128 {
    (difficulty.expect("it was told") * 1e9).round() as u128
}

/// All that a header is made of, but extranonce2, time and nonce.
fn space(miner: &Miner, job: &WireJob) -> Vec<u8> {
    let header = job.header(&miner.extranonce1, [0; 8], job.time, 0, job.version);
    [&job.coinbase1[..], &miner.extranonce1, &job.coinbase2, &header.to_bytes()].concat()
}

/// A header that was hashed.
struct Hashed {
    space: Vec<u8>,
    found: Found,
}

/// A miner who hashes each header once, keeps what it found, and hands each in for the heaviest job that it meets.
struct Player {
    miner: Miner,
    kept: Vec<Hashed>,
    hashes: u64,
}

impl Player {
    fn new(miner: Miner) -> Self {
        Self { miner, kept: Vec::new(), hashes: 0 }
    }

    fn suggest(&mut self, rig: &mut Rig, billionths: u32) {
        let wanted = f64::from(billionths) / 1e9;
        rig.ask(self.miner.connection, "mining.suggest_difficulty", &format!("[{wanted:.9}]"));
        self.miner.listen(rig);
    }

    /// Hashes in every space of the jobs that are held.
    fn hash(&mut self) {
        let newest = self.miner.job().previous;
        self.miner.jobs.retain(|job| job.previous == newest);
        let jobs: BTreeMap<Vec<u8>, WireJob> =
            self.miner.jobs.iter().map(|job| (space(&self.miner, job), job.clone())).collect();
        for (space, job) in jobs {
            for _ in 0..HASHES {
                self.hashes += 1;
                self.miner.counter += 1;
                let extranonce2 = self.miner.counter.to_be_bytes();
                let hash = job.header(&self.miner.extranonce1, extranonce2, job.time, 7, job.version).hash();
                if Difficulty::MIN.target().is_met_by(&hash) {
                    let found = Found { job: job.id.clone(), extranonce2, time: job.time, nonce: 7, hash };
                    self.kept.push(Hashed { space: space.clone(), found });
                }
            }
        }
    }

    /// Hands in what is worth most now, and keeps the rest.
    fn hand_in(&mut self, rig: &mut Rig) {
        let jobs: Vec<_> = self.miner.jobs.iter().map(|job| (space(&self.miner, job), job.clone())).collect();
        let mut rest = Vec::new();
        for hashed in std::mem::take(&mut self.kept) {
            let meets = |job: &WireJob| {
                let difficulty = Difficulty::from_billionths(billionths(job.difficulty)).expect("above zero");
                difficulty.target().is_met_by(&hashed.found.hash)
            };
            let same = jobs.iter().filter(|(space, job)| *space == hashed.space && meets(job)).map(|(_, job)| job);
            let Some(best) = same.max_by_key(|job| billionths(job.difficulty)) else {
                rest.push(hashed);
                continue;
            };
            rig.now_ms += 250;
            let found = Found { job: best.id.clone(), ..hashed.found };
            let answer = self.miner.submit(rig, &found);
            assert!(matches!(code(&answer), 0 | 21), "{answer}");
        }
        self.kept = rest;
        let surplus = self.miner.jobs.len().saturating_sub(8);
        self.miner.jobs.drain(..surplus);
    }

    fn come_back(&mut self, rig: &mut Rig) {
        rig.hang_up(self.miner.connection);
        self.miner.connection = rig.connect(POOLED);
        let resume = format!(r#"["x","{}"]"#, self.miner.session);
        let answer = rig.ask(self.miner.connection, "mining.subscribe", &resume);
        assert_eq!(answer["result"][1], hex::encode(&self.miner.extranonce1));
        rig.ask(self.miner.connection, "mining.authorize", &format!(r#"["{}","x"]"#, self.miner.user));
        self.miner.listen(rig);
    }
}

/// What is credited for each unit of work.
fn earned(mut play: impl FnMut(&mut Rig, &mut Player, u32)) -> f64 {
    let mut rig = Rig::new();
    let mut height = 1;
    rig.work(template(height));
    let mut player = Player::new(rig.miner(POOLED, &user(1, "rig")));
    for round in 0..ROUNDS {
        rig.now_ms += 10_000;
        play(&mut rig, &mut player, round);
        match round % 20 {
            19 => {
                height += 1;
                rig.work(template(height));
            }
            // A younger anchor.
            9 => rig.work(Template { anchor: Hash32([round as u8; 32]), ..template(height) }),
            _ => {}
        }
        player.miner.listen(&mut rig);
    }
    assert!(rig.closed.is_empty(), "nothing of it is an offence: {:?}", rig.closed);
    let weight = |entry: &Entry| if let Entry::Share(share) = entry { share.billionths } else { 0 };
    let credited: u128 = rig.saved.iter().map(weight).sum();
    credited as f64 / 1e9 / (player.hashes as f64 / 4_295_032_833.0)
}

fn assert_fair(name: &str, earned: f64) {
    assert!((1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(&earned), "{name} earns {earned}");
}

#[test]
fn a_miner_that_takes_what_comes_earns_what_it_does() {
    assert_fair(
        "the steady one",
        earned(|rig, player, _| {
            player.hash();
            player.hand_in(rig);
        }),
    );
}

#[test]
fn a_ladder_of_difficulties_upwards_downwards_and_at_random_earns_no_more() {
    let up = |rig: &mut Rig, player: &mut Player, _| {
        RUNGS.iter().for_each(|rung| player.suggest(rig, *rung));
        player.hash();
        player.hand_in(rig);
    };
    assert_fair("up", earned(up));
    // What is too light for a heavy job is kept for the lighter one that follows.
    let down = |rig: &mut Rig, player: &mut Player, _| {
        for rung in RUNGS.iter().rev() {
            player.suggest(rig, *rung);
            if *rung == 64 {
                player.hash();
            }
            player.hand_in(rig);
        }
    };
    assert_fair("down", earned(down));
    let random = |rig: &mut Rig, player: &mut Player, round: u32| {
        for step in 0..3 {
            player.suggest(rig, RUNGS[(round.wrapping_mul(2_654_435_761) >> (step + 4)) as usize % RUNGS.len()]);
        }
        player.hash();
        player.hand_in(rig);
    };
    assert_fair("at random", earned(random));
}

#[test]
fn coming_back_on_the_same_session_with_another_difficulty_earns_no_more() {
    let play = |rig: &mut Rig, player: &mut Player, round: u32| {
        player.suggest(rig, RUNGS[round as usize % RUNGS.len()]);
        player.hash();
        player.come_back(rig);
        player.suggest(rig, RUNGS[(round as usize + 1) % RUNGS.len()]);
        player.hand_in(rig);
    };
    let earned = earned(play);
    // Jobs that were not taken along are stale, which costs only who plays.
    assert!(earned <= 1.0 + TOLERANCE, "{earned}");
}

#[test]
fn no_two_jobs_of_different_difficulty_ever_share_a_search_space() {
    let mut rig = Rig::new();
    rig.work(template(1));
    let mut player = Player::new(rig.miner(POOLED, &user(1, "rig")));
    let mut others: Vec<Miner> = (0..3).map(|_| rig.miner(POOLED, &user(1, "rig"))).collect();
    let mut spaces: BTreeMap<Vec<u8>, BTreeSet<u128>> = BTreeMap::new();
    for round in 0_u32..600 {
        let dice = round.wrapping_mul(2_654_435_761) >> 8;
        rig.now_ms += 5_000;
        match dice % 5 {
            0 => player.come_back(&mut rig),
            1 => rig.work(Template { anchor: Hash32([dice as u8 % 4; 32]), ..template(1 + u64::from(round / 50)) }),
            2 => rig.wait(30_000),
            _ => player.suggest(&mut rig, RUNGS[dice as usize / 5 % RUNGS.len()]),
        }
        player.miner.listen(&mut rig);
        others.iter_mut().for_each(|other| {
            other.listen(&mut rig);
        });
        for miner in others.iter().chain([&player.miner]) {
            for job in &miner.jobs {
                spaces.entry(space(miner, job)).or_default().insert(billionths(job.difficulty));
            }
        }
        player.miner.jobs.clear();
    }
    let shared = spaces.values().filter(|difficulties| difficulties.len() > 1).count();
    assert!(spaces.len() > 100 && shared == 0, "{shared} of {}", spaces.len());
}
