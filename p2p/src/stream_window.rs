//! How much the other end of a service's stream may send: what has come and was not taken counts, and who takes more gets more.
//!
//! A window begins with room for the longest frame. Each time that as much as it holds was taken, it doubles, as long as the protocol has
//! room for all; when that room runs short, wide windows shrink as they are emptied. One that is never emptied stays wide, so what one
//! peer's windows may grow by is bounded, and what those of all strangers may. It must not know streams or clocks.
//!
//! Invariants: what is allowed, what is due to be allowed and what waits to be taken are together the window; all windows together
//! stay below the protocol's bound; strangers leave the pinned peers a quarter of the growth, and at least two peers' shares; no stranger
//! has more than half of the strangers' growth, nor has one address.

use std::collections::BTreeMap;

use types::PeerKey;

use crate::prefix::Prefix;
use crate::seats::{Guest, Sitter};
use crate::stream_table::StreamRow;

/// What windows may grow by, of one protocol.
#[derive(Debug)]
pub struct Growth {
    left: usize,
    /// Of this, for strangers.
    strangers_left: usize,
    /// What the windows of one peer may grow by: its part of all streams that there may be.
    each_max: usize,
    /// What the windows of strangers of one address may grow by.
    prefix_max: usize,
    /// Below this, wide windows shrink.
    short: usize,
    /// What they have grown by.
    peers: BTreeMap<PeerKey, usize>,
    /// Those of strangers who opened them.
    prefixes: BTreeMap<Prefix, usize>,
}

impl Growth {
    /// All of it is left.
    #[must_use]
    pub fn new(row: &StreamRow) -> Self {
        let left = row.growth_bytes_max();
        let each_max = left.saturating_mul(row.streams_per_peer_max).checked_div(row.streams_max).unwrap_or_default();
        let strangers_left = left.saturating_sub(each_max.saturating_mul(2).max(left / 4));
        let (peers, prefixes) = (BTreeMap::new(), BTreeMap::new());
        Self {
            left,
            strangers_left,
            each_max,
            prefix_max: strangers_left / 2,
            short: row.first_bytes(),
            peers,
            prefixes,
        }
    }

    /// What is left, in bytes.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.left
    }

    /// What is left for such peers.
    fn left_for(&self, guest: Guest) -> usize {
        match guest {
            Guest::Pinned => self.left,
            Guest::Stranger => self.left.min(self.strangers_left),
        }
    }

    /// Takes what the shares of the peer and its address still allow of it, if so much is left for all.
    fn take(&mut self, bytes: usize, sitter: Sitter) -> usize {
        let of_peer = self.peers.get(&sitter.peer).copied().unwrap_or_default();
        let mut bytes = bytes.min(self.each_max.saturating_sub(of_peer));
        let prefix = bounded_prefix(sitter);
        if let Some(prefix) = prefix {
            let of_prefix = self.prefixes.get(&prefix).copied().unwrap_or_default();
            bytes = bytes.min(self.prefix_max.saturating_sub(of_prefix));
        }
        if bytes == 0 || bytes > self.left_for(sitter.guest) {
            return 0;
        }
        self.left = self.left.saturating_sub(bytes);
        if sitter.guest == Guest::Stranger {
            self.strangers_left = self.strangers_left.saturating_sub(bytes);
        }
        raise(&mut self.peers, sitter.peer, bytes);
        if let Some(prefix) = prefix {
            raise(&mut self.prefixes, prefix, bytes);
        }
        bytes
    }

    fn give(&mut self, bytes: usize, sitter: Sitter) {
        self.left = self.left.saturating_add(bytes);
        if sitter.guest == Guest::Stranger {
            self.strangers_left = self.strangers_left.saturating_add(bytes);
        }
        lower(&mut self.peers, sitter.peer, bytes);
        if let Some(prefix) = bounded_prefix(sitter) {
            lower(&mut self.prefixes, prefix, bytes);
        }
    }
}

/// The address whose share a window grows from: that of a stranger who has opened the stream. To whom this node opens one, it chooses.
fn bounded_prefix(sitter: Sitter) -> Option<Prefix> {
    (sitter.guest == Guest::Stranger && sitter.prefix != Prefix::NOWHERE).then_some(sitter.prefix)
}

fn raise<K: Ord>(grown: &mut BTreeMap<K, usize>, key: K, bytes: usize) {
    let of_key = grown.entry(key).or_default();
    *of_key = of_key.saturating_add(bytes);
}

