//! Hostile bytes for `fuzz::verifyid_batch`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::verifyid_batch(data));
