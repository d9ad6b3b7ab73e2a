//! Honest transfers without pause: how soon they are final is what an attack is judged by.
//!
//! Two accounts pay each other through two nodes. A transfer that is refused or lost is wanted until another one is final in its
//! place: for whoever pays, the time runs on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use types::{Amount, Call, Hash32};
use wallet::client::types::TransactionStatus;
use wallet::{AccountKey, Chain, NodeClient};

use super::figures::{Finality, Sample, finality};
use crate::devnet::{Failure, LocalNetwork, Outcome, Stop, prepare};

/// From one transfer's wish to the next one's, while they are quick.
const PACE: Duration = Duration::from_millis(60);
/// How long a node is asked at once for the fate of a transfer.
const LONG_POLL: Duration = Duration::from_millis(1_000);
/// After this a transfer is sent anew: another one may have taken its place.
const FORGOTTEN: Duration = Duration::from_secs(5);
/// Between two tries with a node that refuses or does not answer.
const PAUSE: Duration = Duration::from_millis(50);
/// Percentiles are taken over windows of this length.
const WINDOW: Duration = Duration::from_secs(1);
const AMOUNT: Amount = Amount(1);

/// The transfers, and what has been measured.
#[derive(Debug)]
pub(super) struct Pulse {
    samples: Arc<Mutex<Vec<Sample>>>,
    rests: Arc<AtomicBool>,
    stop: Stop,
    senders: Vec<JoinHandle<()>>,
}

struct Sender {
    from: AccountKey,
    call: Call,
    chain: Chain,
    node: NodeClient,
    samples: Arc<Mutex<Vec<Sample>>>,
    rests: Arc<AtomicBool>,
    stop: Stop,
}

impl Pulse {
    /// Begins to send through the first two nodes.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(super) fn start(network: &LocalNetwork) -> Outcome<Self> {
        let (samples, rests, stop) = (Arc::default(), Arc::<AtomicBool>::default(), Stop::default());
        let (alice, bob) = (&network.wallets.alice, &network.wallets.bob);
        let transfers = network.plan.transfers()?;
        let mut senders = Vec::new();
        for ((from, to), node) in [(alice, bob), (bob, alice)].into_iter().zip(&network.nodes) {
            let sender = Sender {
                from: from.key.clone(),
                call: (transfers.call)(to.address(), AMOUNT),
                chain: network.chain.clone(),
                node: node.client().clone(),
                samples: Arc::clone(&samples),
                rests: Arc::clone(&rests),
                stop: stop.clone(),
            };
            let thread = std::thread::Builder::new().name("sender".to_owned());
            let started = thread.spawn(move || sender.send_all());
            senders.push(started.map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?);
        }
        Ok(Self { samples, rests, stop, senders })
    }

    /// Figures of the time from one moment to another.
    pub(super) fn figures(&self, from: Instant, to: Instant) -> Finality {
        finality(&lock(&self.samples), from, to, WINDOW)
    }

    /// How long nothing has become final, though something is wanted.
    pub(super) fn stands_for(&self) -> Duration {
        let samples = lock(&self.samples);
        let open = samples.iter().filter(|sample| sample.took.is_none());
        open.map(|sample| sample.wanted.elapsed()).max().unwrap_or_default()
    }

    /// Lets the transfers rest, or go on.
    pub(super) fn rest(&self, rests: bool) {
        self.rests.store(rests, Ordering::Relaxed);
    }

    /// Ends the transfers.
    pub(super) fn stop(self) {
        self.stop.wish();
        for sender in self.senders {
            // A sender that panicked has told why on standard error; its samples stay as they are.
            let _ = sender.join();
        }
    }
}

impl Sender {
    fn send_all(&self) {
        while !self.stop.is_wished() {
            if self.rests.load(Ordering::Relaxed) {
                let _ = self.stop.pause(PACE);
                continue;
            }
            let wanted = Instant::now();
            let place = push(&self.samples, Sample { wanted, took: None });
            let took = self.send_one(wanted);
            if let Some(sample) = lock(&self.samples).get_mut(place) {
                sample.took = took;
            }
            let _ = self.stop.pause(PACE.saturating_sub(wanted.elapsed()));
        }
    }

    /// Sends until a transfer is final; the time since it was wanted.
    fn send_one(&self, wanted: Instant) -> Option<Duration> {
        while !self.stop.is_wished() {
            let prepared = prepare(&self.node, &self.chain, &self.from, self.call.clone()).ok();
            let submitted = prepared.and_then(|transaction| self.node.submit(self.chain.id(), &transaction).ok());
            match submitted {
                Some(submitted) if self.becomes_final(&submitted.id) => return Some(wanted.elapsed()),
                _ => drop(self.stop.pause(PAUSE)),
            }
        }
        None
    }

    fn becomes_final(&self, id: &Hash32) -> bool {
        let begun = Instant::now();
        while !self.stop.is_wished() && begun.elapsed() < FORGOTTEN {
            match self.node.transaction(id, LONG_POLL).map(|answer| answer.status) {
                Ok(TransactionStatus::Final) => return true,
                Ok(TransactionStatus::Pending) => {}
                Ok(TransactionStatus::Unknown) => return false,
                Err(_) => drop(self.stop.pause(PAUSE)),
            }
        }
        false
    }
}

fn push(samples: &Mutex<Vec<Sample>>, sample: Sample) -> usize {
    let mut samples = lock(samples);
    samples.push(sample);
    samples.len() - 1
}

fn lock(samples: &Mutex<Vec<Sample>>) -> std::sync::MutexGuard<'_, Vec<Sample>> {
    samples.lock().unwrap_or_else(PoisonError::into_inner)
}
