//! One crime at a time, sustained, on healthy links: the network goes on as if it were not there (FAULTS C1, C9, C13,
//! C14, L9, L19).

use super::super::crimes::{
    Contraband, Crime, Equivocator, Flooder, Forger, Framer, Nuller, Replayer, Smuggler, Withholder,
};
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, tolerated};

/// How long a crime goes on before everybody must have made progress.
const SUSTAINED_MS: u64 = 4_000;

fn sustained(casting: &Casting, crime: impl Fn() -> Box<dyn Crime>) -> Outcome {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let criminals = tolerated(&vec![1; members], &mut lots);
    let criminals = criminals.into_iter().map(|member| (member, Some(crime()))).collect();
    let cast = Cast { criminals, ..Cast::default() };
    let mut outline = casting.equals(members);
    // A few transactions of each account in a block.
    outline.timing.block_interval_min_ms = 60;
    let mut world = World::new(casting.seed, &outline, cast);
    world.client.pace_us = 8_000;
    world.start();
    world.run_for(SUSTAINED_MS);
    world.expect_progress();
    Outcome::of(world)
}

pub(super) fn equivocator(casting: &Casting) -> Outcome {
    sustained(casting, || Box::new(Equivocator))
}

pub(super) fn withholder(casting: &Casting) -> Outcome {
    let told_max = usize::try_from(casting.seed % 5).expect("below five");
    sustained(casting, || Box::new(Withholder { told_max }))
}

pub(super) fn forger(casting: &Casting) -> Outcome {
    sustained(casting, || Box::new(Forger::new(150)))
}

pub(super) fn nuller(casting: &Casting) -> Outcome {
    sustained(casting, || Box::new(Nuller::default()))
}

pub(super) fn framer(casting: &Casting) -> Outcome {
    sustained(casting, || Box::new(Framer::new(200)))
}

pub(super) fn replayer(casting: &Casting) -> Outcome {
    sustained(casting, || Box::new(Replayer::new(2)))
}

pub(super) fn flood(casting: &Casting) -> Outcome {
    sustained(casting, || Box::new(Flooder::new(300)))
}

/// A leader puts into its blocks what does not belong there: above all a transaction whose witness is swapped, while
/// the others have checked and remembered the right one.
pub(super) fn contraband(casting: &Casting) -> Outcome {
    let all = [Contraband::SwappedWitness, Contraband::NonceGap, Contraband::Repeated];
    let each = |contraband| sustained(casting, || Box::new(Smuggler::new(contraband)));
    all.into_iter().map(each).reduce(Outcome::and).unwrap_or_default()
}
