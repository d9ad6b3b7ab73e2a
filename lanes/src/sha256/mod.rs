//! SHA-256 of two messages at the same time, with the processor's SHA instructions.
//!
//! It must not know what is hashed. The instructions for rounds wait for each other: a second message fits between those of the
//! first almost for nothing. Invariant: the digests are those of FIPS 180-4, or there are none.

pub mod constants;
#[cfg(target_arch = "x86_64")]
mod two;

/// Bytes that are compressed at a time.
pub const BLOCK_BYTES: usize = 64;

/// Two blocks, padded by the caller.
pub type TwoBlocks = [[u8; BLOCK_BYTES]; 2];

/// The digests of two messages, each of two blocks with their padding; `None` where the processor lacks the instructions.
#[must_use]
pub fn digest_two(messages: &[TwoBlocks; 2]) -> Option<[[u8; 32]; 2]> {
    #[cfg(target_arch = "x86_64")]
    return two::digest(messages);
    #[cfg(not(target_arch = "x86_64"))]
    return {
        let _ = messages;
        None
    };
}
