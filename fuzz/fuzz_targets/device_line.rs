//! Hostile bytes for `fuzz::device_line`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::device_line(data));
