//! Hostile bytes for `fuzz::tpm_public_area`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tpm_public_area(data));
