//! A copy of the tree with a history of one commit, and a target folder that shares what does not depend on the tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::Workspace;
use crate::{Failure, command};

/// Both stand in the target folder.
const FOLDER: &str = "plug";

/// Folders below `release` whose entries are artifacts of one crate each.
const SHARED: [&str; 3] = [".fingerprint", "build", "deps"];

/// The copy.
pub(super) struct Copy {
    /// Root and target folder are those of the copy.
    pub(super) workspace: Workspace,
}

impl Copy {
    /// Copies what git tracks or would track, with its times, and links the artifacts of foreign crates.
    pub(super) fn make(original: &Workspace) -> Result<Self, Failure> {
        let folder = original.target.join(FOLDER);
        let (tree, target) = (folder.join("tree"), folder.join("target"));
        remove(&tree)?;
        let files = tracked(&original.root)?;
        for path in &files {
            copy_file(&original.root.join(path), &tree.join(path))?;
        }
        share(original, &target)?;
        for arguments in [&["init", "-q"] as &[&str], &["add", "-A", "-f"], &["commit", "-q", "-m", "The tree"]] {
            command::run(git(&tree).args(arguments))?;
        }
        let mut workspace = Workspace::load_at(tree)?;
        workspace.target = target;
        Ok(Self { workspace })
    }

    /// What cargo says of the copy now.
    pub(super) fn reload(&self) -> Result<Workspace, Failure> {
        let loaded = Workspace::load_at(self.workspace.root.clone())?;
        Ok(Workspace { target: self.workspace.target.clone(), ..loaded })
    }

    /// Cargo in the copy.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = command::cargo(&self.workspace, arguments);
        cargo.env("CARGO_TARGET_DIR", &self.workspace.target);
        cargo
    }

    /// Git in the copy.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<String, Failure> {
        command::output(git(&self.workspace.root).args(arguments))
    }

    /// Appends texts to files; returns what stood there.
    pub(super) fn append(&self, texts: &[(&str, String)]) -> Result<Vec<(PathBuf, String)>, Failure> {
        let mut kept = Vec::new();
        for (path, text) in texts {
            let path = self.workspace.root.join(path);
            let before = std::fs::read_to_string(&path).map_err(failed(&path))?;
            std::fs::write(&path, format!("{before}{text}")).map_err(failed(&path))?;
            kept.push((path, before));
        }
        Ok(kept)
    }

    /// Undoes [`Copy::append`].
    pub(super) fn restore(&self, kept: Vec<(PathBuf, String)>) -> Result<(), Failure> {
        kept.into_iter().try_for_each(|(path, text)| std::fs::write(&path, text).map_err(failed(&path)))
    }

    /// Leaves the artifacts for the next time, and nothing else.
    pub(super) fn remove_tree(self) -> Result<(), Failure> {
        remove(&self.workspace.root)
    }
}

/// Git in a folder, whoever calls this: a hook sets variables that name another repository.
fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder);
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"] {
        git.env_remove(name);
    }
    git.args(["-c", "user.name=plug", "-c", "user.email=plug@localhost", "-c", "commit.gpgsign=false"]);
    git.args(["-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false"]);
    git
}

fn tracked(root: &Path) -> Result<Vec<String>, Failure> {
    let listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let text = command::output(git(root).args(listed))?;
    let files = text.split('\0').filter(|path| !path.is_empty() && root.join(path).is_file());
    Ok(files.map(str::to_owned).collect())
}

/// Cargo judges by times what has changed, so a copy is as old as its original.
fn copy_file(from: &Path, to: &Path) -> Result<(), Failure> {
    let copy = || -> std::io::Result<()> {
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::copy(from, to)?;
        let times = std::fs::metadata(from)?.modified()?;
        std::fs::File::options().write(true).open(to)?.set_modified(times)
    };
    copy().map_err(failed(to))
}

/// Links what the copy can use: artifacts of crates that are no members. They are never written in place, and where a link
/// cannot be made they are built again.
fn share(original: &Workspace, target: &Path) -> Result<(), Failure> {
    let members: BTreeSet<String> = original.packages.iter().map(|package| package.name.replace('-', "_")).collect();
    for kind in SHARED {
        let (from, to) = (original.target.join("release").join(kind), target.join("release").join(kind));
        let Ok(entries) = std::fs::read_dir(&from) else { continue };
        std::fs::create_dir_all(&to).map_err(failed(&to))?;
        for entry in entries {
            let entry = entry.map_err(failed(&from))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_foreign(kind, &name, &members) && !to.join(&name).exists() {
                link(&entry.path(), &to.join(&name));
            }
        }
    }
    Ok(())
}

/// Whether an artifact is of a crate that is no member: its name stands before the last hyphen, behind a `lib` where it is a
/// library. Tests and programs, which are large and of members alone, are none.
fn is_foreign(kind: &str, artifact: &str, members: &BTreeSet<String>) -> bool {
    let Some((name, rest)) = artifact.rsplit_once('-') else { return false };
    let is_library = [".rlib", ".rmeta", ".so", ".d"].iter().any(|end| rest.ends_with(end));
    let name = name.replace('-', "_");
    let is_member = |name: &str| members.contains(name);
    (kind != "deps" || is_library) && !is_member(&name) && !name.strip_prefix("lib").is_some_and(is_member)
}

/// A file by a link, a folder by links of all in it. What fails is built again.
fn link(from: &Path, to: &Path) {
    if !from.is_dir() {
        let _ = std::fs::hard_link(from, to);
        return;
    }
    let (Ok(entries), Ok(())) = (std::fs::read_dir(from), std::fs::create_dir_all(to)) else { return };
    for entry in entries.flatten() {
        link(&entry.path(), &to.join(entry.file_name()));
    }
}

fn remove(folder: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(folder)(error)),
        _ => Ok(()),
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::new(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_of_members_are_not_shared() {
        let members: BTreeSet<String> = ["node", "mining_service", "types"].map(str::to_owned).into();
        for artifact in ["libnode-0a1b.rlib", "libmining_service-0a1b.rmeta", "node-0a1b.d", "thronosd-0a1b", "types"] {
            assert!(!is_foreign("deps", artifact, &members), "{artifact}");
        }
        for artifact in
            ["libserde_json-0a1b.rlib", "libnode_cache-0a1b.rmeta", "libclap_derive-0a1b.so", "serde-0a1b.d"]
        {
            assert!(is_foreign("deps", artifact, &members), "{artifact}");
        }
        assert!(is_foreign("build", "librocksdb-sys-0a1b", &members) && !is_foreign("build", "node-0a1b", &members));
    }
}
