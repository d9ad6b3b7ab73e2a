//! Hostile bytes for `fuzz::block`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::block(data));
