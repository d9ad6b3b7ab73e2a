//! A queue between threads in which nobody waits behind a crowd: [`FairQueue`] with a bell.
//!
//! It must not know what waits in it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use p2p::{FairQueue, Origin, QueueLimits};

#[derive(Debug)]
struct Shared<T> {
    queue: Mutex<(FairQueue<T>, bool)>,
    bell: Condvar,
}

impl<T> Shared<T> {
    /// Whoever panicked with the lock held has left a whole queue behind: every change is one step.
    fn lock(&self) -> MutexGuard<'_, (FairQueue<T>, bool)> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that gives. Dropping it ends the other.
#[derive(Debug)]
pub(crate) struct FairSender<T>(Arc<Shared<T>>);

/// The end that takes.
#[derive(Debug)]
pub(crate) struct FairReceiver<T>(Arc<Shared<T>>);

/// Makes both ends.
pub(crate) fn fair_queue<T>(limits: QueueLimits) -> (FairSender<T>, FairReceiver<T>) {
    let shared = Arc::new(Shared { queue: Mutex::new((FairQueue::new(limits), false)), bell: Condvar::new() });
    (FairSender(shared.clone()), FairReceiver(shared))
}

impl<T> FairSender<T> {
    /// Lets something wait; false when there is no room for it.
    pub(crate) fn push(&self, origin: Origin, thing: T) -> bool {
        let taken = self.0.lock().0.push(origin, thing).is_ok();
        self.0.bell.notify_one();
        taken
    }
}

impl<T> Drop for FairSender<T> {
    fn drop(&mut self) {
        self.0.lock().1 = true;
        self.0.bell.notify_all();
    }
}

impl<T> FairReceiver<T> {
    /// Waits for what is to be done next; nothing when the other end is gone and all is done.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut held = self.0.lock();
        loop {
            if let Some(thing) = held.0.pop() {
                return Some(thing);
            }
            if held.1 {
                return None;
            }
            held = self.0.bell.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use p2p::Prefix;
    use types::PeerKey;

    use super::*;

    // FAULTS HC5: one thread that answers, many that ask.
    #[test]
    fn a_validators_question_passes_a_crowds_and_the_thread_ends_with_the_sender() {
        let limits = QueueLimits { all_max: 64, per_prefix_max: 8, per_peer_max: 4 };
        let (sender, receiver) = fair_queue(limits);
        let origin = |peer: u8, pinned| Origin {
            peer: PeerKey([peer; 32]),
            prefix: Prefix::of(std::net::IpAddr::from([1, 2, 3, 4])),
            pinned,
        };
        let taken = (0..100).filter(|peer| sender.push(origin(*peer, false), *peer)).count();
        assert_eq!(taken, 8);
        assert!(sender.push(origin(200, true), 200));
        let answering = std::thread::spawn(move || std::iter::from_fn(|| receiver.pop()).collect::<Vec<_>>());
        drop(sender);
        let answered = answering.join().expect("it ends");
        assert_eq!((answered.len(), answered.first()), (9, Some(&200)));
    }
}
