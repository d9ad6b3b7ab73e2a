//! Hostile bytes for `fuzz::coinbase`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::coinbase(data));
