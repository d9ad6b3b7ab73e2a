//! The services that this node hosts: the list, and the life that each is given. It knows no service but by the list.
//!
//! In the order of the list their settings are checked and their sockets bound before anything runs, and each is opened before the
//! consensus thread starts: whatever can be refused is refused then. At the end they stop in reverse order, before the API and the
//! replica. A service that ends though nobody asked is a failure of this machine.

mod account;
mod adapters;
mod chain;
mod streams;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry as Metrics;
use serde_json::Value;
use service::chain::Chain;
use service::http::{Reads, Routes};
use service::settings::AnySection;
use service::{
    AnyService, Bound, FolderFindings, Ground, Life, Listed, Operator, Refusal, ServiceFault, State, StreamRow, service,
};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use types::Network;

use crate::config::{AccountSettings, ServiceSections};
use crate::home::Home;
use crate::keys::{AccountKeys, entropy};
use crate::shell::{Faults, listening};

use account::Keeper;
pub(crate) use chain::NodeChain;
use streams::{NodeStreams, OfferedStreams};

/// Every service.
pub const SERVICES: &[Listed] = &[
    // One on a line.
    service::<mining_service::MiningService<adapters::RegisteredDevices>>(),
    service::<verifyid_service::VerifyIdService>(),
];

/// How long one service may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long all of them may take together.
const PATIENCE_ALL: Duration = Duration::from_secs(6);

/// Checks the settings of all services; opens nothing.
///
/// # Errors
/// The first [`Refusal`].
pub fn check(sections: &ServiceSections, network: Option<Network>) -> Result<(), Refusal> {
    p2p::StreamTable::new(stream_rows()).map_err(|error| Refusal::new("service_streams", error.to_string()))?;
    each(sections).try_for_each(|(entry, section)| (entry.check)(section, network))
}

/// Checks that whoever needs an account has one named.
///
/// # Errors
/// The first [`Refusal`].
pub fn check_accounts(sections: &ServiceSections, accounts: &AccountSettings) -> Result<(), Refusal> {
    let named = accounts.files();
    let has_none = |entry: &Listed| named.iter().all(|files| files.service != entry.name);
    let mut without = each(sections).filter(|(entry, _)| has_none(entry));
    without.try_for_each(|(entry, section)| (entry.check_without_account)(section))
}

/// Where the services listen: the setting's name and the address.
#[must_use]
pub fn listeners(sections: &ServiceSections) -> Vec<(String, SocketAddr)> {
    let of_one = |(entry, section): (&'static Listed, &dyn AnySection)| {
        let named = |socket: service::WantedSocket| (format!("{}.{}", entry.name, socket.key), socket.address);
        (entry.sockets)(section).into_iter().map(named).collect::<Vec<_>>()
    };
    each(sections).flat_map(of_one).collect()
}

/// The protocols of all services.
pub(crate) fn stream_rows() -> Vec<StreamRow> {
    SERVICES.iter().flat_map(|entry| entry.streams).copied().collect()
}

/// Open files beside the node's own.
#[must_use]
pub fn files_max(sections: &ServiceSections) -> u64 {
    each(sections).map(|(entry, section)| (entry.files_max)(section)).fold(0, u64::saturating_add)
}

/// Looks at what a stopped node keeps for a service, its account's log among it, which the settings name or not; changes nothing.
pub(crate) fn look(entry: &Listed, folder: &Path, has_account: bool) -> FolderFindings {
    let FolderFindings { mut torn, mut held, mut wrong } = (entry.look)(folder, has_account);
    if entry.account.is_some() {
        let of_account = account::look(folder);
        torn.extend(of_account.torn);
        held.extend(of_account.held);
        wrong.extend(of_account.wrong);
    }
    FolderFindings { torn, held, wrong }
}

fn each(sections: &ServiceSections) -> impl Iterator<Item = (&'static Listed, &dyn AnySection)> {
    SERVICES.iter().zip(sections.iter())
}

/// Sockets that are bound, for each service in the order of the list.
#[derive(Debug)]
pub(crate) struct Sockets(Vec<Vec<Bound>>);

