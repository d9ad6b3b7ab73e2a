//! The answer of a board that cannot sign: HMAC-SHA-256 under the secret that it shares with one service.
//!
//! It must not know how the secret got to the board. Such an answer proves the device to that service alone, at level 1 at most.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::challenge::{DeviceChallenge, Expected, PREIMAGE_BYTES, Refused};

/// Length of an answer by a secret, in bytes.
pub const MAC_BYTES: usize = 32;
/// What stands in the place of the challenge's own tag, so that a MAC and a signature are never over the same bytes.
const TAG: [u8; 16] = *b"thronos/vidmac\0\0";

/// Answers a challenge by a shared secret: compares it with what is expected, and only then computes.
///
/// # Errors
/// [`Refused`]; nothing is computed then.
pub fn answer_by_secret(preimage: &[u8], expected: &Expected, secret: &[u8; 32]) -> Result<[u8; MAC_BYTES], Refused> {
    DeviceChallenge::read(preimage)?.check(expected)?;
    let preimage: &[u8; PREIMAGE_BYTES] = preimage.try_into().map_err(|_| Refused::Length)?;
    let (_, rest) = preimage.split_at(TAG.len());
    // HMAC fills a short key up with zeros to the hash's block.
    let mut key = [0; 64];
    key[..32].copy_from_slice(secret);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
    mac.update(&TAG);
    mac.update(rest);
    Ok(mac.finalize().into_bytes().into())
}
