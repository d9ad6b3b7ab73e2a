//! The built command `thronosd`, typed as a person types it.
#![allow(dead_code)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use node::home::{Home, write_file};

use crate::support::genesis;

pub fn thronosd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thronosd"));
    command.args(arguments).env_remove("THRONOS_HOME").stdin(Stdio::null());
    command
}

/// What a command said on both of its outputs, and its exit code.
pub fn answer(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = thronosd(arguments).output().expect("the program runs");
    let said = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// A command that is refused with this code; what it said.
pub fn refused(arguments: &[&str], code: &str) -> String {
    let (exit, said) = answer(arguments);
    assert!(exit == Some(1) && said.contains(&format!("[{code}]")), "{arguments:?}: {said}");
    said
}

pub fn done(arguments: &[&str]) -> String {
    let (exit, said) = answer(arguments);
    assert_eq!(exit, Some(0), "{arguments:?}: {said}");
    said
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A file with the genesis, and one with a password.
pub fn files(root: &Path) -> [PathBuf; 2] {
    let [chain, password] = ["genesis.json", "password"].map(|name| root.join(name));
    write_file(&chain, genesis::to_json(&genesis(), &runtime::registry()).as_bytes()).expect("a file");
    write_file(&password, b"correct horse").expect("a file");
    [chain, password]
}

/// A running node, ended by its drop.
pub struct Daemon(Child, BufReader<ChildStderr>);

impl Daemon {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = thronosd(arguments).stderr(Stdio::piped()).spawn().expect("the program runs");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        Self(child, log)
    }

    /// The next line of the log with these words.
    pub fn line(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert!(self.1.read_line(&mut line).expect("text") > 0, "it ended before it said {words}");
        }
        line
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A validator's home that `init` has made.
pub struct Made {
    pub home: Home,
    password: PathBuf,
    directory: tempfile::TempDir,
}

impl Made {
    /// Makes it, with these arguments beside.
    pub fn new(more: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let home = Home::new(directory.path().join("home"));
        let [chain, password] = files(directory.path());
        let made = Self { home, password, directory };
        let told = done(&[&made.of_validator()[..], &["--genesis", text(&chain)], more].concat());
        assert!(told.contains(" (new)"), "the first of a home: {told}");
        made
    }

    /// The home, as it is typed.
    pub fn root(&self) -> &str {
        text(self.home.root())
    }

    pub fn password(&self) -> [&str; 2] {
        ["--password-file", text(&self.password)]
    }

    /// The command that made it, without the genesis.
    pub fn of_validator(&self) -> [&str; 6] {
        let [option, file] = self.password();
        ["init", "--home", self.root(), "--validator", option, file]
    }

    /// A place beside the home.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
