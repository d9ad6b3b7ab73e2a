//! Where the files of a local network lie.
//!
//! ```text
//! devnet.json      what was made here: without it nothing is ever deleted
//! genesis.json     password (0600)      wallet/ (alice, bob, …)      node-0/ node-1/ …      logs/node-0.log …
//! ```

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use node::home::{Home, HomeError};
use serde::{Deserialize, Serialize};
use types::{ChainId, Hash32};

use super::{Failure, Outcome, claims};

/// What the directory says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Always the same, so that no other file is taken for it.
    pub format: String,
    /// The chain.
    pub chain_id: ChainId,
    /// How many validators it has.
    pub validators: usize,
}

/// What [`Marker::format`] says.
const FORMAT: &str = "thronos-local-network";
/// Protects the keys of networks that live for an afternoon. It is public, as these keys are worth nothing.
const PASSWORD: &str = "local-network";

/// The directory of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Names a directory; nothing is read yet.
    ///
    /// # Errors
    /// When there is no working directory to start from.
    pub fn new(root: &Path) -> Outcome<Self> {
        let root = std::path::absolute(root).map_err(Failure::file("use", root))?;
        Ok(Self { root })
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The genesis of the network.
    #[must_use]
    pub fn genesis(&self) -> PathBuf {
        self.root.join("genesis.json")
    }

    /// The password of every key made here.
    #[must_use]
    pub fn password(&self) -> PathBuf {
        self.root.join("password")
    }

    /// The wallet with the funded accounts.
    #[must_use]
    pub fn wallet(&self) -> PathBuf {
        self.root.join("wallet")
    }

    /// The home of a node.
    #[must_use]
    pub fn node(&self, index: usize) -> PathBuf {
        self.root.join(format!("node-{index}"))
    }

    /// What a node writes to its standard error.
    #[must_use]
    pub fn log(&self, index: usize) -> PathBuf {
        self.root.join("logs").join(format!("node-{index}.log"))
    }

    /// What another program writes for people.
    #[must_use]
    pub fn log_of(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(format!("{name}.log"))
    }

    fn marker(&self) -> PathBuf {
        self.root.join("devnet.json")
    }

    /// The network that lies here, if there is one.
    ///
    /// # Errors
    /// When the directory holds something else.
    pub fn found(&self) -> Outcome<Option<Marker>> {
        let path = self.marker();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_empty = fs::read_dir(&self.root).map_or(true, |mut entries| entries.next().is_none());
                if is_empty {
                    return Ok(None);
                }
                let sentence =
                    format!("{} is not empty and holds no local network: choose another --home", self.root.display());
                return Err(Failure::new(sentence));
            }
            Err(error) => return Err(Failure::file("read", &path)(error)),
        };
        let marker: Option<Marker> = serde_json::from_str(&text).ok();
        let marker = marker.filter(|marker| marker.format == FORMAT);
        marker.map(Some).ok_or_else(|| {
            Failure::new(format!("{} is not what this program writes: choose another --home", path.display()))
        })
    }

    /// Deletes the network that lies here. A directory without its marker is left alone.
    ///
    /// # Errors
    /// When the directory holds something else or cannot be deleted.
    pub fn wipe(&self) -> Outcome<()> {
        if self.found()?.is_none() {
            return Ok(());
        }
        self.check_nobody_runs()?;
        // The marker goes last, so that an interrupted deletion can be taken up again.
        for entry in fs::read_dir(&self.root).map_err(Failure::file("list", &self.root))? {
            let path = entry.map_err(Failure::file("list", &self.root))?.path();
            if path == self.marker() {
                continue;
            }
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(Failure::file("delete", &path))?;
        }
        fs::remove_dir_all(&self.root).map_err(Failure::file("delete", &self.root))
    }

    /// Keeps other local networks of this user out of this directory from now on, until this program ends.
    ///
    /// # Errors
    /// When another program has claimed it: it is making a network here, or runs one.
    pub fn claim(&self) -> Outcome<()> {
        // Links above the directory lead to one place; the directory itself may not be there yet.
        let parent = self.root.parent().and_then(|parent| parent.canonicalize().ok());
        let place =
            parent.zip(self.root.file_name()).map_or_else(|| self.root.clone(), |(above, name)| above.join(name));
        let digest = Hash32(crypto::hash::sha256(place.as_os_str().as_bytes()));
        if claims::claim([format!("home-{digest}")]) {
            return Ok(());
        }
        Err(Failure::new(format!(
            "another program makes or runs a local network in {}: stop it first (Ctrl-C where it was started), or choose another \
             --home",
            self.root.display()
        )))
    }

    /// Refuses to touch a network of which a node runs, whatever its ports.
    ///
    /// # Errors
    /// When a home in here is used by a process, or cannot be looked at.
    pub fn check_nobody_runs(&self) -> Outcome<()> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(()),
            Err(error) => return Err(Failure::file("list", &self.root)(error)),
        };
        for entry in entries {
            let path = entry.map_err(Failure::file("list", &self.root))?.path();
            if !path.is_dir() {
                continue;
            }
            match Home::new(&path).lock_as_it_is() {
                Ok(_) => {}
                Err(HomeError::Locked(node)) => {
                    return Err(Failure::new(format!(
                        "the network in {} is running: a process uses {}. Stop it first (Ctrl-C where it was started), or choose \
                         another --home",
                        self.root.display(),
                        node.display()
                    )));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Makes the directory with its marker and its password.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn create(&self) -> Outcome<()> {
        let logs = self.root.join("logs");
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&logs).map_err(Failure::file("make", &logs))?;
        self.mark(ChainId::default(), 0)?;
        write_private(&self.password(), &format!("{PASSWORD}\n"))
    }

    /// Says what lies here.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn mark(&self, chain_id: ChainId, validators: usize) -> Outcome<()> {
        let marker = Marker { format: FORMAT.to_owned(), chain_id, validators };
        let text = serde_json::to_string_pretty(&marker).expect("texts and numbers have a JSON form");
        write_private(&self.marker(), &format!("{text}\n"))
    }

    /// The password of every key made here, as a node takes it.
    #[must_use]
    pub fn node_password(&self) -> node::keys::Password {
        node::keys::Password::new(PASSWORD)
    }
}

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, text: &str) -> Outcome<()> {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Failure::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_directory_with_its_marker_is_ever_deleted() {
        let directory = tempfile::tempdir().expect("a directory");
        let layout = Layout::new(&directory.path().join("network")).expect("a path");
        assert_eq!(layout.found(), Ok(None));
        layout.create().expect("it is made");
        layout.mark(ChainId::default(), 4).expect("it is marked");
        assert_eq!(layout.found().expect("it is one").map(|marker| marker.validators), Some(4));
        layout.wipe().expect("it is deleted");
        assert!(!layout.root().exists());

        // FAULTS RT15: never below a node that lives.
        layout.create().expect("it is made");
        let home = Home::new(layout.node(0));
        home.create().expect("a home");
        let lock = home.lock(ChainId::default()).expect("nobody has it");
        for refused in [layout.check_nobody_runs(), layout.wipe()] {
            let told = refused.expect_err("a node runs").to_string();
            assert!(told.contains("is running") && told.contains("Stop it first"), "{told}");
        }
        assert!(home.data().join("lock").exists() && layout.password().exists());
        drop(lock);
        layout.check_nobody_runs().expect("it has ended");
        layout.wipe().expect("it is deleted");
        assert!(!layout.root().exists());

        let foreign = Layout::new(directory.path()).expect("a path");
        fs::write(directory.path().join("thesis.txt"), "three years").expect("a file");
        assert!(foreign.wipe().is_err());
        assert!(directory.path().join("thesis.txt").exists());
    }
}
