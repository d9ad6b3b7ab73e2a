//! Challenges that were answered, so that none is answered twice.
//!
//! They lie in slots by the machine's clock at their issue, which no setting of the wall's clock moves: a slot goes as a whole, at the earliest 60 s
//! after its last challenge is dead. It must not know files. Invariants: an id enters once; there are never more than the bounds; what is
//! dropped can never be good again.

use std::collections::{BTreeMap, HashMap};

use super::token::{CHALLENGE_MS, Origin};

/// Most ids.
pub(crate) const USED_MAX: usize = 500_000;
/// Most of them from challenges that anybody asked for.
pub(crate) const USED_BY_ANYBODY_MAX: usize = 250_000;
/// How long an id is kept after its challenge is dead.
const KEPT_MS: u64 = 60_000;
/// The width of a slot.
const SLOT_MS: u64 = 10_000;

/// A challenge that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UsedId {
    pub(crate) id: [u8; 16],
    pub(crate) slot: Slot,
    pub(crate) origin: Origin,
}

/// Ten seconds of the machine's clock, in which challenges were issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) u64);

impl Slot {
    /// The slot of this instant.
    pub(crate) const fn of(boot_ms: u64) -> Self {
        Self(boot_ms / SLOT_MS)
    }

    /// When it is dropped.
    const fn end_ms(self) -> u64 {
        self.0.saturating_add(1).saturating_mul(SLOT_MS).saturating_add(CHALLENGE_MS + KEPT_MS)
    }
}

/// Why an id does not enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It is there.
    Used,
    /// There is no room.
    Full,
}

/// The set, of one start of the machine.
#[derive(Debug, Default)]
pub(crate) struct UsedSet {
    slots: BTreeMap<Slot, HashMap<[u8; 16], Origin>>,
    total: usize,
    by_anybody: usize,
}

impl UsedSet {
    /// Whether it is there.
    pub(crate) fn has(&self, id: &[u8; 16], slot: Slot) -> bool {
        self.slots.get(&slot).is_some_and(|slot| slot.contains_key(id))
    }

    /// Takes an id that is not there, if there is room.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(crate) fn take(&mut self, used: UsedId, boot_ms: u64) -> Result<(), NotTaken> {
        self.drop_dead(boot_ms);
        if self.has(&used.id, used.slot) {
            return Err(NotTaken::Used);
        }
        let is_full_for_anybody = used.origin == Origin::Anybody && self.by_anybody >= USED_BY_ANYBODY_MAX;
        if self.total >= USED_MAX || is_full_for_anybody {
            return Err(NotTaken::Full);
        }
        self.add(used);
        Ok(())
    }

    /// Takes an id that was taken before a restart, once, whether or not there is room.
    pub(crate) fn restore(&mut self, used: UsedId) {
        if !self.has(&used.id, used.slot) {
            self.add(used);
        }
    }

    /// Lets slots go whose challenges are dead for long.
    pub(crate) fn drop_dead(&mut self, boot_ms: u64) {
        while let Some(first) = self.slots.first_entry().filter(|first| first.key().end_ms() <= boot_ms) {
            let gone = first.remove();
            self.total -= gone.len();
            self.by_anybody -= gone.values().filter(|origin| **origin == Origin::Anybody).count();
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = UsedId> {
        let of = |(slot, ids): (&Slot, &HashMap<[u8; 16], Origin>)| {
            let slot = *slot;
            ids.iter().map(move |(id, origin)| UsedId { id: *id, slot, origin: *origin }).collect::<Vec<_>>()
        };
        self.slots.iter().flat_map(of)
    }

    /// How many.
    pub(crate) const fn len(&self) -> usize {
        self.total
    }

    fn add(&mut self, used: UsedId) {
        self.slots.entry(used.slot).or_default().insert(used.id, used.origin);
        self.total += 1;
        self.by_anybody += usize::from(used.origin == Origin::Anybody);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: usize) -> [u8; 16] {
        (number as u128).to_le_bytes()
    }

    fn used(number: usize, boot_ms: u64, origin: Origin) -> UsedId {
        UsedId { id: id(number), slot: Slot::of(boot_ms), origin }
    }

    // FAULTS VS6
    #[test]
    fn whom_nobody_knows_fills_half_of_the_room_and_a_customer_still_has_the_other() {
        let mut set = UsedSet::default();
        for number in 0..USED_BY_ANYBODY_MAX {
            assert_eq!(set.take(used(number, 0, Origin::Anybody), 0), Ok(()));
        }
        assert_eq!(set.take(used(USED_MAX, 0, Origin::Anybody), 0), Err(NotTaken::Full));
        assert_eq!(set.take(used(0, 0, Origin::Anybody), 0), Err(NotTaken::Used), "it is known however full it is");
        for number in USED_BY_ANYBODY_MAX..USED_MAX {
            assert_eq!(set.take(used(number, 0, Origin::Customer), 0), Ok(()));
        }
        assert_eq!(set.take(used(USED_MAX, 0, Origin::Customer), 0), Err(NotTaken::Full));
        assert_eq!(set.len(), USED_MAX);
        let end_ms = Slot::of(0).end_ms();
        assert_eq!(set.take(used(USED_MAX, 0, Origin::Customer), end_ms - 1), Err(NotTaken::Full));
        assert_eq!(set.take(used(USED_MAX, end_ms, Origin::Anybody), end_ms), Ok(()));
        assert_eq!((set.len(), set.by_anybody), (1, 1));
    }

    #[test]
    fn an_id_is_kept_for_60_seconds_after_its_challenge_is_dead() {
        for issued_ms in [0, 9_999, 10_000, 123_456] {
            let end_ms = Slot::of(issued_ms).end_ms();
            assert!((360_000..=370_000).contains(&(end_ms - issued_ms)), "{issued_ms}");
        }
    }

    proptest! {
        // FAULTS VS6
        #[test]
        fn the_set_is_as_a_plain_map(deeds in prop::collection::vec((0_usize..30, 0_u64..300_000, 0_u64..40_000, any::<bool>()), 1..200)) {
            let (mut set, mut map) = (UsedSet::default(), BTreeMap::new());
            let mut now_ms = 1_000_000;
            for (number, age_ms, step_ms, is_anybody) in deeds {
                now_ms += step_ms;
                // One id has one time of issue, as one token has.
                let issued_ms = (now_ms - age_ms) / 40_000 * 40_000;
                let number = number + usize::try_from(issued_ms).expect("small") * 100;
                let origin = if is_anybody { Origin::Anybody } else { Origin::Customer };
                map.retain(|_, (slot, _): &mut (Slot, Origin)| slot.end_ms() > now_ms);
                let one = used(number, issued_ms, origin);
                let expected = if map.contains_key(&one.id) { Err(NotTaken::Used) } else { Ok(()) };
                map.entry(one.id).or_insert((one.slot, origin));
                prop_assert_eq!(set.take(one, now_ms), expected);
                let mut all: Vec<UsedId> = set.all().collect();
                let mut plain: Vec<UsedId> = map.iter().map(|(id, (slot, origin))| UsedId { id: *id, slot: *slot, origin: *origin }).collect();
                all.sort_unstable();
                plain.sort_unstable();
                prop_assert_eq!(&all, &plain);
                let by_anybody = plain.iter().filter(|used| used.origin == Origin::Anybody).count();
                prop_assert_eq!((set.len(), set.by_anybody), (plain.len(), by_anybody));
            }
        }
    }
}
