//! What the operator hears of the port for miners.
//!
//! What miners can bring about is said once a minute, with the number of times it was not.

use std::sync::{Mutex, PoisonError};

use p2p::Reminder;
use stratum::{CloseReason, Event};

use crate::unix_ms;

/// Tells events.
pub(crate) fn teller() -> impl Fn(&Event) + Send + Sync {
    let reminder = Mutex::new(Reminder::default());
    move |event| tell(event, &reminder)
}

/// Names of workers were made printable when they were read.
fn tell(event: &Event, reminder: &Mutex<Reminder>) {
    let is_due = |what| reminder.lock().unwrap_or_else(PoisonError::into_inner).about(what, unix_ms());
    match event {
        Event::Authorized { worker, ip } => {
            tracing::debug!(worker = %worker.name, address = ?worker.address, %ip, "a worker may mine");
        }
        Event::Banned { worker, ip, reason } => {
            let worker = worker.as_ref().map(|worker| worker.name.to_string());
            let reason = CloseReason::name(*reason);
            match is_due(reason) {
                Some(withheld) => {
                    tracing::warn!(worker, %ip, reason, withheld, "a worker is sent away for five minutes")
                }
                None => tracing::debug!(worker, %ip, reason, "a worker is sent away for five minutes"),
            }
        }
        Event::Receipts(closed) => {
            let (work_height, root) = (closed.work_height, closed.receipts.root());
            tracing::debug!(work_height, %root, "the receipts of a work are fixed");
        }
        Event::ReceiptsLost { work_height, error } => match is_due("receipts") {
            Some(withheld) => {
                tracing::error!(
                    work_height,
                    error,
                    withheld,
                    "the receipts of a work cannot be kept: only their root is"
                )
            }
            None => tracing::debug!(work_height, error, "the receipts of a work cannot be kept: only their root is"),
        },
        Event::ReceiptsDamaged { work_height, kept } => {
            tracing::error!(
                work_height,
                kept,
                "the receipts of a work were damaged and set aside: none of them can be proven"
            );
        }
        Event::OldTemplate { work_height } => tracing::debug!(work_height, "a template came late"),
        Event::LedgerDamaged { error, kept } => {
            let kept = kept.join(", ");
            tracing::error!(%error, kept, "mining goes on with what is whole; what a pool owed by the rest stands in the files that were kept");
        }
        Event::Refused(error) => tracing::warn!(%error, "an entry does not fit the book of shares"),
    }
}
