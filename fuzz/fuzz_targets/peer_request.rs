//! Hostile bytes for `fuzz::peer_request`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::peer_request(data));
