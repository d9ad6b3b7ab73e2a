//! Hostile bytes for `fuzz::address_text`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::address_text(data));
