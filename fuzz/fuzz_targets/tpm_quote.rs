//! Hostile bytes for `fuzz::tpm_quote`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tpm_quote(data));
