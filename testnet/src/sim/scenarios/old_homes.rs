//! A home is put back beside its network, cloned, lost, or loses its lease or its log: no key contradicts itself, whoever
//! runs twice falls silent and only the copy does, and who lost something votes again (FAULTS HA3, HT11, C20, S9).

use journal::MemoryDisk;
use replica::Voting;

use super::super::outcome::Outcome;
use super::super::store::Store;
use super::super::world::{Cast, World};
use super::Casting;

/// Whose home it is.
const MEMBER: usize = 2;
/// Where a copy of it is.
const DOUBLE: usize = 4;
/// Most time until a copy has noticed, or a home that forgot something votes again: a few epochs.
const PATIENCE_MS: u64 = 30_000;

/// What became of a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Its files were copied, and run elsewhere while the original runs.
    PutBack,
    /// The whole machine was cloned: nothing tells the two apart.
    Cloned,
    /// The machine was set back to what it was a while ago.
    SetBack,
    Lost,
    LeaseLost,
    LogLost,
}

const FATES: [Fate; 6] = [Fate::PutBack, Fate::Cloned, Fate::SetBack, Fate::Lost, Fate::LeaseLost, Fate::LogLost];

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut outline = casting.equals(4);
    // How long it listens is what this is about.
    outline.listen = None;
    let mut world = World::new(casting.seed, &outline, Cast { doubles: vec![MEMBER], ..Cast::default() });
    world.start();
    world.run_for(lots.between(1_000..=4_000));
    let fate = FATES[usize::try_from(casting.seed).unwrap_or_default() % FATES.len()];
    match fate {
        Fate::PutBack | Fate::Cloned | Fate::SetBack => copied(&mut world, fate, lots.between(500..=5_000)),
        Fate::Lost | Fate::LeaseLost | Fate::LogLost => forgotten(&mut world, fate, lots.between(10..=2_000)),
    }
    world.heal();
    world.expect_progress();
    Outcome::of(world)
}

fn copied(world: &mut World, fate: Fate, later_ms: u64) {
    let original = &world.nodes[MEMBER];
    let (log, lease, store) = (original.log_disk.copy(), &original.lease_disk, original.store.clone());
    let lease = if fate == Fate::PutBack { lease.copy_elsewhere() } else { lease.copy() };
    let double = &mut world.nodes[DOUBLE];
    (double.log_disk, double.lease_disk, double.store) = (log, lease, store);
    world.run_for(later_ms);
    world.faults.add(match fate {
        Fate::PutBack => "old home put back",
        Fate::Cloned => "cloned home",
        _ => "home set back",
    });
    if fate == Fate::SetBack {
        world.cut_power(MEMBER);
        world.nodes[MEMBER].is_put_away = true;
    }
    world.nodes[DOUBLE].is_put_away = false;
    world.rise(DOUBLE);
    let noticed = world.run_until(PATIENCE_MS, |world| matches!(voting(world, DOUBLE), Some(Voting::Twin { .. })));
    if !noticed || world.nodes[DOUBLE].voted_us > 0 {
        violated(world, format!("{fate:?}: the copy says {:?}", voting(world, DOUBLE)));
    }
    if fate != Fate::SetBack && !matches!(voting(world, MEMBER), Some(Voting::Active { .. })) {
        violated(world, format!("{fate:?}: the original says {:?}", voting(world, MEMBER)));
    }
}

fn forgotten(world: &mut World, fate: Fate, away_ms: u64) {
    world.cut_power(MEMBER);
    let block0 = world.ground.block0.clone();
    let node = &mut world.nodes[MEMBER];
    match fate {
        Fate::LeaseLost => node.lease_disk = MemoryDisk::new(),
        Fate::LogLost => node.log_disk = MemoryDisk::new(),
        _ => {
            (node.log_disk, node.lease_disk) = (MemoryDisk::new(), MemoryDisk::new());
            node.store = Store::new(&block0);
        }
    }
    node.has_forgotten = true;
    world.faults.add(match fate {
        Fate::LeaseLost => "lease lost",
        Fate::LogLost => "log lost",
        _ => "home lost",
    });
    world.run_for(away_ms);
    let (away_us, epoch) = (world.at_us, epoch_of(world, 0));
    world.rise(MEMBER);
    let again = world.run_until(PATIENCE_MS, |world| world.nodes[MEMBER].voted_us > away_us);
    let passed = epoch_of(world, MEMBER).saturating_sub(epoch);
    if !again || (fate != Fate::LogLost && passed < 2) {
        violated(world, format!("{fate:?}: after {passed} epochs it says {:?}", voting(world, MEMBER)));
    }
}

fn violated(world: &mut World, message: String) {
    if !world.is_violated() {
        world.auditor.violated("doubtful homes are silent", message);
    }
}

fn epoch_of(world: &World, place: usize) -> u64 {
    world.nodes[place].up.as_ref().map_or(0, |up| up.replica.status().epoch.0)
}

fn voting(world: &World, place: usize) -> Option<Voting> {
    world.nodes[place].up.as_ref().map(|up| up.replica.status().voting)
}
