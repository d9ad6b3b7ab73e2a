//! When an attack has succeeded: the same rules for all.
//!
//! What noise of a busy machine may explain is a doubt, to be tried again; everything else is a violation at once.

use super::attempt::Seen;
use super::figures::Finality;

/// Finality's p99 may grow by this factor.
const P99_FACTOR: f64 = 2.0;
/// And by this much in any case: a machine that many share hiccups by as much, and one failed view costs about as much.
const P99_FLOOR_MS: f64 = 80.0;
/// With few windows there is no median that a hiccup does not move.
const P99_FLOOR_OF_FEW_MS: f64 = 400.0;
const FEW: usize = 3;
/// A node's memory may grow by this much.
const MEMORY_GROWTH_MAX: u64 = 64 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;
/// Sentences of one kind that are told.
const TOLD_MAX: usize = 5;

/// What is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Not to be explained by noise.
    pub(super) violations: Vec<String>,
    /// Perhaps noise.
    pub(super) doubts: Vec<String>,
}

/// Judges a trial. `calm_p99_ms` is what the run has seen without attacks so far.
pub(super) fn judge(seen: &Seen, calm_p99_ms: f64) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.violations.extend(seen.dead.iter().cloned());
    verdict.violations.extend(few(&seen.said.panics, "panic"));
    verdict.violations.extend(few(&seen.said.against_honest, "an honest node is punished"));
    let (split, late): (Vec<_>, Vec<_>) =
        seen.disagreements.iter().cloned().partition(|wrong| wrong.starts_with("agreement"));
    verdict.violations.extend(split);
    verdict.doubts.extend(late);
    verdict.doubts.extend(seen.wrongs.iter().cloned());
    verdict.doubts.extend(slower(&seen.before, &seen.during, calm_p99_ms));
    for memory in seen.memory.iter().filter(|memory| memory.grown() > MEMORY_GROWTH_MAX) {
        let (node, grown) = (memory.node, memory.grown() / MIB);
        verdict.doubts.push(format!("the memory of node {node} grew by {grown} MiB, to {} MiB", memory.peak / MIB));
    }
    verdict
}

fn few(sentences: &[String], what: &str) -> Vec<String> {
    let more = sentences.len().saturating_sub(TOLD_MAX);
    let mut told: Vec<String> = sentences.iter().take(TOLD_MAX).map(|sentence| format!("{what}: {sentence}")).collect();
    if let Some(last) = told.last_mut().filter(|_| more > 0) {
        last.push_str(&format!(" (and {more} more)"));
    }
    told
}

fn slower(before: &Finality, during: &Finality, calm_p99_ms: f64) -> Option<String> {
    if during.transfers == 0 {
        return Some("no transfer was sent during the attack".to_owned());
    }
    let base = before.p99_window_median_ms.max(calm_p99_ms);
    let now = during.p99_window_median_ms;
    let floor = if during.windows < FEW { P99_FLOOR_OF_FEW_MS } else { P99_FLOOR_MS };
    let is_slow = now > base * P99_FACTOR && now > base + floor;
    is_slow.then(|| format!("finality's p99 went from {base:.1} ms to {now:.1} ms (medians over windows of a second)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::witness::Memory;

    fn seen(before_ms: f64, during_ms: f64) -> Seen {
        let figures =
            |p99: f64| Finality { transfers: 50, windows: 5, p99_window_median_ms: p99, ..Finality::default() };
        Seen { before: figures(before_ms), during: figures(during_ms), ..Seen::default() }
    }

    #[test]
    fn twice_as_slow_is_a_doubt_above_the_floor_and_against_the_calm_of_the_whole_run() {
        assert_eq!(judge(&seen(40.0, 115.0), 0.0), Verdict::default(), "the floor");
        assert_eq!(judge(&seen(40.0, 125.0), 0.0).doubts.len(), 1);
        assert_eq!(judge(&seen(40.0, 300.0), 160.0), Verdict::default(), "a lucky moment before");
        assert_eq!(judge(&seen(400.0, 790.0), 0.0), Verdict::default(), "not twice");
        assert_eq!(judge(&Seen::default(), 0.0).doubts.len(), 1, "nothing was sent");
        let mut short = seen(40.0, 430.0);
        short.during.windows = 2;
        assert_eq!(judge(&short, 0.0), Verdict::default(), "two windows are too few to tell a hiccup");
    }

    #[test]
    fn memory_above_its_bound_is_a_doubt_and_a_death_a_violation() {
        let mut found = seen(40.0, 40.0);
        let memory = |peak: u64| Memory { node: 1, before: 50 * MIB, peak: peak * MIB, after: 60 * MIB };
        found.memory = vec![memory(114)];
        assert_eq!(judge(&found, 0.0), Verdict::default());
        found.memory = vec![memory(115)];
        found.dead = vec!["node 2 has ended".to_owned()];
        found.disagreements = vec!["agreement: two blocks".to_owned(), "node 3 stands".to_owned()];
        let verdict = judge(&found, 0.0);
        assert_eq!((verdict.violations.len(), verdict.doubts.len()), (2, 2), "{verdict:?}");
    }

    #[test]
    fn a_thousand_lines_against_honest_nodes_are_told_in_five() {
        let mut found = seen(40.0, 40.0);
        found.said.against_honest = vec!["node-0: blocked".to_owned(); 1_000];
        let told = judge(&found, 0.0).violations;
        assert_eq!(told.len(), TOLD_MAX);
        assert!(told[4].ends_with("(and 995 more)"), "{}", told[4]);
    }
}
