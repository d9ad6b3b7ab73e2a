//! What is to be done about a batch that waits, by what the chain says: pure.
//!
//! It must not know files, nor how a transaction is sent.

use std::collections::BTreeSet;

use types::{Height, TimeMs};
use verifyid::{BatchAnswer, DeviceId, FIRST_VERIFIED_MAX};

use crate::ledger::record::{Acknowledged, ClosedBatch};

/// What the chain says that a batch depends on.
#[derive(Clone, Debug)]
pub(crate) struct SeenChain {
    /// The newest block's time.
    pub(crate) time: TimeMs,
    /// How long after its last verification a batch is taken.
    pub(crate) late_ms: u64,
    /// Whether the authority lists this account as a verifier.
    pub(crate) is_listed: bool,
    /// Whether the customer lets it count on its plan.
    pub(crate) is_allowed: bool,
    /// The number of the account's last batch.
    pub(crate) last: u64,
    /// What the chain has under the number with which the batch was tried last.
    pub(crate) tried: Option<BatchAnswer>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// It is on the chain already.
    IsAnchored { sequence: u64, height: Height },
    /// It comes too late for ever.
    IsLate,
    /// Somebody else anchors batches from this account.
    IsForeign { last: u64 },
    /// The chain does not take it now, for a reason of the customer or the authority.
    NotAllowed,
    /// The chain's time has not come to its last verification.
    IsAhead,
    /// It is to be sent with this number.
    Begin { sequence: u64 },
}

/// Decides; `known` is the account's last number that the ledger knows.
pub(crate) fn next_step(closed: &ClosedBatch, known: Option<u64>, seen: &SeenChain) -> NextStep {
    let is_same = |found: &&BatchAnswer| found.root == closed.root && found.customer == closed.customer;
    if let Some(found) = seen.tried.as_ref().filter(is_same) {
        return NextStep::IsAnchored { sequence: closed.tried, height: found.height };
    }
    if known.is_some_and(|known| seen.last > known) {
        return NextStep::IsForeign { last: seen.last };
    }
    if closed.last.saturating_add(seen.late_ms) < seen.time {
        return NextStep::IsLate;
    }
    if !seen.is_listed || !seen.is_allowed {
        return NextStep::NotAllowed;
    }
    if closed.last > seen.time {
        return NextStep::IsAhead;
    }
    NextStep::Begin { sequence: seen.last.saturating_add(1) }
}

