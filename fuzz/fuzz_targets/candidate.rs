//! Bytes as candidates of fixed programs; see `bodies.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dbm_fuzz::bodies::candidate(data));
