//! The wish to stop: Ctrl-C or SIGTERM, noticed by whoever waits.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Outcome};

/// Shared by everything that waits.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    wished: Arc<(Mutex<bool>, Condvar)>,
}

impl Stop {
    /// A wish that follows SIGINT and SIGTERM, which then no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system gives no handler.
    pub fn on_signals() -> Outcome<Self> {
        let stop = Self::default();
        let told = stop.clone();
        let failed = |error: std::io::Error| Failure::new(format!("cannot watch for signals: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
        let (mut interrupted, mut terminated) = {
            let _inside = runtime.enter();
            (signal(SignalKind::interrupt()).map_err(failed)?, signal(SignalKind::terminate()).map_err(failed)?)
        };
        let watch = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupted.recv() => {}
                    _ = terminated.recv() => {}
                }
            });
            told.wish();
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(watch).map_err(failed)?;
        Ok(stop)
    }

    /// Wishes to stop.
    pub fn wish(&self) {
        *self.wished.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wished.1.notify_all();
    }

    /// Whether somebody wishes to stop.
    #[must_use]
    pub fn is_wished(&self) -> bool {
        *self.wished.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the time is over; ends early with the wish.
    ///
    /// # Errors
    /// [`Failure::Stopped`].
    pub fn pause(&self, time: Duration) -> Outcome<()> {
        let end = Instant::now() + time;
        let mut wished = self.wished.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*wished {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            wished = self.wished.1.wait_timeout(wished, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Err(Failure::Stopped)
    }
}
