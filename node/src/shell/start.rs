//! Starting and stopping a node: the order in which its parts are opened and closed.
//!
//! Whatever can be refused is refused before the first thread runs: home, chain, log, store, ports. At the end the API stops first,
//! then the replica, then store and network. Nothing has to be saved at the end: a node that is killed loses nothing it has said.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use execution::{NextBlock, Registry};
use journal::{Holder, VoteBound};
use p2p::{NetworkConfig, PrivateAddresses, Reminder};
use replica::{BlsScheme, Desk, Replica, Start};
use service::http::Reads;
use store::{Store, StoreError, StoreOptions};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use types::{ByteString, ChainId, Epoch, Genesis};

use super::aside::Aside;
use super::clock::Clock;
use super::core::Core;
use super::desk::{open_desk, traces_of_key};
use super::doors::Doors;
use super::fault::Faults;
use super::hands::Hands;
use super::inbox::{Entry, inbox};
use super::jobs::{JobEnvironment, JobPool};
use super::notices::Notices;
use super::port::Port;
use super::room::{Measure, Room, space_of};
use super::settings_check::check_settings;
use super::signer::NodeSigner;
use super::snapshot::Snapshot;
use super::start_error::StartError;
use super::tickets::Tickets;
use super::{address_book, bridge, lookout, mend, serve, storing};
use crate::api::{Api, Listeners};
use crate::config::Config;
use crate::control::{self, Bans};
use crate::disk::FileDisk;
use crate::home::{Home, HomeLock};
use crate::keys::{AccountKeys, NetworkKey, ValidatorKey, entropy};
use crate::metrics::Metrics;
use crate::services::{
    NodeChain, Opened as OpenServices, Operators, ServiceHouse, Services, Sockets, stream_rows, threads,
};

/// Settings that a running node takes anew; the log's filter is the process's.
const RELOADED: [&str; 6] =
    ["log.filter", "api.hosts", "api.origins", "api.trusted_proxies", "network.persistent", "network.private"];

/// Requests that read the store at once; others wait their turn.
const READS_MAX: usize = 8;

/// What a node is started with.
pub struct NodeOptions {
    /// Where it lives.
    pub home: Home,
    /// Its settings.
    pub config: Config,
    /// Its consensus key, if it is to vote.
    pub validator: Option<ValidatorKey>,
    /// Its network identity.
    pub network: NetworkKey,
    /// The keys of its services' accounts.
    pub accounts: AccountKeys,
    /// Asks the disk of the data how much room it has; the file system when there is nothing else to ask.
    pub space: Option<Measure>,
}

/// A running node.
pub struct Node {
    port: Port,
    faults: Faults,
    api: Api,
    services: Services,
    threads: Vec<JoinHandle<()>>,
    network_runtime: Runtime,
    api_runtime: Runtime,
    home: Home,
    /// What runs: the settings of the start, with those that were taken anew since.
    config: Mutex<Config>,
    _lock: HomeLock,
}

