//! Works and shares, one rule after the other.

use execution::InvalidBlock;
use mining::{MiningEvent, MiningReject, Split};
use types::{Address, Amount, Canonical, ModuleId, SystemCall, THR};

use super::{
    AI_POOL, EASY_BITS, VALIDATORS, Want, ask, block_of, chain, chain_with, events, grace_task, mine, mined, proof,
    task, terms,
};
use crate::harness::{Chain, ECOSYSTEM};

const MINER: Address = Address([0x11; 20]);
const OTHER: Address = Address([0x22; 20]);

fn refused(reject: MiningReject) -> Result<(), InvalidBlock> {
    Err(InvalidBlock::SystemCall { index: 0, reject: reject.into() })
}

/// Headers that the chain remembers, eight bytes each.
fn seen_count(chain: &Chain) -> usize {
    use execution::StateView;
    chain.state.scan(&[0, 3, 4], &[], 1_000).iter().map(|(_, headers)| headers.len() / 8).sum()
}

#[test]
fn the_first_proof_that_meets_the_target_is_the_next_work_and_is_paid_by_the_schedule() {
    let mut chain = chain();
    let before = terms(&chain);
    assert_eq!((before.work_height, before.previous, before.bits.0), (1, chain.chain_id.0, EASY_BITS));
    let ecosystem_before = chain.thr(&ECOSYSTEM).0;
    let outcome = mined(&mut chain, MINER, Want::Work, 0);
    let split = Split::of(Amount(8_000_000));
    assert_eq!((split.finder, split.window), (Amount(400_000), Amount(6_000_000)));
    assert_eq!((split.ai_pool, split.validators, split.ecosystem), (Amount(800_000), Amount(400_000), Amount(400_000)));
    assert_eq!(chain.thr(&MINER), Amount(400_000));
    assert_eq!((chain.thr(&AI_POOL), chain.thr(&VALIDATORS)), (Amount(800_000), Amount(400_000)));
    assert_eq!(chain.thr(&ECOSYSTEM).0 - ecosystem_before, 400_000);
    assert_eq!(ask(&chain, "account", &[("address", &MINER.to_legacy_text())])["claimable"], "6000000");
    let after = terms(&chain);
    assert_eq!(after.work_height, 2);
    let [MiningEvent::ShareAccepted { weight: 8, .. }, MiningEvent::WorkAccepted { hash, finder, .. }] =
        events(&outcome)[..]
    else {
        panic!("a share and a work: {:?}", events(&outcome))
    };
    assert_eq!((hash, finder), (after.previous, MINER));
    assert_eq!(ask(&chain, "info", &[])["works"], 1);
}

#[test]
fn a_block_holds_one_work_and_the_other_may_come_as_a_share_of_grace() {
    let mut chain = chain();
    let (first, second) = (proof(&chain, MINER, Want::Work, 1), proof(&chain, OTHER, Want::Work, 2));
    let both = chain.judge(vec![first.clone(), second.clone()], vec![]);
    assert_eq!(both, Err(InvalidBlock::SystemCallRepeated { index: 1 }));
    block_of(&mut chain, &[first]);
    block_of(&mut chain, &[second]);
    assert_eq!(ask(&chain, "info", &[])["works"], 1);
    let shares = ask(&chain, "window", &[]);
    assert_eq!(shares.as_array().map(Vec::len), Some(2), "the work, and the late one as a share");
}

#[test]
fn two_works_are_at_least_the_least_spacing_apart() {
    let mut chain = chain();
    mined(&mut chain, MINER, Want::Work, 0);
    let early = proof(&chain, MINER, Want::Work, 1);
    chain.step_ms = 14_999;
    assert_eq!(chain.judge(vec![early.clone()], vec![]), refused(MiningReject::TooSoon));
    assert_eq!(chain.judge(vec![proof(&chain, MINER, Want::Share, 1)], vec![]), Ok(()), "shares may come at any time");
    chain.step_ms = 15_000;
    assert_eq!(chain.judge(vec![early], vec![]), Ok(()));
}

#[test]
fn shares_build_on_the_newest_work_or_the_one_before_at_the_target_of_their_height() {
    let mut chain = chain();
    chain.step_ms = 15_000;
    mined(&mut chain, MINER, Want::Work, 0);
    let old_task = task(&chain, OTHER);
    mined(&mut chain, MINER, Want::Work, 1);
    let late = mine(&chain, &old_task, Want::Share, 7).to_system_call();
    let also_late = mine(&chain, &grace_task(&chain, OTHER), Want::Share, 8).to_system_call();
    block_of(&mut chain, &[late, also_late]);
    let stale = mine(&chain, &old_task, Want::Share, 9).to_system_call();
    mined(&mut chain, MINER, Want::Work, 2);
    assert_eq!(chain.judge(vec![stale], vec![]), refused(MiningReject::UnknownPrevious));
    let grace = terms(&chain).grace.expect("a work before the newest");
    assert_eq!((grace.work_height, grace.shares), (3, 0));
}

