//! What is generic in how its arguments are written.

use crate::none;
use crate::sources::{CORE, Source, library};
use std::collections::HashSet;

/// How a function says that an argument may be written in several ways.
const WRITTEN: [&str; 6] = ["impl Dim", "impl Into<", "impl AsRef<", ": Dim", ": Into<", ": AsRef<"];

/// The functions of a text, each from the start of its line to the end of its head, and its body.
fn functions(code: &str) -> impl Iterator<Item = (&str, &str)> {
    code.match_indices("fn ").filter_map(|(at, _)| {
        let line = code[..at].rfind('\n').map_or(0, |end| end + 1);
        let (head, rest) = code[line..].split_once('{')?;
        let end = if head.starts_with(' ') { "\n    }\n" } else { "\n}\n" };
        // A function of a trait has no body; the sizes of arrays have a semicolon, too.
        (!head.contains(";\n")).then(|| (head, rest.split(end).next().unwrap_or_default()))
    })
}

/// The name of a function outside of all types that is compiled for each type or number that it is called with.
fn generic(head: &str) -> Option<&str> {
    let (_, named) = head.split_once("fn ")?;
    let (name, rest) = named.split_once(['<', '('])?;
    let of_types = named[name.len()..].starts_with('<') && !rest.starts_with('\'');
    let free = !head.starts_with(' ');
    (free && (of_types || rest.split("->").next()?.contains("impl "))).then_some(name)
}

#[test]
fn operations_that_take_any_number_or_list_hand_it_on_as_one_type() {
    // What is generic is compiled in the program that calls it: its kernels too, with that program's optimisation, once
    // for each type of an argument.
    let files: Vec<Source> = library().into_iter().filter(|file| file.is_under(&format!("{CORE}/ops"))).collect();
    let codes: Vec<(String, String)> = files.iter().map(|file| (file.path.clone(), file.code())).collect();
    let mut offences = Vec::new();
    let generic: HashSet<&str> =
        codes.iter().flat_map(|(_, code)| functions(code)).filter_map(|(head, _)| generic(head)).collect();
    for (path, code) in &codes {
        for (head, body) in functions(code) {
            let is_operation = head.trim_start().starts_with("pub fn") && head.contains("self");
            if !is_operation || !WRITTEN.iter().any(|words| head.contains(words)) {
                continue;
            }
            let called = body
                .split(['(', ':'])
                .filter_map(|before| before.rsplit([' ', '(', '&']).next())
                .find(|name| generic.contains(name));
            let work = ["|", "for_float!", "record(", "compute", "let "].into_iter().find(|words| body.contains(words));
            if let Some(found) = called.or(work) {
                offences.push(format!("{path}: `{found}` in {}", head.trim().replace('\n', " ")));
            }
        }
    }
    none(offences, "convert the arguments, and call a function of no types that takes what they have become");
}

#[test]
fn what_takes_any_path_hands_it_on_as_one_type() {
    // The same of files: what is read would be looped over, and what is drawn be compiled, in the program that calls.
    let mut offences = Vec::new();
    for file in library() {
        let code = file.code();
        let of_paths =
            functions(&code).filter(|(head, _)| head.contains("pub fn") && head.contains("impl AsRef<Path>"));
        let long = of_paths.filter(|(_, body)| body.trim().lines().count() > 3 || body.contains(".iter()"));
        offences.extend(long.map(|(head, _)| format!("{}: {}", file.path, head.trim().replace('\n', " "))));
    }
    none(offences, "call a function that takes a `&Path`");
}
