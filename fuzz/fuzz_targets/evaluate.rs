//! Programs with candidates, decided under small limits; see `bodies.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dbm_fuzz::bodies::evaluate(data));