#[test]
fn proofs_of_a_block_are_judged_by_one_work_chain_whatever_their_order() {
    let mut roots = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let mut chain = chain();
        chain.step_ms = 15_000;
        mined(&mut chain, MINER, Want::Work, 0);
        let calls = [
            mine(&chain, &grace_task(&chain, OTHER), Want::Share, 1).to_system_call(),
            proof(&chain, MINER, Want::Work, 2),
            proof(&chain, OTHER, Want::Share, 3),
        ];
        block_of(&mut chain, &order.map(|place: usize| calls[place].clone()));
        let weights: Vec<_> = ask(&chain, "window", &[]).as_array().expect("a list").clone();
        assert_eq!(weights.len(), 4);
        roots.push((terms(&chain), ask(&chain, "account", &[("address", &OTHER.to_legacy_text())])));
    }
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]));
}

// FAULTS W2: one share offered by several nodes, and again after a restart, is one header hash.
#[test]
fn a_header_counts_once_and_is_forgotten_with_its_work_height() {
    let mut chain = chain();
    chain.step_ms = 15_000;
    let share = proof(&chain, MINER, Want::Share, 0);
    let twice = chain.judge(vec![share.clone(), share.clone()], vec![]);
    assert_eq!(twice, Err(InvalidBlock::SystemCallRepeated { index: 1 }));
    block_of(&mut chain, std::slice::from_ref(&share));
    assert_eq!(chain.judge(vec![share.clone()], vec![]), refused(MiningReject::Duplicate));
    mined(&mut chain, MINER, Want::Work, 1);
    assert_eq!(chain.judge(vec![share.clone()], vec![]), refused(MiningReject::Duplicate), "also within its grace");
    assert_eq!(seen_count(&chain), 2);
    mined(&mut chain, MINER, Want::Work, 2);
    assert_eq!(seen_count(&chain), 1, "only the newest height's headers are kept");
    assert_eq!(chain.judge(vec![share], vec![]), refused(MiningReject::UnknownPrevious));
}

// FAULTS W1: the chain sees bytes of fixed length; there is no second spelling of a share that would count again.
#[test]
fn no_change_of_a_byte_behind_the_header_makes_a_second_proof_of_it() {
    let mut chain = chain();
    let share = mine(&chain, &task(&chain, MINER), Want::Share, 0);
    let bytes = share.to_canonical();
    block_of(&mut chain, &[share.to_system_call()]);
    for place in pow::WorkHeader::LENGTH..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x20;
        let body = types::ByteString::new(changed).expect("as long as before");
        let call = SystemCall { module: ModuleId(3), body };
        assert!(chain.judge(vec![call], vec![]).is_err(), "byte {place}");
    }
}

// FAULTS W6
#[test]
fn the_times_that_miners_write_do_not_move_the_target() {
    let mut bits = Vec::new();
    for lie in [-7_000_i64, 0, 7_000] {
        let mut chain = chain_with(|mining| mining.half_life_ms = 120_000);
        for extra in 0..6 {
            chain.step_ms = 30_000;
            let task = task(&chain, MINER);
            let coinbase = task.coinbase_parts(b"").expect("no tag").assemble([0; 4], u64::to_be_bytes(extra));
            let now = i64::try_from(chain.time().0 / 1_000).expect("small");
            let time = u32::try_from(now + lie).expect("before 2106");
            let solved =
                super::solve(super::header(&task, &coinbase, time), task.target, task.share_target, Want::Work);
            block_of(&mut chain, &[task.proof(&solved, coinbase).expect("short").to_system_call()]);
        }
        bits.push(terms(&chain).bits);
    }
    assert!(bits[0].0 < EASY_BITS, "30 s instead of 120 s make it harder");
    assert!(bits.iter().all(|each| *each == bits[0]), "{bits:?}");
}

#[test]
fn shares_of_a_work_height_are_bounded_and_works_are_not_held_up_by_them() {
    let mut chain = chain_with(|mining| mining.shares_per_work_max = 64);
    for round in 0..2 {
        let shares: Vec<_> = (0..32).map(|extra| proof(&chain, MINER, Want::Share, round * 32 + extra)).collect();
        let mut with_another = shares.clone();
        with_another.push(proof(&chain, MINER, Want::Share, 1_000));
        let module = ModuleId(3);
        assert_eq!(chain.judge(with_another, vec![]), Err(InvalidBlock::SystemCallsTooMany { module }));
        block_of(&mut chain, &shares);
    }
    assert_eq!(chain.judge(vec![proof(&chain, MINER, Want::Share, 99)], vec![]), refused(MiningReject::SharesFull));
    mined(&mut chain, MINER, Want::Work, 100);
    mined(&mut chain, MINER, Want::Share, 101);
}

