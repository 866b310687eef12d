//! The tree is the architecture: sizes, directions, registers and links, held by reading the sources as text.
//!
//! Each check collects every offence before it fails, and its message tells what to do.

mod crates;
mod examples;
mod generic;
mod kernels;
mod prose;
mod setters;
mod sources;

use sources::{CORE, ROOT, Source, TABLE, files, library, rust, without_strings};
use std::path::Path;

/// Fails with all offences, if there are any.
fn none(offences: Vec<String>, remedy: &str) {
    assert!(offences.is_empty(), "\n{}\n→ {remedy}\n", offences.join("\n"));
}

/// The places where a needle stands in a text, as `path:line: line`.
fn places<'a>(path: &'a str, code: &'a str, needle: &'a str) -> impl Iterator<Item = String> + 'a {
    let found = code.lines().enumerate().filter(move |(_, line)| line.contains(needle));
    found.map(move |(i, line)| format!("{path}: `{needle}` in `{}` (line {} or later)", line.trim(), i + 1))
}

#[test]
fn files_are_short_and_named_after_an_idea() {
    let long = rust().into_iter().map(|file| (file.path.clone(), file.text.lines().count())).filter(|(_, n)| *n > 400);
    none(long.map(|(path, n)| format!("{path}: {n} lines")).collect(), "split it by ideas: at most 400 lines a file");

    let vague = ["utils", "util", "base", "common", "helpers", "helper", "misc"];
    let named = |file: &Source| {
        let parts = file.path.trim_end_matches(".rs").split('/').map(str::to_string).collect::<Vec<_>>();
        parts.iter().any(|part| vague.contains(&part.as_str())).then(|| file.path.clone())
    };
    none(rust().iter().filter_map(named).collect(), "name it after what it holds");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = library().into_iter().filter(|file| {
        // The facade's text is the README.
        !file.text.starts_with("//! ") && !file.text.starts_with("#![doc = include_str!")
    });
    none(silent.map(|file| file.path).collect(), "begin with a `//!` paragraph: what belongs here, and the formula");
}

/// What each folder of the core may use, besides itself; the order is the direction of the arrows.
const ARROWS: [(&str, &[&str]); 13] = [
    ("shape", &[]),
    ("storage", &[]),
    ("threads", &[]),
    ("kernels", &["shape", "storage", "threads"]),
    ("tensor", &["error", "shape", "storage", "threads", "kernels"]),
    ("tape", &["error", "shape", "storage", "kernels", "tensor"]),
    ("ops", &["error", "shape", "storage", "threads", "kernels", "tensor", "tape"]),
    ("functional", &["error", "shape", "tensor", "tape", "ops"]),
    ("scalar", &["error", "kernels", "tensor", "tape", "ops", "functional"]),
    ("gradcheck", &["error", "shape", "tensor", "tape", "ops", "functional"]),
    ("module", &["error", "shape", "kernels", "tensor", "tape", "ops"]),
    ("capture", &["error", "shape", "storage", "tensor", "tape", "module"]),
    ("profile", &["error", "tensor", "tape", "module"]),
];

/// The operations the tape itself needs: adding gradients, summing one to a broadcast input's shape, and putting parts
/// together.
const OPERATIONS_OF_THE_TAPE: [&str; 3] = ["crate::ops::add_assign(", "crate::ops::sum_to", "crate::ops::assemble("];

/// The names at the crate's root that a line takes from it: `tape` of `use crate::tape::Pull`.
fn taken_from_the_root(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
}

#[test]
fn arrows_between_folders_of_the_core_point_one_way() {
    let folders: Vec<&str> = ARROWS.iter().map(|(folder, _)| *folder).collect();
    let root = files(CORE, &["lib.rs"]).remove(0).text;
    // `pub use tape::{..}` makes `crate::no_grad` another name for something of the tape.
    let home = |name: &str| {
        let statements = root.split(';').filter_map(|s| s.split("pub use ").nth(1));
        let mut exports = statements.filter_map(|s| s.split_once("::"));
        let holds = |list: &str| list.split(|c: char| !c.is_alphanumeric() && c != '_').any(|item| item == name);
        exports.find(|(_, list)| holds(list)).map(|(folder, _)| folder.trim().to_string())
    };
    let mut offences = Vec::new();
    for (folder, allowed) in ARROWS {
        let inside = format!("{CORE}/{folder}");
        assert!(Path::new(ROOT).join(&inside).is_dir(), "{inside} is gone: mend ARROWS in tests/tidy/");
        for file in library().iter().filter(|file| file.is_under(&inside)) {
            for line in file.code().lines() {
                let tolerated = folder == "tape" && OPERATIONS_OF_THE_TAPE.iter().any(|call| line.contains(call));
                for name in taken_from_the_root(line) {
                    let folder_itself = folders.contains(&name) || name == "error";
                    let from = if folder_itself { None } else { home(name) }.unwrap_or_else(|| name.to_string());
                    let known = folders.contains(&from.as_str()) || from == "error";
                    if known && from != folder && !allowed.contains(&from.as_str()) && !tolerated {
                        offences.push(format!("{}: {folder} → {from} in `{}`", file.path, line.trim()));
                    }
                }
            }
        }
    }
    none(
        offences,
        "shape, storage, threads ← kernels ← tensor ← tape ← ops ← functional, scalar, gradcheck, module: move it to where it may be used",
    );

    let tensor = library().into_iter().filter(|file| file.is_under(&format!("{CORE}/tensor")));
    let words = ["Pullback", "backward", "is_recording", "Gradients", "NodeId"];
    let mentions = tensor.flat_map(|file| {
        let code = file.code();
        words.iter().flat_map(|word| places(&file.path, &code, word).collect::<Vec<_>>()).collect::<Vec<_>>()
    });
    none(mentions.collect(), "a value knows nothing of derivatives: this belongs to tape/");
}

