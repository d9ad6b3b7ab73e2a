//! What waits for the replica, in queues that never wait for one another.
//!
//! Consensus, sync, transactions and submissions have a bounded queue each; answers to the replica's own effects have one that its
//! own effects bound. A round takes a share of each, consensus first, so that a flood in one class costs the others one share.

use std::time::Instant;

use replica::{Event, Replica};
use tokio::sync::mpsc;

/// Entries that may wait per class.
const WAITING_MAX: usize = 1_024;
/// Entries of a class that one round takes.
const SHARE_INTERNAL: usize = 512;
const SHARE_CONSENSUS: usize = 256;
const SHARE_SYNC: usize = 16;
const SHARE_TRANSACTIONS: usize = 32;

/// A question to the replica, answered between two steps.
pub type Query = Box<dyn FnOnce(&Replica) + Send>;

/// Something for the thread that owns the replica.
pub enum Entry {
    /// Something that happened.
    Event(Event),
    /// Something that came from a peer; its buffer stays charged until the step is done.
    FromPeer(Event, p2p::Payload),
    /// An announcement by gossip, whose verdict is due.
    Gossip(p2p::GossipToken, types::PeerKey, replica::wire::Message, p2p::Payload),
    /// A question of a peer.
    Request(p2p::RequestToken, types::PeerKey, replica::wire::Request, p2p::Payload),
    /// What came of a request of ours.
    Response(p2p::RequestId, types::PeerKey, Option<replica::wire::Response>, Option<p2p::Payload>),
    /// A submission, with the way back.
    Submission(super::Submission),
    /// A question of the API.
    Query(Query),
    /// Finish.
    Stop,
}

/// The end that others hold.
#[derive(Clone)]
pub struct InboxSender {
    /// Answers to own effects, and control. Bounded by what the replica has asked for.
    pub(crate) internal: mpsc::UnboundedSender<Entry>,
    /// Votes, proposals, bodies, certificates.
    pub(crate) consensus: mpsc::Sender<Entry>,
    /// Requests and responses.
    pub(crate) sync: mpsc::Sender<Entry>,
    /// Transactions of peers.
    pub(crate) transactions: mpsc::Sender<Entry>,
    /// The API.
    pub(crate) api: mpsc::Sender<Entry>,
}

/// The end of the thread that owns the replica.
pub struct Inbox {
    internal: mpsc::UnboundedReceiver<Entry>,
    consensus: mpsc::Receiver<Entry>,
    sync: mpsc::Receiver<Entry>,
    transactions: mpsc::Receiver<Entry>,
    api: mpsc::Receiver<Entry>,
}

/// Makes both ends.
#[must_use]
pub fn inbox() -> (InboxSender, Inbox) {
    let (internal_in, internal) = mpsc::unbounded_channel();
    let (consensus_in, consensus) = mpsc::channel(WAITING_MAX);
    let (sync_in, sync) = mpsc::channel(WAITING_MAX);
    let (transactions_in, transactions) = mpsc::channel(WAITING_MAX);
    let (api_in, api) = mpsc::channel(WAITING_MAX);
    let sender = InboxSender {
        internal: internal_in,
        consensus: consensus_in,
        sync: sync_in,
        transactions: transactions_in,
        api: api_in,
    };
    (sender, Inbox { internal, consensus, sync, transactions, api })
}

impl InboxSender {
    /// Feeds an answer to one of the replica's own effects.
    pub(crate) fn answer(&self, event: Event) {
        // The receiver is gone only when the node stops, and then nobody waits for the answer.
        let _ = self.internal.send(Entry::Event(event));
    }
}

impl Inbox {
    /// Waits until something is there or the time has come, and takes a share of every class.
    pub(crate) async fn take(&mut self, until: Option<Instant>) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.share(&mut entries);
        if !entries.is_empty() {
            return entries;
        }
        let alarm = async {
            match until {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            entry = self.internal.recv() => entries.extend(entry),
            entry = self.consensus.recv() => entries.extend(entry),
            entry = self.sync.recv() => entries.extend(entry),
            entry = self.api.recv() => entries.extend(entry),
            entry = self.transactions.recv() => entries.extend(entry),
            () = alarm => return entries,
        }
        self.share(&mut entries);
        entries
    }

    fn share(&mut self, entries: &mut Vec<Entry>) {
        entries.extend(std::iter::from_fn(|| self.internal.try_recv().ok()).take(SHARE_INTERNAL));
        entries.extend(std::iter::from_fn(|| self.consensus.try_recv().ok()).take(SHARE_CONSENSUS));
        entries.extend(std::iter::from_fn(|| self.sync.try_recv().ok()).take(SHARE_SYNC));
        entries.extend(std::iter::from_fn(|| self.api.try_recv().ok()).take(SHARE_TRANSACTIONS));
        entries.extend(std::iter::from_fn(|| self.transactions.try_recv().ok()).take(SHARE_TRANSACTIONS));
    }
}
