//! Public items and the examples in their docs.
//!
//! A `pub fn`, `struct`, `enum` or `trait` with a doc has an example in it. For two it may stand elsewhere in the file:
//! for a method that is called there, as setters and getters are in the example of their type, and for a type that is
//! named there. Methods of traits are not `pub`: they are in the example of the trait.
//!
//! The example of a layer or a loss looks at its numbers: a shape is the same for a wrong formula.

use crate::none;
use crate::sources::{CORE, files, library};

/// Folders of the core of which `lib.rs` exports a few items by name.
const INTERNAL: [&str; 3] = ["kernels", "storage", "threads"];

/// Items that need no example.
const EXCEPT: [(&str, &str); 8] = [
    ("kernels/conv/mod.rs: struct Conv", "it stays in the crate"),
    ("shape/layout.rs: struct Layout", "it stays in the crate"),
    ("sync.rs: fn pause", "it stays in the crate"),
    ("tensor/dtype.rs: trait Stored", "it stays in the crate"),
    ("tensor/unwritten.rs: fn unwritten", "it is hidden, for the crates of this workspace"),
    ("autograd-core/src/description.rs: fn in_module", "it is hidden, for the derive"),
    ("autograd-core/src/description.rs: fn field", "it is hidden, for the derive"),
    ("driver/bind.rs: struct Slot", "it stays in the crate"),
];

/// The public items with a doc, and whether an example shows them.
fn items(text: &str) -> Vec<(String, bool)> {
    let other = |c: char| !c.is_alphanumeric() && c != '_';
    let mut fenced = false;
    let docs = text.lines().filter_map(|line| line.trim_start().strip_prefix("///")).filter(|line| {
        fenced ^= line.starts_with(" ```");
        fenced
    });
    let shown = docs.collect::<Vec<_>>().join("\n");
    let (mut items, mut owner, mut attribute, mut doc, mut own) = (Vec::new(), "", false, false, false);
    for line in text.lines() {
        let code = line.trim_start();
        if let Some(text) = code.strip_prefix("///") {
            (doc, own) = (true, own || text.starts_with(" ```"));
            continue;
        }
        // One may take several lines.
        if attribute || code.starts_with("#[") {
            attribute = !code.ends_with(']');
            continue;
        }
        if let Some(of) = code.strip_prefix("impl") {
            // The owner's name stands after the generics: `<'d, D> Epoch<'d, D>`.
            let of = of.trim_end_matches(" {").rsplit_once("> ").map_or(of, |(_, of)| of).trim_start();
            owner = of.split(other).next().unwrap_or_default();
        }
        let item = code.strip_prefix("pub ").unwrap_or_default().trim_start_matches("const ");
        let (kind, rest) = item.split_once(' ').unwrap_or_default();
        if doc && ["fn", "struct", "enum", "trait"].contains(&kind) {
            let name = rest.split(other).next().unwrap_or_default();
            let called = [format!(".{name}("), format!("{owner}::{name}(")].iter().any(|call| shown.contains(call));
            let named = shown.split(other).any(|word| word == name);
            let elsewhere = if kind == "fn" { called && line != code } else { named };
            items.push((format!("{kind} {name}"), own || elsewhere));
        }
        (doc, own) = (false, false);
    }
    items
}

#[test]
fn every_public_item_has_an_example() {
    let public = ["autograd-core", "nn", "optim", "data", "plot", "train"].map(|name| format!("crates/{name}/src"));
    let root = files(CORE, &["lib.rs"]).remove(0).text;
    let mut bare = Vec::new();
    for file in library().iter().filter(|file| public.iter().any(|folder| file.is_under(folder))) {
        let internal = INTERNAL.iter().any(|folder| file.is_under(&format!("{CORE}/{folder}")));
        let missing = items(&file.text).into_iter().filter(|(_, shown)| !shown).filter(|(item, _)| {
            !internal || item.split_once(' ').is_some_and(|(_, name)| root.contains(&format!("::{name};")))
        });
        bare.extend(missing.map(|(item, _)| format!("{}: {item}", file.path)));
    }
    let known = |item: &String| EXCEPT.iter().any(|(known, _)| item.ends_with(&format!("/{known}")));
    let unused = EXCEPT.iter().filter(|(known, _)| !bare.iter().any(|item| item.ends_with(&format!("/{known}"))));
    let unused: Vec<String> = unused.map(|(known, _)| format!("{known} has one by now, or is gone")).collect();
    none(
        bare.into_iter().filter(|item| !known(item)).chain(unused).collect(),
        "show it in an example that checks a number",
    );
}

