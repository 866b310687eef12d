//! Any bytes as the manifest of a checkpoint: an error or a snapshot.
#![no_main]

use wengert_train::Snapshot;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join("checkpoint.json"), bytes).expect("room for it");
    let _ = Snapshot::load(dir.path());
});
