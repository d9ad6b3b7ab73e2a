//! How much memory this machine, or the container in it, has to give; and giving back to it what is free.

use std::path::Path;

use tikv_jemalloc_ctl::{Access, AsName};

/// Above this share of it the node lets no more strangers in: three quarters.
const SHARE: (u64, u64) = (3, 4);
/// Where the system does not tell.
const UNKNOWN_BYTES: u64 = 4 << 30;

/// The bound for memory when the operator gives none.
#[must_use]
pub fn bound_bytes() -> u64 {
    let root = Path::new("/");
    let smallest = [total_bytes(root), group_bytes(root)].into_iter().flatten().min();
    share(smallest.unwrap_or(UNKNOWN_BYTES))
}

fn share(bytes: u64) -> u64 {
    let (part, of) = SHARE;
    (bytes / of).saturating_mul(part)
}

/// The machine's.
fn total_bytes(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

/// The smallest limit of the control groups that this process is in, of either version.
fn group_bytes(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let limits = text.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (folder, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|one| one == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return Vec::new(),
        };
        let group = Path::new(path.trim_start_matches('/'));
        // A group has at most what those above it have.
        let found = group.ancestors().filter_map(|above| {
            let text = std::fs::read_to_string(root.join(folder).join(above).join(file)).ok()?;
            text.trim().parse::<u64>().ok()
        });
        found.collect()
    });
    limits.min()
}

/// Gives the system every page that is free. The allocator does so by itself within half a second; what is allocated before then
/// lies in pages that were written to, and keeps all of them, however little of it is used. Worth it where much was freed and
/// much that stays is about to be allocated.
///
/// Says how many arenas gave; an arena that was never used has nothing to give.
pub(crate) fn give_back() -> usize {
    let arenas: u32 = "arenas.narenas\0".name().read().unwrap_or_default();
    (0..arenas).filter(|arena| give_back_of(*arena).is_ok()).count()
}

fn give_back_of(arena: u32) -> tikv_jemalloc_ctl::Result<()> {
    let name = format!("arena.{arena}.dirty_decay_ms\0");
    let kept_ms: isize = name.name().read()?;
    // Told to keep nothing, it gives all at once; then it goes on as before.
    name.name().write(0_isize)?;
    name.name().write(kept_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    #[test]
    fn arenas_give_back_and_keep_their_setting() {
        let setting = || Access::<isize>::read("arena.0.dirty_decay_ms\0".name());
        let before = setting().expect("the first arena is there");
        assert!(give_back() > 0);
        assert_eq!(setting(), Ok(before));
        assert!(give_back_of(1_000_000).is_err(), "no such arena");
    }

    // FAULTS HC4
    #[test]
    fn the_bound_follows_from_the_container_or_the_machine_whichever_has_less() {
        let home = tempfile::tempdir().expect("a directory");
        let root = home.path();
        assert_eq!((total_bytes(root), group_bytes(root)), (None, None));
        write(root, "proc/meminfo", "MemTotal:        8000000 kB\nMemFree: 1 kB\n");
        assert_eq!(total_bytes(root), Some(8_192_000_000));
        write(root, "proc/self/cgroup", "0::/a/b\n");
        assert_eq!(group_bytes(root), None);
        write(root, "sys/fs/cgroup/a/b/memory.max", "max\n");
        assert_eq!(group_bytes(root), None);
        write(root, "sys/fs/cgroup/a/memory.max", "1000000000\n");
        assert_eq!(group_bytes(root), Some(1_000_000_000));
        write(root, "proc/self/cgroup", "5:cpu:/x\n7:memory,other:/c\n");
        write(root, "sys/fs/cgroup/memory/c/memory.limit_in_bytes", "500\n");
        assert_eq!(group_bytes(root), Some(500));
        assert_eq!(share(1_000_000_000), 750_000_000);
        assert!(bound_bytes() > 64 << 20);
    }
}
