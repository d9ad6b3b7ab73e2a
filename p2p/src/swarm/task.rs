//! The task that owns the swarm: it starts it, takes commands, keeps time, and ends it.
//!
//! What the swarm tells it is in `outcomes` and
//! `arrivals`, what time brings in `alarm`. Nothing in here waits for a peer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use futures::StreamExt;
use libp2p::gossipsub::PublishError;
use libp2p::swarm::{Config, Swarm};
use libp2p::{Multiaddr, PeerId, TransportError};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use types::PeerKey;

use super::behaviour::{self, Parts, Shared};
use super::config::{NetworkConfig, NetworkError};
use super::counts::Counts;
use super::dialler::Dialler;
use super::doors::{Doors, prefix_of};
use super::event::{
    Inbound, NetworkEvent, PeerAddresses, RefusalReason, RequestError, RequestId, RequestToken, Verdict,
};
use super::gossip::{AGAIN_MS, Topics, acceptance};
use super::handle::{Command, Commands, Directory, Network, publish_directory};
use super::identity::{id_of, key_of, keypair};
use super::links::{Links, Meter, Outward, PeerBuffers, StrangerRooms, read, write};
use super::peers::{ADDRESSES_MAX, Peer};
use super::queues::{Queues, queues_inward, queues_outward};
use super::requests::{Answer, Waiting};
use super::streams::Streams;
use super::twins::Twins;
use super::unheard::Unheard;
use super::{address, transport};
use crate::address_policy::AddressPolicy;
use crate::book::BookLine;
use crate::chain_tag::ChainTag;
use crate::channels::{Channel, Class};
use crate::prefix::Prefix;
use crate::reminder::Reminder;
use crate::standing::{Severity, Standing};
use crate::stream_table::StreamTable;

/// How long a connection may stay without anything going on.
const IDLE_MAX: Duration = Duration::from_secs(600);
/// For a list of peers that nobody is on.
static NOBODY: BTreeSet<PeerId> = BTreeSet::new();

/// How long closing connections may take at the end.
const FAREWELL: Duration = Duration::from_secs(1);
/// Streams of one connection whose protocol is not agreed yet.
pub(super) const NEGOTIATING_STREAMS_MAX: usize = 32;
/// What a connection reports that waits for the task.
pub(super) const EVENTS_WAITING_MAX: usize = 7;
/// Peers of an earlier run that are dialled at the start, beside the pinned ones: drawn by chance.
const KNOWN_DIALS_MAX: usize = 16;

/// Everything the task owns.
pub(super) struct Task {
    pub(super) swarm: Swarm<Parts>,
    pub(super) tag: ChainTag,
    pub(super) topics: Topics,
    pub(super) policy: Arc<RwLock<AddressPolicy>>,
    pub(super) links: Arc<Links>,
    pub(super) meter: Arc<Meter>,
    pub(super) outward: Outward,
    /// For readers and writers.
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) directory: Arc<RwLock<Directory>>,
    pub(super) peers: BTreeMap<PeerId, Peer>,
    pub(super) buffers: BTreeMap<PeerKey, Arc<PeerBuffers>>,
    pub(super) rooms: StrangerRooms,
    pub(super) doors: Arc<Doors>,
    pub(super) counts: Arc<Counts>,
    pub(super) streams: Arc<Streams>,
    pub(super) reminder: Reminder,
    pub(super) twins: Twins,
    pub(super) unheard: Unheard,
    pub(super) dialler: Dialler,
    pub(super) standing: Standing,
    pub(super) waiting: Waiting,
    pub(super) book_changed: watch::Sender<()>,
    pub(super) greeting_ms_max: u64,
    /// When what fades was looked at last.
    pub(super) faded_ms: u64,
    /// Strangers that this node has dialled and is connected to.
    pub(super) outgoing: usize,
    /// When somebody was dialled by chance last.
    pub(super) drawn_ms: u64,
    /// When memory was looked at last.
    pub(super) relieved_ms: u64,
}

