//! Hostile bytes for `fuzz::transaction_check`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::transaction_check(data));
