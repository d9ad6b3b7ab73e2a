//! The last block of an epoch is notarized again and again because nobody hears a finalize vote, and one leader names an
//! older view as its parent's than the rule allows.

use types::VoteKind;

use super::super::crimes::Reproposer;
use super::super::links::Passing;
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::Casting;
use replica::wire::Message;

pub(super) fn run(casting: &Casting) -> Outcome {
    let criminal = usize::try_from(casting.seed % 4).expect("below four");
    let cast = Cast { criminals: vec![(criminal, Some(Box::new(Reproposer)))], ..Cast::default() };
    let mut world = World::new(casting.seed, &casting.equals(4), cast);
    world.start();
    for _ in 0..3 {
        world.links.filter = Some(Box::new(is_finality));
        world.faults.add("finality withheld");
        // Longer than an epoch, so its last block comes to be proposed again.
        world.run_for(2_500);
        world.links.filter = None;
        world.run_for(700);
    }
    world.expect_progress();
    Outcome::of(world)
}

fn is_finality(passing: &Passing<'_>) -> bool {
    match passing.message {
        Message::Vote(vote) => vote.statement.kind == VoteKind::Finalize,
        Message::Certificate(certificate) => certificate.statement.kind == VoteKind::Finalize,
        _ => false,
    }
}
