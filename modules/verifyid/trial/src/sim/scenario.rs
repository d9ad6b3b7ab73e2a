//! Devices are registered, handed on, verified, held and revoked while nodes come and go and links lose some of what they say; spans end within the
//! run, and so does a calendar month.

use testnet::sim::{Cast, Casting, Outcome, World};

use super::NAME;

/// How long it goes on.
const ROUNDS: u64 = 8;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let mut terms = casting.equals(members);
    terms.timing.block_interval_min_ms = 30;
    let mut world = World::new(casting.seed, &terms, Cast::default());
    world.pace_clients(12_000);
    world.start();
    world.begin(NAME, lots.between(12_000..=25_000));
    world.run_in_unrest(&mut lots, ROUNDS, 500..=1_000);
    world.heal();
    world.expect_progress();
    world.expect_settled();
    Outcome::of(world)
}