impl Node {
    /// Opens everything and starts.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start(options: NodeOptions) -> Result<Self, StartError> {
        let NodeOptions { home, config, validator, network, accounts, space } = options;
        home.check()?;
        let (genesis, chain_id) = home.read_genesis()?;
        check_settings(&config, Some(genesis.network))?;
        let lock = home.lock(chain_id)?;
        let measure = space.unwrap_or_else(|| space_of(home.root()));
        let room = Room::new(home.root(), config.disk.reserve_mib << 20, measure);
        let registry = runtime::registry();
        let store = open_store(&home, &config, &genesis, chain_id, &registry)?;
        let validator = validator.filter(|_| !config.node.read_only);
        let holder = Holder { chain: chain_id, key: validator.as_ref().map(ValidatorKey::public) };
        let opened = open_desk(&home, holder)?;
        if holder.key.is_none() && !config.node.read_only {
            let (key, traces) = (home.validator_key_file(), traces_of_key(&home, opened.desk.lease_key()));
            traces.map_or(Ok(()), |traces| Err(StartError::LostKey { key, traces }))?;
        }
        if let Some(torn) = &opened.torn {
            let (file, offset, bytes) = (&torn.file, torn.offset, torn.bytes);
            tracing::warn!(file, offset, bytes, "a torn end of the log was cut off");
        }
        let start = starting_point(&store, opened.desk.floor_height(), opened.votes_above, opened.log)?;
        // What was read from the database's log, and what saving it needed.
        crate::memory::give_back();
        let doors = Doors::open(&home, &config)?;
        let signer = Arc::new(NodeSigner::new(chain_id, validator));
        let (genesis, allowed) = (Arc::new(genesis), opened.allowed);
        let ground = Ground { home, config, genesis, chain_id, registry, store, signer, accounts, allowed, room, lock };
        ground.run(opened.desk, start, &network, doors)
    }

    /// Through this the node is asked and told.
    #[must_use]
    pub const fn port(&self) -> &Port {
        &self.port
    }

    /// Where the API listens.
    #[must_use]
    pub const fn api_address(&self) -> SocketAddr {
        self.api.address()
    }

    /// Where health and metrics are served by themselves.
    #[must_use]
    pub fn probes_address(&self) -> Option<SocketAddr> {
        self.api.probes_address()
    }

    /// Where a service listens, in the order of its sockets.
    #[must_use]
    pub fn service_addresses(&self, name: &str) -> Vec<SocketAddr> {
        self.services.addresses(name)
    }

    /// Where peers reach this node, as bootstrap addresses for others.
    #[must_use]
    pub fn listen_addresses(&self) -> Vec<String> {
        let id = crate::peer_id::text(&self.port.network.key());
        self.port.network.listen_addresses().iter().map(|address| format!("{address}/p2p/{id}")).collect()
    }

    /// Where a failure of this machine is reported.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Takes settings that were read anew and that [`check_settings`] has found sound, as far as that is possible while it runs; names
    /// those that wait for the next start, each time until then. It reads no file.
    ///
    /// # Errors
    /// When the network has no room for them now; nothing has changed then.
    pub fn reload(&self, config: Config) -> Result<Vec<String>, StartError> {
        let network = &config.network;
        self.port.network.prefer(&network.persistent, private_peers(network))?;
        self.api.reload(&config.api);
        // A panic elsewhere cannot leave them in between: each setting is replaced as a whole.
        let mut runs = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(runs.take(&config, &RELOADED))
    }

    /// Stops everything in order and waits for it.
    ///
    /// # Errors
    /// The first fault, if there was one.
    pub fn stop(self) -> Result<(), String> {
        let Self { port, faults, api, services, threads, network_runtime, api_runtime, home, config: _, _lock } = self;
        port.stopping.store(true, Ordering::Relaxed);
        // What services have begun is submitted before the replica ends.
        services.stop();
        api_runtime.block_on(api.stop());
        // The thread may have ended by a fault.
        let _ = port.inbox.internal.send(Entry::Stop);
        address_book::write(&home.address_book(), &port.network.addresses());
        network_runtime.block_on(port.network.shutdown());
        drop(port);
        for thread in threads {
            // A panic has been reported as a fault.
            let _ = thread.join();
        }
        network_runtime.shutdown_timeout(Duration::from_secs(1));
        api_runtime.shutdown_timeout(Duration::from_secs(1));
        faults.first().map_or(Ok(()), Err)
    }
}

/// Everything that is opened before the first thread runs.
struct Ground {
    home: Home,
    config: Config,
    genesis: Arc<Genesis>,
    chain_id: ChainId,
    registry: Registry,
    store: Store,
    signer: Arc<NodeSigner>,
    accounts: AccountKeys,
    room: Room,
    /// When an operator last raised the bound of votes.
    allowed: Option<types::TimeMs>,
    lock: HomeLock,
}

impl Ground {
    fn run(self, desk: Desk<FileDisk>, start: Start, key: &NetworkKey, doors: Doors) -> Result<Node, StartError> {
        let faults = Faults::new(self.room.clone());
        let clock = Clock::start();
        // One worker each: the way of a vote is many short tasks, and handing them to another thread costs more than they do.
        let (network_runtime, api_runtime) = (tasks("network", 1)?, tasks("api", 1)?);
        let service_runtime = tasks("services", threads(&doors.services))?;
        let bans = Bans::read(self.home.bans());
        let (network, inbound) = {
            let _inside = network_runtime.enter();
            p2p::spawn(self.network_config(key, &start, bans.all(), &service_runtime))?
        };
        let (epoch, set, start_height) = (start.epoch, start.set.clone(), start.tip.header.height);
        let config = self.replica_config(key)?;
        let pool_limits = config.pool;
        let view = self.store.view()?;
        let (replica, effects) = Replica::new(config, start, clock.now(), &view);
        drop(view);
        let (sender, inbox) = inbox();
        let snapshot = Snapshot { status: replica.status(), pool: replica.pool().status(), set: set.clone() };
        let (snapshot, shown) = watch::channel(snapshot);
        let port = Port {
            chain_id: self.chain_id,
            genesis: self.genesis.clone(),
            registry: self.registry.clone(),
            store: self.store.clone(),
            network: network.clone(),
            notices: Notices::new(),
            snapshot: shown,
            verified: replica.verified(),
            metrics: Arc::new(Metrics::new()),
            read_only: self.config.node.read_only,
            services: Arc::default(),
            votes_allowed: self.allowed,
            pool_limits,
            room: self.room.clone(),
            reads: Reads::new(READS_MAX),
            inbox: sender,
            clock,
            heartbeat: Arc::new(AtomicU64::new(0)),
            stopping: Arc::default(),
        };
        port.metrics.epoch_begins(epoch, &set);
        port.notices.begins_at(start_height);
        let opened = self.open_services(&service_runtime, &port, doors.services)?;
        let (hands, mut threads) = self.hands(&port, &faults, BTreeMap::from([(epoch, set)]))?;
        let core = Core {
            replica,
            desk,
            hands,
            inbox,
            clock,
            store: self.store.clone(),
            snapshot,
            heartbeat: port.heartbeat.clone(),
            faults: faults.clone(),
            read_only: self.config.node.read_only,
            room: self.room.clone(),
            aside: Aside::default(),
            logged: None,
        };
        threads.insert(0, faults.spawn("consensus", move || core.run(effects))?);
        self.attend(&network_runtime, inbound, &port);
        let api = self.api(&port, (doors.api, doors.control), bans, &opened, &api_runtime)?;
        let services = opened.start(service_runtime, &faults);
        // Nobody has set it before.
        let _ = port.services.set(services.states());
        let Self { home, config, lock, .. } = self;
        let config = Mutex::new(config);
        Ok(Node { port, faults, api, services, threads, network_runtime, api_runtime, home, config, _lock: lock })
    }

