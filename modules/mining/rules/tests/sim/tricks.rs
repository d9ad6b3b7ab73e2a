//! What tricks earn: coming and going, withholding works, and filling blocks with shares.
//!
//! The model is the rule at a steady hash rate: a share is found by everybody in proportion to its rate, each 64th is a work, the
//! finder gets a sixteenth and the last 512 shares the rest. Figures are parts of a million of the miners' reward.

use std::collections::VecDeque;

use crate::random::Random;

const SHARES_PER_WORK: u64 = 64;
const WINDOW: usize = 512;
/// A miner's part of a reward, in units of which a work pays 16 · 512.
const FINDER: u64 = WINDOW as u64;
const PER_SHARE: u64 = 15;
const REWARD: u64 = 16 * WINDOW as u64;

/// Two miners: the trickster and all others.
#[derive(Default)]
struct Pay {
    trickster: u64,
    others: u64,
}

struct Chain {
    window: VecDeque<bool>,
    pay: Pay,
}

impl Chain {
    fn new() -> Self {
        Self { window: std::iter::repeat_n(false, WINDOW).collect(), pay: Pay::default() }
    }

    fn share(&mut self, by_trickster: bool) {
        self.window.push_back(by_trickster);
        self.window.pop_front();
    }

    fn work(&mut self, by_trickster: bool) {
        self.share(by_trickster);
        let mine = self.window.iter().filter(|share| **share).count() as u64;
        self.pay.trickster += mine * PER_SHARE + if by_trickster { FINDER } else { 0 };
        self.pay.others += (WINDOW as u64 - mine) * PER_SHARE + if by_trickster { 0 } else { FINDER };
    }
}

/// Millionths of a reward per proof.
fn per_proof(pay: u64, proofs: u64) -> u64 {
    pay * 1_000_000 / REWARD / proofs
}

#[test]
fn who_comes_and_goes_earns_per_hash_what_everybody_earns() {
    // The trickster has a fifth of the hash rate, and mines only while the last work is fresh, or only when it is old.
    for (name, mines_when) in [("fresh", true), ("old", false)] {
        let (mut chain, mut random) = (Chain::new(), Random(11));
        let (mut own, mut others, mut since) = (0_u64, 0_u64, 0_u64);
        for _ in 0..4_000_000_u64 {
            since += 1;
            let hops = (since < 40) == mines_when;
            let by_trickster = hops && random.chance(200_000);
            if !hops && random.chance(200_000) {
                continue;
            }
            if by_trickster {
                own += 1
            } else {
                others += 1
            }
            if random.below(SHARES_PER_WORK) == 0 {
                chain.work(by_trickster);
                since = 0;
            } else {
                chain.share(by_trickster);
            }
        }
        let (mine, theirs) = (per_proof(chain.pay.trickster, own), per_proof(chain.pay.others, others));
        println!("mining only while the last work is {name}: {mine} against {theirs} millionths of a reward per proof");
        assert!(mine.abs_diff(theirs) * 100 <= theirs * 2, "{mine} against {theirs}");
    }
}

#[test]
fn who_withholds_works_loses_the_finders_part_and_harms_itself() {
    // A fifth of the hash rate, all shares sent, every work thrown away: a work then takes a quarter longer for everybody.
    let mut pays = Vec::new();
    for withholds in [false, true] {
        let (mut chain, mut random) = (Chain::new(), Random(12));
        for _ in 0..4_000_000_u64 {
            let by_trickster = random.chance(200_000);
            if random.below(SHARES_PER_WORK) > 0 {
                chain.share(by_trickster);
            } else if !(by_trickster && withholds) {
                chain.work(by_trickster);
            }
        }
        pays.push((chain.pay.trickster, chain.pay.others));
    }
    let [(honest, _), (withholding, _)] = pays[..] else { panic!("two runs") };
    let percent = withholding * 100 / honest;
    println!("who withholds works earns {percent} % of what it earned, before the target follows");
    assert!((70..85).contains(&percent), "{percent} %");
    // The target follows: as many works come as before, and the trickster's part of them is what counts.
    let per_reward: Vec<u64> = pays.iter().map(|(mine, others)| mine * 1_000_000 / (mine + others)).collect();
    println!("and {} instead of {} millionths of all rewards afterwards", per_reward[1], per_reward[0]);
    assert!(per_reward[1] < per_reward[0]);
}

#[test]
fn shares_that_a_full_height_refuses_are_rare_at_a_steady_rate() {
    // 1,024 shares per work height are 16 times the mean, so a height that fills up is one in a million.
    let mut random = Random(13);
    let (mut full, mut longest, heights) = (0_u64, 0_u64, 200_000_u64);
    for _ in 0..heights {
        let mut shares = 0;
        while random.below(SHARES_PER_WORK) > 0 {
            shares += 1;
        }
        longest = longest.max(shares);
        full += u64::from(shares > 1_024);
    }
    println!("{full} of {heights} heights were full; the longest had {longest} shares");
    assert!(full <= 1);
}
