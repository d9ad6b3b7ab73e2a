//! Hostile bytes for `fuzz::verifyid_section`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::verifyid_section(data));
