//! The pace of networks to which nothing happens, in virtual time: what a block costs in messages, and when a transfer is final.

use programs::trials::TRIALS;
use testnet::sim::{HealthyNetwork, Leaders, VALIDATORS_MAX};

/// How long every message takes there.
const LINK_US: u64 = 1_000;
const SIZES: [usize; 3] = [4, 7, 10];

fn start(validators: usize, leaders: Leaders) -> HealthyNetwork {
    HealthyNetwork::start(validators, leaders, 1, TRIALS).expect("nothing happens to it")
}

#[test]
fn more_validators_say_more_for_a_block() {
    let paces = SIZES.map(|size| start(size, Leaders::NeverWait).blocks(1_000).expect("it finalizes"));
    for [fewer, more] in [[paces[0], paces[1]], [paces[1], paces[2]]] {
        // Per block: a/b <= c/d where a·d <= c·b.
        assert!(fewer.messages * more.blocks <= more.messages * fewer.blocks, "{fewer:?}, {more:?}");
        assert!(fewer.bytes * more.blocks <= more.bytes * fewer.blocks, "{fewer:?}, {more:?}");
    }
    // A view takes at least the ways of its proposal and of one vote.
    assert!(paces.iter().all(|pace| pace.blocks * 2 * LINK_US <= 1_000_000), "{paces:?}");
}

#[test]
fn a_transfer_is_final_everywhere_after_a_proposal_and_two_votes() {
    for size in SIZES {
        let times = start(size, Leaders::WaitForWork).transfers_us(20).expect("each becomes final");
        assert_eq!(times.len(), 20);
        // Three ways over a link, and no more than a few milliseconds of jobs, syncs and waking up with each.
        assert!(times.iter().all(|us| (3 * LINK_US..15 * LINK_US).contains(us)), "{size} validators: {times:?}");
    }
}

#[test]
fn one_seed_gives_one_pace_whether_or_not_somebody_looks() {
    let watched = start(4, Leaders::NeverWait).blocks(500);
    assert_eq!(watched, start(4, Leaders::NeverWait).unwatched().blocks(500));
}

#[test]
fn a_network_without_validators_or_with_too_many_is_refused() {
    for size in [0, VALIDATORS_MAX + 1] {
        assert!(HealthyNetwork::start(size, Leaders::NeverWait, 1, TRIALS).is_err());
    }
}
