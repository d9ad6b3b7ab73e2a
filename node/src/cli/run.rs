//! `thronosd run`: the node in the foreground, until SIGTERM, SIGINT or a failure of this machine.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::config::{check_files, check_sources};
use super::{HomeArgument, Refusal, SettingArguments, hint, keys, sources};
use crate::config::{Config, LogFormat, Sources, older_names};
use crate::home::Home;
use crate::keys::{AccountKeys, NetworkKey, PasswordSource, ValidatorKey};
use crate::shell::{Node, NodeOptions, Port};

/// After this the process ends even if something has not drained; what it has said is on disk long before.
const DRAIN_MAX: Duration = Duration::from_secs(8);

/// The same for a start that a signal finds, which may hang at a file.
const START_END_MAX: Duration = Duration::from_secs(5);
/// As much as the main thread has.
const START_STACK_BYTES: usize = 8 << 20;

/// Files that a node may have open besides the connections of miners: its database, peers and readers.
const FILES_OF_THE_REST: u64 = 1_024;

/// What libraries say that means nothing to an operator; the settings may ask for it.
const QUIET: &str = "libp2p_gossipsub=error,libp2p_kad=error,libp2p_swarm=warn";

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    home: HomeArgument,
    /// Follow the chain and refuse every write with 403 read_only_replica; the validator key is not used.
    #[arg(long)]
    read_only: bool,
    /// File with the password of the validator key (mode 0600).
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, also per part.
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// `pretty` or `json`.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    #[command(flatten)]
    settings: SettingArguments,
}

impl Run {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        crate::hardening::keep_memory_private()
            .map_err(|error| Refusal::new("no_hardening", format!("core dumps cannot be turned off: {error}")))?;
        let home = self.home.home()?;
        home.check()?;
        let mut flags = self.settings.pairs()?;
        if self.read_only {
            flags.push(("node.read_only".to_owned(), "true".to_owned()));
        }
        flags.extend(self.log.map(|filter| ("log.filter".to_owned(), filter)));
        flags.extend(self.log_format.map(|format| ("log.format".to_owned(), format)));
        let sources = sources(&home, flags.clone())?;
        let config = Config::read(&sources)?;
        start_log(&config);
        for older in older_names(&sources) {
            tracing::warn!("{older}");
        }
        check_sources(&config, &sources, Some(home.read_genesis()?.0.network))?;
        check_files(&config, &sources, self.password_file.is_none() && home.validator_key_file().exists())?;
        allow_open_files(&config);
        let validator = unlock(&home, &config, &sources, self.password_file)?;
        let accounts = unlock_accounts(&config)?;
        let network = NetworkKey::read(&home.network_key_file())?;
        // From here on a signal waits for its turn instead of ending the process in the middle of something.
        let mut signals = Signals::catch()?;
        let again = Settings { home: home.clone(), flags };
        let node = signals.start(NodeOptions { home, config, validator, network, accounts, space: None })?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            chain = %node.port().chain_id,
            api = %node.api_address(),
            peer_id = %crate::peer_id::text(&node.port().network.key()),
            "running"
        );
        serve(node, signals, &again)
    }
}

/// The validator key, if there is one and it is to be used.
fn unlock(
    home: &Home,
    config: &Config,
    sources: &Sources,
    flag: Option<PathBuf>,
) -> Result<Option<ValidatorKey>, Refusal> {
    let path = home.validator_key_file();
    if config.node.read_only || !path.exists() {
        return Ok(None);
    }
    keys::unlock(&path, flag, config, sources).map(Some)
}

/// The keys of services' accounts, unless nothing may be sent.
fn unlock_accounts(config: &Config) -> Result<AccountKeys, Refusal> {
    if config.node.read_only {
        return Ok(AccountKeys::default());
    }
    Ok(AccountKeys::unlock(&config.accounts, PasswordSource::new)?)
}

/// Where the settings are read from, once more when SIGHUP comes.
struct Settings {
    home: Home,
    flags: Vec<(String, String)>,
}

