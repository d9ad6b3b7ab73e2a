//! Hostile bytes for `fuzz::kernel_system_call`, which says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::kernel_system_call(data));
