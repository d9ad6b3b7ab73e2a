//! The work chain by its rules: what is a work, what is a share, what is refused, and who is paid.
//!
//! Proofs are really mined: the launch target is so easy that a share takes eight hashes and a work five hundred.

mod hostile;
mod pay;
mod rules;

use mining::{AnchorBlock, MiningParameters, Template, WorkProof, WorkTerms, template};
use pow::{Target, WorkHeader, merkle};
use serde_json::Value;
use types::{Address, Height, SystemCall};

use crate::harness::{Chain, genesis};

/// A target just below 2^247.
pub const EASY_BITS: u32 = 0x1f7f_ffff;
/// Where the parts of a reward go that are not the miners'.
pub const AI_POOL: Address = Address([0xa1; 20]);
pub const VALIDATORS: Address = Address([0xb1; 20]);

/// What a header is mined for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Work,
    Share,
}

/// A chain with easy works, blocks of 1 s, and these changes.
pub fn chain_with(change: impl FnOnce(&mut MiningParameters)) -> Chain {
    let mut genesis = genesis();
    // No seed falls due, so that blocks hold nothing but what a test puts in.
    genesis.parameters.timing.seed_interval_ms = 100_000_000_000;
    execution::edit_section::<mining::Mining>(&mut genesis, |mining| {
        (mining.launch_bits, mining.ai_pool, mining.validators) = (EASY_BITS, AI_POOL, VALIDATORS);
        change(mining);
    });
    let mut chain = Chain::of(genesis);
    chain.block(&[]);
    chain
}

pub fn chain() -> Chain {
    chain_with(|_| {})
}

pub fn ask(chain: &Chain, name: &str, pairs: &[(&str, &str)]) -> Value {
    let arguments = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    chain.registry.query(&chain.state, "mining", name, &arguments).expect("a known question")
}

pub fn terms(chain: &Chain) -> WorkTerms {
    serde_json::from_value(ask(chain, "terms", &[])).expect("the terms of the next work")
}

/// The newest block, which miners name.
pub fn tip_block(chain: &Chain) -> AnchorBlock {
    let tip = chain.next().tip;
    AnchorBlock { height: tip.height, hash: tip.hash }
}

pub fn task(chain: &Chain, payee: Address) -> Template {
    template(&terms(chain), chain.chain_id, payee, tip_block(chain)).expect("the chain's nBits are a target")
}

/// A task on the work before the newest.
pub fn grace_task(chain: &Chain, payee: Address) -> Template {
    let terms = terms(chain);
    let grace = terms.grace.expect("there is a work before the newest");
    let old = WorkTerms { work_height: grace.work_height, previous: grace.previous, bits: grace.bits, ..terms };
    template(&old, chain.chain_id, payee, tip_block(chain)).expect("the chain's nBits are a target")
}

/// A header of a task, before it is solved.
pub fn header(task: &Template, coinbase: &[u8], time: u32) -> WorkHeader {
    let merkle_root = merkle::fold(pow::sha256d(coinbase), &[]);
    WorkHeader { version: 0x2000_0000, previous: task.previous, merkle_root, time, bits: task.bits, nonce: 0 }
}

/// Counts the nonce up until the hash is what is wanted.
pub fn solve(mut header: WorkHeader, target: Target, share_target: Target, want: Want) -> WorkHeader {
    loop {
        let digest = header.hash();
        let found = if target.is_met_by(&digest) { Some(Want::Work) } else { None };
        let found = found.or(share_target.is_met_by(&digest).then_some(Want::Share));
        if found == Some(want) {
            return header;
        }
        header.nonce = header.nonce.checked_add(1).expect("four billion tries are enough");
    }
}

/// A solved task; `extra` tells tasks of one payee apart.
pub fn mine(chain: &Chain, task: &Template, want: Want, extra: u64) -> WorkProof {
    let parts = task.coinbase_parts(b"/test/").expect("a short tag");
    let coinbase = parts.assemble([0; 4], extra.to_be_bytes());
    let time = u32::try_from(chain.time().0 / 1_000).expect("before 2106");
    let solved = solve(header(task, &coinbase, time), task.target, task.share_target, want);
    task.proof(&solved, coinbase).expect("a short coinbase")
}

/// The next share or work of a payee.
pub fn proof(chain: &Chain, payee: Address, want: Want, extra: u64) -> SystemCall {
    mine(chain, &task(chain, payee), want, extra).to_system_call()
}

/// Builds and applies a block that must hold all of these.
pub fn block_of(chain: &mut Chain, calls: &[SystemCall]) -> execution::BlockOutcome {
    let mut request = chain.request(&[]);
    request.system_calls = calls;
    let built = chain.registry.build(&chain.state, chain.root, &request).expect("a seed is given");
    let held = built.body.body().system_calls.iter().filter(|call| call.module == types::ModuleId(3)).count();
    assert_eq!(held, calls.len(), "the block holds every proof");
    chain.apply(&built.header, &built.body)
}

/// A block with one proof for the next work.
pub fn mined(chain: &mut Chain, payee: Address, want: Want, extra: u64) -> execution::BlockOutcome {
    let call = proof(chain, payee, want, extra);
    block_of(chain, &[call])
}

/// What the block reported, by its module.
pub fn events(outcome: &execution::BlockOutcome) -> Vec<mining::MiningEvent> {
    let own = outcome.receipts[0].events.iter().filter(|event| event.module == types::ModuleId(3));
    own.map(|event| borsh::from_slice(&event.body).expect("an event of this module")).collect()
}

/// The first block of all.
pub const FIRST: Height = Height(1);
