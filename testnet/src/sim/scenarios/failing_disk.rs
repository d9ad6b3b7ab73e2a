//! The n-th operation on the log's disk fails, for n = 1, 2, 3 ...: the node stops, says nothing that rests on what was
//! not written, never tries again, and starts clean after that (FAULTS S4).

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, SignatureKind};

/// Operations tried.
const OPERATIONS: u64 = 24;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut outcome = Outcome::default();
    let step = if casting.signatures == SignatureKind::Bls { 8 } else { 1 };
    for operation in (1..=OPERATIONS).step_by(step) {
        outcome = outcome.and(fail(casting, operation));
        if outcome.is_violated() {
            break;
        }
    }
    outcome
}

fn fail(casting: &Casting, operation: u64) -> Outcome {
    let mut world = World::new(casting.seed + operation, &casting.equals(4), Cast::default());
    world.start();
    world.run_for(200);
    let place = usize::try_from(operation % 4).expect("below four");
    let disk = world.nodes[place].log_disk.clone();
    let failing = disk.operations() + operation;
    disk.fail_operation(operation);
    world.run_until(5_000, |_| disk.operations() >= failing);
    // One turn of the desk later the node must be down.
    world.run_for(5);
    if disk.operations() >= failing && world.nodes[place].up.is_some() && !world.is_violated() {
        let message = format!("node {place} goes on after operation {operation} on its disk failed");
        world.auditor.violated("stops on a failing disk", message);
    }
    world.cut_power(place);
    world.rise(place);
    world.expect_progress_of(4);
    Outcome::of(world)
}
