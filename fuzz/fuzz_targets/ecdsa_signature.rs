//! Hostile bytes for `fuzz::ecdsa_signature`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::ecdsa_signature(data));
