//! Attackers on js-libp2p: one process each, below this one.
//!
//! Their scripts stand under `testnet/hostile/`, are part of this program and are written beside the modules that
//! `./setup --peers` has installed, because that is where Node looks for modules. It must not install anything.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::attack::{Assault, Begun, Deeds};
use super::siege::Siege;
use crate::devnet::{Failure, Outcome, launch};

/// The scripts, by name.
const SCRIPTS: &[(&str, &str)] = &[
    ("peer", include_str!("../../hostile/peer.mjs")),
    ("votes", include_str!("../../hostile/votes.mjs")),
    ("book_filler", include_str!("../../hostile/book_filler.mjs")),
    ("control_spammer", include_str!("../../hostile/control_spammer.mjs")),
    ("crowd", include_str!("../../hostile/crowd.mjs")),
    ("deaf_asker", include_str!("../../hostile/deaf_asker.mjs")),
    ("foreigner", include_str!("../../hostile/foreigner.mjs")),
    ("frame_giant", include_str!("../../hostile/frame_giant.mjs")),
    ("frame_smuggler", include_str!("../../hostile/frame_smuggler.mjs")),
    ("framer", include_str!("../../hostile/framer.mjs")),
    ("greedy_asker", include_str!("../../hostile/greedy_asker.mjs")),
    ("identify_pusher", include_str!("../../hostile/identify_pusher.mjs")),
    ("length_liar", include_str!("../../hostile/length_liar.mjs")),
    ("list_gossiper", include_str!("../../hostile/list_gossiper.mjs")),
    ("newer_version", include_str!("../../hostile/newer_version.mjs")),
    ("replayer", include_str!("../../hostile/replayer.mjs")),
];

/// What js-libp2p needs of Node.
const NODE_MAJOR_MIN: u32 = 22;
/// From a start of Node to the first harm.
const READY_PATIENCE: Duration = Duration::from_secs(60);
/// From the wish to end to the deeds.
const END_PATIENCE: Duration = Duration::from_secs(10);
/// A script ends by itself when this much more than its time is over.
const SECONDS_MORE: u64 = 30;

/// js-libp2p, installed.
#[derive(Clone, Debug)]
pub(super) struct Peers {
    node: PathBuf,
    /// Where the scripts of this run lie.
    scripts: PathBuf,
}

impl Peers {
    /// Looks for what `./setup --peers` installs, and writes the scripts beside it.
    ///
    /// # Errors
    /// A sentence with what is missing.
    pub(super) fn find() -> Result<Self, String> {
        let home = std::env::var_os("HOME").map(PathBuf::from).ok_or("there is no home directory")?;
        let folder = home.join(".cache/thronos/peers");
        if !folder.join("node_modules/libp2p/package.json").is_file() {
            return Err("js-libp2p is not installed (./setup --peers does it, with npm and a registry)".to_owned());
        }
        let node = [folder.join("node_modules/.bin/node"), PathBuf::from("node")].into_iter().find(|node| is_new(node));
        let node = node.ok_or_else(|| format!("there is no Node {NODE_MAJOR_MIN} or newer (./setup --peers)"))?;
        let scripts = folder.join(format!("scripts-{}", std::process::id()));
        let write = |scripts: &Path| -> std::io::Result<()> {
            fs::create_dir_all(scripts)?;
            SCRIPTS.iter().try_for_each(|(name, text)| fs::write(scripts.join(format!("{name}.mjs")), text))
        };
        write(&scripts).map_err(|error| format!("cannot write {}: {error}", scripts.display()))?;
        Ok(Self { node, scripts })
    }

    /// Removes the scripts.
    pub(super) fn clean(&self) {
        // What stays is small and lies in a cache.
        let _ = fs::remove_dir_all(&self.scripts);
    }
}

fn is_new(node: &Path) -> bool {
    let said = Command::new(node).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let said = said.ok().filter(|output| output.status.success());
    let version = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    major(&version).is_some_and(|major| major >= NODE_MAJOR_MIN)
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// A line of an attacker's standard output.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    ready: bool,
    /// A deed, done for the first time.
    done: Option<String>,
    deeds: Option<serde_json::Map<String, Value>>,
}

/// One attacker's process.
struct PeerProcess {
    child: Child,
    lines: Receiver<Line>,
    /// What was done at least once.
    done: BTreeSet<String>,
    /// The line with the deeds, when it was read before the end.
    last: Option<Line>,
    errors: PathBuf,
}