    /// Opens the services: nothing of them runs yet.
    fn open_services(&self, runtime: &Runtime, port: &Port, sockets: Sockets) -> Result<OpenServices, StartError> {
        let _inside = runtime.enter();
        let house = ServiceHouse {
            chain: Arc::new(NodeChain::new(port.clone())),
            reads: port.reads.clone(),
            network: port.network.clone(),
            keys: &self.accounts,
            accounts: &self.config.accounts,
        };
        let opened = OpenServices::open(&self.config.services, sockets, &self.home, &house)?;
        port.metrics.of_services(opened.metrics());
        Ok(opened)
    }

    /// What others ask: clients of the API and the operator.
    fn api(
        &self,
        port: &Port,
        (listeners, control): (Listeners, control::Listener),
        bans: Bans,
        opened: &OpenServices,
        runtime: &Runtime,
    ) -> Result<Api, StartError> {
        let api = Api::start(runtime, listeners, port.clone(), &opened.routes(), &self.config.api)?;
        let _inside = runtime.enter();
        let operators: Operators = opened.operators();
        control::Server::start(control, port.network.clone(), port.snapshot.clone(), bans, operators, api.stopping())?;
        Ok(api)
    }

    /// Takes in what peers say, and looks after the network.
    fn attend(&self, runtime: &Runtime, inbound: p2p::Inbound, port: &Port) {
        let _inside = runtime.enter();
        bridge::start(inbound, &port.network, &port.inbox);
        let (book, changes) = (port.network.clone(), port.network.address_changes());
        let path = self.home.address_book();
        tokio::spawn(lookout::watch(port.clone()));
        tokio::spawn(address_book::keep(path, address_book::SETTLE, changes, move || book.addresses()));
    }

    fn hands(
        &self,
        port: &Port,
        faults: &Faults,
        sets: BTreeMap<Epoch, Arc<types::ValidatorSet>>,
    ) -> Result<(Hands, Vec<JoinHandle<()>>), StartError> {
        let (store, inbox, stages) = (self.store.clone(), port.inbox.clone(), port.metrics.stages.clone());
        let (writing, writer) = storing::start(store, inbox, port.notices.clone(), stages, faults)?;
        let (mending, mender) = mend::start(self.store.clone(), port.inbox.clone(), faults)?;
        let (serving, server) = serve::start(self.store.clone(), port.network.clone(), faults)?;
        let (chain_id, scheme) = (self.chain_id, Arc::new(BlsScheme::new(self.chain_id, *entropy()?)));
        let environment = JobEnvironment {
            chain_id,
            registry: self.registry.clone().with_signatures(scheme.clone()),
            scheme,
            verified: port.verified.clone(),
            signer: self.signer.clone(),
            stages: port.metrics.stages.clone(),
        };
        let workers = usize::try_from(self.config.node.workers).unwrap_or(usize::MAX);
        let jobs = JobPool::start(workers, self.store.clone(), Arc::new(environment), port.inbox.clone(), faults)?;
        let hands = Hands {
            network: port.network.clone(),
            signer: self.signer.clone(),
            sets,
            jobs,
            writing,
            mending,
            serving,
            notices: port.notices.clone(),
            metrics: port.metrics.clone(),
            gossip: Tickets::default(),
            requests: Tickets::default(),
            asked: BTreeMap::new(),
            submissions: Tickets::default(),
            calls: Tickets::default(),
            wake_ms: 0,
            own: VecDeque::new(),
            fault: None,
            clock: port.clock,
            reminder: Reminder::default(),
        };
        Ok((hands, vec![writer, mender, server]))
    }

