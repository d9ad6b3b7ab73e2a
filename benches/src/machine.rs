//! The machine that the figures belong to, and whether it had anything else to do.

use std::time::Duration;

use serde::Serialize;

/// Above this share of busy cores before the start, figures are not to be trusted.
const BUSY_MAX: f64 = 0.10;
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
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let busy_before = busy();
        let mut warnings = Vec::new();
        if busy_before > BUSY_MAX {
            let percent = (busy_before * 100.0).round();
            warnings.push(format!("other processes used {percent} % of the machine before the start: the figures are worse than they should be"));
        }
        Self {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores,
            memory_mib: field("/proc/meminfo", "MemTotal")
                .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
                .unwrap_or_default()
                / 1_024,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            busy_before: (busy_before * 1_000.0).round() / 1_000.0,
            warnings,
        }
    }
}

/// The value of the first line `name : value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// Share of all cores that were busy while this process did nothing.
fn busy() -> f64 {
    let before = ticks();
    std::thread::sleep(WATCH);
    let after = ticks();
    let (Some((idle_before, all_before)), Some((idle, all))) = (before, after) else { return 0.0 };
    let passed = all.saturating_sub(all_before);
    if passed == 0 { 0.0 } else { 1.0 - idle.saturating_sub(idle_before) as f64 / passed as f64 }
}

/// Idle ticks and all ticks since the machine started.
fn ticks() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let numbers: Vec<u64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
    let idle = numbers.get(3)?.saturating_add(*numbers.get(4)?);
    // The guests' time stands in the user's too.
    Some((idle, numbers.iter().take(8).sum()))
}