impl Sockets {
    /// Binds what the settings ask for.
    ///
    /// # Errors
    /// `service_port_in_use` or `cannot_listen`, with the setting.
    pub(crate) fn bind(sections: &ServiceSections) -> Result<Self, Refusal> {
        let bind_all = |(entry, section): (&Listed, &dyn AnySection)| {
            (entry.sockets)(section).into_iter().map(|socket| bind(entry.name, socket)).collect()
        };
        each(sections).map(bind_all).collect::<Result<_, _>>().map(Self)
    }

    /// Whether no service listens.
    fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }
}

/// Threads for services: two where somebody comes from outside.
pub(crate) fn threads(sockets: &Sockets) -> usize {
    if sockets.is_empty() && stream_rows().is_empty() { 1 } else { 2 }
}

fn bind(name: &str, socket: service::WantedSocket) -> Result<Bound, Refusal> {
    let service::WantedSocket { key, address } = socket;
    let listener = TcpListener::bind(address).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    let listener = listener.map_err(|error| {
        let hint = listening::remedy(&error, &format!("--set {name}.{key}=ADDRESS:PORT"));
        let code = listening::code(&error, "service_port_in_use");
        Refusal::new(code, format!("cannot listen on {address} for {name}: {error}; {hint}"))
    })?;
    Ok(Bound { key, listener })
}

/// What every service gets of the node.
pub(crate) struct ServiceHouse<'a> {
    pub(crate) chain: Arc<dyn Chain>,
    pub(crate) reads: Reads,
    pub(crate) network: p2p::Network,
    /// The keys of services' accounts.
    pub(crate) keys: &'a AccountKeys,
    pub(crate) accounts: &'a AccountSettings,
}

impl ServiceHouse<'_> {
    /// What one service gets, and the task of its account.
    fn ground(&self, entry: &'static Listed, folder: PathBuf) -> Result<(Ground, Option<Keeper>), Refusal> {
        let entropy = entropy().map_err(|error| Refusal::new(error.code(), error.to_string()))?;
        let wanted = entry.account.and_then(|need| Some((need, self.keys.of(entry.name)?)));
        let open = |(need, key)| account::open((entry.name, need), &folder, key, self.accounts, self.chain.clone());
        let (account, keeper) = wanted.map(open).transpose()?.unzip();
        let (chain, reads) = (self.chain.clone(), self.reads.clone());
        let streams = Arc::new(NodeStreams::new(self.network.clone(), entry.streams));
        Ok((Ground { chain, folder, account, streams, reads, entropy: *entropy }, keeper))
    }
}

/// Opened services: nothing runs yet.
pub(crate) struct Opened {
    services: Vec<(Box<dyn AnyService>, Option<Keeper>)>,
    streams: OfferedStreams,
    /// Where each service listens: its name, the setting, the address.
    pub(crate) addresses: Vec<(&'static str, &'static str, SocketAddr)>,
}

impl Opened {
    /// Opens what the settings switch on. Within the runtime of services.
    ///
    /// # Errors
    /// The first [`Refusal`].
    pub(crate) fn open(
        sections: &ServiceSections,
        sockets: Sockets,
        home: &Home,
        house: &ServiceHouse<'_>,
    ) -> Result<Self, Refusal> {
        let (mut services, mut addresses) = (Vec::new(), Vec::new());
        let mut streams = OfferedStreams::none(house.network.clone());
        for ((entry, section), bound) in each(sections).zip(sockets.0) {
            let folder = home.service(entry.name, entry.former_folder);
            let folder = folder.map_err(|error| Refusal::new(error.code(), error.to_string()))?;
            let local = |bound: &Bound| Some((entry.name, bound.key, bound.listener.local_addr().ok()?));
            addresses.extend(bound.iter().filter_map(local));
            let (ground, keeper) = house.ground(entry, folder)?;
            let Some(service) = (entry.open)(section, ground, bound)? else { continue };
            services.push((service, keeper));
            streams.add(entry.streams);
        }
        Ok(Self { services, streams, addresses })
    }

    /// The routes of each.
    pub(crate) fn routes(&self) -> Vec<(&'static str, Routes)> {
        self.services.iter().map(|(service, _)| (service.name(), service.routes())).collect()
    }

    /// What they measure, below the node's prefix.
    pub(crate) fn metrics(&self) -> Metrics {
        let mut metrics = Metrics::with_prefix("thronos");
        self.services.iter().for_each(|(service, _)| service.measure(&mut metrics));
        metrics
    }