    fn replica_config(&self, key: &NetworkKey) -> Result<replica::Config, StartError> {
        let pool = &self.config.pool;
        let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Ok(replica::Config {
            chain_id: self.chain_id,
            genesis: self.genesis.clone(),
            registry: self.registry.clone(),
            own_key: self.signer.public(),
            own_peer: key.peer_key()?,
            listen: replica::ListenTerms::of(&self.genesis),
            pool: mempool::PoolLimits {
                count_max: number(pool.transactions_max),
                bytes_max: number(pool.bytes_max),
                ..mempool::PoolLimits::default()
            },
            unwritten_bytes_max: replica::UNWRITTEN_BYTES_MAX,
            software: ByteString::new(concat!("thronosd/", env!("CARGO_PKG_VERSION")).into()).unwrap_or_default(),
        })
    }

    /// The modules whose system calls travel by gossip.
    fn modules_heard(&self) -> Vec<types::ModuleId> {
        let modules = self.registry.modules().filter(|module| module.system_limits().0 > 0);
        modules.map(|module| module.id()).collect()
    }

    fn network_config(
        &self,
        key: &NetworkKey,
        start: &Start,
        bans: Vec<p2p::Ban>,
        services: &Runtime,
    ) -> NetworkConfig {
        let settings = &self.config.network;
        NetworkConfig {
            listen: settings.listen.clone(),
            external: settings.external.clone(),
            bootstrap: settings.bootstrap.clone(),
            known: address_book::read(&self.home.address_book()),
            persistent: settings.persistent.clone(),
            private: private_peers(settings),
            only_persistent: settings.only_persistent,
            bans,
            pinned: start.set.validators().iter().map(|validator| validator.peer).collect(),
            private_addresses: match settings.private_addresses {
                true => PrivateAddresses::Allowed,
                false => PrivateAddresses::Refused,
            },
            peers_max: u32::try_from(settings.peers_max).unwrap_or(u32::MAX),
            peers_per_address_max: u32::try_from(settings.peers_per_address_max).unwrap_or(u32::MAX),
            memory_bytes_max: match settings.memory_max_mib {
                0 => crate::memory::bound_bytes(),
                mib => mib.saturating_mul(1 << 20),
            },
            resident_bytes: crate::metrics::resident_bytes,
            modules: self.modules_heard(),
            streams: stream_rows(),
            stream_runtime: Some(services.handle().clone()),
            ..NetworkConfig::new(self.chain_id, key.seed())
        }
    }
}

fn private_peers(settings: &crate::config::NetworkSettings) -> Vec<types::PeerKey> {
    settings.private.iter().filter_map(|text| crate::peer_id::parse(text)).collect()
}

/// Opens the store; an empty one gets the state of the genesis.
///
/// # Errors
/// [`StartError`].
pub fn open_store(
    home: &Home,
    config: &Config,
    genesis: &Genesis,
    chain_id: ChainId,
    registry: &Registry,
) -> Result<Store, StartError> {
    let cache = usize::try_from(config.store.cache_mib << 20).unwrap_or(usize::MAX);
    let options = StoreOptions { block_cache_bytes: cache, ..StoreOptions::default() };
    let store = Store::open(&home.store(), chain_id, options)?;
    if store.tip().is_none() {
        let first = registry.genesis(genesis, chain_id)?;
        store.initialize(&first.header, &first.outcome)?;
        store.sync()?;
    }
    Ok(store)
}

/// Where the replica begins: at the store's newest block.
pub(super) fn starting_point(
    store: &Store,
    floor: types::Height,
    votes_above: VoteBound,
    log: Vec<replica::LogRecord>,
) -> Result<Start, StartError> {
    let tip = store.tip().ok_or(StoreError::NotInitialized)?;
    if tip.height < floor {
        return Err(StartError::StoreBehindLog { path: store.path().display().to_string(), tip: tip.height, floor });
    }
    let block = store.block(tip.height)?.ok_or(StoreError::NotInitialized)?;
    let next = NextBlock::read(&store.view()?);
    Ok(Start {
        tip: replica::Tip {
            hash: tip.hash,
            header: block.header,
            state_root: tip.state_root,
            receipts_root: tip.receipts_root,
        },
        epoch: next.epoch.number,
        set: Arc::new(next.validators),
        votes_above,
        log,
    })
}

fn tasks(name: &str, threads: usize) -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(4)
        .thread_stack_size(1024 * 1024)
        .thread_name(name)
        .enable_all()
        .build()
}
