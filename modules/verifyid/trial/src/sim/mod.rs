//! VerifyID in simulated networks.
//!
//! | file | tells |
//! |---|---|
//! | `calls` | what somebody tries, right and wrong |
//! | `shares` | work for an attestation |
//! | `people` | who tries it |
//! | `book` | what people have signed and mined, which they and the model share |
//! | `model` | what must come of it: devices, keys, plans, months and beacons in plain maps |
//! | `look` | compares that with the chain |
//! | `scenario` | what a network with devices goes through |

mod book;
mod calls;
mod look;
mod model;
mod people;
mod scenario;
mod shares;
#[cfg(test)]
mod tests;

use genesis::GenesisBuilder;
use testnet::sim::{InMix, Scenario, Simulated, Troupe};
use types::canary::Canary;
use types::{Address, Amount, List};
use verifyid::{Allowance, PlanTerms, VerifyId, VerifyIdParameters, WorkClass};

use book::Book;
use look::Look;
use people::People;

/// The trial's name, by which a scenario begins its people.
const NAME: &str = "verifyid";
/// Who is paid for plans, and for nothing else.
const SHOP: Address = Address([0x73; 20]);
/// The place of the authority among the accounts.
const AUTHORITY: usize = 0;
/// The place of the account that verifies from the beginning.
const VERIFIER: usize = 1;

/// What nobody has to buy.
const FREE: Allowance = Allowance { devices: 3, verifications: 40 };
/// The plans; the second is not for sale.
const PLANS: [PlanTerms; 2] = [
    PlanTerms { plan: 1, devices: 6, verifications: 120, price: Amount(1_000) },
    PlanTerms { plan: 2, devices: 12, verifications: 400, price: Amount::ZERO },
];
/// The classes: a share takes seventeen hashes.
const CLASSES: [WorkClass; 2] = [
    WorkClass { class: 1, floor: 1, difficulty: 4, shares: 3, window_ms: 2_500 },
    WorkClass { class: 2, floor: 1, difficulty: 4, shares: 5, window_ms: 2_500 },
];
/// Spans so short that they end within a run.
const STATEMENT_MS: u64 = 1_200;
const ROTATION_MS: u64 = 1_200;
const OFFER_MS: u64 = 1_000;
const HOLD_MS: u64 = 300;
const HOLD_PAUSE_MS: u64 = 900;
const LATE_MS: u64 = 1_500;
const WORK_MS: u64 = 1_500;
const LEVEL_MS: u64 = 2_000;
const BEACON_MS: u64 = 250;

/// VerifyID in the simulator.
pub(crate) const SIMULATED: Simulated = Simulated {
    genesis,
    troupe,
    in_mix: Some(InMix { every: 5, pace_us: (20_000, 60_000) }),
    scenarios: &[Scenario { name: "devices", share: 2, behind: None, run: scenario::run }],
    crimes: &[],
    canaries: &[
        (Canary::BatchCountedAgain, "devices"),
        (Canary::QuotaCountedTwice, "devices"),
        (Canary::OldKeyAfterRotation, "devices"),
        (Canary::LevelAfterRevocation, "devices"),
        (Canary::BeaconOfTheFuture, "devices"),
        (Canary::AttestationOfAnother, "devices"),
    ],
};

fn troupe(seed: u64) -> Troupe {
    let book = Book::default();
    Troupe { actor: Some(Box::new(People::new(seed, book.clone()))), checkers: vec![Box::new(Look::new(book))] }
}

fn genesis(builder: GenesisBuilder, accounts: &[Address]) -> GenesisBuilder {
    let [authority, verifier] = [AUTHORITY, VERIFIER].map(|place| accounts.get(place).copied().unwrap_or_default());
    builder.module::<VerifyId>(|rules| hasty(rules, authority, verifier))
}

fn hasty(rules: &mut VerifyIdParameters, authority: Address, verifier: Address) {
    (rules.authority, rules.ecosystem, rules.free) = (authority, SHOP, FREE);
    rules.verifiers = List::new(vec![verifier]).expect("one");
    rules.plans = List::new(PLANS.to_vec()).expect("two");
    rules.work_classes = List::new(CLASSES.to_vec()).expect("two");
    (rules.statement_max_ms, rules.rotation_delay_ms, rules.offer_max_ms) = (STATEMENT_MS, ROTATION_MS, OFFER_MS);
    (rules.hold_ms, rules.hold_pause_ms, rules.batch_late_ms) = (HOLD_MS, HOLD_PAUSE_MS, LATE_MS);
    (rules.work_ttl_ms, rules.level_ttl_ms, rules.beacon_interval_ms) = (WORK_MS, LEVEL_MS, BEACON_MS);
}
