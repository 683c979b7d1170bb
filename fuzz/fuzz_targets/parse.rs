//! Texts against the tokens, the tree and the formatter; see `bodies.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dbm_fuzz::bodies::parse(data));
