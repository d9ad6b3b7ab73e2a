//! A node was away and asks its way back among peers of whom one lies, in each of eight ways (FAULTS C18, L12, L16).

use types::Height;

use super::super::crimes::{Liar, WAYS};
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, SignatureKind};

/// Blocks that the node misses.
const MISSED: u64 = 60;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut outcome = Outcome::default();
    let step = if casting.signatures == SignatureKind::Bls { 4 } else { 1 };
    for way in (0..WAYS).step_by(step) {
        outcome = outcome.and(lied_to(casting, way));
        if outcome.is_violated() {
            break;
        }
    }
    outcome
}

fn lied_to(casting: &Casting, way: u64) -> Outcome {
    let liar = usize::try_from(casting.seed % 3).expect("below three");
    let crime: Box<dyn super::super::crimes::Crime> = Box::new(Liar { way: Some(way) });
    let cast = Cast { criminals: vec![(liar, Some(crime))], ..Cast::default() };
    let mut world = World::new(casting.seed + way, &casting.equals(4), cast);
    world.start();
    world.run_for(300);
    world.cut_power(3);
    let goal = Height(world.highest().0 + MISSED);
    world.run_until(30_000, |world| world.highest() >= goal);
    world.rise(3);
    world.expect_progress();
    Outcome::of(world)
}
