//! The difficulty while another miner comes and goes: it follows the hash rate, both ways.
//!
//! The other miner is three times as fast as the first where the processor can, since a doubling is little beside the luck of some
//! works, and beside the time in which news of a work travels, which is longer on a busy machine. The difficulty is judged over
//! many works, and against the rate that the miners tell. That every single nBits is right is what the books check.

use std::time::{Duration, Instant};

use serde::Serialize;
use testnet::devnet::{Failure, Outcome, Person};

use super::miner::{Miner, Speed};
use super::watched::Watched;

/// After so many half-lives the difficulty is where it belongs.
const SETTLED_HALF_LIVES: u64 = 4;
/// Over so many works it is judged: their mean is within a sixth of the right one in two of three cases.
const WORKS: usize = 40;
/// They must come within this.
const PATIENCE: Duration = Duration::from_secs(90);
/// Judged anew so often at most: works are luck.
const ATTEMPTS: u32 = 3;
/// The rate must change by this factor at least, or the machine is too busy to try anything.
const CHANGE_MIN: f64 = 1.6;
/// The difficulty must change by a power of the rate's factor with an exponent between these: one, but for luck.
const EXPONENTS: std::ops::RangeInclusive<f64> = 0.5..=1.5;

/// Difficulty and rate over some works.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Level {
    /// What a work takes, in hashes, on average.
    pub(super) hashes_per_work: f64,
    /// What the miners do in a second.
    pub(super) hashes_per_second: f64,
    /// Between two works, in milliseconds.
    pub(super) spacing_ms: f64,
}

/// With one miner, with two, with one again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Followed {
    /// With one miner.
    pub(super) alone: Level,
    /// With two.
    pub(super) faster: Level,
    /// With one again.
    pub(super) slower: Level,
}

/// Starts a second miner beside `first`, and ends it.
///
/// # Errors
/// When the difficulty does not follow.
pub(super) fn follows(watched: &mut Watched<'_>, payee: &Person, first: &Miner) -> Outcome<Followed> {
    (watched.say)(&format!(
        "whether the difficulty follows the hash rate, with one miner, with two, and with one again: {WORKS} works each, some minutes in all"
    ));
    settle(watched)?;
    let alone = measure(watched, &[first])?;
    tell(watched, "one miner", &alone);
    let second = watched.miner(payee, "second", Speed::Brisk)?;
    settle(watched)?;
    let faster = judge(watched, &[first, &second], &alone, "two miners")?;
    drop(second);
    settle(watched)?;
    let slower = judge(watched, &[first], &faster, "one miner again")?;
    Ok(Followed { alone, faster, slower })
}

/// Measures until the difficulty has changed as the rate has.
fn judge(watched: &mut Watched<'_>, miners: &[&Miner], before: &Level, what: &str) -> Outcome<Level> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let level = measure(watched, miners)?;
        tell(watched, what, &level);
        let rate = level.hashes_per_second / before.hashes_per_second;
        let difficulty = level.hashes_per_work / before.hashes_per_work;
        let exponent = difficulty.ln() / rate.ln();
        if rate.max(1.0 / rate) >= CHANGE_MIN && EXPONENTS.contains(&exponent) {
            return Ok(level);
        }
        (watched.say)(&format!(
            "{what}: the rate is {rate:.2} times what it was, the difficulty {difficulty:.2} times; measured again"
        ));
        last = Some((rate, difficulty));
    }
    let (rate, difficulty) = last.unwrap_or_default();
    Err(Failure::new(format!(
        "with {what} the hash rate is {rate:.2} times what it was and the difficulty {difficulty:.2} times: the first must \
         change by a factor of {CHANGE_MIN} (is this machine too busy?), and the second follow"
    )))
}

fn tell(watched: &Watched<'_>, what: &str, level: &Level) {
    let Level { hashes_per_work, hashes_per_second, spacing_ms } = level;
    let (work, rate) = (hashes_per_work / 1e6, hashes_per_second / 1e6);
    (watched.say)(&format!("{what}: {rate:.2} MH/s, a work takes {work:.2} MH, one comes every {spacing_ms:.0} ms"));
}

fn settle(watched: &mut Watched<'_>) -> Outcome<()> {
    let span_ms = SETTLED_HALF_LIVES * watched.books.half_life_ms();
    let end_ms = watched.books.time_ms + span_ms;
    watched.follow_until(0, "the difficulty to settle", PATIENCE, |books| {
        if books.time_ms >= end_ms { Ok(()) } else { Err(format!("{} ms are left", end_ms - books.time_ms)) }
    })
}

fn measure(watched: &mut Watched<'_>, miners: &[&Miner]) -> Outcome<Level> {
    let hashes = || miners.iter().map(|miner| miner.told().hashes).sum::<u64>();
    watched.follow(0)?;
    let (first, begun, before) = (watched.books.works.len(), Instant::now(), hashes());
    watched.follow_until(0, "works", PATIENCE, |books| {
        let found = books.works.len() - first;
        if found >= WORKS { Ok(()) } else { Err(format!("{found} of {WORKS} were found")) }
    })?;
    let hashes_per_second = hashes().saturating_sub(before) as f64 / begun.elapsed().as_secs_f64();
    let works = watched.books.works.get(first..).unwrap_or_default();
    let (Some(oldest), Some(newest)) = (works.first(), works.last()) else { return Err(Failure::new("no works")) };
    let count = works.len() as f64;
    Ok(Level {
        hashes_per_work: works.iter().map(|work| work.hashes as f64).sum::<f64>() / count,
        hashes_per_second,
        spacing_ms: (newest.time_ms - oldest.time_ms) as f64 / (count - 1.0),
    })
}
