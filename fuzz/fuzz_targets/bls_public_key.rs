//! Hostile bytes for `fuzz::bls_public_key`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::bls_public_key(data));
