//! The steps at which a process is killed: every system call by which it makes, writes, syncs, renames or removes a file, one after the other.
//!
//! strace counts them and kills before the one that is named; nothing in the service knows of it. It must not know what the files say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::CALLS_BEFORE;

/// By which files change. Some machines have only the later ones of a kind.
const CALLS: &str =
    "openat,write,pwrite64,ftruncate,fsync,fdatasync,?rename,renameat,?renameat2,?unlink,unlinkat,?mkdir,mkdirat";
/// Made so often by whoever is not to be counted.
const COUNTED_UP: [&str; 2] = ["openat", "write"];

/// A step: a call, and which one of its thread it is, from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub call: String,
    pub number: usize,
}

/// A call, and the kind of the service's file that it is about, if it is about one.
type Called = (String, Option<&'static str>);
/// What a step is about: the call and the kind of file.
pub type Place = (String, &'static str);

/// Why nothing is killed at a step here, if so.
pub fn hindrance() -> Option<String> {
    let tried = Command::new("strace").args(["-f", "-qq", "-e", "trace=openat", "true"]).stderr(Stdio::null()).status();
    match tried {
        Ok(status) if status.success() => None,
        Ok(_) => Some("strace may not look at a process here".to_owned()),
        Err(error) => Some(format!("strace cannot be started ({error})")),
    }
}

/// strace, which writes down the steps of a program, and kills it before one of them.
pub fn traced(log: &Path, at: Option<&Step>, program: &Path) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-s", "0", "-e", "signal=none", "-e"]).arg(format!("trace={CALLS}"));
    if let Some(Step { call, number }) = at {
        command.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={number}"));
    }
    command.arg("-o").arg(log).arg("--").arg(program);
    command
}

/// What strace wrote down of one process.
#[derive(Clone, Debug, Default)]
pub struct Traced {
    /// The calls of the thread that works with files, in order.
    calls: Vec<Called>,
}

impl Traced {
    /// Reads it.
    ///
    /// # Panics
    /// There is none.
    pub fn read(log: &Path, folder: &Path) -> Self {
        let text = std::fs::read_to_string(log).expect("strace has written it");
        let mut by_thread: BTreeMap<&str, Vec<Called>> = BTreeMap::new();
        for line in text.lines() {
            let Some((thread, rest)) = line.trim_start().split_once(' ') else { continue };
            let Some((call, rest)) = rest.trim_start().split_once('(') else { continue };
            if call.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
                by_thread.entry(thread).or_default().push((call.to_owned(), kind_of(rest, folder)));
            }
        }
        let own = |calls: &Vec<Called>| calls.iter().filter(|(_, kind)| kind.is_some()).count();
        Self { calls: by_thread.into_values().max_by_key(own).unwrap_or_default() }
    }

    /// Every step of it that is about a file of the service.
    pub fn steps(&self) -> Vec<Step> {
        let (mut counts, mut steps) = (BTreeMap::<&str, usize>::new(), Vec::new());
        for (call, kind) in &self.calls {
            let count = counts.entry(call.as_str()).or_default();
            *count += 1;
            let is_before = COUNTED_UP.contains(&call.as_str()) && *count <= CALLS_BEFORE;
            if kind.is_some() && !is_before {
                steps.push(Step { call: call.clone(), number: *count });
            }
        }
        steps
    }

    /// What they are about.
    pub fn places(&self) -> BTreeSet<Place> {
        self.calls.iter().filter_map(|(call, kind)| Some((call.clone(), (*kind)?))).collect()
    }

    /// What the last one was about.
    pub fn last(&self) -> Option<Place> {
        let (call, kind) = self.calls.last()?;
        Some((call.clone(), (*kind)?))
    }
}

/// What kind of file of the service a call is about, by its arguments; nothing for another file.
fn kind_of(arguments: &str, folder: &Path) -> Option<&'static str> {
    let start = arguments.find(folder.to_str()?)?;
    let path: String = arguments[start..].chars().take_while(|letter| !['"', '>'].contains(letter)).collect();
    let path = PathBuf::from(path);
    let parts: Vec<&str> = path.strip_prefix(folder).ok()?.iter().filter_map(|part| part.to_str()).collect();
    Some(match parts.as_slice() {
        [] => "the folder",
        ["used"] => "used",
        ["used.new"] => "used, anew",
        ["leaves"] => "leaves",
        ["leaves.new"] => "leaves, anew",
        [secret] if secret.starts_with("challenge.secret") => "the secret",
        ["batches"] => "folder of batches",
        ["batches", "index"] => "folder of the index",
        ["batches", "index", ..] => "index",
        ["batches", _] => "folder of a day",
        ["batches", _, batch] if batch.ends_with(".new") => "batch, anew",
        ["batches", _, _] => "batch",
        _ => "another file",
    })
}
