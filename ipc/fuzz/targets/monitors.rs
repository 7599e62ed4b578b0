//! `bulkhead_fuzz::monitors` under libFuzzer.
#![no_main]
#![allow(clippy::panic, unsafe_code)]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Err(broken) = bulkhead_fuzz::monitors(input) {
        panic!("{broken}");
    }
});