fn lower<K: Ord>(grown: &mut BTreeMap<K, usize>, key: K, bytes: usize) {
    if let Some(of_key) = grown.get_mut(&key) {
        *of_key = of_key.saturating_sub(bytes);
        if *of_key == 0 {
            grown.remove(&key);
        }
    }
}

/// One stream's window, in bytes with overheads.
#[derive(Debug)]
pub struct StreamWindow {
    sitter: Sitter,
    first: usize,
    max: usize,
    size: usize,
    /// The other end may still send so much.
    allowed: usize,
    /// It is to be allowed so much more.
    due: usize,
    /// Taken since the window was looked at last.
    taken: usize,
}

impl StreamWindow {
    /// Room for the longest frame, all of it due.
    #[must_use]
    pub const fn new(row: &StreamRow, sitter: Sitter) -> Self {
        let first = row.first_bytes();
        Self { sitter, first, max: row.stream_bytes_max, size: first, allowed: 0, due: first, taken: 0 }
    }

    /// What the other end may still send.
    #[must_use]
    pub const fn allowed(&self) -> usize {
        self.allowed
    }

    /// What the stream may hold.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// A frame has come. One beyond what is allowed counts as all of that: the decoder refuses it before.
    pub const fn came(&mut self, charge: usize) {
        self.allowed = self.allowed.saturating_sub(charge);
    }

    /// A frame was taken.
    pub fn took(&mut self, charge: usize, growth: &mut Growth) {
        self.due = self.due.saturating_add(charge);
        self.taken = self.taken.saturating_add(charge);
        if growth.left_for(self.sitter.guest) < growth.short && self.size > self.first {
            let less = charge.min(self.size.saturating_sub(self.first));
            self.size = self.size.saturating_sub(less);
            self.due = self.due.saturating_sub(less);
            growth.give(less, self.sitter);
        } else if self.taken >= self.size {
            self.taken = 0;
            let more = self.size.min(self.max.saturating_sub(self.size));
            let more = growth.take(more, self.sitter);
            self.size = self.size.saturating_add(more);
            self.due = self.due.saturating_add(more);
        }
    }

    /// What is worth allowing now: everything once nothing waits to be taken, before that no small change.
    #[must_use]
    pub fn worth_granting(&self) -> usize {
        let is_empty = self.allowed.saturating_add(self.due) >= self.size;
        if is_empty || self.due >= self.size / 4 { self.due } else { 0 }
    }

    /// Allows so much, or what is due if that is less; says how much it was.
    pub fn grant(&mut self, bytes: usize) -> usize {
        let bytes = bytes.min(self.due);
        self.due = self.due.saturating_sub(bytes);
        self.allowed = self.allowed.saturating_add(bytes);
        bytes
    }