/// Starts the network on the current tokio runtime.
///
/// # Errors
/// When an address or the key is wrong, or an address cannot be listened on.
pub fn spawn(config: NetworkConfig) -> Result<(Network, Inbound), NetworkError> {
    let runtime = Handle::try_current().map_err(|_| NetworkError::NoRuntime)?;
    let keypair = keypair(config.secret)?;
    let me = keypair.public().to_peer_id();
    let key = key_of(&me).ok_or_else(|| NetworkError::Secret("not an Ed25519 key".to_owned()))?;
    let tag = ChainTag::new(config.chain_id);
    let topics = Topics::new(&tag, &config);
    let policy = Arc::new(RwLock::new(AddressPolicy::new(config.private_addresses)));
    let (commands, inner_commands, queues) = queues_inward();
    let meter = Arc::new(Meter::new());
    let streams = streams(&config, &tag, &runtime, &meter, &commands)?;
    let shared = Shared { links: Arc::default(), counts: Arc::default(), arrived: Arc::default(), streams };
    let doors = Arc::new(Doors::new(Arc::clone(&shared.counts)));
    let parts = behaviour::build(&keypair, &tag, &topics, &config, &shared)?;
    let silence = Duration::from_millis(config.silence_ms_max);
    let Shared { links, counts, arrived, streams } = shared;
    let transport = transport::build(&keypair, Arc::clone(&policy), Arc::clone(&doors), arrived, silence)?;
    let swarm = Swarm::new(transport, parts, me, settings());

    let (outward, inbound) = queues_outward();
    let (ended_sender, ended) = watch::channel(false);
    let (book_changed, book_changes) = watch::channel(());
    let mut task = Task {
        swarm,
        tag,
        topics,
        policy,
        links,
        meter,
        streams,
        outward,
        commands: inner_commands,
        directory: Arc::default(),
        peers: BTreeMap::new(),
        buffers: BTreeMap::new(),
        rooms: StrangerRooms::new(),
        doors,
        counts,
        reminder: Reminder::default(),
        twins: Twins::default(),
        unheard: Unheard::default(),
        dialler: Dialler::new(me),
        standing: Standing::new(config.block_ms),
        waiting: Waiting::new(),
        book_changed,
        greeting_ms_max: config.greeting_ms_max,
        faded_ms: 0,
        outgoing: 0,
        drawn_ms: 0,
        relieved_ms: 0,
    };
    task.configure(&config)?;
    let network = Network {
        key,
        commands,
        links: Arc::clone(&task.links),
        counts: Arc::clone(&task.counts),
        streams: Arc::clone(&task.streams),
        directory: Arc::clone(&task.directory),
        next_request: Arc::new(AtomicU64::new(0)),
        ended,
        book_changes,
    };
    runtime.spawn(async move {
        task.run(queues).await;
        ended_sender.send_replace(true);
    });
    Ok((network, inbound))
}

fn settings() -> Config {
    Config::with_tokio_executor()
        .with_idle_connection_timeout(IDLE_MAX)
        .with_max_negotiating_inbound_streams(NEGOTIATING_STREAMS_MAX)
        .with_per_connection_event_buffer_size(EVENTS_WAITING_MAX)
}

fn streams(
    config: &NetworkConfig,
    tag: &ChainTag,
    own: &Handle,
    meter: &Arc<Meter>,
    commands: &Commands,
) -> Result<Arc<Streams>, NetworkError> {
    let table = StreamTable::new(config.streams.clone())?;
    let runtime = config.stream_runtime.as_ref().unwrap_or(own).clone();
    Ok(Arc::new(Streams::new(table, tag, runtime, Arc::clone(meter), commands.streams.clone())?))
}

impl Task {
    /// Listens, and takes the configured addresses.
    fn configure(&mut self, config: &NetworkConfig) -> Result<(), NetworkError> {
        config.check()?;
        for text in &config.bootstrap {
            let parsed = address::to_dial(text)?;
            address::allow(&mut write(&self.policy), &parsed);
            self.dialler.bootstrap(&parsed);
        }
        for text in &config.external {
            self.swarm.add_external_address(address::to_tell(text)?);
        }
        self.wish(config)?;
        self.links.pin(config.pinned.clone());
        self.pinned();
        config.known.iter().for_each(|entry| self.remember(entry));
        self.dial_known();
        self.expect_pinned();
        for text in &config.listen {
            let failed = |error: std::io::Error| NetworkError::Listen { address: text.clone(), error };
            address::try_to_bind(&address::parse(text)?).map_err(failed)?;
        }
        for text in &config.listen {
            let parsed = address::parse(text)?;
            self.swarm.listen_on(parsed).map_err(|error| NetworkError::Listen {
                address: text.clone(),
                error: match error {
                    TransportError::Other(error) => error,
                    error @ TransportError::MultiaddrNotSupported(_) => std::io::Error::other(error.to_string()),
                },
            })?;
        }
        Ok(())
    }

