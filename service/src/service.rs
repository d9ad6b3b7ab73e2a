//! What a service is: the trait that a feature's folder implements, and the line by which the node knows it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prometheus_client::registry::Registry as Metrics;
use serde_json::Value;

use crate::account::{AccountNeed, ServiceAccount};
use crate::chain::{Chain, Follower, Later};
use crate::http::{Reads, Routes};
use crate::life::Life;
use crate::settings::{AnySection, Settings};
use crate::streams::{StreamRow, Streams};
use crate::verbs::{VerbContext, Verbs};

/// A setting is wrong, a port is taken, a folder cannot be used: the node does not start. Or an operator's question is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A stable name.
    pub code: Cow<'static, str>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal with its two parts.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), message: message.into() }
    }
}

/// This machine failed, or the service ended though nobody asked: the node stops.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ServiceFault(pub String);

/// What a service is given.
#[derive(Clone)]
pub struct Ground {
    /// The chain.
    pub chain: Arc<dyn Chain>,
    /// `data/services/NAME`, its own; it exists.
    pub folder: PathBuf,
    /// Its own account, where it declares one and `accounts.NAME` names a key.
    pub account: Option<Arc<dyn ServiceAccount>>,
    /// Streams of its own protocols.
    pub streams: Arc<dyn Streams>,
    /// Turns of those who read the store.
    pub reads: Reads,
    /// Of the system, fresh at each start.
    pub entropy: [u8; 32],
}

impl Ground {
    /// Final blocks from a height on.
    #[must_use]
    pub fn follow(&self, next: types::Height) -> Follower {
        Follower::new(self.chain.clone(), next)
    }
}

/// A socket that the settings ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedSocket {
    /// The setting.
    pub key: &'static str,
    /// The address.
    pub address: SocketAddr,
}

/// A socket that the node has bound, and does not block.
#[derive(Debug)]
pub struct Bound {
    /// The setting.
    pub key: &'static str,
    /// It listens already.
    pub listener: TcpListener,
}

/// Answers what the operator of this machine asks over the socket in the home, never over HTTP.
pub trait Operator: Send + Sync + 'static {
    /// Answers in JSON, as the service's verbs read it.
    fn answer(&self, question: Value) -> Later<'_, Result<Value, Refusal>>;
}

/// What was found of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file or folder.
    pub file: PathBuf,
    /// What is so, in words that follow on its name and a colon.
    pub what: String,
}

impl Finding {
    /// A finding with its two parts.
    pub fn new(file: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self { file: file.into(), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file.display(), self.what)
    }
}

/// What a look at a stopped service's folder found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderFindings {
    /// Ends that a crash left: a start cuts them off.
    pub torn: Vec<Finding>,
    /// What is whole, and for which a start waits for the operator's word.
    pub held: Vec<Finding>,
    /// What is damaged.
    pub wrong: Vec<Finding>,
}

/// What a feature does off the chain.
pub trait Service: Sized + Send + 'static {
    /// The feature's name: section of `config.toml`, folder, prefix of routes and metrics, verb of `thronosd`.
    const NAME: &'static str;
    /// Its section; named as the feature is.
    type Settings: Settings;
    /// `thronosd NAME VERB`; [`crate::NoVerbs`] for none.
    type Verbs: Verbs;
    /// What its verbs are for, in one line.
    const ABOUT: &'static str;
    /// Other names of its command.
    const ALIASES: &'static [&'static str] = &[];
    /// The folder below `data` where older versions kept what now stands in `data/services/NAME`.
    const FORMER_FOLDER: Option<&'static str> = None;
    /// That it sends transactions of an account of its own, if it does.
    const ACCOUNT: Option<AccountNeed> = None;
    /// The protocols that it speaks with other nodes and clients.
    const STREAMS: &'static [StreamRow] = &[];

    /// What is wrong with the settings as a whole, where each alone is right. Opens nothing and reads nothing but the files that
    /// they name. Without a genesis the network is not known, and addresses may be of any.
    ///
    /// # Errors
    /// The reason, with the name of the setting.
    fn check(_settings: &Self::Settings, _network: Option<types::Network>) -> Result<(), Refusal> {
        Ok(())
    }

    /// What is wrong with the settings where no account is named.
    ///
    /// # Errors
    /// The reason, with the name of the setting.
    fn check_without_account(_settings: &Self::Settings) -> Result<(), Refusal> {
        Ok(())
    }

    /// The sockets that the settings ask for.
    fn sockets(_settings: &Self::Settings) -> Vec<WantedSocket> {
        Vec::new()
    }

    /// Open files beside the node's own.
    fn files_max(_settings: &Self::Settings) -> u64 {
        0
    }

    /// Reads what it keeps; nothing when it is switched off. On the runtime of services.
    ///
    /// # Errors
    /// Whatever forbids a start.
    fn open(settings: &Self::Settings, ground: Ground, sockets: Vec<Bound>) -> Result<Option<Self>, Refusal>;

    /// Its routes.
    fn routes(&self) -> Routes {
        Routes::default()
    }

    /// Registers what it measures; the names get the service's as their prefix.
    fn measure(&self, _metrics: &mut Metrics) {}

    /// Who answers the operator.
    fn operator(&self) -> Option<Arc<dyn Operator>> {
        None
    }

    /// Lives until `life` drains. When it returns, everything is written down.
    fn run(self, life: Life) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Looks at what a stopped node keeps in the service's folder; changes nothing. Whether the settings name an account decides what the
    /// next start makes of it.
    fn look(_folder: &Path, _has_account: bool) -> FolderFindings {
        FolderFindings::default()
    }
}