impl Settings {
    /// Reads them anew and has the node take what it can. A file system that hangs keeps no other signal waiting.
    async fn reload(&self, node: &Node) {
        let (home, flags, network) = (self.home.clone(), self.flags.clone(), node.port().genesis.network);
        let read = tokio::task::spawn_blocking(move || {
            let sources = sources(&home, flags)?;
            let config = Config::read(&sources)?;
            // Files that the settings name are read here too.
            check_sources(&config, &sources, Some(network))?;
            Ok::<_, Refusal>(config)
        });
        let read = read.await;
        let config = match read.unwrap_or_else(|panic| Err(Refusal::fault(panic.to_string()))) {
            Ok(config) => config,
            Err(refusal) => {
                tracing::error!(error = refusal.message, "the settings are refused: those of before stay");
                return;
            }
        };
        let filter = filter(&config);
        let later = match node.reload(config) {
            Ok(later) => later,
            Err(error) => {
                tracing::error!(%error, "the settings are refused: those of before stay");
                return;
            }
        };
        if let Some(change) = FILTER.get() {
            change(filter);
        }
        if later.is_empty() {
            tracing::info!("the settings were read again");
        } else {
            tracing::warn!(later = later.join(", "), "the settings were read again; these wait for the next start");
        }
    }
}

/// Changes what is logged.
static FILTER: OnceLock<Box<dyn Fn(EnvFilter) + Send + Sync>> = OnceLock::new();

fn filter(config: &Config) -> EnvFilter {
    EnvFilter::new(format!("{QUIET},{}", config.log.filter))
}

fn start_log(config: &Config) {
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter(config)).with_writer(|| hint::AsTyped(std::io::stderr()));
    // Where the log cannot be written nobody is told so: telling would go the same way, and end the node.
    let builder = builder.log_internal_errors(false).with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    // A second start in one process keeps the first log, and a filter that cannot be changed stays.
    match config.log.format {
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            let handle = builder.reload_handle();
            let _ = FILTER.set(Box::new(move |filter| drop(handle.reload(filter))));
            let _ = builder.try_init();
        }
        LogFormat::Pretty => {
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            let _ = FILTER.set(Box::new(move |filter| drop(handle.reload(filter))));
            let _ = builder.try_init();
        }
    }
}

