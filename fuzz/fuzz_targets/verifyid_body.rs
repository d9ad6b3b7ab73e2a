//! Hostile bytes for `fuzz::verifyid_body`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::verifyid_body(data));
