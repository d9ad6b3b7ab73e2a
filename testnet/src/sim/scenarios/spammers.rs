//! Members that send what nobody can pay for, and what nobody ever builds on: transfers with no tip become final as if they were
//! not there, an idle chain stays idle, and nothing of it is kept (FAULTS HT1, HB1, HB2, HB5).

use super::super::crimes::{Crime, Hoarder, Spammer};
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, tolerated};

/// How long clients are at work.
const BUSY_MS: u64 = 3_000;
/// In which everything that was sent becomes final.
const FINAL_MS_MAX: u64 = 6_000;
/// How long nobody asks for anything.
const IDLE_MS: u64 = 8_000;

pub(super) fn spammers(casting: &Casting) -> Outcome {
    let mut world = world(casting, || Box::new(Spammer::default()));
    world.client.is_tipless = true;
    world.run_for(BUSY_MS);
    world.expect_all_final(FINAL_MS_MAX);
    world.expect_idle(IDLE_MS);
    world.expect_progress_of(2);
    Outcome::of(world)
}

pub(super) fn hoarders(casting: &Casting) -> Outcome {
    let mut world = world(casting, || Box::new(Hoarder::default()));
    world.run_for(BUSY_MS);
    world.expect_all_final(FINAL_MS_MAX);
    world.expect_little_kept();
    world.expect_progress();
    Outcome::of(world)
}

fn world(casting: &Casting, crime: impl Fn() -> Box<dyn Crime>) -> World {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let criminals = tolerated(&vec![1; members], &mut lots);
    let criminals = criminals.into_iter().map(|member| (member, Some(crime()))).collect();
    let mut world = World::new(casting.seed, &casting.equals(members), Cast { criminals, ..Cast::default() });
    world.client.pace_us = 20_000;
    world.start();
    world
}
