//! One daemon: started, asked, paused, killed, stopped.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use node::home::Home;
use node::keys::NetworkKey;
use node::peer_id;
use rustix::process::{Pid, Signal, kill_process};
use wallet::NodeClient;

use super::{Failure, Outcome, Stop, launch, until};

/// A daemon that was told to stop is killed after this; it promises to need at most ten seconds.
const STOP_PATIENCE: Duration = Duration::from_secs(12);
/// Longest wait for the answer of a node that is asked whether it is ready.
const ASK_PATIENCE: Duration = Duration::from_secs(2);
/// So much of a log's end is shown.
const TAIL_BYTES: u64 = 2_000;

/// Where the programs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The daemon.
    pub daemon: PathBuf,
    /// The client.
    pub client: PathBuf,
}

impl Programs {
    /// From the variables `THRONOSD` and `THRONOS`, else beside this program.
    ///
    /// # Errors
    /// When they are not there.
    pub fn find() -> Outcome<Self> {
        Ok(Self { daemon: find("THRONOSD", "thronosd")?, client: find("THRONOS", "thronos")? })
    }
}

fn find(variable: &str, name: &str) -> Outcome<PathBuf> {
    let beside =
        || std::env::current_exe().ok().map(|own| own.with_file_name(name)).unwrap_or_else(|| PathBuf::from(name));
    let path = std::env::var_os(variable).map_or_else(beside, PathBuf::from);
    if path.is_file() {
        return Ok(path);
    }
    let build = "build it with `cargo build --release -p node -p thronos`, or start this with `cargo x devnet`";
    Err(Failure::new(format!("there is no {name} at {}: {build}", path.display())))
}

/// A node of a local network, running or not.
#[derive(Debug)]
pub struct NodeProcess {
    /// Its place in the network.
    pub index: usize,
    home: PathBuf,
    log: PathBuf,
    api: String,
    daemon: PathBuf,
    settings: Vec<String>,
    child: Option<Child>,
    /// Whether the process that runs was seen to be the one that answers.
    is_known: bool,
    client: NodeClient,
    asker: ureq::Agent,
}

impl NodeProcess {
    /// A node that has a home but was not started yet. `settings` are given to `thronosd run --set`.
    ///
    /// # Errors
    /// Never with an API on loopback.
    pub fn new(
        index: usize,
        home: &Path,
        log: &Path,
        api_port: u16,
        daemon: &Path,
        settings: Vec<String>,
    ) -> Outcome<Self> {
        let api = format!("http://127.0.0.1:{api_port}");
        let config =
            ureq::Agent::config_builder().timeout_global(Some(ASK_PATIENCE)).http_status_as_error(false).build();
        Ok(Self {
            index,
            home: home.to_owned(),
            log: log.to_owned(),
            client: NodeClient::new(&api)?,
            api,
            daemon: daemon.to_owned(),
            settings,
            child: None,
            is_known: false,
            asker: config.new_agent(),
        })
    }

    /// The address of its API.
    #[must_use]
    pub fn api(&self) -> &str {
        &self.api
    }

    /// A client of its API.
    #[must_use]
    pub const fn client(&self) -> &NodeClient {
        &self.client
    }

    /// Its home.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What it writes to its standard error.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// From its next start on it has this setting too, as `KEY=VALUE`.
    pub fn give(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// The process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts the daemon. It does not wait for anything.
    ///
    /// # Errors
    /// When it is running already or cannot be started.
    pub fn start(&mut self) -> Outcome<()> {
        if self.child.is_some() {
            return Err(Failure::new(format!("node {} is running already", self.index)));
        }
        let open = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = open.map_err(Failure::file("open", &self.log))?;
        let again = log.try_clone().map_err(Failure::file("open", &self.log))?;
        let mut command = launch::below_this_process(&self.daemon)?;
        command.arg("run").arg("--home").arg(&self.home);
        for setting in &self.settings {
            command.arg("--set").arg(setting);
        }
        command.stdin(Stdio::null()).stdout(log).stderr(again);
        let child =
            command.spawn().map_err(|error| Failure::new(format!("cannot start node {}: {error}", self.index)))?;
        self.child = Some(child);
        self.is_known = false;
        Ok(())
    }

    /// Fails when the process has ended although nobody told it to.
    ///
    /// # Errors
    /// How it ended, with the end of its log.
    pub fn check_running(&mut self) -> Outcome<()> {
        let Some(status) = self.ended()? else { return Ok(()) };
        let words = self.last_words();
        // A node says how its own command is given another port; here all ports are chosen together.
        let advice = if words.contains("cannot listen on") {
            "\na port of this network was taken while it started: choose others with --base-port, such as --base-port 27700"
        } else {
            ""
        };
        Err(Failure::new(format!("node {} {}; its last words:\n{words}{advice}", self.index, shown(status)))
            .with_log(&self.log))
    }

    /// How the process ended, if it has.
    ///
    /// # Errors
    /// When it was not started.
    pub fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        let Some(child) = &mut self.child else {
            return Err(Failure::new(format!("node {} is not running", self.index)));
        };
        let ended =
            child.try_wait().map_err(|error| Failure::new(format!("cannot ask for node {}: {error}", self.index)))?;
        if ended.is_some() {
            self.child = None;
        }
        Ok(ended)
    }

