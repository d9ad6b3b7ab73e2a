//! Hostile bytes for `fuzz::anchors_section`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::anchors_section(data));
