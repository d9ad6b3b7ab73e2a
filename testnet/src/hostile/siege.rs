//! The network under attack: four validators and a follower, their chain, and what an attacker may know of them.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use node::home::Home;
use node::keys::{NetworkKey, ValidatorKey};
use p2p::ChainTag;
use types::{Amount, ChainId, Hash32, Height, PeerKey, TimeMs, ValidatorIndex};
use wallet::{AccountKey, NodeClient};

use super::attack::Scene;
use super::forge::Forge;
use super::peers::Peers;
use super::pulse::Pulse;
use crate::devnet::{Failure, Layout, LocalNetwork, Outcome, Plan, Ports, Programs, Stop, until};
use crate::trial::Trials;

/// Validators; one more node follows.
pub(super) const VALIDATORS: usize = 4;
/// Nodes in all, and room for a newcomer.
pub(super) const NODES: usize = VALIDATORS + 2;
/// The port of the first node, unless another is chosen.
pub(super) const BASE_PORT: u16 = 29_700;
/// Longer than any run: what attackers forge is of the first epoch.
const EPOCH_LENGTH_MS: u64 = 24 * 3_600_000;
/// What the attacker's own account begins with: 1,000 THR.
const MALLORYS_BALANCE: Amount = Amount(1_000_000_000);
/// A node that was started again, or stands behind, must be there within this.
const RETURN_PATIENCE: Duration = Duration::from_secs(45);
/// All nodes must have the same height within this after an attack.
const AGREE_PATIENCE: Duration = Duration::from_secs(20);
/// Transfers run for so long before anything is measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// Where and with what networks are made, again and again.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) home: PathBuf,
    pub(super) ports: Ports,
    pub(super) trials: Trials,
    pub(super) programs: Programs,
    pub(super) stop: Stop,
    /// js-libp2p, or why it is not there.
    pub(super) peers: Result<Peers, String>,
}

/// A running network with honest transfers.
#[derive(Debug)]
pub struct Siege {
    /// The network. What its features bring along runs too.
    pub network: LocalNetwork,
    pub(super) pulse: Pulse,
    pub(super) scene: Scene,
    pub(super) peers: Result<Peers, String>,
    /// Each validator's place in the set, by its node.
    pub(super) places: Vec<ValidatorIndex>,
    /// Loopback address from which the present attack comes, so that it shares none with honest nodes.
    pub source: Ipv4Addr,
}

/// The attacker's own account, which has some money.
pub(super) fn mallory() -> AccountKey {
    AccountKey::from_secret(&[0x5a; 32]).expect("a number below the curve's order is a key")
}

impl Siege {
    /// Makes a network, starts it and the honest transfers.
    ///
    /// # Errors
    /// What keeps a network from starting.
    pub(super) fn make(place: &Place) -> Outcome<Self> {
        let layout = Layout::new(&place.home)?;
        layout.claim()?;
        layout.wipe()?;
        let mut plan = Plan::new(layout, place.ports, VALIDATORS, place.trials);
        plan.settings.push("log.format=json".to_owned());
        plan.services = place.trials.iter().map(|trial| trial.name).collect();
        plan.accounts.push((mallory().address(), MALLORYS_BALANCE));
        let mut network = LocalNetwork::create(plan, place.programs.clone(), place.stop.clone(), |genesis| {
            genesis.parameters.timing.epoch_length_ms = EPOCH_LENGTH_MS;
        })?;
        network.start(|_, _| {})?;
        network.join()?;
        let mut places = Vec::new();
        for node in network.nodes.iter().take(VALIDATORS) {
            let index = node.client().status()?.voting.index;
            places.push(index.ok_or_else(|| Failure::new(format!("node {} is no validator", node.index)))?);
        }
        let pulse = Pulse::start(&network)?;
        network.stop.pause(WARM_UP)?;
        let (scene, source) = (Scene::AllThere, Ipv4Addr::new(127, 0, 0, 66));
        Ok(Self { network, pulse, scene, peers: place.peers.clone(), places, source })
    }

    /// Ends transfers and nodes.
    ///
    /// # Errors
    /// A node that did not end by itself.
    pub(super) fn end(self) -> Outcome<()> {
        self.pulse.stop();
        let mut network = self.network;
        network.stop_all()
    }

    /// Brings everybody onto the stage, or sends the last validator away.
    ///
    /// # Errors
    /// A node that does not end or come back.
    pub(super) fn set_scene(&mut self, scene: Scene) -> Outcome<()> {
        if self.scene == scene {
            return Ok(());
        }
        let last = VALIDATORS - 1;
        match scene {
            Scene::LastAway => {
                self.network.node(last)?.ask_to_stop();
                self.network.node(last)?.finish()?;
            }
            Scene::AllThere => self.bring_back(last).map(drop)?,
        }
        self.scene = scene;
        // Links are made and missed, leaders are found silent: this is not what is measured.
        self.network.stop.pause(WARM_UP)
    }

