//! Hostile bytes for `fuzz::vote`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::vote(data));
