//! Hostile bytes for `fuzz::journal_segment`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::journal_segment(data));
