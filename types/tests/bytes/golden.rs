//! Recorded hashes: the bytes of two thousand values per type may never change within a protocol version.

use sha2::{Digest, Sha256};
use types::Canonical;

use crate::generate::Random;

/// Hash over the encodings of many values, each of which must come back from its bytes.
fn fingerprint<T: Canonical + PartialEq + std::fmt::Debug>(mut one: impl FnMut(&mut Random) -> T) -> String {
    let mut random = Random(20_261_121);
    let mut hasher = Sha256::new();
    for _ in 0..2_000 {
        let value = one(&mut random);
        let bytes = value.to_canonical();
        assert!(bytes.len() <= T::BYTES_MAX, "{} bytes are above the type's bound", bytes.len());
        assert_eq!(T::from_canonical(&bytes).as_ref(), Ok(&value));
        hasher.update(&bytes);
    }
    hex::encode(&hasher.finalize()[..8])
}

#[test]
fn the_bytes_of_every_type_are_those_recorded() {
    let found = [
        ("transaction", fingerprint(Random::transaction)),
        ("header", fingerprint(Random::header)),
        ("body", fingerprint(Random::body)),
        ("block", fingerprint(Random::block)),
        ("vote", fingerprint(Random::vote)),
        ("certificate", fingerprint(Random::certificate)),
        ("proposal", fingerprint(Random::proposal)),
        ("receipt", fingerprint(Random::receipt)),
        ("validator set", fingerprint(Random::validator_set)),
        ("genesis", fingerprint(Random::genesis)),
        ("policy", fingerprint(Random::policy)),
    ];
    let found: Vec<_> = found.iter().map(|(name, hash)| format!("{name} {hash}")).collect();
    assert_eq!(found.join("\n"), include_str!("recorded.txt").trim_end());
}
