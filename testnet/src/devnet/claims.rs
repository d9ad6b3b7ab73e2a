//! What this program has claimed until it ends, so that another local network of this user that starts in the same second does not
//! take it too: tens of ports, and directories. A claim is a lock on a file, which the system takes back from whoever ends.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::sync::{Mutex, PoisonError};

/// What was claimed, with the locks that say so.
static CLAIMS: Mutex<Vec<(String, File)>> = Mutex::new(Vec::new());

/// Claims all of these names; false, and nothing is claimed, where another program has claimed one.
pub(super) fn claim(names: impl IntoIterator<Item = String>) -> bool {
    let directory = std::env::temp_dir().join(format!("thronos-ports-{}", rustix::process::getuid().as_raw()));
    let _ = DirBuilder::new().mode(0o700).create(&directory);
    let mut claims = CLAIMS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut taken = Vec::new();
    for name in names {
        if claims.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let open = OpenOptions::new().write(true).create(true).truncate(false).open(directory.join(&name));
        // Where nothing can be claimed, a look has to do.
        let Ok(file) = open else { continue };
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return false;
        }
        taken.push((name, file));
    }
    claims.append(&mut taken);
    true
}
