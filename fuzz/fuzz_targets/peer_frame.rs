//! Hostile bytes for `fuzz::peer_frame`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::peer_frame(data));
