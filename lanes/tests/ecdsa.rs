//! What the lanes prove, libsecp256k1 accepts; what is right and no oddity, the lanes prove.

use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::{Field, PrimeField};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, U256};
use lanes::ecdsa::{Claim, LANES, available, prove};
use proptest::prelude::*;
use secp256k1::{Message, PublicKey, ecdsa};

const LAMBDA: U256 = U256::from_be_hex("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");

fn number(bytes: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*bytes))
}

fn coordinates(point: &ProjectivePoint) -> ([u8; 32], [u8; 32]) {
    let affine: AffinePoint = point.to_affine();
    (affine.x().into(), affine.y().into())
}

/// A claim whose sum is u₁·G + u₂·P. It is right unless that sum is the point at infinity.
fn claim(key: &ProjectivePoint, u1: &Scalar, u2: &Scalar) -> Option<Claim> {
    let (x, _) = coordinates(&(ProjectivePoint::GENERATOR * u1 + key * u2));
    let r = number(&x);
    let s = r * Option::<Scalar>::from(u2.invert())?;
    let usable = !bool::from(r.is_zero()) && *key != ProjectivePoint::IDENTITY;
    usable.then(|| Claim {
        digest: (*u1 * s).to_repr().into(),
        key: coordinates(key),
        r: r.to_repr().into(),
        s: s.to_repr().into(),
    })
}

/// The word of libsecp256k1, which takes the lower of the two forms of s alone.
fn judged(claim: &Claim) -> bool {
    let (x, y) = claim.key;
    let key = PublicKey::from_slice(&[&[4][..], &x, &y].concat()).expect("a point");
    let mut signature = ecdsa::Signature::from_compact(&[claim.r, claim.s].concat()).expect("in range");
    signature.normalize_s();
    ecdsa::verify(&signature, Message::from_digest(claim.digest), &key).is_ok()
}

fn flipped(bytes: &[u8; 32], bit: u8) -> [u8; 32] {
    let mut bytes = *bytes;
    bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
    bytes
}

/// Never more than the judge, whatever stands in the other lanes.
fn none_too_many(claims: &[Claim]) -> usize {
    let proven = prove(claims);
    assert_eq!(proven.len(), claims.len());
    for (claim, proven) in claims.iter().zip(&proven) {
        assert!(!proven || judged(claim), "{claim:?}");
    }
    proven.into_iter().filter(|proven| *proven).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn right_signatures_are_proven_in_batches_of_every_size(
        parts in proptest::collection::vec(any::<([u8; 32], [u8; 32], [u8; 32])>(), 1..3 * LANES),
    ) {
        let claims: Vec<Claim> = parts
            .iter()
            .filter_map(|(key, u1, u2)| claim(&(ProjectivePoint::GENERATOR * number(key)), &number(u1), &number(u2)))
            .collect();
        prop_assert!(claims.iter().all(judged));
        prop_assert_eq!(none_too_many(&claims), if available() { claims.len() } else { 0 });
    }

    #[test]
    fn what_differs_in_one_bit_is_not_proven(
        parts in proptest::collection::vec(any::<([u8; 32], [u8; 32], [u8; 32], u8, u8)>(), 1..2 * LANES),
    ) {
        let mut right = 0;
        let claims: Vec<Claim> = parts
            .iter()
            .filter_map(|(key, u1, u2, which, bit)| {
                let mut claim = claim(&(ProjectivePoint::GENERATOR * number(key)), &number(u1), &number(u2))?;
                match which % 5 {
                    0 => claim.digest = flipped(&claim.digest, *bit),
                    1 => claim.r = number(&flipped(&claim.r, *bit)).to_repr().into(),
                    2 => claim.s = number(&flipped(&claim.s, *bit)).to_repr().into(),
                    3 => claim.key = coordinates(&(ProjectivePoint::GENERATOR * number(&flipped(key, *bit)))),
                    _ => right += 1,
                }
                Some(claim)
            })
            .collect();
        prop_assert_eq!(none_too_many(&claims), if available() { right } else { 0 });
    }
}

/// Keys, numbers and digests chosen so that equal and opposite points meet, in tables as well as in the walk.
#[test]
fn nothing_wrong_is_proven_where_points_coincide() {
    let lambda = Scalar::reduce(&LAMBDA);
    let mut odd: Vec<Scalar> = [1_u64, 2, 3, 4, 5, 7, 15, 16, 31, 32, 33, 1023, 1024].map(Scalar::from).into();
    odd.extend([5, 10, 60, 125, 126, 127, 128, 129, 130].map(|bits| Scalar::from(2_u64).pow_vartime([bits])));
    odd.extend(odd.clone().iter().map(|number| *number * lambda));
    odd.extend(odd.clone().iter().map(|number| -*number));
    let mut claims = Vec::new();
    for key in &odd {
        let point = ProjectivePoint::GENERATOR * key;
        for u1 in std::iter::once(&Scalar::ZERO).chain(&odd) {
            claims.extend(odd.iter().step_by(17).filter_map(|u2| claim(&point, u1, u2)));
        }
    }
    assert!(claims.len() > 30_000, "{}", claims.len());
    let proven = none_too_many(&claims);
    let right = claims.iter().filter(|claim| judged(claim)).count();
    if available() {
        assert!(proven * 10 > right * 9, "{proven} of {right}");
    }
}

/// The sum is the point at infinity, which has no x: no r fits, 0 and the x of its garbage included.
#[test]
fn a_sum_at_infinity_is_never_proven() {
    for secret in 1..200_u64 {
        let (secret, u2) = (Scalar::from(secret), Scalar::from(secret * 77 + 1));
        let u1 = -(u2 * secret);
        for r in [Scalar::ONE, u2, secret] {
            let s = r * u2.invert().expect("not zero");
            let claim = Claim {
                digest: (u1 * s).to_repr().into(),
                key: coordinates(&(ProjectivePoint::GENERATOR * secret)),
                r: r.to_repr().into(),
                s: s.to_repr().into(),
            };
            assert!(!judged(&claim));
            assert_eq!(prove(&[claim; LANES]), [false; LANES]);
        }
    }
}

#[test]
fn an_empty_batch_has_an_empty_answer() {
    assert_eq!(prove(&[]), Vec::<bool>::new());
}
