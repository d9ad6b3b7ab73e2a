//! A protocol version begins while the network runs, and starts a module with it. One node still has the older release: it
//! stops before the version's first block, and goes on from its old home once it is upgraded. Others lose power around the
//! border and replay over it (FAULTS MS5).

use execution::Fault;
use types::Epoch;

use super::super::outcome::Outcome;
use super::super::release;
use super::super::world::{Cast, World};
use super::Casting;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let members = casting.members(&mut lots);
    let mut outline = casting.equals(members);
    outline.has_release = true;
    let mut world = World::new(casting.seed, &outline, Cast { observers: 1, ..Cast::default() });
    let late = lots.place(members);
    world.nodes[late].is_older = true;
    world.start();
    let mut upgraded = None;
    for epoch in 1..=release::BEGINS.0 + 2 {
        let first = if late == 0 { 1 } else { 0 };
        world.run_until(20_000, |world| world.nodes[first].store.epoch() >= Epoch(epoch));
        let crashed = lots.place(world.nodes.len());
        if crashed != late && lots.chance(500) {
            world.cut_power(crashed);
            world.rise_in(crashed, lots.between(10..=900));
        }
        if lots.chance(150) && upgraded.is_none() {
            // Started once more, with the release that it had.
            world.cut_power(late);
            world.rise(late);
        }
        if epoch > release::BEGINS.0 && upgraded.is_none() {
            world.run_until(30_000, |world| world.nodes[late].stopped.is_some());
            upgraded = Some(world.nodes[late].stopped.take());
            // It may have been started once more, and not have come to the border yet.
            world.cut_power(late);
            world.nodes[late].is_older = false;
            world.rise(late);
        }
    }
    world.heal();
    world.expect_progress();
    let too_old = |fault: &Option<Fault>| matches!(fault, Some(Fault::TooOld { version: release::VERSION, .. }));
    if !upgraded.as_ref().is_some_and(too_old) && !world.is_violated() {
        world.auditor.violated("version", format!("the older release stops before the version, not: {upgraded:?}"));
    }
    for place in 0..world.nodes.len() {
        let counted = release::counted(&world.ground.registry, &world.nodes[place].store.state);
        if counted.is_none_or(|blocks| blocks == 0) && !world.is_violated() {
            world.auditor.violated("version", format!("node {place} runs without the module: {counted:?}"));
        }
    }
    world.faults.add("version");
    Outcome::of(world)
}
