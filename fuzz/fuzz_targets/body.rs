//! Hostile bytes for `fuzz::body`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::body(data));
