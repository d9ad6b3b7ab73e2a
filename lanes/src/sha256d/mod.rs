//! The search for proofs of work: nonces of an 80-byte header whose double SHA-256 is at most a target.
//!
//! It must not know what a header means, only which of its bytes vary: the nonce, and the version where a pool lets miners
//! roll it (BIP 320). A header is two blocks of SHA-256, and the nonce stands in the second, so
//! 1. `prepared.rs` computes once per version what the first block and the rounds before the nonce come to;
//! 2. a kernel expands the second block's message once per nonce and uses it for *every version*, since the version stands in
//!    the first block. With eight versions a sixth of all work is gone (Hanke's "AsicBoost", arXiv:1604.00575);
//! 3. of the second hash, only the word that is the digest's most significant is computed, without the rounds that do
//!    not reach it. Few candidates pass it; each is hashed whole, and compared with the target exactly.
//!
//! `kernel.rs` lists the kernels; `search.rs` writes the search once for all that compute in lanes, and `scalar.rs`, `avx2.rs`
//! and `avx512.rs` give it their words; `sha_extensions.rs` differs, as its instructions do whole rounds.
//!
//! Invariants: every kernel returns the same hits in the same order; a hit's digest was computed by the plain
//! compression function of `prepared.rs`, whatever the kernel said.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
mod prepared;
mod scalar;
mod search;
#[cfg(target_arch = "x86_64")]
mod sha_extensions;

pub use kernel::Kernel;
pub use prepared::hash;
use prepared::{Tail, Version};

/// Bytes of a header.
pub const HEADER_BYTES: usize = 80;

/// A nonce and a version that meet the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The header's version.
    pub version: u32,
    /// The header's nonce.
    pub nonce: u32,
    /// The double SHA-256 of the header with both, as it is stored: read as a number, little-endian.
    pub digest: [u8; 32],
}

/// What a kernel is asked.
struct Search<'a> {
    tail: &'a Tail,
    versions: &'a [Version],
    /// The greatest that the digest's most significant 32 bits may be.
    top_max: u32,
}

/// What a kernel answers: lanes that may meet the target, lowest bit first.
struct Candidates {
    /// Index of the version.
    version: usize,
    /// The nonce of lane 0.
    nonce: u32,
    lanes: u32,
}

/// A header whose nonces can be searched.
#[derive(Clone, Debug)]
pub struct Scanner {
    kernel: Kernel,
    header: [u8; HEADER_BYTES],
    target: [u8; 32],
    tail: Tail,
    versions: Vec<Version>,
}

impl Scanner {
    /// A search over the nonces of `header` and over `versions` (those of the header itself if there are none), for double
    /// hashes of at most `target`, a little-endian number. Where the processor lacks what `kernel` needs, the scalar one
    /// is used. About eight versions are best: a few hundred bytes each are read again for every batch of nonces.
    #[must_use]
    pub fn new(kernel: Kernel, header: &[u8; HEADER_BYTES], versions: &[u32], target: &[u8; 32]) -> Self {
        let kernel = if kernel.is_available() { kernel } else { Kernel::Scalar };
        let tail = Tail::new(header);
        let own = [prepared::version_of(header)];
        let versions = if versions.is_empty() { &own[..] } else { versions };
        let versions = versions.iter().map(|version| Version::new(&with_version(header, *version))).collect();
        Self { kernel, header: *header, target: *target, tail, versions }
    }

    /// The kernel that searches.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// How many hashes are tried per nonce: one for each version.
    #[must_use]
    pub fn versions(&self) -> usize {
        self.versions.len()
    }

    /// Tries `count` nonces from `first` on with every version, going on at 0 after the last, and returns what meets the
    /// target, by nonce (in the order tried) and then by version.
    #[must_use]
    pub fn scan(&self, first: u32, count: u32) -> Vec<Hit> {
        let [.., a, b, c, d] = self.target;
        let top_max = u32::from_le_bytes([a, b, c, d]);
        let search = Search { tail: &self.tail, versions: &self.versions, top_max };
        let mut hits = Vec::new();
        let batches = count.div_ceil(self.kernel.lanes());
        self.kernel
            .search(&search, first, batches, &mut |candidates| self.confirm(&candidates, first, count, &mut hits));
        hits.sort_by_key(|hit: &Hit| hit.nonce.wrapping_sub(first));
        hits
    }

    /// Hashes candidates whole. Batches end on a multiple of the lanes, so the last may reach past the range.
    fn confirm(&self, candidates: &Candidates, first: u32, count: u32, hits: &mut Vec<Hit>) {
        let Some(version) = self.versions.get(candidates.version) else {
            return;
        };
        for lane in (0..u32::BITS).filter(|lane| candidates.lanes >> lane & 1 == 1) {
            let nonce = candidates.nonce.wrapping_add(lane);
            if nonce.wrapping_sub(first) >= count {
                continue;
            }
            let digest = hash(&with_nonce(&with_version(&self.header, version.number), nonce));
            if digest.iter().rev().le(self.target.iter().rev()) {
                hits.push(Hit { version: version.number, nonce, digest });
            }
        }
    }
}

/// The header with another version: its first four bytes, little-endian.
fn with_version(header: &[u8; HEADER_BYTES], version: u32) -> [u8; HEADER_BYTES] {
    let mut header = *header;
    let [a, b, c, d, ..] = &mut header;
    [*a, *b, *c, *d] = version.to_le_bytes();
    header
}

/// The header with another nonce: its last four bytes, little-endian.
fn with_nonce(header: &[u8; HEADER_BYTES], nonce: u32) -> [u8; HEADER_BYTES] {
    let mut header = *header;
    let [.., a, b, c, d] = &mut header;
    [*a, *b, *c, *d] = nonce.to_le_bytes();
    header
}
