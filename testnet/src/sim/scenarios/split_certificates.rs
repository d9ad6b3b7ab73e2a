//! Some nodes get the notarization of a view, the others give the view up, for every set of those who get it (FAULTS
//! C4, C8, L2, L3). Nobody may be stuck, and who gave up must not finalize.

use types::{Epoch, View, VoteKind, VoteStatement};

use super::super::links::Passing;
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, SignatureKind};
use replica::wire::Message;

const MEMBERS: usize = 4;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut outcome = Outcome::default();
    let step = if casting.signatures == SignatureKind::Bls { 3 } else { 1 };
    for set in (0..1_usize << MEMBERS).step_by(step) {
        outcome = outcome.and(split(casting, set));
        if outcome.is_violated() {
            break;
        }
    }
    outcome
}

/// Only the members of `set` hear of the notarization while it matters; the others hear of it late.
fn split(casting: &Casting, set: usize) -> Outcome {
    let mut world = World::new(casting.seed, &casting.equals(MEMBERS), Cast::default());
    world.start();
    world.run_until(10_000, |world| world.highest().0 >= 3);
    let (epoch, newest) = world.views.last().copied().unwrap_or_default();
    let target = (epoch, newest.saturating_add(1 + casting.seed % 3));
    world.links.filter = Some(Box::new(move |passing: &Passing<'_>| {
        let is_told = set >> passing.to & 1 == 1;
        let notarization = statement_of(passing.message).filter(|statement| statement.kind != VoteKind::Nullify);
        let place: Option<(Epoch, View)> = notarization.map(|statement| (statement.epoch, statement.view));
        place == Some(target) && !is_told
    }));
    world.faults.add("split certificate");
    world.run_for(1_500);
    world.links.filter = None;
    world.run_for(300);
    world.expect_progress_of(4);
    Outcome::of(world)
}

fn statement_of(message: &Message) -> Option<VoteStatement> {
    match message {
        Message::Vote(vote) => Some(vote.statement),
        Message::Certificate(certificate) => Some(certificate.statement),
        _ => None,
    }
}
