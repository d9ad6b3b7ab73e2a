//! What nodes go through that are behind, or whose stores are: liars about height and epoch, long runs without finalizations of
//! their own, bodies that nobody has, stores that stall, blocks that cannot be read any more (FAULTS HA6–HA9, HT3).

use types::Height;

use super::super::crimes::{Boaster, Crime, Manner, Withholder};
use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::{Casting, SignatureKind};

/// Most time that the way back takes, in virtual milliseconds.
const BACK_MS_MAX: u64 = 20_000;
/// Most time for which a false claim may look like knowledge: the answer that shows it to be none.
const DECEIVED_MS_MAX: u64 = 3_000;

fn with(member: usize, crime: impl Crime + 'static) -> Cast {
    let crime: Box<dyn Crime> = Box::new(crime);
    Cast { criminals: vec![(member, Some(crime))], ..Cast::default() }
}

fn blocks(casting: &Casting, many: u64) -> u64 {
    if casting.signatures == SignatureKind::Bls { 40 } else { many }
}

/// Node 3 is away while the others make so many blocks.
fn miss(world: &mut World, missed: u64) -> Height {
    world.client.pace_us = 3_000;
    world.start();
    world.run_for(400);
    world.cut_power(3);
    let goal = Height(world.highest().0 + missed);
    if !world.run_until(200_000, |world| world.highest() >= goal) && !world.is_violated() {
        world.auditor.violated("progress", format!("three of four did not reach block {goal}"));
    }
    goal
}

fn expect_back(world: &mut World, goal: Height) {
    world.rise(3);
    let back = world.run_until(BACK_MS_MAX, |world| world.nodes[3].store.height() >= goal);
    if !back && !world.is_violated() {
        let height = world.nodes[3].store.height();
        world.auditor.violated("progress", format!("a node that was away is at block {height}, and not at {goal}"));
    }
}

/// A member claims any height and epoch: nobody believes it, and who is really behind is not held up.
pub(super) fn boasters(casting: &Casting) -> Outcome {
    let mut outcome = Outcome::default();
    for manner in [Manner::Silent, Manner::Empty, Manner::Changing] {
        let mut world = World::new(casting.seed, &casting.equals(4), with(2, Boaster { manner }));
        let goal = miss(&mut world, blocks(casting, 300));
        expect_back(&mut world, goal);
        let calm = world.run_until(DECEIVED_MS_MAX, |world| {
            let honest = world.nodes.iter().filter(|node| node.is_honest_and_up());
            honest.flat_map(|node| &node.up).all(|up| !up.replica.status().catching_up)
        });
        if !calm && !world.is_violated() {
            world.auditor.violated("progress", "a claim is believed for long".to_owned());
        }
        world.expect_progress();
        outcome = outcome.and(Outcome::of(world));
    }
    outcome
}

/// The others' blocks are proven by few finalizations, far apart.
pub(super) fn long_runs(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut outline = casting.equals(4);
    outline.timing.block_interval_min_ms = 0;
    outline.timing.epoch_length_ms = 3_600_000;
    let cast = if lots.chance(500) { with(2, Boaster { manner: Manner::Changing }) } else { Cast::default() };
    let mut world = World::new(casting.seed, &outline, cast);
    let goal = miss(&mut world, blocks(casting, 1_500));
    let every = lots.between(2..=2_000);
    for node in &mut world.nodes {
        node.store.thin_certificates(every);
    }
    world.faults.add("run without own finalizations");
    expect_back(&mut world, goal);
    world.expect_progress();
    Outcome::of(world)
}

/// A member proposes blocks whose bodies it gives to nobody.
pub(super) fn lost_bodies(casting: &Casting) -> Outcome {
    let mut world = World::new(casting.seed, &casting.equals(4), with(1, Withholder { told_max: 0 }));
    world.start();
    world.run_for(10_000);
    world.expect_progress();
    Outcome::of(world)
}

/// A store writes nothing for a while: its node votes on, and what waits is bounded.
pub(super) fn stalled_store(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut outline = casting.equals(4);
    outline.unwritten_bytes_max = 128 * 1024;
    let mut world = World::new(casting.seed, &outline, Cast::default());
    world.start();
    world.run_for(500);
    let (place, stall_ms) = (lots.place(4), lots.between(2_000..=20_000));
    world.stall_store(place, stall_ms);
    let begin_us = world.at_us;
    world.run_for(stall_ms / 4);
    if world.nodes[place].voted_us < begin_us + stall_ms * 1_000 / 8 && !world.is_violated() {
        world.auditor.violated("progress", format!("node {place} does not vote while its store stalls"));
    }
    world.run_for(stall_ms);
    world.expect_progress();
    Outcome::of(world)
}

/// A node cannot read some of its blocks any more: it gets them again, and who asks it meanwhile asks others.
pub(super) fn damaged_blocks(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    let goal = miss(&mut world, blocks(casting, 120));
    let first = lots.between(2..=goal.0 - 12);
    for height in first..first + lots.between(1..=8) {
        world.nodes[1].store.lose(Height(height));
    }
    world.faults.add("unreadable blocks");
    expect_back(&mut world, goal);
    world.read(1, Height(first));
    let mended = world.run_until(BACK_MS_MAX, |world| world.nodes[1].store.is_whole());
    if !mended && !world.is_violated() {
        world.auditor.violated("progress", "blocks that cannot be read were not fetched again".to_owned());
    }
    world.expect_progress();
    Outcome::of(world)
}
