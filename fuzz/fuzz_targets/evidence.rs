//! Hostile bytes for `fuzz::evidence`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::evidence(data));
