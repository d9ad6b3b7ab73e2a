//! Hostile bytes for `fuzz::wire_block`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wire_block(data));
