//! Hostile bytes for `fuzz::certificate`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::certificate(data));
