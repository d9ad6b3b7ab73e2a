//! Hostile bytes for `fuzz::stratum_login`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::stratum_login(data));
