//! Texts as programs; see `bodies.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dbm_fuzz::bodies::check(data));
