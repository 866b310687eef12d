//! No layer that both have is without a line.
//!
//! `classes.txt` was written by PyTorch 2.15: the names of `torch.nn` that are modules, without `Module` itself and
//! without those of `modules.loss`: a loss is no module here, and has no state.
//!
//! ```text
//! for name, c in sorted(vars(torch.nn).items()):
//!     if isclass(c) and issubclass(c, Module) and c is not Module and c.__module__ != "torch.nn.modules.loss":
//!         print(name)
//! ```

use super::{BUILT, DECLINED};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The classes of the file that are not here, with the reason.
const ABSENT: &[(&str, &str)] = &[
    ("Container", "an older name of `Module`"),
    ("RNNBase", "it is what `RNN`, `LSTM` and `GRU` have in common"),
    ("RNNCellBase", "it is what their cells have in common"),
    ("CrossMapLRN2d", "an older form of `LocalResponseNorm`"),
    ("DataParallel", "a run is one process"),
];

/// The words of a source file, without those of its comments.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
}

/// The words of all source files below a folder. A layer has its name in one of them, whatever macro makes it.
fn words_below(folder: &Path, all: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            words_below(&path, all);
        } else {
            all.extend(words(&fs::read_to_string(&path).expect("text")).map(String::from));
        }
    }
}

/// What is wrong with these classes, of which some are here; the lines are those that are built and those declined.
fn offences(classes: &[&str], here: &BTreeSet<String>, built: &[&str], declined: &[&str]) -> Vec<String> {
    let lists = |titles: &[&str], class: &str| titles.iter().any(|title| title.starts_with(&format!("{class}(")));
    let offence = |class: &&str| {
        let absent = ABSENT.iter().any(|(known, _)| known == class);
        let text = match (here.contains(*class), lists(built, class)) {
            (_, true) if absent => "it is built, and in ABSENT",
            (true, false) => "it is here, and no line of keys.txt builds it",
            (false, false) if !absent && !lists(declined, class) => "it is neither built nor declined",
            _ => return None,
        };
        Some(format!("{class}: {text}"))
    };
    classes.iter().filter_map(offence).collect()
}

#[test]
fn every_layer_under_a_name_of_pytorch_has_a_line() {
    let classes: Vec<&str> = include_str!("classes.txt").lines().collect();
    let mut here = BTreeSet::new();
    for folder in ["src/activation", "src/layers"] {
        words_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut here);
    }
    let built: Vec<&str> = BUILT.iter().copied().flatten().map(|(title, _)| *title).collect();
    let declined: Vec<&str> = DECLINED.iter().map(|(title, _)| *title).collect();
    let wrong = offences(&classes, &here, &built, &declined);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_class_without_a_line_is_found() {
    let here: BTreeSet<String> =
        words("pub struct Linear; // Softsign\nReLU: relu, \"..\";\n").map(String::from).collect();
    let classes = ["Linear", "ReLU", "Softsign", "Tanh", "RNNBase", "Container", "Fold"];
    let wrong = offences(&classes, &here, &["Linear(3, 2)", "Container()", "Tanh()"], &["Fold(2)"]);
    let expected = [
        "ReLU: it is here, and no line of keys.txt builds it",
        "Softsign: it is neither built nor declined",
        "Container: it is built, and in ABSENT",
    ];
    assert_eq!(wrong, expected);
}
