//! The gallery of schedules in the documents: it has all of them, and is what the example draws.

#![cfg(feature = "plot")]

#[path = "../examples/schedules.rs"]
mod gallery;

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn the_gallery_has_every_schedule() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/schedules.md")).expect("the page");
    let mut count = 0;
    for path in files(&Path::new(ROOT).join("crates/optim/src/schedule")) {
        let text = fs::read_to_string(&path).expect("text");
        // Those in `mod.rs` are closures and boxes.
        if path.ends_with("schedule/mod.rs") {
            continue;
        }
        for line in text.lines().filter(|line| line.starts_with("impl") && line.contains("Schedule for ")) {
            let name = line.split("Schedule for ").nth(1).expect("a type");
            let name = name.split(|c: char| !c.is_alphanumeric()).next().expect("a name");
            assert!(page.contains(&format!("### {name}")), "{name} is not shown: add it to examples/schedules.rs");
            count += 1;
        }
    }
    assert!(count >= 26, "only {count} schedules are found");
}

#[test]
fn the_gallery_is_what_the_example_draws() {
    let (fresh, docs) = (tempfile::tempdir().expect("a temporary directory"), Path::new(ROOT).join("docs"));
    gallery::draw(fresh.path()).expect("it can be drawn");
    let remedy = "run `cargo run --example schedules`";
    let drawn = files(fresh.path());
    for path in &drawn {
        let name = path.strip_prefix(fresh.path()).expect("below it");
        let (new, old) = (fs::read(path).expect("just written"), fs::read(docs.join(name)).unwrap_or_default());
        assert!(new == old, "docs/{} is another: {remedy}", name.display());
        assert!(
            name.extension().is_some_and(|end| end != "svg") || new.len() < 20_000,
            "{name:?}: {} bytes",
            new.len()
        );
    }
    assert_eq!(files(&docs.join("schedules")).len() + 1, drawn.len(), "a picture is left over; {remedy}");
}
