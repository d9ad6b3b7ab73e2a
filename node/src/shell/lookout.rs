//! Looks once a second how the node is, and tells the log what has gone wrong and what is well again.
//!
//! A task of its own, so that it sees a consensus thread that stands still. It must not reckon: it says what
//! [`Port::condition`] says.

use std::collections::BTreeSet;
use std::time::Duration;

use p2p::Reminder;

use super::condition::Condition;
use super::port::Port;

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(1);
/// A node that has just begun knows nobody yet: that is worth a word only if it stays so.
const BEGINNING_MS: u64 = 5_000;
const OF_THE_BEGINNING: [&str; 3] = ["no_peer", "cut", "beginning"];

/// Looks until the node is told to stop.
pub(crate) async fn watch(port: Port) {
    let mut ticks = tokio::time::interval(PAUSE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut log = Log::default();
    let mut began_ms = None;
    while !port.is_stopping() {
        ticks.tick().await;
        port.room.look();
        let now_ms = port.clock.now().monotonic_ms;
        began_ms.get_or_insert(now_ms);
        let is_beginning = began_ms.is_some_and(|began_ms| now_ms.saturating_sub(began_ms) < BEGINNING_MS);
        let mut condition = port.condition();
        condition.troubles.retain(|trouble| !is_beginning || !OF_THE_BEGINNING.contains(&trouble.name));
        log.tell(&condition, now_ms);
    }
}

/// What the log was told.
#[derive(Debug, Default)]
struct Log {
    reminder: Reminder,
    troubles: BTreeSet<&'static str>,
}

impl Log {
    /// Tells a trouble when it begins and every minute while it lasts, and that it is over. Says what was told.
    fn tell(&mut self, condition: &Condition, now_ms: u64) -> Vec<String> {
        let mut told = Vec::new();
        for trouble in &condition.troubles {
            self.troubles.insert(trouble.name);
            if self.reminder.about(trouble.name, now_ms).is_some() {
                tracing::warn!(trouble = trouble.name, not_ready = trouble.forbids_ready, "{}", trouble.sentence);
                told.push(trouble.sentence.clone());
            }
        }
        let is_there = |name: &&'static str| condition.troubles.iter().any(|trouble| trouble.name == *name);
        for name in self.troubles.iter().copied().filter(|name| !is_there(name)).collect::<Vec<_>>() {
            self.troubles.remove(name);
            self.reminder.is_over(name);
            tracing::info!(trouble = name, "over");
            told.push(format!("{name} is over"));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::super::condition::Told;
    use super::*;

    fn condition(names: &[&'static str]) -> Condition {
        let told = |name: &&'static str| Told { name, sentence: (*name).to_owned(), forbids_ready: true };
        Condition {
            votes_as: None,
            sentence: String::new(),
            final_age_ms: 0,
            troubles: names.iter().map(told).collect(),
        }
    }

    // FAULTS HT3
    #[test]
    fn a_trouble_is_told_when_it_begins_every_minute_and_when_it_is_over() {
        let mut log = Log::default();
        assert_eq!(log.tell(&condition(&["no_final"]), 0), ["no_final"]);
        assert!(log.tell(&condition(&["no_final"]), 59_999).is_empty());
        assert_eq!(log.tell(&condition(&["cut", "no_final"]), 60_000), ["cut", "no_final"]);
        assert_eq!(log.tell(&condition(&["cut"]), 61_000), ["no_final is over"]);
        assert_eq!(log.tell(&condition(&["cut", "no_final"]), 62_000), ["no_final"], "it began anew");
        assert_eq!(log.tell(&condition(&[]), 63_000), ["cut is over", "no_final is over"]);
    }
}
