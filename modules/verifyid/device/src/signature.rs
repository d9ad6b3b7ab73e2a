//! ECDSA signatures as secure elements and TPMs give them, brought into the one form that counts: r and s of 32 bytes, s in the lower half.
//!
//! Of each (r, s) also (r, n - s) is a signature. Services take the lower s only, so that an answer has one form; hardware gives either.

use crate::SIGNATURE_BYTES;

/// A curve of ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp256k1.
    Secp256k1,
    /// P-256, as most secure elements and every TPM have it.
    P256,
}

impl Curve {
    /// How many points there are, big-endian. SEC 2, sections 2.4.1 and 2.4.2.
    const fn order(self) -> [u8; 32] {
        match self {
            Self::Secp256k1 => [
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
                0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
            ],
            Self::P256 => [
                0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
                0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
            ],
        }
    }
}

/// Brings s into the lower half. A signature that is none, as its s is 0 or too large, stays as it is.
pub fn low_s(curve: Curve, signature: &mut [u8; SIGNATURE_BYTES]) {
    let (_, s) = signature.split_at_mut(32);
    let Some(present) = s.first_chunk::<32>().copied() else { return };
    // The higher one of s and n - s is the one that is more than its difference to n.
    if let Some(other) = difference(&curve.order(), &present)
        && other < present
        && other != [0; 32]
    {
        s.copy_from_slice(&other);
    }
}

/// a - b, big-endian; nothing below zero.
fn difference(a: &[u8; 32], b: &[u8; 32]) -> Option<[u8; 32]> {
    let mut result = [0; 32];
    let mut borrowed = false;
    for ((a, b), result) in a.iter().zip(b).zip(result.iter_mut()).rev() {
        let (value, first) = a.overflowing_sub(*b);
        let (value, second) = value.overflowing_sub(u8::from(borrowed));
        (*result, borrowed) = (value, first || second);
    }
    (!borrowed).then_some(result)
}

/// Reads what most libraries and `tpm2_sign` write: `SEQUENCE { INTEGER r, INTEGER s }` in DER. Nothing if it is anything else.
#[must_use]
pub fn from_der(der: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
    let [0x30, length, rest @ ..] = der else { return None };
    if usize::from(*length) != rest.len() || *length >= 0x80 {
        return None;
    }
    let mut rest = rest;
    let mut signature = [0; SIGNATURE_BYTES];
    let (r, s) = signature.split_at_mut(32);
    integer(&mut rest, r)?;
    integer(&mut rest, s)?;
    rest.is_empty().then_some(signature)
}

/// A positive integer in its shortest form, into 32 bytes.
fn integer(rest: &mut &[u8], into: &mut [u8]) -> Option<()> {
    let [0x02, length, more @ ..] = *rest else { return None };
    let (digits, behind) = more.split_at_checked(usize::from(*length))?;
    *rest = behind;
    let digits = match digits {
        // A zero in front is there only where the number would be negative without it.
        [0, second, ..] if *second >= 0x80 => digits.get(1..)?,
        [0, ..] | [] => return None,
        [first, ..] if *first >= 0x80 => return None,
        _ => digits,
    };
    let start = into.len().checked_sub(digits.len())?;
    into.get_mut(start..)?.copy_from_slice(digits);
    Some(())
}