/// Starts a script against these nodes, with what it needs to know beside the chain; waits until harm begins.
///
/// # Errors
/// When the process cannot be started or does not begin.
pub(super) fn begin(
    siege: &Siege,
    time: Duration,
    script: &'static str,
    victims: &[usize],
    more: &Value,
) -> Outcome<Begun> {
    let peers = match &siege.peers {
        Ok(peers) => peers,
        Err(reason) => return Ok(Begun::NotRun(reason.clone())),
    };
    let addresses: Vec<String> = victims.iter().map(|node| siege.tcp_address(*node)).collect();
    let mut task = json!({
        "tag": siege.tag(),
        "greeting": siege.greeting(),
        "victims": addresses,
        "seconds": time.as_secs().saturating_add(SECONDS_MORE),
        "from": siege.source.to_string(),
    });
    if let (Some(task), Some(more)) = (task.as_object_mut(), more.as_object()) {
        task.extend(more.clone());
    }
    let errors = siege.scratch(&format!("logs/attacker-{script}.log"));
    let log = fs::File::create(&errors).map_err(Failure::file("make", &errors))?;
    let mut command = launch::below_this_process(&peers.node)?;
    command.arg(peers.scripts.join(format!("{script}.mjs"))).arg(task.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn().map_err(|error| Failure::new(format!("cannot start Node: {error}")))?;
    let output = child.stdout.take().ok_or_else(|| Failure::new("the attacker has no standard output"))?;
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let read = BufReader::new(output).lines().map_while(Result::ok);
        for line in read.filter_map(|line| serde_json::from_str(&line).ok()) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut process = PeerProcess { child, lines, done: BTreeSet::new(), last: None, errors };
    match process.next(READY_PATIENCE, |line| line.ready) {
        Some(_) => Ok(Begun::Assault(Box::new(process))),
        _ => Err(process.failed("did not begin")),
    }
}

impl PeerProcess {
    /// The next line of this kind; what was done by then is remembered.
    fn next(&mut self, patience: Duration, is_meant: impl Fn(&Line) -> bool) -> Option<Line> {
        let until = Instant::now() + patience;
        if let Some(last) = self.last.take_if(|line| is_meant(line)) {
            return Some(last);
        }
        loop {
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
            self.done.extend(line.done.clone());
            if is_meant(&line) {
                return Some(line);
            }
            if line.deeds.is_some() {
                self.last = Some(line);
            }
        }
    }

    fn failed(&self, what: &str) -> Failure {
        let said = fs::read_to_string(&self.errors).unwrap_or_default();
        let last: Vec<&str> = said.lines().rev().take(6).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        Failure::new(format!("the attacker {what}: {}", last.join(" | "))).with_log(&self.errors)
    }
}

impl Assault for PeerProcess {
    fn has_done(&mut self, deed: &str) -> bool {
        let _ = self.next(Duration::ZERO, |_| false);
        // Whoever has ended does nothing more that is worth waiting for.
        self.done.contains(deed) || self.last.is_some()
    }

    fn end(mut self: Box<Self>) -> Outcome<Deeds> {
        drop(self.child.stdin.take());
        let line = self.next(END_PATIENCE, |line| line.deeds.is_some());
        let deeds = line.and_then(|line| line.deeds).ok_or_else(|| self.failed("did not tell what it did"))?;
        if let Some(why) = deeds.get("failed") {
            return Err(self.failed(&format!("failed ({why})")));
        }
        Ok(deeds.into_iter().filter_map(|(deed, times)| Some((deed, times.as_u64()?))).collect())
    }
}

/// No attacker outlives its attack.
impl Drop for PeerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Messages for a script, in a file: each a u32 length and its bytes.
///
/// # Errors
/// When the file system refuses.
pub(super) fn write_payloads(siege: &Siege, name: &str, payloads: &[Vec<u8>]) -> Outcome<PathBuf> {
    let path = siege.scratch(name);
    let mut bytes = Vec::new();
    for payload in payloads {
        let length = u32::try_from(payload.len()).map_err(|_| Failure::new("a message is above 4 GiB"))?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(payload);
    }
    fs::write(&path, bytes).map_err(Failure::file("write", &path))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_node_that_is_new_enough_is_taken() {
        assert_eq!((major("v22.23.3"), major("v20.1.0"), major("22.0.0"), major("")), (Some(22), Some(20), None, None));
        assert!(!is_new(Path::new("/nonexistent/node")));
    }

    #[test]
    fn every_script_of_the_folder_is_part_of_the_program() {
        let folder = Path::new("hostile");
        let mut files: Vec<String> = fs::read_dir(folder)
            .expect("the scripts are there")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_suffix(".mjs").map(str::to_owned))
            .collect();
        files.sort();
        let mut known: Vec<&str> = SCRIPTS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(files, known);
    }
}
