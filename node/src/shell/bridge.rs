//! From the network to the replica: bytes become messages, each class in a task of its own.
//!
//! A peer's buffer stays charged until the replica has taken its message, so a slow node slows its peers and never grows. Bytes
//! that are no message are held against who sent them. It must not know what a message means.

use p2p::{Channel, Inbound, Network, NetworkEvent, Severity, Verdict};
use replica::wire::{Message, Request, Response};
use replica::{Event, Via};
use tokio::sync::mpsc;
use types::Canonical;

use super::hands::channel_of;
use super::inbox::{Entry, InboxSender};

/// Starts the tasks on the current runtime; they end with the network.
pub(crate) fn start(inbound: Inbound, network: &Network, inbox: &InboxSender) {
    let Inbound { mut control, mut consensus, mut sync, mut transactions } = inbound;
    let internal = inbox.internal.clone();
    tokio::spawn(async move {
        while let Some(event) = control.recv().await {
            if let Some(event) = who_comes_and_goes(event) {
                let _ = internal.send(Entry::Event(event));
            }
        }
    });
    let (bridge, queue) = (network.clone(), inbox.consensus.clone());
    tokio::spawn(async move {
        while let Some(event) = consensus.recv().await {
            pass(&bridge, &queue, event).await;
        }
    });
    let (bridge, queue) = (network.clone(), inbox.sync.clone());
    tokio::spawn(async move {
        while let Some(event) = sync.recv().await {
            pass(&bridge, &queue, event).await;
        }
    });
    let (bridge, queue) = (network.clone(), inbox.transactions.clone());
    tokio::spawn(async move {
        while let Some(event) = transactions.recv().await {
            pass(&bridge, &queue, event).await;
        }
    });
}

fn who_comes_and_goes(event: NetworkEvent) -> Option<Event> {
    match event {
        NetworkEvent::Connected { peer, outbound, address } => {
            tracing::info!(peer = %crate::peer_id::text(&peer), outbound, address, "peer connected");
            Some(Event::PeerUp { peer })
        }
        NetworkEvent::Disconnected { peer, reason } => {
            tracing::info!(peer = %crate::peer_id::text(&peer), reason, "peer disconnected");
            Some(Event::PeerDown { peer })
        }
        NetworkEvent::Refused { peer, why } => {
            tracing::info!(peer = %crate::peer_id::text(&peer), %why, "peer refused");
            None
        }
        NetworkEvent::Listening { address } => {
            tracing::info!(address, "listening for peers");
            None
        }
        _ => None,
    }
}

/// Decodes and queues; waits while the replica is behind.
async fn pass(network: &Network, queue: &mpsc::Sender<Entry>, event: NetworkEvent) {
    if let Some(entry) = read(network, event) {
        // The receiver is gone only when the node stops.
        let _ = queue.send(entry).await;
    }
}

fn read(network: &Network, event: NetworkEvent) -> Option<Entry> {
    match event {
        NetworkEvent::Direct { peer, channel, payload } => match Message::from_canonical(&payload) {
            Ok(message) if channel_of(message.lane()) == channel => {
                Some(Entry::FromPeer(Event::Message { from: peer, via: Via::Stream, message }, payload))
            }
            _ => {
                let _ = network.punish(peer, "malformed message", Severity::Serious);
                None
            }
        },
        NetworkEvent::Gossip { token, from, channel, payload } => match Message::from_canonical(&payload) {
            Ok(message) if belongs(&message, channel) => Some(Entry::Gossip(token, from, message, payload)),
            _ => {
                let _ = network.verdict(token, Verdict::Reject);
                None
            }
        },
        NetworkEvent::Request { token, peer, payload } => match Request::from_canonical(&payload) {
            Ok(request) => Some(Entry::Request(token, peer, request, payload)),
            Err(_) => {
                let _ = network.punish(peer, "malformed request", Severity::Serious);
                None
            }
        },
        NetworkEvent::Response { id, peer, result } => Some(match result {
            Ok(payload) => match Response::from_canonical(&payload) {
                Ok(response) => Entry::Response(id, peer, Some(response), Some(payload)),
                Err(_) => {
                    let _ = network.punish(peer, "malformed response", Severity::Serious);
                    Entry::Response(id, peer, None, None)
                }
            },
            Err(_) => Entry::Response(id, peer, None, None),
        }),
        _ => None,
    }
}

/// Whether a message may be said on a topic.
fn belongs(message: &Message, channel: Channel) -> bool {
    match (message, channel) {
        (Message::SystemCalls(calls), Channel::Module(module)) => calls.iter().all(|call| call.module == module),
        (Message::Transactions(_), Channel::Transactions)
        | (Message::Certificate(_), Channel::Certificate | Channel::Consensus)
        | (Message::Proposal(_) | Message::Vote(_), Channel::Consensus) => true,
        _ => false,
    }
}
