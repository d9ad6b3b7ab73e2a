//! How much the other end of a service's stream may send: what has come and was not taken counts, and who takes more gets more.
//!
//! A window begins with room for the longest frame. Each time that as much as it holds was taken, it doubles, as long as the protocol has
//! room for all; when that room runs short, wide windows shrink as they are emptied. It must not know streams or clocks.
//!
//! Invariant: what is allowed, what is due to be allowed and what waits to be taken are together the window, and all windows together
//! stay below the protocol's bound.

use crate::stream_table::StreamRow;

/// What windows may grow by, of one protocol.
#[derive(Debug)]
pub struct Growth {
    left: usize,
    /// Below this, wide windows shrink.
    short: usize,
}

impl Growth {
    /// All of it is left.
    #[must_use]
    pub const fn new(row: &StreamRow) -> Self {
        Self { left: row.growth_bytes_max(), short: row.first_bytes() }
    }

    /// What is left, in bytes.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.left
    }

    fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    const fn give(&mut self, bytes: usize) {
        self.left = self.left.saturating_add(bytes);
    }
}

/// One stream's window, in bytes with overheads.
#[derive(Debug)]
pub struct StreamWindow {
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
    pub const fn new(row: &StreamRow) -> Self {
        let first = row.first_bytes();
        Self { first, max: row.stream_bytes_max, size: first, allowed: 0, due: first, taken: 0 }
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
        if growth.left < growth.short && self.size > self.first {
            let less = charge.min(self.size.saturating_sub(self.first));
            self.size = self.size.saturating_sub(less);
            self.due = self.due.saturating_sub(less);
            growth.give(less);
        } else if self.taken >= self.size {
            self.taken = 0;
            let more = self.size.min(self.max.saturating_sub(self.size));
            if more > 0 && growth.take(more) {
                self.size = self.size.saturating_add(more);
                self.due = self.due.saturating_add(more);
            }
        }
    }

    /// What is worth allowing now: everything once nothing waits to be taken, before that no small change.
    #[must_use]
    pub fn worth_granting(&self) -> usize {
        let is_empty = self.allowed.saturating_add(self.due) >= self.size;
        if is_empty || self.due >= self.size / 4 { self.due } else { 0 }
    }

    /// So much was allowed.
    pub fn granted(&mut self, bytes: usize) {
        let bytes = bytes.min(self.due);
        self.due = self.due.saturating_sub(bytes);
        self.allowed = self.allowed.saturating_add(bytes);
    }

    /// The stream has ended: gives back what the window grew by.
    pub fn end(&mut self, growth: &mut Growth) {
        growth.give(self.size.saturating_sub(self.first));
        self.size = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: StreamRow = StreamRow {
        name: "tides",
        streams_per_peer_max: 2,
        streams_max: 2,
        frame_bytes_max: 1_000 - 256,
        stream_bytes_max: 8_000,
        bytes_max: 4_000 + 8_900,
        bytes_per_second: 1 << 20,
    };

    /// Sends and takes `count` frames of the longest kind.
    fn pass(window: &mut StreamWindow, growth: &mut Growth, count: usize) {
        for _ in 0..count {
            window.granted(window.worth_granting());
            assert!(window.allowed() >= 1_000, "the longest frame always has room: {window:?}");
            window.came(1_000);
            window.took(1_000, growth);
        }
    }

    #[test]
    fn a_window_doubles_as_it_is_emptied_up_to_the_streams_bound_and_gives_back_what_it_took() {
        let (mut window, mut growth) = (StreamWindow::new(&ROW), Growth::new(&ROW));
        assert_eq!((window.size(), growth.left()), (1_000, 8_900));
        let mut sizes = Vec::new();
        for _ in 0..40 {
            pass(&mut window, &mut growth, 1);
            sizes.push(window.size());
        }
        sizes.dedup();
        assert_eq!(sizes, [2_000, 4_000, 8_000]);
        assert_eq!(growth.left(), 1_900);
        window.end(&mut growth);
        assert_eq!(growth.left(), 8_900);
    }

    #[test]
    fn where_room_runs_short_wide_windows_shrink_and_every_stream_keeps_its_longest_frame() {
        // Two windows of 4,000 leave less than one longest frame of it.
        let row = StreamRow { bytes_max: 4_000 + 6_900, ..ROW };
        let mut growth = Growth::new(&row);
        let mut windows = [StreamWindow::new(&row), StreamWindow::new(&row)];
        let (mut widest, mut shrank) = ([0; 2], false);
        for _ in 0..100 {
            for (window, widest) in windows.iter_mut().zip(&mut widest) {
                pass(window, &mut growth, 3);
                shrank |= window.size() < *widest;
                *widest = window.size().max(*widest);
            }
            let all: usize = windows.iter().map(StreamWindow::size).sum();
            assert!(all - 2_000 + growth.left() == 6_900 && windows.iter().all(|window| window.size() >= 1_000));
        }
        assert!(shrank && widest.iter().all(|widest| *widest > 1_000), "{widest:?}");
    }

    #[test]
    fn small_change_waits_while_frames_wait_and_never_when_none_does() {
        let (mut window, mut growth) = (StreamWindow::new(&ROW), Growth::new(&ROW));
        window.granted(1_000);
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
