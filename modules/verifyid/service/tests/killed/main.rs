//! A service that is killed by `kill -9` again and again, and whose customers find that no challenge was answered twice and that nothing that
//! they were told is lost from its batch.
//!
//! The service is a process of its own with a socket, its files lie in a folder that outlives it, and the chain is held by whoever kills. Half of the kills
//! come at any moment of its work in many threads, half before each of the steps by which it changes a file, one after the other. `KILLS=500` in the
//! environment is the long form, which takes every step that there is.
//!
//! | file | tells |
//! |---|---|
//! | `chain` | the chain, and its copy in the process |
//! | `process` | the service as a process |
//! | `steps` | system calls as steps, by strace |
//! | `life` | from a start to a kill |
//! | `http` | requests, and answers that a kill cuts |
//! | `round` | what customers do and remember, and what must hold |

mod chain;
mod chance;
mod http;
mod life;
mod process;
mod round;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chance::Chance;
use life::{Kill, LIVE};
use round::{Round, Tally};
use steps::{Place, Step, Traced};

const NAME: &str = "no_kill_has_a_challenge_answered_twice_or_loses_what_was_told_from_its_batch";
/// Kills, unless the environment asks for more.
const KILLS: usize = 60;
/// From so many on every step is taken.
const KILLS_LONG: usize = 500;
/// Kills of one folder and one chain; in the long form, where each step of a first start has a folder of its own.
const KILLS_OF_A_ROUND: usize = 20;
const KILLS_OF_A_ROUND_LONG: usize = 6;
const SEED: u64 = 15;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((LIVE, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return process::live(rest);
    }
    // As other tests are listed and chosen by a part of their name.
    let mut wanted = arguments.iter().filter(|argument| !argument.starts_with('-'));
    if arguments.iter().any(|argument| argument == "--list") {
        return println!("{NAME}: test");
    }
    if wanted.clone().next().is_none() || wanted.any(|part| NAME.contains(part.as_str())) {
        no_kill_has_a_challenge_answered_twice_or_loses_what_was_told_from_its_batch();
    }
}

/// The steps at which a service is killed, in turn.
struct Steps {
    /// Of a first start, in an empty folder.
    first: Vec<Step>,
    /// Of a later one.
    later: Vec<Step>,
    /// From one to the next: all of them where there are kills enough.
    stride: usize,
    /// What all of them are about.
    places: BTreeSet<Place>,
    taken: [usize; 2],
}

impl Steps {
    /// Looks which there are. Nothing, and the reason is said, where this machine has no strace.
    fn find(chance: Chance, kills: usize) -> Option<Self> {
        if let Some(why) = steps::hindrance() {
            eprintln!("{NAME}: no kills at steps, since {why}: ./setup --peers");
            return None;
        }
        let mut round = Round::new(chance);
        let lives: Vec<Traced> = (0..4).filter_map(|_| round.live(&Kill::Late)).collect();
        round.settle();
        let places = lives.iter().flat_map(Traced::places).collect();
        let mut steps = lives.iter().map(Traced::steps);
        let (first, later) = (steps.next()?, steps.max_by_key(Vec::len)?);
        let stride = if kills >= KILLS_LONG { 1 } else { (later.len() / (kills / 2).max(1)).max(1) };
        Some(Self { first, later, stride, places, taken: [0; 2] })
    }

    fn next(&mut self, is_first: bool) -> Step {
        let (steps, taken) = match is_first {
            true => (&self.first, &mut self.taken[0]),
            false => (&self.later, &mut self.taken[1]),
        };
        let step = steps[*taken % steps.len()].clone();
        *taken += self.stride;
        step
    }
}

/// The kills, and what they have met.
struct Campaign {
    chance: Chance,
    steps: Option<Steps>,
    /// A life that nobody kills takes so many milliseconds here and now.
    life_ms: u64,
    met: BTreeMap<Place, usize>,
    kills: usize,
    sum: Tally,
}

impl Campaign {
    /// One folder and one chain to their end.
    fn round(&mut self, kills: usize) {
        let mut round = Round::new(Chance::new(self.chance.draw()));
        for number in 0..kills {
            // The first life of a folder has steps of its own.
            let is_step = number % 2 == 0;
            match self.steps.as_mut().filter(|_| is_step) {
                Some(steps) => {
                    let step = steps.next(number == 0);
                    let place = round.live(&Kill::Before(step)).and_then(|traced| traced.last());
                    place.into_iter().for_each(|place| *self.met.entry(place).or_default() += 1);
                }
                None => drop(round.live(&Kill::After(Duration::from_millis(self.chance.below(self.life_ms))))),
            }
            self.kills += 1;
        }
        let Tally { told, unheard, unheard_in_batches, again, batches, leaves, refused } = round.settle();
        self.sum.told += told;
        self.sum.unheard += unheard;
        self.sum.unheard_in_batches += unheard_in_batches;
        self.sum.again += again;
        self.sum.batches += batches;
        self.sum.leaves += leaves;
        self.sum.refused += refused;
        println!("{} kills: {:?}", self.kills, self.sum);
    }
}

#[allow(clippy::disallowed_methods, reason = "the environment asks for the long form")]
fn no_kill_has_a_challenge_answered_twice_or_loses_what_was_told_from_its_batch() {
    let kills = std::env::var("KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(KILLS);
    let begun = Instant::now();
    let mut chance = Chance::new(SEED);
    let steps = Steps::find(Chance::new(chance.draw()), kills);
    let life_ms = Round::new(Chance::new(chance.draw())).whole_life_ms();
    let mut campaign = Campaign { chance, steps, life_ms, met: BTreeMap::new(), kills: 0, sum: Tally::default() };
    let of_a_round = if kills >= KILLS_LONG { KILLS_OF_A_ROUND_LONG } else { KILLS_OF_A_ROUND };
    while campaign.kills < kills {
        campaign.round(of_a_round.min(kills - campaign.kills));
    }
    let Campaign { steps, met, kills, sum, .. } = campaign;
    for ((call, file), count) in &met {
        println!("killed {count:3} times before {call} of {file}");
    }
    // On a machine that others keep busy most lives end before anybody is told anything.
    assert!(sum.told > kills / 10 && sum.batches > kills / of_a_round / 2, "{sum:?}");
    if let Some(steps) = steps {
        let missed: Vec<&Place> = steps.places.iter().filter(|place| !met.contains_key(place)).collect();
        println!(
            "{} steps of a first start, {} of a later one; not met: {missed:?}",
            steps.first.len(),
            steps.later.len()
        );
        assert!(kills < KILLS_LONG || missed.is_empty(), "{missed:?}");
    }
    println!("test {NAME} ... ok: {kills} kills, {:.0} s", begun.elapsed().as_secs_f64());
}