/// The signals that end the node, and the runtime on which they are waited for.
struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn catch() -> Result<Self, Refusal> {
        let failed = |error: std::io::Error| Refusal::fault(format!("signals cannot be received: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let inside = runtime.enter();
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let hangup = signal(SignalKind::hangup()).map_err(failed)?;
        drop(inside);
        Ok(Self { runtime, terminate, interrupt, hangup })
    }
}

impl Signals {
    /// Starts the node on a thread of its own, so that a signal is heard however long that takes.
    fn start(&mut self, options: NodeOptions) -> Result<Node, Refusal> {
        let (sender, mut started) = tokio::sync::oneshot::channel();
        let start = move || drop(sender.send(Node::start(options)));
        let thread = std::thread::Builder::new().name("start".to_owned()).stack_size(START_STACK_BYTES).spawn(start);
        thread.map_err(|error| Refusal::fault(format!("no thread can be started: {error}")))?;
        let Self { runtime, terminate, interrupt, .. } = self;
        let mut fault = None;
        let ended = runtime.block_on(async {
            tokio::select! {
                started = &mut started => return Some(started),
                () = asked_to_end(terminate, interrupt) => {}
            }
            tracing::info!("stopping as soon as the start allows it; a second signal ends it at once");
            let first = async {
                tokio::select! {
                    started = &mut started => Some(started),
                    () = asked_to_end(terminate, interrupt) => None,
                }
            };
            match tokio::time::timeout(START_END_MAX, first).await.ok().flatten() {
                Some(Ok(Ok(node))) => {
                    let stopping = tokio::task::spawn_blocking(move || node.stop());
                    let first = async {
                        tokio::select! {
                            ended = stopping => Some(ended),
                            () = asked_to_end(terminate, interrupt) => None,
                        }
                    };
                    // What has not ended by then is left, as after a signal to a node that runs.
                    fault = match tokio::time::timeout(DRAIN_MAX, first).await.ok().flatten() {
                        Some(Ok(ended)) => ended.err(),
                        Some(Err(panic)) => Some(panic.to_string()),
                        None => None,
                    };
                    None
                }
                failed => failed,
            }
        });
        match ended {
            Some(Ok(Ok(node))) => Ok(node),
            Some(Ok(Err(error))) => Err(error.into()),
            Some(Err(_)) => Err(Refusal::fault("the start ended in a panic, which is told above")),
            None if fault.is_some() => Err(Refusal::fault(format!("while stopping: {}", fault.unwrap_or_default()))),
            None => {
                // Whatever the start is in the middle of is as after a loss of power: the next one goes on from there.
                tracing::warn!("stopped before the node ran");
                std::process::exit(0)
            }
        }
    }
}

async fn asked_to_end(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Waits for the end, whichever comes first.
fn serve(node: Node, signals: Signals, settings: &Settings) -> Result<(), Refusal> {
    let Signals { runtime, mut terminate, mut interrupt, mut hangup } = signals;
    // Without systemd there is nobody to notify.
    let _ = sd_notify::notify(false, &[sd_notify::NotifyState::Ready]);
    let fault = runtime.block_on(async {
        let reloads = async {
            while hangup.recv().await.is_some() {
                settings.reload(&node).await;
            }
            std::future::pending().await
        };
        tokio::select! {
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
            () = reloads => None,
            () = feed_watchdog(node.port().clone()) => None,
            fault = node.faults().wait() => Some(fault),
        }
    });
    let _ = sd_notify::notify(false, &[sd_notify::NotifyState::Stopping]);
    if let Some(fault) = fault {
        // What failed may hang, so nothing is waited for: what was said is on disk, and the process ends now.
        std::mem::forget(node);
        runtime.shutdown_background();
        return Err(Refusal::fault(format!("the node stops because this machine failed: {fault}")));
    }
    tracing::info!("stopping");
    let stopping = runtime.spawn_blocking(move || node.stop());
    let ended = runtime.block_on(async {
        let first = async {
            tokio::select! {
                ended = stopping => Some(ended),
                // Whoever asks twice does not want to wait.
                () = asked_to_end(&mut terminate, &mut interrupt) => None,
            }
        };
        tokio::time::timeout(DRAIN_MAX, first).await.ok().flatten()
    });
    // Settings that are still being read are not waited for.
    runtime.shutdown_background();
    match ended {
        Some(Ok(Ok(()))) => {
            tracing::info!("stopped");
            Ok(())
        }
        Some(Ok(Err(fault))) => Err(Refusal::fault(format!("while stopping: {fault}"))),
        Some(Err(panic)) => Err(Refusal::fault(format!("while stopping: {panic}"))),
        None => {
            tracing::warn!("some work did not end in time and is left");
            std::process::exit(0)
        }
    }
}

/// Tells systemd that the node is alive, as long as the thread that owns the replica goes round.
async fn feed_watchdog(port: Port) {
    let mut interval_us = 0;
    if !sd_notify::watchdog_enabled(false, &mut interval_us) || interval_us == 0 {
        return std::future::pending().await;
    }
    let mut ticks = tokio::time::interval(Duration::from_micros(interval_us / 3));
    loop {
        ticks.tick().await;
        if port.is_alive() {
            let _ = sd_notify::notify(false, &[sd_notify::NotifyState::Watchdog]);
        }
    }
}

/// Asks the system for as many open files as it gives, and says so if they are too few for what is configured.
fn allow_open_files(config: &Config) {
    let allowed = crate::open_files::allow_as_many_as_possible();
    let needed = FILES_OF_THE_REST.saturating_add(crate::services::files_max(&config.services));
    match allowed {
        Ok(Some(allowed)) if allowed < needed => tracing::warn!(
            allowed,
            needed,
            "fewer files may be open than the settings can need; raise the hard limit (`ulimit -Hn`, or `LimitNOFILE=` of systemd)"
        ),
        Ok(allowed) => tracing::debug!(allowed, "open files"),
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}
