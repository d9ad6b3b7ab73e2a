//! The numbers that SHA-256 itself is made of: the one place where they stand.
//!
//! It must not know who computes with them: the compressions of this crate, and of others that lay out their own blocks, do.
//! Invariant: they are those of FIPS 180-4 to the bit, which the test below derives from the primes they come from.

/// What every hash begins from: the first 32 bits of the fractional parts of the square roots of the first 8 primes
/// (FIPS 180-4, 5.3.3).
pub const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The constants of the 64 rounds, in rows of sixteen, as a message has words: the first 32 bits of the fractional parts of
/// the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
#[rustfmt::skip]
pub const ROUNDS: [[u32; 16]; 4] = [[
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
], [
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
], [
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
], [
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]];

#[cfg(test)]
mod tests {
    use super::*;

    /// The square root of `of`, or with `power` 3 the cube root, with 32 bits behind the point. None asked for here reaches 8,
    /// so that 35 bits are enough, and their cubes fit.
    fn root(of: u128, power: u32) -> u128 {
        let goal = of << power.saturating_mul(32);
        (0..35).rev().fold(0, |found, bit| {
            let larger = found | 1_u128 << bit;
            if larger.pow(power) <= goal { larger } else { found }
        })
    }

    #[test]
    fn the_numbers_are_the_roots_of_the_first_primes() {
        let primes: Vec<u128> =
            (2..312_u128).filter(|number| (2..*number).all(|divisor| !number.is_multiple_of(divisor))).collect();
        assert_eq!(primes.len(), 64);
        let fractions = |count: usize, power| primes[..count].iter().map(|prime| root(*prime, power) as u32).collect();
        let (squares, cubes): (Vec<u32>, Vec<u32>) = (fractions(8, 2), fractions(64, 3));
        assert_eq!(squares, INITIAL);
        assert_eq!(cubes, ROUNDS.as_flattened());
    }
}
