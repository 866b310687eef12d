//! Any bytes as a safetensors file: an error, or a state that is written and read back the same.
#![no_main]

use autograd_core::module::StateDict;
use std::path::Path;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("fuzzed.safetensors");
    let Ok(state) = StateDict::from_safetensors(bytes, path) else { return };
    let written = state.to_safetensors().expect("what was read can be written");
    let again = StateDict::from_safetensors(&written, path).expect("what was written can be read");
    assert_eq!(written, again.to_safetensors().expect("it was written before"));
});