    /// The stream has ended: gives back what the window grew by.
    pub fn end(&mut self, growth: &mut Growth) {
        growth.give(self.size.saturating_sub(self.first), self.sitter);
        self.size = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream_table::sample;

    /// Windows may grow by 35,600, those of one peer by a quarter of that.
    const ROW: StreamRow =
        StreamRow { streams_per_peer_max: 2, streams_max: 8, bytes_max: 16_000 + 35_600, ..sample::TIDES };

    /// Each peer has an address of its own.
    fn window(number: u8, guest: Guest) -> StreamWindow {
        window_at(number, number, guest)
    }

    fn window_at(number: u8, address: u8, guest: Guest) -> StreamWindow {
        let prefix = Prefix::of([8, 8, 8, address].into());
        StreamWindow::new(&ROW, Sitter { peer: PeerKey([number; 32]), prefix, guest })
    }

    /// Sends and takes `count` frames of the longest kind.
    fn pass(window: &mut StreamWindow, growth: &mut Growth, count: usize) {
        for _ in 0..count {
            window.grant(window.worth_granting());
            assert!(window.allowed() >= 1_000, "the longest frame always has room: {window:?}");
            window.came(1_000);
            window.took(1_000, growth);
        }
    }

    #[test]
    fn a_window_doubles_as_it_is_emptied_up_to_the_streams_bound_and_gives_back_what_it_took() {
        let (mut window, mut growth) = (window(1, Guest::Stranger), Growth::new(&ROW));
        assert_eq!((window.size(), growth.left()), (1_000, 35_600));
        let mut sizes = Vec::new();
        for _ in 0..40 {
            pass(&mut window, &mut growth, 1);
            sizes.push(window.size());
        }
        sizes.dedup();
        assert_eq!(sizes, [2_000, 4_000, 8_000]);
        assert_eq!(growth.left(), 28_600);
        window.end(&mut growth);
        assert!(growth.left() == 35_600 && growth.strangers_left == 17_800);
        assert!(growth.peers.is_empty() && growth.prefixes.is_empty());
    }

    #[test]
    fn where_room_runs_short_wide_windows_shrink_and_every_stream_keeps_its_longest_frame() {
        // Four peers' shares are all of it.
        let row = StreamRow { bytes_max: 16_000 + 6_900, ..ROW };
        let mut growth = Growth::new(&row);
        let mut windows = [1, 2, 3, 4].map(|number| window(number, Guest::Pinned));
        let (mut widest, mut shrank) = ([0; 4], false);
        for _ in 0..100 {
            for (window, widest) in windows.iter_mut().zip(&mut widest) {
                pass(window, &mut growth, 3);
                shrank |= window.size() < *widest;
                *widest = window.size().max(*widest);
            }
            let all: usize = windows.iter().map(StreamWindow::size).sum();
            assert!(all - 4_000 + growth.left() == 6_900 && windows.iter().all(|window| window.size() >= 1_000));
        }
        assert!(shrank && widest.iter().all(|widest| *widest > 1_000), "{widest:?}");
    }

    // FAULTS HB7: a window that is wide and never emptied again stays so, and leaves the others theirs.
    #[test]
    fn who_widens_its_windows_and_falls_silent_leaves_growth_for_others_and_all_strangers_leave_it_for_validators() {
        let mut growth = Growth::new(&ROW);
        let mut widen = |number, guest| {
            let mut window = window(number, guest);
            pass(&mut window, &mut growth, 40);
            window.grant(usize::MAX);
            window
        };
        let grown = |windows: &[StreamWindow]| windows.iter().map(|window| window.size() - 1_000).sum::<usize>();
        let mut silent: Vec<_> = (0..4).map(|_| widen(1, Guest::Stranger)).collect();
        assert!((7_000..=8_900).contains(&grown(&silent)), "its share: {}", grown(&silent));
        silent.push(widen(2, Guest::Stranger));
        assert_eq!(silent[4].size(), 8_000, "one's share is half of the strangers' at most");
        silent.extend((3..20).map(|number| widen(number, Guest::Stranger)));
        assert!(grown(&silent) <= 17_800, "all strangers leave two shares: {}", grown(&silent));
        for number in [20, 21] {
            assert_eq!(widen(number, Guest::Pinned).size(), 8_000, "so two validators have the widest");
        }
        // Another stranger keeps what it always has: `pass` looks at it.
        silent.push(widen(22, Guest::Stranger));
        silent.iter_mut().for_each(|window| window.end(&mut growth));
        assert_eq!(growth.strangers_left, 17_800);
    }

    // FAULTS HB7: identities cost nothing.
    #[test]
    fn strangers_of_one_address_leave_half_of_the_strangers_growth_to_others() {
        let mut growth = Growth::new(&ROW);
        let mut widen = |number, address| {
            let mut window = window_at(number, address, Guest::Stranger);
            pass(&mut window, &mut growth, 40);
            window
        };
        let crowd: Vec<_> = (1..10).map(|number| widen(number, 9)).collect();
        let grown: usize = crowd.iter().map(|window| window.size() - 1_000).sum();
        assert!((7_000..=8_900).contains(&grown), "{grown}");
        assert_eq!(widen(20, 20).size(), 8_000);
    }

    #[test]
    fn small_change_waits_while_frames_wait_and_never_when_none_does() {
        let (mut window, mut growth) = (window(1, Guest::Pinned), Growth::new(&ROW));
        assert_eq!(window.grant(1_000), 1_000);
        for _ in 0..3 {
            window.came(300);
        }
        window.took(100, &mut growth);
        assert_eq!(window.worth_granting(), 0, "frames wait, and a tenth is little");
        window.took(200, &mut growth);
        assert_eq!(window.worth_granting(), 300);
        window.took(600, &mut growth);
        assert_eq!(window.worth_granting(), 900, "nothing waits");
    }
}
