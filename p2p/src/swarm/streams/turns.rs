//! Turns of looking for a peer: so many at once, and so many who wait for one, so long.
//!
//! It must not know who is looked for, nor how. Invariants: whoever waits has a place, and is told when it has waited long enough; strangers
//! keep neither a turn nor a place from the pinned peers.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::seats::Guest;
use crate::stream_error::StreamError;

/// Turns for everybody. A few, so that the dials of those who are not there leave room for the node's own.
const TURNS_MAX: usize = 4;
/// Beside them, turns for pinned peers only.
const PINNED_TURNS_MAX: usize = 1;
/// Who may wait for a turn: so many pinned peers, and as many others.
const WAITING_MAX: usize = 16;
/// How long somebody waits for a turn.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(20);
/// How long a turn is: who is not met by then is still looked for, but nobody waits behind it. A peer that refuses has been tried as often
/// as it is.
pub(super) const TURN_MAX: Duration = Duration::from_secs(2);

// Of those who may wait, the last one has its turn in time, while turns come as they should.
const _: () = assert!(TURN_MAX.as_secs() * (2 * WAITING_MAX as u64) / (TURNS_MAX as u64) < WAIT_MAX.as_secs());

/// A turn, until it is dropped.
pub(super) type Turn<'a> = SemaphorePermit<'a>;

#[derive(Debug)]
pub(super) struct Turns {
    all: Semaphore,
    pinned: Semaphore,
    /// Places of strangers, and of pinned peers.
    waiting: [Semaphore; 2],
    wait_max: Duration,
}

impl Turns {
    /// Whoever waits does so for that long at most.
    pub(super) fn new(wait_max: Duration) -> Self {
        Self {
            all: Semaphore::new(TURNS_MAX),
            pinned: Semaphore::new(PINNED_TURNS_MAX),
            waiting: [Semaphore::new(WAITING_MAX), Semaphore::new(WAITING_MAX)],
            wait_max,
        }
    }

    /// A turn to look for such a peer.
    ///
    /// # Errors
    /// [`StreamError::Crowded`] when too many wait already, or it has waited for too long.
    pub(super) async fn take(&self, guest: Guest) -> Result<Turn<'_>, StreamError> {
        let [strangers, pinned] = &self.waiting;
        let places = if guest == Guest::Pinned { pinned } else { strangers };
        let _place = places.try_acquire().map_err(|_| StreamError::Crowded)?;
        let own = async {
            match guest {
                Guest::Pinned => self.pinned.acquire().await,
                Guest::Stranger => std::future::pending().await,
            }
        };
        let turn = async {
            tokio::select! {
                biased;
                turn = own => turn,
                turn = self.all.acquire() => turn,
            }
        };
        let turn = tokio::time::timeout(self.wait_max, turn).await.map_err(|_| StreamError::Crowded)?;
        // Nobody closes them.
        turn.map_err(|_| StreamError::Stopping)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::future::join_all;

    use super::*;

    // FAULTS HB9
    #[tokio::test]
    async fn so_many_wait_for_a_turn_for_so_long_and_a_pinned_peer_has_one_of_its_own() {
        let wait_max = Duration::from_secs(2);
        let turns = Turns::new(wait_max);
        let held: Vec<_> = std::iter::from_fn(|| turns.take(Guest::Stranger).now_or_never()).collect();
        assert!(held.len() == TURNS_MAX && held.iter().all(Result::is_ok));
        let waiting = async {
            let waiting = (0..WAITING_MAX).map(|_| turns.take(Guest::Stranger));
            join_all(waiting).await.into_iter().filter(|turn| matches!(turn, Err(StreamError::Crowded))).count()
        };
        let meanwhile = async {
            tokio::task::yield_now().await;
            assert!(matches!(turns.take(Guest::Stranger).now_or_never(), Some(Err(StreamError::Crowded))), "one more");
            let own = turns.take(Guest::Pinned).now_or_never().expect("at once").expect("its own");
            assert!(turns.take(Guest::Pinned).now_or_never().is_none(), "the next one waits");
            drop(own);
            assert!(turns.take(Guest::Pinned).now_or_never().is_some());
        };
        let begun = tokio::time::Instant::now();
        let (given_up, ()) = tokio::join!(waiting, meanwhile);
        assert!(given_up == WAITING_MAX && begun.elapsed() >= wait_max);
        drop(held);
        assert!(turns.take(Guest::Stranger).now_or_never().is_some(), "whoever gives up leaves its place");
    }
}