    /// Starts a node that was ended, and waits until it is ready; how long that took.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub(super) fn bring_back(&mut self, node: usize) -> Outcome<Duration> {
        let begun = Instant::now();
        let stop = self.network.stop.clone();
        self.network.node(node)?.start()?;
        self.network.node(node)?.wait_ready(RETURN_PATIENCE, &stop)?;
        Ok(begun.elapsed())
    }

    /// Places of the nodes that run.
    pub(super) fn running(&self) -> Vec<usize> {
        self.network.nodes.iter().filter(|node| node.pid().is_some()).map(|node| node.index).collect()
    }

    /// Where a running node is reached over TCP; js-libp2p speaks no QUIC here.
    pub(super) fn tcp_address(&self, node: usize) -> String {
        format!("/ip4/127.0.0.1/tcp/{}", self.peer_port(node))
    }

    /// The port for peers of a node.
    pub(super) fn peer_port(&self, node: usize) -> u16 {
        self.network.plan.ports.peers(node)
    }

    /// The port of a node's API.
    pub(super) fn api_port(&self, node: usize) -> u16 {
        self.network.plan.ports.api(node)
    }

    /// The API of a node.
    ///
    /// # Errors
    /// When there is no such node.
    pub(super) fn client(&self, node: usize) -> Outcome<NodeClient> {
        let found = self.network.nodes.get(node);
        Ok(found.ok_or_else(|| Failure::new(format!("there is no node {node}")))?.client().clone())
    }

    /// Makes transactions that ask for trouble.
    ///
    /// # Errors
    /// When no trial says how accounts give each other THR.
    pub(super) fn forge(&self) -> Outcome<Forge> {
        Ok(Forge { chain: self.network.chain.clone(), transfers: self.network.plan.transfers()? })
    }

    /// The chain.
    pub(super) const fn chain_id(&self) -> ChainId {
        self.network.chain_id()
    }

    /// How peers of the chain greet.
    pub(super) fn greeting(&self) -> String {
        ChainTag::new(self.chain_id()).greeting()
    }

    /// What stands in the names of the chain's protocols.
    pub(super) fn tag(&self) -> String {
        self.chain_id().to_string().chars().take(16).collect()
    }

    /// The network identity of a node: its seed.
    ///
    /// # Errors
    /// When its key cannot be read.
    pub(super) fn network_seed(&self, node: usize) -> Outcome<[u8; 32]> {
        Ok(NetworkKey::read(&self.home(node).network_key_file())?.seed())
    }

    /// The key with which a validator votes.
    ///
    /// # Errors
    /// When its key cannot be read.
    pub(super) fn validator_key(&self, node: usize) -> Outcome<ValidatorKey> {
        let password = self.network.plan.layout.node_password();
        Ok(ValidatorKey::read(&self.home(node).validator_key_file(), &password)?)
    }

    fn home(&self, node: usize) -> Home {
        Home::new(self.network.plan.layout.node(node))
    }

    /// Where a node keeps the addresses of its peers.
    pub(super) fn address_book(&self, node: usize) -> PathBuf {
        self.home(node).address_book()
    }

    /// The network identities of all honest nodes, by their places. The last validator's is the attacker's while it is away.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub(super) fn honest_peers(&self) -> Outcome<Vec<PeerKey>> {
        let honest = self.network.nodes.iter().map(|node| node.index);
        honest.map(|node| Ok(NetworkKey::read(&self.home(node).network_key_file())?.peer_key()?)).collect()
    }

    /// Time of the newest final block.
    ///
    /// # Errors
    /// When the first node does not answer.
    pub(super) fn time(&self) -> Outcome<TimeMs> {
        Ok(self.client(0)?.status()?.time)
    }

    /// Where an attacker's files may lie.
    pub(super) fn scratch(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn root(&self) -> &Path {
        self.network.plan.layout.root()
    }

    /// What keeps the running nodes from having the same final block: sentences.
    ///
    /// # Errors
    /// When somebody wishes to stop.
    pub(super) fn disagreements(&mut self) -> Outcome<Vec<String>> {
        let running = self.running();
        let Ok(height) = self.client(0)?.status().map(|status| status.final_height) else {
            return Ok(vec!["node 0 does not answer".to_owned()]);
        };
        let mut wrongs = Vec::new();
        let mut first = None;
        for node in running {
            let hash = match self.wait_block(node, height) {
                Ok(hash) => hash,
                Err(Failure::Stopped) => return Err(Failure::Stopped),
                Err(failure) => {
                    wrongs.push(failure.to_string());
                    continue;
                }
            };
            let (other, same) = *first.get_or_insert((node, hash));
            if hash != same {
                wrongs.push(format!("agreement: at height {height} node {other} has {same}, node {node} has {hash}"));
            }
        }
        Ok(wrongs)
    }

    /// A block is in a node's store a moment after it is final there.
    fn wait_block(&mut self, node: usize, height: Height) -> Outcome<Hash32> {
        let (client, stop) = (self.client(node)?, self.network.stop.clone());
        let process = self.network.node(node)?;
        until(&format!("node {node} to give block {height}"), AGREE_PATIENCE, &stop, || {
            process.check_running()?;
            Ok(client.block(&height.to_string()).map(|block| block.hash).map_err(|error| error.to_string()))
        })
    }
}
