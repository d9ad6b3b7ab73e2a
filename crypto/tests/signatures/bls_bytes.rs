//! Hostile encodings of points: everything that a forger may put where a key or a signature belongs.

use bls12_381::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use blst::{min_pk, min_sig};

use crate::stream::Stream;

/// The modulus of the base field, big-endian.
const MODULUS: &str =
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

/// The kinds of bytes that [`hostile_g1`] and [`hostile_g2`] make, in the order of their numbers.
pub const KINDS: [&str; 12] = [
    "valid",
    "one bit flipped",
    "random",
    "random with right flags",
    "on the curve, outside the subgroup",
    "valid plus a point of small order",
    "identity",
    "identity with other flags or a tail",
    "valid with other flags",
    "coordinate plus the modulus",
    "coordinate at or above the modulus",
    "point of order three, or x = 0",
];

/// An encoding of the given kind made from a valid signature.
pub fn hostile_g1(stream: &mut Stream, kind: usize, valid: [u8; 48]) -> [u8; 48] {
    match kind {
        4 => loop {
            let mut bytes = stream.bytes::<48>();
            bytes[0] = bytes[0] & 0x3f | 0x80;
            if min_sig::Signature::uncompress(&bytes).is_ok() {
                break bytes;
            }
        },
        5 => {
            let point = G1Affine::from_compressed(&valid).expect("valid");
            let small = G1Affine::from_compressed_unchecked(&with_x_zero()).expect("(0, 2) is on the curve");
            G1Affine::from(G1Projective::from(point) + small).to_compressed()
        }
        11 => with_x_zero(),
        _ => hostile(stream, kind, valid),
    }
}

/// An encoding of the given kind made from a valid key.
pub fn hostile_g2(stream: &mut Stream, kind: usize, valid: [u8; 96]) -> [u8; 96] {
    match kind {
        4 => outside_g2(stream),
        5 => {
            let outside = G2Affine::from_compressed_unchecked(&outside_g2(stream)).expect("on the curve");
            // The group order times a point of the curve leaves what lies outside the subgroup.
            let small = outside * -Scalar::one() + outside;
            let point = G2Affine::from_compressed(&valid).expect("valid");
            G2Affine::from(small + G2Projective::from(point)).to_compressed()
        }
        _ => hostile(stream, kind, valid),
    }
}

fn outside_g2(stream: &mut Stream) -> [u8; 96] {
    loop {
        let mut bytes = stream.bytes::<96>();
        bytes[0] = bytes[0] & 0x1f | 0x80;
        if min_pk::Signature::uncompress(&bytes).is_ok() {
            return bytes;
        }
    }
}

fn with_x_zero<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[0] = 0x80;
    bytes
}

/// The kinds that are the same for both groups.
fn hostile<const LENGTH: usize>(stream: &mut Stream, kind: usize, valid: [u8; LENGTH]) -> [u8; LENGTH] {
    let mut bytes = valid;
    match kind {
        0 => {}
        1 => bytes = stream.flip(valid),
        2 => bytes = stream.bytes(),
        3 => {
            bytes = stream.bytes();
            bytes[0] = bytes[0] & 0x3f | 0x80;
        }
        6 => bytes = identity(),
        7 => {
            bytes = identity();
            if stream.below(2) == 0 {
                bytes[0] = [0x00, 0x20, 0x40, 0x60, 0x80, 0xa0, 0xe0][stream.below(7)];
            } else {
                bytes[1 + stream.below(LENGTH - 1)] = 1 << stream.below(8);
            }
        }
        8 => bytes[0] = bytes[0] & 0x1f | u8::try_from(stream.below(8)).expect("three bits") << 5,
        9 => {
            // Another name for the same field element, where it fits 381 bits; else not canonical at all.
            let flags = bytes[0] & 0xe0;
            bytes[0] &= 0x1f;
            let place = 48 * stream.below(LENGTH / 48);
            add_modulus(&mut bytes[place..place + 48]);
            bytes[0] |= flags;
        }
        10 => {
            let place = 48 * stream.below(LENGTH / 48);
            let excess = u8::try_from(stream.below(4)).expect("small");
            bytes[place..place + 48].copy_from_slice(&hex::decode(MODULUS).expect("hex"));
            bytes[place + 47] += excess;
            bytes[0] |= 0x80;
        }
        11 => bytes = with_x_zero(),
        _ => unreachable!("there are {} kinds", KINDS.len()),
    }
    bytes
}

fn identity<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[0] = 0xc0;
    bytes
}

fn add_modulus(coordinate: &mut [u8]) {
    let modulus = hex::decode(MODULUS).expect("hex");
    let mut carry = 0;
    for (byte, other) in coordinate.iter_mut().zip(modulus).rev() {
        let sum = u16::from(*byte) + u16::from(other) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}