/// A service as the node holds it.
pub trait AnyService: Send {
    /// The feature's name.
    fn name(&self) -> &'static str;
    /// Its routes.
    fn routes(&self) -> Routes;
    /// Registers what it measures.
    fn measure(&self, metrics: &mut Metrics);
    /// Who answers the operator.
    fn operator(&self) -> Option<Arc<dyn Operator>>;
    /// Its life.
    fn run(self: Box<Self>, life: Life) -> Later<'static, Result<(), ServiceFault>>;
}

impl<S: Service> AnyService for S {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn routes(&self) -> Routes {
        Service::routes(self)
    }

    fn measure(&self, metrics: &mut Metrics) {
        Service::measure(self, metrics.sub_registry_with_prefix(S::NAME));
    }

    fn operator(&self) -> Option<Arc<dyn Operator>> {
        Service::operator(self)
    }

    fn run(self: Box<Self>, life: Life) -> Later<'static, Result<(), ServiceFault>> {
        Box::pin(Service::run(*self, life))
    }
}

/// A service that was opened; nothing when it is switched off.
pub type OpenedService = Option<Box<dyn AnyService>>;

/// One line of the list in `node/src/services.rs`.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The feature's name.
    pub name: &'static str,
    /// Its section with the defaults.
    pub section: fn() -> Box<dyn AnySection>,
    /// Where older versions kept its folder, below `data`.
    pub former_folder: Option<&'static str>,
    /// The account that it sends from.
    pub account: Option<AccountNeed>,
    /// The protocols that it speaks.
    pub streams: &'static [StreamRow],
    /// What is wrong with the settings as a whole.
    pub check: fn(&dyn AnySection, Option<types::Network>) -> Result<(), Refusal>,
    /// What is wrong with them where no account is named.
    pub check_without_account: fn(&dyn AnySection) -> Result<(), Refusal>,
    /// The sockets that the settings ask for.
    pub sockets: fn(&dyn AnySection) -> Vec<WantedSocket>,
    /// Open files beside the node's own.
    pub files_max: fn(&dyn AnySection) -> u64,
    /// Reads what it keeps.
    pub open: fn(&dyn AnySection, Ground, Vec<Bound>) -> Result<OpenedService, Refusal>,
    /// Looks at what a stopped node keeps.
    pub look: fn(&Path, bool) -> FolderFindings,
    /// What its verbs are for.
    pub about: &'static str,
    /// Other names of its command.
    pub aliases: &'static [&'static str],
    /// Adds the service's verbs to its command.
    pub verbs: fn(clap::Command) -> clap::Command,
    /// Does what was typed.
    pub run_verb: fn(&clap::ArgMatches, &VerbContext<'_>) -> Result<(), Refusal>,
}

/// The line.
#[must_use]
pub const fn service<S: Service>() -> Listed {
    Listed {
        name: S::NAME,
        section: || Box::new(S::Settings::default()),
        former_folder: S::FORMER_FOLDER,
        account: S::ACCOUNT,
        streams: S::STREAMS,
        check: |section, network| S::check(&own::<S>(section), network),
        check_without_account: |section| S::check_without_account(&own::<S>(section)),
        sockets: |section| S::sockets(&own::<S>(section)),
        files_max: |section| S::files_max(&own::<S>(section)),
        open: |section, ground, sockets| {
            let opened = S::open(&own::<S>(section), ground, sockets)?;
            Ok(opened.map(|opened| Box::new(opened) as Box<dyn AnyService>))
        },
        look: S::look,
        about: S::ABOUT,
        aliases: S::ALIASES,
        verbs: |command| <S::Verbs as clap::Subcommand>::augment_subcommands(command),
        run_verb: |typed, context| match <S::Verbs as clap::FromArgMatches>::from_arg_matches(typed) {
            Ok(verb) => verb.run(context),
            Err(error) => Err(Refusal::new("usage", error.to_string())),
        },
    }
}

/// The section as its own type. Another service's section, which no list gives it, is read as the defaults.
fn own<S: Service>(section: &dyn AnySection) -> S::Settings {
    section.as_any().downcast_ref::<S::Settings>().cloned().unwrap_or_default()
}
