//! From the network to the replica: bytes become messages, each class in a task of its own.
//!
//! A peer's buffer stays charged until the replica has taken its message, so a slow node slows its peers and never grows. Bytes
//! that are no message are held against who sent them; kinds that this version does not know are counted only, or nobody could
//! upgrade while others run. Answers to our own questions pass whatever peers ask. It must not know what a message means.

use p2p::{Channel, Inbound, Network, NetworkEvent, Severity, Verdict};
use replica::wire::{Kinds, Message, Request, Response, Unread};
use replica::{Event, Via};
use tokio::sync::mpsc;
use types::PeerKey;

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
    let (bridge, queue, answers) = (network.clone(), inbox.sync.clone(), inbox.internal.clone());
    tokio::spawn(async move {
        while let Some(event) = sync.recv().await {
            match read(&bridge, event) {
                // Bounded by what the replica has asked for.
                Some(entry @ Entry::Response(..)) => drop(answers.send(entry)),
                // Who finds no room is told that we are busy: its token is dropped.
                Some(entry) => drop(queue.try_send(entry)),
                None => {}
            }
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
        NetworkEvent::KeyInUse { peer } => Some(Event::KeyInUse { peer }),
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
        NetworkEvent::Direct { peer, channel, payload } => match Message::read(&payload) {
            Ok(message) if channel_of(message.lane()) == channel => {
                Some(Entry::FromPeer(Event::Message { from: peer, via: Via::Stream, message }, payload))
            }
            Ok(_) => unread(network, peer, "message on a channel that does not carry it"),
            Err(Unread::UnknownKind(_)) => unknown(network, peer, "message"),
            Err(Unread::Malformed(_)) => unread(network, peer, "malformed message"),
        },
        NetworkEvent::Gossip { token, from, channel, payload } => match Message::read(&payload) {
            Ok(message) if belongs(&message, channel) => Some(Entry::Gossip(token, from, message, payload)),
            Err(Unread::UnknownKind(_)) => {
                let _ = network.verdict(token, Verdict::Ignore);
                unknown(network, from, "gossip")
            }
            Ok(_) | Err(Unread::Malformed(_)) => {
                let _ = network.verdict(token, Verdict::Reject);
                None
            }
        },
        NetworkEvent::Request { token, peer, payload } => match Request::read(&payload) {
            Ok(request) => Some(Entry::Request(token, peer, request, payload)),
            // Dropping the token tells the peer that there is no answer.
            Err(Unread::UnknownKind(_)) => unknown(network, peer, "request"),
            Err(Unread::Malformed(_)) => unread(network, peer, "malformed request"),
        },
        NetworkEvent::Response { id, peer, result } => {
            Some(match result.map(|payload| (Response::read(&payload), payload)) {
                Ok((Ok(response), payload)) => Entry::Response(id, peer, Some(response), Some(payload)),
                Ok((Err(error), _)) => {
                    match error {
                        Unread::UnknownKind(_) => unknown(network, peer, "response"),
                        Unread::Malformed(_) => unread(network, peer, "malformed response"),
                    };
                    Entry::Response(id, peer, None, None)
                }
                Err(_) => Entry::Response(id, peer, None, None),
            })
        }
        _ => None,
    }
}

/// Bytes of a known kind that are wrong: held against who sent them. A full queue of the network loses no more than that.
fn unread(network: &Network, peer: PeerKey, why: &'static str) -> Option<Entry> {
    let _ = network.punish(peer, why, Severity::Serious);
    None
}

/// Bytes of a kind that a newer version may know.
fn unknown(network: &Network, peer: PeerKey, what: &'static str) -> Option<Entry> {
    let _ = network.unknown(peer, what);
    None
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use p2p::{NetworkConfig, PrivateAddresses, RefusalReason, peer_key_of_secret, spawn};
    use types::{ChainId, Hash32};

    use super::*;
    use crate::shell::inbox::inbox;

    fn config(seed: u8) -> NetworkConfig {
        let mut config = NetworkConfig::new(ChainId(Hash32([7; 32])), [seed; 32]);
        config.listen = vec!["/ip4/127.0.0.1/tcp/0".to_owned()];
        config.private_addresses = PrivateAddresses::Allowed;
        config.pinned = [1, 2].map(|seed| peer_key_of_secret([seed; 32]).expect("a seed")).to_vec();
        config
    }

    async fn until(what: &str, holds: impl Fn() -> bool) {
        let waiting = async {
            while !holds() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
    }

    // FAULTS HC6: a rolling upgrade with a new kind of message, and then one that is broken.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_validator_of_a_newer_version_is_not_blocked_for_what_this_one_does_not_know() {
        let (old, heard) = spawn(config(1)).expect("it starts");
        let (sender, mut inbox) = inbox();
        start(heard, &old, &sender);
        until("listening", || !old.listen_addresses().is_empty()).await;
        let (new, mut told) =
            spawn(NetworkConfig { bootstrap: old.listen_addresses(), ..config(2) }).expect("it starts");
        until("connected", || new.is_connected(old.key()) && old.is_connected(new.key())).await;
        let say = |bytes: &[u8]| new.send(old.key(), Channel::Votes, Arc::from(bytes)).expect("sent");
        let counted = |name: &str| {
            let counts = old.counts();
            counts.refused.iter().find(|(of, _)| *of == name).map_or(0, |(_, count)| *count)
        };
        (0..50_u8).for_each(|number| say(&[200, number]));
        until("the unknown kinds are counted", || counted("unknown_kind") == 50).await;
        new.request(old.key(), vec![200]).expect("asked");
        until("and the unknown question", || counted("unknown_kind") == 51).await;
        assert!(old.is_connected(new.key()) && old.counts().offences.is_empty(), "{:?}", old.counts());
        // A kind that is known and cut off is still held against who sent it.
        (0..4).for_each(|_| say(&[1, 0xff]));
        until("it is blocked", || !old.is_connected(new.key())).await;
        assert_eq!(old.counts().offences.get("malformed message"), Some(&4));
        assert!(inbox.take_now().iter().all(|entry| matches!(entry, Entry::Event(_))));
        let refused = std::iter::from_fn(|| told.control.try_recv().ok())
            .any(|event| matches!(event, NetworkEvent::Refused { why: RefusalReason::Punished(_), .. }));
        assert!(!refused, "the newer one holds nothing against the older");
    }
}
