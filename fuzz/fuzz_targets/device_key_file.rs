//! Hostile bytes for `fuzz::device_key_file`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::device_key_file(data));