    /// Who answers the operator.
    pub(crate) fn operators(&self) -> Operators {
        let named = |(service, _): &(Box<dyn AnyService>, _)| Some((service.name(), service.operator()?));
        Operators(self.services.iter().filter_map(named).collect())
    }

    /// Starts them on the runtime of services.
    pub(crate) fn start(self, runtime: Runtime, faults: &Faults) -> Services {
        let start = |(service, keeper): (Box<dyn AnyService>, Option<Keeper>)| {
            let (state, mut shown) = watch::channel(State::Starting);
            let (stop, stopping) = watch::channel(false);
            let name = service.name();
            let life = Life::new(state.clone(), stopping.clone());
            if let Some(keeper) = keeper {
                let (show, with_account) = watch::channel(State::Starting);
                runtime.spawn(account::overlay(std::mem::replace(&mut shown, with_account), keeper.shown(), show));
                let faults = faults.clone();
                let kept = runtime.spawn(keeper.run());
                runtime.spawn(async move {
                    match kept.await {
                        Ok(Ok(())) => {}
                        Ok(Err(fault)) => faults.report(fault),
                        // Ended with the runtime.
                        Err(error) if error.is_cancelled() => {}
                        Err(panic) => faults.report(format!("the account of `{name}`: {panic}")),
                    }
                });
            }
            let watched = watch_over(name, runtime.spawn(service.run(life)), state, stopping, faults.clone());
            Running { name, state: shown, stop, task: runtime.spawn(watched) }
        };
        let services = self.services.into_iter().map(start).collect();
        self.streams.begin();
        Services { services, streams: self.streams, addresses: self.addresses, runtime }
    }
}

/// Waits for a service's end and reports one that nobody asked for.
async fn watch_over(
    name: &'static str,
    task: JoinHandle<Result<(), ServiceFault>>,
    state: watch::Sender<State>,
    stopping: watch::Receiver<bool>,
    faults: Faults,
) {
    let ended = task.await;
    state.send_replace(State::Ended);
    match ended {
        Ok(Ok(())) if *stopping.borrow() => {}
        Ok(Ok(())) => faults.report(format!("the service `{name}` ended though nobody asked it to")),
        Ok(Err(fault)) => faults.report(format!("the service `{name}`: {fault}")),
        Err(panic) => faults.report(format!("the service `{name}`: {panic}")),
    }
}

