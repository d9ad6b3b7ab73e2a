//! Hostile bytes for `fuzz::service_token`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::service_token(data));