/// What reads the numbers of a tensor.
const READS: [&str; 4] = ["to_vec::<", "item::<", "to_f64s()", "to_f64()"];

/// The layers and losses of a file in whose own example no number is read.
fn without_numbers(text: &str) -> Vec<&str> {
    fn name(rest: &str) -> Option<&str> {
        rest.split(|c: char| !c.is_alphanumeric() && !"_$".contains(c)).next()
    }
    fn implementor(line: &str) -> Option<&str> {
        let of =
            ["Layer for ", "Loss for "].iter().find_map(|of| line.trim_start().strip_prefix("impl")?.split_once(of));
        name(of?.1)
    }
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let kinds: Vec<&str> = text.lines().filter_map(implementor).collect();
    let (mut found, mut attribute, mut fenced, mut reads) = (Vec::new(), false, false, false);
    for line in text.lines() {
        let code = line.trim_start();
        fenced ^= code.starts_with("/// ```");
        if code.starts_with("///") || attribute || code.starts_with("#[") {
            reads |= fenced && READS.iter().any(|read| code.contains(read));
            attribute = !code.starts_with("///") && !code.ends_with(']');
            continue;
        }
        let of = code.strip_prefix("pub struct ").and_then(name);
        found.extend(of.filter(|name| !reads && kinds.contains(name)));
        reads = false;
    }
    found
}

#[test]
fn the_example_of_a_layer_or_a_loss_looks_at_its_numbers() {
    let mut blind = Vec::new();
    for file in files("crates/nn/src", &[".rs"]) {
        blind.extend(without_numbers(&file.text).into_iter().map(|name| format!("{}: {name}", file.path)));
    }
    none(blind, "check a number that was worked out by hand, not a shape alone");
}

#[test]
fn an_example_of_shapes_alone_is_found() {
    let layer = |name: &str, check: &str| {
        let doc = format!("/// A `to_vec::<f32>()`.\n///\n/// ```\n/// {check}\n/// ```\n#[derive(\n    Debug\n)]\n");
        format!("{doc}pub struct {name}<L>;\n\nimpl<L> Layer for {name}<L> {{}}\n\n")
    };
    let (good, bad) = ("assert_eq!(y.to_vec::<f32>()?, [1.0]);", "assert_eq!(y.shape(), [1]);");
    let text = [layer("Good", good), layer("Bad", bad), layer("$Name", bad), "pub struct NoLayer;\n".into()].concat();
    assert_eq!(without_numbers(&text), ["Bad", "$Name"]);
    let loss = "/// ```\n#[doc = concat!(\"x.item::<f32>()\")]\n/// ```\npub struct A;\npub struct B;\nimpl Loss for A {}\nimpl Loss for B {}\n";
    assert_eq!(without_numbers(loss), ["B"]);
}

#[test]
fn what_no_example_shows_is_found() {
    let shown = "/// A.\n///\n/// ```\n/// let a = A::new().b(1);\n/// ```\n#[derive(\n    Debug\n)]\npub struct A;\n";
    let methods = "impl<T> A<T> {\n    /// A.\n    pub fn new() {}\n    /// B.\n    pub fn b(mut self) {}\n    /// C.\n    pub fn c() {}\n}\n";
    let text = format!("{shown}{methods}/// B.\npub fn b() {{}}\n/// D.\npub trait D {{}}\npub enum E {{}}\n");
    let bare: Vec<String> = items(&text).into_iter().filter(|(_, shown)| !shown).map(|(item, _)| item).collect();
    assert_eq!(bare, ["fn c", "fn b", "trait D"]);
}
