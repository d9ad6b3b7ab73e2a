//! Hostile bytes for `fuzz::genesis_json`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::genesis_json(data));
