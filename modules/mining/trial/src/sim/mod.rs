//! Mining in simulated networks.
//!
//! | file | tells |
//! |---|---|
//! | `miner` | who solves headers, and hands them in |
//! | `book` | what was solved for whom, which miner and checker share |
//! | `pay` | what must hold of what counts and is paid |
//! | `loot`, `thief` | who wants to be paid for the work of others |
//! | `scenario` | what a network with miners and thieves goes through |

mod book;
mod loot;
mod miner;
mod pay;
mod scenario;
mod thief;

use genesis::GenesisBuilder;
use mining::{Mining, MiningParameters};
use testnet::sim::{Criminal, InMix, Scenario, Simulated, Troupe};
use types::canary::Canary;
use types::{Address, ModuleId};

use book::Book;
use loot::Plan;
use miner::Miner;
use pay::Pay;
use thief::Thief;

/// The module that counts proofs.
const MINING: ModuleId = ModuleId(3);
/// The trial's name, by which a scenario begins its miner.
const NAME: &str = "mining";
/// Least block time between two works.
const SPACING_MIN_MS: u64 = 200;

/// Mining in the simulator.
pub(crate) const SIMULATED: Simulated = Simulated {
    genesis,
    troupe,
    in_mix: Some(InMix { every: 4, pace_us: (30_000, 200_000) }),
    scenarios: &[Scenario { name: "mining", share: 2, behind: Some("rogue-key"), run: scenario::run }],
    crimes: &[Criminal {
        name: "thief",
        behind: Some("replayer"),
        make: |lots| Box::new(Thief::new(lots.pick(&[Plan::Redirect, Plan::Repeat]))),
    }],
    canaries: &[(Canary::MerkleRootUnchecked, "mining"), (Canary::ProofCountedAgain, "mining")],
};

fn troupe(seed: u64) -> Troupe {
    let book = Book::default();
    Troupe { actor: Some(Box::new(Miner::new(seed, book.clone()))), checkers: vec![Box::new(Pay::new(book))] }
}

fn genesis(builder: GenesisBuilder, _: &[Address]) -> GenesisBuilder {
    builder.module::<Mining>(easy_works)
}

/// The easiest works there may be, 512 hashes each, wanted every two seconds and allowed every fifth of one.
const fn easy_works(rules: &mut MiningParameters) {
    rules.launch_bits = 0x1f7f_ffff;
    rules.spacing_ms = 2_000;
    rules.half_life_ms = 30_000;
    rules.spacing_min_ms = SPACING_MIN_MS;
}