#[test]
fn unsafe_code_stays_in_its_rooms_and_is_argued_for() {
    let mut rooms = ["kernels", "storage", "threads"].map(|room| format!("{CORE}/{room}")).to_vec();
    // It compiles some of these files a second time.
    rooms.push("crates/loom-models".into());
    let mut offences = Vec::new();
    for file in library().iter().filter(|file| !rooms.iter().any(|room| file.is_under(room))) {
        let code = file.code();
        let found = places(&file.path, &code, "unsafe").filter(|place| !place.contains("forbid(unsafe_code)"));
        offences.extend(found.filter(|place| !place.contains("undocumented_unsafe")));
    }
    none(offences, "unsafe code lives in kernels/, storage/ and threads/ of autograd-core only");

    let mut bare = Vec::new();
    for file in rust() {
        let lines: Vec<&str> = file.text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let code = without_strings(line);
            let starts = ["unsafe {", "unsafe impl", "unsafe extern"].iter().any(|start| code.contains(start));
            let argued = lines[i.saturating_sub(4)..i].iter().any(|line| line.trim_start().starts_with("// SAFETY:"));
            if starts && !argued {
                bare.push(format!("{}:{}: {}", file.path, i + 1, line.trim()));
            }
        }
    }
    none(bare, "say in a `// SAFETY:` comment just above which invariant makes it sound");

    let roots = files("", &["lib.rs", "main.rs"]);
    let lax = roots.iter().filter(|file| !file.is_under(CORE) && !file.is_under("crates/loom-models"));
    let lax = lax.filter(|file| file.path.contains("src/"));
    let lax = lax.filter(|file| !file.text.contains("#![forbid(unsafe_code)]"));
    none(lax.map(|file| file.path.clone()).collect(), "write #![forbid(unsafe_code)] under the crate's doc");
}

/// The folders of families, and the files in them that are no member: drivers, and what members share.
const FAMILIES: [(&str, &[&str]); 11] = [
    (
        "crates/autograd-core/src/ops",
        &[
            "along.rs",
            "assign.rs",
            "by_channels.rs",
            "by_rows.rs",
            "by_second.rs",
            "chain.rs",
            "check.rs",
            "chosen.rs",
            "custom.rs",
            "dims.rs",
            "dim.rs",
            "driver.rs",
            "halves.rs",
            "indices.rs",
            "pick.rs",
            "remap.rs",
            "form.rs",
            "grid_taps.rs",
            "map.rs",
            "padding.rs",
            "per_dim.rs",
            "equation.rs",
            "factors.rs",
            "matrices.rs",
            "spectrum.rs",
            "path.rs",
            "options.rs",
            "placed.rs",
            "positions.rs",
            "pullback.rs",
            "sequence.rs",
            "prepare.rs",
            "product_at.rs",
            "term.rs",
            "wrapped.rs",
            "smooth.rs",
            "strided.rs",
            "symbols.rs",
            "operators.rs",
            "product.rs",
            "resample.rs",
            "rows.rs",
            "traced.rs",
            "twin.rs",
            "windows.rs",
        ],
    ),
    (
        "crates/nn/src/layers",
        &[
            "affine.rs",
            "batched.rs",
            "estimate.rs",
            "key_value_cache.rs",
            "masks.rs",
            "memory.rs",
            "options.rs",
            "parts.rs",
            "running.rs",
            "step.rs",
            "stepped.rs",
        ],
    ),
    ("crates/nn/src/activation", &[]),
    (
        "crates/nn/src/loss",
        &[
            "hint.rs",
            "labelled.rs",
            "lengths.rs",
            "objective.rs",
            "options.rs",
            "pair.rs",
            "parts.rs",
            "probabilities.rs",
            "reduction.rs",
        ],
    ),
    ("crates/nn/src/init", &["defaults.rs", "fans.rs", "gain.rs", "initializer.rs", "known.rs", "law.rs", "lsuv.rs"]),
    (
        "crates/optim/src/optimizers",
        &[
            "adjust.rs",
            "average.rs",
            "factors.rs",
            "history.rs",
            "minimize.rs",
            "momentum.rs",
            "register.rs",
            "vector.rs",
            "wolfe.rs",
        ],
    ),
    ("crates/optim/src/schedule", &["anneal.rs", "picture.rs"]),
    ("crates/data/src/split", &["samples.rs", "size.rs"]),
    ("crates/data/src/transform", &[]),
    ("crates/train/src/metrics", &[]),
    ("crates/train/src/callbacks", &[]),
];

