//! ECDSA over secp256k1 for eight signatures at a time, one in each 64-bit lane of an AVX-512 register.
//!
//! It must not refuse anything: it says *proven* of a signature, or nothing. What is not proven is put before
//! libsecp256k1, whose word holds. So a chain's verdicts never depend on what a processor offers: here a check only
//! becomes cheaper, by about six times. It must not know what is signed either, nor read bytes from outside: whoever
//! calls has checked that the key is a point and that r and s are in range.
//!
//! A signature (r, s) of the digest e by the key P is right if the point R = (e/s)·G + (r/s)·P has an x that is r modulo
//! the order n. The way of a batch:
//! 1. `scalar.rs` inverts all s at once, and splits e/s and r/s by the curve's endomorphism into halves of 130 bits, which it
//!    makes odd, so that every window of every lane has a digit and all lanes add at the same time;
//! 2. `avx512/` makes a table of odd multiples of each key, walks through the digits with one accumulator per lane, and
//!    compares x·Z² with r·Z²;
//! 3. a lane that met an addition of equal or opposite points has Z = 0 from there to the end, whatever follows, and is
//!    not proven. No branch depends on a lane.
//!
//! Invariants: field elements in registers have limbs below 2^52 wherever they are multiplied (the instruction ignores
//! what lies above); nothing here is secret, so nothing takes constant time.

#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod generator;
#[cfg(any(target_arch = "x86_64", test))]
mod scalar;

/// Signatures that are checked at a time.
pub const LANES: usize = 8;

/// What is claimed: that (r, s) is the signature of the digest by the key. Numbers are big-endian.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// What was signed.
    pub digest: [u8; 32],
    /// The key's affine coordinates; they must be those of a point of the curve.
    pub key: ([u8; 32], [u8; 32]),
    /// In 1..n.
    pub r: [u8; 32],
    /// In 1..n.
    pub s: [u8; 32],
}

/// Whether this processor has the instructions. Without them nothing is ever proven.
#[must_use]
pub fn available() -> bool {
    #[cfg(target_arch = "x86_64")]
    return avx512::available();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Says of each claim whether it is proven, in their order. A claim that is not may be right all the same.
#[must_use]
pub fn prove(claims: &[Claim]) -> Vec<bool> {
    #[cfg(target_arch = "x86_64")]
    if let Some(proven) = avx512::prove(claims) {
        return proven;
    }
    vec![false; claims.len()]
}