    /// A line of an earlier run's address book. It is a peer's word, so nothing in it is an error.
    fn remember(&mut self, entry: &PeerAddresses) {
        let Some(id) = id_of(entry.peer) else { return };
        let parsed: Vec<Multiaddr> = entry.addresses.iter().filter_map(|text| text.parse().ok()).collect();
        let Some(first) = parsed.first() else { return };
        let Some(source) = entry.source.map(Prefix::of).or_else(|| prefix_of(first)) else { return };
        for address in parsed.iter().take(ADDRESSES_MAX) {
            self.swarm.behaviour_mut().kad.part().add_address(&id, address.clone());
        }
        let line = BookLine { peer: entry.peer, addresses: parsed, met: entry.met, source };
        let now_ms = self.meter.now_ms();
        publish_directory(&self.directory, |directory| directory.known.restore(line, now_ms));
    }

    /// Dials the pinned peers of an earlier run, and some others by chance.
    fn dial_known(&mut self) {
        for key in self.links.pinned().iter() {
            let addresses = read(&self.directory).known.addresses(*key);
            if let Some(id) = id_of(*key).filter(|_| !addresses.is_empty()) {
                self.dialler.known(id, addresses);
            }
        }
        for _ in 0..KNOWN_DIALS_MAX {
            if !self.dial_by_chance() {
                break;
            }
        }
    }

    async fn run(mut self, mut queues: Queues) {
        let mut alarm = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
        let mut alarm_ms = 0;
        loop {
            let due_ms = self.next_due_ms();
            if due_ms != alarm_ms {
                alarm_ms = due_ms;
                alarm.as_mut().reset(self.meter.instant(due_ms).unwrap_or_else(Instant::now));
            }
            // Each queue has its turn: none can keep another waiting for ever.
            let command = tokio::select! {
                event = self.swarm.select_next_some() => {
                    self.on_swarm_event(event);
                    continue;
                }
                () = alarm.as_mut() => {
                    self.on_alarm();
                    alarm_ms = 0;
                    continue;
                }
                Some(command) = queues.consensus.recv() => command,
                Some(command) = queues.sync.recv() => command,
                Some(command) = queues.transactions.recv() => command,
                Some(command) = queues.inner.recv() => command,
                Some(command) = queues.streams.recv() => command,
                command = queues.control.recv() => match command {
                    None | Some(Command::Shutdown) => break,
                    Some(command) => command,
                },
            };
            self.on_command(command);
        }
        self.streams.close().await;
        self.farewell().await;
    }

