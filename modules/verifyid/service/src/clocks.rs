//! The machine's clocks.
//!
//! It must not know challenges.

use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use service::Refusal;
use service::chain::Chain;

use crate::examiner::moment::{BootId, Moment};

/// Where the kernel names its start.
const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";

/// Clocks that can be read.
pub(crate) trait Clocks: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Moment;
}

/// Those of this machine, and the node's own for the wall.
pub(crate) struct MachineClocks {
    chain: Arc<dyn Chain>,
    boot: BootId,
}

impl MachineClocks {
    /// Reads which start of the machine it is.
    ///
    /// # Errors
    /// `boot_id`: the system does not say so.
    pub(crate) fn new(chain: Arc<dyn Chain>) -> Result<Self, Refusal> {
        let text = std::fs::read_to_string(BOOT_ID_FILE).map_err(|error| unnamed(&error.to_string()))?;
        let boot = boot_id(&text).ok_or_else(|| unnamed("it holds no UUID"))?;
        Ok(Self { chain, boot })
    }
}

impl Clocks for MachineClocks {
    fn now(&self) -> Moment {
        // It goes on while the machine sleeps, and nobody sets it.
        let since = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(since.tv_sec).unwrap_or_default();
        let ms = u64::try_from(since.tv_nsec / 1_000_000).unwrap_or_default();
        Moment {
            wall_ms: self.chain.now_ms(),
            boot_ms: seconds.saturating_mul(1_000).saturating_add(ms),
            boot: self.boot,
        }
    }
}

fn boot_id(text: &str) -> Option<BootId> {
    let digits: String = text.trim().chars().filter(|letter| *letter != '-').collect();
    hex::decode(digits).ok()?.try_into().ok().map(BootId)
}

fn unnamed(why: &str) -> Refusal {
    let hint = "without it a challenge could outlive a restart of the machine: give the process /proc, or set `verifyid.enabled = false`";
    Refusal::new("boot_id", format!("{BOOT_ID_FILE} cannot be used: {why}; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_of_the_machine_has_a_name_of_16_bytes() {
        let expected = BootId(*b"\x4e\x1f\xc6\xd0\x11\x22\x43\x33\x84\x44\x55\x55\x66\x66\x77\x77");
        assert_eq!(boot_id("4e1fc6d0-1122-4333-8444-555566667777\n"), Some(expected));
        for wrong in ["", "4e1fc6d0", "4e1fc6d0-1122-4333-8444-5555666677778", "no"] {
            assert_eq!(boot_id(wrong), None, "{wrong}");
        }
    }
}
