//! The log's end may be torn at any byte, and is cut; damage anywhere else must be noticed: a node that forgets its
//! votes is a danger to all (FAULTS S6, S7).

use super::super::outcome::Outcome;
use super::super::world::{Cast, World};
use super::Casting;

/// Flipped bytes tried.
const FLIPS: usize = 16;

pub(super) fn run(casting: &Casting) -> Outcome {
    let mut lots = casting.lots();
    let mut world = World::new(casting.seed, &casting.equals(4), Cast::default());
    world.start();
    world.run_for(1_000);
    let place = lots.place(4);
    world.cut_power(place);
    let whole = world.copy_log(place);
    let files: Vec<(String, usize)> = segments(&whole);
    for _ in 0..FLIPS {
        let (name, length) = files[lots.place(files.len())].clone();
        // The newest record is at the end; the first half of the file has none of it.
        let offset = lots.place(length / 2);
        let bits = 1 << lots.below(8);
        let damaged = whole.copy();
        damaged.flip(&name, offset, bits);
        world.nodes[place].log_disk = damaged;
        world.faults.add("damaged log");
        let ground = world.ground.clone();
        let now = world.now(place);
        if world.nodes[place].rise(&ground, now).is_ok() {
            let message = format!("node {place} starts although byte {offset} of `{name}` was changed");
            world.auditor.violated("damage is noticed", message);
        }
    }
    world.nodes[place].log_disk = whole;
    world.heal();
    world.expect_progress();
    Outcome::of(world)
}

fn segments(disk: &journal::MemoryDisk) -> Vec<(String, usize)> {
    use journal::Disk as _;
    let names = disk.list().expect("a disk in memory lists its files");
    let length = |name: &String| disk.read(name).ok().flatten().map_or(0, |bytes| bytes.len());
    let mut files: Vec<(String, usize)> = names.into_iter().map(|name| (name.clone(), length(&name))).collect();
    files.sort();
    // The newest segment may be little more than its last record, whose damage is a torn end.
    if files.iter().filter(|(name, _)| name.starts_with("log-0")).count() > 1 {
        let newest = files.iter().rposition(|(name, _)| name.starts_with("log-0"));
        newest.map(|place| files.remove(place));
    }
    files.retain(|(_, length)| *length > 16);
    files
}