    async fn farewell(mut self) {
        for peer in std::mem::take(&mut self.peers).into_keys() {
            // It may have gone by itself.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let deadline = Instant::now().checked_add(FAREWELL).unwrap_or_else(Instant::now);
        while self.swarm.connected_peers().next().is_some() {
            if tokio::time::timeout_at(deadline, self.swarm.select_next_some()).await.is_err() {
                break;
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Publish { channel, bytes } => self.publish(channel, &bytes),
            Command::Verdict { token, verdict } => {
                self.judge(&token.id, &token.source, verdict);
                match verdict {
                    Verdict::Accept => self.swarm.behaviour_mut().gate.useful(token.from),
                    Verdict::Reject => {
                        self.punish(token.from, "bad gossip", &token.channel, Severity::Serious);
                    }
                    Verdict::Ignore => {}
                }
            }
            Command::Request { id, peer, bytes } => self.ask(id, peer, bytes),
            Command::Respond { token, bytes } => self.respond(token, bytes),
            Command::Punish { peer, why, severity } => self.punish(peer, why, &"", severity),
            Command::Unknown { peer, what } => self.on_unknown(peer, what),
            Command::Pinned => {
                self.pinned();
                self.expect_pinned();
            }
            Command::Ban(ban) => self.ban(ban),
            Command::Unban(ban) => self.unban(ban),
            Command::Disconnect(peer) => self.disconnect(peer),
            Command::Prefer { persistent, private } => self.prefer(&persistent, private),
            Command::Dial(address) => {
                address::allow(&mut write(&self.policy), &address);
                if let Err(error) = self.swarm.dial(address.clone()) {
                    tracing::info!(%address, %error, "not dialled");
                }
            }
            Command::StreamWanted { peer, channel, taken } => self.on_stream_wanted(peer, channel, taken),
            Command::BadFrame { peer, channel, error } => {
                self.expel(peer, RefusalReason::BadFrame { channel, error });
            }
            Command::OpenStream { peer, place, reply } => self.on_open_stream(peer, place, reply),
            Command::BadStream { peer, why } => self.on_bad_stream(peer, &why),
            Command::Reach { peer, addresses } => self.on_reach(peer, &addresses),
            Command::Shutdown => {}
        }
    }

    fn publish(&mut self, channel: Channel, bytes: &[u8]) {
        let Some((topic, wrapped)) = self.topics.wrap(channel, bytes) else {
            tracing::warn!(?channel, "published on a topic that this node does not take part in");
            return;
        };
        let Some(gossip) = self.swarm.behaviour_mut().gossip() else { return };
        if let Err(error) = gossip.publish(topic, wrapped) {
            tracing::debug!(?channel, %error, "not published");
            match error {
                PublishError::NoPeersSubscribedToTopic => self.unheard.keep(channel, bytes),
                PublishError::AllQueuesFull(_) => {
                    let from_ms = self.meter.now_ms().saturating_add(AGAIN_MS);
                    self.unheard.keep_until(channel, bytes, from_ms);
                }
                _ => {}
            }
        }
    }

    /// Tells whoever listens what nobody has heard, a part at a time.
    pub(super) fn publish_unheard(&mut self, now_ms: u64) {
        for (channel, bytes) in self.unheard.take(now_ms) {
            self.publish(channel, &bytes);
        }
    }

    pub(super) fn judge(&mut self, id: &libp2p::gossipsub::MessageId, source: &PeerId, verdict: Verdict) {
        if let Some(gossip) = self.swarm.behaviour_mut().gossip() {
            gossip.report_message_validation_result(id, source, acceptance(verdict));
        }
    }

    fn ask(&mut self, id: RequestId, peer: PeerKey, bytes: Vec<u8>) {
        let connected = id_of(peer).filter(|id| self.peers.get(id).is_some_and(|peer| peer.admitted.is_some()));
        let refusal = match connected {
            None => RequestError::NotConnected,
            Some(_) if !self.waiting.may_ask(peer) => RequestError::Busy,
            Some(connected) => {
                let asked = self.swarm.behaviour_mut().requests.send_request(&connected, bytes);
                self.waiting.asked(asked, id, peer);
                return;
            }
        };
        self.outward.deliver(Class::Sync, NetworkEvent::Response { id, peer, result: Err(refusal) });
    }

    fn respond(&mut self, token: RequestToken, bytes: Vec<u8>) {
        let answer = match self.waiting.answer(token.id, bytes.len()) {
            true => Answer::Bytes(bytes),
            false => Answer::Busy,
        };
        // The peer may have gone, or given up waiting; the request is then already counted as over.
        let _ = self.swarm.behaviour_mut().requests.send_response(token.channel, answer);
    }

    /// Takes the list of pinned peers over into everything that treats them differently.
    pub(super) fn pinned(&mut self) {
        let keys = self.links.pinned();
        let ids: BTreeSet<PeerId> = keys.iter().filter_map(|key| id_of(*key)).collect();
        let wishes = self.swarm.behaviour().gate.wishes();
        // Whoever hides behind its persistent peers dials and looks for no others.
        self.dialler.pin(if wishes.only_persistent { &NOBODY } else { &ids });
        for key in keys.iter() {
            let known = read(&self.directory).known.addresses(*key);
            if let Some(id) = id_of(*key).filter(|_| !known.is_empty()) {
                self.dialler.learn(id, &known);
            }
        }
        let kept = keys.as_ref() | &wishes.persistent;
        publish_directory(&self.directory, |directory| directory.known.pin(kept));
        self.swarm.behaviour_mut().gate.pin(keys.as_ref().clone());
        self.show_peers();
    }

    /// Shows who is connected to everybody who asks.
    pub(super) fn show_peers(&self) {
        let pinned = self.links.pinned();
        let wishes = self.swarm.behaviour().gate.wishes();
        let info = |peer: &Peer| peer.info(pinned.contains(&peer.key), wishes);
        let mut infos: Vec<_> = self.peers.values().filter_map(info).collect();
        infos.sort_by_key(|info| info.peer);
        publish_directory(&self.directory, |directory| directory.peers = infos);
    }
}
