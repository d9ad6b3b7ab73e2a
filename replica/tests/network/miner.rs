//! Somebody who mines for a network of tests: a share takes eight hashes, a work five hundred.

use mining::{AnchorBlock, Mining, Template, WorkTerms, template};
use pow::{WorkHeader, merkle};
use types::{Address, Genesis, Hash32, ModuleId, SystemCall};

use crate::world::{World, account};

/// A target just below 2^247, the easiest there is.
const EASY_BITS: u32 = 0x1f7f_ffff;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Work,
    Share,
}

/// Rules under which mining is easy, and works are so far apart.
pub fn easy(genesis: &mut Genesis, spacing_min_ms: u64) {
    execution::edit_section::<Mining>(genesis, |mining| {
        mining.launch_bits = EASY_BITS;
        mining.spacing_min_ms = spacing_min_ms;
        mining.spacing_ms = 2 * spacing_min_ms.max(1_000);
        mining.half_life_ms = 4 * mining.spacing_ms;
    });
}

/// A network with `validators` that vote and `followers` that do not, all of them up and in agreement on a block.
pub fn network(validators: u8, followers: u8, spacing_min_ms: u64) -> World {
    let mut world = World::ruled(validators, followers, |genesis| easy(genesis, spacing_min_ms));
    let all = usize::from(validators + followers);
    (0..all).for_each(|place| world.start(place));
    assert!(world.run(20_000, |world| (0..all).all(|place| world.height(place) >= 2)));
    world
}

pub fn payee() -> Address {
    account(77).1
}

pub fn terms(world: &World, place: usize) -> WorkTerms {
    serde_json::from_value(world.ask(place, "mining", "terms")).expect("the terms of the next work")
}

/// What a miner at this node is told to do.
fn task(world: &World, place: usize) -> Template {
    let tip = &world.nodes[place].disks.tip;
    let anchor = AnchorBlock { height: tip.header.height, hash: tip.hash };
    template(&terms(world, place), world.chain, payee(), anchor).expect("the chain's nBits are a target")
}

/// So many solved tasks of this node, all different.
pub fn mine_many(world: &World, place: usize, want: Want, count: usize) -> Vec<SystemCall> {
    let task = task(world, place);
    let parts = task.coinbase_parts(b"/test/").expect("a short tag");
    let time = u32::try_from(world.now.unix_ms / 1_000).expect("before 2106");
    let mut found = Vec::new();
    let coinbase = parts.assemble([0; 4], [7; 8]);
    let merkle_root = merkle::fold(pow::sha256d(&coinbase), &[]);
    let mut header = WorkHeader { version: 1, previous: task.previous, merkle_root, time, bits: task.bits, nonce: 0 };
    while found.len() < count {
        let digest = header.hash();
        let is_work = task.target.is_met_by(&digest);
        let is_found = match want {
            Want::Work => is_work,
            Want::Share => !is_work && task.share_target.is_met_by(&digest),
        };
        if is_found {
            found.push(task.proof(&header, coinbase.clone()).expect("a short coinbase").to_system_call());
        }
        header.nonce += 1;
    }
    found
}

pub fn mine(world: &World, place: usize, want: Want) -> SystemCall {
    mine_many(world, place, want, 1).remove(0)
}

/// The heights of a node's final blocks in which the call stands.
pub fn places_of(world: &World, place: usize, call: &SystemCall) -> Vec<u64> {
    let blocks = &world.nodes[place].disks.blocks;
    let holds = |block: &execution::FinalizedBlock| block.body.system_calls.iter().filter(|held| *held == call).count();
    blocks.values().flat_map(|block| vec![block.header.height.0; holds(block)]).collect()
}

/// Whether the call stands in a final block of each of the first `nodes` nodes.
pub fn is_final(world: &World, nodes: usize, call: &SystemCall) -> bool {
    (0..nodes).all(|place| !places_of(world, place, call).is_empty())
}

/// How many proofs stand in a node's final blocks.
pub fn proofs(world: &World, place: usize) -> usize {
    let blocks = world.nodes[place].disks.blocks.values();
    blocks.flat_map(|block| &block.body.system_calls).filter(|call| call.module == ModuleId(3)).count()
}

/// The shares in the window, of which every work is one, as the module counts them.
pub fn shares_counted(world: &World, place: usize) -> u64 {
    world.ask(place, "mining", "info")["window_shares"].as_u64().expect("a number")
}

pub fn block_with(world: &World, place: usize, call: &SystemCall) -> (Hash32, types::Header) {
    let height = places_of(world, place, call)[0];
    let block = &world.nodes[place].disks.blocks[&types::Height(height)];
    (block.hash, block.header.clone())
}
