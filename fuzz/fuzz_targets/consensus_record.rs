//! Hostile bytes for `fuzz::consensus_record`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::consensus_record(data));
