//! Reading the store in turn, on threads that may wait.
//!
//! It must not know what is read. Whose asker goes before its turn is not begun.

use std::sync::{Arc, Weak};

use tokio::sync::Semaphore;

use super::ApiError;
use crate::chain::Unavailable;

/// Turns of those who read the store. Few read at once: a full block takes some 40 MiB before its answer is measured.
#[derive(Clone, Debug)]
pub struct Reads(Arc<Semaphore>);

impl Reads {
    /// So many may read at once.
    #[must_use]
    pub fn new(turns: usize) -> Self {
        Self(Arc::new(Semaphore::new(turns)))
    }

    /// Works on another thread when its turn has come, so that no other request waits for it.
    ///
    /// # Errors
    /// What the work says, or [`Unavailable::Stopping`] when it panicked: the store panics when it cannot be read, and the node's
    /// own threads meet the same and stop it.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.read_for(move |_| work()).await
    }

    /// The same for work of many steps, which ends when its asker has gone.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_for<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Asker) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let here = Arc::new(());
        let asker = Asker(Arc::downgrade(&here));
        match in_turn(self.0.clone(), move || work(&asker)).await {
            Some(result) => result,
            None => Err(Unavailable::Stopping.into()),
        }
    }
}

/// Whoever has asked, as the work for it sees it.
#[derive(Debug)]
pub struct Asker(Weak<()>);

impl Asker {
    /// Long work looks at it between its steps.
    ///
    /// # Errors
    /// Nobody waits for the answer any more, so nobody reads this error.
    pub fn is_here(&self) -> Result<(), ApiError> {
        if self.0.strong_count() > 0 { Ok(()) } else { Err(Unavailable::Stopping.into()) }
    }
}

/// Works on another thread when its turn has come; nothing if that panicked.
async fn in_turn<T: Send + 'static>(turns: Arc<Semaphore>, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    // Nobody closes it.
    let turn = turns.acquire_owned().await.ok()?;
    // The turn ends with the work, also when nobody waits for it any more.
    let done = tokio::task::spawn_blocking(move || (work(), turn)).await;
    done.ok().map(|(result, _turn)| result)
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RD3
    #[tokio::test]
    async fn work_whose_asker_has_gone_is_not_begun_and_ends_between_its_steps() {
        let turns = Arc::new(Semaphore::new(1));
        let turn = turns.clone().acquire_owned().await.expect("it is open");
        let (begin, begun) = std::sync::mpsc::channel::<()>();
        let waits = tokio::spawn(in_turn(turns.clone(), move || begin.send(())));
        tokio::task::yield_now().await;
        waits.abort();
        assert!(waits.await.is_err());
        drop(turn);
        assert_eq!(in_turn(turns, || 7).await, Some(7));
        assert!(begun.recv().is_err(), "it was dropped without a word");

        let here = Arc::new(());
        let asker = Asker(Arc::downgrade(&here));
        assert!(asker.is_here().is_ok());
        drop(here);
        assert!(asker.is_here().is_err());
    }

    // FAULTS HB7
    #[tokio::test]
    async fn who_reads_the_store_has_its_turn_until_it_has_read_though_nobody_waits_for_it() {
        let turns = Arc::new(Semaphore::new(1));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let first = tokio::spawn(in_turn(turns.clone(), move || begin.send(()).is_ok() && held.recv().is_ok()));
        begun.await.expect("it has begun");
        first.abort();
        assert!(first.await.is_err(), "nobody waits for it");
        assert_eq!(turns.available_permits(), 0);
        release.send(()).expect("it waits");
        assert_eq!(in_turn(turns, || 7).await, Some(7));
    }
}
