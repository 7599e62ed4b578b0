//! `bulkhead_fuzz::line_ui` under libFuzzer.
#![no_main]
#![allow(clippy::panic, unsafe_code)]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Err(broken) = bulkhead_fuzz::line_ui(input) {
        panic!("{broken}");
    }
});
