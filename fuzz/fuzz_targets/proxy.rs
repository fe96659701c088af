#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| egret_ws_fuzz::proxy(data));
