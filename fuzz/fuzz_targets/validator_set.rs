//! Hostile bytes for `fuzz::validator_set`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::validator_set(data));
