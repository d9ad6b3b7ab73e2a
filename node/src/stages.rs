//! Where the time goes: how often each stage of a block's way ran, for how long, and how much of a core that took.
//!
//! It must not know what a stage does. Wall time that is far above CPU time means waiting: for the disk, or for a core.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use rustix::time::{ClockId, clock_gettime};

/// A stage of the way of transactions, blocks and votes through this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Transactions of clients: decoding is not counted, signatures are.
    Submission,
    /// Transactions of peers, signatures included.
    Gossip,
    /// The replica's decisions, all steps of one round.
    Step,
    /// Writing and syncing the consensus log, and what leaves after it.
    Settle,
    /// Signing a vote.
    Sign,
    /// Checking votes and certificates.
    Verify,
    /// Making a block.
    Build,
    /// Checking that a body belongs to its header.
    CheckBody,
    /// Judging a block.
    Validate,
    /// Executing a block and hashing the state after it.
    Execute,
    /// Proving and executing a range of old blocks.
    Replay,
    /// Writing a final block to the store.
    Commit,
    /// Syncing the store.
    StoreSync,
}

impl Stage {
    const ALL: [(Self, &'static str); 13] = [
        (Self::Submission, "submission"),
        (Self::Gossip, "gossip"),
        (Self::Step, "step"),
        (Self::Settle, "settle"),
        (Self::Sign, "sign"),
        (Self::Verify, "verify"),
        (Self::Build, "build"),
        (Self::CheckBody, "check_body"),
        (Self::Validate, "validate"),
        (Self::Execute, "execute"),
        (Self::Replay, "replay"),
        (Self::Commit, "commit"),
        (Self::StoreSync, "store_sync"),
    ];
}

#[derive(Debug, Default)]
struct Sums {
    runs: AtomicU64,
    wall_ns: AtomicU64,
    cpu_ns: AtomicU64,
}

/// The sums of every stage since the start.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    sums: [Sums; Stage::ALL.len()],
}

impl Stages {
    /// Does some work as part of a stage.
    pub(crate) fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let (wall, cpu) = (Instant::now(), thread_cpu());
        let done = work();
        let sums = &self.sums[stage as usize];
        sums.runs.fetch_add(1, Ordering::Relaxed);
        sums.wall_ns.fetch_add(nanoseconds(wall.elapsed()), Ordering::Relaxed);
        sums.cpu_ns.fetch_add(nanoseconds(thread_cpu().saturating_sub(cpu)), Ordering::Relaxed);
        done
    }
}

/// CPU time of the calling thread.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Name, help, and what of a stage's sums it shows.
type Family<'a> = (&'a str, &'a str, &'a dyn Fn(&Sums) -> f64);

/// The sums as metrics with a label `stage`.
#[derive(Clone, Debug)]
pub(crate) struct StageCollector(pub(crate) std::sync::Arc<Stages>);

impl Collector for StageCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let seconds = |ns: &AtomicU64| Duration::from_nanos(ns.load(Ordering::Relaxed)).as_secs_f64();
        let families: [Family<'_>; 3] = [
            ("thronos_stage_runs", "How often a stage ran.", &|sums| sums.runs.load(Ordering::Relaxed) as f64),
            ("thronos_stage_seconds", "Time spent in a stage.", &|sums| seconds(&sums.wall_ns)),
            ("thronos_stage_cpu_seconds", "CPU time spent in a stage.", &|sums| seconds(&sums.cpu_ns)),
        ];
        for (name, help, value) in families {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (stage, label) in Stage::ALL {
                let counter = ConstCounter::new(value(self.sums_of(stage)));
                counter.encode(family.encode_family(&[("stage", label)])?)?;
            }
        }
        Ok(())
    }
}

impl StageCollector {
    fn sums_of(&self, stage: Stage) -> &Sums {
        &self.0.sums[stage as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_listed_in_the_order_of_their_numbers() {
        for (place, (stage, _)) in Stage::ALL.iter().enumerate() {
            assert_eq!(*stage as usize, place);
        }
    }

    #[test]
    fn every_stage_shows_its_runs_and_its_time() {
        let stages = std::sync::Arc::new(Stages::default());
        assert_eq!(stages.time(Stage::Sign, || 7), 7);
        stages.time(Stage::Sign, || std::hint::black_box((0..100_000_u64).sum::<u64>()));
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register_collector(Box::new(StageCollector(stages)));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("memory does not fail");
        assert!(text.contains("thronos_stage_runs_total{stage=\"sign\"} 2"), "{text}");
        assert!(text.contains("thronos_stage_cpu_seconds_total{stage=\"store_sync\"} 0"), "{text}");
        assert!(!text.contains("thronos_stage_seconds_total{stage=\"sign\"} 0.0\n"), "{text}");
    }
}
