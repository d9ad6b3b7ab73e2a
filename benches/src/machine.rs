//! The machine that the figures belong to, and whether others used it meanwhile.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::meter::{cpu_time_of_family, time_of};

/// Above this share of the cores used by others, figures are not to be trusted.
const OTHERS_MAX: f64 = 0.10;
/// How long the machine is watched before the start.
const WATCH: Duration = Duration::from_millis(1_000);

/// The machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Main memory in MiB.
    pub memory_mib: u64,
    /// Version of the kernel.
    pub kernel: String,
    /// Share of the machine's cores that other processes used before the start.
    pub busy_before: f64,
    /// Why the figures may be wrong; empty when nothing is known.
    pub warnings: Vec<String>,
}

impl Machine {
    /// Looks at the machine for a second.
    #[must_use]
    pub fn look() -> Self {
        let watch = Watch::begin();
        std::thread::sleep(WATCH);
        let busy_before = watch.others();
        Self {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_mib: field("/proc/meminfo", "MemTotal")
                .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
                .unwrap_or_default()
                / 1_024,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            busy_before: (busy_before * 1_000.0).round() / 1_000.0,
            warnings: warning(busy_before, "before the start").into_iter().collect(),
        }
    }
}

/// The value of the first line `name : value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn warning(others: f64, when: &str) -> Option<String> {
    let percent = (others * 100.0).round();
    (others > OTHERS_MAX).then(|| {
        format!("other processes used {percent} % of the machine {when}: the figures are worse than they should be")
    })
}

/// Watches how much of the machine is used by others than this program and what it starts.
#[derive(Debug)]
pub struct Watch {
    begun: Instant,
    busy: Duration,
    own: Duration,
}

impl Watch {
    /// Begins to watch.
    #[must_use]
    pub fn begin() -> Self {
        Self { begun: Instant::now(), busy: busy(), own: cpu_time_of_family() }
    }

    /// Share of all cores that others have used since then.
    #[must_use]
    pub fn others(&self) -> f64 {
        let used = busy().saturating_sub(self.busy);
        let others = used.saturating_sub(cpu_time_of_family().saturating_sub(self.own));
        let all = self.begun.elapsed().as_secs_f64() * cores_of_machine();
        if all > 0.0 { others.as_secs_f64() / all } else { 0.0 }
    }

    /// A sentence, if that was too much.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        warning(self.others(), "during this part")
    }
}

/// All cores, also those that this process may not use: what others use is counted on all.
fn cores_of_machine() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let cores = text.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count();
    cores.max(1) as f64
}

/// Time since the machine's start that its cores were not idle; what the host took from them counts.
fn busy() -> Duration {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    time_of(busy_ticks(&text).unwrap_or_default())
}

/// User, nice, system, irq, softirq and steal of the first line; the guests' time stands in the user's too.
fn busy_ticks(stat: &str) -> Option<u64> {
    let numbers: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
    let waiting = numbers.get(3)?.saturating_add(*numbers.get(4)?);
    Some(numbers.iter().take(8).sum::<u64>().saturating_sub(waiting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_cores_are_not_busy_and_guests_count_once() {
        assert_eq!(busy_ticks("cpu  10 1 5 1000 200 2 3 4 7 0\ncpu0 1 1 1"), Some(25));
        assert_eq!(busy_ticks(""), None);
    }

    #[test]
    fn only_much_use_by_others_is_worth_a_warning() {
        assert_eq!(warning(0.05, "before the start"), None);
        assert!(warning(0.5, "during this part").is_some_and(|sentence| sentence.contains("50 %")));
    }
}