/// From which leaf on a batch is better the next one: from the first of a device that a batch may list which begins there, and none that begins
/// with these leaves, or of one beyond those that one batch lists. `is_listable` says whether the chain would mark a device by a batch that begins at
/// that time.
pub(crate) fn begin_of_next(leaves: &[Acknowledged], is_listable: impl Fn(&DeviceId, TimeMs) -> bool) -> Option<usize> {
    let first = leaves.iter().map(|leaf| leaf.time).min()?;
    let (mut settled, mut listed) = (BTreeSet::new(), 0_usize);
    leaves.iter().position(|leaf| {
        if !leaf.is_ok() || settled.contains(&leaf.device) {
            return false;
        }
        if is_listable(&leaf.device, first) {
            settled.insert(leaf.device);
            listed = listed.saturating_add(1);
            return listed > FIRST_VERIFIED_MAX;
        }
        // One that no batch lists, whenever it begins, is done with; another may have changed between two of its leaves.
        if !is_listable(&leaf.device, TimeMs(u64::MAX)) {
            settled.insert(leaf.device);
            return false;
        }
        is_listable(&leaf.device, leaf.time)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use types::{Address, Hash32};

    use super::*;
    use crate::ledger::record::{LeafResult, Method};

    fn closed() -> ClosedBatch {
        let (first, last) = (TimeMs(900), TimeMs(1_000));
        let (customer, root) = (Address([1; 20]), Hash32([2; 32]));
        ClosedBatch { number: 4, customer, month: 0, leaves: 2, ok: 1, root, first, last, attempts: 1, tried: 7 }
    }

    fn seen() -> SeenChain {
        SeenChain { time: TimeMs(1_000), late_ms: 500, is_listed: true, is_allowed: true, last: 6, tried: None }
    }

    fn on_chain(root: u8) -> BatchAnswer {
        let ClosedBatch { customer, leaves, ok, first, last, .. } = closed();
        BatchAnswer { customer, leaves, ok, root: Hash32([root; 32]), first, last, height: Height(9) }
    }

    /// Leaves of devices at times, good unless the time is odd.
    fn leaves(of: &[(u16, u64)]) -> Vec<Acknowledged> {
        let leaf = |(device, time): &(u16, u64)| {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&device.to_be_bytes());
            Acknowledged {
                customer: Address([1; 20]),
                device: DeviceId(Hash32(id)),
                challenge: [0; 16],
                time: TimeMs(*time),
                result: if time % 2 == 0 { LeafResult::Ok } else { LeafResult::BadAnswer },
                method: Method::Signature,
                audience: Hash32([3; 32]),
                answer: Hash32([4; 32]),
            }
        };
        of.iter().map(leaf).collect()
    }

    /// Listable since a time, by the device's first bytes; others are verified already.
    fn since(pending: &[(u16, u64)]) -> impl Fn(&DeviceId, TimeMs) -> bool {
        let pending: BTreeMap<u16, u64> = pending.iter().copied().collect();
        move |device, begin| {
            let [high, low, ..] = device.0.0;
            pending.get(&u16::from_be_bytes([high, low])).is_some_and(|since| *since <= begin.0)
        }
    }

    // FAULTS VS10
    #[test]
    fn a_device_that_came_or_changed_within_a_batch_begins_the_next_one() {
        let batch = leaves(&[(1, 10), (2, 12), (1, 20), (2, 21), (2, 22)]);
        assert_eq!(begin_of_next(&batch, since(&[])), None, "all are verified");
        assert_eq!(begin_of_next(&batch, since(&[(1, 5), (2, 10)])), None);
        assert_eq!(begin_of_next(&batch, since(&[(1, 5), (2, 11)])), Some(1), "it came after the first");
        assert_eq!(begin_of_next(&batch, since(&[(1, 15)])), Some(2), "it got another key between its leaves");
        assert_eq!(begin_of_next(&batch, since(&[(2, 20)])), Some(4), "a wrong answer verifies nothing");
        assert_eq!(begin_of_next(&batch, since(&[(1, 30)])), None, "after all of them: it is in no batch of these");
        assert_eq!(begin_of_next(&[], since(&[])), None);
    }

    // FAULTS VS10
    #[test]
    fn of_more_new_devices_than_a_batch_lists_the_rest_is_in_the_next() {
        let most = u16::try_from(FIRST_VERIFIED_MAX).expect("small");
        let fleet = |count: u16| leaves(&(0..count).map(|device| (device, 10)).collect::<Vec<_>>());
        let pending: Vec<(u16, u64)> = (0..=most).map(|device| (device, 0)).collect();
        assert_eq!(begin_of_next(&fleet(most), since(&pending)), None);
        assert_eq!(begin_of_next(&fleet(most + 1), since(&pending)), Some(usize::from(most)));
    }

    #[test]
    fn a_batch_is_sent_with_the_next_number_when_its_time_has_come_and_until_it_is_late() {
        let step = |seen: SeenChain| next_step(&closed(), Some(6), &seen);
        assert_eq!(step(seen()), NextStep::Begin { sequence: 7 });
        assert_eq!(step(SeenChain { time: TimeMs(999), ..seen() }), NextStep::IsAhead);
        assert_eq!(step(SeenChain { time: TimeMs(1_500), ..seen() }), NextStep::Begin { sequence: 7 });
        assert_eq!(step(SeenChain { time: TimeMs(1_501), ..seen() }), NextStep::IsLate);
        assert_eq!(step(SeenChain { is_listed: false, ..seen() }), NextStep::NotAllowed);
        assert_eq!(step(SeenChain { is_allowed: false, ..seen() }), NextStep::NotAllowed);
    }

    #[test]
    fn what_is_on_the_chain_already_is_not_sent_again_and_a_strangers_batch_stops_everything() {
        let own = SeenChain { last: 7, tried: Some(on_chain(2)), ..seen() };
        let anchored = NextStep::IsAnchored { sequence: 7, height: Height(9) };
        assert_eq!(next_step(&closed(), Some(6), &own), anchored);
        let late = SeenChain { time: TimeMs(9_000), ..own };
        assert_eq!(next_step(&closed(), Some(6), &late), anchored, "however late it is seen");
        let foreign = SeenChain { last: 7, tried: Some(on_chain(3)), ..seen() };
        assert_eq!(next_step(&closed(), Some(6), &foreign), NextStep::IsForeign { last: 7 });
        assert_eq!(
            next_step(&closed(), None, &foreign),
            NextStep::Begin { sequence: 8 },
            "a new ledger believes the chain"
        );
    }
}
