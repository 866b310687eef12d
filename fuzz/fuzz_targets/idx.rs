//! Any bytes as an IDX file: an error or a tensor.
#![no_main]

use std::io::Write;
use wengert_data::{idx_images, idx_labels, read_idx};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room for it");
    let _ = read_idx(file.path());
    let _ = idx_images(file.path());
    let _ = idx_labels(file.path());
});
