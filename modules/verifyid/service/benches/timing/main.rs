//! `cargo bench -p verifyid-service --bench timing -- 1000000`: |t| of each comparison of a secret, and of one that is not in constant time.
//!
//! What is measured is what runs: the file of the keys is the service's own, tokens are read by the house's reader. A wrong value that differs in its last
//! byte is compared with a wrong value that differs anywhere. It ends with 1 where a comparison tells where it differs, or where the method does not
//! find the one that does.

mod dudect;
#[allow(dead_code, unused_imports, reason = "only the comparisons are measured")]
#[path = "../../src/examiner/keys.rs"]
mod keys;

use std::process::ExitCode;

use dudect::{Class, Numbers, T_MAX, t};
use hmac::Mac;
use service::token::{API, Grant, Jti, Role, TokenAlgorithm, TokenKey, TokenKeys, TokenTerms};
use zeroize::Zeroizing;

const SAMPLES: usize = 1_000_000;
const NOW_MS: u64 = 1_771_111_111_000;
/// Where the seal of a challenge ends.
const SEAL_BYTES: usize = 16;

fn main() -> ExitCode {
    let samples = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(SAMPLES);
    let rows = [
        ("mac", t_of_mac(samples), true),
        ("seal of a challenge", t_of_seal(samples), true),
        ("token", t_of_token(samples), true),
        ("token by a known key or not", t_of_kid(samples), true),
        ("a comparison that stops early", t_of_early_stop(samples), false),
    ];
    let mut is_good = true;
    for (name, found, is_constant) in rows {
        println!("{name}: |t| = {found:.2} at {samples}");
        is_good &= (found < T_MAX) == is_constant;
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A wrong value: one that differs from the right one in its last bit alone, or any.
fn wrong<const N: usize>(right: &[u8; N], class: Class, numbers: &mut Numbers) -> [u8; N] {
    let any = numbers.bytes();
    match class {
        Class::Any => any,
        Class::Near => std::array::from_fn(|place| right[place] ^ u8::from(place + 1 == N)),
    }
}

/// What an older device answers: the MAC is made, and compared.
fn t_of_mac(samples: usize) -> f64 {
    let (secret, message) = ([7; 32], [9; 210]);
    let own = || -> [u8; 32] { keys::hmac(&secret, &message).finalize().into_bytes().into() };
    let right = own();
    t(samples, |class, numbers| wrong(&right, class, numbers), |mac| keys::is_same(&own(), mac))
}

/// A challenge that comes back.
fn t_of_seal(samples: usize) -> f64 {
    let (secret, body) = ([5; 32], [3; 155]);
    let right: [u8; 32] = keys::hmac(&secret, &body).finalize().into_bytes().into();
    let right: [u8; SEAL_BYTES] = std::array::from_fn(|place| right[place]);
    let make = |class, numbers: &mut Numbers| wrong(&right, class, numbers);
    t(samples, make, |seal: &[u8; SEAL_BYTES]| keys::hmac(&secret, &body).verify_truncated_left(seal).is_ok())
}

fn keys_of(algorithm: TokenAlgorithm, secret: u8) -> TokenKeys {
    TokenKeys::new(TokenKey::new(algorithm, Zeroizing::new([secret; 32]), NOW_MS))
}

fn terms() -> TokenTerms {
    let (issuer, audience) = ("thr:11111111".to_owned(), "thr-api:11111111".to_owned());
    TokenTerms { kind: API, issuer, audience, roles: &[Role::Verifier] }
}

fn issued(keys: &TokenKeys, jti: [u8; 16]) -> String {
    let grant =
        Grant { subject: "somebody", role: Role::Verifier, version: 1, life_s: 600, jti: Jti(jti), device: None };
    terms().issue(keys, &grant, NOW_MS).expect("it is within the terms")
}

/// A token that is signed by a secret and shown.
fn t_of_token(samples: usize) -> f64 {
    let (keys, terms) = (keys_of(TokenAlgorithm::Hs256, 1), terms());
    let token = issued(&keys, [4; 16]);
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    // The last letter but one is whole bits of the signature; any change of it is another signature.
    let last_but_one = signature.len() - 2;
    let make = |class, numbers: &mut Numbers| {
        let letters: String = signature
            .char_indices()
            .map(|(place, letter)| match class {
                Class::Near if place != last_but_one => letter,
                Class::Near => {
                    if letter == 'A' {
                        'B'
                    } else {
                        'A'
                    }
                }
                Class::Any if place > last_but_one => letter,
                Class::Any => char::from(b'a' + (numbers.draw() % 26) as u8),
            })
            .collect();
        format!("{signed}.{letters}")
    };
    t(samples, make, |token: &String| terms.open(&keys, token, NOW_MS).is_err())
}

/// Whether it shows that a key is known here: a wrong signature by the name of a key that is, or of one that is not. What is signed is another each time.
fn t_of_kid(samples: usize) -> f64 {
    let (keys, others, terms) = (keys_of(TokenAlgorithm::EdDsa, 1), keys_of(TokenAlgorithm::EdDsa, 2), terms());
    let first = issued(&keys, [4; 16]);
    let (_, signature) = first.rsplit_once('.').expect("three parts");
    let make = |class, numbers: &mut Numbers| {
        let token = issued(if class == Class::Near { &keys } else { &others }, numbers.bytes());
        let (signed, _) = token.rsplit_once('.').expect("three parts");
        format!("{signed}.{signature}")
    };
    t(samples, make, |token: &String| terms.open(&keys, token, NOW_MS).is_err())
}

/// That the method finds something where there is something.
fn t_of_early_stop(samples: usize) -> f64 {
    let right = [6; 256];
    let is_same = |value: &[u8; 256]| value.iter().zip(&right).all(|(one, other)| std::hint::black_box(one) == other);
    t(samples, |class, numbers| wrong(&right, class, numbers), is_same)
}