/// A running service.
struct Running {
    name: &'static str,
    state: watch::Receiver<State>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// All running services and their runtime.
pub(crate) struct Services {
    services: Vec<Running>,
    streams: OfferedStreams,
    addresses: Vec<(&'static str, &'static str, SocketAddr)>,
    runtime: Runtime,
}

/// How each service is.
pub(crate) type States = Vec<(&'static str, watch::Receiver<State>)>;

impl Services {
    /// How each is, to be asked at any time.
    pub(crate) fn states(&self) -> States {
        self.services.iter().map(|running| (running.name, running.state.clone())).collect()
    }

    /// Where a service listens, in the order of its sockets.
    pub(crate) fn addresses(&self, name: &str) -> Vec<SocketAddr> {
        self.addresses.iter().filter(|(of, ..)| *of == name).map(|(.., address)| *address).collect()
    }

    /// Stops them, the last of the list first. What takes too long is left.
    pub(crate) fn stop(self) {
        let Self { services, streams, runtime, .. } = self;
        streams.refuse();
        runtime.block_on(async {
            let all = async {
                for Running { name, stop, mut task, .. } in services.into_iter().rev() {
                    stop.send_replace(true);
                    if tokio::time::timeout(PATIENCE, &mut task).await.is_err() {
                        tracing::warn!(service = name, "a service did not end in time and is left");
                    }
                }
            };
            if tokio::time::timeout(PATIENCE_ALL, all).await.is_err() {
                tracing::warn!("services did not end in time and are left");
            }
            streams.close().await;
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

/// Who answers the operator, by the name of the service.
#[derive(Clone, Default)]
pub(crate) struct Operators(Vec<(&'static str, Arc<dyn Operator>)>);

impl Operators {
    /// Hands a question to a service.
    ///
    /// # Errors
    /// `no_service`, or the service's own refusal.
    pub(crate) async fn answer(&self, name: &str, question: Value) -> Result<Value, Refusal> {
        match self.0.iter().find(|(of, _)| *of == name) {
            Some((_, operator)) => operator.answer(question).await,
            None => {
                Err(Refusal::new("no_service", format!("this node runs no service that answers to `thronosd {name}`")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use service::chain::Later;

    use super::*;
    use crate::shell::{Room, Space};

    /// What it does when it runs.
    #[derive(Clone, Copy)]
    enum Deed {
        Lives,
        Ends,
        Fails,
        Panics,
    }

    struct MadeUp {
        name: &'static str,
        deed: Deed,
        ended: Arc<Mutex<Vec<&'static str>>>,
    }

    impl AnyService for MadeUp {
        fn name(&self) -> &'static str {
            self.name
        }

        fn routes(&self) -> Routes {
            Routes::default()
        }

        fn measure(&self, _metrics: &mut Metrics) {}

        fn operator(&self) -> Option<Arc<dyn Operator>> {
            None
        }

        fn run(self: Box<Self>, mut life: Life) -> Later<'static, Result<(), ServiceFault>> {
            Box::pin(async move {
                life.waiting("the tide is out");
                match self.deed {
                    Deed::Lives => life.draining().await,
                    Deed::Ends => {}
                    Deed::Fails => return Err(ServiceFault("the disk is gone".to_owned())),
                    Deed::Panics => panic!("a mistake"),
                }
                self.ended.lock().expect("nobody panicked").push(self.name);
                Ok(())
            })
        }
    }

    fn faults() -> Faults {
        let plenty = Space { free_bytes: 1 << 40, total_bytes: 1 << 41 };
        Faults::new(Room::new(Path::new("/data"), 1, Arc::new(move || Ok(plenty))))
    }

    fn start(deeds: &[(&'static str, Deed)], faults: &Faults) -> (Services, Arc<Mutex<Vec<&'static str>>>) {
        let ended = Arc::new(Mutex::new(Vec::new()));
        let one = |(name, deed): &(&'static str, Deed)| {
            Box::new(MadeUp { name, deed: *deed, ended: ended.clone() }) as Box<dyn AnyService>
        };
        let services = deeds.iter().map(|deed| (one(deed), None)).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let streams = {
            let _inside = runtime.enter();
            let client = p2p::NetworkConfig::dial_only(types::ChainId(types::Hash32::ZERO), [1; 32], Vec::new());
            OfferedStreams::none(p2p::spawn(client).expect("it starts").0)
        };
        let opened = Opened { services, streams, addresses: Vec::new() };
        (opened.start(runtime, faults), ended)
    }

    #[test]
    fn services_stop_in_reverse_order_and_say_until_then_how_they_are() {
        let faults = faults();
        let (services, ended) = start(&[("first", Deed::Lives), ("second", Deed::Lives)], &faults);
        let mut states = services.states();
        for (_, state) in &mut states {
            let waiting = |state: &State| *state == State::Waiting("the tide is out".to_owned());
            services.runtime.block_on(state.wait_for(waiting)).expect("it runs");
        }
        services.stop();
        assert_eq!(*ended.lock().expect("nobody panicked"), ["second", "first"]);
        assert!(states.iter().all(|(_, state)| *state.borrow() == State::Ended));
        assert_eq!(faults.first(), None);
    }

    #[test]
    fn a_service_that_ends_fails_or_panics_unasked_is_a_failure_of_this_machine() {
        for (deed, what) in
            [(Deed::Ends, "ended though nobody asked"), (Deed::Fails, "the disk is gone"), (Deed::Panics, "panicked")]
        {
            let faults = faults();
            let (services, _) = start(&[("one", deed)], &faults);
            let fault = services.runtime.block_on(faults.wait());
            assert!(fault.contains("`one`") && fault.contains(what), "{fault}");
            services.stop();
        }
    }

    #[test]
    fn no_two_services_have_one_name_section_or_command() {
        let names: std::collections::BTreeSet<&str> =
            SERVICES.iter().flat_map(|listed| listed.aliases.iter().copied().chain([listed.name])).collect();
        let count = SERVICES.iter().map(|listed| listed.aliases.len() + 1).sum::<usize>();
        assert_eq!(names.len(), count);
        p2p::StreamTable::new(stream_rows()).expect("and no two speak one protocol");
        for (listed, section) in each(&ServiceSections::default()) {
            assert_eq!(section.name(), listed.name);
        }
    }
}
