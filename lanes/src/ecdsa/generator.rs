//! The odd multiples of the generator, made once per process.

use std::sync::LazyLock;

use k256::elliptic_curve::BatchNormalize;
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::AffineCoordinates;
use k256::{ProjectivePoint, Scalar, U256};

use crate::ecdsa::avx512::field::{LIMBS, limbs};

/// Bits of a digit.
pub(crate) const WIDTH: usize = 10;
/// G, 3G, 5G … as x, βx and y: 60 KiB.
const MULTIPLES: usize = 1 << (WIDTH - 1);

/// The endomorphism's constant: β³ = 1.
pub(crate) const BETA: [u8; 32] = [
    0x7a, 0xe9, 0x6a, 0x2b, 0x65, 0x7c, 0x07, 0x10, 0x6e, 0x64, 0x47, 0x9e, 0xac, 0x34, 0x34, 0xe9, 0x9c, 0xf0, 0x49,
    0x75, 0x12, 0xf5, 0x89, 0x95, 0xc1, 0x39, 0x6c, 0x28, 0x71, 0x95, 0x01, 0xee,
];
/// λ: what the endomorphism multiplies by.
const LAMBDA: U256 = U256::from_be_hex("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");

/// A point in limbs.
#[derive(Clone, Copy)]
pub(crate) struct Multiple {
    pub(crate) x: [u64; LIMBS],
    pub(crate) beta_x: [u64; LIMBS],
    pub(crate) y: [u64; LIMBS],
}

/// The table.
pub(crate) static TABLE: LazyLock<Box<[Multiple]>> = LazyLock::new(|| {
    let lambda: Scalar = Reduce::reduce(&LAMBDA);
    let odd = |first: ProjectivePoint| {
        let twice = first.double();
        let points: Vec<_> = std::iter::successors(Some(first), |point| Some(point + &twice)).take(MULTIPLES).collect();
        ProjectivePoint::batch_normalize(points.as_slice())
    };
    let plain = odd(ProjectivePoint::GENERATOR);
    let turned = odd(ProjectivePoint::GENERATOR * lambda);
    let pairs = plain.iter().zip(&turned);
    pairs
        .map(|(plain, turned)| Multiple {
            x: limbs(&plain.x().into()),
            beta_x: limbs(&turned.x().into()),
            y: limbs(&plain.y().into()),
        })
        .collect()
});
