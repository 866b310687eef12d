//! Setters that take `self` by value, whose result is the only thing that they change.
//!
//! `k.shuffle(7);` changes nothing: where `k` is `Copy` not even the compiler's rules of moves find it.

use crate::none;
use crate::sources::{files, library};

/// Optimizers are not `Copy`, so what a setter was called on is gone, and the next use of it does not compile.
const MOVED: &str = "crates/optim/src/optimizers";

/// The type that an `impl` is for: `Epoch` of ` <'d, D> Epoch<'d, D> where ..`.
fn owner(header: &str) -> &str {
    let mut depth = 0;
    let after_generics = header.char_indices().find(|(at, c)| {
        // An arrow closes nothing.
        depth += i32::from(*c == '<') - i32::from(*c == '>' && !header[..*at].ends_with('-'));
        depth == 0 && *c != '>'
    });
    let rest = after_generics.map_or("", |(at, _)| &header[at..]);
    let of = rest.split_once(" for ").map_or(rest, |(_, of)| of).trim_start();
    of.split(|c: char| !c.is_alphanumeric() && !"_$".contains(c)).next().unwrap_or_default()
}

/// The name of the public function that a text begins with, and the type that it returns, if it takes `self` by value.
fn by_value(text: &str) -> Option<(&str, &str)> {
    let item = text.trim_start().strip_prefix("pub ")?.trim_start_matches("const ").strip_prefix("fn ")?;
    let signature = item.split_once('{')?.0;
    let signature = signature.split_once("where ").map_or(signature, |(signature, _)| signature);
    let arguments = signature.split('(').skip(1).map(|part| part.trim_start().trim_start_matches("mut "));
    let moved = arguments.filter_map(|part| part.strip_prefix("self")).any(|rest| rest.starts_with([',', ')', ':']));
    let (name, returned) = (signature.split(['(', '<']).next()?, signature.rsplit_once("-> ")?.1);
    moved.then(|| (name, returned.split(['<', ' ', '\n']).next().unwrap_or_default()))
}

/// The setters of a text whose result may be dropped without a warning.
fn silent(text: &str) -> Vec<String> {
    let (mut found, mut of, mut marked, mut types) = (Vec::new(), "", false, Vec::new());
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (rest, code) = (&text[at..], line.trim());
        at += line.len();
        if code.starts_with("#[must_use") {
            marked = true;
        } else if !code.starts_with("#[") && !code.starts_with("//") {
            if let Some(header) = code.strip_prefix("impl") {
                of = owner(header);
            }
            let of_type = code.strip_prefix("pub struct ").or_else(|| code.strip_prefix("pub enum "));
            if let Some(name) = of_type.filter(|_| marked) {
                types.push(name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
            }
            let changed = by_value(rest).filter(|(_, returned)| [of, "Self"].contains(returned));
            found.extend(changed.filter(|_| !marked).map(|(name, _)| (of, name)));
            marked = false;
        }
    }
    found.retain(|(of, _)| !types.contains(of));
    found.into_iter().map(|(of, name)| format!("{of}::{name}")).collect()
}

#[test]
fn a_setter_whose_result_is_dropped_is_a_warning() {
    // The methods of a trainer are in several files.
    let elsewhere: Vec<String> =
        files("crates/train/src/trainer", &["mod.rs"]).into_iter().map(|file| file.text).collect();
    assert!(elsewhere[0].contains("#[must_use = \"a trainer does nothing before fit\"]"));
    let mut offences = Vec::new();
    for file in library().iter().filter(|file| !file.is_under(MOVED)) {
        let found = silent(&file.text).into_iter().filter(|name| !name.starts_with("Trainer::"));
        offences.extend(found.map(|name| format!("{}: {name}", file.path)));
    }
    none(offences, "mark it #[must_use], or its type");
}

#[test]
fn a_silent_setter_is_found() {
    let methods = "\
        impl<'a, F: Fn(u8) -> u8> A<'a, F> {\n\
            /// Dropped.\n    pub fn silent(mut self, n: usize) -> Self {}\n\
            pub const fn named(\n        self,\n    ) -> A<'a, F> {}\n\
            pub fn short<G: Fn(u8) -> u8>(self, g: G) -> A<F> {}\n\
            #[must_use]\n    #[inline]\n    pub fn told(self) -> Self {}\n\
            pub fn look(&self) -> Self {}\n    pub fn end(self) -> Result<Self> {}\n\
        }\nimpl Clone for B {\n    pub fn set<T: Copy>(self, x: T) -> B where T: Ord {}\n}\n";
    assert_eq!(silent(methods), ["A::silent", "A::named", "A::short", "B::set"]);
    let marked = format!("#[must_use = \"no\"]\n#[derive(Clone)]\npub struct A<F>(F);\n{methods}");
    assert_eq!(silent(&marked), ["B::set"]);
}
