//! The wake queue: what modules asked to be woken for, in order of time, module and key.
//!
//! It must not know why a module wants to wake. Invariant: an entry is answered once, in the first block at or after its time that
//! has budget left; what is left over stays in order for the next block.

use types::{Weight, limits};

use crate::budget::Budget;
use crate::execute::Run;
use crate::keys;

/// What all wakes of a block may spend.
const WAKE_WEIGHT_MAX: Weight = Weight(1_000_000);
/// What any wake costs, whatever it does.
const WAKE_WEIGHT_MIN: Weight = Weight(500);
/// Once the block's receipt has so many events, the rest of the queue waits, so that no wake is lost for want of room.
const EVENTS_BEFORE_WAITING: usize = limits::EVENTS_PER_RECEIPT_MAX / 2;
/// Entries read at once.
const PAGE: usize = 64;

/// Answers all entries that are due, within the budget.
pub(crate) fn drain(run: &mut Run<'_, '_>) {
    let mut budget = Budget::new(WAKE_WEIGHT_MAX);
    let mut has_room = true;
    while has_room {
        let due = run.overlay.scan(&keys::wakes(), &[], PAGE);
        let mut answered: usize = 0;
        for (entry, _) in &due {
            let Some((time, module, key)) = keys::read_wake(entry) else { continue };
            let is_reportable = run.report.events.len() < EVENTS_BEFORE_WAITING;
            has_room = time <= run.block.time && is_reportable && budget.take(WAKE_WEIGHT_MIN);
            if !has_room {
                break;
            }
            run.overlay.write(entry, None);
            answered = answered.saturating_add(1);
            if let Some(handler) = run.module(module) {
                let spent: Weight = run.hook(module, |context| handler.wake(context, key));
                // Its work is done, so it counts even where it is more than was left; then nothing is left.
                has_room = budget.take(spent);
            }
            if !has_room {
                break;
            }
        }
        has_room = has_room && answered > 0;
    }
}
