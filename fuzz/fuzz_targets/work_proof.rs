//! Hostile bytes for `fuzz::work_proof`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::work_proof(data));
