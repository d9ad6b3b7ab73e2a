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
    /// The same for a system call.
    Call(super::CallSubmission),
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
    /// What is there: a share of every class.
    pub(crate) fn take_now(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.share(&mut entries);
        entries
    }

    /// Waits until something is there or the time has come, and takes a share of every class. A time that has come already may
    /// still cost a tick of the timer: who will not wait at all takes what is there.
    pub(crate) async fn take(&mut self, until: Option<Instant>) -> Vec<Entry> {
        let mut entries = self.take_now();
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

#[cfg(test)]
mod tests {
    use types::Height;

    use super::*;

    fn committed(height: u64) -> Entry {
        Entry::Event(Event::Committed { height: Height(height) })
    }

    fn heights(entries: &[Entry]) -> Vec<u64> {
        let height = |entry: &Entry| match entry {
            Entry::Event(Event::Committed { height }) => Some(height.0),
            _ => None,
        };
        entries.iter().filter_map(height).collect()
    }

    /// As much of everything as may wait, counted from a thousand times the number of the class.
    fn fill(sender: &InboxSender) {
        for (class, queue) in (1..).zip([&sender.consensus, &sender.sync, &sender.api, &sender.transactions]) {
            for number in 0..WAITING_MAX as u64 {
                assert!(queue.try_send(committed(class * 10_000 + number)).is_ok());
            }
            assert!(queue.try_send(committed(0)).is_err(), "no more than that may wait");
        }
    }

    // FAULTS L10: a node's own votes come back by a queue that never makes the sender wait.
    #[tokio::test]
    async fn answers_to_own_effects_find_room_and_come_first_however_full_the_rest_is() {
        let (sender, mut inbox) = inbox();
        fill(&sender);
        // The thread that takes is the one that gives: it would wait for itself.
        (1..=2_000).for_each(|height| sender.answer(Event::Committed { height: Height(height) }));
        let mut answers = Vec::new();
        for _ in 0..4 {
            let taken = heights(&inbox.take(None).await);
            let own = taken.iter().position(|height| *height >= 10_000).expect("the others have their share too");
            answers.extend_from_slice(&taken[..own]);
        }
        assert_eq!(answers, (1..=2_000).collect::<Vec<_>>(), "in order, none lost");
    }

    // FAULTS L15
    #[tokio::test]
    async fn a_round_takes_a_share_of_every_class_and_consensus_before_the_others() {
        let (sender, mut inbox) = inbox();
        fill(&sender);
        let taken = heights(&inbox.take(None).await);
        let classes: Vec<u64> = taken.iter().map(|height| height / 10_000).collect();
        assert!(classes.is_sorted(), "consensus, sync, the API, transactions");
        let share = |class| classes.iter().filter(|of| **of == class).count();
        let shares = [SHARE_CONSENSUS, SHARE_SYNC, SHARE_TRANSACTIONS, SHARE_TRANSACTIONS];
        assert_eq!([1, 2, 3, 4].map(share), shares);
        // What the others have waiting holds up no vote.
        assert!(sender.consensus.try_send(committed(1)).is_ok());
    }
}
