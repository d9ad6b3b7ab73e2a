//! The folder of a service, and the one in which an older version kept the same under another name.
//!
//! Invariants: what an older version kept is moved, never left behind by a folder that is made anew; a link that leads nowhere,
//! such as to a disk that is not mounted, is refused instead of beginning with nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Home, HomeError, failed};
use crate::disk::make_directory;

/// What is so of a folder that an older version kept and that stands beside the present one.
pub(crate) const IGNORED: &str = "an older version's folder, which is not read beside the present one; while the node is stopped, \
                                  move what you miss into the present one, and this one away";

/// What is so of a link without an end.
pub(crate) const LEADS_NOWHERE: &str = "it is a link that leads nowhere; mount what it leads to, or set it right";

/// Where a service's things are.
pub(crate) struct ServiceFolder {
    /// Where they are now, if there are any; a link that leads nowhere is none.
    pub(crate) used: Result<Option<PathBuf>, PathBuf>,
    /// An older version's folder beside that one.
    pub(crate) ignored: Option<PathBuf>,
}

impl Home {
    /// Where a service keeps what it keeps.
    #[must_use]
    pub fn service_folder(&self, name: &str) -> PathBuf {
        self.data().join("services").join(name)
    }

    /// Finds it, or what an older version kept under another name; changes nothing.
    pub(crate) fn find_service(&self, name: &str, former: Option<&str>) -> ServiceFolder {
        let folder = Some(self.service_folder(name)).filter(|folder| is_there(folder));
        let former =
            former.map(|former| self.data().join(former)).filter(|former| is_there(former) && !former.is_file());
        let (used, ignored) = match (folder, former) {
            // Two names of one place are no two places.
            (Some(folder), former) => {
                let ignored = former.filter(|former| fs::canonicalize(former).ok() != fs::canonicalize(&folder).ok());
                (Some(folder), ignored)
            }
            (None, former) => (former, None),
        };
        let used = match used {
            Some(link) if !link.exists() => Err(link),
            used => Ok(used),
        };
        ServiceFolder { used, ignored }
    }

    /// The folder of a service, made if it is missing; what an older version kept under another name is moved there, and the log
    /// says so.
    ///
    /// # Errors
    /// [`HomeError`] that says what to do.
    pub fn service(&self, name: &str, former: Option<&str>) -> Result<PathBuf, HomeError> {
        let folder = self.service_folder(name);
        let ServiceFolder { used, ignored } = self.find_service(name, former);
        if let Some(ignored) = ignored {
            tracing::warn!(folder = %ignored.display(), present = %folder.display(), "{IGNORED}");
        }
        let used = used.map_err(HomeError::LeadsNowhere)?;
        if used.as_ref() == Some(&folder) {
            return Ok(folder);
        }
        let all = self.data().join("services");
        make_directory(&all).map_err(failed("make", &all))?;
        let Some(former) = used else {
            make_directory(&folder).map_err(failed("make", &folder))?;
            return Ok(folder);
        };
        let moved = move_folder(&former, &folder);
        moved.map_err(|error| HomeError::Move { from: former.clone(), to: folder.clone(), error })?;
        tracing::info!(from = %former.display(), to = %folder.display(), "what an older version kept was moved");
        Ok(folder)
    }
}

/// Whether something has this name, a link that leads nowhere too.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Moves a folder, or a link to one. What a link says may count from where it stands, so its end is written in full.
fn move_folder(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_symlink() || fs::read_link(from)?.is_absolute() {
        return fs::rename(from, to);
    }
    std::os::unix::fs::symlink(fs::canonicalize(from)?, to)?;
    fs::remove_file(from)
}
