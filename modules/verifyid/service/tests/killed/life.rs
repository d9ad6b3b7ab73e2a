//! One life of the process, from its start to the kill.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::chain::Held;
use crate::process::{Start, Threads};
use crate::steps::{Step, traced};

/// The first argument of the process that is killed.
pub const LIVE: &str = "live";
/// What `kill -9` sends.
const KILLED: i32 = 9;

/// How a life is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kill {
    /// So long after it was started.
    After(Duration),
    /// Before it takes this step.
    Before(Step),
    /// When its killer has seen enough; its steps are written down.
    Late,
    /// The same, as it runs in a node.
    Last,
}

impl Kill {
    const fn threads(&self) -> Threads {
        match self {
            Self::After(_) | Self::Last => Threads::Many,
            Self::Before(_) | Self::Late => Threads::One,
        }
    }
}

/// A process that lives.
pub struct Life {
    child: Child,
    held: Arc<Held>,
    hearing: JoinHandle<()>,
    killing: Option<JoinHandle<()>>,
    /// Its port and its number, if it came so far.
    at: Option<(u16, Pid)>,
}

impl Life {
    /// Starts it in a folder, and waits until it listens or is killed.
    ///
    /// # Panics
    /// The system starts no process.
    pub fn begin(held: &Arc<Held>, kill: &Kill, (folder, number): (&Path, u64), log: &Path) -> Self {
        let own = std::env::current_exe().expect("a running program has a file");
        let mut command = match kill {
            Kill::After(_) | Kill::Last => Command::new(&own),
            Kill::Before(step) => traced(log, Some(step), &own),
            Kill::Late => traced(log, None, &own),
        };
        let start = Start { folder: folder.to_path_buf(), number, threads: kill.threads() };
        command.arg(LIVE).args(start.arguments()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process can be started");
        let (input, output) = (child.stdin.take().expect("asked for"), child.stdout.take().expect("asked for"));
        let killing = match kill {
            Kill::After(time) => Some(kill_after(&child, *time)),
            _ => None,
        };
        held.tell(input);
        let (say, heard) = mpsc::channel();
        let listener = Arc::clone(held);
        let hearing = std::thread::spawn(move || hear(BufReader::new(output), &listener, &say));
        // One that is killed before says nothing.
        let at = heard.recv().ok();
        Self { child, held: Arc::clone(held), hearing, killing, at }
    }

    /// Where it listens, if it came so far.
    pub fn port(&self) -> Option<u16> {
        self.at.map(|(port, _)| port)
    }

    /// Kills it, if nobody has yet.
    ///
    /// # Panics
    /// It has ended in another way.
    pub fn end(mut self) {
        if let Some(killing) = self.killing {
            // It waits for no longer than it was told, and nobody else takes the process's number meanwhile.
            killing.thread().unpark();
            killing.join().expect("it kills");
        } else if let Some((_, process)) = self.at {
            // One that was killed at a step is gone.
            let _ = kill_process(process, Signal::KILL);
        }
        let status = self.child.wait().expect("it was started");
        assert_eq!(status.signal(), Some(KILLED), "it was not killed, but ended by itself: {status}");
        self.hearing.join().expect("what the account sends can be read");
        self.held.let_go();
    }
}

fn kill_after(child: &Child, time: Duration) -> JoinHandle<()> {
    let process = Pid::from_child(child);
    std::thread::spawn(move || {
        std::thread::park_timeout(time);
        kill_process(process, Signal::KILL).expect("it is there until it is waited for");
    })
}

/// Takes in what it says, until it is gone.
fn hear(mut output: impl BufRead, held: &Held, say: &mpsc::Sender<(u16, Pid)>) {
    loop {
        let mut line = String::new();
        output.read_line(&mut line).expect("a pipe");
        // A line that was cut by the kill was not said.
        let Some(line) = line.strip_suffix('\n') else { return };
        match line.strip_prefix("at ").and_then(|at| at.split_once(' ')) {
            Some((port, process)) => {
                let process = process.parse().ok().and_then(Pid::from_raw);
                let at = port.parse().ok().zip(process).expect("a port and a number");
                // Who starts it waits for it.
                say.send(at).expect("it waits");
            }
            None => held.hear(line),
        }
    }
}
