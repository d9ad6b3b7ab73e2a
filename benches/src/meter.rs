//! CPU time and memory of processes, as the kernel counts them.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time that a process has used in all its threads, in user mode and in the kernel.
#[must_use]
pub fn cpu_time(pid: u32) -> Duration {
    time_of(Usage::of(&pid.to_string()).own)
}

/// CPU time of several processes together.
#[must_use]
pub fn cpu_time_of_all(pids: &[u32]) -> Duration {
    pids.iter().map(|pid| cpu_time(*pid)).sum()
}

/// CPU time of the calling thread, exactly.
#[must_use]
pub fn cpu_time_of_thread() -> Duration {
    of_clock(ClockId::ThreadCPUTime)
}

/// CPU time of this process with all its threads, exactly.
#[must_use]
pub fn cpu_time_of_process() -> Duration {
    of_clock(ClockId::ProcessCPUTime)
}

fn of_clock(clock: ClockId) -> Duration {
    // These clocks begin at zero and never go back.
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// CPU time of this process and of everything that it has started, whether it still runs or not.
#[must_use]
pub fn cpu_time_of_family() -> Duration {
    let own = Usage::of("self");
    let pid = std::process::id();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let children = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).map(|name| Usage::of(&name));
    let running: u64 = children.filter(|usage| usage.parent == pid).map(|usage| usage.own + usage.ended).sum();
    time_of(own.own + own.ended + running)
}

/// What the kernel says of a process, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Usage {
    parent: u32,
    own: u64,
    /// Used by children that have ended.
    ended: u64,
}

impl Usage {
    /// Nothing for a process that has just ended.
    fn of(process: &str) -> Self {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        Self::parse(&text).unwrap_or_default()
    }

    /// Fields 4 and 14 to 17. The second field, the program's name, may hold anything but ends with the last parenthesis.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        let mut ticks = fields.skip(9).map_while(|field| field.parse::<u64>().ok());
        let own = ticks.next()? + ticks.next()?;
        Some(Self { parent, own, ended: ticks.next()? + ticks.next()? })
    }
}

/// Ticks as time.
pub(crate) fn time_of(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Resident memory of a process in MiB.
#[must_use]
pub fn resident_mib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1_024.0
}

/// Resident memory of the process that has most of it, in MiB.
#[must_use]
pub fn resident_mib_most(pids: &[u32]) -> f64 {
    pids.iter().map(|pid| resident_mib(*pid)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_move_the_fields() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 1 0 0 0 120 34 5 6 20 0 1 0 100 1 1";
        assert_eq!(Usage::parse(stat), Some(Usage { parent: 1, own: 154, ended: 11 }));
        assert!(resident_mib(std::process::id()) > 1.0, "this process has some memory");
    }

    #[test]
    fn a_family_has_used_what_its_ended_children_have_used() {
        let before = Usage::of("self");
        let mut busy = std::process::Command::new("/bin/sh");
        busy.args(["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"]);
        assert!(busy.status().expect("a shell").success());
        assert!(Usage::of("self").ended > before.ended, "counting to 300,000 takes more than a tick");
        assert!(cpu_time_of_family() >= time_of(Usage::of("self").ended));
        assert!(cpu_time_of_process() >= cpu_time_of_thread());
    }
}
