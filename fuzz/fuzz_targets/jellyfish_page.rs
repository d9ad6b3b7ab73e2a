//! Hostile bytes for `fuzz::jellyfish_page`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::jellyfish_page(data));
