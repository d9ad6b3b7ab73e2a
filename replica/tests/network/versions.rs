//! A protocol version that begins while a network runs, and a node that is too old for it.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{
    Context, Fault, GenesisError, KernelReject, Module, NoNumbers, Registry, Reject, RejectDescription, VersionStart,
    Words,
};
use serde::Serialize;
use types::{Address, Canonical, Epoch, Genesis, Hash32, List, ModuleId, ProtocolVersion, Weight};

use crate::world::World;

#[derive(Clone, Copy, Debug, BorshSerialize, BorshDeserialize, Serialize)]
struct NoCall {}

impl Canonical for NoCall {
    const BYTES_MAX: usize = 0;
}

/// Announces version 2 for epoch 2, in epoch 0.
struct Herald;

impl Module for Herald {
    const ID: ModuleId = ModuleId(40);
    const NAME: &'static str = "herald";
    const REJECTS: &'static [RejectDescription] = &[];
    const STARTS_VERSIONS: bool = true;
    type Genesis = NoNumbers;
    type Call = NoCall;

    fn genesis(&self, _: NoNumbers, _: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        Ok(())
    }

    fn check(&self, _: &NoCall) -> Result<Weight, Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn say(&self, _: &NoCall, _: &dyn Words) -> String {
        "nothing".to_owned()
    }

    fn execute(&self, _: &mut Context<'_, '_>, _: Address, _: NoCall) -> Result<(), Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn start_version(&self, context: &mut Context<'_, '_>) -> Result<Option<VersionStart>, Reject> {
        let releases = List::new(vec![Hash32([0x5a; 32])]).expect("one");
        let start = VersionStart { version: ProtocolVersion(2), epoch: Epoch(2), releases };
        Ok((context.block().epoch == Epoch::ZERO).then_some(start))
    }
}

/// What version 2 starts: it counts blocks.
struct Late;

impl Module for Late {
    const ID: ModuleId = ModuleId(41);
    const NAME: &'static str = "late";
    const REJECTS: &'static [RejectDescription] = &[];
    const STARTS_WITH: Option<ProtocolVersion> = Some(ProtocolVersion(2));
    type Genesis = NoNumbers;
    type Call = NoCall;

    fn genesis(&self, _: NoNumbers, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        context.put(b"blocks", vec![0]);
        Ok(())
    }

    fn check(&self, _: &NoCall) -> Result<Weight, Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn say(&self, _: &NoCall, _: &dyn Words) -> String {
        "nothing".to_owned()
    }

    fn execute(&self, _: &mut Context<'_, '_>, _: Address, _: NoCall) -> Result<(), Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn end_block(&self, context: &mut Context<'_, '_>, _: &mut execution::Budget) -> Result<(), Reject> {
        let count = context.get(b"blocks").expect("it begins with none")[0];
        context.put(b"blocks", vec![count.saturating_add(1)]);
        Ok(())
    }
}

fn registry(knows_late: bool) -> Registry {
    let mut modules = runtime::modules();
    modules.push(Box::new(Herald));
    if knows_late {
        modules.push(Box::new(Late));
    }
    Registry::new(modules)
}

/// Epochs of two seconds; the chain begins without what comes late.
fn rules(genesis: &mut Genesis) {
    genesis.parameters.timing.epoch_length_ms = 2_000;
    genesis.parameters.timing.block_interval_empty_ms = 300;
    genesis.modules = registry(false).local_sections(genesis.parameters.fees.ecosystem);
}

fn epoch(world: &World, place: usize) -> Epoch {
    world.nodes[place].disks.tip.header.epoch
}

// FAULTS MS5
#[test]
fn a_node_that_is_too_old_stops_before_the_version_and_the_others_go_on_with_the_new_module() {
    let mut world = World::of_modules(registry(true), 4, 0, rules);
    world.older = Some((3, registry(false)));
    (0..4).for_each(|place| world.start(place));
    let is_told = |world: &World, place| world.troubles(place).iter().any(|told| told.name() == "release_too_old");
    assert!(world.run(60_000, |world| is_told(world, 3)), "it is told an epoch before");
    assert!(epoch(&world, 3) <= Epoch(1) && (0..3).all(|place| !is_told(&world, place)));
    assert!(world.run(60_000, |world| (0..3).all(|place| epoch(world, place) >= Epoch(3))), "three of four go on");
    let [(place, fault)] = world.stopped[..] else { panic!("one stops: {:?}", world.stopped) };
    let (version, known, release) = (ProtocolVersion(2), ProtocolVersion(1), Hash32([0x5a; 32]));
    assert_eq!((place, fault), (3, Fault::TooOld { version, known, release }));
    let old = &world.nodes[3].disks;
    assert!(old.tip.header.version == ProtocolVersion(1) && old.tip.header.epoch <= Epoch(1), "it took none of them");
    let view = registry(true).view(&world.nodes[0].disks.state, Late::ID).expect("it runs");
    assert!(view.get(b"blocks").expect("it counts")[0] > 0);
    // A newer release in the same home goes on where the old one stopped, by way of the old blocks.
    world.older = None;
    world.start(3);
    assert!(world.run(60_000, |world| epoch(world, 3) >= Epoch(3)), "after the upgrade it follows");
}
