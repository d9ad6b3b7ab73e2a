//! How much room the disk of the data has, and what follows when it runs out.
//!
//! Below the reserve the node takes nothing more in: it follows nothing, votes not, refuses what is handed in, and answers
//! every question from what it has. When there is room again it goes on by itself, as if it had been asleep. A write that
//! failed for lack of room is another matter: what of it is on disk is unknown, so nothing is written any more until the node
//! is started again, and only questions are answered. It must not know who writes what.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::fs::{StatVfsMountFlags, statvfs};

/// So many times the reserve is little enough for a warning.
const LOW_RESERVES: u64 = 4;
/// A node that was full goes on when this many quarters of the reserve are free.
const AGAIN_QUARTERS: u64 = 5;

/// What the disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this process may still write; none where no file can be made or nothing be written.
    pub free_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// Asks the disk.
pub type Measure = Arc<dyn Fn() -> std::io::Result<Space> + Send + Sync>;

/// Asks the file system on which a path lies.
#[must_use]
pub fn space_of(path: &Path) -> Measure {
    let path = path.to_owned();
    Arc::new(move || {
        let found = statvfs(&path)?;
        let is_usable = !found.f_flag.contains(StatVfsMountFlags::RDONLY) && (found.f_files == 0 || found.f_favail > 0);
        let free = if is_usable { found.f_bavail } else { 0 };
        Ok(Space {
            free_bytes: free.saturating_mul(found.f_frsize),
            total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
        })
    })
}

/// What the operator is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scarcity {
    /// It runs out.
    Low(Space),
    /// Less than the reserve is left.
    Full(Space),
    /// A write failed; the sentence says which.
    Failed(String),
}

/// How much room there is. Clones are of the same disk.
#[derive(Clone)]
pub struct Room(Arc<Inner>);

struct Inner {
    path: PathBuf,
    reserve_bytes: u64,
    measure: Measure,
    free_bytes: AtomicU64,
    total_bytes: AtomicU64,
    /// 1 while less than the reserve is free.
    is_full: AtomicU64,
    failed: OnceLock<String>,
}

impl std::fmt::Debug for Room {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Room").field(&self.space()).field(&self.scarcity()).finish()
    }
}

impl Room {
    /// Measures for the first time.
    #[must_use]
    pub fn new(path: &Path, reserve_bytes: u64, measure: Measure) -> Self {
        let room = Self(Arc::new(Inner {
            path: path.to_owned(),
            reserve_bytes,
            measure,
            free_bytes: AtomicU64::new(u64::MAX),
            total_bytes: AtomicU64::new(u64::MAX),
            is_full: AtomicU64::new(0),
            failed: OnceLock::new(),
        }));
        room.look();
        room
    }

    /// Measures again. A disk that does not answer is taken to be as it was.
    pub(crate) fn look(&self) {
        let Ok(Space { free_bytes, total_bytes }) = (self.0.measure)() else { return };
        self.0.free_bytes.store(free_bytes, Ordering::Relaxed);
        self.0.total_bytes.store(total_bytes, Ordering::Relaxed);
        let again_bytes = self.0.reserve_bytes.saturating_mul(AGAIN_QUARTERS) / 4;
        let enough = if self.is_full() { again_bytes } else { self.0.reserve_bytes };
        self.0.is_full.store(u64::from(free_bytes < enough), Ordering::Relaxed);
    }

    /// A write failed for lack of room: nothing may be written any more by this process. Only the first is kept.
    pub(crate) fn fail(&self, sentence: String) {
        let _ = self.0.failed.set(sentence);
    }

    fn is_full(&self) -> bool {
        self.0.is_full.load(Ordering::Relaxed) != 0
    }

    /// Whether a write has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.0.failed.get().is_some()
    }

    /// Whether nothing is taken in.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.has_failed() || self.is_full()
    }

    /// As measured last.
    #[must_use]
    pub fn space(&self) -> Space {
        Space {
            free_bytes: self.0.free_bytes.load(Ordering::Relaxed),
            total_bytes: self.0.total_bytes.load(Ordering::Relaxed),
        }
    }

    /// What is kept free.
    #[must_use]
    pub fn reserve_bytes(&self) -> u64 {
        self.0.reserve_bytes
    }

    /// Where the data lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What the operator is to be told, if anything.
    #[must_use]
    pub fn scarcity(&self) -> Option<Scarcity> {
        if let Some(sentence) = self.0.failed.get() {
            return Some(Scarcity::Failed(sentence.clone()));
        }
        let space = self.space();
        if self.is_full() {
            return Some(Scarcity::Full(space));
        }
        let low_bytes = self.0.reserve_bytes.saturating_mul(LOW_RESERVES);
        (space.free_bytes < low_bytes).then_some(Scarcity::Low(space))
    }
}

/// Whether a write failed because there is no room for it, or because nothing can be written at all: by what the operating
/// system says, which libraries hand on as text.
#[must_use]
pub fn is_for_lack_of_room(message: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "Read-only file system"]
        .iter()
        .any(|said| message.contains(said))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn room_of(free: &Arc<Mutex<u64>>) -> Room {
        let free = free.clone();
        let measure: Measure =
            Arc::new(move || Ok(Space { free_bytes: *free.lock().expect("no panic"), total_bytes: 1_000 * MIB }));
        Room::new(Path::new("/data"), 100 * MIB, measure)
    }

    // FAULTS HT12
    #[test]
    fn a_disk_is_low_before_it_is_full_and_must_have_more_than_the_reserve_to_be_used_again() {
        let free = Arc::new(Mutex::new(0));
        let room = room_of(&free);
        let told = |mib: u64| {
            *free.lock().expect("no panic") = mib * MIB;
            room.look();
            match room.scarcity() {
                None => "enough",
                Some(Scarcity::Low(_)) => "low",
                Some(Scarcity::Full(space)) if space.free_bytes == mib * MIB && room.is_closed() => "full",
                Some(_) => "wrong",
            }
        };
        let steps = [(400, "enough"), (399, "low"), (100, "low"), (99, "full"), (124, "full"), (125, "low")];
        assert_eq!(steps.map(|(mib, _)| told(mib)), steps.map(|(_, expected)| expected));
    }

    // FAULTS HT12
    #[test]
    fn after_a_write_that_failed_no_room_opens_the_disk_again() {
        let free = Arc::new(Mutex::new(500 * MIB));
        let room = room_of(&free);
        room.fail("the first".to_owned());
        room.fail("the second".to_owned());
        room.look();
        assert!(room.is_closed());
        assert_eq!(room.scarcity(), Some(Scarcity::Failed("the first".to_owned())));
    }

    #[test]
    fn the_file_system_of_this_machine_can_be_asked() {
        let space = space_of(&std::env::temp_dir())().expect("it answers");
        assert!(space.free_bytes <= space.total_bytes && space.total_bytes > 0, "{space:?}");
        assert!(space_of(Path::new("/no/such/place"))().is_err());
    }

    #[test]
    fn only_a_lack_of_room_is_taken_for_one() {
        let full = std::io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
        assert!(is_for_lack_of_room(&format!("cannot append to `log`: {full}")));
        assert!(is_for_lack_of_room(
            &std::io::Error::from_raw_os_error(rustix::io::Errno::ROFS.raw_os_error()).to_string()
        ));
        let broken = std::io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error());
        assert!(!is_for_lack_of_room(&broken.to_string()));
    }
}