#[test]
fn shares_above_the_bound_that_meet_in_one_block_leave_a_report_and_no_trace() {
    let mut chain = chain_with(|mining| (mining.share_factor, mining.shares_per_work_max) = (32, 40));
    let shares: Vec<_> = (0..30).map(|extra| proof(&chain, MINER, Want::Share, extra)).collect();
    block_of(&mut chain, &shares);
    let more: Vec<_> = (30..45).map(|extra| proof(&chain, MINER, Want::Share, extra)).collect();
    let outcome = block_of(&mut chain, &more);
    assert_eq!(events(&outcome).len(), 10);
    assert_eq!(ask(&chain, "window", &[]).as_array().map(Vec::len), Some(40));
    assert_eq!(seen_count(&chain), 40);
}

#[test]
fn a_claim_moves_whole_units_and_a_second_one_finds_nothing() {
    let mut chain = chain();
    let miner = chain.users[3].address;
    mined(&mut chain, miner, Want::Work, 0);
    let before = chain.thr(&miner).0;
    let transaction = chain.transaction(3, chain.nonce(3).0, vec![mining::MiningCall::Claim.to_call()]);
    let outcome = chain.block(&[transaction]);
    assert_eq!(outcome.receipts[1].code, types::Receipt::OK);
    assert_eq!(chain.thr(&miner).0, before + 6_000_000 - outcome.receipts[1].fee.0);
    let empty = chain.run(3, vec![mining::MiningCall::Claim.to_call()]);
    assert_eq!(empty, MiningReject::NothingToClaim.code());
    assert_eq!(chain.run(4, vec![mining::MiningCall::Claim.to_call()]), MiningReject::NothingToClaim.code());
}

#[test]
fn at_the_cap_a_work_is_accepted_and_paid_what_is_left() {
    let mut genesis = crate::harness::genesis();
    execution::edit_section::<mining::Mining>(&mut genesis, |mining| mining.launch_bits = EASY_BITS);
    let given: u128 = genesis.balances.iter().map(|balance| balance.amount.0).sum();
    genesis.parameters.thr_cap = Amount(given + 8_000_000 + 37);
    let mut chain = Chain::of(genesis);
    chain.block(&[]);
    chain.step_ms = 15_000;
    for (extra, issued) in [(0, 8_000_000), (1, 8_000_037), (2, 8_000_037)] {
        mined(&mut chain, MINER, Want::Work, extra);
        assert_eq!(ask(&chain, "info", &[])["issued"], issued.to_string());
    }
    let supply = chain.registry.supply(&chain.state, THR).expect("THR exists");
    assert_eq!(supply.issuable(), Amount::ZERO);
}

#[test]
fn the_target_follows_the_hash_rate_and_returns_to_the_easiest_without_a_debt() {
    let mut chain = chain_with(|mining| mining.half_life_ms = 120_000);
    chain.step_ms = 15_000;
    for extra in 0..8 {
        mined(&mut chain, MINER, Want::Work, extra);
    }
    let harder = task(&chain, MINER).target;
    assert!(pow::Target::from_compact(pow::CompactBits(EASY_BITS)).is_ok_and(|launch| harder < launch));
    chain.step_ms = 100_000_000;
    chain.block(&[]);
    chain.step_ms = 15_000;
    mined(&mut chain, MINER, Want::Work, 9);
    assert_eq!(terms(&chain).bits.0, EASY_BITS, "after a day without a miner");
    mined(&mut chain, MINER, Want::Work, 10);
    assert!(terms(&chain).bits.0 < EASY_BITS, "the day is not made up for");
}

#[test]
fn a_work_goes_before_shares() {
    let chain = chain();
    let admit = |call: &SystemCall| chain.registry.admit(&chain.state, chain.time(), &[call]).remove(0);
    let good = |want: Want| admit(&proof(&chain, MINER, want, 0)).expect("good");
    let (work, share) = (good(Want::Work), good(Want::Share));
    assert!(work.priority > share.priority);
    assert_eq!(work.expiry.0, chain.next().tip.time.0 + 600_000);
    assert_eq!(share.key.len(), 32, "the header's hash");
    let malformed = SystemCall { module: ModuleId(3), body: types::ByteString::default() };
    assert_eq!(admit(&malformed), Err(MiningReject::MalformedProof.into()));
}