    /// Waits until `/readyz` says yes, and it is this node that says so.
    ///
    /// # Errors
    /// When the process ends or the time is over, with the reason it gives.
    pub fn wait_ready(&mut self, patience: Duration, stop: &Stop) -> Outcome<()> {
        let what = format!("node {} to be ready", self.index);
        until(&what, patience, stop, || self.ask_ready()).map_err(|failure| failure.with_log(&self.log))
    }

    /// One question to `/readyz`.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn ask_ready(&mut self) -> Outcome<Result<(), String>> {
        self.check_running()?;
        let url = format!("{}/readyz", self.api);
        let answer = self.asker.get(&url).call();
        Ok(match answer {
            Ok(response) if response.status().is_success() && self.is_known => Ok(()),
            Ok(response) if response.status().is_success() => {
                let identity = self.check_identity()?;
                self.is_known = identity.is_ok();
                identity
            }
            Ok(mut response) => Err(response.body_mut().read_to_string().unwrap_or_default().trim().to_owned()),
            Err(error) => Err(format!("{url}: {error}")),
        })
    }

    /// Whether it is this node that answers: another network's, begun at the same moment, may have taken the port.
    fn check_identity(&self) -> Outcome<Result<(), String>> {
        let key = NetworkKey::read(&Home::new(&self.home).network_key_file()).and_then(|key| key.peer_key());
        let own = peer_id::text(&key.map_err(|error| Failure::new(format!("node {}: {error}", self.index)))?);
        Ok(match self.client.status() {
            Ok(status) if status.peer_id == own => Ok(()),
            Ok(status) => {
                let found: String = status.peer_id.chars().take(64).collect();
                Err(format!("at {} the node {found} of another network answers: choose another --base-port", self.api))
            }
            Err(error) => Err(error.to_string()),
        })
    }

    /// Kills it as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill(&mut self) -> Outcome<()> {
        self.signal(Signal::KILL)?;
        self.reap()
    }

    /// Holds it (SIGSTOP).
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self) -> Outcome<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self) -> Outcome<()> {
        self.signal(Signal::CONT)
    }

    /// Asks it to stop (SIGTERM), without waiting. Nothing happens when it is not running.
    pub fn ask_to_stop(&self) {
        let _ = self.signal(Signal::TERM);
    }

    /// Waits until it has stopped, and kills it when it does not.
    ///
    /// # Errors
    /// When it had to be killed, or ended with another code than 0.
    pub fn finish(&mut self) -> Outcome<()> {
        if self.child.is_none() {
            return Ok(());
        }
        // The wish to stop is what brings us here, so this wait does not listen to it.
        let deaf = Stop::default();
        let what = format!("node {} to stop", self.index);
        let waited = until(&what, STOP_PATIENCE, &deaf, || Ok(self.ended()?.ok_or_else(|| "it still runs".to_owned())));
        match waited {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(format!("node {} was asked to stop and {}", self.index, shown(status)))
                .with_log(&self.log)),
            Err(failure) => {
                self.kill()?;
                Err(failure.with_log(&self.log))
            }
        }
    }

    fn signal(&self, signal: Signal) -> Outcome<()> {
        let Some(child) = &self.child else { return Err(Failure::new(format!("node {} is not running", self.index))) };
        let failed = |error| Failure::new(format!("cannot signal node {}: {error}", self.index));
        kill_process(Pid::from_child(child), signal).map_err(failed)
    }

    fn reap(&mut self) -> Outcome<()> {
        if let Some(mut child) = self.child.take() {
            child.wait().map_err(|error| Failure::new(format!("cannot wait for node {}: {error}", self.index)))?;
        }
        Ok(())
    }

    /// The end of the log.
    fn last_words(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = std::fs::File::open(&self.log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
            let mut bytes = Vec::new();
            file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_else(|error| format!("(the log cannot be read: {error})"))
    }
}

/// A daemon never outlives what started it: a network that is dropped on an error path takes its processes with it.
impl Drop for NodeProcess {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn shown(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
