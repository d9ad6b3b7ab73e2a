//! Hostile bytes for `fuzz::verification_file`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::verification_file(data));