#[test]
fn every_member_of_a_family_has_its_cases_beside_it() {
    let mut offences = Vec::new();
    for (folder, others) in FAMILIES {
        let mut members = files(folder, &[".rs"]);
        members.retain(|file| {
            let shared = ["mod.rs", "cases.rs", "tests.rs"].contains(&file.name()) || others.contains(&file.name());
            !shared && !file.is_under(TABLE)
        });
        assert!(!members.is_empty(), "{folder} has no members: has it moved?");
        offences.extend(members.iter().filter(|file| !file.text.contains("cases![")).map(|file| file.path.clone()));
    }
    none(offences, "end the file with `cases![..]`: what has no cases is not tested (see CONTRIBUTING.md)");
}

#[test]
fn folders_have_at_most_twenty_five_files() {
    let mut counts = std::collections::BTreeMap::new();
    for file in library() {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_string();
        *counts.entry(folder).or_insert(0) += 1;
    }
    let full = counts.into_iter().filter(|(_, files)| *files > 25);
    none(full.map(|(folder, files)| format!("{folder}: {files} files")).collect(), "make chapters of it");
}

#[test]
fn headers_are_titles_and_comments_name_who_acts() {
    let questions = ["What ", "How ", "Which ", "Where ", "When ", "Whether "];
    let asks = |file: &Source| {
        let first = file.text.lines().next().unwrap_or_default().trim_start_matches("//! ").to_string();
        questions.iter().any(|word| first.starts_with(word)).then(|| format!("{}: {first}", file.path))
    };
    none(library().iter().filter_map(asks).collect(), "begin with a noun phrase: `The backward walk.`");

    let mut vague = Vec::new();
    for file in library() {
        for (i, line) in file.text.lines().enumerate() {
            let comment = line.trim_start().strip_prefix("//").unwrap_or_default().to_lowercase();
            if comment.split(|c: char| !c.is_alphabetic()).any(|word| word == "somebody" || word == "nobody") {
                vague.push(format!("{}:{}: {}", file.path, i + 1, line.trim()));
            }
        }
    }
    none(vague, "name who acts: the engine, the caller, another tensor");
}

#[test]
fn library_code_neither_panics_carelessly_nor_is_unfinished() {
    let banned = [".unwrap()", "todo!", "unimplemented!", "dbg!", "TODO", "FIXME", "Msg(String)"];
    let mut offences = Vec::new();
    for file in library() {
        let code = file.code();
        offences.extend(banned.iter().flat_map(|word| places(&file.path, &code, word).collect::<Vec<_>>()));
    }
    none(offences, "return a structured error, or finish it");

    let mut skipped = Vec::new();
    for file in rust() {
        let code: String = file.text.lines().map(|line| without_strings(line) + "\n").collect();
        skipped.extend(places(&file.path, &code, "#[ignore").collect::<Vec<_>>());
    }
    none(skipped, "a test runs, or goes");
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    let documents = files("", &[".md"]);
    assert!(!documents.is_empty());
    let mut broken = Vec::new();
    for file in &documents {
        let folder = Path::new(ROOT).join(&file.path).parent().expect("a folder").to_path_buf();
        for target in file.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            if !target.contains("://")
                && !target.starts_with("mailto:")
                && !path.is_empty()
                && !folder.join(path).exists()
            {
                broken.push(format!("{}: {target}", file.path));
            }
        }
    }
    none(broken, "mend the link");
}

#[test]
fn the_checks_see_what_they_look_for() {
    let text = "fn f() { // unsafe\n    g(\"unsafe \\\" //\"); h('\"'); crate::tape::record()\n}\n#[cfg(test)]\nmod tests {\n    x.unwrap()\n}\nfn last() {}\n";
    let code = Source { path: "a/b.rs".into(), text: text.into() }.code();
    assert!(!code.contains("unsafe") && !code.contains("unwrap") && code.contains("fn last"), "{code}");
    assert_eq!(code.lines().flat_map(taken_from_the_root).collect::<Vec<_>>(), ["tape"]);
    assert_eq!(places("p", "a\nb.unwrap()\n", ".unwrap()").count(), 1);
}
