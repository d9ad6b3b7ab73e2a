//! CPU time and memory of processes, as the kernel counts them.

use std::time::Duration;

/// CPU time that a process has used in all its threads, in user mode and in the kernel.
#[must_use]
pub fn cpu_time(pid: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let ticks = ticks_of(&text).unwrap_or_default();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Fields 14 and 15. The second field, the program's name, may hold anything but ends with the last parenthesis.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Resident memory of a process in MiB.
#[must_use]
pub fn resident_mib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1_024.0
}

/// CPU time of several processes together.
#[must_use]
pub fn cpu_time_of_all(pids: &[u32]) -> Duration {
    pids.iter().map(|pid| cpu_time(*pid)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_move_the_fields() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 1 0 0 0 120 34 0 0 20 0 1 0 100 1 1";
        assert_eq!(ticks_of(stat), Some(154));
        assert!(resident_mib(std::process::id()) > 1.0, "this process has some memory");
    }
}
