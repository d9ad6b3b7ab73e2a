//! Hostile bytes for `fuzz::tokens_call`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tokens_call(data));
