//! One instant, by the clocks that a challenge is judged by.
//!
//! It must not know where they are read. Both count: the wall's may be set, the machine's may not and stands in no record of others.

/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Unix time in ms, as the wall's clock says.
    pub(crate) wall_ms: u64,
    /// Since the machine was started, its sleep included; never set back.
    pub(crate) boot_ms: u64,
    /// Which start of the machine it was.
    pub(crate) boot: BootId,
}

/// What the kernel calls one start of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BootId(pub(crate) [u8; 16]);
