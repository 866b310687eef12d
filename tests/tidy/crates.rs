//! The arrows between the crates.

use crate::none;
use crate::sources::{ROOT, files};
use std::fs;
use std::path::Path;

/// The crates of this workspace that each one may depend on, tests and build aside.
const CRATES: [(&str, &[&str]); 12] = [
    ("crates/autograd-core", &["wengert-fourier"]),
    ("crates/fourier", &[]),
    ("crates/derive", &[]),
    ("crates/nn", &["autograd-core", "wengert-derive"]),
    ("crates/plot", &["autograd-core"]),
    ("crates/optim", &["autograd-core", "wengert-plot"]),
    ("crates/data", &["autograd-core"]),
    (
        "crates/train",
        &["autograd-core", "wengert-nn", "wengert-optim", "wengert-data", "wengert-derive", "wengert-plot"],
    ),
    ("crates/conformance", &["autograd-core", "wengert-nn", "wengert-optim", "wengert-data", "wengert-train"]),
    ("crates/loom-models", &[]),
    ("benches", &["wengert"]),
    (".", &["autograd-core", "wengert-nn", "wengert-optim", "wengert-data", "wengert-train", "wengert-derive"]),
];

#[test]
fn arrows_between_crates_point_one_way() {
    let mut offences = Vec::new();
    for (folder, allowed) in CRATES {
        let manifest = fs::read_to_string(Path::new(ROOT).join(folder).join("Cargo.toml")).expect("a manifest");
        let dependencies =
            manifest.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap_or_default();
        for line in dependencies.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let ours = name == "autograd-core" || name.starts_with("wengert") || name == "conformance";
            if ours && !allowed.contains(&name) {
                offences.push(format!("{folder}/Cargo.toml depends on {name}"));
            }
        }
    }
    let listed = |path: &str| CRATES.iter().any(|(folder, _)| *folder == path);
    let crates = files("crates", &["Cargo.toml"]);
    let folders = crates.iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    offences.extend(folders.filter(|path| !listed(path)).map(|path| format!("{path} is not listed in CRATES")));
    none(
        offences,
        "fourier ← autograd-core ← plot ← nn, optim, data ← train ← wengert; what two of them share belongs to the core",
    );
}
