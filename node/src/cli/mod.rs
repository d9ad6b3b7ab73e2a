//! The commands of `thronosd`: what is typed, and which function answers it.
//!
//! Every refusal is one sentence that says what happened, with which value, and what to do. Exit codes: 0 done, 1 refused or failed,
//! 2 not understood, 70 this machine failed while the node ran.

/// Prints a line on standard output. Where that fails, the command ends with an error.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write;
        if let Err(error) = writeln!(std::io::stdout(), $($part)*) {
            $crate::cli::output_failed(error);
        }
    }};
}

mod check;
mod config;
mod genesis;
mod hint;
mod init;
mod keys;
mod peers;
mod run;
mod service;
mod status;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, ConfigError, Sources};
use crate::home::{Home, HomeError};
use crate::keys::{AccountKeyError, KeyFileError, PasswordError};
use crate::shell::StartError;

/// The node of a Thronos network.
#[derive(Debug, Parser)]
#[command(name = "thronosd", version, about, max_term_width = 120)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a home: settings, keys, genesis. Nothing that exists is overwritten.
    Init(init::Init),
    /// Run the node until it is told to stop.
    Run(run::Run),
    /// Ask a running node how it is doing.
    Status(status::Status),
    /// Show the peers of a running node, and say who shall be one.
    #[command(subcommand)]
    Peers(peers::Peers),
    /// Show or re-encrypt this node's keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Verify a home while its node is stopped: permissions, keys, log, database, newest block.
    Check(check::Check),
    /// Check or print the settings.
    #[command(subcommand)]
    Config(config::ConfigVerb),
    /// Build a genesis file step by step, check and hash it.
    #[command(subcommand)]
    Genesis(genesis::GenesisVerb),
    /// Print the version.
    Version,
    #[command(flatten)]
    Service(service::ServiceVerb),
}

/// Where the node lives.
#[derive(Debug, Clone, Args)]
pub(crate) struct HomeArgument {
    /// Directory of the node [default: ~/.thronos].
    #[arg(long, env = "THRONOS_HOME", value_name = "DIRECTORY")]
    home: Option<PathBuf>,
}

impl HomeArgument {
    /// Has messages name the directory that was typed, also those of a command that needs none.
    pub(crate) fn note(&self) {
        // Where the environment names it, so it does for the next command.
        if let Some(home) = &self.home
            && std::env::var_os("THRONOS_HOME").is_none_or(|named| named != home.as_os_str())
        {
            hint::note_home(home);
        }
    }

    pub(crate) fn home(&self) -> Result<Home, Refusal> {
        self.note();
        if let Some(home) = &self.home {
            return Ok(Home::new(home));
        }
        let user = std::env::var_os("HOME").filter(|home| !home.is_empty());
        let user =
            user.ok_or_else(|| Refusal::new("no_home", "HOME is not set: name the node's directory with --home"))?;
        Ok(Home::new(PathBuf::from(user).join(".thronos")))
    }
}

/// Settings from the command line.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SettingArguments {
    /// Peer to find the network through, a multiaddress; may be repeated.
    #[arg(long, value_name = "MULTIADDRESS")]
    bootstrap: Vec<String>,
    /// Multiaddress to listen on for peers; may be repeated.
    #[arg(long, value_name = "MULTIADDRESS")]
    listen: Vec<String>,
    /// Address and port of the HTTP API.
    #[arg(long, value_name = "ADDRESS:PORT")]
    api: Option<String>,
    /// Any setting of config.toml; may be repeated. A list is written a,b or as in the file.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

impl SettingArguments {
    /// As `key=value` pairs.
    pub(crate) fn pairs(&self) -> Result<Vec<(String, String)>, Refusal> {
        let mut pairs = Vec::new();
        if !self.bootstrap.is_empty() {
            pairs.push(("network.bootstrap".to_owned(), self.bootstrap.join(",")));
        }
        if !self.listen.is_empty() {
            pairs.push(("network.listen".to_owned(), self.listen.join(",")));
        }
        if let Some(api) = &self.api {
            pairs.push(("api.listen".to_owned(), api.clone()));
        }
        for setting in &self.settings {
            let Some((key, value)) = setting.split_once('=') else {
                return Err(Refusal::new("usage", format!("`--set {setting}` has no `=`: write --set KEY=VALUE")));
            };
            pairs.push((key.trim().to_owned(), value.to_owned()));
        }
        Ok(pairs)
    }
}

/// A command that was not done: a stable code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: Cow<'static, str>,
    /// For people.
    pub message: String,
    /// The process's exit code.
    pub exit: u8,
}

/// The code of what was not understood, and its exit code.
const USAGE: &str = "usage";
const EXIT_USAGE: u8 = 2;
/// The exit code of a node whose machine failed (`EX_SOFTWARE` of sysexits).
pub const EXIT_FAULT: u8 = 70;

