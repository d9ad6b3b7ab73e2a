//! Points in Jacobian coordinates: (X, Y, Z) is (X/Z², Y/Z³). The formulas need only a = 0, so they hold on secp256k1 and on
//! every curve y² = x³ + b to which it is isomorphic.
//!
//! Where the complete group law would need a case of its own (equal or opposite points), Z becomes zero and stays so.

use std::arch::x86_64::__mmask8;

use super::field::{Columns, Field, Loose};

/// Eight points.
#[derive(Clone, Copy)]
pub(super) struct Jacobian {
    pub(super) x: Field,
    pub(super) y: Field,
    pub(super) z: Field,
}

impl Jacobian {
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn from_affine(x: Field, y: Field) -> Self {
        Self { x, y, z: Field::one() }
    }

    /// 2·P: with A = X², B = Y², E = 3A, D = 4XB it is (E² - 2D, E(D - X₃) - 8B², 2YZ).
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn doubled(&self) -> Self {
        let Self { x, y, z } = self;
        let (a, b) = (x.squared(), y.squared());
        let e = a.shifted::<1>().plus(&a.loose()).carried();
        let xb = x.times(&b);
        let x3 = e.squared().loose().minus::<16>(&xb.shifted::<3>()).carried();
        let step = xb.shifted::<2>().minus::<2>(&x3.loose()).carried();
        let minus_8b = Loose::zero().minus::<16>(&b.shifted::<3>()).carried();
        Self {
            x: x3,
            y: Columns::zero().plus(&e, &step).plus(&b, &minus_8b).reduced(),
            z: Columns::zero().plus(y, z).doubled().reduced(),
        }
    }

    /// P + (x, y), in `negative` lanes P - (x, y), and the factor H by which Z has grown. With U = xZ², S = ±yZ³,
    /// H = U - X, R = S - Y, V = XH² it is (R² - H³ - 2V, R(V - X₃) - YH³, ZH).
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(super) fn plus(&self, x: &Field, y: &Field, negative: __mmask8) -> (Self, Field) {
        let zz = self.z.squared();
        let u = x.times(&zz);
        let s = y.times(&self.z.times(&zz));
        let h = u.loose().minus::<2>(&self.x.loose()).carried();
        let r = Loose::zero().minus::<4>(&self.y.loose()).plus_or_minus(&s, negative).carried();
        let hh = h.squared();
        let (hhh, v) = (h.times(&hh), self.x.times(&hh));
        let x3 = r.squared().loose().minus::<6>(&hhh.loose().plus(&v.shifted::<1>())).carried();
        let step = v.loose().minus::<2>(&x3.loose()).carried();
        let minus_y = Loose::zero().minus::<2>(&self.y.loose()).carried();
        let y3 = Columns::zero().plus(&r, &step).plus(&minus_y, &hhh).reduced();
        (Self { x: x3, y: y3, z: self.z.times(&h) }, h)
    }
}
