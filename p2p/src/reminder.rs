//! Says the same thing at most once in a while, and how often it would have been said meanwhile.
//!
//! Whoever can make a node write a line can fill its disk. It must not know what is said nor a clock.

use std::collections::BTreeMap;

/// Time between two lines about one thing.
const PAUSE_MS: u64 = 60_000;

/// What was said when. The things are the caller's fixed list of words, so it is bounded by that.
#[derive(Debug, Default)]
pub struct Reminder {
    said: BTreeMap<&'static str, (u64, u64)>,
}

impl Reminder {
    /// Whether it is time to say it: then how often it was held back since the last time.
    pub fn about(&mut self, what: &'static str, now_ms: u64) -> Option<u64> {
        match self.said.get_mut(what) {
            Some((said_ms, held_back)) if now_ms < said_ms.saturating_add(PAUSE_MS) => {
                *held_back = held_back.saturating_add(1);
                None
            }
            Some(said) => Some(std::mem::replace(said, (now_ms, 0)).1),
            None => {
                self.said.insert(what, (now_ms, 0));
                Some(0)
            }
        }
    }

    /// What was said is over: the next time it is said at once.
    pub fn is_over(&mut self, what: &'static str) {
        self.said.remove(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HC7
    #[test]
    fn a_thing_is_said_once_a_minute_with_the_number_of_times_it_was_not() {
        let mut reminder = Reminder::default();
        let said: Vec<_> = (0..130_000).filter_map(|now_ms| reminder.about("full", now_ms)).collect();
        assert_eq!(said, [0, 59_999, 59_999]);
        assert_eq!(reminder.about("other", 130_000), Some(0));
        reminder.is_over("other");
        assert_eq!(reminder.about("other", 130_001), Some(0), "it began anew");
    }
}
