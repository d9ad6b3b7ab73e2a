//! Attackers on our own network layer: well-formed peers whose content is the crime. Each runs on a thread of its own.

use std::sync::Arc;

use p2p::{Inbound, Network, NetworkConfig, PrivateAddresses, spawn};
use tokio::runtime::Builder;
use types::ChainId;

use super::attack::{Begun, Deeds};
use super::siege::Siege;
use super::sockets;
use crate::devnet::{Failure, Outcome, Stop};

/// Who it says it is, and whom it meets.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    chain_id: ChainId,
    seed: [u8; 32],
    victims: Vec<String>,
}

impl Identity {
    /// The owner of a seed, who dials these nodes.
    pub(super) fn new(siege: &Siege, seed: [u8; 32], victims: &[usize]) -> Self {
        let victims = victims.iter().map(|node| siege.tcp_address(*node)).collect();
        Self { chain_id: siege.chain_id(), seed, victims }
    }
}

/// A peer that is connected or about to be.
pub(super) struct Stranger {
    pub(super) network: Network,
    pub(super) inbound: Inbound,
    pub(super) stop: Stop,
}

/// Starts a peer that does harm until it is told to stop.
///
/// # Errors
/// When a thread cannot be started.
pub(super) fn begin<F>(identity: Identity, harm: impl FnOnce(Stranger) -> F + Send + 'static) -> Outcome<Begun>
where
    F: Future<Output = Deeds>,
{
    let (started, has_started) = std::sync::mpsc::channel();
    let begun = sockets::begin(move |stop| {
        let runtime = match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return told(&started, Err(error.to_string())),
        };
        runtime.block_on(async {
            let Identity { chain_id, seed, victims } = identity;
            let mut config = NetworkConfig::new(chain_id, seed);
            config.listen = Vec::new();
            config.bootstrap = victims;
            config.private_addresses = PrivateAddresses::Allowed;
            match spawn(config) {
                Ok((network, inbound)) => {
                    let _ = told(&started, Ok(()));
                    harm(Stranger { network, inbound, stop: stop.clone() }).await
                }
                Err(error) => told(&started, Err(error.to_string())),
            }
        })
    })?;
    match has_started.recv() {
        Ok(Ok(())) => Ok(begun),
        Ok(Err(error)) => Err(Failure::new(format!("an attacker cannot start: {error}"))),
        Err(_) => Err(Failure::new("an attacker ended before it began")),
    }
}

fn told(started: &std::sync::mpsc::Sender<Result<(), String>>, what: Result<(), String>) -> Deeds {
    // Whoever began it waits for this; if not, nobody needs to know.
    let _ = started.send(what);
    Deeds::new()
}

/// Bytes as the network takes them.
pub(super) fn bytes(message: Vec<u8>) -> Arc<[u8]> {
    message.into()
}
