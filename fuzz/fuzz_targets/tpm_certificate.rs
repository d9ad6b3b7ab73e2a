//! Hostile bytes for `fuzz::tpm_certificate`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tpm_certificate(data));
