//! The kernels: what each needs of the processor, and the one door through which they are entered.

use std::fmt;

use super::{Candidates, Search, scalar};

/// A way to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Sixteen nonces at a time in 512-bit registers.
    Avx512,
    /// Whole rounds by instruction, several nonces interleaved.
    ShaExtensions,
    /// Eight nonces at a time in 256-bit registers.
    Avx2,
    /// One nonce at a time, on every processor.
    Scalar,
}

impl Kernel {
    /// All, the fastest first. That order holds on every processor measured or counted so far: whichever of them is there, it
    /// is faster than those that follow (docs/decisions/0014).
    pub const ALL: [Self; 4] = [Self::Avx512, Self::ShaExtensions, Self::Avx2, Self::Scalar];

    /// The fastest that this processor can run.
    #[must_use]
    pub fn best() -> Self {
        Self::ALL.into_iter().find(|kernel| kernel.is_available()).unwrap_or(Self::Scalar)
    }

    /// Its name: `avx512`, `sha-extensions`, `avx2` or `scalar`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::ShaExtensions => "sha-extensions",
            Self::Avx2 => "avx2",
            Self::Scalar => "scalar",
        }
    }

    /// The kernel of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kernel| kernel.name() == name)
    }

    /// Whether this processor has its instructions.
    #[must_use]
    #[cfg(target_arch = "x86_64")]
    pub fn is_available(self) -> bool {
        use std::arch::is_x86_feature_detected;
        match self {
            Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw"),
            Self::ShaExtensions => is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1"),
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            Self::Scalar => true,
        }
    }

    /// Whether this processor has its instructions.
    #[must_use]
    #[cfg(not(target_arch = "x86_64"))]
    pub fn is_available(self) -> bool {
        self == Self::Scalar
    }

    /// Nonces of a batch.
    pub(super) fn lanes(self) -> u32 {
        match self {
            Self::Avx512 => 32,
            Self::ShaExtensions => 4,
            Self::Avx2 => 8,
            Self::Scalar => 1,
        }
    }

    /// Searches batches of nonces from `first` on, and reports lanes that may meet the target.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn search(self, search: &Search<'_>, first: u32, batches: u32, report: &mut dyn FnMut(Candidates)) {
        use super::{avx2, avx512, sha_extensions};
        if !self.is_available() {
            return scalar::search(search, first, batches.saturating_mul(self.lanes()), report);
        }
        // SAFETY: the processor has what each is compiled for, as was asked above.
        #[allow(unsafe_code, reason = "code for these instructions can be entered in no other way")]
        unsafe {
            match self {
                Self::Avx512 => avx512::search(search, first, batches, report),
                Self::ShaExtensions => sha_extensions::search(search, first, batches, report),
                Self::Avx2 => avx2::search(search, first, batches, report),
                Self::Scalar => scalar::search(search, first, batches, report),
            }
        }
    }

    /// Searches batches of nonces from `first` on, and reports lanes that may meet the target.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn search(self, search: &Search<'_>, first: u32, batches: u32, report: &mut dyn FnMut(Candidates)) {
        scalar::search(search, first, batches.saturating_mul(self.lanes()), report);
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
