//! Hostile bytes for `fuzz::jellyfish_path`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::jellyfish_path(data));