impl Refusal {
    /// A refusal with exit code 1, or 2 if the command was not understood.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), message: message.into(), exit: if code == USAGE { EXIT_USAGE } else { 1 } }
    }

    /// A refusal of the running node.
    fn told(code: &str, message: String) -> Self {
        Self { code: Cow::Owned(code.to_owned()), message, exit: 1 }
    }

    /// The sentence without what the language adds to the system's words, and with commands as they have to be typed.
    fn plain(&self) -> String {
        let message = hint::as_typed(&self.message);
        let mut text = String::with_capacity(message.len());
        let mut rest = &*message;
        while let Some((before, behind)) = rest.split_once(" (os error ") {
            let number = behind.split_once(')').filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
            text.push_str(before);
            match number {
                Some((_, behind)) => rest = behind,
                None => {
                    text.push_str(" (os error ");
                    rest = behind;
                }
            }
        }
        text.push_str(rest);
        text
    }

    /// Says it on standard error: a sentence, or a document for programs, in the forms of the client `thronos`.
    pub fn tell(&self, wants_json: bool) {
        if wants_json {
            eprintln!("{}", serde_json::json!({ "code": self.code, "message": self.plain() }));
        } else {
            eprintln!("thronosd: {} [{}]", self.plain(), self.code);
        }
    }

    /// A failure of which all has been said.
    const fn said() -> Self {
        Self { code: Cow::Borrowed("fault"), message: String::new(), exit: EXIT_FAULT }
    }

    /// A failure of this machine.
    pub(crate) fn fault(message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed("fault"), message: message.into(), exit: EXIT_FAULT }
    }
}

impl From<HomeError> for Refusal {
    fn from(error: HomeError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ConfigError> for Refusal {
    fn from(error: ConfigError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<KeyFileError> for Refusal {
    fn from(error: KeyFileError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<AccountKeyError> for Refusal {
    fn from(error: AccountKeyError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        Self { code: error.code(), message: error.to_string(), exit: 1 }
    }
}

impl Command {
    /// Reads the command line, does what it says, and gives the exit code. Whatever is not done is said on standard error, to
    /// programs that ask for `--json` as a document.
    #[must_use]
    pub fn main() -> u8 {
        let wants_json = std::env::args_os().any(|argument| argument == "--json");
        speak_plainly();
        let done = match Self::try_parse() {
            // What was typed is used up by the command, so nothing half-done of it is seen after a panic.
            Ok(command) => std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| command.run()))
                .unwrap_or_else(|_| Err(Refusal::said())),
            Err(error) if wants_json && error.use_stderr() => {
                Err(Refusal::new(USAGE, what_is_wrong(&error.to_string())))
            }
            // Help and version are answers like others: whoever asked must know that they did not come.
            Err(error) if !error.use_stderr() => {
                if let Err(error) = error.print() {
                    output_failed(error);
                }
                written()
            }
            Err(error) => error.exit(),
        };
        done.map_or_else(
            |refusal| {
                if !refusal.message.is_empty() {
                    refusal.tell(wants_json);
                }
                refusal.exit
            },
            |()| 0,
        )
    }

    /// Does what was typed.
    ///
    /// # Errors
    /// [`Refusal`], to be printed on standard error.
    pub fn run(self) -> Result<(), Refusal> {
        self.perform()?;
        written()
    }

    fn perform(self) -> Result<(), Refusal> {
        match self.verb {
            Verb::Init(init) => init.run(),
            Verb::Run(run) => run.run(),
            Verb::Status(status) => status.run(),
            Verb::Peers(peers) => peers.run(),
            Verb::Service(verb) => verb.run(),
            Verb::Keys(keys) => keys.run(),
            Verb::Check(check) => check.run(),
            Verb::Config(verb) => verb.run(),
            Verb::Genesis(verb) => verb.run(),
            Verb::Version => {
                say!("thronosd {}", env!("CARGO_PKG_VERSION"));
                Ok(())
            }
        }
    }
}

/// A store that cannot be read ends the program where that is met: its last words are a sentence like any other.
fn speak_plainly() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match panic.payload().downcast_ref::<String>() {
        Some(words) if words.starts_with(store::STOPS) => eprintln!("thronosd: {} [fault]", hint::as_typed(words)),
        _ => usual(panic),
    }));
}

/// What `clap` says of a command line, without how to use it.
fn what_is_wrong(said: &str) -> String {
    let told = said.split("\n\n").next().unwrap_or(said).trim_start_matches("error: ");
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first failure to write what a command says.
static OUTPUT_FAILURE: OnceLock<std::io::Error> = OnceLock::new();

/// What a command says cannot be written: it goes on, and ends with an error.
pub(crate) fn output_failed(error: std::io::Error) {
    let _ = OUTPUT_FAILURE.set(error);
}

/// Whether all that was said has been written. A reader that has gone, as `head` does, is content.
fn written() -> Result<(), Refusal> {
    if let Err(error) = std::io::stdout().flush() {
        output_failed(error);
    }
    match OUTPUT_FAILURE.get() {
        Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let message = format!("what this command says cannot be written: {error}; what it did is done");
            Err(Refusal::new("output_failed", message))
        }
        _ => Ok(()),
    }
}

/// The settings of a home, with environment and flags.
pub(crate) fn read_config(home: &Home, flags: Vec<(String, String)>) -> Result<Config, Refusal> {
    Ok(Config::read(&sources(home, flags)?)?)
}

/// Where the settings of a home come from.
pub(crate) fn sources(home: &Home, flags: Vec<(String, String)>) -> Result<Sources, Refusal> {
    let content = home.read_config()?;
    let own = std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"THRONOS_"));
    let text = |part: OsString| part.into_string().map_err(|part| part.to_string_lossy().into_owned());
    let pairs: Result<_, String> = own.map(|(name, value)| Ok((text(name)?, text(value)?))).collect();
    let environment = pairs.map_err(|part| {
        Refusal::new("config_value", format!("environment: `{part}` is no text in UTF-8: set it anew, or unset it"))
    })?;
    let file = Some((home.config_file().display().to_string(), content));
    Ok(Sources { file, environment, flags })
}
