//! A copy of the tree with a history of one commit, and a target folder that shares what does not depend on the new module.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::Workspace;
use crate::{Failure, command};

/// Both stand in the target folder.
const FOLDER: &str = "plug";

/// Folders below `release` with what cargo has made, and how it is shared.
const SHARED: [(&str, Sharing); 3] = [
    // Cargo writes these in place.
    (".fingerprint", Sharing::Copied),
    ("build", Sharing::Linked),
    ("deps", Sharing::Libraries),
];

/// What cargo writes in place beside what a build script has made.
const WRITTEN: [&str; 4] = ["output", "root-output", "stderr", "invoked.timestamp"];

/// How files are shared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// Each has a copy of its own, as old as the original.
    Copied,
    /// Both folders name one file, which nobody writes in place; but for what cargo does.
    Linked,
    /// Libraries are linked; lists of what they were made of are copied. Programs and tests, which are large, are made anew.
    Libraries,
}

/// The copy.
pub(super) struct Copy {
    /// Root and target folder are those of the copy.
    pub(super) workspace: Workspace,
}

impl Copy {
    /// Copies what git tracks or would track, with its times, and shares the artifacts.
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

/// Shares what the copy can use. Cargo names artifacts by what they are made of and not by where the tree lies, so whatever does not
/// depend on the new module is taken as it is. Where something cannot be shared it is built again.
fn share(original: &Workspace, target: &Path) -> Result<(), Failure> {
    for (kind, sharing) in SHARED {
        let (from, to) = (original.target.join("release").join(kind), target.join("release").join(kind));
        // What an earlier run made of its own module is of no use.
        remove(&to)?;
        share_folder(&from, &to, sharing);
    }
    Ok(())
}

fn share_folder(from: &Path, to: &Path, sharing: Sharing) {
    let (Ok(entries), Ok(())) = (std::fs::read_dir(from), std::fs::create_dir_all(to)) else { return };
    for entry in entries.flatten() {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            share_folder(&path, &copy, sharing);
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let _ = match sharing {
            Sharing::Libraries if is_library(&name) => std::fs::hard_link(&path, &copy).map_err(failed(&copy)),
            Sharing::Libraries if !name.ends_with(".d") => Ok(()),
            Sharing::Linked if !WRITTEN.contains(&name.as_str()) => {
                std::fs::hard_link(&path, &copy).map_err(failed(&copy))
            }
            Sharing::Copied | Sharing::Linked | Sharing::Libraries => copy_file(&path, &copy),
        };
    }
}

/// What other crates are compiled against.
fn is_library(name: &str) -> bool {
    name.starts_with("lib") && [".rlib", ".rmeta", ".so"].iter().any(|end| name.ends_with(end))
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
    fn libraries_are_shared_and_programs_and_tests_are_not() {
        for name in ["libserde-0a1b.rlib", "libnode-0a1b.rmeta", "libclap_derive-0a1b.so"] {
            assert!(is_library(name), "{name}");
        }
        for name in ["thronosd-0a1b", "libnode-0a1b.d", "node-0a1b.rlib", "devnet-0a1b.d"] {
            assert!(!is_library(name), "{name}");
        }
    }

    #[test]
    fn what_cargo_writes_in_place_has_a_copy_as_old_as_the_original_and_libraries_are_one_file() {
        use std::os::unix::fs::MetadataExt;
        let folder = std::env::temp_dir().join(format!("plug-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        std::fs::create_dir_all(from.join("serde-0a1b")).expect("a folder");
        for path in ["serde-0a1b/invoked.timestamp", "libserde-0a1b.rlib", "serde-0a1b.d", "thronosd-0a1b"] {
            std::fs::write(from.join(path), path).expect("a file");
        }
        share_folder(&from, &to, Sharing::Libraries);
        let inode = |path: PathBuf| std::fs::metadata(path).map(|found| found.ino()).ok();
        let of = |path: &str| (inode(from.join(path)), inode(to.join(path)));
        let (library, copy) = of("libserde-0a1b.rlib");
        assert_eq!(library, copy);
        let (list, copy) = of("serde-0a1b.d");
        assert!(copy.is_some() && list != copy);
        assert_eq!(of("thronosd-0a1b").1, None);
        share_folder(&from.join("serde-0a1b"), &to.join("serde-0a1b"), Sharing::Copied);
        let age = |folder: &Path| {
            std::fs::metadata(folder.join("serde-0a1b/invoked.timestamp")).and_then(|file| file.modified())
        };
        assert_eq!(age(&from).expect("a file"), age(&to).expect("a copy"));
        remove(&folder).expect("its own folder");
    }
}
