//! Handing transfers in to all nodes at once, never more than a window of them on their way.
//!
//! Nothing is polled: who waits for room is woken by the news of a final block.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use testnet::devnet::{Failure, LocalNetwork, Outcome, Stop};
use types::Hash32;
use wallet::NodeClient;

use crate::presigned::Ready;

/// Most transfers in one request, as the API allows.
const BATCH_MAX: usize = 1_000;
/// Who waits for room looks after this whether somebody wishes to stop.
const LOOK: Duration = Duration::from_millis(200);
/// Pause of a submitter whom a node had no room for.
const ROOM: Duration = Duration::from_millis(2);

/// When each transfer was handed in.
pub(super) type Sent = Vec<(Hash32, Instant)>;

/// How many transfers are on their way.
pub(super) struct Window {
    most: usize,
    flow: Mutex<Flow>,
    changed: Condvar,
}

#[derive(Default)]
struct Flow {
    open: usize,
    failed: bool,
}

impl Window {
    /// Nothing on its way, and at most so many at once.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), flow: Mutex::default(), changed: Condvar::new() }
    }

    /// Takes room for some transfers, at most `most`; waits until there is room for half of them, as half-empty requests cost as
    /// much as full ones.
    fn take(&self, most: usize, stop: &Stop) -> Outcome<usize> {
        let mut flow = self.lock();
        loop {
            if flow.failed {
                return Err(Failure::new("the measurement was given up"));
            }
            if stop.is_wished() {
                return Err(Failure::Stopped);
            }
            let room = self.most.saturating_sub(flow.open).min(most);
            if room >= most.div_ceil(2) {
                flow.open += room;
                return Ok(room);
            }
            flow = self.changed.wait_timeout(flow, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// So many have become final, or were not taken.
    pub(super) fn give_back(&self, count: usize) {
        let mut flow = self.lock();
        flow.open = flow.open.saturating_sub(count);
        drop(flow);
        self.changed.notify_all();
    }

    /// Whether some thread has given up.
    pub(super) fn has_failed(&self) -> bool {
        self.lock().failed
    }

    /// Makes all threads give up.
    pub(super) fn fail(&self) {
        self.lock().failed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Flow> {
        // Nobody panics between two changes of these two fields.
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands in one node's share in order. What is refused for lack of room goes back to the front.
///
/// # Errors
/// A refusal for another reason, a wish to stop, or another thread that has given up.
pub(super) fn submit(
    network: &LocalNetwork,
    node: &NodeClient,
    share: Vec<Ready>,
    window: &Window,
    stop: &Stop,
) -> Outcome<Sent> {
    let mut sent = Sent::with_capacity(share.len());
    let mut waiting: VecDeque<Ready> = share.into();
    let batch_max = (window.most / network.nodes.len().max(1)).clamp(1, BATCH_MAX);
    while !waiting.is_empty() {
        let room = window.take(batch_max.min(waiting.len()), stop)?;
        let batch: Vec<Ready> = waiting.drain(..room).collect();
        let refused = hand_in(network, node, batch, &mut sent)?;
        if !refused.is_empty() {
            window.give_back(refused.len());
            refused.into_iter().rev().for_each(|ready| waiting.push_front(ready));
            stop.pause(ROOM)?;
        }
    }
    Ok(sent)
}

/// One request. Returns what the node had no room for, in order.
fn hand_in(network: &LocalNetwork, node: &NodeClient, batch: Vec<Ready>, sent: &mut Sent) -> Outcome<Vec<Ready>> {
    let (names, transactions): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|Ready { id, sender, transaction }| ((id, sender), transaction)).unzip();
    let at = Instant::now();
    let answer = node.submit_batch(network.chain_id(), &transactions)?;
    if answer.results.len() != names.len() {
        return Err(Failure::new(format!("{} results for {} transfers", answer.results.len(), names.len())));
    }
    let mut refused = Vec::new();
    for (((id, sender), transaction), result) in names.into_iter().zip(transactions).zip(answer.results) {
        match result.error {
            None => sent.push((id, at)),
            Some(error) if is_for_lack_of_room(&error.code) => refused.push(Ready { id, sender, transaction }),
            Some(error) => {
                return Err(Failure::new(format!("a transfer was refused: {} [{}]", error.message, error.code)));
            }
        }
    }
    Ok(refused)
}

/// Codes of a pool that takes it later; a gap is what comes behind a transfer of the same sender that found no room.
fn is_for_lack_of_room(code: &str) -> bool {
    matches!(code, "pool_full" | "sender_limit" | "nonce_gap" | "busy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_is_waited_for_and_a_failure_ends_the_wait() {
        let (window, stop) = (Window::new(10), Stop::default());
        assert_eq!(window.take(6, &stop), Ok(6));
        assert_eq!(window.take(8, &stop), Ok(4), "half of what was asked for is enough");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| window.take(4, &stop));
            window.give_back(3);
            assert_eq!(waiting.join().expect("it does not panic"), Ok(3));
        });
        window.fail();
        assert!(window.take(1, &stop).is_err() && window.has_failed());
    }
}
