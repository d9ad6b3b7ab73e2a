//! Hostile bytes for `fuzz::amount_text`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::amount_text(data));
